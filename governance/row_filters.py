"""Row filters of shares: which SQL predicates Lake Formation takes, and nothing beyond them.

A filter is comparisons of a column with a constant, joined by AND, OR and NOT (Lake Formation developer guide, "PartiQL
support in row filter expressions"). Where that page is silent the answer is the cautious one: no casts, no fields of
structs, no constant before the column. Deliberately not here: to whom rows are shared (`sharing`).
"""

from __future__ import annotations

import unicodedata
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.tokens import TokenType

from governance.contracts import Table
from governance.contracts.types import INTEGRAL, NUMERIC, TEXTUAL
from governance.errors import MeshError
from governance.reader import nearest

LONGEST = 2047
"""Characters of an expression; the page says fewer than 2048."""
_DEEPEST = 20
_SHOWN = 80
_DIALECT = "trino"

TEXT, WHOLE, NUMBER, BOOLEAN = "text", "whole number", "number", "boolean"
_EQUALS = (exp.EQ, exp.NEQ)
_ORDERS = (exp.GT, exp.GTE, exp.LT, exp.LTE)


def check_predicate(text: str, table: Table, where: str) -> str:
    """A row filter as Lake Formation takes it, without the spaces around it.

    Parameters
    ----------
    text
        Predicate such as ``purpose <> 'business' AND amount >= 1000``.
    table
        Its columns are what a filter may compare.
    where
        Where the filter stands, for messages.

    Raises
    ------
    MeshError
        It is not one predicate, or compares anything but a column of text, numbers or booleans with a constant of that type.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise MeshError(f"is longer than {LONGEST} characters", where)
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cs") for sign in text):
        raise MeshError("must be one line without control characters", where)
    try:
        _Checker(table, where).check(_parsed(text, where))
    except RecursionError:
        raise MeshError("is nested too deeply", where) from None
    return text


def _parsed(text: str, where: str) -> exp.Expression:
    """The predicate's tree; anything beside a predicate is refused."""
    shown = _cut(text)
    try:
        tokens = sqlglot.tokenize(text, dialect=_DIALECT)
        depth = 0
        for token in tokens:
            if token.comments or token.token_type in (TokenType.SEMICOLON, TokenType.HINT):
                raise MeshError("must be one predicate without comments or further statements", where)
            depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
            if depth > _DEEPEST:
                raise MeshError(f"has more than {_DEEPEST} parentheses in each other", where)
        statements = sqlglot.parse(f"SELECT 1 FROM t WHERE {text}", dialect=_DIALECT)
    except sqlglot.errors.SqlglotError:
        raise MeshError(f"'{shown}' is no predicate such as purpose <> 'business'", where) from None
    parsed = statements[0] if len(statements) == 1 else None
    clauses = (
        {key for key, clause in parsed.args.items() if clause} if isinstance(parsed, exp.Select) else set()
    )
    if not isinstance(parsed, exp.Select) or not clauses <= {"kind", "expressions", "from", "from_", "where"}:
        raise MeshError("must be one predicate without further clauses", where)
    if any(node.comments for node in parsed.walk()):
        raise MeshError("must be one predicate without comments or further statements", where)
    if not parsed.args.get("where"):
        raise MeshError(f"'{shown}' is no predicate such as purpose <> 'business'", where)
    found: exp.Expression = parsed.args["where"].this
    return found


class _Checker:
    """Walks a predicate; every leaf must compare one column of the table with constants of its type."""

    def __init__(self, table: Table, where: str) -> None:
        self.table = table
        self.where = where
        self.kinds = {column.name: _kind(column.type.kind) for column in table.columns}
        self.types = {column.name: column.glue_type for column in table.columns}

    def check(self, node: exp.Expression) -> None:
        """Refuse what is no predicate over the table's columns."""
        if isinstance(node, (exp.And, exp.Or)):
            self.check(node.left)
            self.check(node.right)
        elif isinstance(node, (exp.Paren, exp.Not)):
            self.check(node.this)
        elif type(node) in (*_EQUALS, *_ORDERS):
            self._comparison(node)
        elif isinstance(node, exp.Between):
            self._only(node, ("this", "low", "high"))
            kind = self._column(node.this, node)
            for name in ("low", "high"):
                self._constant(node.args[name], kind, node)
        elif isinstance(node, exp.In):
            self._only(node, ("this", "expressions"))
            kind = self._column(node.this, node)
            if not node.expressions:
                raise self._no(node, "lists no value")
            for item in node.expressions:
                self._constant(item, kind, node)
        elif type(node) is exp.Like:
            self._only(node, ("this", "expression"))
            if self._column(node.this, node) != TEXT:
                raise self._no(node, "is a pattern for a column that is not text")
            self._constant(node.expression, TEXT, node)
        elif isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            self._column(node.this, node)
        elif isinstance(node, exp.Column) and self.kinds.get(node.name) == BOOLEAN:
            raise self._no(node, f"compares nothing; write {node.name} = true")
        elif isinstance(node, (exp.Column, exp.Literal, exp.Boolean, exp.Null, exp.Neg)):
            raise self._no(node, "compares nothing")
        else:
            raise self._no(node, "is not allowed in a row filter")

    def _comparison(self, node: exp.Expression) -> None:
        kind = self._column(node.this, node)
        if kind == BOOLEAN and type(node) not in _EQUALS:
            raise self._no(node, "orders booleans; use = or <>")
        self._constant(node.expression, kind, node)

    def _column(self, node: Any, inside: exp.Expression) -> str:
        """Kind of the column that a leaf compares."""
        if not isinstance(node, exp.Column):
            constant = isinstance(node, (exp.Literal, exp.Boolean, exp.Null, exp.Neg))
            told = "must have its column before the constant" if constant else "compares no column as it is"
            raise self._no(inside, told)
        if len(node.parts) > 1:
            raise MeshError(f"'{_sql(node)}' must be a column without a table", self.where)
        name = node.name
        if name not in self.kinds:
            near = f"; columns are lower case: {name.lower()}" if name.lower() in self.kinds else ""
            near = near or nearest(name, list(self.kinds))
            raise MeshError(f"'{name}' is no column of {self.table.name}{near}", self.where)
        kind = self.kinds[name]
        if kind is None:
            raise MeshError(
                f"'{name}' is of the type {self.types[name]}; row filters compare text, numbers and booleans",
                self.where,
            )
        return kind

    def _constant(self, node: Any, kind: str, inside: exp.Expression) -> None:
        if isinstance(node, exp.Null):
            raise self._no(inside, "is never true; write IS NULL or IS NOT NULL")
        if isinstance(node, exp.Column):
            raise self._no(inside, "compares two columns; Lake Formation compares a column with a constant")
        found = _constant_kind(node)
        if found is None:
            raise self._no(inside, f"compares with '{_sql(node)}', which is no constant")
        if found != kind and (found, kind) != (WHOLE, NUMBER):
            raise self._no(inside, f"compares a column of the kind {kind} with '{_sql(node)}', a {found}")

    def _only(self, node: exp.Expression, names: tuple[str, ...]) -> None:
        """Refuse what a form carries beside what is checked (an escape, a query, an unnest)."""
        if any(value for key, value in node.args.items() if key not in names):
            raise self._no(node, "is not allowed in a row filter")

    def _no(self, node: exp.Expression, told: str) -> MeshError:
        return MeshError(f"'{_sql(node)}' {told}", self.where)


def _kind(glue: str) -> str | None:
    """What constants a column of that Glue type is compared with; None where Lake Formation compares none."""
    if glue in TEXTUAL:
        return TEXT
    if glue in NUMERIC:
        return WHOLE if glue in INTEGRAL else NUMBER
    return BOOLEAN if glue == "boolean" else None


def _constant_kind(node: Any) -> str | None:
    if isinstance(node, exp.Neg) and _constant_kind(node.this) in (WHOLE, NUMBER):
        return _constant_kind(node.this)
    if isinstance(node, exp.Boolean):
        return BOOLEAN
    if isinstance(node, exp.Literal):
        return TEXT if node.is_string else WHOLE if node.is_int else NUMBER
    return None


def _sql(node: Any) -> str:
    return _cut(node.sql(dialect=_DIALECT) if isinstance(node, exp.Expression) else str(node))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
