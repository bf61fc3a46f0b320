"""What holds for every component alike: one table, a row per component."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import component_parts as parts
import feature_parts
import pulumi
import pytest

from components.central_catalog import CentralCatalog
from components.consumer_access import ConsumerAccess, ConsumerAccessArgs
from components.consumer_roles import ConsumerWorkbenchArgs
from components.consumer_workbench import ConsumerWorkbench
from components.lob_onboarding import LobOnboarding, LobOnboardingArgs
from components.ml_consumer import MLConsumer
from components.ml_pipeline import MLPipeline, MLPipelineArgs
from components.model_serving import ModelServing, ModelServingArgs
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from components.product_crawler import ProductCrawler, ProductCrawlerArgs
from components.product_registration import ProductRegistration, ProductRegistrationArgs
from components.product_storage import ProductStorage, ProductStorageArgs
from governance.settings import PackageVersion
from local.engine import Recording, Resource

TAGGABLE = (
    "aws:s3/bucket:Bucket", "aws:s3/bucketObjectv2:BucketObjectv2", "aws:kms/key:Key", "aws:iam/role:Role",
    "aws:glue/job:Job", "aws:glue/trigger:Trigger", "aws:glue/crawler:Crawler",
    "aws:glue/catalogDatabase:CatalogDatabase", "aws:athena/workgroup:Workgroup",
    "aws:sagemaker/domain:Domain", "aws:sagemaker/userProfile:UserProfile",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup", "aws:sagemaker/model:Model",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration", "aws:sagemaker/endpoint:Endpoint",
    "aws:sagemaker/pipeline:Pipeline",
)  # fmt: skip
"""Types that pulumi-aws gives `tags`, of those the components use and that take an `args.tags`."""


def _onboarding(name: str, tags: Mapping[str, str], options: pulumi.ResourceOptions) -> Any:
    args = LobOnboardingArgs(
        lob=parts.lob(), central=parts.CENTRAL, names=parts.NAMES, levels=parts.LEVELS, catalog_key_arn="k"
    )
    return LobOnboarding(name, args, opts=options)


def _storage(name: str, tags: Mapping[str, str], options: pulumi.ResourceOptions) -> Any:
    args = ProductStorageArgs(
        contract=parts.contract(),
        place=parts.PRODUCER,
        central=parts.CENTRAL,
        names=parts.NAMES,
        registration_role_arn=parts.CENTRAL.role_arn("mesh-registration-retail"),
        catalog_key_arn=parts.CATALOG_KEY,
        schedule="cron(0 3 * * ? *)",
        disposable=True,
        tags=tags,
    )
    return ProductStorage(name, args, opts=options)


def _registration(name: str, tags: Mapping[str, str], options: pulumi.ResourceOptions) -> Any:
    args = ProductRegistrationArgs(
        contract=parts.contract(),
        lob="retail",
        bucket="bucket",
        producer_account=parts.PRODUCER.account_id,
        central=parts.CENTRAL,
        location_arn="arn:aws:s3:::bucket/curated",
        levels=parts.LEVELS,
        shares=[parts.share()],
    )
    return ProductRegistration(name, args, opts=options)


def _crawler(name: str, tags: Mapping[str, str], options: pulumi.ResourceOptions) -> Any:
    args = ProductCrawlerArgs(
        contract=parts.contract(),
        place=parts.PRODUCER,
        central=parts.CENTRAL,
        names=parts.NAMES,
        bucket="bucket",
        link="rl_loans",
        key_arn="key",
        catalog_key_arn=parts.CATALOG_KEY,
        security_configuration="security",
        tags=tags,
    )
    return ProductCrawler(name, args, opts=options)


def _workbench(name: str, tags: Mapping[str, str], options: pulumi.ResourceOptions) -> Any:
    args = ConsumerWorkbenchArgs(
        consumer="science",
        place=parts.CONSUMER,
        central=parts.CENTRAL,
        names=parts.NAMES,
        roles=parts.roles(),
        builders=("data-scientist", "pipeline"),
        reviewers=("auditor",),
        products=["loans"],
        catalog_key_arn=parts.CATALOG_KEY,
        model_package_group="risk",
        scan_limit_bytes=2**30,
        results_expire_days=7,
        disposable=True,
        tags=tags,
    )
    return ConsumerWorkbench(name, args, opts=options)


def _access(name: str, tags: Mapping[str, str], options: pulumi.ResourceOptions) -> Any:
    args = ConsumerAccessArgs(
        consumer="science",
        place=parts.CONSUMER,
        central=parts.CENTRAL,
        levels=parts.LEVELS,
        admin=parts.actor(parts.CONSUMER),
        roles=parts.roles(),
        role_arns={role.name: pulumi.Output.from_input(role.name) for role in parts.roles()},
        subscriptions=[parts.subscription()],
        after=[],
        tags=tags,
    )
    return ConsumerAccess(name, args, opts=options)


def _pipeline(name: str, tags: Mapping[str, str], options: pulumi.ResourceOptions) -> Any:
    role = parts.CONSUMER.role_arn("mesh-pipeline")
    args = MLPipelineArgs(
        pipeline=f"mesh-{name}", region="eu-west-1", code=parts.Code(), role_arn=role, auditor_role_arn=role,
        key_arn="key", results_bucket="results", models_bucket="models", workgroup="w", auditor_workgroup="a",
        database="rl_loans", contract_version="1.0.0", model_package_group="mesh-risk", subnet_ids=["subnet-1"],
        security_group_ids=["sg-1"], tags=tags,
    )  # fmt: skip
    return MLPipeline(name, args, opts=options)


def _bucket(name: str, tags: Mapping[str, str], options: pulumi.ResourceOptions) -> Any:
    policy = {"Version": "2012-10-17", "Statement": []}
    return PrivateBucket(
        name, PrivateBucketArgs(bucket="b", policy=policy, key_arn="k", tags=tags), opts=options
    )


def _product(name: str, tags: Mapping[str, str], options: pulumi.ResourceOptions) -> Any:
    from components.data_product import DataProduct

    steward = parts.provider(f"{name}-steward", parts.CENTRAL)
    args = parts.product_args(steward, tags=tags, schedule="cron(0 3 * * ? *)")
    return DataProduct(name, args, opts=options)


def _serving(name: str, tags: Mapping[str, str], options: pulumi.ResourceOptions) -> Any:
    arn = "arn:aws:sagemaker:eu-west-1:333344445555:model-package/mesh-risk"
    current, previous = (
        PackageVersion(
            arn=f"{arn}/{number}",
            account_id="333344445555",
            region="eu-west-1",
            group="mesh-risk",
            version=number,
        )
        for number in (2, 1)
    )
    args = ModelServingArgs(
        serving=name, place=parts.PRODUCER, names=parts.NAMES, admin=parts.actor(parts.PRODUCER),
        models_bucket="models", models_key_arn="key", current=current, previous=previous, endpoint=True,
        instance_type="ml.m5.large", instance_count=1, data_capture_percent=10, subnet_ids=["subnet-1"],
        security_group_ids=["sg-1"], tags=tags,
    )  # fmt: skip
    return ModelServing(name, args, opts=options)


Build = Callable[[str, Mapping[str, str], pulumi.ResourceOptions], Any]
COMPONENTS: dict[str, Build] = {
    "CentralCatalog": lambda name, tags, opts: CentralCatalog(name, parts.central_args(), opts=opts),
    "LobOnboarding": _onboarding,
    "DataProduct": _product,
    "ProductStorage": _storage,
    "ProductRegistration": _registration,
    "ProductCrawler": _crawler,
    "MLConsumer": lambda name, tags, opts: MLConsumer(name, parts.consumer_args(tags=tags), opts=opts),
    "ConsumerWorkbench": _workbench,
    "ConsumerAccess": _access,
    "MLPipeline": _pipeline,
    "FeatureStore": feature_parts.store,
    "ModelServing": _serving,
    "PrivateBucket": _bucket,
}
WITHOUT_TAGS_ARGUMENT = ("CentralCatalog", "LobOnboarding", "ProductRegistration")
"""Of the governance account: default tags are all their resources need, or they have nothing to tag."""


@pytest.fixture(scope="module")
def built(declare: Callable[..., Recording]) -> Callable[[str], Recording]:
    """A recording of two instances of a component, `one` and `two`; made once."""
    made: dict[str, Recording] = {}

    def build(component: str) -> Recording:
        def program() -> None:
            options = parts.within("own", parts.PRODUCER)
            for name in ("one", "two"):
                COMPONENTS[component](name, {"purpose": "test"}, options)

        if component not in made:
            made[component] = declare(program)
        return made[component]

    return build


def _children(recording: Recording) -> list[Resource]:
    found = [item for item in recording if item.type.startswith(("aws:", "pulumi-python:"))]
    assert found, "a component without resources is none"
    return found


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_second_instance_in_one_program_does_not_collide(
    built: Callable[[str], Recording], component: str
) -> None:
    names = [(item.type, item.name) for item in _children(built(component))]
    ones = {(kind, name.removeprefix("one")) for kind, name in names if name.startswith("one")}
    twos = {(kind, name.removeprefix("two")) for kind, name in names if name.startswith("two")}
    assert len(ones) + len(twos) == len(names), "every child's name begins with its component's"
    assert ones == twos, "two instances of the same arguments have the same children"


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_child_hangs_below_its_component(built: Callable[[str], Recording], component: str) -> None:
    recording = built(component)
    tops = {item.urn for item in recording if item.type.endswith(f":{component}") and not item.parent}
    assert len(tops) == 2, "both instances are at the top"
    for item in _children(recording):
        chain = item
        while chain.parent:
            chain = recording.by_urn(chain.parent)
        assert chain.urn in tops, f"{item.name} is a loose resource"


@pytest.mark.parametrize("component", COMPONENTS)
def test_outputs_are_registered_and_known(built: Callable[[str], Recording], component: str) -> None:
    recording = built(component)
    registered = {
        urn.split("::")[2].split(":")[-1]: outputs for urn, outputs in recording.component_outputs.items()
    }
    components = [item for item in recording if item.type.startswith("mesh:")]
    assert components, "the component itself is registered"
    assert {item.urn for item in components} <= set(recording.component_outputs), (
        "register_outputs was called"
    )
    outputs = registered[component]
    assert outputs, "a component has outputs"
    assert all(value not in (None, "") for value in outputs.values()), f"an output has no value: {outputs}"


@pytest.mark.parametrize("component", [name for name in COMPONENTS if name not in WITHOUT_TAGS_ARGUMENT])
def test_every_taggable_child_carries_the_component_s_tags(
    built: Callable[[str], Recording], component: str
) -> None:
    taggable = [item for item in _children(built(component)) if item.type in TAGGABLE]
    assert taggable, "expected something to tag"
    bare = [item.name for item in taggable if (item.inputs.get("tags") or {}).get("purpose") != "test"]
    assert not bare, f"not tagged: {bare}"


@pytest.mark.parametrize("component", COMPONENTS)
def test_children_inherit_the_provider_and_nothing_else(
    built: Callable[[str], Recording], component: str
) -> None:
    children = [item for item in _children(built(component)) if item.type.startswith("aws:")]
    assert children, "expected AWS resources"
    own = {item.account for item in children}
    expected = {
        parts.PRODUCER.account_id,
        *([parts.CENTRAL.account_id] if component == "DataProduct" else []),
    }
    assert own == expected, "the caller's provider decides the account; only a product has a second one"


def test_every_public_component_is_in_the_table() -> None:
    import importlib
    import pkgutil

    import components

    found = set()
    for module in pkgutil.iter_modules(components.__path__):
        loaded = importlib.import_module(f"components.{module.name}")
        for name, value in vars(loaded).items():
            own = isinstance(value, type) and value.__module__ == loaded.__name__
            if own and issubclass(value, pulumi.ComponentResource):
                found.add(name)
    assert found == set(COMPONENTS), "a new component gets a row here"
