"""Cell-level security: what several grants with row filters show of a table, held against the rule spelled
out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from engine_case import run, text
from hypothesis import given, settings
from hypothesis import strategies as st

from local.cloud.athena.errors import QueryFailed
from local.cloud.athena.rights import CellGrant

ROWS = pa.table({"id": [1, 2, 3, 4], "a": ["w", "x", "y", "z"], "b": [10, 20, None, 40]})
FILTERS: dict[str | None, Callable[[dict[str, Any]], bool]] = {
    None: lambda row: True,
    "id < 3": lambda row: row["id"] < 3,
    "a = 'y' OR id = 1": lambda row: row["a"] == "y" or row["id"] == 1,
    "B >= 20": lambda row: row["b"] is not None and row["b"] >= 20,
}


def grants() -> st.SearchStrategy[tuple[CellGrant, ...]]:
    columns = st.frozensets(st.sampled_from(["id", "a", "b"]), min_size=1)
    one = st.builds(CellGrant, columns, st.sampled_from(list(FILTERS)))
    return st.lists(one, min_size=1, max_size=4).map(tuple)


def shown(given_: tuple[CellGrant, ...]) -> list[dict[str, object]]:
    """The rule in Python: a row if any grant opens it, a cell if a grant opens its row and its column."""
    open_ = frozenset().union(*(grant.columns for grant in given_))
    found = []
    for row in ROWS.to_pylist():
        opening = [grant for grant in given_ if FILTERS[grant.row_filter](row)]
        if opening:
            cells = frozenset().union(*(grant.columns for grant in opening))
            found.append({name: row[name] if name in cells else None for name in row if name in open_})
    return found


@settings(max_examples=60, deadline=None)
@given(grants())
def test_a_star_shows_just_the_cells_that_some_grant_opens(given_: tuple[CellGrant, ...]) -> None:
    assert run("SELECT * FROM t", ROWS, given_).to_pylist() == shown(given_), "row by row, cell by cell"


@settings(max_examples=30, deadline=None)
@given(grants())
def test_counting_sees_no_more_rows_than_a_star(given_: tuple[CellGrant, ...]) -> None:
    assert text("SELECT count(*) FROM t", ROWS, given_) == [[str(len(shown(given_)))]], (
        "no row is counted unseen"
    )


def test_a_condition_on_a_hidden_cell_sees_null() -> None:
    given_ = (CellGrant(frozenset({"id"})), CellGrant(frozenset({"a"}), "id = 1"))
    assert text("SELECT id FROM t WHERE a IS NULL", ROWS, given_) == [["2"], ["3"], ["4"]], (
        "its value leaks nowhere"
    )
    assert text("SELECT id FROM t WHERE a = 'x'", ROWS, given_) == [], "not by a guess either"


def test_a_filter_may_test_a_column_that_is_not_shown() -> None:
    given_ = (CellGrant(frozenset({"a"}), "b = 20"),)
    assert text("SELECT * FROM t", ROWS, given_) == [["x"]], "the filter reads it, the query does not"
    with pytest.raises(QueryFailed, match="Column 'b' cannot be resolved"):
        run("SELECT b FROM t", ROWS, given_)


def test_a_filter_that_holds_a_query_is_refused() -> None:
    with pytest.raises(QueryFailed, match="a row filter may not hold a query"):
        run("SELECT a FROM t", ROWS, (CellGrant(frozenset({"a"}), "id IN (SELECT 1)"),))
