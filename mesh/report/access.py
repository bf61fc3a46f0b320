"""The access matrix: one grid per table, principals down, columns across by level.

Owns which rows and columns the grids have and what each cell says. Deliberately not here: how access is
decided (governance.access) and the markup (templates).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesh.report.format import Levels, account_of, short


@dataclass(frozen=True)
class Group:
    """Columns of one level, in the table's order."""

    level: str
    shade: int
    columns: tuple[str, ...]

    @property
    def narrow(self) -> bool:
        """Whether the level's name is wider than its columns, and so has to stand upright like theirs."""
        return len(self.columns) * 3.4 < len(self.level)


@dataclass(frozen=True)
class Cell:
    """Whether a principal reads a column; `last` marks the end of its level's group."""

    column: str
    readable: bool
    shade: int
    last: bool


@dataclass(frozen=True)
class Row:
    """One principal in one grid.

    `missing` is the first missing link of a principal that reads nothing, `twin` says whether another
    principal of the grid has the same short name.
    """

    principal: str
    name: str
    account: str
    role: str
    clearance: str
    cells: tuple[Cell, ...]
    chain: tuple[str, ...]
    missing: str
    twin: bool

    @property
    def readable(self) -> int:
        return sum(cell.readable for cell in self.cells)


@dataclass(frozen=True)
class Grid:
    """The matrix of one table."""

    product: str
    table: str
    groups: tuple[Group, ...]
    rows: tuple[Row, ...]

    @property
    def width(self) -> int:
        return sum(len(group.columns) for group in self.groups)


def grids(report: Mapping[str, Any], levels: Levels) -> list[Grid]:
    """One grid per table of the report's `access` block, in the block's order.

    A column that only some entries list is a column of the grid; who does not list it does not read it.
    """
    tables: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for entry in report.get("access") or ():
        tables.setdefault((str(entry.get("product", "")), str(entry.get("table", ""))), []).append(entry)
    return [_grid(*key, entries, levels) for key, entries in tables.items()]


def _grid(product: str, table: str, entries: Sequence[Mapping[str, Any]], levels: Levels) -> Grid:
    level_of: dict[str, str] = {}
    for entry in entries:
        for column in entry.get("columns") or ():
            level_of.setdefault(str(column["name"]), str(column["level"]))
    groups = tuple(
        Group(level, levels.shade(level), tuple(name for name, its in level_of.items() if its == level))
        for level in levels.sort(level_of.values())
    )
    names = Counter(short(entry["principal"]) for entry in entries)
    return Grid(product, table, groups, tuple(_row(entry, groups, names) for entry in entries))


def _row(entry: Mapping[str, Any], groups: Sequence[Group], names: Counter[str]) -> Row:
    open_ = {str(column["name"]) for column in entry.get("columns") or () if column.get("readable")}
    principal = str(entry["principal"])
    return Row(
        principal=principal,
        name=short(principal),
        account=account_of(principal),
        role=str(entry.get("role") or ""),
        clearance=str(entry.get("clearance") or ""),
        cells=tuple(
            Cell(name, name in open_, group.shade, name == group.columns[-1])
            for group in groups
            for name in group.columns
        ),
        chain=tuple(map(str, entry.get("chain") or ())),
        missing=str(entry.get("missing") or ""),
        twin=names[short(principal)] > 1,
    )
