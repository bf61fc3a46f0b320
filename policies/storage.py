"""Rules on what holds data: buckets, keys, the catalog, query results.

Companion resources (versioning, encryption, policy) belong to a bucket by its physical name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.documents import statements
from policies.model import Resource, Stack, listed, named, of_type

BUCKET = "aws:s3/bucket:Bucket"
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
LOGGING = "aws:s3/bucketLogging:BucketLogging"
KEY = "aws:kms/key:Key"
WORKGROUP = "aws:athena/workgroup:Workgroup"
CATALOG = "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings"

BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def physical_name(bucket: Resource) -> str:
    """The bucket's name in S3."""
    return str(bucket.outputs.get("bucket") or bucket.inputs.get("bucket") or bucket.name)


def companions(stack: Stack, type_: str) -> dict[str, Resource]:
    """Resources of one type by the bucket they are for."""
    return {str(item.inputs.get("bucket")): item for item in of_type(stack, type_)}


def log_buckets(stack: Stack) -> frozenset[str]:
    """Buckets that S3 delivers access logs to, which it does with S3's own keys only, never with a CMK."""
    return frozenset(str(item.inputs.get("targetBucket")) for item in of_type(stack, LOGGING))


def public_access_is_blocked(stack: Stack) -> list[str]:
    """Every bucket has all four public access blocks, and no ACL can open it."""
    found = []
    blocks, ownership = companions(stack, PUBLIC_ACCESS), companions(stack, OWNERSHIP)
    for bucket in of_type(stack, BUCKET):
        name = physical_name(bucket)
        block = blocks[name].inputs if name in blocks else {}
        if missing := [key for key in BLOCKS if block.get(key) is not True]:
            found.append(f"{named(bucket)}: public access is not blocked, lacks {', '.join(missing)}")
        rule: Mapping[str, Any] = (ownership[name].inputs if name in ownership else {}).get("rule") or {}
        if rule.get("objectOwnership") != "BucketOwnerEnforced":
            found.append(f"{named(bucket)}: ACLs are not switched off by BucketOwnerEnforced")
    return found


def buckets_are_versioned(stack: Stack) -> list[str]:
    """Every bucket keeps replaced objects."""
    versioning = companions(stack, VERSIONING)
    found = []
    for bucket in of_type(stack, BUCKET):
        item = versioning.get(physical_name(bucket))
        settings = (item.inputs.get("versioningConfiguration") or {}) if item else {}
        if settings.get("status") != "Enabled":
            found.append(f"{named(bucket)}: is not versioned")
    return found


def buckets_use_a_customer_key(stack: Stack) -> list[str]:
    """Every bucket encrypts with a customer-managed key, except where S3 delivers logs to."""
    encryption, logs = companions(stack, ENCRYPTION), log_buckets(stack)
    found = []
    for bucket in of_type(stack, BUCKET):
        name = physical_name(bucket)
        rules = listed(encryption[name].inputs.get("rules")) if name in encryption else []
        defaults = [rule.get("applyServerSideEncryptionByDefault") or {} for rule in rules]
        if not defaults:
            found.append(f"{named(bucket)}: has no default encryption")
        elif name not in logs and not all(
            item.get("sseAlgorithm") in ("aws:kms", "aws:kms:dsse") and item.get("kmsMasterKeyId")
            for item in defaults
        ):
            found.append(f"{named(bucket)}: is not encrypted with a customer-managed key")
    return found


def buckets_demand_tls(stack: Stack) -> list[str]:
    """Every bucket's policy denies what comes without TLS, to everybody, on the bucket and its objects."""
    policies = companions(stack, POLICY)
    found = []
    for bucket in of_type(stack, BUCKET):
        policy = policies.get(physical_name(bucket))
        if not policy or not any(
            _denies_plain_http(item, physical_name(bucket)) for item in statements(policy)
        ):
            found.append(f"{named(bucket)}: its policy does not deny requests without TLS")
    return found


def _denies_plain_http(statement: Mapping[str, Any], bucket: str) -> bool:
    condition = (statement.get("Condition") or {}).get("Bool") or {}
    everybody = statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
    covered = {str(arn).split(":::", 1)[-1] for arn in listed(statement.get("Resource"))}
    return (
        statement.get("Effect") == "Deny"
        and everybody
        and "s3:*" in listed(statement.get("Action"))
        and str(listed(condition.get("aws:SecureTransport"))[:1]).lower() == "['false']"
        and {bucket, f"{bucket}/*"} <= covered
    )


def key_rotates(resource: Resource) -> list[str]:
    """Every customer-managed key is replaced yearly by KMS."""
    if resource.type == KEY and resource.inputs.get("enableKeyRotation") is not True:
        return ["does not rotate; set enable_key_rotation"]
    return []


def catalog_is_encrypted(resource: Resource) -> list[str]:
    """The Data Catalog, connection passwords included, is encrypted with a customer-managed key."""
    if resource.type != CATALOG:
        return []
    settings = resource.inputs.get("dataCatalogEncryptionSettings") or {}
    rest = settings.get("encryptionAtRest") or {}
    password = settings.get("connectionPasswordEncryption") or {}
    found = []
    if not str(rest.get("catalogEncryptionMode")).startswith("SSE-KMS") or not rest.get("sseAwsKmsKeyId"):
        found.append("does not encrypt the catalog with a customer-managed key")
    if not password.get("returnConnectionPasswordEncrypted") or not password.get("awsKmsKeyId"):
        found.append("does not encrypt connection passwords with a customer-managed key")
    return found


def workgroup_is_enforced(resource: Resource) -> list[str]:
    """No client of Athena can choose where results go, leave them in the clear or scan without end."""
    if resource.type != WORKGROUP:
        return []
    settings = resource.inputs.get("configuration") or {}
    encryption = (settings.get("resultConfiguration") or {}).get("encryptionConfiguration") or {}
    found = []
    if settings.get("enforceWorkgroupConfiguration") is False:
        found.append("lets clients override its settings")
    if encryption.get("encryptionOption") not in ("SSE_KMS", "CSE_KMS") or not encryption.get("kmsKeyArn"):
        found.append("does not encrypt results with a customer-managed key")
    if not settings.get("bytesScannedCutoffPerQuery"):
        found.append("has no limit of bytes scanned per query")
    return found
