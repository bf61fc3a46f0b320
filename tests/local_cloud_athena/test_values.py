"""Types and the text of values, and the files of a result."""

from __future__ import annotations

import csv
import datetime
import io
import math
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cloud.athena.results import csv_of, infos_of, metadata_of, page
from local.cloud.athena.types import arrow_type, column_type, hive_type, text_of, trino_type

NAMES = st.sampled_from(
    [
        "tinyint",
        "smallint",
        "int",
        "bigint",
        "float",
        "double",
        "boolean",
        "string",
        "date",
        "binary",
        "decimal(12,3)",
    ]
)
TYPES = st.recursive(
    NAMES,
    lambda inner: (
        inner.map("array<{}>".format)
        | inner.map("map<string,{}>".format)
        | st.lists(inner, min_size=1, max_size=3).map(
            lambda kinds: "struct<" + ",".join(f"f{index}:{kind}" for index, kind in enumerate(kinds)) + ">"
        )
    ),
    max_leaves=4,
)


@given(TYPES)
def test_a_hive_type_comes_back_from_arrow(kind: str) -> None:
    assert hive_type(arrow_type(kind)) == kind, "nothing is lost on the way"


@pytest.mark.parametrize(
    "hive, trino, reported",
    [
        ("int", "integer", "integer"),
        ("string", "varchar", "varchar"),
        ("varchar(10)", "varchar(10)", "varchar"),
        ("float", "real", "float"),
        ("decimal(10,2)", "decimal(10, 2)", "decimal"),
        ("struct<a:int,b:array<string>>", "row(a integer, b array(varchar))", "row"),
        ("map<string,int>", "map(varchar, integer)", "map"),
        ("binary", "varbinary", "varbinary"),
        ("timestamp", "timestamp", "timestamp"),
    ],
)
def test_each_side_has_its_own_name_for_a_type(hive: str, trino: str, reported: str) -> None:
    assert trino_type(hive) == trino, "in queries"
    assert column_type(arrow_type(hive)) == reported, "in ColumnInfo"


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(ValueError, match="unknown type 'nonsense'"):
        arrow_type("nonsense")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_survives_its_text(value: float) -> None:
    found = text_of(value)
    assert found is not None, "a number has a text"
    assert float(found) == value, "and it is the same number"
    assert "." in found, "always with a point, as Java writes it"


@pytest.mark.parametrize(
    "value, text",
    [
        (1e10, "1.0E10"),
        (1e-4, "1.0E-4"),
        (0.001, "0.001"),
        (9999999.0, "9999999.0"),
        (1.25e7, "1.25E7"),
        (math.inf, "Infinity"),
        (math.nan, "NaN"),
        (True, "true"),
        (Decimal("1.20"), "1.20"),
        (Decimal("1E+3"), "1000"),
        (datetime.date(2020, 1, 31), "2020-01-31"),
        (datetime.datetime(2020, 1, 31, 1, 2, 3, 4000), "2020-01-31 01:02:03.004"),
        (datetime.datetime(2020, 1, 31, tzinfo=datetime.UTC), "2020-01-31 00:00:00.000 UTC"),
        ([1, None], "[1, null]"),
        ([("k", 1)], "{k=1}"),
        ({"a": 1, "b": None}, "{a=1, b=null}"),
        (b"\x01\xff", "01 ff"),
        (None, None),
    ],
)
def test_values_are_printed_as_athena_prints_them(value: object, text: str | None) -> None:
    assert text_of(value) == text, "Java's forms, Hive's brackets"


@given(st.lists(st.lists(st.text(alphabet='ab",\n é', max_size=5), min_size=2, max_size=2), max_size=4))
def test_a_result_file_reads_back(rows: list[list[str | None]]) -> None:
    found = list(csv.reader(io.StringIO(csv_of(["x", "y"], rows).decode(), newline="")))
    assert found == [["x", "y"], *rows], "quotes are doubled, lines and commas stay inside"


def test_a_null_is_nothing_and_an_empty_text_is_quotes() -> None:
    assert csv_of(["x", "y"], [[None, ""]]) == b'"x","y"\n,""\n', "so that readers tell them apart"


def test_the_metadata_file_names_every_column() -> None:
    infos = infos_of(pa.table({"id": pa.array([], pa.int64()), "name": pa.array([], pa.string())}))
    body = metadata_of("query-1", infos)
    assert body.startswith(b"\x0a\x07query-1"), "field 1 is the query's id"
    for info in infos:
        assert f"\x22{chr(len(info['Name']))}{info['Name']}".encode() in body, (
            "field 4 of a column is its name"
        )
        assert info["Type"].encode() in body, "with its type"


def test_pages_follow_each_other_without_gap_and_the_header_comes_once() -> None:
    infos = infos_of(pa.table({"n": pa.array([], pa.int64())}))
    rows: list[list[str | None]] = [[str(number)] for number in range(5)]
    seen, start = [], 0
    while True:
        answer = page(infos, rows, True, start, 2)
        seen += [row["Data"][0]["VarCharValue"] for row in answer["ResultSet"]["Rows"]]
        if "NextToken" not in answer:
            break
        start = int(answer["NextToken"])
    assert seen == ["n", "0", "1", "2", "3", "4"], "the header is the first row of the first page"
