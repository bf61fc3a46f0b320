"""Delivered text becomes values of the contract's types, or null without spoiling its neighbours."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pyarrow as pa
import pytest

from functions.curation_values import arrow_schema, arrow_type, decode
from tests.curation.specs import coded, prop, table

UTC = dt.UTC

GOOD = [
    (prop("x"), "grün", "grün"),
    (prop("x", "integer"), "-42", -42),
    (prop("x", "integer", physicalType="tinyint"), "127", 127),
    (prop("x", "number"), "1e3", 1000.0),
    (prop("x", "number", physicalType="decimal(5,2)"), "123.45", Decimal("123.45")),
    (
        prop("x", "number", physicalType="decimal(38,10)"),
        "1234567890123456789.1",
        Decimal("1234567890123456789.1"),
    ),
    (prop("x", "boolean"), "TRUE", True),
    (prop("x", "boolean"), "0", False),
    (prop("x", "date"), "2024-02-29", dt.date(2024, 2, 29)),
    (prop("x", "date", logicalTypeOptions={"format": "dd.MM.yyyy"}), "29.02.2024", dt.date(2024, 2, 29)),
    (prop("x", "timestamp"), "2024-01-31", dt.datetime(2024, 1, 31)),
    (prop("x", "timestamp"), "2024-01-31 10:00", dt.datetime(2024, 1, 31, 10)),
    (prop("x", "timestamp"), "2024-01-31T10:00:00.123456789", dt.datetime(2024, 1, 31, 10, 0, 0, 123456)),
    (prop("x", "timestamp"), "2024-01-31T10:00:00+02:00", dt.datetime(2024, 1, 31, 8)),
    (prop("x", "timestamp"), "2024-01-31T10:00:00Z", dt.datetime(2024, 1, 31, 10)),
    (
        prop("x", "timestamp", logicalTypeOptions={"format": "dd/MM/yyyy HH:mm:ss.SSSXX"}),
        "31/01/2024 10:00:00.500+0100",
        dt.datetime(2024, 1, 31, 9, 0, 0, 500000),
    ),
    (prop("x", physicalType="binary"), "ab", b"ab"),
    (prop("x", "array", items={"logicalType": "integer"}), "[1, null, 2]", [1, None, 2]),
    (
        prop("x", "map", map={"key": {"logicalType": "string"}, "value": {"logicalType": "date"}}),
        '{"a": "2024-01-31"}',
        [("a", dt.date(2024, 1, 31))],
    ),
    (
        prop(
            "x",
            "object",
            properties=[prop("Zip"), prop("n", "number", physicalType="decimal(5,2)"), prop("b", "boolean")],
        ),
        '{"ZIP": 12345, "n": "1.50", "extra": 1}',
        {"zip": "12345", "n": Decimal("1.50"), "b": None},
    ),
    (prop("x", "object"), '{"free": "text"}', '{"free": "text"}'),
]

BAD = [
    (prop("x", "integer"), "12O0"),
    (prop("x", "integer"), "1.5"),
    (prop("x", "integer"), " 1"),
    (prop("x", "integer", physicalType="tinyint"), "128"),
    (prop("x", "number"), "NaN"),
    (prop("x", "number"), "inf"),
    (prop("x", "number"), "1,5"),
    (prop("x", "number", physicalType="decimal(5,2)"), "1.234"),
    (prop("x", "number", physicalType="decimal(5,2)"), "12345.0"),
    (prop("x", "boolean"), "ja"),
    (prop("x", "date"), "2024-02-30"),
    (prop("x", "date"), "31.01.2024"),
    (prop("x", "date", logicalTypeOptions={"format": "dd.MM.yyyy"}), "30.02.2024"),
    (prop("x", "timestamp"), "yesterday"),
    (prop("x", "array", items={"logicalType": "integer"}), "[1, 2.5]"),
    (prop("x", "array"), '{"a": 1}'),
    (prop("x", "array"), "[1, 2"),
    (prop("x", "object", properties=[prop("a", "date")]), '{"a": "2024-13-01"}'),
    (prop("x", "object", properties=[prop("a")]), "[]"),
    (prop("x", "object", properties=[prop("a", "integer")]), '{"a": {"b": 1}}'),
    (prop("x", "map"), "5"),
]


def decoded(column, values):
    spec = table(column)["columns"][0]
    delivered = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
    found, unfit, unknown = decode(spec, delivered)
    assert found.type == arrow_type(spec["type"]), "always the contract's type"
    return found.to_pylist(), unfit.to_pylist(), unknown.to_pylist()


@pytest.mark.parametrize(("column", "given", "expected"), GOOD)
def test_text_becomes_the_contracts_type_and_null_stays_null(column, given, expected):
    assert decoded(column, [given, None]) == ([expected, None], [False, False], [False, False])


@pytest.mark.parametrize(("column", "given"), BAD)
def test_text_of_another_type_is_found_and_spoils_no_neighbour(column, given):
    _, unfit, unknown = decoded(column, [None, given, None])
    assert unfit == [False, True, False]
    assert not any(unknown)


def test_one_bad_value_in_thousands_is_found_where_it_is():
    values = [str(number) for number in range(5000)]
    values[1234] = values[4999] = "x"
    found, unfit, _ = decoded(prop("x", "integer"), values)
    assert [place for place, bad in enumerate(unfit) if bad] == [1234, 4999]
    assert found[1233] == 1233


def test_codes_are_decoded_before_types_and_unknown_ones_are_told():
    column = prop("x", "boolean", customProperties=coded({"J": True, "N": False, "?": None}))
    found, unfit, unknown = decoded(column, ["N", "j", None, "?", "J"])
    assert found == [False, None, None, None, True]
    assert unknown == [False, True, False, False, False], "a code that means null is no unknown code"
    assert not any(unfit)


def test_codes_that_are_delivered_as_numbers_are_looked_up_as_text():
    column = prop("x", customProperties=coded({1: "good", 2: "bad"}))
    assert decoded(column, pa.array([2, 1, 3]))[0] == ["bad", "good", None]


TYPED = [
    (prop("x", "integer", physicalType="int"), pa.array([1, 2**40]), [1, None]),
    (prop("x", "integer"), pa.array([1.0, 1.5]), [1, None]),
    (prop("x"), pa.array([1, None]), ["1", None]),
    (prop("x"), pa.array([dt.date(2024, 1, 31)]), ["2024-01-31"]),
    (prop("x"), pa.array(["a", "a"]).dictionary_encode(), ["a", "a"]),
    (prop("x"), pa.array([{"a": 1}, None]), ['{"a": 1}', None]),
    (
        prop("x", "date"),
        pa.array([dt.datetime(2024, 1, 31), dt.datetime(2024, 1, 31, 5)]),
        [dt.date(2024, 1, 31)] * 2,
    ),
    (
        prop("x", "date", logicalTypeOptions={"format": "dd.MM.yyyy"}),
        pa.array([dt.date(2024, 1, 31)]),
        [dt.date(2024, 1, 31)],
    ),
    (prop("x", "timestamp"), pa.array([dt.datetime(2024, 1, 31, tzinfo=UTC)]), [dt.datetime(2024, 1, 31)]),
    (prop("x", "timestamp"), pa.array([1], pa.timestamp("ms")), [dt.datetime(1970, 1, 1, 0, 0, 0, 1000)]),
    (
        prop("x", "array", items={"logicalType": "date"}),
        pa.array([["2024-01-31"], ["x"]]),
        [[dt.date(2024, 1, 31)], None],
    ),
    (
        prop("x", "array", items={"logicalType": "integer"}),
        pa.array([[1]], pa.list_(pa.field("element", pa.int64()))),
        [[1]],
    ),
    (
        prop("x", "object", properties=[prop("a", "integer")]),
        pa.array([{"A": 5}, {"A": None}]),
        [{"a": 5}, {"a": None}],
    ),
]


@pytest.mark.parametrize(("column", "given", "expected"), TYPED)
def test_typed_deliveries_are_cast_without_losing_anything(column, given, expected):
    assert decoded(column, given)[0] == expected


def test_the_curated_schema_is_the_contracts_in_order_and_nullability():
    spec = table(prop("b", "date"), prop("a", "integer", primaryKey=True), prop("c", required=True))
    assert arrow_schema(spec) == pa.schema(
        [
            pa.field("b", pa.date32()),
            pa.field("a", pa.int64(), nullable=False),
            pa.field("c", pa.string(), nullable=False),
        ]
    )


def test_nested_json_keeps_every_digit_of_a_decimal():
    column = prop("x", "object", properties=[prop("n", physicalType="decimal(38,18)")])
    value = "12345678901234567890.123456789012345678"
    assert decoded(column, [json.dumps({"n": value})])[0] == [{"n": Decimal(value)}]
