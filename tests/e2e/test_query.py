"""Answers for programs: all rows as CSV or JSON, and a table that says when it is not all."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from story import Mesh

from mesh.query import Answer, as_csv, as_json, run


def ask(mesh: Mesh, sql: str, **more: Any) -> Answer:
    workgroup = mesh.outputs("consumer")["workgroups"]["data-scientist"]
    acting = mesh.acting("consumer", "mesh-data-scientist")
    return run(acting, sql, workgroup=workgroup, database="rl_credit-card", **more)


@pytest.mark.parametrize(
    ("most", "rows", "more"), [(999, 999, True), (1000, 1000, False), (None, 1000, False)]
)
def test_rows_beyond_those_asked_for_are_not_left_out_in_silence(
    mesh: Mesh, most: int | None, rows: int, more: bool
) -> None:
    answer = ask(mesh, "SELECT amount, purpose FROM credit_card", most=most)
    assert (len(answer.rows), answer.more, answer.error) == (rows, more, None)
    assert answer.columns == ("amount", "purpose")


def test_json_has_numbers_booleans_and_null_and_csv_quotes_what_needs_it(mesh: Mesh) -> None:
    sql = (
        "SELECT 1 AS whole, 2.5E0 AS part, true AS yes, CAST(NULL AS varchar) AS none, 'a, \"b\"' AS words, "
        "DATE '2026-01-02' AS day, nan() AS nothing, CAST('1.10' AS decimal(10, 2)) AS exact"
    )
    answer = ask(mesh, sql)
    assert json.loads(as_json(answer)) == [
        {"whole": 1, "part": 2.5, "yes": True, "none": None, "words": 'a, "b"', "day": "2026-01-02",
         "nothing": "NaN", "exact": "1.10"}
    ]  # fmt: skip
    names, row = csv.reader(io.StringIO(as_csv(answer)))
    assert dict(zip(names, row, strict=True))["words"] == 'a, "b"'
    assert json.loads(as_json(ask(mesh, "SELECT amount FROM credit_card WHERE amount < 0"))) == []
