"""Who of another account may look at and deploy registered models."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from world import BUCKET, CONSUMER, GROUP, LOB, NAMES, PRODUCTION, REGION, SERVING, STRANGER, World

from components.consumer_documents import builder_policy
from components.job_documents import evaluator_policy

ARN = CONSUMER.arn("sagemaker", f"model-package-group/{GROUP}")


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_production_lists_and_describes_the_versions_of_the_group(world: World) -> None:
    client = world.client(PRODUCTION)
    found = client.list_model_packages(ModelPackageGroupName=ARN)["ModelPackageSummaryList"]
    assert {entry["ModelPackageArn"] for entry in found} >= set(world.packages)
    described = client.describe_model_package(ModelPackageName=world.packages[0])
    assert described["ModelApprovalStatus"] == "Approved"
    assert client.describe_model_package_group(ModelPackageGroupName=ARN)["ModelPackageGroupName"] == GROUP


def test_an_account_that_is_not_named_neither_reads_nor_deploys(world: World) -> None:
    client, arn = world.client(STRANGER), world.packages[0]
    calls: dict[str, Callable[[], Any]] = {
        "ListModelPackages": lambda: client.list_model_packages(ModelPackageGroupName=ARN),
        "DescribeModelPackage": lambda: client.describe_model_package(ModelPackageName=arn),
        "DescribeModelPackageGroup": lambda: client.describe_model_package_group(ModelPackageGroupName=ARN),
        "CreateModel": lambda: client.create_model(
            ModelName="stolen",
            ExecutionRoleArn=STRANGER.role_arn("serving"),
            Containers=[{"ModelPackageName": arn}],
        ),
    }
    for action, call in calls.items():
        code, message = refused(call)
        assert code == "AccessDeniedException", action
        assert f"not authorized to perform: sagemaker:{action} on resource: arn:aws:sagemaker" in message


def test_a_lob_whose_product_is_read_looks_at_the_versions_and_does_nothing_else_with_them(
    world: World,
) -> None:
    client, arn = world.client(LOB), world.packages[0]
    found = client.list_model_packages(ModelPackageGroupName=ARN)["ModelPackageSummaryList"]
    assert {entry["ModelPackageArn"] for entry in found} >= set(world.packages)
    described = client.describe_model_package(ModelPackageName=arn, IncludedData="MetadataOnly")
    assert described["ModelApprovalStatus"] == "Approved"
    assert described["CustomerMetadataProperties"]["columns-0"], "what it was trained on"
    assert client.describe_model_package_group(ModelPackageGroupName=ARN)["ModelPackageGroupName"] == GROUP
    calls: dict[str, Callable[[], Any]] = {
        "CreateModel": lambda: client.create_model(
            ModelName="taken",
            ExecutionRoleArn=LOB.role_arn("serving"),
            Containers=[{"ModelPackageName": arn}],
        ),
        "UpdateModelPackage": lambda: client.update_model_package(
            ModelPackageArn=arn, ModelApprovalStatus="Rejected"
        ),
    }
    world.client(LOB, "iam").create_role(RoleName="serving", AssumeRolePolicyDocument="{}")
    for action, call in calls.items():
        code, message = refused(call)
        assert (code, action in message) == ("AccessDeniedException", True), action


def test_a_user_of_a_lob_s_account_does_not_look_with_keys_of_its_own(world: World) -> None:
    iam = world.client(LOB, "iam")
    iam.create_user(UserName="keys")
    keys = iam.create_access_key(UserName="keys")["AccessKey"]
    client = boto3.client(
        "sagemaker",
        endpoint_url=world.endpoint,
        region_name=REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
    )
    code, message = refused(lambda: client.list_model_packages(ModelPackageGroupName=ARN))
    assert (code, "user/keys is not authorized" in message) == ("AccessDeniedException", True)


def test_production_cannot_approve_what_it_deploys(world: World) -> None:
    client = world.client(PRODUCTION)
    code, message = refused(
        lambda: client.update_model_package(ModelPackageArn=world.packages[2], ModelApprovalStatus="Approved")
    )
    assert (code, "sagemaker:UpdateModelPackage" in message) == ("AccessDeniedException", True)
    found = world.client(CONSUMER).describe_model_package(ModelPackageName=world.packages[2])
    assert found["ModelApprovalStatus"] == "PendingManualApproval", "nothing was changed"


@pytest.mark.parametrize(
    "role, may",
    [
        ("nothing", False),
        ("auditor", True),
        ("builder", False),
        ("denied", False),
    ],
)
def test_who_approves_follows_from_the_role_s_own_policies(world: World, role: str, may: bool) -> None:
    models = CONSUMER.bucket_arn(BUCKET)
    widest = {"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}
    builder = builder_policy(CONSUMER, NAMES, SERVING, models, f"tried-{role}")
    policies: dict[str, list[dict[str, Any]]] = {
        "nothing": [],
        "auditor": [evaluator_policy(CONSUMER, group=GROUP, auditor="tried-auditor", models_arn=models)],
        "builder": [builder],
        "denied": [builder, {"Version": "2012-10-17", "Statement": [widest]}],
    }
    iam, name = world.client(CONSUMER, "iam"), f"tried-{role}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    for number, policy in enumerate(policies[role]):
        iam.put_role_policy(RoleName=name, PolicyName=f"p{number}", PolicyDocument=json.dumps(policy))
    arn = world.register(
        {"code/inference.py": b""}, status="PendingManualApproval", key=f"pipeline/{role}/model.tar.gz"
    )
    client = world.client(CONSUMER, role=name)

    def approve() -> Any:
        return client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")

    if may:
        approve()
    else:
        code, message = refused(approve)
        assert code == "AccessDeniedException"
        assert (
            f"role/{name} is not authorized to perform: sagemaker:UpdateModelPackage on resource: {arn}"
            in message
        )
    found = world.client(CONSUMER).describe_model_package(ModelPackageName=arn)
    assert (found["ModelApprovalStatus"] == "Approved") is may


def test_who_builds_registers_for_approval_but_not_as_approved(world: World) -> None:
    iam = world.client(CONSUMER, "iam")
    iam.create_role(RoleName="registers", AssumeRolePolicyDocument="{}")
    policy = builder_policy(CONSUMER, NAMES, SERVING, CONSUMER.bucket_arn(BUCKET), "registers")
    iam.put_role_policy(RoleName="registers", PolicyName="build", PolicyDocument=json.dumps(policy))
    client = world.client(CONSUMER, role="registers")
    given = {"ModelPackageGroupName": GROUP, "ModelApprovalStatus": "PendingManualApproval"}
    assert client.create_model_package(**given)["ModelPackageArn"]
    code, message = refused(
        lambda: client.create_model_package(**{**given, "ModelApprovalStatus": "Approved"})
    )
    assert (code, "sagemaker:CreateModelPackage" in message) == ("AccessDeniedException", True)


def test_an_unapproved_version_becomes_no_model(world: World) -> None:
    code, message = refused(lambda: world.model("pending", world.packages[2]))
    assert code == "ValidationException"
    assert "is PendingManualApproval, not Approved" in message
    assert "pending" not in {each["ModelName"] for each in world.client(PRODUCTION).list_models()["Models"]}


def test_only_the_serving_role_reads_the_artefact(world: World) -> None:
    code, message = refused(
        lambda: world.model("other", world.packages[0], ExecutionRoleArn=PRODUCTION.role_arn("other"))
    )
    assert code == "ValidationException"
    assert f"Could not access model data at s3://{BUCKET}/" in message
    assert '"s3:GetObject"' in message


def test_training_data_beside_the_artefact_stays_closed(world: World) -> None:
    world.put("pipeline/made/train/part-0.parquet", b"rows")
    arn = world.package(f"s3://{BUCKET}/pipeline/made/train/part-0.parquet", status="Approved")
    assert "Could not access model data" in refused(lambda: world.model("rows", arn))[1]


def test_a_key_that_does_not_let_production_decrypt_closes_the_artefact(world: World) -> None:
    own = {"Effect": "Allow", "Principal": {"AWS": CONSUMER.root_arn}, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [own]})
    key = world.client(CONSUMER, "kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
    world.client(CONSUMER, "s3").put_object(
        Bucket=BUCKET,
        Key="pipeline/locked/model.tar.gz",
        Body=b"x",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=key,
    )
    arn = world.package(f"s3://{BUCKET}/pipeline/locked/model.tar.gz", status="Approved")
    assert "Could not access model data" in refused(lambda: world.model("locked", arn))[1]


def test_a_model_is_of_a_package_or_of_an_image_and_its_role_is_sagemaker_s(world: World) -> None:
    both = [{"ModelPackageName": world.packages[0], "Image": "i:1"}]
    assert (
        "Specify one of either Image"
        in refused(lambda: world.model("both", world.packages[0], Containers=both))[1]
    )
    missing = PRODUCTION.role_arn("missing")
    message = refused(lambda: world.model("norole", world.packages[0], ExecutionRoleArn=missing))[1]
    assert f"Could not assume role {missing}" in message


def test_a_model_is_described_as_it_was_made(world: World) -> None:
    world.model("described", world.packages[0], EnableNetworkIsolation=True)
    client = world.client(PRODUCTION)
    found = client.describe_model(ModelName="described")
    assert found["Containers"] == [{"ModelPackageName": world.packages[0]}]
    assert found["EnableNetworkIsolation"] is True
    assert "PrimaryContainer" not in found
    assert "already existing model" in refused(lambda: world.model("described", world.packages[0]))[1]
