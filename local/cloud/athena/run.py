"""Running a planned query in DuckDB over Arrow datasets.

Owns the engine's connection: no files, no extensions, no network, no settings, no Python variables; only the
views of the plan. Deliberately not here: who may read what (access) and results (results).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from local.cloud.athena import access as athena_access
from local.cloud.athena import catalog as athena_catalog
from local.cloud.athena import storage as athena_storage
from local.cloud.athena.catalog import CatalogTable
from local.cloud.athena.dialect import MACROS
from local.cloud.athena.errors import QueryCancelled, QueryFailed, insufficient, named
from local.cloud.athena.plan import Plan, Relation, plan
from local.cloud.athena.rights import Access, Caller
from local.cloud.athena.sql import Name
from local.cloud.athena.storage import Meter

_TRINO = {"INT32": "integer", "INT64": "bigint", "DOUBLE": "double", "DATE": "date", "BOOL": "boolean"}
_ERRORS: tuple[tuple[re.Pattern[str], str, Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"[Dd]ivision by zero"), "DIVISION_BY_ZERO", lambda _: "Division by zero"),
    (
        re.compile(r"Could not convert string '(.*)' to (\w+)"),
        "INVALID_CAST_ARGUMENT",
        lambda found: f"Cannot cast '{found[1]}' to {_TRINO.get(found[2], found[2].lower())}",
    ),
    (
        re.compile(r"Type \w+ with value (\S+) can't be cast .* destination type (\w+)"),
        "INVALID_CAST_ARGUMENT",
        lambda found: f"Cannot cast '{found[1]}' to {_TRINO.get(found[2], found[2].lower())}",
    ),
    (
        re.compile(r'column "(.*?)" must appear in the GROUP BY', re.IGNORECASE),
        "EXPRESSION_NOT_AGGREGATE",
        lambda found: f"'{found[1]}' must be an aggregate expression or appear in GROUP BY clause",
    ),
    (re.compile(r"Cannot compare values of type (.*)"), "TYPE_MISMATCH", lambda found: found[0]),
    (
        re.compile(r"No function matches the given name and argument types '(.*?)'"),
        "TYPE_MISMATCH",
        lambda f: f[0],
    ),
)
_CONFIG = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "allow_community_extensions": "false",
    "temp_directory": "",
}


@dataclass(frozen=True)
class Session:
    """Where and as whom a query runs."""

    caller: Caller
    database: str = ""
    read: Callable[[CatalogTable, tuple[str, ...]], None] = lambda table, columns: None
    """Told of each table that is read under Lake Formation, with the columns."""

    @property
    def region(self) -> str:
        """Region of the query."""
        return self.caller.region


class Running:
    """A query under way; `stop` may be called from another thread."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._lock = threading.Lock()
        self.stopped = False

    def stop(self) -> None:
        """Interrupt the query."""
        with self._lock:
            self.stopped = True
            if self._connection is not None:
                self._connection.interrupt()

    def holds(self, connection: Any) -> None:
        """Note the connection to interrupt, or None."""
        with self._lock:
            self._connection = connection
        if self.stopped and connection is not None:
            raise QueryCancelled("Query was cancelled by user")


def prepared(query: exp.Query, text: str, session: Session) -> tuple[Plan, dict[str, Access]]:
    """Return the plan of a query and, by view, the access it rests on."""
    seen: dict[int, Access] = {}

    def resolve(name: Name) -> Relation:
        table = athena_catalog.find(session.caller.account, session.region, name, session.database)
        found, access = athena_access.relation(session.caller, table)
        seen[id(found)] = access
        kept.append(found)
        return found

    kept: list[Relation] = []
    made = plan(query, text, resolve)
    by_view = {scan.view: seen[id(scan.relation)] for scan in made.scans}
    for scan in made.scans:
        if not by_view[scan.view].grants:
            raise insufficient("Select", scan.relation.handle.name)
    return made, by_view


def run(query: exp.Query, text: str, session: Session, meter: Meter, running: Running) -> pa.Table:
    """Return the rows of a query, columns labelled and typed as Athena's.

    Raises
    ------
    QueryFailed, QueryCancelled
        As the statement ends.
    """
    made, access = prepared(query, text, session)
    connection = duckdb.connect(":memory:", config=_CONFIG)
    try:
        for macro in MACROS:
            connection.execute(macro)
        for scan in made.scans:
            table: CatalogTable = scan.relation.handle
            granted = access[scan.view]
            wanted = athena_access.source_columns(scan, granted, table)
            rows = athena_storage.dataset(table, sorted(wanted), meter, scan.partitions)
            connection.register(f"raw_{scan.view}", rows)
            view = athena_access.cells(scan, granted, f"raw_{scan.view}")
            connection.execute(f"CREATE VIEW {scan.view} AS {view}")
            if granted.governed:
                session.read(table, scan.columns)
        connection.execute("SET lock_configuration = true")
        running.holds(connection)
        return _typed(connection, made)
    except duckdb.Error as error:
        raise _translated(error, meter, running) from None
    finally:
        running.stopped, stopped = False, running.stopped
        running.holds(None)
        running.stopped = stopped
        connection.close()


def _typed(connection: Any, made: Plan) -> pa.Table:
    rows = connection.sql(made.sql)
    kinds = [str(kind) for kind in rows.types]
    table = rows.to_arrow_table()
    columns = [_narrowed(column, kind) for column, kind in zip(table.columns, kinds, strict=True)]
    return pa.table(columns, names=list(made.labels))


def _narrowed(column: Any, kind: str) -> Any:
    """Return a column in one of Athena's types, which have no huge or unsigned numbers and no text views."""
    if kind in ("HUGEINT", "UHUGEINT", "UBIGINT", "UINTEGER"):
        return column.cast(pa.int64())
    if kind in ("USMALLINT", "UTINYINT"):
        return column.cast(pa.int32())
    if pa.types.is_null(column.type):
        return column.cast(pa.string())
    if pa.types.is_dictionary(column.type) or pa.types.is_string_view(column.type):
        return column.cast(pa.string())
    return column


def _translated(error: duckdb.Error, meter: Meter, running: Running) -> Exception:
    if meter.cancelled:
        return QueryCancelled(athena_storage.SCAN_LIMIT)
    if running.stopped or isinstance(error, duckdb.InterruptException):
        return QueryCancelled("Query was cancelled by user")
    message = str(error)
    for pattern, name, text in _ERRORS:
        found = pattern.search(message)
        if found:
            return named(name, text(found))
    first = message.splitlines()[0]
    kind = (
        "SYNTAX_ERROR"
        if isinstance(error, (duckdb.BinderException, duckdb.ParserException))
        else "GENERIC_USER_ERROR"
    )
    return QueryFailed(f"{kind}: {first.split(': ', 1)[-1]}", kind)
