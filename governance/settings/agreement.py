"""What the stack files must agree on, checked across all of them before any stack comes up.

Each stack carries only what it needs to know, so some facts stand in two files: an account id, an approved product,
a share and its subscription. Pulumi runs one stack at a time and cannot see this; the `mesh` command can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import TypeVar

from governance.collisions import check_names_across
from governance.contracts import Contract
from governance.errors import MeshError
from governance.features.agreement import check_features
from governance.levels import lowest
from governance.reader import nearest
from governance.settings.model import (
    CentralSettings,
    ConsumerSettings,
    ProducerSettings,
    ProductionSettings,
    Settings,
    Share,
    Subscription,
)
from governance.sharing import filter_columns

S = TypeVar("S", CentralSettings, ProducerSettings, ConsumerSettings, ProductionSettings)


def check_agreement(stacks: Mapping[str, Settings]) -> None:
    """Raise MeshError for the first thing the stack files disagree on.

    Parameters
    ----------
    stacks
        Stack name -> settings, of every stack file in the project.
    """
    _own_accounts(stacks)
    centrals = dict(_of(stacks, CentralSettings))
    members: list[tuple[str, ProducerSettings | ConsumerSettings]] = [
        *_of(stacks, ProducerSettings),
        *_of(stacks, ConsumerSettings),
    ]
    for name, member in members:
        central = centrals.get(member.central_stack)
        if central is None:
            known = ", ".join(sorted(centrals)) or "none"
            raise MeshError(
                f"stack '{member.central_stack}' is no central stack here; there is {known}",
                f"Pulumi.{name}.yaml: mesh:centralStack",
            )
        _same_world(name, member, member.central_stack, central)
        if isinstance(member, ProducerSettings):
            _producer(name, member, member.central_stack, central)
        else:
            _consumer(name, member, member.central_stack, central, stacks)
    consumers = dict(_of(stacks, ConsumerSettings))
    for name, production in _of(stacks, ProductionSettings):
        _production(name, production, consumers)
    check_names_across(stacks)


def _production(name: str, production: ProductionSettings, consumers: Mapping[str, ConsumerSettings]) -> None:
    """A production stack serves one consumer's models, and that consumer lets its account."""
    where = f"Pulumi.{name}.yaml"
    consumer = consumers.get(production.consumer_stack)
    if consumer is None:
        known = ", ".join(sorted(consumers)) or "none"
        raise MeshError(
            f"stack '{production.consumer_stack}' is no consumer stack here; there is {known}",
            f"{where}: mesh:consumerStack",
        )
    theirs = f"Pulumi.{production.consumer_stack}.yaml"
    facts = {
        "region": (production.place.region, consumer.place.region),
        "namespace": (production.names.namespace, consumer.names.namespace),
        "organizationId": (production.organization_id, consumer.organization_id),
    }
    for key, (here, there) in facts.items():
        if here != there:
            raise MeshError(f"is {here} but {there} in {theirs}", f"{where}: mesh:{key}")
    allowed = consumer.production.get(production.serving)
    if allowed is None:
        raise MeshError(
            f"'{production.serving}' is not among mesh:production in {theirs}"
            f"{nearest(production.serving, list(consumer.production))}; name it there with its account",
            f"{where}: mesh:serving",
        )
    if allowed != production.place.account_id:
        raise MeshError(
            f"is {production.place.account_id} but {theirs} has {allowed} for {production.serving}",
            f"{where}: mesh:accountId",
        )
    group = consumer.names.model_package_group(consumer.model_package_group)
    if production.current and (production.current.account_id, production.current.group) != (
        consumer.place.account_id,
        group,
    ):
        raise MeshError(
            f"is of {production.current.group} in {production.current.account_id}, not of {theirs}'s {group}; promote "
            "a version of that",
            f"{where}: mesh:modelPackages",
        )


def _own_accounts(stacks: Mapping[str, Settings]) -> None:
    """Two stacks in one account and region, of whatever mesh, would take its Lake Formation settings from each other."""
    taken: dict[tuple[str, str], str] = {}
    for name, settings in sorted(stacks.items()):
        where = (settings.place.account_id, settings.place.region)
        if where in taken:
            raise MeshError(
                f"{settings.place.account_id} is already that of Pulumi.{taken[where]}.yaml; one account, one stack",
                f"Pulumi.{name}.yaml: mesh:accountId",
            )
        taken[where] = name


def _of(stacks: Mapping[str, Settings], kind: type[S]) -> Iterator[tuple[str, S]]:
    return ((name, settings) for name, settings in sorted(stacks.items()) if isinstance(settings, kind))


def _same_world(
    name: str, member: ProducerSettings | ConsumerSettings, central_name: str, central: CentralSettings
) -> None:
    facts = {
        "centralAccountId": (member.central.account_id, central.place.account_id),
        "region": (member.place.region, central.place.region),
        "namespace": (member.names.namespace, central.names.namespace),
        "organizationId": (member.organization_id, central.organization_id),
        "sensitivityLevels": (list(member.levels), list(central.levels)),
    }
    for key, (here, there) in facts.items():
        if here != there:
            raise MeshError(
                f"is {here} but {there} in Pulumi.{central_name}.yaml", f"Pulumi.{name}.yaml: mesh:{key}"
            )


def _producer(name: str, producer: ProducerSettings, central_name: str, central: CentralSettings) -> None:
    lobs = {lob.name: lob for lob in central.lobs}
    where = f"Pulumi.{name}.yaml"
    if producer.lob not in lobs:
        raise MeshError(
            f"LoB '{producer.lob}' is not onboarded in Pulumi.{central_name}.yaml{nearest(producer.lob, list(lobs))}",
            f"{where}: mesh:lob",
        )
    lob = lobs[producer.lob]
    if lob.account_id != producer.place.account_id:
        raise MeshError(
            f"is {producer.place.account_id} but Pulumi.{central_name}.yaml has {lob.account_id} for {lob.name}",
            f"{where}: mesh:accountId",
        )
    if producer.external_id != central.external_id:  # a secret, so neither value is shown
        raise MeshError(
            f"is not that of Pulumi.{central_name}.yaml, which the steward role asks for",
            f"{where}: mesh:externalId",
        )
    if lob.steward_callers and not any(
        fnmatchcase(producer.deploy_role, caller) for caller in lob.steward_callers
    ):
        raise MeshError(
            f"'{producer.deploy_role}' may not act as steward; add it to mesh:lobs.{lob.name}.stewardCallers in "
            f"Pulumi.{central_name}.yaml",
            f"{where}: mesh:deployRole",
        )
    for product in producer.products:
        if product.name not in lob.products:
            raise MeshError(
                f"product '{product.name}' is not approved; add it to mesh:lobs.{lob.name}.products in "
                f"Pulumi.{central_name}.yaml",
                f"{where}: mesh:products",
            )
        for share in product.shares:
            known = central.consumers.get(share.consumer)
            if known != share.account_id:
                raise MeshError(
                    f"consumer '{share.consumer}' is account {share.account_id} here and {known or 'unknown'} in "
                    f"Pulumi.{central_name}.yaml",
                    f"{where}: mesh:consumers",
                )


def _consumer(
    name: str,
    consumer: ConsumerSettings,
    central_name: str,
    central: CentralSettings,
    stacks: Mapping[str, Settings],
) -> None:
    where = f"Pulumi.{name}.yaml"
    known = central.consumers.get(consumer.consumer)
    if known != consumer.place.account_id:
        raise MeshError(
            f"is {consumer.place.account_id} but {known or 'unknown'} for consumer '{consumer.consumer}' in "
            f"Pulumi.{central_name}.yaml",
            f"{where}: mesh:accountId",
        )
    for item in consumer.subscriptions:
        spot = f"{where}: mesh:subscriptions.{item.product}"
        producer = stacks.get(item.stack)
        if not isinstance(producer, ProducerSettings):
            producers = [name for name, each in stacks.items() if isinstance(each, ProducerSettings)]
            raise MeshError(
                f"stack '{item.stack}' is no producer stack here{nearest(item.stack, producers)}",
                f"{spot}.stack",
            )
        group = producer.groups.get(consumer.consumer, consumer.model_package_group)
        if group != consumer.model_package_group:
            raise MeshError(
                f"is '{group}' but {where} has '{consumer.model_package_group}'",
                f"Pulumi.{item.stack}.yaml: mesh:consumers.{consumer.consumer}.modelPackageGroup",
            )
        shares = {
            product.name: {share.consumer: share for share in product.shares} for product in producer.products
        }
        if item.product not in shares:
            raise MeshError(
                f"Pulumi.{item.stack}.yaml has no product '{item.product}'{nearest(item.product, list(shares))}",
                spot,
            )
        if item.lob != producer.lob:
            raise MeshError(
                f"is '{item.lob}' but Pulumi.{item.stack}.yaml is {producer.lob}'s", f"{spot}.lob"
            )
        shared = shares[item.product].get(consumer.consumer)
        last = next(
            each.ended.get(consumer.consumer) for each in producer.products if each.name == item.product
        )
        if last:
            raise MeshError(
                f"Pulumi.{item.stack}.yaml shared it with {consumer.consumer} until {last}, which is past; give both the "
                "same later day, or take both away",
                f"{spot}.until",
            )
        if shared is None or shared.clearance != item.clearance:
            raise MeshError(
                f"is '{item.clearance}' but Pulumi.{item.stack}.yaml shares it with {consumer.consumer} "
                + (f"at '{shared.clearance}'" if shared else "not at all"),
                f"{spot}.clearance",
            )
        if shared.until != item.until:
            ours = f"is {item.until}" if item.until else "is missing"
            theirs = f"shares it until {shared.until}" if shared.until else "names no last day"
            raise MeshError(f"{ours} but Pulumi.{item.stack}.yaml {theirs}", f"{spot}.until")
        contract = next(product.contract for product in producer.products if product.name == item.product)
        _filtered(consumer, item, shared, contract, spot)
        check_features(consumer.features, contract, shared, consumer.levels, where)


def _filtered(
    consumer: ConsumerSettings, item: Subscription, share: Share, contract: Contract, spot: str
) -> None:
    """A subscription names its tables exactly if the share is filtered, and no role is left without a column."""
    tables = sorted(table.name for table in contract.tables) if share.filtered else []
    if sorted(item.filtered_tables) != tables:
        wanted = ", ".join(tables) or "none, the share narrows nothing"
        raise MeshError(f"must name {wanted}", f"{spot}.filteredTables")
    for role in consumer.roles if share.filtered else ():
        level = lowest(role.clearance, share.clearance, consumer.levels)
        for table in contract.tables:
            if not filter_columns(share, table, level, consumer.levels):
                raise MeshError(
                    f"opens no column of {table.name} to role '{role.name}', cleared for {level}; share more columns "
                    "or take the role away",
                    spot,
                )
