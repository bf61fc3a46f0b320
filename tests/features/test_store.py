"""The feature store as a stack makes it: what enters, who reads it offline and online, and who does not."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from features_case import World

from governance.access import readable
from mesh.access.sources import intended

GROUP, AUDIT = "mesh-ml-coe-claims", "mesh-ml-coe-claims-audit"


def record(number: int, at: str, **values: str) -> list[dict[str, str]]:
    given = {"claim_no": str(number), "filed_at": at, **values}
    return [{"FeatureName": name, "ValueAsString": value} for name, value in given.items()]


@pytest.fixture(scope="module")
def ingesting(world: World):
    return world.acting("pipeline").client("sagemaker-featurestore-runtime")


@pytest.fixture(scope="module")
def filled(world: World, ingesting) -> World:
    """Two versions of one claim, a deleted one, and a record with a restricted value."""
    ingesting.put_record(FeatureGroupName=GROUP, Record=record(9001, "2026-01-01T00:00:00Z", vehicle="car"))
    ingesting.put_record(FeatureGroupName=GROUP, Record=record(9001, "2026-02-01T00:00:00Z", vehicle="van"))
    auditor = world.acting("auditor").client("sagemaker-featurestore-runtime")
    values = {
        "claim_no": "9001",
        "event_time": "2026-03-01T00:00:00.000Z",
        "postcode": "12345",
        "vehicle": "van",
    }
    sent = [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]
    auditor.put_record(FeatureGroupName=AUDIT, Record=sent)
    return world


def test_the_group_is_the_contract_up_to_the_clearance_of_who_ingests(world: World) -> None:
    sagemaker = world.acting("pipeline").client("sagemaker")
    group = sagemaker.describe_feature_group(FeatureGroupName=GROUP)
    kinds = {each["FeatureName"]: each["FeatureType"] for each in group["FeatureDefinitions"]}
    assert kinds == {
        "claim_no": "Integral", "filed_at": "String", "vehicle": "String", "mileage": "Fractional",
        "amount": "Fractional", "garaged": "Integral", "insured_since": "String", "fraud": "String",
    }, "every plain column up to confidential, none restricted, none nested"  # fmt: skip
    assert group["RecordIdentifierFeatureName"] == "claim_no", "the contract's key"
    assert group["EventTimeFeatureName"] == "filed_at", "as configured"
    assert group["OfflineStoreConfig"]["DisableGlueTableCreation"] is True, "the table is ours"
    assert group["OnlineStoreConfig"]["SecurityConfig"]["KmsKeyId"], "encrypted with the consumer's key"
    assert group["OfflineStoreConfig"]["S3StorageConfig"]["KmsKeyId"], "both stores are"


def test_the_offline_table_lies_where_feature_store_writes(world: World) -> None:
    admin = world.acting()
    resolved = admin.client("sagemaker").describe_feature_group(FeatureGroupName=GROUP)["OfflineStoreConfig"]
    resolved = resolved["S3StorageConfig"]["ResolvedOutputS3Uri"]
    table = admin.client("glue").get_table(DatabaseName="mesh_features", Name="claims")["Table"]
    assert table["StorageDescriptor"]["Location"] == resolved, "to the letter"
    assert "/333344445555/sagemaker/eu-west-1/offline-store/mesh-ml-coe-claims-" in resolved
    columns = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
    assert columns["amount"] == "double", "a decimal is stored as Feature Store stores it"
    assert {"write_time", "api_invocation_time", "is_deleted"} <= set(columns), "Feature Store's own columns"


def test_a_second_run_changes_nothing(world: World) -> None:
    done = world.up()
    assert done, "stacks ran"
    assert {name: result.changed for name, result in done.items()} == dict.fromkeys(done, 0)


@pytest.mark.parametrize(
    ("role", "sees"), [("pipeline", False), ("data-scientist", False), ("auditor", True)]
)
def test_a_role_reads_offline_what_it_reads_at_the_source(filled: World, role: str, sees: bool) -> None:
    answer = filled.ask(role, "SELECT * FROM claims_audit")
    assert answer.error is None, "a cleared role reads the open columns"
    assert ("postcode" in answer.columns) is sees, "restricted at the source, restricted here"
    assert "vehicle" in answer.columns
    assert len(answer.rows) >= 1


@pytest.mark.parametrize("role", ["pipeline", "data-scientist"])
@pytest.mark.parametrize(
    "sql", ["SELECT postcode FROM claims_audit", "SELECT count(*) FROM claims_audit WHERE postcode = '12345'"]
)
def test_a_restricted_feature_cannot_be_named_by_who_is_not_cleared(
    filled: World, role: str, sql: str
) -> None:
    error = filled.ask(role, sql).error
    assert error is not None, "the store opens no way past the source"
    assert "COLUMN_NOT_FOUND" in error


def test_who_was_granted_nothing_reads_nothing(filled: World) -> None:
    error = filled.ask("visitor", "SELECT vehicle FROM claims").error
    assert error is not None
    assert "permission" in error.lower()


def test_iam_allowed_principals_has_nothing_in_the_features_database(world: World) -> None:
    lake = world.acting().client("lakeformation")
    found = lake.list_permissions()["PrincipalResourcePermissions"]
    assert found, "there are grants"
    ours = [entry for entry in found if "mesh_features" in str(entry["Resource"])]
    assert ours, "and some are on the database"
    assert all("IAM_ALLOWED" not in entry["Principal"]["DataLakePrincipalIdentifier"] for entry in found)


@pytest.mark.parametrize("role", ["pipeline", "data-scientist", "auditor", None])
def test_objects_are_read_through_lake_formation_only(filled: World, role: str | None) -> None:
    bucket = "mesh-ml-coe-features-333344445555-eu-west-1"
    admin = filled.acting().client("s3")
    objects = admin.list_objects_v2(Bucket=bucket, Prefix="offline/claims/")["Contents"]
    assert objects, "records became files"
    assert all("/data/year=2026/month=" in item["Key"] for item in objects), "by the hour of the event time"
    with pytest.raises(ClientError, match=r"Access ?Denied|Forbidden"):
        filled.acting(role).client("s3").get_object(Bucket=bucket, Key=objects[0]["Key"])


@pytest.mark.parametrize("role", ["pipeline", "data-scientist", "auditor"])
def test_nobody_writes_the_offline_store_but_feature_store(world: World, role: str) -> None:
    bucket = "mesh-ml-coe-features-333344445555-eu-west-1"
    with pytest.raises(ClientError, match=r"Access ?Denied|Forbidden"):
        world.acting(role).client("s3").put_object(Bucket=bucket, Key="offline/claims/x.parquet", Body=b"x")


@pytest.mark.parametrize("role", ["pipeline", "data-scientist", "auditor"])
def test_a_group_is_read_online_by_who_may_see_all_of_it(filled: World, role: str) -> None:
    runtime = filled.acting(role).client("sagemaker-featurestore-runtime")
    found = runtime.get_record(FeatureGroupName=GROUP, RecordIdentifierValueAsString="9001")["Record"]
    assert {each["FeatureName"]: each["ValueAsString"] for each in found}["vehicle"] == "van", (
        "newest event time"
    )


@pytest.mark.parametrize("role", ["pipeline", "data-scientist", "visitor"])
def test_the_online_store_is_closed_to_who_may_not_see_all_of_it(filled: World, role: str) -> None:
    runtime = filled.acting(role).client("sagemaker-featurestore-runtime")
    with pytest.raises(ClientError) as caught:
        runtime.get_record(
            FeatureGroupName=AUDIT, RecordIdentifierValueAsString="9001", FeatureNames=["vehicle"]
        )
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException", "whole records or none"
    with pytest.raises(ClientError, match="AccessDenied"):
        runtime.batch_get_record(
            Identifiers=[{"FeatureGroupName": AUDIT, "RecordIdentifiersValueAsString": ["9001"]}]
        )


@pytest.mark.parametrize("role", ["data-scientist", "auditor", "visitor"])
def test_only_the_ingesting_role_writes_and_deletes_records(world: World, role: str) -> None:
    runtime = world.acting(role).client("sagemaker-featurestore-runtime")
    with pytest.raises(ClientError, match="AccessDenied"):
        runtime.put_record(FeatureGroupName=GROUP, Record=record(1, "2026-01-01T00:00:00Z"))
    with pytest.raises(ClientError, match="AccessDenied"):
        runtime.delete_record(
            FeatureGroupName=GROUP, RecordIdentifierValueAsString="9001", EventTime="2027-01-01T00:00:00Z"
        )


@pytest.mark.parametrize(("role", "sees"), [("pipeline", False), ("auditor", True)])
def test_who_reads_which_feature_is_known_before_any_deploy(world: World, role: str, sees: bool) -> None:
    account = "333344445555"
    arn = f"arn:aws:iam::{account}:role/mesh-{role}"
    program = intended(world.project)
    access = readable(program.snapshot, arn, account, account, "mesh_features", "claims_audit", None)
    assert "vehicle" in access.columns, "the evaluator knows the store's tables and grants"
    assert ("postcode" in access.columns) is sees
