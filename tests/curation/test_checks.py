"""Which rows break which rules."""

from __future__ import annotations

import datetime as dt
import json

import pyarrow as pa
import pytest

from functions.curation_checks import check_rows
from tests.curation.specs import batch, coded, prop, table


def broken(spec, **columns):
    """Rule -> numbers of the rows that break it."""
    checked = check_rows(spec, batch(**columns))
    found = {name: [row for row, bad in enumerate(mask.to_pylist()) if bad] for name, mask in checked.broken}
    assert sorted({row for rows in found.values() for row in rows}) == [
        row for row, bad in enumerate(checked.bad.to_pylist()) if bad
    ], "a row is bad if it breaks any rule"
    return found


def metric(name, values=None, **arguments):
    return {"metric": name, "mustBe": 0, "arguments": arguments or None}


ROW_RULES = [
    (prop("x", required=True), ["a", None, "b"], "x: must not be null", [1]),
    (prop("x", quality=[metric("nullValues")]), ["a", None], "x: must not be null", [1]),
    (
        prop("x", quality=[metric("missingValues", missingValues=["", "N/A"])]),
        ["a", "N/A", None],
        "x: must not be missing (null, N/A)",
        [1, 2],
    ),
    (prop("x", enum=[{"value": "a"}, {"value": "b"}]), ["a", "c", None], "x: must be one of a, b", [1]),
    (prop("x", "integer", enum=[{"value": 1}]), ["1", "2"], "x: must be one of 1", [1]),
    (
        prop("x", "date", enum=[{"value": dt.date(2024, 1, 1)}]),
        ["2024-01-01", "2024-01-02"],
        "x: must be one of 2024-01-01",
        [1],
    ),
    (
        prop("x", quality=[metric("invalidValues", validValues=["ab", "c"], pattern="^a")]),
        ["ab", "c", "ax"],
        "x: must be one of ab, c and match ^a",
        [1, 2],
    ),
    (prop("x", logicalTypeOptions={"pattern": "^[a-z]+$"}), ["a", "A", None], "x: must match ^[a-z]+$", [1]),
    (prop("x", "integer", logicalTypeOptions={"pattern": "^9"}), ["91", "19"], "x: must match ^9", [1]),
    (
        prop("x", logicalTypeOptions={"minLength": 2}),
        ["ä", "äö", None],
        "x: must have at least 2 characters",
        [0],
    ),
    (prop("x", physicalType="varchar(2)"), ["äöü", "äö"], "x: must have at most 2 characters", [0]),
    (prop("x", "integer", logicalTypeOptions={"minimum": 2}), ["1", "2", None], "x: must be at least 2", [0]),
    (prop("x", "integer", logicalTypeOptions={"maximum": 2}), ["3", "2"], "x: must be at most 2", [0]),
    (
        prop("x", "number", logicalTypeOptions={"exclusiveMinimum": 0}),
        ["0", "0.1"],
        "x: must be greater than 0",
        [0],
    ),
    (
        prop("x", "number", logicalTypeOptions={"exclusiveMaximum": 1}),
        ["1", "0.9"],
        "x: must be less than 1",
        [0],
    ),
    (
        prop("x", "number", physicalType="decimal(5,2)", logicalTypeOptions={"maximum": 100000}),
        ["999.99"],
        None,
        [],
    ),
    (
        prop("x", "number", physicalType="decimal(38,0)", logicalTypeOptions={"minimum": 10**37}),
        [str(10**37 - 1), str(10**37)],
        f"x: must be at least {10**37}",
        [0],
    ),
    (
        prop("x", "date", logicalTypeOptions={"minimum": "2020-01-01"}),
        ["2019-12-31", "2020-01-01"],
        "x: must be at least 2020-01-01",
        [0],
    ),
    (
        prop("x", "timestamp", logicalTypeOptions={"maximum": "2020-01-01T00:00:00Z"}),
        ["2020-01-01T01:00:00+02:00", "2020-01-01T00:00:01"],
        "x: must be at most 2020-01-01T00:00:00Z",
        [1],
    ),
    (prop("x", "time"), ["23:59", "24:00", "12:00:00.5Z"], "x: must be a time of day", [1]),
    (
        prop("x", "time", logicalTypeOptions={"maximum": "12:00:00"}),
        ["11:00:00", "13:00:00"],
        "x: must be at most 12:00:00",
        [1],
    ),
    (
        prop("x", "integer", logicalTypeOptions={"multipleOf": 5}),
        ["10", "-5", "7"],
        "x: must be a multiple of 5",
        [2],
    ),
    (
        prop("x", "number", logicalTypeOptions={"multipleOf": 0.05}),
        ["0.15", "1e6", "0.07"],
        "x: must be a multiple of 0.05",
        [2],
    ),
    (prop("x", unique=True), ["a", "b", "a", None, None], "x: must be unique", [0, 2]),
    (prop("x", "integer", primaryKey=True), ["1", "01", "2"], "x: must be unique", [0, 1]),
    (prop("x", customProperties=coded({"1": "one"})), ["1", "2", None], "x: must be a known code", [1]),
    (prop("x", "integer"), ["1", "one"], "x: must be of type bigint", [1]),
    (
        prop("x", "array", logicalTypeOptions={"minItems": 1}),
        ["[1]", "[]", None],
        "x: must have at least 1 items",
        [1],
    ),
    (
        prop("x", "array", logicalTypeOptions={"maxItems": 1}),
        ["[1]", "[1, 2]"],
        "x: must have at most 1 items",
        [1],
    ),
    (
        prop("x", "array", logicalTypeOptions={"uniqueItems": True}),
        ['["a", "b"]', '["a", "a"]', None, "[]", '["a"]'],
        "x: must not repeat an item",
        [1],
    ),
]


@pytest.mark.parametrize(("column", "given", "rule", "rows"), ROW_RULES)
def test_each_rule_finds_just_the_rows_that_break_it(column, given, rule, rows):
    assert broken(table(column), x=given) == ({rule: rows} if rule else {})


def test_rules_within_nested_columns_judge_every_part_and_ignore_absent_ones():
    spec = table(
        prop(
            "x",
            "object",
            properties=[
                prop("zip", required=True, logicalTypeOptions={"minLength": 5}),
                prop(
                    "visits", "array", items={"logicalType": "integer", "logicalTypeOptions": {"minimum": 0}}
                ),
            ],
        )
    )
    given = [
        {"zip": "12345", "visits": [1, 2]},
        {"zip": None, "visits": None},
        None,
        {"zip": "1", "visits": []},
        {"zip": "12345", "visits": [0, -1, None]},
    ]
    assert broken(spec, x=[None if value is None else json.dumps(value) for value in given]) == {
        "x.zip: must not be null": [1],
        "x.zip: must have at least 5 characters": [3],
        "x.visits[]: must be at least 0": [4],
    }


def test_a_key_of_several_columns_is_unique_as_a_whole():
    spec = table(prop("a", primaryKey=True), prop("b", "integer", primaryKey=True))
    assert broken(spec, a=["x", "x", "y", "x"], b=["1", "2", "1", "1"]) == {
        "a: must be unique together with b": [0, 3]
    }


def test_what_cannot_be_read_is_not_called_missing_too():
    spec = table(
        prop("x", "integer", required=True), prop("y", required=True, customProperties=coded({"a": "b"}))
    )
    assert broken(spec, x=["one", None], y=["z", None]) == {
        "x: must be of type bigint": [0],
        "y: must be a known code": [0],
        "x: must not be null": [1],
        "y: must not be null": [1],
    }


def test_a_row_is_told_all_the_rules_it_breaks():
    spec = table(
        prop("a", "integer", logicalTypeOptions={"minimum": 1}), prop("b", required=True), prop("c", "date")
    )
    checked = check_rows(
        spec, batch(a=["0", "1", "5"], b=[None, "x", None], c=["x", "2024-01-01", "2024-01-01"])
    )
    assert checked.reasons().to_pylist() == [
        "c: must be of type date; a: must be at least 1; b: must not be null",
        "b: must not be null",
    ]


def test_a_warning_is_counted_and_sets_no_row_aside():
    spec = table(prop("x", quality=[{"metric": "nullValues", "mustBe": 0, "severity": "warning"}]))
    checked = check_rows(spec, batch(x=["a", None]))
    assert (checked.broken, checked.warned, checked.bad.to_pylist()) == (
        (),
        {"x: must not be null": 1},
        [False, False],
    )


def test_an_empty_chunk_breaks_nothing():
    spec = table(prop("x", primaryKey=True), prop("y", "array", logicalTypeOptions={"uniqueItems": True}))
    empty = pa.RecordBatch.from_pydict({"x": pa.array([], pa.string()), "y": pa.array([], pa.string())})
    assert check_rows(spec, empty).broken == ()


def test_a_rule_from_the_future_is_no_silent_pass():
    spec = table(prop("x", required=True))
    spec["rules"][0]["check"] = "telepathy"
    with pytest.raises(
        ValueError, match="unknown check telepathy; the job's specification is newer than its script"
    ):
        check_rows(spec, batch(x=["a"]))
