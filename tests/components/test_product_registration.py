"""ProductRegistration: tables after the contract, columns classified, shares at their clearance and no further."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import component_parts as parts
import pytest

from components.product_registration import FIGURES
from governance.errors import MeshError
from governance.levels import cleared_levels
from governance.settings import Share
from local.engine import Recording

TABLE = "aws:glue/catalogTable:CatalogTable"
LF_TAGS = "aws:lakeformation/resourceLfTags:ResourceLfTags"


def granted_to(recording: Recording, principal: str) -> list[Any]:
    found = [item for item in recording.of_type(parts.PERMISSIONS) if item.inputs["principal"] == principal]
    assert found, f"{principal} is granted nothing"
    return found


def test_a_table_has_the_contract_s_columns_and_lies_in_the_central_catalog(product: Recording) -> None:
    (table,) = product.of_type(TABLE)
    columns = table.inputs["storageDescriptor"]["columns"]
    assert [(item["name"], item["type"], item["comment"]) for item in columns] == [
        (name, "string", f"The {name}") for name in parts.LEVEL_COLUMNS
    ]
    assert table.inputs["catalogId"] == table.account == parts.CENTRAL.account_id
    assert table.inputs["databaseName"] == "loans"
    location = table.inputs["storageDescriptor"]["location"]
    assert location == "s3://mesh-loans-222233334444-eu-west-1/curated/table_0/"


def test_quality_figures_belong_to_the_curation_job_after_the_first_run(product: Recording) -> None:
    (table,) = product.of_type(TABLE)
    measured = {f"quality_{figure}" for figure in FIGURES}
    figures = {f"parameters.{key}" for key in table.inputs["parameters"] if key in measured}
    assert len(figures) == len(FIGURES), "the table starts with all figures"
    assert set(table.ignore_changes) == figures, "an update would wipe what the job measured"
    assert table.inputs["parameters"]["quality_validity"] == "unmeasured"


def test_every_column_is_tagged_with_its_classification_once(product: Recording) -> None:
    tags = product.of_type(LF_TAGS)
    found = [
        (column, item.inputs["lfTags"][0]["value"])
        for item in tags
        for column in item.inputs["tableWithColumns"]["columnNames"]
    ]
    assert sorted(found) == sorted(parts.LEVEL_COLUMNS.items())
    assert all(len(item.inputs["lfTags"]) == 1 for item in tags), "domain and product come from the database"


def test_tags_of_one_table_are_made_one_after_the_other(product: Recording) -> None:
    tags = [product.get(LF_TAGS, f"loans-catalog-table_0-{level}") for level in parts.LEVELS]
    for earlier, later in pairwise(tags):
        assert earlier.urn in later.dependencies, "Lake Formation refuses two changes of one table at once"


def test_a_level_without_columns_has_no_tag_resource(
    declare: Callable[..., Recording], make_product: Callable[..., Any]
) -> None:
    contract = parts.contract(columns={"id": "public", "sex": "restricted"}, tables=2)
    recording = declare(lambda: make_product(contract=contract))
    assert len(recording.of_type(LF_TAGS)) == 4, "two levels in each of two tables"
    assert len(recording.of_type(TABLE)) == 2


def test_nothing_is_shared_before_every_column_is_tagged(product: Recording) -> None:
    tags = {item.urn for item in product.of_type(LF_TAGS)}
    assert tags, "columns are tagged"
    for grant in granted_to(product, parts.CONSUMER.account_id):
        assert tags <= parts.waits_for(product, grant), (
            "until it is tagged, a column has its database's level"
        )


def test_the_tables_of_a_product_are_waited_for_once_and_not_by_every_grant(
    declare: Callable[..., Recording], make_product: Callable[..., Any]
) -> None:
    recording = declare(lambda: make_product(contract=parts.contract(tables=12)))
    tags = {item.urn for item in recording.of_type(LF_TAGS)}
    grants = [item for item in recording.of_type(parts.PERMISSIONS) if item.inputs["principal"].isdigit()]
    assert len(tags) == 48, "four levels in each of twelve tables"
    assert len(grants) >= 6, "the LoB's own and the consumer's"
    assert all(tags <= parts.waits_for(recording, item) for item in grants)
    direct = sum(len(tags & set(item.dependencies)) for item in grants)
    assert direct == 12, "one per table, or the program grows with tables times grants"


def test_column_tags_follow_their_table_when_it_is_replaced(product: Recording) -> None:
    (table,) = product.of_type(TABLE)
    tags = product.of_type(LF_TAGS)
    assert tags, "columns are tagged"
    assert all(table.urn in item.dependencies for item in tags), (
        "a table made anew has lost its tags: each of them must hang on the table itself, not on the tag before"
    )


def test_a_table_is_not_made_before_its_bucket_is_safe(product: Recording) -> None:
    (table,) = product.of_type(TABLE)
    policy = product.get("aws:s3/bucketPolicy:BucketPolicy", "loans-storage-data-policy")
    assert policy.urn in table.dependencies


@pytest.mark.parametrize("clearance", parts.LEVELS)
def test_a_share_opens_its_clearance_and_no_level_above(
    declare: Callable[..., Recording], make_product: Callable[..., Any], clearance: str
) -> None:
    recording = declare(lambda: make_product(shares=[parts.share(clearance)]))
    grants = granted_to(recording, parts.CONSUMER.account_id)
    tables = [item for item in grants if item.inputs["lfTagPolicy"]["resourceType"] == "TABLE"]
    opened = [set(parts.expression(item)["sensitivity"]) for item in tables]
    cleared = cleared_levels(clearance, parts.LEVELS)
    assert sorted(map(len, opened)) == list(range(1, len(cleared) + 1)), (
        "one grant per level up to the clearance"
    )
    assert set().union(*opened) == set(cleared)
    for item in tables:
        assert (
            item.inputs["permissions"] == item.inputs["permissionsWithGrantOptions"] == ["DESCRIBE", "SELECT"]
        )
        assert parts.expression(item)["data-product"] == ["loans"], "a share is one product's"


def test_without_shares_only_the_lob_s_own_account_holds_grants(
    declare: Callable[..., Recording], make_product: Callable[..., Any]
) -> None:
    recording = declare(lambda: make_product(shares=[]))
    accounts = {item.inputs["principal"] for item in recording.of_type(parts.PERMISSIONS)}
    accounts = {item for item in accounts if item.isdigit()}
    assert accounts == {parts.PRODUCER.account_id}


def test_the_lob_s_own_account_keeps_its_tables_up_to_date(product: Recording) -> None:
    grants = granted_to(product, parts.PRODUCER.account_id)
    own = next(item for item in grants if "ALTER" in item.inputs["permissions"])
    assert parts.expression(own) == {"domain": ["retail"], "data-product": ["loans"]}
    location = next(item for item in grants if "dataLocation" in item.inputs)
    assert location.inputs["dataLocation"]["arn"].endswith(":::mesh-loans-222233334444-eu-west-1/curated")
    assert location.inputs["permissionsWithGrantOptions"] == ["DATA_LOCATION_ACCESS"]


def test_a_consumer_may_have_the_name_of_a_word_that_resources_use(
    declare: Callable[..., Recording], make_product: Callable[..., Any]
) -> None:
    recording = declare(lambda: make_product(shares=[parts.share(consumer="producer")]))
    assert granted_to(recording, parts.CONSUMER.account_id), (
        "names of shares and of the LoB's own grants differ"
    )


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ([parts.share("secret")], "clearance 'secret' is no level"),
        ([parts.share(), parts.share("public")], "'science' twice"),
        ([Share(consumer="a", account_id="1", clearance="")], "clearance '' is no level"),
    ],
)
def test_wrong_shares_are_refused_before_anything_is_registered(shares: list[Share], message: str) -> None:
    with pytest.raises(MeshError, match=message) as caught:
        parts.product_args(None, shares=shares)  # type: ignore[arg-type]
    assert str(caught.value).startswith("DataProductArgs.shares"), "the message names the argument"


def test_a_share_of_some_columns_is_a_filter_of_all_rows_at_each_level_that_has_any(
    declare: Callable[..., Recording], make_product: Callable[..., Any]
) -> None:
    share = Share(
        consumer="science",
        account_id=parts.CONSUMER.account_id,
        clearance="restricted",
        columns=("purpose", "sex"),
    )
    recording = declare(lambda: make_product(shares=[share]))
    filters = recording.of_type("aws:lakeformation/dataCellsFilter:DataCellsFilter")
    found = {item.inputs["tableData"]["name"]: item.inputs["tableData"]["columnNames"] for item in filters}
    assert found == {
        "science-internal": ["purpose"],
        "science-confidential": ["purpose"],
        "science-restricted": ["purpose", "sex"],
    }, "nothing listed is public, so there is no filter of that level"
    assert all(item.inputs["tableData"]["rowFilter"] == {"allRowsWildcard": {}} for item in filters)
    assert all(item.account == parts.CENTRAL.account_id for item in filters), "the steward makes them"
