"""A filter that contracts accept means in the embedded Athena what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
from engine_case import text
from hypothesis import given
from hypothesis import strategies as st

from governance.contracts import Table, parse_contract
from governance.row_filters import check_predicate
from local.cloud.athena.rights import CellGrant

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
      - {name: n, logicalType: integer}
      - {name: word, logicalType: string}
      - {name: flag, logicalType: boolean}
"""
TABLE: Table = parse_contract(CONTRACT, "filters.yaml").tables[0]
WORDS = ["a", "b;c", "d -- e", "it's", "%", "A", "", "ü"]
ROWS = [
    {"id": at, "n": n, "word": word, "flag": flag}
    for at, (n, word, flag) in enumerate(
        (n, word, flag) for n in (-1, 0, 7, None) for word in (*WORDS, None) for flag in (True, False, None)
    )
]
COLUMNS = frozenset(ROWS[0])
DATA = pa.table(
    {"id": [row["id"] for row in ROWS], "n": pa.array([row["n"] for row in ROWS], pa.int64()),
     "word": [row["word"] for row in ROWS], "flag": [row["flag"] for row in ROWS]}
)  # fmt: skip

Meaning = Callable[[dict[str, Any]], bool | None]
"""True, False or unknown of a row, as SQL has it."""


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _compared(column: str, operator: str, value: Any, shown: str) -> tuple[str, Meaning]:
    holds = {
        "=": lambda x: x == value, "<>": lambda x: x != value, "<": lambda x: x < value, ">=": lambda x: x >= value,
    }[operator]  # fmt: skip
    return f"{column} {operator} {shown}", lambda row: None if row[column] is None else holds(row[column])


NUMBERS = st.builds(
    lambda operator, value: _compared("n", operator, value, str(value)),
    st.sampled_from(["=", "<>", "<", ">="]),
    st.integers(-2, 8),
)
TEXTS = st.builds(
    lambda operator, word: _compared("word", operator, word, _quoted(word)),
    st.sampled_from(["=", "<>"]),
    st.sampled_from(WORDS),
)
FLAGS = st.builds(lambda value: _compared("flag", "=", value, str(value).lower()), st.booleans())
LISTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(
    lambda words: (
        f"word IN ({', '.join(map(_quoted, words))})",
        lambda row: None if row["word"] is None else row["word"] in words,
    )
)
NULLS: st.SearchStrategy[tuple[str, Meaning]] = st.sampled_from(["n", "word", "flag"]).map(
    lambda name: (f"{name} IS NULL", lambda row: row[name] is None)
)


def _both(one: tuple[str, Meaning], other: tuple[str, Meaning], word: str) -> tuple[str, Meaning]:
    decisive = word == "OR"

    def meaning(row: dict[str, Any]) -> bool | None:
        found = (one[1](row), other[1](row))
        return decisive if decisive in found else None if None in found else not decisive

    return f"({one[0]}) {word} ({other[0]})", meaning


def _not(one: tuple[str, Meaning]) -> tuple[str, Meaning]:
    def meaning(row: dict[str, Any]) -> bool | None:
        found = one[1](row)
        return None if found is None else not found

    return f"NOT ({one[0]})", meaning


TREES = st.recursive(
    st.one_of(NUMBERS, TEXTS, FLAGS, LISTS, NULLS),
    lambda inner: st.one_of(st.builds(_both, inner, inner, st.sampled_from(["AND", "OR"])), inner.map(_not)),
    max_leaves=6,
)


@given(TREES)
def test_the_rows_are_those_for_which_it_is_true(tree: tuple[str, Meaning]) -> None:
    predicate, meaning = tree
    accepted = check_predicate(predicate, TABLE, "rows")
    found = text("SELECT id FROM t ORDER BY id", DATA, (CellGrant(COLUMNS, accepted),))
    assert [int(row[0] or -1) for row in found] == [row["id"] for row in ROWS if meaning(row) is True]
