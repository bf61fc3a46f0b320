"""What the program declares: the production stack, and what the consumer opens to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from world import CONSUMER, PRODUCTION, Project

from components.serving_documents import registry_policy
from governance.exports import ProductionExports
from local.engine import Recording, Resource, record
from policies.rules import violations

ARN = "arn:aws:sagemaker:eu-west-1:333344445555:model-package/mesh-credit-risk/"
REFERENCES = {
    "consumer": {
        "modelsBucket": "mesh-ml-coe-models-333344445555-eu-west-1",
        "keyArn": "arn:aws:kms:eu-west-1:333344445555:key/k",
    }
}
MODEL, CONFIG, ENDPOINT = (
    f"aws:sagemaker/{kind}"
    for kind in ("model:Model", "endpointConfiguration:EndpointConfiguration", "endpoint:Endpoint")
)
APPROVED = "pulumi-python:dynamic/sagemaker:ApprovedPackage"


def recorded(project: Project, **keys: Any) -> Recording:
    project.change(**keys)
    return record(project.folder, "production", references=REFERENCES)


def one(recording: Recording, type_: str) -> Resource:
    (found,) = recording.of_type(type_)
    return found


def named(recording: Recording, type_: str, name: str) -> Resource:
    (found,) = (item for item in recording.of_type(type_) if item.urn.endswith(f"::{name}"))
    return found


def document(resource: Resource, key: str = "policy") -> dict[str, Mapping[str, Any]]:
    content = resource.inputs[key]
    return {item["Sid"]: item for item in json.loads(content)["Statement"]}


def test_nothing_is_deployed_before_a_version_was_promoted(project: Project) -> None:
    found = recorded(project, modelPackages=None)
    assert not found.of_type(MODEL)
    assert not found.of_type(ENDPOINT)
    assert found.of_type("aws:kms/key:Key"), "what does not depend on a version stands"
    assert set(found.exports) == set(ProductionExports.__annotations__)
    assert (found.exports["model"], found.exports["endpoint"], found.exports["modelPackage"]) == ("", "", "")


def test_the_current_version_is_served_and_the_one_before_kept_ready(project: Project) -> None:
    found = recorded(project, modelPackages={"current": f"{ARN}3", "previous": f"{ARN}2"})
    models = {item.inputs["name"]: item for item in found.of_type(MODEL)}
    assert {item.inputs["containers"][0]["modelPackageName"] for item in models.values()} == {
        f"{ARN}2",
        f"{ARN}3",
    }
    for item in models.values():
        assert item.inputs["enableNetworkIsolation"] is True
        assert item.inputs["vpcConfig"]["subnets"]
        assert item.inputs["executionRoleArn"] == PRODUCTION.role_arn("mesh-serving-credit-risk")
    serving = next(
        item
        for item in found.of_type(CONFIG)
        if item.inputs["name"] == one(found, ENDPOINT).inputs["endpointConfigName"]
    )
    variant = serving.inputs["productionVariants"][0]
    assert models[variant["modelName"]].inputs["containers"][0]["modelPackageName"] == f"{ARN}3"
    assert serving.inputs["kmsKeyArn"].startswith("arn:aws:kms:eu-west-1:777788889999:")
    assert one(found, APPROVED).inputs["package"] == f"{ARN}3"
    assert found.exports["endpoint"] == "mesh-credit-risk"


def test_a_promotion_adds_and_a_rollback_takes_up_what_is_there(project: Project) -> None:
    def names(current: int, previous: int) -> dict[str, set[str]]:
        found = recorded(
            project, modelPackages={"current": f"{ARN}{current}", "previous": f"{ARN}{previous}"}
        )
        return {kind: {item.inputs["name"] for item in found.of_type(kind)} for kind in (MODEL, CONFIG)}

    before, after, back = names(2, 1), names(3, 2), names(2, 3)
    for kind in (MODEL, CONFIG):
        assert len(before[kind] & after[kind]) == 1, (
            "what is in service is still declared while it is replaced"
        )
        assert after[kind] == back[kind], "a rollback makes nothing"


def test_other_instances_are_another_configuration_of_the_same_model(project: Project) -> None:
    versions = {"current": f"{ARN}3"}
    small = recorded(project, modelPackages=versions)
    large = recorded(project, modelPackages=versions, instanceCount=3, instanceType="ml.c5.xlarge")
    assert one(small, MODEL).inputs["name"] == one(large, MODEL).inputs["name"]
    assert one(small, CONFIG).inputs["name"] != one(large, CONFIG).inputs["name"], (
        "a configuration is fixed on AWS"
    )


def test_batch_has_a_model_and_no_endpoint(project: Project) -> None:
    found = recorded(project, modelPackages={"current": f"{ARN}3"}, mode="batch")
    assert one(found, MODEL).inputs["containers"][0]["modelPackageName"] == f"{ARN}3"
    assert not found.of_type(ENDPOINT)
    assert not found.of_type(CONFIG)
    assert (found.exports["model"], found.exports["endpoint"]) == (one(found, MODEL).inputs["name"], "")


def test_capture_is_off_unless_asked_for_and_then_encrypted(project: Project) -> None:
    versions = {"current": f"{ARN}3"}
    assert "dataCaptureConfig" not in one(recorded(project, modelPackages=versions), CONFIG).inputs
    captured = one(recorded(project, modelPackages=versions, dataCapturePercent=20), CONFIG).inputs[
        "dataCaptureConfig"
    ]
    assert captured["initialSamplingPercentage"] == 20
    assert captured["destinationS3Uri"] == "s3://mesh-credit-risk-serving-777788889999-eu-west-1/capture"
    assert captured["kmsKeyId"].startswith("arn:aws:kms:")


@pytest.mark.parametrize("keys", [{}, {"modelPackages": {"current": f"{ARN}3"}, "dataCapturePercent": 5}])
def test_no_guard_rule_is_broken(project: Project, keys: dict[str, Any]) -> None:
    found = recorded(project, **keys)
    assert len(found.of_type("aws:iam/rolePolicy:RolePolicy")) == 2, "one for what serves, one for who asks"
    assert violations(found) == {}


def test_the_role_reads_artefacts_and_nothing_else_of_the_consumer(project: Project) -> None:
    found = recorded(project)
    statements = document(named(found, "aws:iam/rolePolicy:RolePolicy", "credit-risk-serve"))
    bucket = "arn:aws:s3:::mesh-ml-coe-models-333344445555-eu-west-1"
    assert statements["Artefacts"]["Resource"] == f"{bucket}/*/model.tar.gz"
    others = [item for sid, item in statements.items() if sid != "Artefacts"]
    assert not [item for item in others if bucket in json.dumps(item)]
    assert statements["ArtefactKey"]["Action"] == ["kms:Decrypt", "kms:DescribeKey"]
    trust = document(named(found, "aws:iam/role:Role", "credit-risk-role"), "assumeRolePolicy")
    assert trust["Service"]["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert trust["Service"]["Condition"] == {"StringEquals": {"aws:SourceAccount": PRODUCTION.account_id}}


def test_who_asks_may_ask_this_endpoint_and_do_nothing_else(project: Project) -> None:
    found = recorded(project)
    endpoint = PRODUCTION.arn("sagemaker", "endpoint/mesh-credit-risk")
    (ask,) = document(named(found, "aws:iam/rolePolicy:RolePolicy", "credit-risk-ask")).values()
    assert (set(ask["Action"]), ask["Resource"]) == (
        {"sagemaker:InvokeEndpoint", "sagemaker:DescribeEndpoint"},
        endpoint,
    )
    role = named(found, "aws:iam/role:Role", "credit-risk-caller")
    (trust,) = document(role, "assumeRolePolicy").values()
    assert trust["Principal"] == {"AWS": PRODUCTION.root_arn}, "whom the account's own IAM lets"
    assert found.exports["callerRoleArn"] == PRODUCTION.role_arn("mesh-caller-credit-risk")
    batch = recorded(project, mode="batch")
    assert batch.exports["callerRoleArn"] == PRODUCTION.role_arn("mesh-caller-credit-risk")
    asked = document(named(batch, "aws:iam/rolePolicy:RolePolicy", "credit-risk-ask"))
    assert {action for entry in asked.values() for action in entry["Action"]}.isdisjoint(
        {"sagemaker:CreateTransformJob", "sagemaker:InvokeEndpoint"}
    ), "nothing was promoted"
    assert "sagemaker:InvokeEndpoint" not in str(asked)


def test_jobs_are_started_of_promoted_models_alone_over_rows_in_one_folder(project: Project) -> None:
    batch = recorded(project, mode="batch", modelPackages={"current": f"{ARN}2", "previous": f"{ARN}1"})
    asked = document(named(batch, "aws:iam/rolePolicy:RolePolicy", "credit-risk-ask"))
    models = {item.inputs["name"] for item in batch.of_type("aws:sagemaker/model:Model")}
    assert len(models) == 2
    assert set(asked["Start"]["Condition"]["StringEquals"]["sagemaker:ModelArn"]) == {
        PRODUCTION.arn("sagemaker", f"model/{name}") for name in models
    }
    assert asked["Start"]["Resource"] == PRODUCTION.arn("sagemaker", "transform-job/mesh-credit-risk-*")
    assert batch.exports["transformJobs"] == "mesh-credit-risk"
    bucket = PRODUCTION.bucket_arn(batch.exports["bucket"])
    assert (asked["Rows"]["Resource"], asked["Answers"]["Resource"]) == (
        f"{bucket}/input/*",
        f"{bucket}/output/*",
    )


POLICY = "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy"
LOBS_MAY = {
    "sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup", "sagemaker:ListModelPackages",
}  # fmt: skip


def test_the_consumer_opens_its_registry_to_production_and_lets_its_lobs_look(
    mesh: dict[str, Recording],
) -> None:
    found = mesh["consumer"]
    policy = document(one(found, POLICY), "resourcePolicy")
    looks = policy.pop("LobsLook")
    assert looks["Principal"] == {"AWS": ["arn:aws:iam::222233334444:root"]}, "the product's owner"
    assert set(looks["Action"]) == LOBS_MAY, "what says something of a model, and nothing to take it with"
    assert looks["Resource"] == [
        CONSUMER.arn("sagemaker", "model-package-group/mesh-credit-risk"),
        CONSUMER.arn("sagemaker", "model-package/mesh-credit-risk/*"),
    ]
    assert looks["Condition"] == {"StringEquals": {"aws:PrincipalType": "AssumedRole"}}, "no user's keys"
    assert {str(item["Principal"]) for item in policy.values()} == {str({"AWS": [PRODUCTION.root_arn]})}
    actions = {action for item in policy.values() for action in item["Action"]}
    assert "sagemaker:CreateModel" in actions
    assert not {action for action in actions if "Update" in action or "Delete" in action}
    bucket = next(
        item
        for item in found.of_type("aws:s3/bucketPolicy:BucketPolicy")
        if "-models-" in item.inputs["bucket"]
    )
    reads = document(bucket)["ProductionReadsArtefacts"]
    assert (reads["Action"], reads["Resource"].endswith("/*/model.tar.gz")) == ("s3:GetObject", True)
    role = PRODUCTION.role_arn("mesh-serving-credit-risk")
    assert reads["Condition"] == {"ArnEquals": {"aws:PrincipalArn": [role]}}
    key = next(item for item in found.of_type("aws:kms/key:Key") if "models" in item.inputs["description"])
    decrypts = document(key)["ProductionDecryptsArtefacts"]
    assert decrypts["Action"] == ["kms:Decrypt", "kms:DescribeKey"]
    assert decrypts["Condition"]["StringEquals"] == {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
    opened = json.dumps([document(bucket), document(key)])
    assert PRODUCTION.account_id in opened
    assert "222233334444" not in opened, "a LoB gets neither artefact nor key"


def test_a_consumer_without_subscriptions_lets_no_lob_look(
    project: Project, mesh: dict[str, Recording]
) -> None:
    project.change("consumer", subscriptions={}, pipeline=None)
    references = {stack: mesh[stack].exports for stack in ("central", "producer")}
    found = record(project.folder, "consumer", references=references)
    assert set(document(one(found, POLICY), "resourcePolicy")) == {"ProductionLists", "ProductionDeploys"}
    project.change("consumer", production=None)
    alone = record(project.folder, "consumer", references=references)
    assert not alone.of_type(POLICY), "a policy without a statement is none"


def test_a_lob_is_named_once_however_many_products_it_has() -> None:
    accounts = [f"{number:012}" for number in range(1, 501)]
    policy = registry_policy(CONSUMER, "g" * 63, {}, [*accounts, *accounts])
    (statement,) = policy["Statement"]
    assert len(statement["Principal"]["AWS"]) == 500
    assert len(json.dumps(policy)) < 20_480, "500 LoBs fit"


def test_a_consumer_without_production_opens_no_artefact(
    project: Project, mesh: dict[str, Recording]
) -> None:
    project.change("consumer", production=None)
    references = {stack: mesh[stack].exports for stack in ("central", "producer")}
    found = record(project.folder, "consumer", references=references)
    assert set(document(one(found, POLICY), "resourcePolicy")) == {"LobsLook"}
    told = json.dumps(
        [dict(item.inputs) for item in found.of_type("aws:s3/bucketPolicy:BucketPolicy")], default=str
    )
    assert CONSUMER.account_id in json.dumps(dict(found.exports))
    assert PRODUCTION.account_id not in told
