"""What one stack's configuration says, checked before anything is registered.

One frozen settings class per role. Components receive these values as arguments and never read configuration
themselves. Not here: how they are read from a stack file (`load`) and the data contracts' own rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from governance.contracts import Contract
from governance.features import FeatureGroup
from governance.names import Names, Place
from governance.pipelines import PipelineConfig

ROLES = ("central", "producer", "consumer", "production")
KEYS = (
    "role", "accountId", "region", "deployRole", "externalId", "environment", "owner", "costCentre", "namespace",
    "endpoint", "organizationId", "sensitivityLevels", "protect", "centralAccountId", "centralStack",
    "lobs", "consumers", "catalogPolicyStatements",
    "lob", "products",
    "consumer", "roles", "subscriptions", "users", "vpcId", "subnetIds", "securityGroupIds",
    "modelPackageGroup", "scanLimitBytes", "resultsExpireDays", "features", "production", "pipeline",
    "serving", "consumerStack", "modelPackages", "mode", "instanceType", "instanceCount", "dataCapturePercent",
)  # fmt: skip
"""Every key a stack file may carry under `mesh:`; `Pulumi.yaml` declares the types of those that all stacks have."""

OF_ROLE = {
    "central": ("lobs", "catalogPolicyStatements"),
    "producer": ("lob", "products"),
    "consumer": (
        "consumer", "roles", "subscriptions", "users", "vpcId", "subnetIds", "securityGroupIds", "features",
        "production", "pipeline",
    ),
    "production": (
        "serving", "consumerStack", "modelPackages", "mode", "instanceType", "instanceCount", "dataCapturePercent",
        "vpcId", "subnetIds", "securityGroupIds",
    ),
}  # fmt: skip
"""Keys that say nothing in a stack of another role; those with a default in `Pulumi.yaml` are in every stack."""


def keys_of(role: str | None) -> tuple[str, ...]:
    """Keys that a stack of the role reads; what another role's stack would is not its business."""
    return tuple(key for key in KEYS if key not in foreign(role))


def foreign(role: str | None) -> dict[str, str]:
    """Keys that a stack of the role cannot have -> the role (the first of them) whose they are."""
    own = set(OF_ROLE.get(role or "", ()))
    found: dict[str, str] = {}
    for other, keys in OF_ROLE.items():
        for key in keys:
            if other != role and key not in own:
                found.setdefault(key, other)
    return found


@dataclass(frozen=True, kw_only=True)
class Common:
    """What every stack says about itself."""

    role: str
    place: Place
    """Account and region the stack deploys to."""
    deploy_role: str
    """Role in that account the stack is deployed with; bootstrapped, not made by this program."""
    external_id: str | None
    environment: str
    owner: str
    cost_centre: str
    names: Names
    endpoint: str | None
    """All service endpoints, when an emulator is deployed to."""
    organization_id: str | None
    """AWS Organization the accounts share; without one, shares wait for acceptance."""
    levels: tuple[str, ...]
    protect: bool
    """Refuse to delete what holds data or keys."""

    def default_tags(self, unit: str) -> dict[str, str]:
        """Tags of every taggable resource; a data product's own resources replace `data-product`."""
        return {
            "owner": self.owner,
            "lob": unit,
            "data-product": "platform",
            "environment": self.environment,
            "cost-centre": self.cost_centre,
            "managed-by": "pulumi",
        }


@dataclass(frozen=True, kw_only=True)
class Lob:
    """A line of business as the central account knows it."""

    name: str
    account_id: str
    products: tuple[str, ...]
    """Products approved for the LoB; each gets a database and its tags."""
    steward_callers: tuple[str, ...]
    """Role names in the LoB's account that may act as steward; empty leaves it to that account's IAM."""


@dataclass(frozen=True, kw_only=True)
class CentralSettings(Common):
    lobs: tuple[Lob, ...]
    consumers: Mapping[str, str]
    """Consumer name -> account id."""
    catalog_policy: tuple[Mapping[str, Any], ...]
    """Statements the account's catalog policy already needs; with any, RAM sharing must be stated beside them."""

    @property
    def members(self) -> tuple[str, ...]:
        """Account ids of all LoBs and consumers, sorted and distinct."""
        return tuple(sorted({lob.account_id for lob in self.lobs} | set(self.consumers.values())))


@dataclass(frozen=True, kw_only=True)
class Share:
    """A product opened to a consumer account up to a clearance."""

    consumer: str
    account_id: str
    clearance: str
    columns: tuple[str, ...] = ()
    """Only these columns; empty means all that the clearance opens."""
    rows: tuple[tuple[str, str], ...] = ()
    """Table -> predicate its rows must meet."""
    until: dt.date | None = None
    """Last day of the share."""

    @property
    def filtered(self) -> bool:
        """Whether it travels as data cells filters instead of LF-tags."""
        return bool(self.columns or self.rows)


@dataclass(frozen=True, kw_only=True)
class Product:
    """A data product as its LoB declares it."""

    name: str
    contract: Contract
    schedule: str | None
    """Glue cron expression of the curation job; None runs it on demand only."""
    shares: tuple[Share, ...]
    ended: Mapping[str, dt.date] = field(default_factory=dict)
    """Consumer -> last day of its share, where that is past and the share as if it were not there."""


@dataclass(frozen=True, kw_only=True)
class ProducerSettings(Common):
    lob: str
    central: Place
    central_stack: str
    products: tuple[Product, ...]
    groups: Mapping[str, str] = field(default_factory=dict)
    """Consumer -> its model package group, for consumers whose stack file lies elsewhere."""


@dataclass(frozen=True, kw_only=True)
class ConsumerRole:
    """A role in a consumer account and what it is cleared for."""

    name: str
    clearance: str


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A product a consumer account reads; the LoB's stack must share it."""

    product: str
    lob: str
    stack: str
    clearance: str
    filtered_tables: tuple[str, ...] = ()
    """Tables, where the share narrows columns or rows; grants then name their filters."""
    until: dt.date | None = None
    """Last day of the share."""


@dataclass(frozen=True, kw_only=True)
class ConsumerSettings(Common):
    consumer: str
    central: Place
    central_stack: str
    roles: tuple[ConsumerRole, ...]
    subscriptions: tuple[Subscription, ...]
    users: tuple[str, ...]
    vpc_id: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    model_package_group: str
    scan_limit_bytes: int
    results_expire_days: int
    features: tuple[FeatureGroup, ...] = ()
    """Feature groups made of subscribed products."""
    production: Mapping[str, str] = field(default_factory=dict)
    """Serving -> account that may deploy this consumer's registered models."""
    pipeline: PipelineConfig | None = None
    """The training pipeline; None deploys none."""
    ended: tuple[str, ...] = ()
    """Products whose subscription is over: it is absent, and with it what was made of them."""


@dataclass(frozen=True, kw_only=True)
class PackageVersion:
    """One version of a model package, as its ARN names it."""

    arn: str
    account_id: str
    region: str
    group: str
    version: int


@dataclass(frozen=True, kw_only=True)
class ProductionSettings(Common):
    serving: str
    """Name of what is served; the consumer names it too, with this account."""
    consumer_stack: str
    current: PackageVersion | None
    """What is served; None until a version was promoted."""
    previous: PackageVersion | None
    """What was served before, kept ready for a rollback."""
    mode: str
    """`endpoint` answers requests, `batch` has a model for transform jobs."""
    instance_type: str
    instance_count: int
    data_capture_percent: int
    """Share of requests that the endpoint keeps with their answers."""
    vpc_id: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]


Settings = CentralSettings | ProducerSettings | ConsumerSettings | ProductionSettings
