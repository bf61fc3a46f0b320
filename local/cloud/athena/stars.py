"""Stars over structs: what stands before `.*` in a select list, and the struct's fields in place of it.

Owns the two ends of the expansion. Deliberately not here: what the name before the star means (nested).
"""

from __future__ import annotations

from sqlglot import exp

from local.cloud.athena.sql import DIALECT


def target(item: exp.Expression) -> tuple[list[str], exp.Expression] | None:
    """Return the parts of the name before a star and the expression it is, or None for any other item."""
    if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
        parts = [part for part in item.parts if isinstance(part, exp.Identifier)]
        keys = ("this", "table", "db", "catalog")
        levels = dict(zip(keys, [part.copy() for part in parts[::-1]], strict=False))
        return ([part.name for part in parts], exp.Column(**levels)) if parts else None
    if isinstance(item, exp.Dot) and isinstance(item.expression, exp.Star):
        return [item.this.sql(dialect=DIALECT)], item.this.copy()
    return None


def fields(row: exp.Expression, kind: exp.DataType) -> list[exp.Expression]:
    """Return a struct's fields, each under its own name."""
    found: list[exp.Expression] = []
    for field in kind.expressions:
        inner = exp.Dot(this=row.copy(), expression=exp.to_identifier(field.name, quoted=True))
        found.append(exp.alias_(inner, field.name, quoted=True))
    return found
