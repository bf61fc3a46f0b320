"""What the caller may read of a table: the seam between the query engine and Lake Formation.

Owns the answer's shape, the step from access to a relation that the planner understands, and the SQL of
cell-level security. Deliberately not here: the decision, which `local.cloud.lake` makes with the access
evaluator.

Rows and columns of several grants
---------------------------------- Grants are a union (Lake Formation developer guide, "Data filtering and
cell-level security"). Each grant opens its columns in its rows. So a row is returned when at least one grant
opens it, and within a returned row a cell is shown only if a grant that opens the row also opens the column;
any other cell of a column that the role may read in some rows is null. A column in no grant does not exist
for the role.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.cloud.athena import dialect as athena_dialect
from local.cloud.athena.catalog import CatalogTable
from local.cloud.athena.errors import insufficient
from local.cloud.athena.plan import Relation, Scan
from local.cloud.athena.types import trino_type


@dataclass(frozen=True)
class Caller:
    """Who runs a query and where: account, role or user in IAM form, Region, and the session for audit."""

    account: str
    arn: str
    region: str
    session_arn: str = ""
    access_key: str = ""
    user_id: str = ""


@dataclass(frozen=True)
class CellGrant:
    """Columns that a grant opens, in the rows of `row_filter`; None is all rows."""

    columns: frozenset[str]
    row_filter: str | None = None


@dataclass(frozen=True)
class Access:
    """What a caller may do with a table.

    Attributes
    ----------
    grants
        What SELECT opens; empty when nothing is readable.
    missing
        Empty, or what stands in the way of even seeing the table: the permission (`Describe`) and on what.
    governed
        Whether Lake Formation decided (then the read leaves an audit record).
    """

    grants: tuple[CellGrant, ...] = ()
    missing: tuple[str, str] | None = None
    governed: bool = True

    @property
    def columns(self) -> frozenset[str]:
        """Columns readable in at least some rows."""
        return frozenset().union(*(grant.columns for grant in self.grants))


Authoriser = Callable[[Caller, CatalogTable], Access]

_chosen: Authoriser | None = None


def use(authoriser: Authoriser | None) -> None:
    """Take another decision maker, for tests; None returns to the cloud's own."""
    global _chosen
    _chosen = authoriser


def authorise(caller: Caller, table: CatalogTable) -> Access:
    """Return what the caller may read of the table at the end of its links."""
    if _chosen is not None:
        return _chosen(caller, table)
    answer: Access = _lake().authorise(caller, table)
    return answer


def _lake() -> Any:
    """Return the lake's side of the seam; late, because the engine stands without the served cloud."""
    return importlib.import_module("local.cloud.athena.lake")


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


def permitted(caller: Caller, permission: str, catalog: str, database: str, table: str | None = None) -> bool:
    """Return whether the caller holds a permission on a table, a database, or (with neither) the catalog."""
    if _chosen is not None:
        return True
    held: bool = _lake().permitted(caller, permission, catalog, database, table)
    return held


def created(caller: Caller, catalog: str, database: str, table: str) -> None:
    """Tell Lake Formation who made a table: its creator holds every permission on it."""
    if _chosen is None:
        _lake().created(caller, catalog, database, table)


def dropped(caller: Caller, catalog: str, database: str, table: str) -> None:
    """Tell Lake Formation that a table is gone, and with it the grants on it."""
    if _chosen is None:
        _lake().dropped(caller, catalog, database, table)


def changed() -> None:
    """Tell Lake Formation that a table's definition has changed."""
    if _chosen is None:
        _lake().changed()
