"""DataProduct as a whole: what is made in which account, and what its two job roles are passed on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import component_parts as parts
import pytest

from local.engine import Recording

CENTRAL_TYPES = {
    "aws:glue/catalogTable:CatalogTable",
    "aws:lakeformation/resourceLfTags:ResourceLfTags",
    parts.PERMISSIONS,
}
CURATION = parts.PRODUCER.role_arn("mesh-curation-loans")
CRAWLER = parts.PRODUCER.role_arn("mesh-crawler-loans")


def test_what_the_steward_does_is_in_the_central_account_and_all_else_at_home(product: Recording) -> None:
    made = [item for item in product if item.type.startswith("aws:")]
    steward = [item for item in made if item.account == parts.CENTRAL.account_id]
    assert {item.type for item in steward} == CENTRAL_TYPES, (
        "only catalog entries and grants go to the central account"
    )
    home = [item for item in made if item.account == parts.PRODUCER.account_id]
    assert len(steward) + len(home) == len(made), "there is no third account"
    assert {"aws:s3/bucket:Bucket", "aws:kms/key:Key", "aws:glue/job:Job"} <= {item.type for item in home}, (
        "data stays"
    )


def test_every_resource_of_the_product_that_takes_tags_carries_its_name(product: Recording) -> None:
    tagged = [item for item in product if item.type.startswith("aws:") and "tags" in item.inputs]
    assert len(tagged) >= 10, "buckets, key, roles, job, trigger, objects, crawler, link"
    assert {item.inputs["tags"]["data-product"] for item in tagged} == {"loans"}


def test_the_link_leads_to_the_central_database_and_waits_for_the_grants(product: Recording) -> None:
    link = product.get("aws:glue/catalogDatabase:CatalogDatabase", "loans-link")
    assert link.inputs["name"] == "rl_loans"
    assert link.inputs["targetDatabase"] == {"catalogId": parts.CENTRAL.account_id, "databaseName": "loans"}
    shares = [item for item in product.of_type(parts.PERMISSIONS) if item.inputs["principal"].isdigit()]
    assert shares, "the product is shared"
    assert {item.urn for item in shares} <= set(link.dependencies), (
        "a link to what is not shared resolves to nothing"
    )


def test_job_roles_are_passed_on_their_own_product_and_nothing_else(product: Recording) -> None:
    regrants = product.of_type(parts.REGRANT)
    assert {item.inputs["principal"] for item in regrants} == {CURATION, CRAWLER}
    for role in (CURATION, CRAWLER):
        found = {}
        for item in regrants:
            if item.inputs["principal"] == role:
                resource = json.loads(item.inputs["resource"])
                kind = resource.get("LFTagPolicy", {}).get("ResourceType", "LOCATION")
                found[kind] = (item.inputs["permissions"], resource)
        assert {kind: permissions for kind, (permissions, _) in found.items()} == {
            "DATABASE": ["DESCRIBE"],
            "TABLE": ["ALTER", "DESCRIBE", "SELECT"],
            "LOCATION": ["DATA_LOCATION_ACCESS"],
        }
        table = found["TABLE"][1]["LFTagPolicy"]
        assert table["CatalogId"] == parts.CENTRAL.account_id
        tags = {tag["TagKey"]: tag["TagValues"] for tag in table["Expression"]}
        assert tags == {"domain": ["retail"], "data-product": ["loans"]}, (
            "to the letter what the account holds"
        )
        location = found["LOCATION"][1]["DataLocation"]["ResourceArn"]
        assert location == "arn:aws:s3:::mesh-loans-222233334444-eu-west-1/curated"


def test_what_is_passed_on_waits_for_the_shares(product: Recording) -> None:
    shares = {item.urn for item in product.of_type(parts.PERMISSIONS) if item.inputs["principal"].isdigit()}
    regrants = product.of_type(parts.REGRANT)
    assert shares
    assert regrants
    for item in regrants:
        assert shares <= parts.waits_for(product, item), "an account cannot pass on what it does not hold yet"
        assert item.inputs["role_arn"] == parts.PRODUCER.role_arn("MeshDeploy"), (
            "the account's administrator does it"
        )


def test_the_crawler_reads_with_lake_formation_s_credentials_and_changes_no_schema(
    product: Recording,
) -> None:
    crawler = product.get("aws:glue/crawler:Crawler", "loans-crawler-crawler").inputs
    assert crawler["lakeFormationConfiguration"] == {
        "accountId": parts.CENTRAL.account_id,
        "useLakeFormationCredentials": True,
    }
    assert crawler["schemaChangePolicy"] == {"updateBehavior": "LOG", "deleteBehavior": "LOG"}
    assert crawler["databaseName"] == "rl_loans"
    assert [item["path"] for item in crawler["s3Targets"]] == [
        "s3://mesh-loans-222233334444-eu-west-1/curated/table_0/"
    ]
    assert crawler["securityConfiguration"] == "mesh-curate-loans"


def test_the_crawler_role_reads_no_data_by_itself(product: Recording) -> None:
    document = product.get(parts.ROLE_POLICY, "loans-crawler-policy").inputs["policy"]
    assert not parts.allows(
        document, "s3:GetObject", "arn:aws:s3:::mesh-loans-222233334444-eu-west-1/curated/x"
    )
    assert parts.allows(document, "lakeformation:GetDataAccess", "*"), "Lake Formation gives it credentials"
    trust = parts.statement(
        product.get(parts.ROLE, "loans-crawler-role").inputs["assumeRolePolicy"], "Service"
    )
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": parts.PRODUCER.account_id}}


def test_two_products_of_a_lob_share_nothing(
    declare: Callable[..., Recording], make_product: Callable[..., Any]
) -> None:
    def program() -> None:
        make_product("loans")
        make_product("loans-logs", contract=parts.contract("loans-logs"))

    recording = declare(program)
    for token, key in (
        ("aws:s3/bucket:Bucket", "bucket"),
        (parts.ROLE, "name"),
        ("aws:kms/alias:Alias", "name"),
        ("aws:glue/job:Job", "name"),
        ("aws:glue/crawler:Crawler", "name"),
    ):
        names = [item.inputs[key] for item in recording.of_type(token)]
        assert len(names) >= 2, f"two products have two {token}"
        assert len(set(names)) == len(names), f"physical names collide: {sorted(names)}"


@pytest.mark.parametrize("schedule", [None, "cron(0 3 * * ? *)"])
def test_exports_are_the_physical_names(
    declare: Callable[..., Recording], make_product: Callable[..., Any], schedule: str | None
) -> None:
    recording = declare(lambda: make_product(schedule=schedule))
    (outputs,) = [
        value for urn, value in recording.component_outputs.items() if urn.endswith("DataProduct::loans")
    ]
    assert outputs["bucket"] == "mesh-loans-222233334444-eu-west-1"
    assert outputs["curation_job"] == "mesh-curate-loans"
    assert outputs["resource_link"] == "rl_loans"
    assert outputs["tables"] == ["table_0"]
    assert outputs["curation_role_arn"] == CURATION


def test_the_job_waits_for_its_script_its_specification_and_its_rights(product: Recording) -> None:
    job = product.get("aws:glue/job:Job", "loans-storage-job")
    waits = {product.by_urn(urn).name for urn in parts.waits_for(product, job)}
    needed = {"script", "spec", "curation-policy", "data-policy", "data-encryption", "security"}
    assert {f"loans-storage-{name}" for name in needed} <= waits


def test_the_crawler_waits_for_its_rights_the_link_and_the_bucket_with_the_tables(product: Recording) -> None:
    crawler = product.get("aws:glue/crawler:Crawler", "loans-crawler-crawler")
    waits = {product.by_urn(urn).name for urn in parts.waits_for(product, crawler)}
    assert {
        "loans-crawler-policy",
        "loans-link",
        "loans-storage-data-policy",
        "loans-catalog-table-table_0",
    } <= waits
