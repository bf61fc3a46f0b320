"""What a share says: a consumer, a clearance, and optionally which columns, which rows and until when.

A share of whole tables travels as LF-tag grants. One that narrows columns or rows travels as data cells filters, never
both to the same consumer: grants are a union, and the tag grant would undo the filter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from governance.contracts import Contract, Table
from governance.errors import MeshError
from governance.levels import check_level, cleared_levels
from governance.reader import as_list, as_mapping, as_strings, as_text, nearest
from governance.row_filters import check_predicate
from governance.settings import Share

SHARE_KEYS = ("consumer", "clearance", "columns", "rows", "until")


def read_shares(
    entries: Any,
    contract: Contract,
    consumers: Mapping[str, str],
    levels: Sequence[str],
    where: str,
) -> tuple[Share, ...]:
    """Shares of one product as its stack file lists them, those that have ended too.

    Parameters
    ----------
    entries
        The list under `shares`.
    contract
        The product's contract, whose columns filters may name.
    consumers
        Consumer -> account id.
    """
    shares: list[Share] = []
    seen: set[str] = set()
    for index, item in enumerate(as_list(entries, "shares", f"{where}.shares")):
        spot = f"{where}.shares[{index}]"
        entry = as_mapping(item, SHARE_KEYS, spot)
        consumer = as_text(entry, "consumer", spot)
        if consumer not in consumers:
            raise MeshError(
                f"consumer '{consumer}' has no account in mesh:consumers{nearest(consumer, list(consumers))}",
                spot,
            )
        if consumer in seen:
            raise MeshError(f"consumer '{consumer}' is shared to twice; keep one share", spot)
        seen.add(consumer)
        shares.append(read_share(entry, contract, consumers[consumer], levels, spot))
    return tuple(shares)


def read_share(
    entry: Mapping[str, Any],
    contract: Contract,
    account: str,
    levels: Sequence[str],
    spot: str,
    places: Mapping[str, str] | None = None,
) -> Share:
    """One share as its entry says it, whether or not it has ended.

    Parameters
    ----------
    entry
        `consumer`, `clearance` and what narrows the share.
    account
        Account id of the consumer.
    spot
        Where the entry stands, for messages.
    places
        Key of the entry -> where that stands, if not in `spot`.
    """
    where = {key: f"{spot}.{key}" for key in SHARE_KEYS} | dict(places or {})
    clearance = check_level(as_text(entry, "clearance", spot), levels, where["clearance"])
    share = Share(
        consumer=as_text(entry, "consumer", spot),
        account_id=account,
        clearance=clearance,
        columns=_columns(entry.get("columns"), contract, where["columns"]),
        rows=_rows(entry.get("rows"), contract, where["rows"]),
        until=read_until(entry.get("until"), where["until"]),
    )
    for table in contract.tables if share.filtered else ():
        if not filter_columns(share, table, clearance, levels):
            raise MeshError(f"no column of table '{table.name}' is both listed and cleared", spot)
    return share


def read_until(value: Any, where: str) -> dt.date | None:
    """The last day of a share, or None."""
    if value is None:
        return None
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise MeshError(f"'{value}' is no date such as 2027-03-31", where) from None


def filter_columns(share: Share, table: Table, clearance: str, levels: Sequence[str]) -> tuple[str, ...]:
    """Columns of a table that a filtered share opens at a clearance, in the contract's order."""
    cleared = cleared_levels(clearance, levels)
    return tuple(
        column.name
        for column in table.columns
        if column.classification in cleared and (not share.columns or column.name in share.columns)
    )


def _columns(value: Any, contract: Contract, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    columns = as_strings(value, where)
    known = [column.name for table in contract.tables for column in table.columns]
    for column in columns:
        if column not in known:
            raise MeshError(f"'{column}' is no column of the contract{nearest(column, known)}", where)
    if not columns:
        raise MeshError("names no column; leave the key out to share all", where)
    return columns


def _rows(value: Any, contract: Contract, where: str) -> tuple[tuple[str, str], ...]:
    """Table -> predicate; plain text is for a contract of one table."""
    if value is None:
        return ()
    tables = {table.name: table for table in contract.tables}
    if isinstance(value, str):
        if len(tables) > 1:
            raise MeshError(f"must say for which table: one of {', '.join(tables)}", where)
        value = {next(iter(tables)): value}
    if not isinstance(value, dict):
        raise MeshError("must be a predicate, or a mapping of tables to predicates", where)
    for name, text in value.items():
        if name not in tables:
            near = nearest(str(name), list(tables)) or f"; its tables are {', '.join(tables)}"
            raise MeshError(f"'{name}' is no table of the contract{near}", where)
        if not isinstance(text, str):
            raise MeshError("must be a predicate such as purpose <> 'business'", f"{where}.{name}")
    return tuple(sorted((name, check_predicate(text, tables[name], where)) for name, text in value.items()))
