"""A consumer account's tools: key, buckets that clean up after themselves, Athena workgroups, roles, model registry.

IAM is half of every read; the other half, Lake Formation grants, is `consumer_access`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.consumer_documents import builder_policy, model_reader_policy, reader_policy
from components.documents import (
    Document,
    Statement,
    analyst_trust,
    document,
    key_policy,
    logs_key_use,
    tls_only,
)
from components.job_documents import evaluator_policy, job_policy, pipeline_policy, studio_policy
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from components.serving_documents import (
    artefact_decryption,
    artefact_reads,
    registry_policy,
    serving_places,
)
from governance.names import Names, Place
from governance.settings import ConsumerRole

PIPELINE = "pipeline"
"""The role that pipelines run as."""


@dataclass(frozen=True, kw_only=True)
class ConsumerWorkbenchArgs:
    """Inputs of a ConsumerWorkbench."""

    consumer: str
    """Name of the consumer in the mesh."""

    place: Place
    """Its account and region."""

    central: Place
    """Account that owns the catalog."""

    names: Names
    """Physical names of the mesh."""

    roles: Sequence[ConsumerRole]
    """Roles to make."""

    builders: Sequence[str]
    """Those of them that run jobs and register models."""

    reviewers: Sequence[str]
    """Those of them that look at models only."""

    products: Sequence[str]
    """Subscribed products."""

    catalog_key_arn: pulumi.Input[str]
    """Key of the central catalog."""

    model_package_group: str
    """Name of the model package group, without the mesh's prefix."""

    scan_limit_bytes: int
    """Bytes after which Athena cancels a query."""

    results_expire_days: int
    """Days until query results are deleted."""

    disposable: bool
    """Whether destroying the stack may delete results and models."""

    tags: Mapping[str, str]
    """Tags of everything here."""

    subnet_ids: Sequence[str] = ()
    """Subnets that jobs run in."""

    security_group_ids: Sequence[str] = ()
    """Security groups of jobs."""

    studio: str = ""
    """The role that Studio works as."""

    production: Mapping[str, str] = field(default_factory=dict)
    """Serving -> account that may deploy models of the group."""


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
        if servings:
            physical = args.names.model_package_group(args.model_package_group)
            aws.sagemaker.ModelPackageGroupPolicy(
                f"{name}-models-policy",
                model_package_group_name=group.model_package_group_name,
                resource_policy=json.dumps(registry_policy(args.place, physical, servings)),
                opts=child,
            )
        workgroups = {
            role.name: _workgroup(name, args, role, self.results_bucket, key, child) for role in args.roles
        }
        self.workgroups = {role: workgroup.name for role, workgroup in workgroups.items()}
        self.role_arns = {
            role.name: self._role(name, args, role, workgroups[role.name]) for role in args.roles
        }
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

    def _role(
        self, name: str, args: ConsumerWorkbenchArgs, role: ConsumerRole, workgroup: aws.athena.Workgroup
    ) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self)
        made = aws.iam.Role(
            f"{name}-{role.name}",
            name=args.names.consumer_role(role.name),
            description=f"{role.name} of {args.consumer}, cleared for {role.clearance}",
            assume_role_policy=json.dumps(analyst_trust(args.place)),
            tags=dict(args.tags),
            opts=child,
        )
        buckets = {
            purpose: args.place.bucket_arn(args.names.consumer_bucket(args.consumer, purpose, args.place))
            for purpose in ("results", "models")
        }
        reading = reader_policy(
            args.place,
            args.central,
            args.products,
            workgroup_arn=workgroup.arn,
            results_arn=buckets["results"],
            role=role.name,
            key_arn=self.key_arn,
            catalog_key_arn=args.catalog_key_arn,
        )
        read = aws.iam.RolePolicy(
            f"{name}-{role.name}-read", role=made.name, policy=pulumi.Output.json_dumps(reading), opts=child
        )
        policies = [read]
        policies += [
            aws.iam.RolePolicy(
                f"{name}-{role.name}-{what}",
                role=made.name,
                policy=pulumi.Output.json_dumps(policy),
                opts=child,
            )
            for what, policy in self._further(args, role.name, buckets["models"]).items()
        ]
        # Whoever uses the role's ARN waits until the role may do what it is for.
        return pulumi.Output.all(made.arn, *(policy.id for policy in policies)).apply(
            lambda values: str(values[0])
        )

    def _further(self, args: ConsumerWorkbenchArgs, role: str, models_arn: str) -> dict[str, Document]:
        """What a role does besides reading: run jobs, build models, judge and approve them, work in Studio."""
        place, found = args.place, dict[str, Document]()
        if role in (*args.builders, *args.reviewers):
            found["jobs"] = job_policy(
                place, key_arn=self.key_arn,
                subnet_ids=args.subnet_ids, security_group_ids=args.security_group_ids,
            )  # fmt: skip
        if role in args.builders:
            found["build"] = builder_policy(place, args.names, args.model_package_group, models_arn, role)
        if role == PIPELINE:
            auditors = [name for name in args.reviewers if name in {item.name for item in args.roles}]
            for auditor in auditors:
                auditor_arn = place.role_arn(args.names.consumer_role(auditor))
                found["evaluate"] = pipeline_policy(
                    place, auditor_arn=auditor_arn, auditor=auditor, models_arn=models_arn
                )
        if role in args.reviewers:
            group = args.names.model_package_group(args.model_package_group)
            found["review"] = model_reader_policy(models_arn)
            found["approve"] = evaluator_policy(place, group=group, auditor=role, models_arn=models_arn)
        if role == args.studio:
            found["studio"] = studio_policy(place)
        return found


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
