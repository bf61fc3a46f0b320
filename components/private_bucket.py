"""A bucket nobody sees by accident: versioned, encrypted, public access blocked, owner enforced.

Not here: who may read it (the caller passes the policy) and access logging (which needs a second bucket).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components.inputs import document_text


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    """Inputs of a PrivateBucket."""

    bucket: str
    """Physical name; other accounts know it beforehand."""

    policy: Mapping[str, Any]
    """Bucket policy document; values in it may be outputs, and the policy then waits for them."""

    key_arn: pulumi.Input[str] | None
    """KMS key; None encrypts with S3's own keys, which log delivery needs."""

    expire_days: int | None = None
    """Days until objects expire; None keeps them."""

    disposable: bool = False
    """Whether destroying the stack may delete the objects."""

    tags: Mapping[str, str] = field(default_factory=dict)
    """Added to the provider's default tags."""


class PrivateBucket(pulumi.ComponentResource):
    """Bucket with versioning, encryption, lifecycle, public access block and policy."""

    name: pulumi.Output[str]
    """The bucket's name as its policy knows it, which comes last: nothing is written before all settings stand."""

    def __init__(
        self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mesh:storage:PrivateBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=args.bucket,
            force_destroy=args.disposable,
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self, protect=not args.disposable or None),
        )
        encryption = {"sse_algorithm": "aws:kms", "kms_master_key_id": args.key_arn} if args.key_arn else {
            "sse_algorithm": "AES256"
        }  # fmt: skip
        settings: Sequence[pulumi.Resource] = [
            aws.s3.BucketOwnershipControls(
                f"{name}-ownership",
                bucket=bucket.bucket,
                rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
                opts=child,
            ),
            aws.s3.BucketVersioning(
                f"{name}-versioning",
                bucket=bucket.bucket,
                versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
                opts=child,
            ),
            aws.s3.BucketServerSideEncryptionConfiguration(
                f"{name}-encryption",
                bucket=bucket.bucket,
                rules=[
                    aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                        apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                            **encryption
                        ),
                        bucket_key_enabled=args.key_arn is not None,
                    )
                ],
                opts=child,
            ),
            aws.s3.BucketLifecycleConfiguration(
                f"{name}-lifecycle", bucket=bucket.bucket, rules=_lifecycle(args.expire_days), opts=child
            ),
        ]
        block = aws.s3.BucketPublicAccessBlock(
            f"{name}-public-access",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        # S3 answers OperationAborted when two of a bucket's settings change at once, and whoever waits for the policy waits
        # for all of them.
        policy = aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.bucket,
            policy=document_text(args.policy),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*settings, block]),
        )
        self.name = policy.bucket
        self.register_outputs({"name": self.name})


def _lifecycle(expire_days: int | None) -> list[aws.s3.BucketLifecycleConfigurationRuleArgs]:
    """Abandoned uploads go after a week, replaced versions after thirty days, objects when told."""
    rule = aws.s3.BucketLifecycleConfigurationRuleArgs
    everything = aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="")
    rules = [
        rule(
            id="leftovers",
            status="Enabled",
            filter=everything,
            abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=7
            ),
            noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=min(30, expire_days or 30)
            ),
        )
    ]
    if expire_days:
        rules.append(
            rule(
                id="expire",
                status="Enabled",
                filter=everything,
                expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=expire_days),
            )
        )
    return rules
