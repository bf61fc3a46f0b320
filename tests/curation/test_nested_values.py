"""Nested values and numbers reach the curated file digit by digit, whatever the delivery's format and names."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from functions.curation_values import decode
from tests.curation.specs import csv_text, curate, prop, rows_of, table

MONEY = {"physicalType": "decimal(20,2)"}
LINE = {"logicalType": "object", "properties": [prop("SKU"), prop("UnitPrice", "number", **MONEY)]}
SPEC = table(prop("id"), prop("Lines", "array", items=LINE), prop("free", "object"))
EXACT = "123456789012345678.91"


def parquet(rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows, sink)
    return sink.getvalue()


def delivered(form: str) -> tuple[str, str | bytes]:
    lines = f'[{{"SKU": "a", "UnitPrice": {EXACT}}}, {{"SKU": "b", "UnitPrice": 7}}]'
    free = f'{{"rate": {EXACT}, "n": 1, "deep": [2.50, "é", null]}}'
    if form == "json":
        return "d.jsonl", f'{{"id": "1", "Lines": {lines}, "free": {free}}}\n'
    if form == "csv":
        return "d.csv", csv_text(["id", "Lines", "free"], ["1", lines, free])
    kind = pa.list_(pa.struct([("SKU", pa.string()), ("UnitPrice", pa.decimal128(20, 2))]))
    priced = [{"SKU": "a", "UnitPrice": Decimal(EXACT)}, {"SKU": "b", "UnitPrice": Decimal(7)}]
    return "d.parquet", parquet(pa.table({"id": ["1"], "Lines": pa.array([priced], kind), "free": [free]}))


@pytest.mark.parametrize("form", ["json", "csv", "parquet"])
def test_numbers_within_nested_columns_keep_their_digits(form: str, tmp_path: Path) -> None:
    name, content = delivered(form)
    outcome = curate(SPEC, content, tmp_path, name)
    (row,) = rows_of(outcome.good)
    assert row["lines"] == [
        {"sku": "a", "unitprice": Decimal(EXACT)},
        {"sku": "b", "unitprice": Decimal("7.00")},
    ], "names in the catalog's lower case, a whole number for a decimal too"
    assert f'"rate": {EXACT}' in row["free"], "a number of free JSON stays one, with every digit"
    assert json.loads(row["free"])["deep"] == [2.5, "é", None]


def test_a_price_with_too_many_digits_is_no_decimal(tmp_path: Path) -> None:
    content = '{"id": "1", "Lines": [{"SKU": "a", "UnitPrice": 1.234}], "free": null}\n'
    outcome = curate(SPEC, content, tmp_path, "d.jsonl")
    assert (outcome.curated, outcome.quarantined) == (0, 1)


@pytest.mark.parametrize("kind", [pa.int8(), pa.int32(), pa.int64(), pa.uint64()])
def test_whole_numbers_of_any_width_fit_a_decimal_that_has_their_digits(kind: Any) -> None:
    column = table(prop("x", "number", physicalType="decimal(5,2)"))["columns"][0]
    values, bad, _ = decode(column, pa.array([7, None, 123], kind))
    assert values.to_pylist() == [Decimal("7.00"), None, Decimal("123.00")]
    assert not any(bad.to_pylist())
    _, bad, _ = decode(column, pa.array([7, 12345], pa.int64()))
    assert bad.to_pylist() == [False, True], "what has more digits does not fit, and spoils no neighbour"


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_day_of_parquet_are_times_of_the_contract(unit: str, tmp_path: Path) -> None:
    kind = pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)
    spec = table(prop("t", "time", logicalTypeOptions={"format": "HH:mm:ss"}))
    rows = pa.table({"t": pa.array([dt.time(12, 30), dt.time(0, 0), None], kind)})
    outcome = curate(spec, parquet(rows), tmp_path, "d.parquet")
    assert rows_of(outcome.good) == [{"t": "12:30:00"}, {"t": "00:00:00"}, {"t": None}]
    assert outcome.bad is None


def test_a_field_is_delivered_under_the_contracts_name_and_curated_under_the_catalogs(tmp_path: Path) -> None:
    fields = [
        prop("Post Code", physicalName="PLZ"),
        prop("no", "integer", customProperties=[{"property": "source", "value": "HausNr"}]),
    ]
    spec = table(prop("a", "object", properties=fields))
    content = '{"a": {"Post Code": "10115", "HAUSNR": 7}}\n{"a": {"plz": "20095", "no": 8}}\n{"a": null}\n'
    outcome = curate(spec, content, tmp_path, "d.jsonl")
    assert [row["a"] for row in rows_of(outcome.good)] == [
        {"plz": "10115", "no": 7},
        {"plz": "20095", "no": 8},
        None,
    ], "both names are known"
    assert pq.read_schema(outcome.good).field("a").type.field("plz").metadata in (None, {}), "no trace of it"
