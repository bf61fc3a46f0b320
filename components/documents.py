"""Policy documents of buckets, keys, buses and trusts, as pure functions that return dicts.

What roles may do is in `role_documents`. A wildcard in a resource has its reason beside it; no principal is one,
except where a Deny must reach everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from governance.names import Place

Document = dict[str, Any]
Value = Any
"""Text, or in a component an output that becomes one."""
Statement = dict[str, Any]

OPEN_PREFIX = "scripts"
"""The one prefix of a product bucket that holds no data: the curation job's script and specification."""


def document(*statements: Statement | None) -> Document:
    """A policy of the given statements; None leaves one out."""
    return {"Version": "2012-10-17", "Statement": [statement for statement in statements if statement]}


def allow(
    sid: str, actions: Sequence[str], resources: Value | Sequence[Value], **condition: Any
) -> Statement:
    """An identity policy's Allow statement."""
    statement = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resources}
    return {**statement, "Condition": condition} if condition else statement


def service_trust(service: str, *, account_id: str | None = None) -> Document:
    """Trust in an AWS service, limited to what it does for `account_id` where the service says so."""
    statement: Statement = {
        "Sid": "Service",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if account_id:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account_id}}
    return document(statement)


def account_trust(place: Place, callers: Iterable[str], external_id: str | None) -> Document:
    """Trust in one account, or in some of its roles only.

    The principal is the account, so that re-creating a caller's role does not break the trust; the condition names
    the roles (role names, with their path where they have one).
    """
    conditions: dict[str, Any] = {}
    if roles := sorted(callers):
        conditions["ArnLike"] = {"aws:PrincipalArn": [place.role_arn(role) for role in roles]}
    if external_id:
        conditions["StringEquals"] = {"sts:ExternalId": external_id}
    statement: Statement = {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": place.root_arn},
        "Action": "sts:AssumeRole",
    }
    return document({**statement, "Condition": conditions} if conditions else statement)


def analyst_trust(place: Place) -> Document:
    """SageMaker runs work as the role, and people of the account whom IAM lets may assume it."""
    people = account_trust(place, (), None)["Statement"]
    return document(
        *service_trust("sagemaker.amazonaws.com", account_id=place.account_id)["Statement"], *people
    )


def key_policy(place: Place, *statements: Statement | None) -> Document:
    """A key run by its own account's IAM, plus what the statements add.

    `Resource: *` in a key policy means this key.
    """
    administration: Statement = {
        "Sid": "OwnAccount",
        "Effect": "Allow",
        "Principal": {"AWS": place.root_arn},
        "Action": "kms:*",
        "Resource": "*",
    }
    return document(administration, *statements)


def key_use(sid: str, principals: Sequence[Value], actions: Sequence[str], **condition: Any) -> Statement:
    """Key policy statement that lets principals of other accounts use the key."""
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": list(principals)},
        "Action": list(actions),
        "Resource": "*",
    }
    return {**statement, "Condition": condition} if condition else statement


def logs_key_use(place: Place) -> Statement:
    """Key policy statement for CloudWatch Logs groups of the key's account."""
    return {
        "Sid": "Logs",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{place.region}.amazonaws.com"},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": place.arn("logs", "*")}},
    }


def tls_only(bucket_arn: str) -> Statement:
    """Deny whatever does not come over TLS, to everybody."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def product_bucket_policy(bucket_arn: str, registration_role: Value, curation_role: Value) -> Document:
    """TLS only; objects with data are read by two roles and nobody else, the account's own administrators included.

    Every other reader comes through Lake Formation, which reads with the registration role. The same list makes the
    Deny and the Allow (the registration role is another account's, so it needs both).
    """
    readers = [registration_role, curation_role]
    return document(
        tls_only(bucket_arn),
        {
            "Sid": "GovernedReadsOnly",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": [
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectTorrent",
                "s3:GetObjectVersionTorrent",
            ],
            "NotResource": [f"{bucket_arn}/{OPEN_PREFIX}/*"],
            "Condition": {"ArnNotEquals": {"aws:PrincipalArn": readers}},
        },
        {
            "Sid": "LakeFormationObjects",
            "Effect": "Allow",
            "Principal": {"AWS": registration_role},
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            "Resource": f"{bucket_arn}/curated/*",
        },
        {
            "Sid": "LakeFormationList",
            "Effect": "Allow",
            "Principal": {"AWS": registration_role},
            "Action": "s3:ListBucket",
            "Resource": bucket_arn,
            "Condition": {"StringLike": {"s3:prefix": ["curated", "curated/*"]}},
        },
    )


def log_bucket_policy(log_bucket_arn: str, source_bucket_arn: str, account_id: str) -> Document:
    """TLS only; S3 may deliver the access logs of one bucket of this account."""
    return document(
        tls_only(log_bucket_arn),
        {
            "Sid": "AccessLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{log_bucket_arn}/*",
            "Condition": {
                "ArnLike": {"aws:SourceArn": source_bucket_arn},
                "StringEquals": {"aws:SourceAccount": account_id},
            },
        },
    )


def event_bus_policy(bus_arn: str, accounts: Sequence[Place], organization_id: str | None) -> Document:
    """Member accounts may put events; with an Organization, only while they belong to it."""
    statement: Statement = {
        "Sid": "Members",
        "Effect": "Allow",
        "Principal": {"AWS": [place.root_arn for place in accounts]},
        "Action": "events:PutEvents",
        "Resource": bus_arn,
    }
    if organization_id:
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": organization_id}}
    return document(statement)


def catalog_policy(place: Place, existing: Sequence[Statement]) -> Document:
    """The account's other catalog statements, and the one RAM needs as soon as any catalog policy exists."""
    resources = [place.arn("glue", part) for part in ("catalog", "database/*", "table/*")]
    share = {
        "Sid": "LakeFormationShares",
        "Effect": "Allow",
        "Principal": {"Service": "ram.amazonaws.com"},
        "Action": "glue:ShareResource",
        "Resource": resources,  # whatever Lake Formation shares; it, not this policy, says what
    }
    return document(*existing, share)
