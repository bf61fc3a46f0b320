"""What the caller may read of a table, as the query engine uses it.

Owns the step from access to a relation that the planner understands, and the SQL of cell-level security.
Deliberately not here: the decision, which `lake` asks the cloud's Lake Formation for, and its shape (`rights`).

Rows and columns of several grants
---------------------------------- Grants are a union (Lake Formation developer guide, "Data filtering and
cell-level security"). Each grant opens its columns in its rows. So a row is returned when at least one grant
opens it, and within a returned row a cell is shown only if a grant that opens the row also opens the column;
any other cell of a column that the role may read in some rows is null. A column in no grant does not exist
for the role.
"""

from __future__ import annotations

from collections.abc import Mapping

from local.cloud.athena import dialect as athena_dialect
from local.cloud.athena.catalog import CatalogTable
from local.cloud.athena.errors import insufficient
from local.cloud.athena.lake import authorise, changed, created, dropped, permitted
from local.cloud.athena.plan import Relation, Scan
from local.cloud.athena.rights import Access, Caller, CellGrant
from local.cloud.athena.types import trino_type

__all__ = [
    "authorise",
    "cells",
    "changed",
    "created",
    "demand",
    "dropped",
    "permitted",
    "relation",
    "source_columns",
]


def relation(caller: Caller, table: CatalogTable) -> tuple[Relation, Access]:
    """Return the relation that the planner sees; QueryFailed when the caller may not see the table at all."""
    access = authorise(caller, table)
    if access.missing is not None:
        raise insufficient(*access.missing)
    readable = access.columns
    columns = {name: trino_type(kind) for name, kind in table.all_columns.items() if name in readable}
    whole = frozenset().union(*(grant.columns for grant in access.grants if grant.row_filter is None))
    return Relation(columns, table, frozenset(table.partition_keys) & whole), access


def source_columns(scan: Scan, access: Access, table: CatalogTable) -> set[str]:
    """Return the columns that must be read: what the query needs, and what the row filters test."""
    needed = set(scan.columns)
    for grant in access.grants:
        if grant.row_filter is not None:
            words = athena_dialect.filter_columns(grant.row_filter)
            needed |= words & set(table.all_columns)
    return needed


def cells(scan: Scan, access: Access, raw: str) -> str:
    """Return SQL that shows of the raw rows just the cells that the grants open.

    Parameters
    ----------
    scan
        The scan whose columns are to be shown.
    raw
        Name of the unfiltered view.
    """
    conditions = {id(grant): _condition(grant) for grant in access.grants}
    shown = [_cell(column, access, conditions) for column in scan.columns] or ['true AS "?"']
    opening = set(conditions.values())
    where = (
        "" if None in opening else " WHERE " + " OR ".join(f"({each})" for each in sorted(map(str, opening)))
    )
    return f"SELECT {', '.join(shown)} FROM {raw}{where}"


def _condition(grant: CellGrant) -> str | None:
    return None if grant.row_filter is None else athena_dialect.row_filter(grant.row_filter)


def _cell(column: str, access: Access, conditions: Mapping[int, str | None]) -> str:
    name = '"' + column.replace('"', '""') + '"'
    opening = {conditions[id(grant)] for grant in access.grants if column in grant.columns}
    if None in opening or opening == set(conditions.values()):
        return name
    rows = " OR ".join(f"({each})" for each in sorted(map(str, opening)))
    return f"CASE WHEN {rows} THEN {name} END AS {name}"


def demand(caller: Caller, permission: str, catalog: str, database: str, table: str | None = None) -> None:
    """Refuse what Lake Formation does not permit on a database or table, such as CREATE_TABLE or DROP.

    Raises
    ------
    QueryFailed
        In the words of the Data Catalog.
    """
    if not permitted(caller, permission, catalog, database, table):
        words = permission.replace("_", " ").title()
        raise insufficient(words, table or database)
