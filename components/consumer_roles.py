"""The roles of a consumer account: who reads, who runs jobs, who builds models and who judges them, by IAM alone.

Owns the roles and their policies, and what the workbench is given. What Lake Formation lets them read is
`consumer_access`, and what the documents say `consumer_documents` and `job_documents`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.consumer_documents import builder_policy, model_reader_policy, reader_policy
from components.documents import Document, analyst_trust
from components.job_documents import evaluator_policy, job_policy, pipeline_policy, studio_policy
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

    lob_accounts: Sequence[pulumi.Input[str]] = ()
    """Accounts of the LoBs whose products are read here; they may see what was trained on them."""


class ConsumerRoles:
    """Makes the roles of a workbench; `arns` are known once the roles may do what they are for."""

    def __init__(
        self,
        name: str,
        args: ConsumerWorkbenchArgs,
        workgroups: Mapping[str, aws.athena.Workgroup],
        key_arn: pulumi.Output[str],
        child: pulumi.ResourceOptions,
    ) -> None:
        self.name, self.args, self.key_arn, self.child = name, args, key_arn, child
        self.jobs = self._jobs()
        self.arns = {role.name: self._role(role, workgroups[role.name]) for role in args.roles}

    def _role(self, role: ConsumerRole, workgroup: aws.athena.Workgroup) -> pulumi.Output[str]:
        name, args = f"{self.name}-{role.name}", self.args
        made = aws.iam.Role(
            name,
            name=args.names.consumer_role(role.name),
            description=f"{role.name} of {args.consumer}, cleared for {role.clearance}",
            assume_role_policy=json.dumps(analyst_trust(args.place)),
            tags=dict(args.tags),
            opts=self.child,
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
        policies = {"read": reading, **self._further(role.name, buckets["models"])}
        ready = [
            aws.iam.RolePolicy(
                f"{name}-{what}", role=made.name, policy=pulumi.Output.json_dumps(policy), opts=self.child
            ).id
            for what, policy in policies.items()
        ]
        if role.name in (*args.builders, *args.reviewers):
            attached = aws.iam.RolePolicyAttachment(
                f"{name}-jobs", role=made.name, policy_arn=self.jobs.arn, opts=self.child
            )
            ready.append(attached.id)
        # Whoever uses the role's ARN waits until the role may do what it is for.
        return pulumi.Output.all(made.arn, *ready).apply(lambda values: str(values[0]))

    def _jobs(self) -> aws.iam.Policy:
        """What every job needs, whoever runs it: one managed policy, as a role's own ones have little room."""
        args = self.args
        policy = job_policy(
            args.place, key_arn=self.key_arn,
            subnet_ids=args.subnet_ids, security_group_ids=args.security_group_ids,
        )  # fmt: skip
        return aws.iam.Policy(
            f"{self.name}-jobs",
            name=f"{args.names.namespace}-{args.consumer}-jobs",
            description=f"What SageMaker jobs of {args.consumer} need of its network, key and logs",
            policy=pulumi.Output.json_dumps(policy),
            tags=dict(args.tags),
            opts=self.child,
        )

    def _further(self, role: str, models_arn: str) -> dict[str, Document]:
        """What a role does besides reading and running jobs: build models, judge and approve them, work in Studio."""
        args, place, found = self.args, self.args.place, dict[str, Document]()
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
