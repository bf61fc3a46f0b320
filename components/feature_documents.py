"""Policies around a consumer's feature store, as pure functions that return dicts.

Three hands touch the offline store: Feature Store writes with one role, Lake Formation reads with another, and everybody
else comes through Athena. The online store knows no columns, so whole groups are opened or closed to a role by IAM here.
"""

from __future__ import annotations

from collections.abc import Sequence

from components.documents import Document, Statement, Value, allow, document, tls_only
from components.role_documents import READ_CATALOG
from governance.names import Place

PREFIX = "offline"
"""Prefix of the offline stores in their bucket; the location that Lake Formation governs."""

WRITE_RECORDS = ("sagemaker:PutRecord", "sagemaker:BatchWriteRecord", "sagemaker:DeleteRecord")
READ_RECORDS = ("sagemaker:GetRecord", "sagemaker:BatchGetRecord")


def features_bucket_policy(bucket_arn: str, reader: Value, writer: Value) -> Document:
    """TLS only; one role reads objects and one writes them, the account's own administrators included.

    Deleting is left to IAM, since an account must be able to forget what it holds.
    """
    return document(
        tls_only(bucket_arn),
        _only(
            "GovernedReadsOnly",
            [
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectTorrent",
                "s3:GetObjectVersionTorrent",
            ],
            bucket_arn,
            reader,
        ),
        _only("FeatureStoreWritesOnly", ["s3:PutObject", "s3:PutObjectAcl"], bucket_arn, writer),
    )


def _only(sid: str, actions: Sequence[str], bucket_arn: str, role: Value) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": list(actions),
        "Resource": f"{bucket_arn}/*",
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": role}},
    }


def offline_writer_policy(bucket_arn: str, key_arn: Value) -> Document:
    """What AmazonSageMakerFeatureStoreAccess allows, for one bucket instead of all with `sagemaker` in their names.

    CreateFeatureGroup looks at the bucket's ACL as this role, and each object is put together with an ACL. No Glue:
    the tables are made by this program.
    """
    return document(
        allow("Write", ["s3:PutObject", "s3:PutObjectAcl"], f"{bucket_arn}/{PREFIX}/*"),
        allow("Look", ["s3:GetBucketAcl"], bucket_arn),
        allow("Encrypt", ["kms:GenerateDataKey", "kms:Decrypt"], key_arn),
    )


def offline_reader_policy(bucket_arn: str, key_arn: Value) -> Document:
    """What Lake Formation reads the offline store with; nothing writes through it."""
    return document(
        allow("Read", ["s3:GetObject"], f"{bucket_arn}/{PREFIX}/*"),
        allow("List", ["s3:ListBucket"], bucket_arn, StringLike={"s3:prefix": [PREFIX, f"{PREFIX}/*"]}),
        allow("Decrypt", ["kms:Decrypt"], key_arn),
    )


def feature_role_policy(
    place: Place, database: str, groups: Sequence[str], ingests: Sequence[str], online: Sequence[str]
) -> Document:
    """A role's part in the feature store.

    Parameters
    ----------
    database
        Database of the offline stores' tables; Lake Formation says what of it the role reads.
    groups, ingests, online
        Feature groups there are; those the role writes; those whose records it may read whole.
    """

    def arns(names: Sequence[str]) -> list[str]:
        return [place.arn("sagemaker", f"feature-group/{name}") for name in names]

    return document(
        allow("FeatureTables", list(READ_CATALOG), place.glue_arns(database)),
        allow("FeatureGroups", ["sagemaker:DescribeFeatureGroup"], arns(groups)),
        allow("Ingest", list(WRITE_RECORDS), arns(ingests)) if ingests else None,
        allow("ReadOnline", list(READ_RECORDS), arns(online)) if online else None,
    )
