"""A product's data in the LoB's account: key, buckets and the curation job from raw to curated.

Not here: anything in the central catalog, and the crawler.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.documents import (
    OPEN_PREFIX,
    key_policy,
    key_use,
    log_bucket_policy,
    logs_key_use,
    product_bucket_policy,
    service_trust,
)
from components.inputs import document_text, s3_url
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from components.role_documents import USE_KEY, curation_policy
from functions.bundle import curation_script
from governance.contracts import Contract
from governance.names import Names, Place, link_name

PYTHON_MODULES = "pyarrow==17.0.0,duckdb==1.1.3"
"""What the script needs beside boto3 in Glue's Python shell (Python 3.9); the last releases for that Python."""
JOB_TIMEOUT_MINUTES = 60
SCRIPT_KEY = f"{OPEN_PREFIX}/curation.py"
SPEC_KEY = f"{OPEN_PREFIX}/contract.json"


@dataclass(frozen=True, kw_only=True)
class ProductStorageArgs:
    """Inputs of a ProductStorage."""

    contract: Contract
    """Compiled into the job's specification."""

    place: Place
    """The LoB's account and region."""

    central: Place
    """The governance account."""

    names: Names
    """Physical names of the mesh."""

    registration_role_arn: str
    """Central role that Lake Formation reads the data with."""

    catalog_key_arn: pulumi.Input[str]
    """Key of the central catalog, which the job needs to write its figures there."""

    schedule: str | None
    """Glue cron expression, or None."""

    disposable: bool
    """Whether destroying the stack may delete data."""

    tags: Mapping[str, str]
    """Tags of everything here."""


class ProductStorage(pulumi.ComponentResource):
    """Key, data bucket, log bucket, curation role, job and schedule."""

    bucket: pulumi.Output[str]
    key_arn: pulumi.Output[str]
    curation_job: pulumi.Output[str]
    curation_role_arn: pulumi.Output[str]
    security_configuration: pulumi.Output[str]

    def __init__(
        self, name: str, args: ProductStorageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mesh:products:ProductStorage", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        product = args.contract.product
        role_name = args.names.curation_role(product)
        key = _key(name, args, child)
        role = aws.iam.Role(
            f"{name}-curation",
            name=role_name,
            description=f"Curates the data product {product}",
            assume_role_policy=json.dumps(
                service_trust("glue.amazonaws.com", account_id=args.place.account_id)
            ),
            tags=dict(args.tags),
            opts=child,
        )
        bucket = _buckets(name, args, key, role, child)
        policy = aws.iam.RolePolicy(
            f"{name}-curation-policy",
            role=role.name,
            policy=document_text(
                curation_policy(
                    args.place.bucket_arn(args.names.product_bucket(product, args.place)),
                    key.arn,
                    args.place,
                    args.central,
                    product,
                    args.catalog_key_arn,
                )
            ),
            opts=child,
        )
        security = _job_security(name, args, key, child)
        job = _job(name, args, bucket, role, security, policy, self)
        if args.schedule:
            aws.glue.Trigger(
                f"{name}-schedule",
                name=args.names.curation_job(product),
                type="SCHEDULED",
                schedule=args.schedule,
                actions=[aws.glue.TriggerActionArgs(job_name=job.name)],
                tags=dict(args.tags),
                opts=child,
            )
        self.bucket = bucket
        self.key_arn = key.arn
        self.curation_job = job.name
        self.curation_role_arn = role.arn
        self.security_configuration = security.name
        self.register_outputs(
            {
                "bucket": self.bucket,
                "key_arn": self.key_arn,
                "curation_job": self.curation_job,
                "curation_role_arn": self.curation_role_arn,
                "security_configuration": self.security_configuration,
            }
        )


def _key(name: str, args: ProductStorageArgs, opts: pulumi.ResourceOptions) -> aws.kms.Key:
    """One key per product, so that closing one product closes nothing else."""
    lake_formation = key_use(
        "LakeFormation",
        [args.registration_role_arn],
        USE_KEY,
        StringEquals={"kms:ViaService": f"s3.{args.place.region}.amazonaws.com"},
    )
    key = aws.kms.Key(
        f"{name}-key",
        description=f"Encrypts the data product {args.contract.product}",
        enable_key_rotation=True,
        deletion_window_in_days=30,
        policy=json.dumps(key_policy(args.place, lake_formation, logs_key_use(args.place))),
        tags=dict(args.tags),
        opts=pulumi.ResourceOptions(parent=opts.parent, protect=not args.disposable or None),
    )
    alias = f"alias/{args.names.namespace}-{args.contract.product}"
    aws.kms.Alias(f"{name}-key-alias", name=alias, target_key_id=key.key_id, opts=opts)
    return key


def _buckets(
    name: str, args: ProductStorageArgs, key: aws.kms.Key, role: aws.iam.Role, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """The data bucket, and beside it the one its access logs go to."""
    product = args.contract.product
    bucket_name = args.names.product_bucket(product, args.place)
    bucket_arn = args.place.bucket_arn(bucket_name)
    log_name = args.names.log_bucket(product, args.place)
    logs = PrivateBucket(
        f"{name}-logs",
        PrivateBucketArgs(
            bucket=log_name,
            policy=log_bucket_policy(args.place.bucket_arn(log_name), bucket_arn, args.place.account_id),
            key_arn=None,
            expire_days=365,
            disposable=args.disposable,
            tags=args.tags,
        ),
        opts=opts,
    )
    # S3 refuses a policy that names a role which does not exist yet: the central one stands, this one is an output.
    data = PrivateBucket(
        f"{name}-data",
        PrivateBucketArgs(
            bucket=bucket_name,
            policy=product_bucket_policy(bucket_arn, args.registration_role_arn, role.arn),
            key_arn=key.arn,
            disposable=args.disposable,
            tags=args.tags,
        ),
        opts=opts,
    )
    aws.s3.BucketLogging(
        f"{name}-logging", bucket=data.name, target_bucket=logs.name, target_prefix=f"{product}/", opts=opts
    )
    return data.name


def _job_security(
    name: str, args: ProductStorageArgs, key: aws.kms.Key, opts: pulumi.ResourceOptions
) -> aws.glue.SecurityConfiguration:
    """Logs, bookmarks and objects that Glue writes are encrypted with the product's key."""
    part = aws.glue
    return part.SecurityConfiguration(
        f"{name}-security",
        name=args.names.curation_job(args.contract.product),
        encryption_configuration=part.SecurityConfigurationEncryptionConfigurationArgs(
            cloudwatch_encryption=part.SecurityConfigurationEncryptionConfigurationCloudwatchEncryptionArgs(
                cloudwatch_encryption_mode="SSE-KMS", kms_key_arn=key.arn
            ),
            job_bookmarks_encryption=part.SecurityConfigurationEncryptionConfigurationJobBookmarksEncryptionArgs(
                job_bookmarks_encryption_mode="CSE-KMS", kms_key_arn=key.arn
            ),
            s3_encryption=part.SecurityConfigurationEncryptionConfigurationS3EncryptionArgs(
                s3_encryption_mode="SSE-KMS", kms_key_arn=key.arn
            ),
        ),
        opts=opts,
    )


def _job(
    name: str,
    args: ProductStorageArgs,
    bucket: pulumi.Output[str],
    role: aws.iam.Role,
    security: aws.glue.SecurityConfiguration,
    policy: aws.iam.RolePolicy,
    parent: pulumi.Resource,
) -> aws.glue.Job:
    """The curation job: one script for all products, told by the compiled contract what to do."""
    product = args.contract.product
    opts = pulumi.ResourceOptions(parent=parent, depends_on=[policy])
    script = aws.s3.BucketObjectv2(
        f"{name}-script",
        bucket=bucket,
        key=SCRIPT_KEY,
        content=curation_script(),
        content_type="text/x-python",
        tags=dict(args.tags),
        opts=opts,
    )
    spec = aws.s3.BucketObjectv2(
        f"{name}-spec",
        bucket=bucket,
        key=SPEC_KEY,
        content=json.dumps(args.contract.to_job_spec(), sort_keys=True),
        content_type="application/json",
        tags=dict(args.tags),
        opts=opts,
    )
    known = args.names.product_bucket(product, args.place)  # as text; what it stands for, the job waits for
    return aws.glue.Job(
        f"{name}-job",
        name=args.names.curation_job(product),
        description=f"Curates {product}: decode, check against the contract, publish or quarantine",
        role_arn=role.arn,
        command=aws.glue.JobCommandArgs(
            name="pythonshell", python_version="3.9", script_location=s3_url(known, SCRIPT_KEY)
        ),
        default_arguments={
            "--spec": s3_url(known, SPEC_KEY),
            "--bucket": known,
            "--database": link_name(product),
            "--additional-python-modules": PYTHON_MODULES,
        },
        max_capacity=1.0,
        timeout=JOB_TIMEOUT_MINUTES,
        execution_property=aws.glue.JobExecutionPropertyArgs(max_concurrent_runs=1),
        security_configuration=security.name,
        tags=dict(args.tags),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[policy, script, spec]),
    )
