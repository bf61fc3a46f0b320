"""One function per stack role: settings in, components up, exports out.

Everything a stack needs from another comes through `StackReference.require_output` and the exports contract.
"""

from __future__ import annotations

from typing import Any

import pulumi

from components.central_catalog import CentralCatalog, CentralCatalogArgs
from components.data_product import DataProduct, DataProductArgs
from components.lake import lake_settings
from components.ml_consumer import MLConsumer, MLConsumerArgs
from components.ml_pipeline import PipelineCode
from components.model_serving import ModelServing, ModelServingArgs
from components.providers import account_provider, deploy_actor
from governance.contracts.record import EXPORT, write_record
from governance.errors import MeshError
from governance.features import export as feature_export
from governance.settings import (
    CentralSettings,
    Common,
    ConsumerSettings,
    ProducerSettings,
    ProductionSettings,
    Settings,
)


def deploy(settings: Settings, pipeline: PipelineCode | None = None) -> dict[str, Any]:
    """Declare one stack's resources and return what it exports; a consumer deploys the training pipeline given."""
    match settings:
        case CentralSettings():
            return _central(settings)
        case ProducerSettings():
            return _producer(settings)
        case ConsumerSettings():
            return _consumer(settings, pipeline)
        case ProductionSettings():
            return _production(settings)


def reference(stack: str) -> pulumi.StackReference:
    """Another stack of this project by its name, or any stack by its full `organization/project/stack` name."""
    full = stack if "/" in stack else f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
    return pulumi.StackReference(full, stack_name=full)


def _options(settings: Common, unit: str, role_arn: str | None = None) -> pulumi.ResourceOptions:
    """Options of a stack's top component: its account's provider."""
    provider = account_provider(
        settings.role,
        place=settings.place,
        role_arn=role_arn or settings.place.role_arn(settings.deploy_role),
        external_id=settings.external_id,
        tags=settings.default_tags(unit),
        endpoint=settings.endpoint,
    )
    return pulumi.ResourceOptions(providers=[provider])


def _central(settings: CentralSettings) -> dict[str, Any]:
    catalog = CentralCatalog(
        "catalog",
        CentralCatalogArgs(
            place=settings.place,
            names=settings.names,
            admins=[settings.place.role_arn(settings.deploy_role)],
            lobs=settings.lobs,
            consumer_accounts=sorted(settings.consumers.values()),
            levels=settings.levels,
            organization_id=settings.organization_id,
            existing_catalog_policy=settings.catalog_policy,
            external_id=settings.external_id,
            disposable=not settings.protect,
        ),
        opts=_options(settings, "governance"),
    )
    return {
        "accountId": settings.place.account_id,
        "region": settings.place.region,
        "catalogKeyArn": catalog.catalog_key_arn,
        "eventBusArn": catalog.event_bus_arn,
        "stewardRoleArns": catalog.steward_role_arns,
        "registrationRoleArns": catalog.registration_role_arns,
        "databases": catalog.databases,
    }


def _producer(settings: ProducerSettings) -> dict[str, Any]:
    options = _options(settings, settings.lob)
    central = reference(settings.central_stack)
    # The steward's ARN is an output of the central stack, so that nothing here runs before the LoB is onboarded there.
    steward_arn = central.require_output("stewardRoleArns").apply(lambda arns: _of(arns, settings.lob, "LoB"))
    steward = account_provider(
        "steward",
        place=settings.central,
        role_arn=steward_arn,
        external_id=settings.external_id,
        tags=settings.default_tags(settings.lob),
        endpoint=settings.endpoint,
    )
    lake = lake_settings(
        "producer-lake",
        [settings.place.role_arn(settings.deploy_role)],
        trusted_owners=[settings.central.account_id],
        opts=pulumi.ResourceOptions(provider=options.providers[0]),  # type: ignore[index]
    )
    admin = deploy_actor(
        place=settings.place,
        role=settings.deploy_role,
        external_id=settings.external_id,
        endpoint=settings.endpoint,
    )
    catalog_key_arn = central.require_output("catalogKeyArn")
    products: dict[str, Any] = {}
    for product in settings.products:
        made = DataProduct(
            product.name,
            DataProductArgs(
                contract=product.contract,
                lob=settings.lob,
                place=settings.place,
                central=settings.central,
                names=settings.names,
                levels=settings.levels,
                steward=steward,
                admin=admin,
                catalog_key_arn=catalog_key_arn,
                shares=product.shares,
                organization_id=settings.organization_id,
                schedule=product.schedule,
                disposable=not settings.protect,
                after=[lake],
            ),
            opts=options,
        )
        products[product.name] = {
            "database": product.contract.product,
            "tables": made.tables,
            "contractVersion": product.contract.version,
            "bucket": made.bucket,
            "keyArn": made.key_arn,
            "curationJob": made.curation_job,
            "curationRoleArn": made.curation_role_arn,
            "crawler": made.crawler,
            "resourceLink": made.resource_link,
        }
    return {
        "lob": settings.lob,
        "accountId": settings.place.account_id,
        "region": settings.place.region,
        "products": products,
        EXPORT: {product.name: write_record(product.contract) for product in settings.products},
    }


def _consumer(settings: ConsumerSettings, pipeline: PipelineCode | None) -> dict[str, Any]:
    central = reference(settings.central_stack)
    stacks = {stack: reference(stack) for stack in sorted({item.stack for item in settings.subscriptions})}
    shared = {item.product: _shared(stacks[item.stack], item.product) for item in settings.subscriptions}
    consumer = MLConsumer(
        settings.consumer,
        MLConsumerArgs(
            consumer=settings.consumer,
            place=settings.place,
            central=settings.central,
            names=settings.names,
            levels=settings.levels,
            admin=deploy_actor(
                place=settings.place,
                role=settings.deploy_role,
                external_id=settings.external_id,
                endpoint=settings.endpoint,
            ),
            roles=settings.roles,
            subscriptions=settings.subscriptions,
            shared={product: entry["tables"] for product, entry in shared.items()},
            catalog_key_arn=central.require_output("catalogKeyArn"),
            users=settings.users,
            vpc_id=settings.vpc_id,
            subnet_ids=settings.subnet_ids,
            security_group_ids=settings.security_group_ids,
            model_package_group=settings.model_package_group,
            organization_id=settings.organization_id,
            scan_limit_bytes=settings.scan_limit_bytes,
            results_expire_days=settings.results_expire_days,
            features=settings.features,
            published={product: entry["contractVersion"] for product, entry in shared.items()},
            pipeline=None if pipeline and pipeline.product in settings.ended else pipeline,
            disposable=not settings.protect,
            production=settings.production,
            lob_accounts=[stack.require_output("accountId") for stack in stacks.values()],
        ),
        opts=_options(settings, settings.consumer),
    )
    return {
        "accountId": settings.place.account_id,
        "region": settings.place.region,
        "roles": consumer.role_arns,
        "workgroups": consumer.workgroups,
        "resultsBucket": consumer.results_bucket,
        "modelsBucket": consumer.models_bucket,
        "keyArn": consumer.key_arn,
        "resourceLinks": consumer.resource_links,
        "products": {
            item.product: {
                "lob": item.lob,
                "catalogId": settings.central.account_id,
                "database": shared[item.product]["database"],
                "resourceLink": consumer.resource_links[item.product],
                "tables": shared[item.product]["tables"],
                "contractVersion": shared[item.product]["contractVersion"],
            }
            for item in settings.subscriptions
        },
        "processingDatabase": consumer.processing_database,
        "modelPackageGroup": consumer.model_package_group,
        "domainId": consumer.domain_id,
        "pipeline": consumer.pipeline,
        "featureGroups": {
            group.name: {
                **feature_export(group, settings.names, settings.consumer),
                "group": consumer.feature_groups[group.name],
            }
            for group in settings.features
        },
    }


def _production(settings: ProductionSettings) -> dict[str, Any]:
    consumer = reference(settings.consumer_stack)
    serving = ModelServing(
        settings.serving,
        ModelServingArgs(
            serving=settings.serving,
            place=settings.place,
            names=settings.names,
            admin=deploy_actor(
                place=settings.place,
                role=settings.deploy_role,
                external_id=settings.external_id,
                endpoint=settings.endpoint,
            ),
            models_bucket=consumer.require_output("modelsBucket"),
            models_key_arn=consumer.require_output("keyArn"),
            current=settings.current,
            previous=settings.previous,
            endpoint=settings.mode == "endpoint",
            instance_type=settings.instance_type,
            instance_count=settings.instance_count,
            data_capture_percent=settings.data_capture_percent,
            subnet_ids=settings.subnet_ids,
            security_group_ids=settings.security_group_ids,
            disposable=not settings.protect,
        ),
        opts=_options(settings, settings.serving),
    )
    return {
        "accountId": settings.place.account_id,
        "region": settings.place.region,
        "serving": settings.serving,
        "mode": settings.mode,
        "roleArn": serving.role_arn,
        "keyArn": serving.key_arn,
        "bucket": serving.bucket,
        "modelPackage": settings.current.arn if settings.current else "",
        "model": serving.model,
        "endpoint": serving.endpoint,
        "callerRoleArn": serving.caller_role_arn,
        "transformJobs": settings.names.transform_jobs(settings.serving),
        "instanceType": settings.instance_type,
        "instanceCount": settings.instance_count,
    }


def _shared(producer: pulumi.StackReference, product: str) -> pulumi.Output[Any]:
    """One product's part of a producer's exports."""
    return producer.require_output("products").apply(lambda products: _of(products, product, "product"))


def _of(entries: dict[str, Any], name: str, what: str) -> Any:
    if name not in entries:
        known = ", ".join(sorted(entries)) or "its exports"
        raise MeshError(
            f"{what} '{name}' is not among {known}; bring the stack that makes it up first", "stack reference"
        )
    return entries[name]
