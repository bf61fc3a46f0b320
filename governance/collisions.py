"""Two things of one name: found in the settings, before anything is registered.

Names are made of other names, joined by hyphens that the parts may hold themselves: consumer `a` at level `b-c` and
consumer `a-b` at level `c` would have one data cells filter. AWS refuses the second (or, worse, takes it for the first)
and Pulumi stops half way, so both are refused here. Owns the list of what a stack's names are made of; a test holds it
against the whole recorded program. Deliberately not here: how a name is built (`names`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from governance.errors import MeshError
from governance.features import features_database
from governance.names import PROCESSING_DATABASE, database_name, filter_name, link_name
from governance.settings import (
    CentralSettings,
    ConsumerSettings,
    ProducerSettings,
    ProductionSettings,
    Settings,
)

ROLE, BUCKET, DATABASE, FILTER, RESOURCE = (
    "IAM role", "S3 bucket", "Glue database", "data cells filter", "resource of the program",
)  # fmt: skip
DEPLOY_ROLE = "deployRole"
_SHARED = ("database", "own", "location")
"""Grants of a product that are called by what they are; levels stand beside them."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """One name that must be the only one of its kind in its scope."""

    kind: str
    scope: str
    """Account, or whatever else the name must be unique in; empty for the whole world."""
    name: str
    who: str
    """What of the configuration it is made of."""
    key: str
    """Key of the stack file that names it."""


def check_names(settings: Settings, file: str) -> None:
    """Raise MeshError for the first two things of one stack that would have one name."""
    seen: dict[tuple[str, str, str], Named] = {}
    for item in named(settings):
        _refuse(seen, item, f"{file}: mesh:{item.key}", "")


def check_names_across(stacks: Mapping[str, Settings]) -> None:
    """Raise MeshError for the first two things of different stacks that would have one name, as in meshes side by side."""
    seen: dict[tuple[str, str, str], Named] = {}
    homes: dict[tuple[str, str, str], str] = {}
    for stack, settings in sorted(stacks.items()):
        for item in named(settings):
            if item.kind == RESOURCE or item.key == DEPLOY_ROLE:
                continue  # a resource is its stack's; several stacks may be deployed with one role
            slot = (item.kind, item.scope, item.name)
            other = homes.setdefault(slot, stack)
            _refuse(seen, item, f"Pulumi.{stack}.yaml: mesh:{item.key}", f" of Pulumi.{other}.yaml")


def _refuse(seen: dict[tuple[str, str, str], Named], item: Named, where: str, of: str) -> None:
    other = seen.setdefault((item.kind, item.scope, item.name), item)
    if other is not item:
        raise MeshError(
            f"{item.who} and {other.who}{of} would both be {item.kind} '{item.name}'; rename one", where
        )


def named(settings: Settings) -> Iterator[Named]:
    """All names that a stack makes out of its configuration."""
    yield _item(ROLE, settings, settings.deploy_role.rpartition("/")[2], "the deploy role", DEPLOY_ROLE)
    if isinstance(settings, CentralSettings):
        yield from _central(settings)
    elif isinstance(settings, ProducerSettings):
        yield from _producer(settings)
    elif isinstance(settings, ConsumerSettings):
        yield from _consumer(settings)
    elif isinstance(settings, ProductionSettings):
        names, key = settings.names, "serving"
        who = f"serving '{settings.serving}'"
        yield _item(ROLE, settings, names.serving_role(settings.serving), who, key)
        yield _item(BUCKET, settings, names.serving_bucket(settings.serving, settings.place), who, key)


def _item(kind: str, settings: Settings, name: str, who: str, key: str, scope: str | None = None) -> Named:
    account, region = settings.place.account_id, settings.place.region
    own = {BUCKET: "", ROLE: account}.get(kind, f"{account}/{region}")
    return Named(kind=kind, scope=own if scope is None else scope, name=name, who=who, key=key)


def _central(settings: CentralSettings) -> Iterator[Named]:
    names = settings.names
    for lob in settings.lobs:
        key, who = f"lobs.{lob.name}", f"LoB '{lob.name}'"
        yield _item(ROLE, settings, names.steward_role(lob.name), f"the steward of {who}", key)
        yield _item(ROLE, settings, names.registration_role(lob.name), f"the registration role of {who}", key)
        for tag in ("domain", "data-product", "sensitivity"):
            yield _item(RESOURCE, settings, f"{lob.name}-steward-tag-{tag}", f"LF-tag {tag} of {who}", key)
        for product in lob.products:
            of = f"product '{product}' of {who}"
            yield _item(DATABASE, settings, database_name(product), of, f"{key}.products")
            yield _item(RESOURCE, settings, f"{lob.name}-database-{product}", of, f"{key}.products")
            for last, what in _grants(settings.levels):
                name = f"{lob.name}-steward-{product}-{last}"
                yield _item(RESOURCE, settings, name, f"{what} of {of}", f"{key}.products")


def _grants(levels: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Last part of a grant's name, and what it is."""
    yield from ((last, f"the {last} grant") for last in _SHARED)
    yield from ((level, f"level '{level}'") for level in levels)


def _producer(settings: ProducerSettings) -> Iterator[Named]:
    names = settings.names
    for product in settings.products:
        key, of = f"products.{product.name}", f"product '{product.name}'"
        yield _item(ROLE, settings, names.curation_role(product.name), f"the curation role of {of}", key)
        yield _item(ROLE, settings, names.crawler_role(product.name), f"the crawler role of {of}", key)
        for what, bucket in (("data", names.product_bucket), ("logs", names.log_bucket)):
            yield _item(BUCKET, settings, bucket(product.name, settings.place), f"the {what} of {of}", key)
        yield _item(DATABASE, settings, link_name(product.name), of, key)
        tables = [table.name for table in product.contract.tables]
        for table in tables:
            for level in settings.levels:
                name = f"tags:{product.name}-{table}-{level}"
                yield _item(RESOURCE, settings, name, f"level '{level}' of table '{table}' of {of}", key)
        for last in _SHARED:
            yield _item(
                RESOURCE,
                settings,
                f"{product.name}-catalog-producer-{last}",
                f"the {last} grant of {of} to its LoB",
                key,
            )
        for share in product.shares:
            to = f"{of} shared to '{share.consumer}'"
            base = f"{product.name}-catalog-share-{share.consumer}"
            yield _item(
                RESOURCE, settings, f"{base}-database", f"the database grant of {to}", f"{key}.shares"
            )
            for level in settings.levels:
                who = f"level '{level}' of {to}"
                names_of_level = [f"{base}-{level}", *(f"{base}-{level}-{table}" for table in tables)]
                for name in names_of_level[1:] if share.filtered else names_of_level[:1]:
                    yield _item(RESOURCE, settings, name, who, f"{key}.shares")
                if share.filtered:
                    scope = f"{settings.central.account_id}/{settings.central.region}/{product.name}"
                    yield _item(
                        FILTER, settings, filter_name(share.consumer, level), who, f"{key}.shares", scope
                    )


def _consumer(settings: ConsumerSettings) -> Iterator[Named]:
    names = settings.names
    for role in settings.roles:
        yield _item(
            ROLE, settings, names.consumer_role(role.name), f"role '{role.name}'", f"roles.{role.name}"
        )
    for purpose in ("reader", "writer") if settings.features else ():
        name = names.feature_role(settings.consumer, purpose)
        yield _item(ROLE, settings, name, f"the feature store's {purpose}", "features")
    for purpose in ("results", "models", "features"):
        name = names.consumer_bucket(settings.consumer, purpose, settings.place)
        yield _item(BUCKET, settings, name, f"the bucket of {purpose}", "consumer")
    yield _item(DATABASE, settings, PROCESSING_DATABASE, "the database of processing jobs", "consumer")
    if settings.features:
        yield _item(DATABASE, settings, features_database(names), "the feature store's database", "namespace")
    for subscription in settings.subscriptions:
        product = subscription.product
        link = link_name(product)
        yield _item(DATABASE, settings, link, f"the link to product '{product}'", f"subscriptions.{product}")
