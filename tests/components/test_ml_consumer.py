"""MLConsumer and its workbench: roles kept apart from each other's results, and SageMaker inside the VPC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import component_parts as parts
import pytest

from components.ml_consumer import MLConsumer
from governance.errors import MeshError
from local.engine import Recording

ROLES = ("data-scientist", "pipeline", "auditor")
RESULTS = "arn:aws:s3:::mesh-science-results-333344445555-eu-west-1"
MODELS = "arn:aws:s3:::mesh-science-models-333344445555-eu-west-1"
WORKGROUP = "aws:athena/workgroup:Workgroup"


def read_policy(recording: Recording, role: str) -> str:
    return recording.get(parts.ROLE_POLICY, f"science-workbench-{role}-read").inputs["policy"]


def test_a_role_s_results_are_its_own(consumer: Recording) -> None:
    for role in ROLES:
        document = read_policy(consumer, role)
        for other in ROLES:
            for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
                own = parts.allows(document, action, f"{RESULTS}/{other}/athena/x.csv")
                assert own is (role == other), f"{role}: {action} on results of {other}"
        listing = parts.statement(document, "ListResults")["Condition"]["StringLike"]["s3:prefix"]
        assert listing == [role, f"{role}/*"], "even the names of another's results say something"


def test_a_role_queries_through_its_own_workgroup_only(consumer: Recording) -> None:
    for role in ROLES:
        document = read_policy(consumer, role)
        for other in ROLES:
            arn = parts.CONSUMER.arn("athena", f"workgroup/mesh-science-{other}")
            assert parts.allows(document, "athena:StartQueryExecution", arn) is (role == other)
            assert parts.allows(document, "athena:GetQueryResults", arn) is (role == other)


def test_a_workgroup_is_enforced_encrypted_and_limited(consumer: Recording) -> None:
    key = consumer.get("aws:kms/key:Key", "science-workbench-key").outputs["arn"]
    groups = consumer.of_type(WORKGROUP)
    assert len(groups) == len(ROLES), "a workgroup per role"
    for role in ROLES:
        settings = consumer.get(WORKGROUP, f"science-workbench-{role}-workgroup").inputs["configuration"]
        assert settings["enforceWorkgroupConfiguration"] is True
        assert settings["bytesScannedCutoffPerQuery"] == 10 * 2**30
        result = settings["resultConfiguration"]
        assert result["outputLocation"] == f"s3://{RESULTS.split(':::')[1]}/{role}/athena/"
        assert result["encryptionConfiguration"] == {"encryptionOption": "SSE_KMS", "kmsKeyArn": key}


def test_results_expire_and_models_stay(consumer: Recording) -> None:
    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    ids = {
        purpose: {
            rule["id"]
            for rule in consumer.get(token, f"science-workbench-{purpose}-lifecycle").inputs["rules"]
        }
        for purpose in ("results", "models")
    }
    assert ids == {"results": {"leftovers", "expire"}, "models": {"leftovers"}}


def test_roles_read_the_catalog_of_subscribed_products_only(consumer: Recording) -> None:
    for role in ROLES:
        document = read_policy(consumer, role)
        assert parts.allows(document, "glue:GetTable", parts.CENTRAL.arn("glue", "table/loans/x"))
        assert parts.allows(document, "glue:GetTable", parts.CONSUMER.arn("glue", "table/rl_loans/x"))
        assert not parts.allows(document, "glue:GetTable", parts.CENTRAL.arn("glue", "table/cards/x"))
        assert not parts.allows(document, "glue:UpdateTable", parts.CENTRAL.arn("glue", "table/loans/x"))
        assert not parts.allows(document, "lakeformation:GrantPermissions", "*"), (
            "only the administrator passes on"
        )
        catalog_key = parts.statement(document, "CatalogKey")
        assert (catalog_key["Action"], catalog_key["Resource"]) == (["kms:Decrypt"], parts.CATALOG_KEY)


def test_no_role_reads_a_product_s_objects_past_lake_formation(consumer: Recording) -> None:
    policies = consumer.of_type(parts.ROLE_POLICY)
    assert len(policies) >= len(ROLES)
    for item in policies:
        arn = "arn:aws:s3:::mesh-loans-222233334444-eu-west-1/curated/x"
        assert not parts.allows(item.inputs["policy"], "s3:GetObject", arn), item.name


def test_builders_run_jobs_as_themselves_and_as_nobody_else(consumer: Recording) -> None:
    for role in ("data-scientist", "pipeline"):
        document = consumer.get(parts.ROLE_POLICY, f"science-workbench-{role}-build").inputs["policy"]
        for other in ROLES:
            arn = parts.CONSUMER.role_arn(f"mesh-{other}")
            own = parts.allows(document, "iam:PassRole", arn)
            assert own is (role == other), f"{role} would read at the clearance of {other}"
        passed = parts.statement(document, "RunAsMe")["Condition"]["StringEquals"]
        assert passed == {"iam:PassedToService": "sagemaker.amazonaws.com"}
        for other in ROLES:
            written = parts.allows(document, "s3:PutObject", f"{MODELS}/{other}/x")
            assert written is (role == other), "models and their data stay under the prefix of who made them"


def test_the_auditor_looks_at_models_and_makes_none(consumer: Recording) -> None:
    document = consumer.get(parts.ROLE_POLICY, "science-workbench-auditor-review").inputs["policy"]
    assert parts.allows(document, "s3:GetObject", f"{MODELS}/x")
    for action in ("s3:PutObject", "s3:DeleteObject", "sagemaker:CreateModelPackage", "iam:PassRole"):
        assert not parts.allows(document, action, f"{MODELS}/x"), action
    names = {item.name for item in consumer.of_type(parts.ROLE_POLICY)}
    assert "science-workbench-auditor-build" not in names


def test_who_approves_does_not_train_and_who_trains_does_not_approve(consumer: Recording) -> None:
    version = parts.CONSUMER.arn("sagemaker", "model-package/mesh-risk/3")
    other = parts.CONSUMER.arn("sagemaker", "model-package/mesh-fraud/3")
    approving = consumer.get(parts.ROLE_POLICY, "science-workbench-auditor-approve").inputs["policy"]
    assert parts.allows(approving, "sagemaker:UpdateModelPackage", version)
    assert not parts.allows(approving, "sagemaker:UpdateModelPackage", other), "of its own group only"
    assert not parts.allows(approving, "sagemaker:CreateModelPackage", version)
    for role in ("data-scientist", "pipeline"):
        for item in consumer.of_type(parts.ROLE_POLICY):
            if f"-{role}-" in item.name:
                assert not parts.allows(item.inputs["policy"], "sagemaker:UpdateModelPackage", version), (
                    item.name
                )
        building = consumer.get(parts.ROLE_POLICY, f"science-workbench-{role}-build").inputs["policy"]
        refusal = parts.statement(building, "NoOwnApproval")
        assert refusal["Effect"] == "Deny"
        assert {"sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"} == set(refusal["Action"])
        assert refusal["Condition"]["StringEquals"] == {"sagemaker:ModelApprovalStatus": "Approved"}


def test_the_pipeline_hands_evaluation_to_the_auditor_and_nobody_else_does(consumer: Recording) -> None:
    auditor = parts.CONSUMER.role_arn("mesh-auditor")
    passers = [
        item.name
        for item in consumer.of_type(parts.ROLE_POLICY)
        if parts.allows(item.inputs["policy"], "iam:PassRole", auditor)
    ]
    assert passers == ["science-workbench-pipeline-evaluate"]
    document = consumer.get(parts.ROLE_POLICY, passers[0]).inputs["policy"]
    condition = parts.statement(document, "RunAsAuditor")["Condition"]
    assert condition == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    assert parts.allows(document, "s3:GetObject", f"{MODELS}/auditor/runs/x/evaluation/evaluation.json")
    assert not parts.allows(document, "s3:GetObject", f"{MODELS}/auditor/other")
    assert not parts.allows(document, "s3:GetObject", f"{RESULTS}/auditor/processing/x"), (
        "not what its queries gave"
    )


def test_jobs_have_interfaces_in_their_network_and_grants_for_aws_only(consumer: Recording) -> None:
    ec2 = "arn:aws:ec2:eu-west-1:333344445555"
    document = consumer.get("aws:iam/policy:Policy", "science-workbench-jobs").inputs["policy"]
    for place in ("subnet/subnet-1", "security-group/sg-1", "network-interface/eni-1"):
        assert parts.allows(document, "ec2:CreateNetworkInterface", f"{ec2}:{place}")
    assert not parts.allows(document, "ec2:CreateNetworkInterface", f"{ec2}:subnet/subnet-2")
    assert not parts.allows(document, "ec2:DeleteNetworkInterface", f"{ec2}:subnet/subnet-1")
    grant = parts.statement(document, "VolumeKey")
    assert grant["Action"] == ["kms:CreateGrant"]
    assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    metrics = parts.statement(document, "Metrics")["Condition"]["StringLike"]["cloudwatch:namespace"]
    assert metrics == ["AWS/SageMaker", "/aws/sagemaker/*"]
    attached = consumer.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert {item.name for item in attached} == {f"science-workbench-{role}-jobs" for role in ROLES}


def test_studio_opens_own_spaces_only_and_for_data_scientists_only(consumer: Recording) -> None:
    names = [item.name for item in consumer.of_type(parts.ROLE_POLICY) if item.name.endswith("-studio")]
    assert names == ["science-workbench-data-scientist-studio"]
    document = consumer.get(parts.ROLE_POLICY, names[0]).inputs["policy"]
    own = parts.statement(document, "OwnSpaces")["Condition"]["ArnLike"]["sagemaker:OwnerUserProfileArn"]
    assert own.endswith("user-profile/${sagemaker:DomainId}/${sagemaker:UserProfileName}")
    assert not parts.allows(document, "sagemaker:CreatePresignedDomainUrl", "*"), (
        "it would open another's profile"
    )


def test_a_further_role_only_reads(declare: Callable[..., Recording]) -> None:
    args = parts.consumer_args(roles=parts.roles(analyst="internal"))
    recording = declare(lambda: MLConsumer("science", args, opts=parts.within("k", parts.CONSUMER)))
    policies = [item.name for item in recording.of_type(parts.ROLE_POLICY) if "-analyst-" in item.name]
    assert policies == ["science-workbench-analyst-read"]


def test_roles_are_assumed_by_sagemaker_and_people_of_the_account_only(consumer: Recording) -> None:
    found = consumer.of_type(parts.ROLE)
    assert len(found) == len(ROLES)
    for role in found:
        trust = parts.policy(role.inputs["assumeRolePolicy"])
        service, people = trust
        assert service["Principal"] == {"Service": "sagemaker.amazonaws.com"}
        assert service["Condition"] == {"StringEquals": {"aws:SourceAccount": parts.CONSUMER.account_id}}
        assert people["Principal"] == {"AWS": parts.CONSUMER.root_arn}


@pytest.mark.parametrize(("organization", "subscribed", "accepts"), [
    ("o-a1b2c3d4e5", True, 0), (None, True, 1), (None, False, 0),
])  # fmt: skip
def test_shares_are_accepted_only_without_an_organization(
    declare: Callable[..., Recording], organization: str | None, subscribed: bool, accepts: int
) -> None:
    subscriptions = [parts.subscription()] if subscribed else []
    args = parts.consumer_args(organization_id=organization, subscriptions=subscriptions)
    recording = declare(lambda: MLConsumer("science", args, opts=parts.within("k", parts.CONSUMER)))
    found = recording.of_type(parts.ACCEPTANCE)
    assert len(found) == accepts
    for item in found:
        assert item.inputs["owner_account"] == parts.CENTRAL.account_id
        assert item.inputs["expects"] == {"loans": ["table_0"]}, "another table is another acceptance"


def test_roles_of_jobs_make_temporary_tables_and_others_do_not(declare: Callable[..., Recording]) -> None:
    args = parts.consumer_args(roles=parts.roles(analyst="internal"))
    consumer = declare(lambda: MLConsumer("science", args, opts=parts.within("k", parts.CONSUMER)))
    grants = [
        item
        for item in consumer.of_type(parts.PERMISSIONS)
        if item.inputs["database"]["name"] == "sagemaker_processing"
    ]
    found = {item.inputs["principal"].rsplit("/")[-1]: item.inputs["permissions"] for item in grants}
    expected = ["CREATE_TABLE", "DESCRIBE"]
    # the auditor's evaluation has an Athena input of its own
    assert found == {f"mesh-{role}": expected for role in ROLES}


@pytest.mark.parametrize(("disposable", "homes"), [(False, "Retain"), (True, "Delete")])
def test_studio_stays_in_the_vpc_and_keeps_homes_unless_disposable(
    declare: Callable[..., Recording], disposable: bool, homes: str
) -> None:
    args = parts.consumer_args(disposable=disposable, users=["ana", "ben"])
    recording = declare(lambda: MLConsumer("science", args, opts=parts.within("k", parts.CONSUMER)))
    domain = recording.get("aws:sagemaker/domain:Domain", "science-domain").inputs
    assert domain["appNetworkAccessType"] == "VpcOnly"
    assert domain["retentionPolicy"]["homeEfsFileSystem"] == homes
    assert domain["defaultUserSettings"]["securityGroups"] == ["sg-1"]
    profiles = recording.of_type("aws:sagemaker/userProfile:UserProfile")
    assert {item.inputs["userProfileName"] for item in profiles} == {"ana", "ben"}
    studio = parts.CONSUMER.role_arn("mesh-data-scientist")
    assert all(item.inputs["userSettings"]["executionRole"] == studio for item in profiles)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"roles": parts.roles()[1:]}, "lacks 'data-scientist'"),
        ({"roles": parts.roles()[:1]}, "lacks 'pipeline'"),
        ({"roles": parts.roles(auditor="secret")}, "clearance 'secret' of 'auditor' is no level"),
    ],
)
def test_wrong_roles_are_refused_before_anything_is_registered(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(MeshError, match=message) as caught:
        parts.consumer_args(**wrong)
    assert str(caught.value).startswith("MLConsumerArgs.roles"), "the message names the argument"
