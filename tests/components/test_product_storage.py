"""ProductStorage: who reads a product's bucket, what its job may do, and when it runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import component_parts as parts
import pytest

from local.engine import Recording

BUCKET = "mesh-loans-222233334444-eu-west-1"
ARN = f"arn:aws:s3:::{BUCKET}"
REGISTRATION = parts.CENTRAL.role_arn("mesh-registration-retail")
CURATION = parts.PRODUCER.role_arn("mesh-curation-loans")
TRIGGER = "aws:glue/trigger:Trigger"


@pytest.fixture
def bucket_policy(product: Recording) -> str:
    return product.get("aws:s3/bucketPolicy:BucketPolicy", "loans-storage-data-policy").inputs["policy"]


def denied(document: str, action: str, key: str, principal: str, *, tls: bool = True) -> bool:
    """Whether a bucket policy denies a request; a small reader of the three conditions that are used."""
    for item in parts.policy(document):
        if item["Effect"] != "Deny" or not any(
            fnmatchcase(action, pattern) for pattern in parts.many(item["Action"])
        ):
            continue
        arn = f"{ARN}/{key}"
        if "NotResource" in item and any(fnmatchcase(arn, pattern) for pattern in item["NotResource"]):
            continue
        if "Resource" in item and not any(fnmatchcase(arn, pattern) for pattern in item["Resource"]):
            continue
        condition = item["Condition"]
        if "Bool" in condition and tls:
            continue
        if "ArnNotEquals" in condition and principal in condition["ArnNotEquals"]["aws:PrincipalArn"]:
            continue
        return True
    return False


@pytest.mark.parametrize("prefix", ["raw", "curated", "quarantine", "reports", "anything"])
@pytest.mark.parametrize("action", ["s3:GetObject", "s3:GetObjectVersion"])
def test_data_is_read_by_two_roles_and_nobody_else(bucket_policy: str, prefix: str, action: str) -> None:
    for role in (REGISTRATION, CURATION):
        assert not denied(bucket_policy, action, f"{prefix}/x", role)
    for role in (parts.PRODUCER.role_arn("MeshDeploy"), parts.CONSUMER.role_arn("mesh-auditor"), "arn:root"):
        assert denied(bucket_policy, action, f"{prefix}/x", role), (
            f"{role} reads {prefix} past Lake Formation"
        )


def test_scripts_hold_no_data_and_stay_readable(bucket_policy: str) -> None:
    assert not denied(
        bucket_policy, "s3:GetObject", "scripts/curation.py", parts.PRODUCER.role_arn("MeshDeploy")
    )


def test_nothing_goes_without_tls(bucket_policy: str) -> None:
    for role in (REGISTRATION, CURATION):
        for action in ("s3:GetObject", "s3:PutObject", "s3:ListBucket"):
            assert denied(bucket_policy, action, "curated/x", role, tls=False)


def test_deny_and_allow_come_of_the_same_readers(bucket_policy: str) -> None:
    spared = parts.statement(bucket_policy, "GovernedReadsOnly")["Condition"]["ArnNotEquals"][
        "aws:PrincipalArn"
    ]
    assert spared == [REGISTRATION, CURATION]
    allowed = {item["Principal"]["AWS"] for item in parts.policy(bucket_policy) if item["Effect"] == "Allow"}
    assert allowed == {REGISTRATION}, (
        "the other account's role needs an Allow here, the own account's has IAM's"
    )
    objects = parts.statement(bucket_policy, "LakeFormationObjects")
    assert objects["Resource"] == f"{ARN}/curated/*", "Lake Formation writes no raw data"


def test_the_key_is_used_by_the_registration_role_through_s3_only(product: Recording) -> None:
    key = product.get("aws:kms/key:Key", "loans-storage-key")
    item = parts.statement(key.inputs["policy"], "LakeFormation")
    assert item["Principal"]["AWS"] == [REGISTRATION]
    assert item["Condition"]["StringEquals"]["kms:ViaService"] == "s3.eu-west-1.amazonaws.com"
    assert key.inputs["enableKeyRotation"] is True


def test_the_curation_role_never_writes_raw_data(product: Recording) -> None:
    document = product.get(parts.ROLE_POLICY, "loans-storage-curation-policy").inputs["policy"]
    for prefix in ("curated", "quarantine", "reports"):
        assert parts.allows(document, "s3:PutObject", f"{ARN}/{prefix}/x")
    for prefix in ("raw", "scripts"):
        assert parts.allows(document, "s3:GetObject", f"{ARN}/{prefix}/x")
        assert not parts.allows(document, "s3:PutObject", f"{ARN}/{prefix}/x"), (
            "the source's delivery is evidence"
        )
    assert not parts.allows(document, "s3:GetObject", "arn:aws:s3:::mesh-cards-222233334444-eu-west-1/raw/x")


def test_the_curation_role_writes_figures_into_its_own_tables_of_an_encrypted_catalog(
    product: Recording,
) -> None:
    document = product.get(parts.ROLE_POLICY, "loans-storage-curation-policy").inputs["policy"]
    assert parts.allows(document, "glue:UpdateTable", parts.CENTRAL.arn("glue", "table/loans/table_0"))
    assert not parts.allows(document, "glue:UpdateTable", parts.CENTRAL.arn("glue", "table/cards/x"))
    assert not parts.allows(document, "glue:DeleteTable", parts.CENTRAL.arn("glue", "table/loans/table_0"))
    key = parts.statement(document, "CatalogKey")
    assert key["Resource"] == parts.CATALOG_KEY
    assert {"kms:Encrypt", "kms:GenerateDataKey"} <= set(key["Action"])


def test_the_job_runs_as_the_curation_role_and_knows_its_contract(product: Recording) -> None:
    job = product.get("aws:glue/job:Job", "loans-storage-job").inputs
    assert job["roleArn"] == CURATION
    assert job["securityConfiguration"] == "mesh-curate-loans"
    assert job["defaultArguments"]["--database"] == "rl_loans", "the job reaches its tables through the link"
    assert job["defaultArguments"]["--spec"] == f"s3://{BUCKET}/scripts/contract.json"
    spec = json.loads(
        product.get("aws:s3/bucketObjectv2:BucketObjectv2", "loans-storage-spec").inputs["content"]
    )
    assert spec, "the compiled contract is beside the script"
    assert job["executionProperty"]["maxConcurrentRuns"] == 1, "two runs would publish into each other"


def test_the_job_waits_for_its_role_s_policy(product: Recording) -> None:
    policy = product.get(parts.ROLE_POLICY, "loans-storage-curation-policy")
    assert policy.urn in product.get("aws:glue/job:Job", "loans-storage-job").dependencies


@pytest.mark.parametrize("schedule", [None, "cron(0 3 * * ? *)"])
def test_a_trigger_exists_only_with_a_schedule(
    declare: Callable[..., Recording], make_product: Callable[..., Any], schedule: str | None
) -> None:
    recording = declare(lambda: make_product(schedule=schedule))
    triggers = recording.of_type(TRIGGER)
    assert len(triggers) == (1 if schedule else 0)
    for trigger in triggers:
        assert trigger.inputs["schedule"] == schedule
        assert trigger.inputs["actions"] == [{"jobName": "mesh-curate-loans"}]


def test_access_logs_go_to_a_bucket_of_their_own(product: Recording) -> None:
    logging = product.get("aws:s3/bucketLogging:BucketLogging", "loans-storage-logging").inputs
    assert logging["bucket"] == BUCKET
    assert logging["targetBucket"] == f"{BUCKET}-logs"
    policy = product.get("aws:s3/bucketPolicy:BucketPolicy", "loans-storage-logs-policy").inputs["policy"]
    delivery = parts.statement(policy, "AccessLogs")
    assert delivery["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert delivery["Condition"] == {
        "ArnLike": {"aws:SourceArn": ARN},
        "StringEquals": {"aws:SourceAccount": parts.PRODUCER.account_id},
    }, "S3 delivers the logs of this bucket here and nobody else's"


@pytest.mark.parametrize("disposable", [False, True])
def test_data_and_key_are_protected_unless_disposable(
    declare: Callable[..., Recording], make_product: Callable[..., Any], disposable: bool
) -> None:
    recording = declare(lambda: make_product(disposable=disposable))
    for token, name in (
        ("aws:s3/bucket:Bucket", "loans-storage-data-bucket"),
        ("aws:kms/key:Key", "loans-storage-key"),
    ):
        resource = recording.get(token, name)
        assert resource.protect is not disposable, "data without its key is lost as well"
    bucket = recording.get("aws:s3/bucket:Bucket", "loans-storage-data-bucket")
    assert bool(bucket.inputs.get("forceDestroy")) is disposable
