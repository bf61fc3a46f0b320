"""Table entries for keys, identities and buckets (KMS, IAM, S3).

Property names are those of pulumi-aws 7. Deliberately not here: anything irregular (hooks).
"""

from __future__ import annotations

from collections.abc import Mapping

from local.engine import hooks_storage as hooks
from local.engine.api import ALL, Api

_ROLE = {"RoleName": "{name}"}
_BUCKET = {"Bucket": "{bucket}"}
_BUCKET_ONLY = frozenset({"bucket", "expectedBucketOwner"})


def _bucket_part(
    put: str,
    delete: str,
    wrap: str,
    *,
    rename: Mapping[str, str] | None = None,
    ignore: frozenset[str] = frozenset(),
) -> Api:
    """A sub-resource of a bucket: one put, one delete, addressed by the bucket's name."""
    return Api(
        service="s3",
        create=put,
        update=put,
        delete=delete,
        id="{bucket}",
        wrap=wrap,
        top=("bucket", "expectedBucketOwner"),
        rename=rename or {},
        ignore=ignore,
        delete_keys=_BUCKET,
        replace=_BUCKET_ONLY,
    )


TABLE: Mapping[str, Api] = {
    "aws:kms/key:Key": Api(
        service="kms",
        create="create_key",
        delete="schedule_key_deletion",
        id="{uuid}",
        outputs={"keyId": "{id}", "arn": "arn:aws:kms:{region}:{account}:key/{id}"},
        response={"id": "KeyMetadata.KeyId", "keyId": "KeyMetadata.KeyId", "arn": "KeyMetadata.Arn"},
        rename={
            "customerMasterKeySpec": "KeySpec",
            "bypassPolicyLockoutSafetyCheck": "BypassPolicyLockoutSafetyCheck",
        },
        ignore=frozenset({"deletionWindowInDays", "enableKeyRotation", "isEnabled", "rotationPeriodInDays"}),
        delete_keys={"KeyId": "{id}"},
        replace=frozenset(
            {"customerMasterKeySpec", "keyUsage", "multiRegion", "customKeyStoreId", "xksKeyId"}
        ),
        tags="kms",
        finish=hooks.key_settings,
        on_update=hooks.update_key,
        on_delete=hooks.key_deletion_window,
    ),
    "aws:kms/alias:Alias": Api(
        service="kms",
        create="create_alias",
        update="update_alias",
        delete="delete_alias",
        name="name",
        prefix="alias/",
        rename={"name": "AliasName"},
        outputs={
            "arn": "arn:aws:kms:{region}:{account}:{name}",
            "targetKeyArn": "arn:aws:kms:{region}:{account}:key/{targetKeyId}",
        },
        delete_keys={"AliasName": "{name}"},
        replace=frozenset({"name"}),
    ),
    "aws:iam/role:Role": Api(
        service="iam",
        create="create_role",
        delete="delete_role",
        name="name",
        rename={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
        defaults={"path": "/", "maxSessionDuration": 3600},
        outputs={"arn": "arn:aws:iam::{account}:role{path}{name}", "uniqueId": "AROA{hash}"},
        response={"uniqueId": "Role.RoleId"},
        ignore=frozenset({"forceDetachPolicies", "inlinePolicies", "managedPolicyArns"}),
        delete_keys=_ROLE,
        replace=frozenset({"name", "path"}),
        tags="iam-role",
        finish=hooks.role_policies,
        on_update=hooks.update_role,
        on_delete=hooks.empty_role,
    ),
    "aws:iam/policy:Policy": Api(
        service="iam",
        create="create_policy",
        delete="delete_policy",
        name="name",
        id="{arn}",
        rename={"name": "PolicyName", "policy": "PolicyDocument"},
        defaults={"path": "/"},
        outputs={"arn": "arn:aws:iam::{account}:policy{path}{name}"},
        delete_keys={"PolicyArn": "{arn}"},
        replace=ALL,
        tags="iam-policy",
    ),
    "aws:iam/rolePolicy:RolePolicy": Api(
        service="iam",
        create="put_role_policy",
        update="put_role_policy",
        delete="delete_role_policy",
        name="name",
        id="{role}:{name}",
        rename={"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"},
        delete_keys={"RoleName": "{role}", "PolicyName": "{name}"},
        replace=frozenset({"name", "role"}),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Api(
        service="iam",
        create="attach_role_policy",
        delete="detach_role_policy",
        id="{role}/{policyArn}",
        rename={"role": "RoleName"},
        delete_keys={"RoleName": "{role}", "PolicyArn": "{policyArn}"},
        replace=ALL,
    ),
    "aws:s3/bucket:Bucket": Api(
        service="s3",
        create="create_bucket",
        delete="delete_bucket",
        name="bucket",
        id="{bucket}",
        rename={"objectLockEnabled": "ObjectLockEnabledForBucket"},
        outputs={
            "arn": "arn:aws:s3:::{bucket}",
            "bucketDomainName": "{bucket}.s3.amazonaws.com",
            "bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com",
            "bucketRegion": "{region}",
        },
        ignore=frozenset({"forceDestroy", "tags"}),
        delete_keys=_BUCKET,
        replace=frozenset({"bucket", "objectLockEnabled"}),
        tags="s3",
        prepare=hooks.bucket_location,
        finish=hooks.bucket_tags,
        on_update=hooks.bucket_tags,
        on_delete=hooks.empty_bucket,
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Api(
        service="s3",
        create="put_bucket_versioning",
        update="put_bucket_versioning",
        id="{bucket}",
        rename={"versioningConfiguration.mfaDelete": "MFADelete"},
        replace=_BUCKET_ONLY,
        on_delete=hooks.suspend_versioning,
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _bucket_part(
        "put_bucket_encryption", "delete_bucket_encryption", "ServerSideEncryptionConfiguration"
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _bucket_part(
        "put_public_access_block",
        "delete_public_access_block",
        "PublicAccessBlockConfiguration",
        ignore=frozenset({"skipDestroy"}),
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _bucket_part(
        "put_bucket_ownership_controls", "delete_bucket_ownership_controls", "OwnershipControls"
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _bucket_part("put_bucket_policy", "delete_bucket_policy", ""),
    "aws:s3/bucketLogging:BucketLogging": Api(
        service="s3",
        create="put_bucket_logging",
        update="put_bucket_logging",
        id="{bucket}",
        wrap="BucketLoggingStatus.LoggingEnabled",
        top=("bucket", "expectedBucketOwner"),
        defaults={"targetPrefix": ""},
        replace=_BUCKET_ONLY,
        on_delete=hooks.stop_logging,
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Api(
        service="s3",
        create="put_bucket_lifecycle_configuration",
        update="put_bucket_lifecycle_configuration",
        delete="delete_bucket_lifecycle",
        id="{bucket}",
        rename={"rules": "LifecycleConfiguration.Rules"},
        ignore=frozenset({"timeouts"}),
        delete_keys=_BUCKET,
        replace=_BUCKET_ONLY,
        prepare=hooks.lifecycle_filters,
    ),
    "aws:s3/bucketNotification:BucketNotification": Api(
        service="s3",
        create="put_bucket_notification_configuration",
        update="put_bucket_notification_configuration",
        id="{bucket}",
        wrap="NotificationConfiguration",
        top=("bucket",),
        rename={
            "eventbridge": "EventBridgeConfiguration",
            "queues": "QueueConfigurations",
            "topics": "TopicConfigurations",
            "lambdaFunctions": "LambdaFunctionConfigurations",
        },
        replace=_BUCKET_ONLY,
        on_delete=hooks.stop_notifications,
    ),
    **{
        f"aws:s3/{token[0].lower()}{token[1:]}:{token}": Api(
            service="s3",
            create="put_object",
            update="put_object",
            delete="delete_object",
            id="{key}",
            outputs={"arn": "arn:aws:s3:::{bucket}/{key}"},
            response={"versionId": "VersionId", "etag": "ETag"},
            rename={"kmsKeyId": "SSEKMSKeyId", "websiteRedirect": "WebsiteRedirectLocation", "acl": "ACL"},
            ignore=frozenset(
                {
                    "content",
                    "contentBase64",
                    "source",
                    "sourceHash",
                    "etag",
                    "forceDestroy",
                    "tags",
                    "overrideProvider",
                }
            ),
            delete_keys={"Bucket": "{bucket}", "Key": "{key}"},
            replace=frozenset({"bucket", "key"}),
            tags="s3-object",
            prepare=hooks.object_body,
            on_delete=hooks.delete_versions,
        )
        for token in ("BucketObjectv2", "BucketObject")
    },
}
