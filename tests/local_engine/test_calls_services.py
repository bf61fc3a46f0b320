"""The very calls that irregular types make, checked by boto3's own validation instead of a server."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from governance.errors import MeshError
from local.engine import assets

if TYPE_CHECKING:
    from .conftest import Bench

CENTRAL = "111122223333"


def test_a_refused_target_is_a_failure(bench: Bench) -> None:
    entry = {"ErrorCode": "ResourceNotFoundException", "ErrorMessage": "no rule"}
    bench.calls.answers["put_targets"] = {"FailedEntryCount": 1, "FailedEntries": [entry]}
    with pytest.raises(MeshError, match="PutTargets failed: ResourceNotFoundException: no rule"):
        bench.make("aws:cloudwatch/eventTarget:EventTarget", rule="r", arn="arn:aws:sqs:::q", targetId="t")


def test_a_queue_takes_its_settings_as_text(bench: Bench) -> None:
    bench.calls.answers["create_queue"] = {"QueueUrl": "http://queue"}
    type_, given = "aws:sqs/queue:Queue", {"name": "sync", "redrivePolicy": "{}"}
    ((_, params),) = bench.make(
        type_, visibilityTimeoutSeconds=60, sqsManagedSseEnabled=True, fifoQueue=False, **given
    )
    attributes = {"VisibilityTimeout": "60", "SqsManagedSseEnabled": "true", "RedrivePolicy": "{}"}
    assert params == {"QueueName": "sync", "Attributes": attributes}
    changed = bench.make(
        type_, visibilityTimeoutSeconds=90, sqsManagedSseEnabled=True, fifoQueue=False, **given
    )
    expected = {"QueueUrl": "http://queue", "Attributes": {**attributes, "VisibilityTimeout": "90"}}
    assert changed == [("set_queue_attributes", expected)]


def test_a_function_is_sent_as_a_zip_that_is_the_same_for_the_same_code(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("VALUE = 1\n")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.pyc").write_bytes(b"1")

    def code() -> dict[str, Any]:
        inner = assets.describe({"text": "{}"}, tmp_path, archive=False)
        members = {"app": assets.describe({"path": "."}, tmp_path, archive=True), "settings.json": inner}
        return assets.describe({"assets": members}, tmp_path, archive=True)

    type_ = "aws:lambda/function:Function"
    given = {
        "name": "sync",
        "role": "arn:aws:iam::1:role/r",
        "handler": "handler.main",
        "runtime": "python3.11",
    }
    ((_, params),) = bench.make(type_, code=code(), **given)
    with zipfile.ZipFile(io.BytesIO(params["Code"]["ZipFile"])) as bundle:
        assert sorted(bundle.namelist()) == ["app/handler.py", "settings.json"]
    assert params["FunctionName"] == "sync"
    assert bench.make(type_, code=code(), **given) == [], "the same content is no change"
    (tmp_path / "handler.py").write_text("VALUE = 2\n")
    changed = [operation for operation, _ in bench.make(type_, code=code(), **given)]
    assert changed == ["update_function_code", "update_function_configuration"]


def test_a_domain_takes_its_id_from_the_arn(bench: Bench) -> None:
    bench.calls.answers["create_domain"] = {
        "DomainArn": f"arn:aws:sagemaker:eu-west-1:{CENTRAL}:domain/d-abc",
        "Url": "https://d-abc",
    }
    type_ = "aws:sagemaker/domain:Domain"
    given = {"domainName": "m", "authMode": "IAM", "vpcId": "vpc-1", "subnetIds": ["subnet-1"]}
    settings = {"executionRole": f"arn:aws:iam::{CENTRAL}:role/r"}
    bench.make(type_, defaultUserSettings=settings, retentionPolicy={"homeEfsFileSystem": "Delete"}, **given)
    (domain,) = bench.state.resources.values()
    assert (domain.id, domain.outputs["url"]) == ("d-abc", "https://d-abc")
    ((_, update),) = bench.make(
        type_, defaultUserSettings={**settings, "securityGroups": ["sg-1"]},
        retentionPolicy={"homeEfsFileSystem": "Delete"}, **given,
    )  # fmt: skip
    assert update["DomainId"] == "d-abc"
    assert bench.delete() == [
        ("delete_domain", {"DomainId": "d-abc", "RetentionPolicy": {"HomeEfsFileSystem": "Delete"}})
    ]


def changing(calls: list[tuple[str, Any]]) -> list[str]:
    """Operations that change something; what is only looked at after a create is left out."""
    return [operation for operation, _ in calls if not operation.startswith("describe_")]


@pytest.mark.parametrize(
    ("type_", "inputs", "change", "operations"),
    [
        ("aws:glue/job:Job",
         {"name": "j", "roleArn": "r", "command": {"scriptLocation": "s3://b/k"}, "connections": ["c"]},
         {"timeout": 5}, ["update_job", "delete_job"]),
        ("aws:glue/crawler:Crawler",
         {"name": "c", "role": "r", "databaseName": "d", "s3Targets": [{"path": "s3://b"}],
          "lakeFormationConfiguration": {"useLakeFormationCredentials": True, "accountId": CENTRAL}},
         {"tablePrefix": "x"}, ["update_crawler", "delete_crawler"]),
        ("aws:athena/workgroup:Workgroup",
         {"name": "w", "configuration": {"resultConfiguration": {"outputLocation": "s3://b/"}}},
         {"description": "x"}, ["update_work_group", "delete_work_group"]),
        ("aws:sagemaker/userProfile:UserProfile",
         {"domainId": "d-1", "userProfileName": "u",
          "userSettings": {"executionRole": f"arn:aws:iam::{CENTRAL}:role/r"}},
         {"userSettings": {"executionRole": f"arn:aws:iam::{CENTRAL}:role/s"}},
         ["update_user_profile", "delete_user_profile"]),
        ("aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy",
         {"modelPackageGroupName": "g", "resourcePolicy": "{}"}, {"resourcePolicy": '{"a": 1}'},
         ["put_model_package_group_policy", "delete_model_package_group_policy"]),
        ("aws:sagemaker/pipeline:Pipeline",
         {"pipelineName": "p", "pipelineDisplayName": "p", "pipelineDefinition": "{}",
          "roleArn": f"arn:aws:iam::{CENTRAL}:role/r"},
         {"pipelineDefinition": '{"Version": "2020-12-01"}'}, ["update_pipeline", "delete_pipeline"]),
        ("aws:sagemaker/featureGroup:FeatureGroup",
         {"featureGroupName": "f", "recordIdentifierFeatureName": "i", "eventTimeFeatureName": "t",
          "roleArn": f"arn:aws:iam::{CENTRAL}:role/r",
          "featureDefinitions": [{"featureName": "i", "featureType": "String"}],
          "offlineStoreConfig": {"s3StorageConfig": {"s3Uri": "s3://b/f"}}},
         {"description": "x"}, ["delete_feature_group", "create_feature_group", "delete_feature_group"]),
        ("aws:lambda/eventSourceMapping:EventSourceMapping",
         {"functionName": "f", "eventSourceArn": "arn:aws:sqs:eu-west-1:1:q",
          "filterCriteria": {"filters": [{"pattern": "{}"}]}},
         {"batchSize": 5}, ["update_event_source_mapping", "delete_event_source_mapping"]),
        ("aws:lambda/permission:Permission",
         {"function": "f", "action": "lambda:InvokeFunction", "principal": "events.amazonaws.com"},
         {"sourceAccount": CENTRAL}, ["remove_permission", "add_permission", "remove_permission"]),
        ("aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings",
         {"dataCatalogEncryptionSettings": {
             "connectionPasswordEncryption": {"returnConnectionPasswordEncrypted": True, "awsKmsKeyId": "k"},
             "encryptionAtRest": {"catalogEncryptionMode": "SSE-KMS", "sseAwsKmsKeyId": "k"}}},
         {"dataCatalogEncryptionSettings": {
             "connectionPasswordEncryption": {"returnConnectionPasswordEncrypted": False},
             "encryptionAtRest": {"catalogEncryptionMode": "DISABLED"}}},
         ["put_data_catalog_encryption_settings", "put_data_catalog_encryption_settings"]),
    ],
)  # fmt: skip
def test_a_type_is_created_changed_and_deleted(
    bench: Bench, type_: str, inputs: dict[str, Any], change: dict[str, Any], operations: list[str]
) -> None:
    assert len(changing(bench.make(type_, **inputs))) == 1
    assert changing(bench.make(type_, **{**inputs, **change}) + bench.delete()) == operations


def test_a_workgroup_change_speaks_of_updates(bench: Bench) -> None:
    make: Callable[..., Any] = bench.make
    settings = {"resultConfiguration": {"outputLocation": "s3://b/",
                "encryptionConfiguration": {"encryptionOption": "SSE_KMS", "kmsKeyArn": "k"}}}  # fmt: skip
    make("aws:athena/workgroup:Workgroup", name="w", configuration=settings)
    ((_, params),) = make(
        "aws:athena/workgroup:Workgroup", name="w",
        configuration={**settings, "bytesScannedCutoffPerQuery": 10485760},
    )  # fmt: skip
    assert params["WorkGroup"] == "w"
    assert params["ConfigurationUpdates"]["ResultConfigurationUpdates"] == {
        "OutputLocation": "s3://b/",
        "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "k"},
    }
    assert params["ConfigurationUpdates"]["EnforceWorkGroupConfiguration"] is True
