"""Which cells of a table, and which actions on it, a principal's grants open.

Owns the meaning of one grant on one table and the union of grants. Deliberately not here: how a grant reaches
a principal (chain), links (links), and sentences about what is missing (why).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, cast

from governance.access.holdings import GRANTABLE, HELD, Entry, Holdings
from governance.access.index import Index
from governance.access.principals import is_account, short
from governance.access.tags import Shape
from governance.snapshot import DataCellsFilter
from governance.snapshot.grants import (
    TABLE_ACTIONS,
    ColumnsRes,
    FilterRes,
    Grant,
    Resource,
    TableRes,
    TagPolicyRes,
)

Step = Grant | str
"""One step of a chain: a grant, or words for what needs none (creators, administrators)."""

FULL_ACCESS = frozenset({"ALTER", "DROP", "INSERT", "DELETE"})
"""Permissions that need all columns of a table (LFDG TBAC-notes)."""


class Opening(NamedTuple):
    """Columns opened for the rows of a filter (None: all rows) by the steps of one chain."""

    columns: frozenset[str]
    rows: str | None
    steps: tuple[Step, ...]


def cells(index: Index, held: Holdings, table: Shape, mode: str = HELD) -> tuple[Opening, ...]:
    """Everything that SELECT opens, chain by chain.

    LFDG lf-tag-considerations and best practices lf-tags/best-practices: permissions are the union of all
    named and tag grants; nothing takes away. What a foreign account as a whole holds is kept, since all its
    roles are measured by it.
    """
    if not is_account(held.principal):
        return _cells(index, held, table, mode)
    key = (table.where, mode)
    found = held.cells.get(key)
    if found is None:
        found = held.cells[key] = _cells(index, held, table, mode)
    return cast(tuple[Opening, ...], found)


def _cells(index: Index, held: Holdings, table: Shape, mode: str) -> tuple[Opening, ...]:
    found: list[Opening] = []
    if held.named:
        for entry in _named(held, table):
            if "SELECT" in entry.gives(mode):
                columns, rows = named_cells(index, entry.resource, table)
                if columns:
                    found.extend(_capped(index, held, table, entry, Opening(columns, rows, entry.steps)))
    if held.tagged:
        numbers: dict[int, tuple[int, ...]] = {}
        entries: dict[int, Entry] = {}
        for number, _ in table.groups:
            for entry in held.tagged.get(number, ()):
                key = id(entry)
                numbers[key] = (*numbers.get(key, ()), number)
                entries[key] = entry
        for key, entry in entries.items():
            if "SELECT" in entry.gives(mode):
                opening = Opening(table.union(numbers[key]), None, entry.steps)
                if entry.cap:
                    found.extend(_capped(index, held, table, entry, opening))
                else:
                    found.append(opening)
    if is_creator(held, table):
        found.append(Opening(frozenset(table.columns), None, (created(held, "table"),)))
    return tuple(found)


def is_creator(held: Holdings, table: Shape) -> bool:
    """Whether the principal made the table and is of the account that owns it.

    LFDG implicit-permissions: table creators have all permissions on tables they create. What a creator
    from another account has on a table it made in a shared database is not written there; it is taken to be
    nothing.
    """
    creator = table.table.creator
    return creator is not None and creator == held.principal and held.account is None


def created(held: Holdings, what: str) -> str:
    """The step of a creator."""
    return f"{short(held.principal)} created the {what} and so has all permissions on it"


def _named(held: Holdings, table: Shape) -> Iterable[Entry]:
    database = table.where.database
    yield from held.named.get((database, table.where.name), ())
    yield from held.named.get((database, None), ())


def named_cells(index: Index, resource: Resource, table: Shape) -> tuple[frozenset[str], str | None]:
    """Columns and rows of a table that SELECT on a named resource opens.

    LFDG column-filtering-intro: simple column filtering lists columns to include or exclude. LFDG
    data-filters-about: a data filter has columns and rows. A filter that no longer exists opens nothing.
    """
    match resource:
        case TableRes():
            return frozenset(table.columns), None
        case ColumnsRes(_, _, included, excluded):
            return _chosen(table, included, excluded), None
        case FilterRes(database, name, filter_name):
            catalog = index.snapshot.catalog(table.where.catalog)
            cut: DataCellsFilter | None = catalog.filter_by_name.get((database, name, filter_name))
            if cut is None:
                return frozenset(), None
            return _chosen(table, cut.included, cut.excluded), cut.row_filter
        case _:
            return frozenset(), None


def _chosen(table: Shape, included: tuple[str, ...] | None, excluded: tuple[str, ...]) -> frozenset[str]:
    if included is not None:
        return frozenset(table.columns) & frozenset(included)
    return frozenset(table.columns) - frozenset(excluded)


def _capped(index: Index, held: Holdings, table: Shape, entry: Entry, wanted: Opening) -> Iterable[Opening]:
    """Cut an opening down to what the principal's account holds.

    LFDG data-filtering-notes: who is granted more columns than the account was "will have visibility only
    on the columns granted" to the account; rows are taken to follow the same rule, both filters then apply.
    """
    if not entry.cap or held.account is None:
        yield wanted
        return
    for under in cells(index, held.account, table, entry.cap):
        columns = wanted.columns & under.columns
        if columns:
            yield Opening(columns, both(under.rows, wanted.rows), (*under.steps, *wanted.steps))


def both(first: str | None, second: str | None) -> str | None:
    """Row filter that holds where both hold; None stands for all rows."""
    if first is None or second is None or first == second:
        return second if first is None else first
    low, high = sorted((first, second))
    return f"({low}) AND ({high})"


def united(openings: Iterable[Opening], table: Shape) -> Mapping[str | None, tuple[str, ...]]:
    """Union of openings: row filter (None first: all rows) to the columns it opens, in the table's order.

    A column that is open for all rows is not repeated under a filter.
    """
    found: dict[str | None, frozenset[str]] = {}
    for opening in openings:
        known = found.get(opening.rows)
        found[opening.rows] = opening.columns if known is None else known | opening.columns
    whole = found.get(None, frozenset())
    if len(found) == 1 and None in found:
        return table.all_rows(whole)
    cut = {rows: columns - whole for rows, columns in found.items() if rows is not None}
    made: dict[str | None, tuple[str, ...]] = {None: table.in_order(whole)} if whole else {}
    made.update({rows: table.in_order(cut[rows]) for rows in sorted(cut) if cut[rows]})
    return made


def table_actions(
    index: Index, held: Holdings, table: Shape, mode: str = HELD
) -> dict[str, tuple[Step, ...]]:
    """Actions on a table as a whole, each with the steps of the first chain that gives it.

    SELECT stands for "some column". LFDG lf-permissions-reference: who may SELECT from a table may view it,
    so SELECT brings DESCRIBE. That other permissions bring DESCRIBE is not written there and not assumed.
    LFDG TBAC-notes: a tag policy that matches some columns only gives DESCRIBE instead of ALTER, DROP,
    INSERT or DELETE, and SELECT with DESCRIBE instead of ALL. A policy that matches every column but not
    the table's own tags is not described; it is taken to match in part.
    """
    found: dict[str, tuple[Step, ...]] = {}
    for entry in _named(held, table):
        _add(index, held, table, entry, _named_actions(index, entry, table, mode), found, mode)
    reached = {id(each): each for number, _ in table.groups for each in held.tagged.get(number, ())}
    reached.update({id(each): each for each in held.tagged.get(table.tags, ())})
    for entry in reached.values():
        _add(index, held, table, entry, _tag_actions(index, entry, table, mode), found, mode)
    if is_creator(held, table):
        for action in TABLE_ACTIONS:
            found.setdefault(action, (created(held, "table"),))
    return found


def _named_actions(index: Index, entry: Entry, table: Shape, mode: str) -> frozenset[str]:
    given = entry.gives(mode)
    if "SELECT" not in given:
        return given & TABLE_ACTIONS if isinstance(entry.resource, TableRes) else frozenset()
    if isinstance(entry.resource, TableRes):
        return (given | {"DESCRIBE"}) & TABLE_ACTIONS
    columns, _ = named_cells(index, entry.resource, table)
    return frozenset({"SELECT", "DESCRIBE"}) if columns else frozenset()


def _tag_actions(index: Index, entry: Entry, table: Shape, mode: str) -> frozenset[str]:
    given = entry.gives(mode)
    if not given or not isinstance(entry.resource, TagPolicyRes):
        return frozenset()
    matched = index.sets.matched(entry.resource.expression)
    columns = [number in matched for number, _ in table.groups]
    actions = set(given & {"SELECT", "DESCRIBE"})
    if not any(columns):
        actions.discard("SELECT")
    if table.tags in matched and all(columns):
        actions |= given & FULL_ACCESS
    elif given & FULL_ACCESS:
        actions.add("DESCRIBE")
    if "SELECT" in actions:
        actions.add("DESCRIBE")
    return frozenset(actions)


def _add(
    index: Index,
    held: Holdings,
    table: Shape,
    entry: Entry,
    actions: frozenset[str],
    found: dict[str, tuple[Step, ...]],
    mode: str,
) -> None:
    """Add what an entry gives, cut down to what the account has where the entry is capped."""
    if not actions:
        return
    if entry.cap and held.account is not None:
        under = table_actions(index, held.account, table, entry.cap)
        for action in actions & under.keys():
            if action != "SELECT" or any(
                entry.steps[-1] in each.steps for each in cells(index, held, table, mode)
            ):
                found.setdefault(action, (*under[action], *entry.steps))
        return
    for action in actions:
        found.setdefault(action, entry.steps)


__all__ = [
    "GRANTABLE",
    "HELD",
    "Opening",
    "Step",
    "both",
    "cells",
    "named_cells",
    "table_actions",
    "united",
]
