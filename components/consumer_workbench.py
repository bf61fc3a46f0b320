"""A consumer account's tools: key, buckets that clean up after themselves, Athena workgroups, roles, model registry.

IAM is half of every read; the other half, Lake Formation grants, is `consumer_access`.
"""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from components.consumer_roles import ConsumerRoles, ConsumerWorkbenchArgs
from components.documents import (
    Statement,
    document,
    key_policy,
    logs_key_use,
    tls_only,
)
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from components.serving_documents import (
    artefact_decryption,
    artefact_reads,
    registry_policy,
    serving_places,
)
from governance.settings import ConsumerRole


class ConsumerWorkbench(pulumi.ComponentResource):
    """Key, results and models buckets, model package group, and per role its workgroup and policies."""

    role_arns: dict[str, pulumi.Output[str]]
    workgroups: dict[str, pulumi.Output[str]]
    results_bucket: pulumi.Output[str]
    models_bucket: pulumi.Output[str]
    key_arn: pulumi.Output[str]
    model_package_group: pulumi.Output[str]

    def __init__(
        self, name: str, args: ConsumerWorkbenchArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mesh:ml:ConsumerWorkbench", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        servings = serving_places(args.place, args.production)
        models_arn = args.place.bucket_arn(args.names.consumer_bucket(args.consumer, "models", args.place))
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Encrypts query results and models of {args.consumer}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=json.dumps(
                key_policy(
                    args.place,
                    logs_key_use(args.place),
                    artefact_decryption(args.place, models_arn, args.names, servings),
                )
            ),
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self, protect=not args.disposable or None),
        )
        alias = f"alias/{args.names.namespace}-{args.consumer}"
        aws.kms.Alias(f"{name}-key-alias", name=alias, target_key_id=key.key_id, opts=child)
        self.key_arn = key.arn
        # Query results are copies of governed data outside Lake Formation, so they expire; models are kept.
        self.results_bucket = self._bucket(name, args, "results", args.results_expire_days)
        self.models_bucket = self._bucket(
            name, args, "models", None, artefact_reads(models_arn, args.names, servings)
        )
        group = aws.sagemaker.ModelPackageGroup(
            f"{name}-models",
            model_package_group_name=args.names.model_package_group(args.model_package_group),
            model_package_group_description=f"Models of {args.consumer} trained on governed data products",
            tags=dict(args.tags),
            opts=child,
        )
        self.model_package_group = group.model_package_group_name
        if servings or args.lob_accounts:
            physical = args.names.model_package_group(args.model_package_group)
            aws.sagemaker.ModelPackageGroupPolicy(
                f"{name}-models-policy",
                model_package_group_name=group.model_package_group_name,
                resource_policy=pulumi.Output.from_input(list(args.lob_accounts)).apply(
                    lambda lobs: json.dumps(
                        registry_policy(args.place, physical, servings, [str(lob) for lob in lobs])
                    )
                ),
                opts=child,
            )
        workgroups = {
            role.name: _workgroup(name, args, role, self.results_bucket, key, child) for role in args.roles
        }
        self.workgroups = {role: workgroup.name for role, workgroup in workgroups.items()}
        self.role_arns = ConsumerRoles(name, args, workgroups, self.key_arn, child).arns
        self.register_outputs(
            {
                "role_arns": self.role_arns,
                "workgroups": self.workgroups,
                "results_bucket": self.results_bucket,
                "models_bucket": self.models_bucket,
                "key_arn": self.key_arn,
                "model_package_group": self.model_package_group,
            }
        )

    def _bucket(
        self,
        name: str,
        args: ConsumerWorkbenchArgs,
        purpose: str,
        expire_days: int | None,
        readers: Statement | None = None,
    ) -> pulumi.Output[str]:
        bucket = args.names.consumer_bucket(args.consumer, purpose, args.place)
        return PrivateBucket(
            f"{name}-{purpose}",
            PrivateBucketArgs(
                bucket=bucket,
                policy=document(tls_only(args.place.bucket_arn(bucket)), readers),
                key_arn=self.key_arn,
                expire_days=expire_days,
                disposable=args.disposable,
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        ).name


def _workgroup(
    name: str,
    args: ConsumerWorkbenchArgs,
    role: ConsumerRole,
    results_bucket: pulumi.Output[str],
    key: aws.kms.Key,
    opts: pulumi.ResourceOptions,
) -> aws.athena.Workgroup:
    """Clients cannot send results elsewhere, leave them in the clear or scan without end.

    One per role, because a workgroup has one place for results and roles of different clearance must not share it.
    """
    part = aws.athena
    return part.Workgroup(
        f"{name}-{role.name}-workgroup",
        name=args.names.workgroup(args.consumer, role.name),
        description=f"Governed queries of {args.consumer}'s {role.name}",
        force_destroy=args.disposable,
        configuration=part.WorkgroupConfigurationArgs(
            enforce_workgroup_configuration=True,
            publish_cloudwatch_metrics_enabled=True,
            bytes_scanned_cutoff_per_query=args.scan_limit_bytes,
            result_configuration=part.WorkgroupConfigurationResultConfigurationArgs(
                output_location=pulumi.Output.concat("s3://", results_bucket, f"/{role.name}/athena/"),
                encryption_configuration=part.WorkgroupConfigurationResultConfigurationEncryptionConfigurationArgs(
                    encryption_option="SSE_KMS", kms_key_arn=key.arn
                ),
            ),
        ),
        tags=dict(args.tags),
        opts=opts,
    )
