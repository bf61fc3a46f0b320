"""Reading `mesh:features` of a consumer's stack file: every mistake is one line naming key, file and what to do.

What the values become is `features`' business. A group whose subscription has ended is left out, as the subscription is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from governance.contracts import Column, Contract, Table, load_contract
from governance.contracts.types import TEMPORAL
from governance.errors import MeshError
from governance.features.groups import (
    FEATURE_NAME,
    INGESTION_TIME,
    SYSTEM_COLUMNS,
    Feature,
    FeatureGroup,
    feature_kind,
    feature_of,
    ingestion_time,
)
from governance.levels import lowest
from governance.names import check_name
from governance.reader import Reader, as_mapping, as_strings, as_text, nearest
from governance.settings import ConsumerRole, Subscription

KEYS = ("product", "contract", "table", "recordIdentifier", "eventTime", "columns", "online", "role")
INGESTING_ROLE = "pipeline"
"""Role that ingests unless the group names another."""


def read_features(
    reader: Reader,
    folder: Path,
    levels: Sequence[str],
    roles: Sequence[ConsumerRole],
    subscriptions: Sequence[Subscription],
    ended: Sequence[str] = (),
) -> tuple[FeatureGroup, ...]:
    """Feature groups of a consumer's stack.

    Parameters
    ----------
    folder
        What contract paths are relative to.
    subscriptions
        Those in force.
    ended
        Products whose subscription is over; their groups are left out.

    Raises
    ------
    MeshError
        For the first mistake.
    """
    known = {item.product: item for item in subscriptions}
    clearances = {role.name: role.clearance for role in roles}
    groups: list[FeatureGroup] = []
    for name, raw in sorted(reader.mapping("features", required=False).items()):
        where = reader.where(f"features.{name}")
        entry = as_mapping(raw, KEYS, where)
        check_name(name, "feature group", where)
        product = as_text(entry, "product", where, name)
        if product in ended:
            continue
        if product not in known:
            raise MeshError(
                f"product '{product}' is no subscription{nearest(product, list(known))}; name one with 'product'",
                where,
            )
        role = as_text(entry, "role", where, INGESTING_ROLE)
        if role not in clearances:
            raise MeshError(f"'{role}' is no role{nearest(role, list(clearances))}", f"{where}.role")
        contract = load_contract(folder / as_text(entry, "contract", where), levels=levels)
        if contract.product != product:
            raise MeshError(
                f"contract {entry['contract']} is that of product '{contract.product}', not '{product}'",
                where,
            )
        shared = known[product].clearance
        clearance = lowest(clearances[role], shared, levels)
        groups.append(_group(name, entry, contract, known[product], (role, clearance), levels, where))
    return tuple(groups)


def _group(
    name: str,
    entry: Mapping[str, Any],
    contract: Contract,
    subscription: Subscription,
    who: tuple[str, str],
    levels: Sequence[str],
    where: str,
) -> FeatureGroup:
    role, clearance = who
    table = _table(entry, contract, where)
    open_levels = set(levels[: list(levels).index(clearance) + 1])
    record_id = _record_id(entry, table, where)
    event_time = entry.get("eventTime")
    if event_time is not None:
        _event_time(as_text(entry, "eventTime", where), table, f"{where}.eventTime")
    needed = [record_id, *([event_time] if event_time else [])]
    if subscription.filtered_tables and "columns" not in entry:
        raise MeshError(
            "is shared through filters, which this file does not know; name the shared ones in 'columns'",
            where,
        )
    chosen = as_strings(entry.get("columns", []), f"{where}.columns")
    for column in (*needed, *chosen):
        _usable(_column(column, table, where), role, clearance, open_levels, where)
    wanted = {*needed, *chosen}
    features = [
        feature
        for column in table.columns
        if (not chosen or column.name in wanted)
        and column.classification in open_levels
        and (feature := feature_of(column)) is not None
    ]
    if event_time is None:
        if any(feature.name == INGESTION_TIME for feature in features):
            raise MeshError(
                f"{table.name} has a column '{INGESTION_TIME}'; name it as eventTime, or leave it out of 'columns'",
                where,
            )
        features.append(ingestion_time(levels[0]))
    if len(features) <= len({record_id, event_time or INGESTION_TIME}):
        raise MeshError(
            f"no column of {table.name} is left for role '{role}', cleared for {clearance}", where
        )
    return FeatureGroup(
        name=name,
        product=contract.product,
        table=table.name,
        record_id=record_id,
        contract_version=contract.version,
        event_time=str(event_time or INGESTION_TIME),
        ingestion_time=event_time is None,
        features=_in_order(features, record_id, str(event_time or INGESTION_TIME)),
        online=_flag(entry, where),
        role=role,
        clearance=clearance,
        shared=subscription.clearance,
    )


def _in_order(features: Sequence[Feature], record_id: str, event_time: str) -> tuple[Feature, ...]:
    """Record id and event time first, the rest as in the contract."""
    first = {record_id: 0, event_time: 1}
    return tuple(sorted(features, key=lambda feature: first.get(feature.name, 2)))


def _table(entry: Mapping[str, Any], contract: Contract, where: str) -> Table:
    tables = {table.name: table for table in contract.tables}
    name = as_text(entry, "table", where, contract.tables[0].name if len(tables) == 1 else None)
    if name not in tables:
        raise MeshError(f"contract has no table '{name}'{nearest(name, list(tables))}", f"{where}.table")
    return tables[name]


def _record_id(entry: Mapping[str, Any], table: Table, where: str) -> str:
    if "recordIdentifier" in entry:
        return _column(as_text(entry, "recordIdentifier", where), table, f"{where}.recordIdentifier").name
    if len(table.primary_key) == 1:
        return table.primary_key[0]
    why = f"key of {len(table.primary_key)} columns" if table.primary_key else "no primary key"
    raise MeshError(f"{table.name} has {why}; name one column as recordIdentifier", where)


def _event_time(name: str, table: Table, where: str) -> None:
    column = _column(name, table, where)
    if column.type.kind not in TEMPORAL:
        raise MeshError(
            f"'{name}' is of type {column.glue_type}; an event time is a date or timestamp", where
        )
    if not column.required:
        raise MeshError(
            f"'{name}' is not required, and a record needs its event time; require it in the contract or leave eventTime out",
            where,
        )


def _column(name: str, table: Table, where: str) -> Column:
    try:
        return table.column(name)
    except KeyError:
        names = [column.name for column in table.columns]
        raise MeshError(f"{table.name} has no column '{name}'{nearest(name, names)}", where) from None


def _usable(column: Column, role: str, clearance: str, open_levels: set[str], where: str) -> None:
    if column.classification not in open_levels:
        raise MeshError(
            f"column '{column.name}' is {column.classification} and role '{role}' reads up to {clearance} here; take it "
            "out or name a role that is cleared for it",
            where,
        )
    if feature_kind(column.glue_type) is None:
        raise MeshError(
            f"column '{column.name}' is of type {column.glue_type}, which no feature can hold", where
        )
    if column.name in SYSTEM_COLUMNS or not FEATURE_NAME.match(column.name):
        raise MeshError(f"column '{column.name}' has a name that Feature Store refuses; leave it out", where)


def _flag(entry: Mapping[str, Any], where: str) -> bool:
    value = entry.get("online", False)
    if not isinstance(value, bool):
        raise MeshError(f"must be true or false, not '{value}'", f"{where}.online")
    return value
