"""Operators whose meaning differs between Athena (Trino) and DuckDB: division, decimals, dates, comparisons.

Owns the rewriting of a typed query and the refusal of comparisons that Trino does not make. Trino's
documentation decides: whole numbers divide to whole numbers, a decimal quotient has the larger of the two
scales, an average of decimals is a decimal, a date plus days is a date, and text is never compared with
anything else. Deliberately not here: functions (dialect).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types

from local.cloud.athena.errors import Position, named
from local.cloud.athena.sql import DIALECT, position

Type: Any = exp.DataType.Type
WHOLE, DECIMAL, DOUBLE = "whole", "decimal", "double"

_DIGITS = {Type.TINYINT: 3, Type.SMALLINT: 5, Type.INT: 10, Type.BIGINT: 19}
_DOUBLES = (
    exp.Corr,
    exp.CovarPop,
    exp.CovarSamp,
    exp.Stddev,
    exp.StddevPop,
    exp.StddevSamp,
    exp.Variance,
    exp.VariancePop,
    exp.Ln,
    exp.Log,
    exp.Exp,
    exp.Sqrt,
    exp.Pow,
)
_SAME = (exp.Min, exp.Max, exp.Paren, exp.Neg, exp.Abs, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue)
_SIGNS = {exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}
_DONE = "athena"
_PASSES = 8


class Kind(NamedTuple):
    """What sort of number an expression is; `name` is empty for anything that is not surely one."""

    name: str = ""
    precision: int = 0
    scale: int = 0


UNKNOWN = Kind()


def typed(query: exp.Query, schema: Any, text: str) -> exp.Query:
    """Return the query with types on its nodes and Trino's operators spelled out for DuckDB.

    A query in a query learns the types of its source only once that has been rewritten, so passes are
    repeated until nothing changes.

    Raises
    ------
    QueryFailed
        TYPE_MISMATCH for a comparison that Trino does not make.
    """
    for _ in range(_PASSES):
        query = annotate_types(query, schema=schema, dialect=DIALECT)
        changed = False
        for node in reversed(list(query.walk())):
            fresh = _rewritten(node)
            if fresh is not node:
                node.replace(fresh)
                changed = True
        if not changed:
            break
    query = annotate_types(query, schema=schema, dialect=DIALECT)
    _check_comparisons(query, text)
    return query


def kind(node: exp.Expression | None) -> Kind:
    """Return what sort of number an expression is in Trino."""
    if node is None:
        return UNKNOWN
    if isinstance(node, exp.Literal):
        return _literal(node)
    if isinstance(node, (exp.Column, exp.Cast, exp.Dot, exp.Bracket)):
        return _of_type(node.to if isinstance(node, exp.Cast) else node.type)
    if isinstance(node, _DOUBLES):
        return Kind(DOUBLE)
    if isinstance(node, (exp.Alias, exp.Filter, exp.Window, *_SAME)):
        return kind(node.this)
    if isinstance(node, exp.Count):
        return Kind(WHOLE, 19)
    if isinstance(node, exp.Sum):
        inner = kind(node.this)
        return Kind(DECIMAL, 38, inner.scale) if inner.name == DECIMAL else inner._replace(precision=19)
    if isinstance(node, exp.Avg):
        inner = kind(node.this)
        return inner if inner.name == DECIMAL else Kind(DOUBLE)
    if isinstance(node, exp.Subquery):
        return kind(node.this.selects[0]) if len(node.this.selects) == 1 else UNKNOWN
    if isinstance(node, exp.Coalesce):
        return _common([kind(each) for each in (node.this, *node.expressions)])
    if isinstance(node, exp.Case):
        results = [branch.args.get("true") for branch in node.args.get("ifs") or []] + [
            node.args.get("default")
        ]
        return _common(
            [kind(each) for each in results if each is not None and not isinstance(each, exp.Null)]
        )
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod)):
        return _arithmetic(node, kind(node.this), kind(node.expression))
    return UNKNOWN


def _literal(node: exp.Literal) -> Kind:
    if node.is_string:
        return UNKNOWN
    digits = node.name
    if "e" in digits.lower():
        return Kind(DOUBLE)
    if "." not in digits:
        return Kind(WHOLE, 10)
    whole, fraction = digits.split(".")
    return Kind(DECIMAL, max(len(whole.lstrip("0")) + len(fraction), 1), len(fraction))


def _of_type(found: exp.DataType | None) -> Kind:
    if found is None:
        return UNKNOWN
    if found.this in _DIGITS:
        return Kind(WHOLE, _DIGITS[found.this])
    if found.this in (Type.DOUBLE, Type.FLOAT):
        return Kind(DOUBLE)
    if found.this == Type.DECIMAL and found.expressions:
        sizes = [int(each.name) for each in found.expressions]
        return Kind(DECIMAL, sizes[0], sizes[1] if len(sizes) > 1 else 0)
    return UNKNOWN


def _common(kinds: list[Kind]) -> Kind:
    """Return the kind to which all are coerced."""
    names = {each.name for each in kinds}
    if not kinds or "" in names:
        return UNKNOWN
    if DOUBLE in names:
        return Kind(DOUBLE)
    scale = max(each.scale for each in kinds)
    whole = max(each.precision - each.scale for each in kinds)
    return Kind(DECIMAL if DECIMAL in names else WHOLE, min(38, whole + scale), scale)


def _arithmetic(node: exp.Binary, left: Kind, right: Kind) -> Kind:
    """Return the kind of a sum, product or quotient (Trino, "Decimal functions and operators")."""
    both = {left.name, right.name}
    if "" in both:
        return UNKNOWN
    if DOUBLE in both:
        return Kind(DOUBLE)
    if both == {WHOLE}:
        return Kind(WHOLE, max(left.precision, right.precision))
    if isinstance(node, exp.Mul):
        return Kind(DECIMAL, min(38, left.precision + right.precision), left.scale + right.scale)
    scale = max(left.scale, right.scale)
    if isinstance(node, exp.Div):
        precision = left.precision + right.scale + max(0, right.scale - left.scale)
        return Kind(DECIMAL, min(38, precision), scale)
    if isinstance(node, exp.Mod):
        lower = min(left.precision - left.scale, right.precision - right.scale)
        return Kind(DECIMAL, lower + scale, scale)
    upper = max(left.precision - left.scale, right.precision - right.scale)
    return Kind(DECIMAL, min(38, upper + scale + 1), scale)


def _rewritten(node: exp.Expression) -> exp.Expression:
    """Return what stands for a node in DuckDB; the node itself when nothing is to be done."""
    if node.meta.get(_DONE):
        return node
    if isinstance(node, exp.Div):
        found = _arithmetic(node, kind(node.this), kind(node.expression))
        if found.name == WHOLE:
            return _done(exp.IntDiv(this=node.this.copy(), expression=node.expression.copy()))
        node.set("typed", False)
        node.set("safe", False)
        if found.name == DECIMAL:
            return _cast(node, found)
    if isinstance(node, (exp.Sum, exp.Avg)) and not isinstance(node.parent, (exp.Filter, exp.Window)):
        return _aggregate(node)
    if isinstance(node, (exp.Filter, exp.Window)) and isinstance(_head(node), (exp.Sum, exp.Avg)):
        return node if isinstance(node.parent, exp.Window) else _aggregate(node)
    if isinstance(node, exp.Mul) and isinstance(node.parent, (exp.Alias, exp.Select)):
        found = kind(node)
        return _cast(node, found) if found.name == DECIMAL else node
    dated = node.args.get("this") if isinstance(node, (exp.Add, exp.Sub, exp.DateAdd, exp.DateSub)) else None
    if (
        isinstance(dated, exp.Expression)
        and _is(dated, Type.DATE)
        and not _is(node.args.get("expression"), Type.DATE)
    ):
        return _plain_cast(node, "date")
    if isinstance(node, (exp.TimestampTrunc, exp.DateTrunc)) and _is(node.this, Type.DATE):
        return _plain_cast(node, "date")
    return node


def _head(node: exp.Expression) -> exp.Expression:
    while isinstance(node, (exp.Filter, exp.Window)):
        node = node.this
    return node


def _aggregate(node: exp.Expression) -> exp.Expression:
    """Whole sums are bigint in Trino and wider in DuckDB; averages of decimals are decimals."""
    found = kind(node)
    if found.name == WHOLE:
        return _plain_cast(node, "bigint")
    return _cast(node, found) if found.name == DECIMAL else node


def _cast(node: exp.Expression, to: Kind) -> exp.Expression:
    return _plain_cast(node, f"decimal({to.precision}, {to.scale})")


def _plain_cast(node: exp.Expression, to: str) -> exp.Expression:
    if isinstance(node.parent, exp.Cast) and node.parent.meta.get(_DONE):
        return node
    _done(node)
    return _done(exp.Cast(this=node.copy(), to=exp.DataType.build(to)))


def _done(node: exp.Expression) -> exp.Expression:
    node.meta[_DONE] = True
    return node


def _is(node: exp.Expression | None, *types: Any) -> bool:
    return node is not None and node.type is not None and node.type.this in types


def _family(node: exp.Expression) -> str:
    """Return the family of types of an expression whose type is certain, else nothing."""
    if not isinstance(node, (exp.Column, exp.Literal, exp.Cast, exp.Boolean, exp.Dot)) or node.type is None:
        return ""
    for name, types in (
        ("text", (Type.VARCHAR, Type.TEXT, Type.CHAR)),
        ("number", (*_DIGITS, Type.DECIMAL, Type.DOUBLE, Type.FLOAT)),
        ("time", (Type.DATE, Type.TIMESTAMP)),
        ("boolean", (Type.BOOLEAN,)),
    ):
        if node.type.this in types:
            return name
    return ""


def _name(node: exp.Expression) -> str:
    if isinstance(node, exp.Literal) and node.is_string:
        return f"varchar({len(node.name)})"
    found = kind(node) if isinstance(node, exp.Literal) else UNKNOWN
    if found.name == DECIMAL:
        return f"decimal({found.precision},{found.scale})"
    return str(node.type.sql(dialect=DIALECT)).lower() if node.type is not None else ""


def _differ(left: exp.Expression, right: exp.Expression) -> bool:
    families = {_family(left), _family(right)}
    return len(families) == 2 and "" not in families


def _check_comparisons(query: exp.Query, text: str) -> None:
    for node in query.find_all(*_SIGNS, exp.In, exp.Between):
        if isinstance(node, exp.In):
            others = node.expressions
            words = "IN value and list items must be the same type"
        elif isinstance(node, exp.Between):
            others = [node.args["low"], node.args["high"]]
            words = f"Cannot check if {_name(node.this)} is BETWEEN {_name(others[0])} and {_name(others[1])}"
        else:
            others = [node.expression]
            words = f"Cannot apply operator: {_name(node.this)} {_SIGNS[type(node)]} {_name(node.expression)}"
        if any(_differ(node.this, other) for other in others):
            raise named("TYPE_MISMATCH", words, _after(node.this, text))


def _after(node: exp.Expression, text: str) -> Position | None:
    """Return where the operator behind an operand stands."""
    ends = [found.meta["end"] for found in node.find_all(exp.Expression) if "end" in found.meta]
    if not ends:
        return None
    offset = max(ends) + 1
    while offset < len(text) and (text[offset].isspace() or text[offset] in ")'\""):
        offset += 1
    return position(text, offset)
