"""What a change adds to and takes from whom: two states compared by principal, table and column.

Owns the comparison and its three forms: text, JSON, and Markdown for a pull request. Deliberately not here:
where the two states come from (sources).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from governance.access import matrix
from governance.access.cells import cells, united
from governance.access.chain import account_holdings
from governance.access.holdings import GRANTABLE
from governance.access.index import index_of
from governance.settings import ProducerSettings
from governance.snapshot import Snapshot, TableId
from mesh.access.names import Names, columns_of
from mesh.project import Project

Rows = frozenset[str | None]
"""Row filters under which a column is open; None among them means all rows."""
Opened = dict[tuple[str, TableId], dict[str, Rows]]
"""Principal or account, and table, to what is open to it."""

SOON = 14
"""Days in which an ending share is listed."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one principal gains or loses of one table. `rows` holds columns that stay, with other rows."""

    principal: str
    name: str
    table: TableId
    gains: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()
    rows: tuple[tuple[str, str, str], ...] = ()
    """Column, rows before, rows after."""
    levels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Everything that differs.

    Attributes
    ----------
    levels
        (table.column, level before, level after) of columns that stay.
    added, removed
        Grants in words.
    expiring
        Shares that end soon, which is no difference yet.
    """

    changes: tuple[Change, ...] = ()
    levels: tuple[tuple[str, str, str], ...] = ()
    tables_added: tuple[str, ...] = ()
    tables_removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    expiring: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return any(getattr(self, part.name) for part in fields(self) if part.name != "expiring")

    @property
    def gaining(self) -> int:
        """Principals that gain something."""
        return len({change.principal for change in self.changes if change.gains})

    @property
    def losing(self) -> int:
        """Principals that lose something."""
        return len({change.principal for change in self.changes if change.loses})


def expiring(project: Project, today: dt.date) -> tuple[str, ...]:
    """Shares whose last day is within the next two weeks."""
    return tuple(
        f"{product.name} to {share.consumer} ends after {share.until}"
        for item in project.stacks.values()
        if isinstance(item, ProducerSettings)
        for product in item.products
        for share in product.shares
        if share.until is not None and (share.until - today).days <= SOON
    )


def compare(names_before: Names, names_after: Names, before: Snapshot, after: Snapshot) -> Difference:
    """Compare two states; a principal is a role, a user, or an account with what it may pass on."""
    old, new = _opened(before, names_before), _opened(after, names_after)
    everybody = list(dict.fromkeys((*new, *old)))
    tables = [*dict.fromkeys((*after.table_ids, *before.table_ids))]
    order = {where: at for at, where in enumerate(tables)}
    everybody.sort(key=lambda key: order[key[1]])
    known = {where: {**columns_of(before, where), **columns_of(after, where)} for where in tables}
    changes = []
    for who, where in everybody:
        shown = names_after.shown(who) + (" may pass on" if who.isdigit() else "")
        change = _change(
            who, shown, where, old.get((who, where), {}), new.get((who, where), {}), known[where]
        )
        if change is not None:
            changes.append(change)
    added = set(after.grants) - set(before.grants)
    removed = set(before.grants) - set(after.grants)
    return Difference(
        changes=tuple(changes),
        levels=tuple(_levels(before, after)),
        tables_added=_tables(set(after.table_ids) - set(before.table_ids)),
        tables_removed=_tables(set(before.table_ids) - set(after.table_ids)),
        added=tuple(sorted(names_after.plain(str(grant)) for grant in added)),
        removed=tuple(sorted(names_before.plain(str(grant)) for grant in removed)),
    )


def _opened(snapshot: Snapshot, names: Names) -> Opened:
    found: Opened = {}
    for (who, where), access in matrix(snapshot, names.principals).items():
        _open(found, who, where, access.row_filters)
    index = index_of(snapshot)
    for catalog in snapshot.catalogs:
        for where, table in index.shapes.items():
            if where.catalog != catalog.account:
                share = account_holdings(index, catalog.account, where.catalog)
                openings = cells(index, share, table, GRANTABLE)
                _open(found, catalog.account, where, united(openings, table) if openings else {})
    return found


def _open(found: Opened, who: str, where: TableId, rows: Mapping[str | None, tuple[str, ...]]) -> None:
    opened: dict[str, Rows] = {}
    for row, columns in rows.items():
        for column in columns:
            opened[column] = opened.get(column, frozenset()) | {row}
    if opened:
        found[who, where] = opened


def _change(
    who: str, shown: str, where: TableId, old: dict[str, Rows], new: dict[str, Rows], known: Mapping[str, str]
) -> Change | None:
    gains = tuple(column for column in known if column in new and column not in old)
    loses = tuple(column for column in known if column in old and column not in new)
    rows = tuple(
        (column, _rows(old[column]), _rows(new[column]))
        for column in known
        if column in old and column in new and old[column] != new[column]
    )
    if not gains and not loses and not rows:
        return None
    levels = tuple((column, known[column]) for column in (*gains, *loses))
    return Change(principal=who, name=shown, table=where, gains=gains, loses=loses, rows=rows, levels=levels)


def _rows(rows: Rows) -> str:
    return "all rows" if None in rows else " or ".join(sorted(row for row in rows if row is not None))


def _levels(before: Snapshot, after: Snapshot) -> Iterable[tuple[str, str, str]]:
    for where in after.table_ids:
        old = columns_of(before, where)
        for column, level in columns_of(after, where).items():
            if column in old and old[column] != level:
                yield f"{where.database}.{where.name}.{column}", old[column], level


def _tables(found: Iterable[TableId]) -> tuple[str, ...]:
    return tuple(f"{where.database}.{where.name}" for where in sorted(found))


def headline(found: Difference) -> str:
    """The difference in one line."""
    if not found.any:
        return "nobody gains or loses anything"
    parts = []
    if found.gaining:
        parts.append(f"{found.gaining} {'gains' if found.gaining == 1 else 'gain'}")
    if found.losing:
        parts.append(f"{found.losing} {'loses' if found.losing == 1 else 'lose'}")
    rows = len({change.principal for change in found.changes if change.rows})
    if rows:
        parts.append(f"{rows} {'sees' if rows == 1 else 'see'} other rows")
    grants = f"{len(found.added)} grants made, {len(found.removed)} revoked"
    return f"{', '.join(parts) or 'nobody gains or loses a column'}; {grants}"


def as_text(found: Difference, label: str) -> str:
    """For a terminal: one line per gain and loss."""
    lines = [f"against {label}: {headline(found)}"]
    for change in found.changes:
        table = f"{change.table.database}.{change.table.name}"
        if change.gains:
            lines.append(f"  + {change.name}: {table} {', '.join(change.gains)}")
        if change.loses:
            lines.append(f"  - {change.name}: {table} {', '.join(change.loses)}")
        lines += [
            f"  ~ {change.name}: {table} {column}: {after} (were {before})"
            for column, before, after in change.rows
        ]
    lines += [f"  level of {column}: {after} (was {before})" for column, before, after in found.levels]
    lines += [f"  new table {table}" for table in found.tables_added]
    lines += [f"  table gone: {table}" for table in found.tables_removed]
    lines += [f"  soon: {share}" for share in found.expiring]
    return "\n".join(lines)


def as_json(found: Difference, label: str) -> dict[str, Any]:
    """Everything, for programs."""
    return {
        "against": label,
        "changed": found.any,
        "changes": [
            {
                "principal": change.principal,
                "name": change.name,
                "table": f"{change.table.database}.{change.table.name}",
                "gains": list(change.gains),
                "loses": list(change.loses),
                "rows": [{"column": column, "before": old, "after": new} for column, old, new in change.rows],
            }
            for change in found.changes
        ],
        "levels": [{"column": column, "before": old, "after": new} for column, old, new in found.levels],
        "tables": {"added": list(found.tables_added), "removed": list(found.tables_removed)},
        "grants": {"added": list(found.added), "removed": list(found.removed)},
        "expiring": list(found.expiring),
    }


def as_markdown(found: Difference, label: str) -> str:
    """A pull-request comment: who gains and loses what, and the grants behind it folded away."""
    lines = ["### Access", "", f"Against {_md(label)}: **{_md(headline(found))}**.", ""]
    if found.changes:
        lines += ["| | Who | Table | Columns |", "|---|---|---|---|"]
        for change in found.changes:
            table = _code(f"{change.table.database}.{change.table.name}")
            levels = dict(change.levels)
            for mark, columns in (("gains", change.gains), ("**loses**", change.loses)):
                if columns:
                    lines.append(f"| {mark} | {_md(change.name)} | {table} | {_grouped(columns, levels)} |")
            for column, old, new in change.rows:
                lines.append(
                    f"| other rows | {_md(change.name)} | {table} | {_code(column)}: {_code(new)}, were {_code(old)} |"
                )
        lines.append("")
    if found.levels:
        lines += ["| Column | Level before | after |", "|---|---|---|"]
        lines += [f"| {_code(column)} | {_md(old)} | {_md(new)} |" for column, old, new in found.levels]
        lines.append("")
    lines += [f"New table {_code(table)}." for table in found.tables_added]
    lines += [f"Table {_code(table)} is gone." for table in found.tables_removed]
    lines += [f"Soon: the share of {_md(share)}." for share in found.expiring]
    if found.added or found.removed:
        many = f"{len(found.added)} grants made, {len(found.removed)} revoked"
        lines += ["", f"<details><summary>{many}</summary>", "", "```diff"]
        lines += [f"+ {grant}".replace("```", "'''") for grant in found.added]
        lines += [f"- {grant}".replace("```", "'''") for grant in found.removed]
        lines += ["```", "", "</details>"]
    return "\n".join(lines).rstrip()


def _grouped(columns: Iterable[str], levels: Mapping[str, str]) -> str:
    """Columns under their level: `amount`, `status` (confidential)."""
    by_level: dict[str, list[str]] = {}
    for column in columns:
        by_level.setdefault(levels.get(column, ""), []).append(_code(column))
    return "; ".join(
        f"{', '.join(names)}{f' ({_md(level)})' if level else ''}" for level, names in by_level.items()
    )


def _md(text: str) -> str:
    """Text that a Markdown table takes as it is."""
    for mark in ("\\", "|", "`", "*", "_", "<", "[", "]", "#"):
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def _code(text: str) -> str:
    """Code in a Markdown table; a row filter may hold any character."""
    shown = " ".join(text.split()).replace("|", "\\|")
    return f"`{shown}`" if "`" not in shown else f"`` {shown} ``"
