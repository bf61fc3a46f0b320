"""The ML centre of excellence's account: roles with clearances, links to products, Athena, SageMaker and a registry.

What the owner shared with the account is passed on here to roles, each at its own clearance. Not here: what the
account may see at all (the LoBs' stacks decide) and the training code (`training/`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components.consumer_access import ConsumerAccess, ConsumerAccessArgs
from components.consumer_workbench import ConsumerWorkbench, ConsumerWorkbenchArgs
from components.dynamic_session import Actor
from components.lake import Granter, lake_settings
from components.share_acceptance import ShareAcceptance
from governance.errors import MeshError
from governance.names import PROCESSING_DATABASE, Names, Place
from governance.settings import ConsumerRole, Subscription

STUDIO_ROLE = "data-scientist"
"""The role that is also the Studio execution role."""
BUILDER_ROLES = (STUDIO_ROLE, "pipeline")
"""Roles that run jobs and register models; other roles only read."""
REVIEWER_ROLES = ("auditor",)
"""Roles that look at models without building them."""


@dataclass(frozen=True, kw_only=True)
class MLConsumerArgs:
    """Inputs of an MLConsumer."""

    consumer: str
    """Name of the consumer in the mesh."""

    place: Place
    """Its account and region."""

    central: Place
    """The governance account."""

    names: Names
    """Physical names of the mesh."""

    levels: Sequence[str]
    """Sensitivity levels from open to closed."""

    admin: Actor
    """The deploy role, Lake Formation administrator of the account."""

    roles: Sequence[ConsumerRole]
    """Roles with their clearances; `data-scientist` and `pipeline` must be among them."""

    subscriptions: Sequence[Subscription]
    """Products read here."""

    shared: pulumi.Input[Any]
    """What the LoBs' stacks say they share; acceptance is repeated when it changes."""

    catalog_key_arn: pulumi.Input[str]
    """Key of the central catalog."""

    users: Sequence[str]
    """Data scientists; each gets a Studio user profile."""

    vpc_id: str
    """VPC of the SageMaker domain."""

    subnet_ids: Sequence[str]
    """Subnets of the SageMaker domain."""

    security_group_ids: Sequence[str]
    """Security groups of Studio apps; the domain has no other way out than the VPC."""

    model_package_group: str
    """Name of the model's package group, without the mesh's prefix."""

    organization_id: str | None = None
    """With an Organization, shares need no acceptance."""

    scan_limit_bytes: int = 10 * 2**30
    """Bytes after which Athena cancels a query."""

    results_expire_days: int = 7
    """Days until query results and other intermediate data are deleted."""

    disposable: bool = False
    """Whether destroying the stack may delete results, models and home directories."""

    tags: Mapping[str, str] = field(default_factory=dict)
    """Added to the provider's default tags."""

    def __post_init__(self) -> None:
        names = [role.name for role in self.roles]
        for needed in BUILDER_ROLES:
            if needed not in names:
                raise MeshError(f"lacks '{needed}'", "MLConsumerArgs.roles")
        for role in self.roles:
            if role.clearance not in self.levels:
                raise MeshError(
                    f"clearance '{role.clearance}' of '{role.name}' is no level", "MLConsumerArgs.roles"
                )


class MLConsumer(pulumi.ComponentResource):
    """Everything an ML team needs to train on governed products."""

    role_arns: dict[str, pulumi.Output[str]]
    resource_links: dict[str, pulumi.Output[str]]
    workgroups: dict[str, pulumi.Output[str]]
    results_bucket: pulumi.Output[str]
    models_bucket: pulumi.Output[str]
    key_arn: pulumi.Output[str]
    processing_database: pulumi.Output[str]
    model_package_group: pulumi.Output[str]
    domain_id: pulumi.Output[str]

    def __init__(self, name: str, args: MLConsumerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mesh:ml:MLConsumer", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = lake_settings(
            f"{name}-lake", [args.admin.role_arn], trusted_owners=[args.central.account_id], opts=child
        )
        ready: list[pulumi.Resource] = [settings]
        if args.organization_id is None and args.subscriptions:
            ready.append(
                ShareAcceptance(
                    f"{name}-shares",
                    actor=args.admin,
                    owner_account=args.central.account_id,
                    expects=args.shared,
                    opts=child,
                )
            )
        workbench = ConsumerWorkbench(
            f"{name}-workbench",
            ConsumerWorkbenchArgs(
                consumer=args.consumer,
                place=args.place,
                central=args.central,
                names=args.names,
                roles=args.roles,
                builders=BUILDER_ROLES,
                reviewers=REVIEWER_ROLES,
                products=[subscription.product for subscription in args.subscriptions],
                catalog_key_arn=args.catalog_key_arn,
                model_package_group=args.model_package_group,
                scan_limit_bytes=args.scan_limit_bytes,
                results_expire_days=args.results_expire_days,
                disposable=args.disposable,
                tags=args.tags,
            ),
            opts=child,
        )
        access = ConsumerAccess(
            f"{name}-access",
            ConsumerAccessArgs(
                consumer=args.consumer,
                place=args.place,
                central=args.central,
                levels=args.levels,
                admin=args.admin,
                roles=args.roles,
                role_arns=workbench.role_arns,
                subscriptions=args.subscriptions,
                after=ready,
                tags=args.tags,
            ),
            opts=child,
        )
        processing = _processing_database(name, args, workbench.role_arns, settings, child)
        domain = _studio(name, args, workbench, child)
        self.role_arns = workbench.role_arns
        self.resource_links = access.resource_links
        self.workgroups = workbench.workgroups
        self.results_bucket = workbench.results_bucket
        self.models_bucket = workbench.models_bucket
        self.key_arn = workbench.key_arn
        self.model_package_group = workbench.model_package_group
        self.processing_database = processing.name
        self.domain_id = domain.id
        self.register_outputs(
            {
                "role_arns": self.role_arns,
                "resource_links": self.resource_links,
                "workgroups": self.workgroups,
                "results_bucket": self.results_bucket,
                "models_bucket": self.models_bucket,
                "key_arn": self.key_arn,
                "processing_database": self.processing_database,
                "model_package_group": self.model_package_group,
                "domain_id": self.domain_id,
            }
        )


def _processing_database(
    name: str,
    args: MLConsumerArgs,
    role_arns: Mapping[str, pulumi.Output[str]],
    settings: pulumi.Resource,
    child: pulumi.ResourceOptions,
) -> aws.glue.CatalogDatabase:
    """SageMaker's Athena inputs make temporary tables here; a role owns the tables it makes and sees no other's."""
    database = aws.glue.CatalogDatabase(
        f"{name}-processing",
        name=PROCESSING_DATABASE,
        description="Temporary tables of SageMaker's Athena dataset inputs",
        tags=dict(args.tags),
        opts=pulumi.ResourceOptions(parent=child.parent, depends_on=[settings]),
    )
    for role in BUILDER_ROLES:
        Granter(
            name=f"{name}-{role}",
            principal=role_arns[role],
            catalog=args.place,
            opts=pulumi.ResourceOptions(parent=child.parent, depends_on=[settings]),
        ).database("processing", database.name, ["CREATE_TABLE", "DESCRIBE"])
    return database


def _studio(
    name: str, args: MLConsumerArgs, workbench: ConsumerWorkbench, child: pulumi.ResourceOptions
) -> aws.sagemaker.Domain:
    """SageMaker domain inside the VPC only, and a profile per data scientist."""
    part = aws.sagemaker
    role = workbench.role_arns[STUDIO_ROLE]
    domain = part.Domain(
        f"{name}-domain",
        domain_name=args.names.domain(args.consumer),
        auth_mode="IAM",
        vpc_id=args.vpc_id,
        subnet_ids=list(args.subnet_ids),
        app_network_access_type="VpcOnly",
        kms_key_id=workbench.key_arn,
        default_user_settings=part.DomainDefaultUserSettingsArgs(
            execution_role=role, security_groups=list(args.security_group_ids)
        ),
        retention_policy=part.DomainRetentionPolicyArgs(
            home_efs_file_system="Delete" if args.disposable else "Retain"
        ),
        tags=dict(args.tags),
        opts=child,
    )
    for user in args.users:
        part.UserProfile(
            f"{name}-user-{user}",
            domain_id=domain.id,
            user_profile_name=user,
            user_settings=part.UserProfileUserSettingsArgs(execution_role=role),
            tags=dict(args.tags),
            opts=child,
        )
    return domain
