"""Row filters of shares: what Lake Formation takes, and that nothing else comes through."""

from __future__ import annotations

import contextlib
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.contracts import Table, parse_contract
from governance.errors import MeshError
from governance.row_filters import LONGEST, check_predicate

CONTRACT = """
apiVersion: v3.0.2
kind: DataContract
id: filters
name: filters
version: 1.0.0
status: active
schema:
  - name: t
    properties:
      - {name: purpose, logicalType: string}
      - {name: amount, logicalType: integer}
      - {name: rate, logicalType: number}
      - {name: price, logicalType: number, physicalType: "decimal(10,2)"}
      - {name: active, logicalType: boolean}
      - {name: opened, logicalType: date}
      - {name: tags, logicalType: array, items: {logicalType: string}}
      - {name: order, logicalType: string}
"""
TABLE: Table = parse_contract(CONTRACT, "filters.yaml").tables[0]


def check(text: str) -> str:
    return check_predicate(text, TABLE, "rows")


def refused(text: str) -> str:
    with pytest.raises(MeshError) as caught:
        check(text)
    line = str(caught.value)
    assert line.startswith("rows: ")
    assert line.isprintable(), "one line, whatever was sent"
    return line.removeprefix("rows: ")


@pytest.mark.parametrize(
    "text",
    [
        "purpose <> 'business'",
        "purpose != 'it''s'",
        "purpose = 'a;b -- c /* d */'",
        "purpose LIKE '%red%' AND NOT (amount BETWEEN 1 AND 5)",
        "amount IN (1, -2, 3) OR rate >= 1 OR price < 2.50",
        "rate > 1.5 AND (active = true OR active <> FALSE)",
        "purpose IS NOT NULL",
        "\"order\" = 'x'",
        " OR ".join(f"amount = {number}" for number in range(120)),
        "(" * 20 + "amount = 1" + ")" * 20,
        "  purpose = 'x'\n",
    ],
)
def test_comparisons_of_columns_with_constants_come_through_as_written(text: str) -> None:
    assert check(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1=1", "'1 = 1' must have its column before the constant"),
        ("purpose = 'x' OR 1=1", "'1 = 1' must have its column before the constant"),
        ("'x' = purpose", "''x' = purpose' must have its column before the constant"),
        ("NULL IS NULL", "'NULL IS NULL' must have its column before the constant"),
        ("(TRUE)", "'TRUE' compares nothing"),
        ("NOT amount", "'amount' compares nothing"),
        ("active", "'active' compares nothing; write active = true"),
        ("active > FALSE", "'active > FALSE' orders booleans; use = or <>"),
        ("purpose = purpose", "'purpose = purpose' compares two columns"),
        ("purpose IN ('a', purpose)", "compares two columns"),
        ("purpose IN ()", "'purpose IN ()' lists no value"),
        ("purpose > 5", "compares a column of the kind text with '5', a whole number"),
        ("amount = 'x'", "compares a column of the kind whole number with ''x'', a text"),
        ("amount > 1.5", "compares a column of the kind whole number with '1.5', a number"),
        ("amount = TRUE", "compares a column of the kind whole number with 'TRUE', a boolean"),
        ("amount LIKE '1%'", "is a pattern for a column that is not text"),
        ("amount = NULL", "'amount = NULL' is never true; write IS NULL or IS NOT NULL"),
        ("amount = 1 = TRUE", "compares no column as it is"),
        ("amount + 1 > 2", "compares no column as it is"),
        ("upper(purpose) = 'X'", "compares no column as it is"),
        ("amount = CAST('1' AS bigint)", "which is no constant"),
        ("TRY_CAST(purpose AS bigint) = 1", "compares no column as it is"),
        ("amount > (SELECT 1)", "which is no constant"),
        ("amount IN (SELECT 1)", "is not allowed in a row filter"),
        ("EXISTS (SELECT 1)", "is not allowed in a row filter"),
        ("purpose LIKE 'a' ESCAPE '!'", "is not allowed in a row filter"),
        ("purpose IS NOT DISTINCT FROM 'x'", "is not allowed in a row filter"),
        ("opened IS NULL", "'opened' is of the type date; row filters compare text, numbers and booleans"),
        ("tags IS NULL", "'tags' is of the type array<string>; row filters compare"),
        ("PURPOSE = 'x'", "'PURPOSE' is no column of t; columns are lower case: purpose"),
        ("purpos = 'x'", "'purpos' is no column of t; did you mean 'purpose'?"),
        ("t.purpose = 'x'", "'t.purpose' must be a column without a table"),
        ("purpose = 'x'; DROP TABLE t", "must be one predicate without comments or further statements"),
        ("purpose = 'x' -- y", "must be one predicate without comments or further statements"),
        ("purpose = /* y */ 'x'", "must be one predicate without comments or further statements"),
        ("purpose = 'x' LIMIT 1", "must be one predicate without further clauses"),
        ("purpose = 'x' UNION SELECT 1", "must be one predicate without further clauses"),
        ("1=1) OR (1=1", "is no predicate such as purpose <> 'business'"),
        ("", "'' is no predicate such as purpose <> 'business'"),
        ("purpose = 'x'\rOR amount = 1", "must be one line without control characters"),
        ("purpose = '\0'", "must be one line without control characters"),
        ("purpose = '\u202e'", "must be one line without control characters"),
        ("(" * 200 + "amount = 1" + ")" * 200, "has more than 20 parentheses in each other"),
        ("NOT " * 400 + "amount = 1", "nested too deeply"),
        ("amount = 1 OR " * 150 + "amount = 1", f"is longer than {LONGEST} characters"),
    ],
)
def test_anything_else_is_one_line_that_names_the_piece(text: str, told: str) -> None:
    assert told in refused(text)


@given(st.text(max_size=60))
def test_no_text_brings_the_check_down(text: str) -> None:
    with contextlib.suppress(MeshError):
        assert check(text) == text.strip()


LEAVES = st.sampled_from(
    [
        "purpose = 'a'",
        "amount > 3",
        "rate <= -1.5",
        "active = true",
        "purpose IN ('a', 'b')",
        "amount IS NULL",
    ]
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        ),
        inner.map(lambda text: f"NOT ({text})"),
    ),
    max_leaves=8,
)
INTRUDERS = [
    "1=1", "TRUE", "purpose = purpose", "length(purpose) > 1", "EXISTS (SELECT 1)", "amount = (SELECT 1)",
    "amount = 1; SELECT 1", "amount = 1 -- x", "secret = 1", "opened IS NULL", "purpose",
]  # fmt: skip


@given(TREES, st.sampled_from(INTRUDERS))
def test_whatever_is_around_it_an_intruder_is_found(tree: str, intruder: str) -> None:
    assert check(tree) == tree
    leaf = next(text for text in ("purpose = 'a'", "amount > 3", "rate <= -1.5", "active = true",
                                  "purpose IN ('a', 'b')", "amount IS NULL") if text in tree)  # fmt: skip
    refused(tree.replace(leaf, intruder, 1))


def test_the_depth_of_the_stack_is_left_alone() -> None:
    before = sys.getrecursionlimit()
    refused("NOT " * 400 + "amount = 1")
    assert sys.getrecursionlimit() == before
