"""PrivateBucket: no way to see it by accident, and nothing kept longer than told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import component_parts as parts
import pytest

from components.private_bucket import PrivateBucket, PrivateBucketArgs
from local.engine import Recording

POLICY = {"Version": "2012-10-17", "Statement": [{"Sid": "Given", "Effect": "Deny"}]}


@pytest.fixture(scope="module")
def make(declare: Callable[..., Recording]) -> Callable[..., Recording]:
    """A recording of one bucket with the given arguments."""

    def run(**more: Any) -> Recording:
        args = PrivateBucketArgs(**{"bucket": "vault", "policy": POLICY, "key_arn": "key", **more})
        return declare(lambda: PrivateBucket("b", args, opts=parts.within("p", parts.PRODUCER)))

    return run


def rules(recording: Recording) -> dict[str, dict[str, Any]]:
    lifecycle = recording.get(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "b-lifecycle"
    )
    return {rule["id"]: rule for rule in lifecycle.inputs["rules"]}


def test_all_four_public_access_blocks_are_on_before_the_policy_comes(make: Callable[..., Recording]) -> None:
    recording = make()
    block = recording.get("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "b-public-access")
    flags = {key: value for key, value in block.inputs.items() if key != "bucket"}
    assert len(flags) == 4
    assert all(value is True for value in flags.values())
    policy = recording.get("aws:s3/bucketPolicy:BucketPolicy", "b-policy")
    assert block.urn in policy.dependencies, "S3 refuses two changes of one bucket at once"
    assert json.loads(policy.inputs["policy"]) == POLICY


@pytest.mark.parametrize(("key", "algorithm"), [("key-arn", "aws:kms"), (None, "AES256")])
def test_objects_are_encrypted_with_the_key_or_with_s3_s_own(
    make: Callable[..., Recording], key: str | None, algorithm: str
) -> None:
    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = make(key_arn=key).get(token, "b-encryption").inputs["rules"]
    default = rule["applyServerSideEncryptionByDefault"]
    assert default["sseAlgorithm"] == algorithm
    assert default.get("kmsMasterKeyId") == key
    assert rule["bucketKeyEnabled"] is (key is not None), (
        "one KMS call per object would cost more than the data"
    )


def test_objects_stay_when_no_expiry_is_told(make: Callable[..., Recording]) -> None:
    assert set(rules(make())) == {"leftovers"}, "only abandoned uploads and replaced versions go"


@pytest.mark.parametrize(("days", "versions"), [(7, 7), (365, 30)])
def test_objects_expire_when_told_and_their_old_versions_no_later(
    make: Callable[..., Recording], days: int, versions: int
) -> None:
    found = rules(make(expire_days=days))
    assert found["expire"]["expiration"]["days"] == days
    kept = found["leftovers"]["noncurrentVersionExpiration"]["noncurrentDays"]
    assert kept == versions, "an expired object's version is still a copy of the data"


def test_the_name_is_known_only_when_policy_and_encryption_stand(declare: Callable[..., Recording]) -> None:
    import pulumi_aws as aws

    def program() -> None:
        options = parts.within("p", parts.PRODUCER)
        args = PrivateBucketArgs(bucket="vault", policy=POLICY, key_arn="key")
        made = PrivateBucket("b", args, opts=options)
        own = options.providers[0]  # type: ignore[index]
        import pulumi

        aws.s3.BucketObjectv2("first", bucket=made.name, key="k", opts=pulumi.ResourceOptions(provider=own))

    recording = declare(program)
    first = recording.get("aws:s3/bucketObjectv2:BucketObjectv2", "first")
    needed = {"b-policy", "b-encryption", "b-versioning", "b-ownership", "b-lifecycle", "b-public-access"}
    waits = {recording.by_urn(urn).name for urn in parts.waits_for(recording, first)}
    assert needed <= waits, f"an object could come before {needed - waits}"
