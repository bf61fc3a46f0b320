"""UNNEST: the columns that it makes in Trino, and the same rows in DuckDB.

In Trino an array of rows opens into one column per field, a map into key and value, any other array into one
column; several arguments go side by side, the shorter ones filled up with nulls, and WITH ORDINALITY counts
from 1 (Trino documentation, SELECT, UNNEST). DuckDB's own UNNEST makes one column of one array. Deliberately not
here: what the arguments' names mean (nested).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from local.cloud.athena.errors import named
from local.cloud.athena.sql import DIALECT

UNNAMED = "?column?"
"""Stands for a column without a name: no query can say it."""

_SHAPES, _KINDS, _COUNTED, _DONE = "shapes", "kinds", "counted", "athena"
_ROW, _MAP, _PLAIN = "row", "map", "plain"
_Type = exp.DataType.Type
_Column = tuple[str, exp.DataType | None]


def name_columns(
    unnest: exp.Unnest, kind: Callable[[exp.Expression], exp.DataType | None], text: str
) -> dict[str, exp.DataType | None]:
    """Give an UNNEST names for all its columns, and return them with their types where they are certain.

    Raises
    ------
    QueryFailed
        INVALID_FUNCTION_ARGUMENT for what is neither array nor map, MISMATCHED_COLUMN_ALIASES for a list of another
        length than the columns'.
    """
    alias = unnest.args.get("alias") or exp.TableAlias()
    offset = unnest.args.get("offset")
    given = [each.name for each in alias.columns] + (
        [offset.name] if isinstance(offset, exp.Identifier) else []
    )
    kinds = [kind(argument) for argument in unnest.expressions]
    made: list[list[_Column] | None] = [_made(each) for each in kinds]
    certain = sum(len(each) for each in made if each is not None) + bool(offset)
    if given and (None not in made) and len(given) != certain:
        words = (
            f"Column alias list has {len(given)} entries but '{alias.name}' has {certain} columns available"
        )
        raise named("MISMATCHED_COLUMN_ALIASES", words)
    rest = max(len(given) - certain, 1)  # what an argument of unknown type opens into
    columns: list[_Column] = []
    shapes: list[tuple[str, int]] = []
    for argument, of in zip(made, kinds, strict=True):
        parts = [(UNNAMED, None)] * rest if argument is None else argument
        shapes.append((_shape(of, len(parts)), len(parts)))
        columns += parts
    if offset:
        columns.append((UNNAMED, exp.DataType.build("bigint")))
    named_ = [(new or old, of) for (old, of), new in zip_longest(columns, given[: len(columns)])]
    alias.set("columns", [exp.to_identifier(name, quoted=True) for name, _ in named_])
    unnest.set("alias", alias)
    unnest.set("offset", False)  # sqlglot would make a column of its own of it
    unnest.meta[_COUNTED] = bool(offset)
    unnest.meta[_SHAPES] = shapes
    unnest.meta[_KINDS] = [of for _, of in named_]
    return dict(named_)


def _made(of: exp.DataType | None) -> list[_Column] | None:
    """The columns that a type opens into; None when the type is not known."""
    if of is None:
        return None
    inner = [each for each in of.expressions if isinstance(each, exp.DataType)]
    if of.this == _Type.MAP:
        return [(UNNAMED, each) for each in (*inner, None, None)[:2]]
    if of.this not in (_Type.ARRAY, _Type.LIST):
        words = f"Cannot unnest type: {of.sql(dialect=DIALECT).lower()}"
        raise named("INVALID_FUNCTION_ARGUMENT", words)
    if not inner or inner[0].this != _Type.STRUCT:
        return [(UNNAMED, inner[0] if inner else None)]
    return [
        (part.name.lower() or UNNAMED, part.args.get("kind"))
        if isinstance(part, exp.ColumnDef)
        else (UNNAMED, part if isinstance(part, exp.DataType) else None)
        for part in inner[0].expressions
    ]


def _shape(of: exp.DataType | None, width: int) -> str:
    if of is None:
        return _ROW if width > 1 else _PLAIN
    if of.this == _Type.MAP:
        return _MAP
    inner = of.expressions[0] if of.expressions else None
    return _ROW if isinstance(inner, exp.DataType) and inner.this == _Type.STRUCT else _PLAIN


def with_types(query: exp.Query) -> exp.Query:
    """Return a qualified query in which the columns of UNNEST say their types, for the rules on operators."""
    for scope in traverse_scope(query):
        for column in scope.columns:
            source = scope.sources.get(column.table)
            if not isinstance(source, Scope) or not isinstance(source.expression, exp.Unnest):
                continue
            names = source.expression.alias_column_names
            kinds = source.expression.meta.get(_KINDS) or []
            kind = dict(zip(names, kinds, strict=False)).get(column.name)
            if kind is not None and not isinstance(column.parent, exp.Cast):
                stand = exp.Cast(this=column.copy(), to=kind.copy())
                stand.meta[_DONE] = True
                column.replace(stand)
    return query


def lowered(query: exp.Expression) -> exp.Expression:
    """Return a planned query with every UNNEST and every field of a struct as DuckDB has them; changed."""
    for unnest in reversed(list(query.find_all(exp.Unnest))):
        unnest.replace(_subquery(unnest))
    for dot in reversed(list(query.find_all(exp.Dot))):
        if isinstance(dot.expression, exp.Identifier):
            name = exp.Literal.string(dot.expression.name)
            found = exp.Anonymous(this="struct_extract", expressions=[dot.this.copy(), name])
            found.type = dot.type
            dot.replace(found)
    return query


def _subquery(unnest: exp.Unnest) -> exp.Expression:
    """One row per element: the arguments opened side by side, then their parts as columns."""
    alias: exp.TableAlias = unnest.args["alias"]
    inner: list[exp.Expression] = []
    outer: list[exp.Expression] = []
    for index, (argument, (shape, width)) in enumerate(
        zip(unnest.expressions, unnest.meta[_SHAPES], strict=True)
    ):
        value = exp.column(f"v{index}", quoted=True)
        inner.append(exp.alias_(_call("unnest", _entries(argument, shape)), f"v{index}", quoted=True))
        outer += [value] if shape == _PLAIN else [_part(value, place) for place in range(1, width + 1)]
    if unnest.meta[_COUNTED]:
        sizes = [
            exp.func("coalesce", _call("len", _entries(each, shape)), exp.Literal.number(0))
            for each, (shape, _) in zip(unnest.expressions, unnest.meta[_SHAPES], strict=True)
        ]
        count = _call("greatest", *sizes)
        numbers = _call("range", exp.Literal.number(1), exp.Add(this=count, expression=exp.Literal.number(1)))
        inner.append(exp.alias_(_call("unnest", numbers), "position", quoted=True))
        outer.append(exp.column("position", quoted=True))
    rows = exp.select(*inner, copy=False).subquery("elements", copy=False)
    named_ = [
        exp.alias_(each, column.name, quoted=True) for each, column in zip(outer, alias.columns, strict=True)
    ]
    return exp.select(*named_, copy=False).from_(rows, copy=False).subquery(alias.this.copy(), copy=False)


def _entries(argument: exp.Expression, shape: str) -> exp.Expression:
    return _call("map_entries", argument.copy()) if shape == _MAP else argument.copy()


def _part(value: exp.Expression, place: int) -> exp.Expression:
    return _call("struct_extract_at", value.copy(), exp.Literal.number(place))


def _call(name: str, *arguments: exp.Expression) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))
