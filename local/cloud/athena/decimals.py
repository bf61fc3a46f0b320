"""Decimals without a size: as many digits as a literal has, and in a cast Trino's 38 without a fraction.

DuckDB takes `decimal` for 18 digits, three of them a fraction (Trino documentation, "Decimal"). Deliberately not here:
sizes of sums and quotients (operators).
"""

from __future__ import annotations

import itertools
import re

from sqlglot import exp, tokenize
from sqlglot.tokens import TokenType

from local.cloud.athena.sql import DIALECT

_NUMBER = re.compile(r"[+-]?(\d*)\.?(\d*)\Z")


def sized(query: exp.Query, text: str) -> exp.Query:
    """Return the query with a size on each decimal type that has none."""
    found = [each for each in query.find_all(exp.DataType) if _bare(each)]
    if found:
        tokens = tokenize(text, dialect=DIALECT)
        literals = {
            value.text
            for word, value in itertools.pairwise(tokens)
            if word.text.lower() == "decimal" and value.token_type == TokenType.STRING
        }
        for each in found:
            given = each.parent.this if isinstance(each.parent, exp.Cast) else None
            literal = isinstance(given, exp.Literal) and given.is_string and given.name in literals
            _size(each, *_digits(given.name) if literal and given else (38, 0))
    return query


def _bare(kind: exp.DataType) -> bool:
    return kind.this == exp.DataType.Type.DECIMAL and not kind.expressions


def _digits(text: str) -> tuple[int, int]:
    """Digits in all and in the fraction, of a literal such as `-01.50`."""
    match = _NUMBER.match(text.strip())
    whole, fraction = match.groups() if match else ("", "")
    return max(1, len(whole.lstrip("0")) + len(fraction)), len(fraction)


def _size(kind: exp.DataType, digits: int, fraction: int) -> None:
    sizes = [exp.DataTypeParam(this=exp.Literal.number(number)) for number in (digits, fraction)]
    kind.set("expressions", sizes)
