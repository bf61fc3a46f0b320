"""Who reads what on the whole mesh: grants and denials per role and column."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from story import Mesh

from governance.levels import cleared_levels

RESTRICTED = {"age", "foreign_worker", "personal_status_sex"}
ROLES = {"data-scientist": "confidential", "pipeline": "confidential", "auditor": "restricted"}


def columns_by_level(mesh: Mesh) -> dict[str, str]:
    contract = mesh.project.stacks["producer"].products[0].contract  # type: ignore[union-attr]
    return {column.name: column.classification for column in contract.tables[0].columns}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_sees_the_columns_of_its_clearance_and_no_other(mesh: Mesh, role: str) -> None:
    answer = mesh.ask(role, "SELECT * FROM credit_card LIMIT 3")
    levels = cleared_levels(ROLES[role], ("public", "internal", "confidential", "restricted"))
    expected = {name for name, level in columns_by_level(mesh).items() if level in levels}
    assert answer.error is None, "a cleared role reads through the link"
    assert set(answer.columns) == expected, "neither more nor fewer columns than the clearance says"
    assert len(answer.rows) == 3


@pytest.mark.parametrize("column", sorted(RESTRICTED))
@pytest.mark.parametrize("role", ["data-scientist", "pipeline"])
def test_naming_a_restricted_column_is_athenas_own_error(mesh: Mesh, role: str, column: str) -> None:
    answer = mesh.ask(role, f"SELECT {column} FROM credit_card")
    assert answer.error is not None, "a confidential clearance does not open a restricted column"
    assert "COLUMN_NOT_FOUND" in answer.error
    assert column in answer.error


def test_the_restricted_columns_are_exactly_the_protected_attributes(mesh: Mesh) -> None:
    found = {name for name, level in columns_by_level(mesh).items() if level == "restricted"}
    assert found == RESTRICTED


def test_restricted_columns_cannot_be_had_by_a_filter_join_or_order(mesh: Mesh) -> None:
    for sql in (
        "SELECT count(*) FROM credit_card WHERE age > 60",
        "SELECT application_id FROM credit_card ORDER BY age",
        "SELECT a.status FROM credit_card a JOIN credit_card b ON a.age = b.age",
        "WITH t AS (SELECT age FROM credit_card) SELECT count(*) FROM t",
    ):
        assert mesh.ask("data-scientist", sql).error, f"must not be answered: {sql}"


def test_a_role_that_nobody_granted_anything_is_refused(mesh: Mesh) -> None:
    answer = mesh.ask("visitor", "SELECT status FROM credit_card")
    assert answer.error is not None
    assert "permission" in answer.error.lower()


def test_the_consumers_administrator_passes_on_only_what_was_shared(mesh: Mesh) -> None:
    lake = mesh.acting("consumer").client("lakeformation")
    central = mesh.project.stacks["central"].place.account_id
    for expression in (
        [{"TagKey": "domain", "TagValues": ["consumer-banking"]}],
        [
            {"TagKey": "data-product", "TagValues": ["credit-card"]},
            {"TagKey": "sensitivity", "TagValues": ["restricted"]},
        ],
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            lake.grant_permissions(
                Principal={"DataLakePrincipalIdentifier": "arn:aws:iam::333344445555:role/mesh-visitor"},
                Resource={
                    "LFTagPolicy": {"CatalogId": central, "ResourceType": "TABLE", "Expression": expression}
                },
                Permissions=["SELECT"],
            )


def test_a_data_scientist_cannot_grant(mesh: Mesh) -> None:
    lake = mesh.acting("consumer", "mesh-data-scientist").client("lakeformation")
    tags = [
        {"TagKey": "data-product", "TagValues": ["credit-card"]},
        {"TagKey": "sensitivity", "TagValues": ["confidential", "internal", "public", "restricted"]},
    ]
    with pytest.raises(ClientError, match="AccessDenied"):
        lake.grant_permissions(
            Principal={"DataLakePrincipalIdentifier": "arn:aws:iam::333344445555:role/mesh-data-scientist"},
            Resource={
                "LFTagPolicy": {"CatalogId": "111122223333", "ResourceType": "TABLE", "Expression": tags}
            },
            Permissions=["SELECT"],
        )


def test_the_steward_makes_no_tables_in_a_database_of_another_lob(mesh: Mesh) -> None:
    admin = mesh.acting("central").client("glue")
    admin.create_database(DatabaseInput={"Name": "mortgages"})
    try:
        steward = mesh.acting("central", "mesh-steward-consumer-banking").client("glue")
        with pytest.raises(ClientError, match="AccessDenied"):
            steward.create_table(DatabaseName="mortgages", TableInput={"Name": "loans"})
    finally:
        admin.delete_database(Name="mortgages")


def test_data_in_the_bucket_is_not_read_past_lake_formation(mesh: Mesh) -> None:
    bucket = mesh.outputs("producer")["products"]["credit-card"]["bucket"]
    listed = (
        mesh.acting("producer").client("s3").list_objects_v2(Bucket=bucket, Prefix="curated/")["Contents"]
    )
    assert listed, "there is curated data to be refused"
    for acting in (mesh.acting("producer"), mesh.acting("consumer", "mesh-auditor")):
        with pytest.raises(ClientError, match=r"AccessDenied|Forbidden|403"):
            acting.client("s3").get_object(Bucket=bucket, Key=listed[0]["Key"])


def test_each_governed_read_leaves_a_record_with_its_query_id(mesh: Mesh) -> None:
    answer = mesh.ask("auditor", "SELECT count(*) FROM credit_card")
    trail = mesh.acting("consumer").client("cloudtrail")
    events = trail.lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "GetDataAccess"}]
    )
    assert any(answer.query_id in event["CloudTrailEvent"] for event in events["Events"]), (
        "the auditor's question"
    )
