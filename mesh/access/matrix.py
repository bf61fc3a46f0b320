"""Who reads what, all at once: principals by tables and columns, for a terminal, as JSON and as a page.

Owns which principals are shown and how a cell is written. Deliberately not here: deciding access
(governance.access), and the drawing of the matrix on the page, which is the report's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from governance.access import Access, matrix
from governance.snapshot import Snapshot, TableId
from governance.text_table import aligned
from mesh.access.names import Names, by_level, columns_of, product_of

NOTHING, EVERYTHING = "-", "all"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one principal reads of one table."""

    principal: str
    table: TableId
    access: Access


def cells(snapshot: Snapshot, names: Names, products: Sequence[str] = ()) -> list[Cell]:
    """Roles of consumers, and everybody else who reads anything at all, by table.

    Parameters
    ----------
    products
        Only tables of these products; all tables when empty.
    """
    found = matrix(snapshot, names.principals)
    tables = [
        where for where in snapshot.table_ids if not products or product_of(snapshot, where) in products
    ]
    return [
        Cell(principal=who, table=where, access=access)
        for where in tables
        for who in names.principals
        if (access := found[who, where]).allowed or who in names.roles
    ]


def as_text(snapshot: Snapshot, names: Names, found: Sequence[Cell]) -> str:
    """One block per table: a line per principal, a column per level with how many of its columns are readable."""
    blocks = []
    for where in dict.fromkeys(cell.table for cell in found):
        levels = by_level(names.levels(), columns_of(snapshot, where))
        rows = [[f"{where.database}.{where.name}", *(f"{level} ({len(of)})" for level, of in levels.items())]]
        notes = []
        for cell in found:
            if cell.table == where:
                rows.append(
                    [names.shown(cell.principal), *(_count(cell.access, of) for of in levels.values())]
                )
                notes += _row_notes(names, cell)
        lines = aligned(rows, ruled=True)
        lines += [f"  {level or 'no level'}: {', '.join(of)}" for level, of in levels.items()]
        blocks.append("\n".join([*lines, *notes]))
    return "\n\n".join(blocks) or "no table yet"


def _count(access: Access, columns: Sequence[str]) -> str:
    readable = sum(column in access.columns for column in columns)
    some = f"{readable} of {len(columns)}" if readable else NOTHING
    shown = EVERYTHING if readable == len(columns) else some
    limited = any(
        column in opened
        for row, opened in access.row_filters.items()
        if row is not None
        for column in columns
    )
    return f"{shown} *" if limited else shown


def _row_notes(names: Names, cell: Cell) -> list[str]:
    return [
        f"  * {names.shown(cell.principal)}: only rows where {row}"
        for row in sorted(row for row in cell.access.row_filters if row is not None)
    ]


def as_json(snapshot: Snapshot, names: Names, found: Sequence[Cell]) -> dict[str, Any]:
    """Every principal by every column, in the form the report's `access` block has too."""
    return {"levels": list(names.levels()), "access": [_entry(snapshot, names, cell) for cell in found]}


def _entry(snapshot: Snapshot, names: Names, cell: Cell) -> dict[str, Any]:
    role, access = names.roles.get(cell.principal), cell.access
    chain = [names.plain(step) for step in access.chain]
    chain += [
        f"only rows where {row}" for row in sorted(row for row in access.row_filters if row is not None)
    ]
    return {
        "principal": cell.principal,
        "name": names.shown(cell.principal),
        "role": role.name if role else "",
        "clearance": role.clearance if role else None,
        "product": product_of(snapshot, cell.table),
        "catalog": cell.table.catalog,
        "database": cell.table.database,
        "table": cell.table.name,
        "columns": [
            {
                "name": column,
                "level": level,
                "readable": column in access.columns,
                "rows": sorted(
                    row for row, opened in access.row_filters.items() if row is not None and column in opened
                ),
            }
            for column, level in columns_of(snapshot, cell.table).items()
        ],
        "chain": chain,
        "missing": names.plain(access.missing.text) if access.missing else None,
    }


PAGE = """{% from "parts.html.j2" import level with context %}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ title }}</title>
<style>
{% include "style.css" %}
</style>
</head>
<body>
<header class="top"><div><h1>{{ title }}</h1>
<p class="quiet">{{ source }}</p></div></header>
<main>
{% include "access.html.j2" %}
</main>
<script>
{% include "script.js" %}
</script>
</body>
</html>
"""


def as_page(snapshot: Snapshot, names: Names, found: Sequence[Cell], source: str) -> str:
    """The matrix as one self-contained HTML page, drawn like the report's; every value is escaped."""
    from mesh.report import plain
    from mesh.report.access import grids
    from mesh.report.format import Levels
    from mesh.report.page import _environment

    facts = plain(as_json(snapshot, names, found))
    levels = Levels.of(facts)
    page = _environment().from_string(PAGE)
    return page.render(title="Who can read what", source=source, levels=levels, grids=grids(facts, levels))
