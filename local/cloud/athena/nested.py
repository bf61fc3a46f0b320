"""Dotted names: which part is a table, which a column, and which are fields of structs (Trino's rows).

Owns the resolution of `address.geo.lat`, as Trino's analyser makes it (ExpressionAnalyzer,
visitDereferenceExpression): a relation's column by the longest name first, then the fields of a column, in the
query itself and then in those around it; and the types of what it finds, so that a missing field is refused
where it stands. Permissions are those of the column: a field has none of its own. Deliberately not here:
UNNEST (unnest), and the names of plain columns, which sqlglot qualifies (plan).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify_tables import qualify_tables
from sqlglot.optimizer.scope import Scope, traverse_scope

from local.cloud.athena import stars as athena_stars
from local.cloud.athena import unnest as athena_unnest
from local.cloud.athena.errors import Position, column_not_found, named
from local.cloud.athena.sql import DIALECT, position

_Type = exp.DataType.Type
Columns = dict[str, exp.DataType | None]
"""Names of a relation's columns in order, with their types where they are certain."""

_MAP_PARTS = {"map_keys": 0, "map_values": 1}
KIND, WRITTEN, _SETTLED = "kind", "written", "settled"


def place(node: exp.Expression, text: str) -> Position:
    """Return where a node starts in the text."""
    starts = [found.meta["start"] for found in node.find_all(exp.Expression) if "start" in found.meta]
    return position(text, min(starts)) if starts else (1, 1)


def resolved(
    query: exp.Query, views: Mapping[str, Mapping[str, str]], names: Mapping[str, Sequence[str]], text: str
) -> exp.Query:
    """Return the query with every field spelled out as one, and every UNNEST with its columns' names.

    Parameters
    ----------
    query
        A query over views, each under an alias; changed.
    views
        View -> column -> Trino type; the columns that the caller may read.
    names
        View -> the parts of its table's name, for those without an alias in the query: `db.t.column` is theirs.
    text
        The whole statement, for positions.

    Raises
    ------
    QueryFailed
        COLUMN_NOT_FOUND for a field that a struct has not, TYPE_MISMATCH for a field of what is no struct, and
        what is wrong with an UNNEST. A column that is nowhere is left for the plan to refuse.
    """
    query = qualify_tables(normalize_identifiers(query, dialect=DIALECT), dialect=DIALECT)
    _Names(query, views, names, text).resolve(query)
    return query


def _array(of: exp.DataType) -> exp.DataType:
    return exp.DataType(this=_Type.ARRAY, expressions=[of.copy()], nested=True)


class _Names:
    """The relations of a query's scopes, and what a name means in each."""

    def __init__(
        self,
        query: exp.Query,
        views: Mapping[str, Mapping[str, str]],
        names: Mapping[str, Sequence[str]],
        text: str,
    ) -> None:
        self.views = {
            view: {name: exp.DataType.build(kind, dialect=DIALECT) for name, kind in columns.items()}
            for view, columns in views.items()
        }
        self.names = names
        self.text = text
        self.scopes = {id(scope.expression): scope for scope in traverse_scope(query)}
        self.known: dict[int, Columns | None] = {}

    def resolve(self, query: exp.Query) -> None:
        """Settle every column and every UNNEST, then look at every field."""
        for unnest in list(query.find_all(exp.Unnest)):
            self.columns(self.scopes.get(id(unnest)))
        for scope in self.scopes.values():  # those within come before those around them
            for item in scope.expression.expressions if isinstance(scope.expression, exp.Select) else []:
                self.spread(scope, item)
        for column in list(query.find_all(exp.Column)):
            self.settle(column)
        for dot in query.find_all(exp.Dot):
            self.kind(dot)

    def spread(self, scope: Scope, item: exp.Expression) -> None:
        """Replace `address.*`, a star over a struct, by the struct's fields; a relation's star is left.

        As Trino's analyser does (StatementAnalyzer, analyzeSelectAllColumns): a relation by that name goes first.
        """
        found = athena_stars.target(item)
        sources = scope.selected_sources.items()
        if found is None or any(self._is(alias, source, found[0]) for alias, (_, source) in sources):
            return
        (names, row), at = found, place(item, self.text)
        holder = exp.alias_(row, "row", quoted=True)
        item.replace(holder)
        for column in list(holder.find_all(exp.Column)):
            if isinstance(row, exp.Column) and self._found(column, names) is None:
                raise named("TABLE_NOT_FOUND", f"Unable to resolve reference {'.'.join(names)}", at)
            self.settle(column)
        kind = self.kind(holder.this)
        if kind is None or kind.this != _Type.STRUCT:
            raise named("TYPE_MISMATCH", f"Expression {'.'.join(names)} is not of type ROW", at)
        whole = scope.expression.expressions
        index = next(number for number, each in enumerate(whole) if each is holder)
        fields = athena_stars.fields(holder.this, kind)
        scope.expression.set("expressions", [*whole[:index], *fields, *whole[index + 1 :]])

    def columns(self, source: exp.Table | Scope | None) -> Columns | None:
        """Return the columns of a relation, or None where they are not certain."""
        if isinstance(source, exp.Table):
            return dict(self.views[source.name]) if source.name in self.views else None
        if source is None:
            return None
        node = source.expression
        if id(node) not in self.known:
            self.known[id(node)] = None  # a recursive query's own columns
            self.known[id(node)] = self._columns(source, node)
        return self.known[id(node)]

    def _columns(self, source: Scope, node: exp.Expression) -> Columns | None:
        if isinstance(node, exp.Unnest):
            for column in list(node.find_all(exp.Column)):
                self.settle(column)
            return athena_unnest.name_columns(node, self.kind, self.text)
        if isinstance(node, exp.Values):
            kinds = [self.kind(each) for each in node.expressions[0].expressions]
            return dict(zip(node.alias_column_names, kinds, strict=False))
        if isinstance(node, exp.SetOperation):
            parts = getattr(source, "union_scopes", None)
            found = self.columns(parts[0]) if parts else None
        elif isinstance(node, exp.Select):
            found = self._selected(source, node)
        else:
            found = None
        aliases = node.parent.args.get("alias") if isinstance(node.parent, (exp.Subquery, exp.CTE)) else None
        given = [each.name for each in aliases.columns] if isinstance(aliases, exp.TableAlias) else []
        if given:
            return dict(zip(given, [*(found or {}).values(), *[None] * len(given)], strict=False))
        return found

    def _selected(self, scope: Scope, select: exp.Select) -> Columns | None:
        """The output columns of a SELECT."""
        found: Columns = {}
        for item in select.expressions:
            if isinstance(item, exp.Star):
                parts = [self.columns(source) for _, source in scope.selected_sources.values()]
            elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
                _, source = scope.selected_sources.get(item.table, (None, None))
                parts = [self.columns(source)]
            else:
                for column in list(item.find_all(exp.Column)):
                    self.settle(column)
                parts = [{item.output_name or f"?{len(found)}": self.kind(item)}]
            for part in parts:
                if part is None:
                    return None
                found |= part
        return found

    def _scopes(self, node: exp.Expression) -> Iterator[Scope]:
        """Yield the scope in which an expression stands, then those around it."""
        up: exp.Expression | None = node
        while up is not None:
            scope = self.scopes.get(id(up))
            if scope is not None and not isinstance(scope.expression, exp.UDTF):
                yield scope
            up = up.parent

    def settle(self, column: exp.Column) -> None:
        """Make one written name a column and the fields behind it, and note the column's type."""
        if column.meta.get(_SETTLED) or not isinstance(column.this, exp.Identifier):
            return
        column.meta[_SETTLED] = True
        parts = [part for part in column.parts if isinstance(part, exp.Identifier)]
        written = ".".join(part.name for part in parts)
        found = self._found(column, [part.name for part in parts])
        if found is None:
            if len(parts) > 1:
                self._rewrite(column, parts, 0, 0, written)
            return
        start, kind = found
        column.meta[KIND] = kind
        if len(parts) > 1:
            self._rewrite(column, parts, min(start, 1), start, written)

    def _found(self, column: exp.Column, names: list[str]) -> tuple[int, exp.DataType | None] | None:
        """Return the place of the column's own name among the parts and its type; None when it is nowhere."""
        for scope in self._scopes(column):
            sources = {name: source for name, (_, source) in scope.selected_sources.items()}
            for length in range(min(len(names) - 1, 3), 0, -1):
                for alias, source in sources.items():
                    known = self.columns(source) if self._is(alias, source, names[:length]) else {}
                    if known is None or names[length] in known:
                        return length, (known or {}).get(names[length])
            for source in sources.values():
                known = self.columns(source) or {}
                if names[0] in known:
                    return 0, known[names[0]]
            if column.find_ancestor(exp.Order, exp.Select).__class__ is exp.Order:
                for item in scope.expression.args.get("expressions") or []:
                    if isinstance(item, exp.Alias) and item.alias == names[0]:
                        return 0, self.kind(item)
        return None

    def _is(self, alias: str, source: exp.Table | Scope, qualifier: list[str]) -> bool:
        if qualifier == [alias]:
            return True
        parts = self.names.get(source.name, ()) if isinstance(source, exp.Table) else ()
        return len(qualifier) > 1 and list(parts)[-len(qualifier) :] == qualifier

    def _rewrite(
        self, column: exp.Column, parts: list[exp.Identifier], table: int, start: int, written: str
    ) -> None:
        """Replace a name by its column (the part at `start`, of the table before it if any) and its fields."""
        alias = parts[start - 1].copy() if table else None
        base = exp.Column(this=parts[start].copy(), table=alias)
        base.meta.update({**column.meta, WRITTEN: written, "start": parts[0].meta.get("start", 0)})
        whole: exp.Expression = base
        for field in parts[start + 1 :]:
            whole = exp.Dot(this=whole, expression=field.copy())
            whole.meta[WRITTEN] = written
        column.replace(whole)

    def kind(self, node: exp.Expression | None) -> exp.DataType | None:
        """Return the type of an expression over settled columns, or None where it is not certain."""
        if isinstance(node, exp.Column):
            found = node.meta.get(KIND)
            return found if isinstance(found, exp.DataType) else None
        if isinstance(node, (exp.Alias, exp.Paren)):
            return self.kind(node.this)
        if isinstance(node, exp.Cast):
            return node.to
        if isinstance(node, exp.Dot):
            return self._field(node)
        if isinstance(node, exp.Bracket):
            inner = self.kind(node.this)
            if inner is not None and inner.this in (_Type.ARRAY, _Type.MAP):
                last = inner.expressions[-1]
                return last if isinstance(last, exp.DataType) else None
        if isinstance(node, (exp.ArrayFilter, exp.ArrayDistinct)):
            return self.kind(node.this)
        if isinstance(node, exp.Anonymous) and node.name.lower() in _MAP_PARTS and node.expressions:
            inner = self.kind(node.expressions[0])
            return _array(inner.expressions[_MAP_PARTS[node.name.lower()]]) if inner is not None else None
        if node is None or node.find(exp.Query, exp.Lambda):
            return None
        return self._computed(node)

    def _field(self, dot: exp.Dot) -> exp.DataType | None:
        """Return the type of a struct's field; refuse one that is not there."""
        base = self.kind(dot.this)
        if base is None or not isinstance(dot.expression, exp.Identifier):
            return None
        written = str(dot.meta.get(WRITTEN) or dot.sql(dialect=DIALECT))
        if base.this != _Type.STRUCT:
            words = f"Expression {dot.this.sql(dialect=DIALECT)} is not of type ROW"
            raise named("TYPE_MISMATCH", words, place(dot, self.text))
        for part in base.expressions:
            if isinstance(part, exp.ColumnDef) and part.name.lower() == dot.expression.name.lower():
                return part.args.get("kind")
        raise column_not_found(written, place(dot, self.text))

    def _computed(self, node: exp.Expression) -> exp.DataType | None:
        """The type of an expression that sqlglot can tell, given the types of its columns."""
        stand = node.copy()
        for column, own in zip(list(stand.find_all(exp.Column)), node.find_all(exp.Column), strict=True):
            kind = self.kind(own)
            if kind is None:
                return None
            if column is not stand:
                column.replace(exp.Cast(this=exp.Null(), to=kind.copy()))
        found = annotate_types(stand, dialect=DIALECT).type
        return None if found is None or found.this in (_Type.UNKNOWN, _Type.NULL) else found
