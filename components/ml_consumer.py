"""The ML centre of excellence's account: roles with clearances, links to products, Athena, SageMaker and a registry.

What the owner shared with the account is passed on here to roles, each at its own clearance. Not here: what the
account may see at all (the LoBs' stacks decide) and the training code (`training/`).
"""

from __future__ import annotations

import pulumi

from components.consumer_access import ConsumerAccess, ConsumerAccessArgs
from components.consumer_roles import PIPELINE, ConsumerWorkbenchArgs
from components.consumer_sagemaker import processing_database, studio
from components.consumer_workbench import ConsumerWorkbench
from components.feature_store import FeatureStore, FeatureStoreArgs
from components.lake import lake_settings
from components.ml_consumer_args import BUILDER_ROLES, REVIEWER_ROLES, STUDIO_ROLE, MLConsumerArgs
from components.ml_pipeline import MLPipeline, MLPipelineArgs
from components.share_acceptance import ShareAcceptance

__all__ = ["MLConsumer", "MLConsumerArgs"]


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
    feature_groups: dict[str, pulumi.Output[str]]
    """Feature group -> its name in SageMaker."""
    pipeline: dict[str, pulumi.Output[str]]
    """Name and ARN of the training pipeline; empty without one."""

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
                production=args.production,
                lob_accounts=args.lob_accounts,
                subnet_ids=args.subnet_ids,
                security_group_ids=args.security_group_ids,
                studio=STUDIO_ROLE,
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
        processing = processing_database(
            name,
            place=args.place,
            principals={
                role.name: workbench.role_arns[role.name]
                for role in args.roles
                if role.name in (*BUILDER_ROLES, *REVIEWER_ROLES)
            },
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[settings]),
        )
        domain = studio(
            name,
            domain_name=args.names.domain(args.consumer),
            role_arn=workbench.role_arns[STUDIO_ROLE],
            key_arn=workbench.key_arn,
            vpc_id=args.vpc_id,
            subnet_ids=args.subnet_ids,
            security_group_ids=args.security_group_ids,
            users=args.users,
            disposable=args.disposable,
            tags=args.tags,
            opts=child,
        )
        self.pipeline = _pipeline(name, args, workbench, access, child)
        self.feature_groups = _features(name, args, workbench, settings, child)
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
                "pipeline": self.pipeline,
            }
        )


def _features(
    name: str,
    args: MLConsumerArgs,
    workbench: ConsumerWorkbench,
    settings: pulumi.Resource,
    child: pulumi.ResourceOptions,
) -> dict[str, pulumi.Output[str]]:
    """The feature store, where the stack file asks for feature groups."""
    if not args.features:
        return {}
    store = FeatureStore(
        f"{name}-store",
        FeatureStoreArgs(
            consumer=args.consumer,
            place=args.place,
            names=args.names,
            levels=args.levels,
            roles=args.roles,
            role_arns=workbench.role_arns,
            groups=args.features,
            published=args.published,
            key_arn=workbench.key_arn,
            after=[settings],
            disposable=args.disposable,
            tags=args.tags,
        ),
        opts=child,
    )
    return store.groups


def _pipeline(
    name: str,
    args: MLConsumerArgs,
    workbench: ConsumerWorkbench,
    access: ConsumerAccess,
    child: pulumi.ResourceOptions,
) -> dict[str, pulumi.Output[str]]:
    """The training pipeline, where the stack file asks for one; its role waits for its rights."""
    if args.pipeline is None:
        return {}
    product = args.pipeline.product
    made = MLPipeline(
        f"{name}-training",
        MLPipelineArgs(
            pipeline=args.names.pipeline(args.model_package_group),
            region=args.place.region,
            code=args.pipeline,
            role_arn=workbench.role_arns[PIPELINE],
            auditor_role_arn=workbench.role_arns[REVIEWER_ROLES[0]],
            key_arn=workbench.key_arn,
            results_bucket=workbench.results_bucket,
            models_bucket=workbench.models_bucket,
            workgroup=workbench.workgroups[PIPELINE],
            auditor_workgroup=workbench.workgroups[REVIEWER_ROLES[0]],
            database=access.resource_links[product],
            contract_version=args.published[product],
            model_package_group=workbench.model_package_group,
            subnet_ids=args.subnet_ids,
            security_group_ids=args.security_group_ids,
            tags={**args.tags, "data-product": product},
        ),
        opts=child,
    )
    return {"name": made.name, "arn": made.arn}
