"""Inputs of the ML centre of excellence's account, checked before anything is registered.

Owns which roles there must be and what each is for. Deliberately not here: resources (`ml_consumer`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.consumer_roles import PIPELINE
from components.dynamic_session import Actor
from components.ml_pipeline import PipelineCode
from governance.errors import MeshError
from governance.features import FeatureGroup
from governance.names import Names, Place
from governance.settings import ConsumerRole, Subscription

STUDIO_ROLE = "data-scientist"
"""The role that is also the Studio execution role."""
BUILDER_ROLES = (STUDIO_ROLE, PIPELINE)
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

    features: Sequence[FeatureGroup] = ()
    """Feature groups made of subscribed products; without any, there is no feature store."""

    published: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Product -> version of the contract that its LoB has published."""

    production: Mapping[str, str] = field(default_factory=dict)
    """Serving -> account that may deploy registered models."""

    lob_accounts: Sequence[pulumi.Input[str]] = ()
    """Accounts of the LoBs whose products are read here; they may see which models were trained on them."""

    pipeline: PipelineCode | None = None
    """The training pipeline to deploy."""

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
        if self.pipeline:
            subscribed = [item.product for item in self.subscriptions]
            if self.pipeline.product not in subscribed:
                known = ", ".join(subscribed) or "none"
                raise MeshError(
                    f"trains on '{self.pipeline.product}', which is no subscription ({known})",
                    "MLConsumerArgs.pipeline",
                )
            if REVIEWER_ROLES[0] not in names:
                raise MeshError(
                    f"needs the role '{REVIEWER_ROLES[0]}' to evaluate", "MLConsumerArgs.pipeline"
                )
