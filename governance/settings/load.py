"""Reading settings from a stack's configuration; the first mistake is one line naming key and file.

What the values mean is documented in `settings`. Nothing here touches Pulumi or AWS.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from governance.collisions import check_names
from governance.contracts import load_contract
from governance.errors import MeshError
from governance.features.load import read_features
from governance.levels import DEFAULT_LEVELS, check_level
from governance.names import Names, Place, check_name
from governance.pipelines import read_pipeline
from governance.reader import Reader, as_mapping, as_strings, as_text, check_account, nearest
from governance.settings.model import (
    KEYS,
    ROLES,
    CentralSettings,
    ConsumerRole,
    ConsumerSettings,
    Lob,
    ProducerSettings,
    Product,
    Settings,
    Subscription,
    foreign,
)
from governance.settings.production import load_production, read_network
from governance.settings.registries import GROUP, read_groups
from governance.sharing import read_shares, read_until

_CRON = re.compile(r"^cron\(\S+( \S+){5}\)$")


def load_settings(
    values: Mapping[str, str], file: str, folder: Path, today: dt.date | None = None
) -> Settings:
    """Settings of one stack.

    Parameters
    ----------
    values
        Configuration under `mesh:` as text, structured values as JSON.
    file
        The stack file's name, for messages.
    folder
        What contract paths are relative to.
    today
        Day on which shares with an end are judged; the current day (UTC) when None.

    Raises
    ------
    MeshError
        For the first key that is missing or wrong.
    """
    reader = Reader(values, file)
    for key in values:
        if key not in KEYS:
            raise MeshError(f"is not known{nearest(key, list(KEYS))}", reader.where(key))
    role = reader.text("role")
    if role not in ROLES:
        raise MeshError(f"'{role}' is no role; use one of {', '.join(ROLES)}", reader.where("role"))
    for key, other in foreign(role).items():
        if key in values:
            raise MeshError(f"belongs to a {other} stack, and this is a {role} stack", reader.where(key))
    settings = _of_role(role, reader, folder, today or dt.datetime.now(dt.UTC).date())
    check_names(settings, file)
    return settings


def _of_role(role: str, reader: Reader, folder: Path, today: dt.date) -> Settings:
    common = _common(reader, role)
    if role == "central":
        return _central(reader, common)
    if role == "production":
        return load_production(reader, common)
    read = _producer if role == "producer" else _consumer
    return read(reader, common, folder, today)


def _common(reader: Reader, role: str) -> dict[str, Any]:
    levels = reader.strings("sensitivityLevels", DEFAULT_LEVELS)
    for level in levels:
        check_name(level, "level", reader.where("sensitivityLevels"))
    if not levels:
        raise MeshError("names no level", reader.where("sensitivityLevels"))
    endpoint = reader.optional("endpoint")
    if endpoint and not endpoint.startswith(("http://", "https://")):
        raise MeshError(f"'{endpoint}' is no http address", reader.where("endpoint"))
    return {
        "role": role,
        "place": Place(account_id=reader.account("accountId"), region=reader.region("region")),
        "deploy_role": reader.matching("deployRole", r"[\w+=,.@/-]{1,128}", "a role name such as MeshDeploy"),
        "external_id": reader.optional("externalId"),
        "environment": reader.text("environment"),
        "owner": reader.text("owner"),
        "cost_centre": reader.text("costCentre"),
        "names": Names(
            namespace=check_name(reader.text("namespace", "mesh"), "namespace", reader.where("namespace"))
        ),
        "endpoint": endpoint,
        "organization_id": reader.optional("organizationId"),
        "levels": levels,
        "protect": reader.flag("protect", True),
    }


def _accounts(
    reader: Reader, key: str, own: Mapping[str, str], what: str = "consumer", further: tuple[str, ...] = ()
) -> dict[str, str]:
    """Read name -> {accountId}; `own` holds accounts already taken (id -> by whom), `further` keys read elsewhere."""
    accounts: dict[str, str] = {}
    taken = dict(own)
    for name, entry in reader.mapping(key, required=False).items():
        where = reader.where(f"{key}.{name}")
        check_name(name, what, where)
        accounts[name] = _own_account(
            as_mapping(entry, ("accountId", *further), where), taken, f"{what} {name}", where
        )
    return accounts


def _own_account(entry: Mapping[str, Any], taken: dict[str, str], who: str, where: str) -> str:
    """The entry's account id; one account has one role, since Lake Formation settings have one owner."""
    if "accountId" not in entry:
        raise MeshError("has no accountId; every LoB and consumer has an account of its own", where)
    account = check_account(entry["accountId"], f"{where}.accountId")
    if account in taken:
        raise MeshError(
            f"account {account} is already that of {taken[account]}; use an account of its own", where
        )
    taken[account] = who
    return account


def _central(reader: Reader, common: dict[str, Any]) -> CentralSettings:
    taken = {common["place"].account_id: "the central stack"}
    lobs = []
    products: dict[str, str] = {}
    for name, raw in reader.mapping("lobs").items():
        where = reader.where(f"lobs.{name}")
        check_name(name, "LoB", where)
        entry = as_mapping(raw, ("accountId", "products", "stewardCallers"), where)
        account = _own_account(entry, taken, f"LoB {name}", where)
        approved = as_strings(entry.get("products", []), f"{where}.products")
        for product in approved:
            check_name(product, "product", f"{where}.products")
            if product in products:
                raise MeshError(
                    f"product '{product}' is already LoB {products[product]}'s; name it otherwise", where
                )
            products[product] = name
        callers = as_strings(entry.get("stewardCallers", []), f"{where}.stewardCallers")
        lobs.append(Lob(name=name, account_id=account, products=approved, steward_callers=callers))
    if not lobs:
        raise MeshError("names no LoB; add at least one", reader.where("lobs"))
    statements = (
        reader.structured("catalogPolicyStatements") if "catalogPolicyStatements" in reader.values else []
    )
    if not isinstance(statements, list) or not all(isinstance(item, dict) for item in statements):
        raise MeshError("must be a list of policy statements", reader.where("catalogPolicyStatements"))
    return CentralSettings(
        **common,
        lobs=tuple(sorted(lobs, key=lambda lob: lob.name)),
        consumers=_accounts(reader, "consumers", taken),
        catalog_policy=tuple(statements),
    )


def _central_place(reader: Reader, common: dict[str, Any]) -> Place:
    place = Place(account_id=reader.account("centralAccountId"), region=common["place"].region)
    if place.account_id == common["place"].account_id:
        raise MeshError(
            "is this stack's own account; a member has an account of its own",
            reader.where("centralAccountId"),
        )
    return place


def _producer(reader: Reader, common: dict[str, Any], folder: Path, today: dt.date) -> ProducerSettings:
    central = _central_place(reader, common)
    taken = {common["place"].account_id: "this LoB", central.account_id: "the central stack"}
    consumers = _accounts(reader, "consumers", taken, further=(GROUP,))
    lob = check_name(reader.text("lob"), "LoB", reader.where("lob"))
    products = tuple(
        _product(reader, name, raw, consumers, common["levels"], folder, lob, today)
        for name, raw in sorted(reader.mapping("products").items())
    )
    return ProducerSettings(
        **common,
        lob=lob,
        central=central,
        central_stack=reader.text("centralStack", "central"),
        products=products,
        groups=read_groups(reader),
    )


def _product(
    reader: Reader,
    name: str,
    raw: Any,
    consumers: Mapping[str, str],
    levels: tuple[str, ...],
    folder: Path,
    lob: str,
    today: dt.date,
) -> Product:
    where = reader.where(f"products.{name}")
    check_name(name, "product", where)
    entry = as_mapping(raw, ("contract", "schedule", "shares"), where)
    contract = load_contract(folder / as_text(entry, "contract", where), levels=levels)
    if contract.product != name:
        raise MeshError(f"contract {entry['contract']} is that of product '{contract.product}'", where)
    if contract.domain and contract.domain != lob:
        raise MeshError(
            f"contract {entry['contract']} belongs to domain '{contract.domain}', not '{lob}'", where
        )
    shares = read_shares(entry.get("shares"), contract, consumers, levels, where)
    ended = {share.consumer: share.until for share in shares if share.until and share.until < today}
    schedule = entry.get("schedule")
    if schedule is not None and not _CRON.match(str(schedule)):
        raise MeshError(
            f"'{schedule}' is no schedule of six fields such as cron(0 3 * * ? *)", f"{where}.schedule"
        )
    kept = tuple(share for share in shares if share.consumer not in ended)
    return Product(name=name, contract=contract, schedule=schedule, shares=kept, ended=ended)


def _consumer(reader: Reader, common: dict[str, Any], folder: Path, today: dt.date) -> ConsumerSettings:
    central = _central_place(reader, common)
    levels = common["levels"]
    roles = []
    for name, raw in sorted(reader.mapping("roles").items()):
        where = reader.where(f"roles.{name}")
        entry = as_mapping(raw, ("clearance",), where)
        clearance = check_level(as_text(entry, "clearance", where), levels, f"{where}.clearance")
        roles.append(ConsumerRole(name=check_name(name, "role", where), clearance=clearance))
    for needed in ("data-scientist", "pipeline", "auditor"):
        if needed not in {role.name for role in roles}:
            raise MeshError(
                f"lacks '{needed}'; every consumer has data-scientist, pipeline and auditor",
                reader.where("roles"),
            )
    subscriptions: list[Subscription] = []
    ended: list[str] = []
    for product, raw in sorted(reader.mapping("subscriptions", required=False).items()):
        where = reader.where(f"subscriptions.{product}")
        entry = as_mapping(raw, ("lob", "clearance", "stack", "filteredTables", "until"), where)
        subscription = Subscription(
            product=check_name(product, "product", where),
            lob=check_name(as_text(entry, "lob", where), "LoB", f"{where}.lob"),
            stack=as_text(entry, "stack", where, "producer"),
            clearance=check_level(as_text(entry, "clearance", where), levels, f"{where}.clearance"),
            filtered_tables=as_strings(entry.get("filteredTables", []), f"{where}.filteredTables"),
            until=read_until(entry.get("until"), f"{where}.until"),
        )
        if subscription.until is None or subscription.until >= today:
            subscriptions.append(subscription)
        else:
            ended.append(subscription.product)
    users = reader.strings("users")
    for user in users:
        check_name(user, "user", reader.where("users"))
    network = read_network(reader, "the SageMaker domain runs inside your VPC only")
    return ConsumerSettings(
        **common,
        consumer=check_name(reader.text("consumer"), "consumer", reader.where("consumer")),
        central=central,
        central_stack=reader.text("centralStack", "central"),
        roles=tuple(roles),
        subscriptions=tuple(subscriptions),
        users=users,
        **network,
        model_package_group=check_name(
            reader.text("modelPackageGroup", "credit-risk"),
            "model package group",
            reader.where("modelPackageGroup"),
        ),
        scan_limit_bytes=reader.number("scanLimitBytes", 10 * 2**30, least=10 * 2**20),
        results_expire_days=reader.number("resultsExpireDays", 7),
        features=read_features(reader, folder, levels, roles, subscriptions, ended),
        production=_accounts(
            reader,
            "production",
            {common["place"].account_id: "this consumer", central.account_id: "the central stack"},
            "serving",
        ),
        pipeline=read_pipeline(reader),
        ended=tuple(ended),
    )
