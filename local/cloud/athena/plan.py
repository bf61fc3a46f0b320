"""From a query and a catalog to DuckDB's SQL: which tables, which columns, and whether the role may.

`plan` is a pure function of the query and of the relations that a resolver finds. A relation holds only the
columns that the caller may read, so `SELECT *`, missing columns and forbidden columns need no rule of their
own: that is how Athena behaves under Lake Formation too. Deliberately not here: finding relations
(catalog, access), differences between the SQL dialects (dialect), and reading
(run).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

from local.cloud.athena import decimals as athena_decimals
from local.cloud.athena import dialect as athena_dialect
from local.cloud.athena import nested as athena_nested
from local.cloud.athena import operators as athena_operators
from local.cloud.athena import unnest as athena_unnest
from local.cloud.athena.errors import Position, column_not_found, named, star_without_columns
from local.cloud.athena.nested import place
from local.cloud.athena.sql import DIALECT, Name, position

_UNNAMED = athena_unnest.UNNAMED


@dataclass(frozen=True)
class Relation:
    """A table as the caller may see it: readable columns with Trino types, and the resolver's own handle.

    `keys` are the partition keys among the columns, those that may be read in all rows.
    """

    columns: Mapping[str, str]
    handle: Any = None
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Scan:
    """One table to register with the engine as `view`, with the columns the query needs.

    `partitions` is a condition on partition keys that every row of use meets, as DuckDB's SQL.
    """

    view: str
    relation: Relation
    columns: tuple[str, ...]
    partitions: str = ""


@dataclass(frozen=True)
class Plan:
    """A query ready to run: the scans it stands on, its SQL in DuckDB's dialect, and its column labels."""

    scans: tuple[Scan, ...]
    sql: str
    labels: tuple[str, ...]


Resolver = Callable[[Name], Relation]
"""Finds a relation by name; raises QueryFailed when it is unknown or closed."""


def plan(query: exp.Query, text: str, resolve: Resolver) -> Plan:
    """Return the plan of a query.

    Parameters
    ----------
    query
        As parsed by `sql`; not changed.
    text
        The whole statement, for positions in errors.
    resolve
        Finds the relation of a table name.

    Raises
    ------
    QueryFailed
        In the order Athena finds it: tables, then functions, then columns.
    """
    query = query.copy()
    views: dict[str, Relation] = {}
    written: dict[str, tuple[str, ...]] = {}
    for table in list(_tables(query)):
        name = _name(table, text)
        if not isinstance(table.this, exp.Identifier):
            raise athena_dialect.unknown_function(table.this, text)
        if table.args.get("version") or table.args.get("when"):
            raise named("NOT_SUPPORTED", "This connector does not support versioned tables", name.at)
        relation = resolve(name)
        view = f"t{len(views)}"
        views[view] = relation
        if not table.alias:
            written[view] = name.parts
        _replace(table, view)
    athena_dialect.check_functions(query, text)
    _check_stars(query, views, text)
    cased = _mark_labels(query)
    query = athena_nested.resolved(query, {view: of.columns for view, of in views.items()}, written, text)
    schema = MappingSchema(
        {view: dict(of.columns) or {"?": "boolean"} for view, of in views.items()}, dialect=DIALECT
    )
    query = _qualified(query, schema)
    needed: dict[str, set[str]] = {view: set() for view in views}
    _check_columns(query, views, needed, text)
    sized = athena_decimals.sized(athena_unnest.with_types(query), text)
    query = athena_operators.typed(sized, schema, text)
    labels = tuple(_label(name, index, cased) for index, name in enumerate(query.named_selects))
    pruned = athena_dialect.partition_filters(query, {view: of.keys for view, of in views.items() if of.keys})
    scans = tuple(
        Scan(view, of, tuple(name for name in of.columns if name in needed[view]), pruned.get(view, ""))
        for view, of in views.items()
    )
    return Plan(scans, athena_dialect.to_duckdb(query), labels)


def _qualified(query: exp.Query, schema: MappingSchema) -> exp.Query:
    try:
        found = qualify(
            query,
            dialect=DIALECT,
            schema=schema,
            expand_alias_refs=False,
            validate_qualify_columns=False,
            allow_partial_qualification=True,
            quote_identifiers=True,
        )
    except OptimizeError as error:
        words = str(error).splitlines()[0]
        if words.startswith("Cannot automatically join: "):
            raise named("COLUMN_NOT_FOUND", f"Column '{words.split(': ')[1]}' is missing from join") from None
        raise named("SYNTAX_ERROR", words) from None
    assert isinstance(found, exp.Query), "qualify keeps the kind of statement"
    return found


def _tables(query: exp.Query) -> Iterator[exp.Table]:
    """Yield the tables of the catalog in the text's order: all that are no name of a WITH clause in scope."""
    common: set[int] = set()
    for scope in traverse_scope(query):
        for table in scope.tables:
            source = scope.sources.get(table.alias_or_name)
            if isinstance(source, Scope) and not table.db:
                common.add(id(table))
    for table in query.find_all(exp.Table, bfs=False):
        if id(table) not in common:
            yield table


def _replace(table: exp.Table, view: str) -> None:
    """Put the view in place of a table, under the name by which the query knows it."""
    alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name.lower(), quoted=True))
    table.set("this", exp.to_identifier(view, quoted=True))
    table.set("db", None)
    table.set("catalog", None)
    table.set("alias", alias)


def _name(table: exp.Table, text: str) -> Name:
    parts = [
        part for part in (table.args.get("catalog"), table.args.get("db"), table.this) if part is not None
    ]
    nested = [part for part in table.parts if isinstance(part, exp.Identifier)]
    return Name(
        tuple(part.name.lower() for part in nested or parts), place(nested[0] if nested else table, text)
    )


def _check_stars(query: exp.Query, views: Mapping[str, Relation], text: str) -> None:
    """Refuse `*` over a table of which no column may be read."""
    for scope in traverse_scope(query):
        if not isinstance(scope.expression, exp.Select) or not scope.expression.is_star:
            continue
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and source.name in views and not views[source.name].columns:
                stars = [item for item in scope.expression.expressions if item.is_star]
                offset = text.find("*")
                raise star_without_columns(
                    place(stars[0], text) if stars[0].meta else position(text, max(offset, 0))
                )


def _mark_labels(query: exp.Query) -> dict[str, str]:
    """Name what the outermost select list leaves unnamed; return lower-case to written form of aliases."""
    while isinstance(query, (exp.SetOperation, exp.Subquery)):
        query = query.this
    cased = {}
    for item in query.expressions if isinstance(query, exp.Select) else []:
        if isinstance(item, exp.Alias):
            cased[item.alias.lower()] = item.alias
        elif not isinstance(item, exp.Column) and not item.is_star:
            item.replace(exp.alias_(item.copy(), _UNNAMED, quoted=True))
    return cased


def _label(name: str, index: int, cased: Mapping[str, str]) -> str:
    return f"_col{index}" if name == _UNNAMED else cased.get(name, name)


def _check_columns(
    query: exp.Query, views: Mapping[str, Relation], needed: dict[str, set[str]], text: str
) -> None:
    """Note which columns each view must have; refuse the first that is in none."""
    for scope in traverse_scope(query):
        for column in sorted(scope.columns, key=lambda each: _order(each, text)):
            source = scope.sources.get(column.table)
            if isinstance(source, exp.Table) and source.name in views:
                if column.name not in views[source.name].columns:
                    raise column_not_found(_written(column), place(column, text))
                needed[source.name].add(column.name)
            elif (isinstance(source, Scope) and _lacks(source, column)) or (
                source is None and not _known_outside(scope, column)
            ):
                raise column_not_found(_written(column), place(column, text))


def _order(column: exp.Column, text: str) -> tuple[bool, Position]:
    """Athena resolves WHERE before the select list."""
    return column.find_ancestor(exp.Where, exp.Select).__class__ is not exp.Where, place(column, text)


def _written(column: exp.Column) -> str:
    """Return the column as the query wrote it: a table that the analysis added has no place in the text."""
    if column.meta.get(athena_nested.WRITTEN):
        return str(column.meta[athena_nested.WRITTEN])
    table = column.args.get("table")
    return f"{table.name}.{column.name}" if table is not None and "start" in table.meta else column.name


def _lacks(source: Scope, column: exp.Column) -> bool:
    """Whether a derived table certainly has no such column."""
    if not isinstance(source.expression, exp.Query):
        return False
    names = [name.lower() for name in source.expression.named_selects]
    aliases = source.expression.parent.args.get("alias") if source.expression.parent else None
    if aliases is not None and getattr(aliases, "columns", None):
        names = [each.name.lower() for each in aliases.columns]
    return "*" not in names and column.name not in names


def _known_outside(scope: Scope, column: exp.Column) -> bool:
    """Whether a column comes from an enclosing query, from UNNEST or VALUES, or is a lambda's parameter."""
    if column.table:
        outer = scope.parent
        while outer is not None:
            if column.table in outer.sources:
                return True
            outer = outer.parent
        return any(isinstance(each, exp.UDTF) for each in _udtfs(scope)) and column.table in {
            each.alias_or_name for each in _udtfs(scope)
        }
    for udtf in _udtfs(scope):
        alias = udtf.args.get("alias")
        if alias is not None and column.name in [each.name.lower() for each in alias.columns]:
            return True
    return False


def _udtfs(scope: Scope) -> list[exp.Expression]:
    found = [source.expression for source in scope.sources.values() if isinstance(source, Scope)]
    return [each for each in found if isinstance(each, exp.UDTF)] + list(scope.expression.find_all(exp.UDTF))
