"""Bucket policies: who is refused what, by principal and condition."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.local_cloud.world import ADMIN, CENTRAL, PRODUCER, code, role

BUCKET = "lake-of-the-producer"
REFUSED = ("403", "AccessDenied", "Forbidden")
CURATION = role(PRODUCER, "curation")
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
READERS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Condition": {"ArnNotLike": {"aws:PrincipalArn": [CURATION, role(CENTRAL, "registration-*")]}},
}


@pytest.fixture
def bucket(world):
    """A bucket with an object below `curated/` and one below `raw/`."""
    s3 = world.client("s3", PRODUCER)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for key in ("curated/a", "raw/a"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"rows")
    return world


def put(world, *statements, prefix=""):
    resources = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/{prefix}*"]
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Resource": resources, **each} for each in statements],
    }
    world.client("s3", PRODUCER).put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(document))


def reads(world, account, name, key="curated/a"):
    try:
        world.client("s3", account, name).get_object(Bucket=BUCKET, Key=key)
    except ClientError as problem:
        if problem.response["Error"]["Code"] in REFUSED:
            return False
        raise
    return True


def test_a_loopback_connection_counts_as_secure(bucket):
    put(bucket, TLS_ONLY)
    assert reads(bucket, PRODUCER, ADMIN), "a TLS-only bucket answers the deployer"
    bucket.client("s3", PRODUCER).put_object(Bucket=BUCKET, Key="curated/b", Body=b"rows")


def test_reads_are_refused_to_everyone_but_the_named(bucket):
    put(bucket, TLS_ONLY, READERS_ONLY, prefix="curated/")
    assert reads(bucket, PRODUCER, "curation"), "named outright"
    assert reads(bucket, CENTRAL, "registration-banking"), "named by pattern"
    assert not reads(bucket, PRODUCER, ADMIN), "the deployer is not named"
    assert not reads(bucket, "333344445555", "data-scientist"), "nor is a consumer"
    assert reads(bucket, PRODUCER, ADMIN, "raw/a"), "other prefixes are not meant"
    with pytest.raises(ClientError) as caught:
        bucket.client("s3", PRODUCER).head_object(Bucket=BUCKET, Key="curated/a")
    assert code(caught) == "403", "asking for the head is a read too"


@pytest.mark.parametrize(
    ("condition", "refused"),
    [
        ({"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}, False),
        ({"StringEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}, True),
        ({"Null": {"s3:x-amz-server-side-encryption": "true"}}, False),
        ({"StringEquals": {"aws:PrincipalAccount": "999988887777"}}, False),
        ({"StringEquals": {"aws:PrincipalAccount": PRODUCER}}, True),
        ({"StringEqualsIfExists": {"s3:x-amz-acl": "private"}}, True),
        (
            {"StringEquals": {"aws:PrincipalAccount": PRODUCER}, "Bool": {"aws:SecureTransport": "false"}},
            False,
        ),
    ],
)
def test_conditions_look_at_the_request_and_all_have_to_hold(bucket, condition, refused):
    put(bucket, {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Condition": condition})
    arguments = {"Bucket": BUCKET, "Key": "raw/b", "Body": b"x", "ServerSideEncryption": "aws:kms"}
    if not refused:
        bucket.client("s3", PRODUCER).put_object(**arguments)
        return
    with pytest.raises(ClientError) as caught:
        bucket.client("s3", PRODUCER).put_object(**arguments)
    assert code(caught) in REFUSED, "the condition holds, so the refusal does"


@pytest.mark.parametrize(
    ("principals", "refused"),
    [
        ({"Principal": {"AWS": role(PRODUCER, ADMIN)}}, True),
        ({"Principal": {"AWS": [f"arn:aws:iam::{PRODUCER}:root"]}}, True),
        ({"Principal": {"AWS": PRODUCER}}, True),
        ({"Principal": {"AWS": role(PRODUCER, "other")}}, False),
        ({"Principal": {"Service": "glue.amazonaws.com"}}, False),
        ({"NotPrincipal": {"AWS": role(PRODUCER, ADMIN)}}, False),
        ({"NotPrincipal": {"AWS": role(PRODUCER, "other")}}, True),
    ],
)
def test_statements_name_principals(bucket, principals, refused):
    put(bucket, {"Effect": "Deny", "Action": "s3:GetObject", **principals})
    assert reads(bucket, PRODUCER, ADMIN) is not refused, "a statement is about whom it names"


def test_logs_go_where_a_policy_lets_the_service_put_them(bucket):
    s3 = bucket.client("s3", PRODUCER)
    target = "logs-of-the-producer"
    s3.create_bucket(Bucket=target, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    logging = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": "access/"}}
    with pytest.raises(ClientError) as caught:
        s3.put_bucket_logging(Bucket=BUCKET, BucketLoggingStatus=logging)
    assert code(caught) == "InvalidTargetBucketForLogging", "not without a policy"
    delivery = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": ["s3:PutObject"],
        "Resource": [f"arn:aws:s3:::{target}/access/*"],
        "Condition": {"StringEquals": {"aws:SourceAccount": PRODUCER}},
    }
    tls = {**TLS_ONLY, "Resource": [f"arn:aws:s3:::{target}/*"]}
    s3.put_bucket_policy(
        Bucket=target, Policy=json.dumps({"Version": "2012-10-17", "Statement": [tls, delivery]})
    )
    s3.put_bucket_logging(Bucket=BUCKET, BucketLoggingStatus=logging)
    found = s3.get_bucket_logging(Bucket=BUCKET)["LoggingEnabled"]
    assert (found["TargetBucket"], found["TargetPrefix"]) == (target, "access/"), "and is read back"
