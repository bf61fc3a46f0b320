"""What functions and operators mean: Trino's results, not DuckDB's, where the two differ."""

from __future__ import annotations

import datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from engine_case import run, text

from local.cloud.athena.dialect import MACROS, PLAIN
from local.cloud.athena.errors import QueryFailed

ROWS = pa.table(
    {
        "a": pa.array([1, 2, 3, 7, -7], pa.int32()),
        "b": pa.array([2, 2, 2, 2, 2], pa.int64()),
        "c": pa.array([0.5, 1.5, None, 0.0, 1e10]),
        "s": ["x", "yy", None, "Car", "a,b"],
        "d": pa.array([datetime.date(2020, 1, 31)] * 5),
        "x": pa.array([Decimal("1.20")] * 5, pa.decimal128(10, 2)),
        "ok": [True, False, None, True, True],
        "ts": pa.array([datetime.datetime(2020, 1, 31, 10, 11, 12, 345000)] * 5, pa.timestamp("us")),
        "items": pa.array([[1, 2], [], None, [3], [4]], pa.list_(pa.int32())),
    }
)


@pytest.mark.parametrize(
    "expression, values",
    [
        ("a / b", ["0", "1", "1", "3", "-3"]),
        ("a % b", ["1", "0", "1", "1", "-1"]),
        ("c / 0", ["Infinity", "Infinity", None, "NaN", "Infinity"]),
        ("x / 3", ["0.40"] * 5),
        ("a * 1.0 / 3", ["0.3", "0.7", "1.0", "2.3", "-2.3"]),
        ("CAST(a AS double) / 4", ["0.25", "0.5", "0.75", "1.75", "-1.75"]),
        ("coalesce(a, 0) / 2", ["0", "1", "1", "3", "-3"]),
        ("d + INTERVAL '1' DAY", ["2020-02-01"] * 5),
        ("date_trunc('month', d)", ["2020-01-01"] * 5),
        ("date_add('month', 1, d)", ["2020-02-29"] * 5),
        ("date_diff('day', d, DATE '2020-03-01')", ["30"] * 5),
        ("ts", ["2020-01-31 10:11:12.345"] * 5),
        ("date_format(ts, '%Y-%m-%d %H:%i')", ["2020-01-31 10:11"] * 5),
        ("width_bucket(c, 0, 10, 5)", ["1", "1", None, "1", "6"]),
        ("width_bucket(c, ARRAY[0.0, 1.0, 2.0])", ["1", "2", None, "1", "3"]),
        ("regexp_extract(s, '(.)a', 1)", [None, None, None, "C", None]),
        ("items[1]", ["1", None, None, "3", "4"]),
        ("any_match(items, i -> i > 2)", ["false", "false", None, "true", "true"]),
        ("if(ok, 1, 0)", ["1", "0", "0", "1", "1"]),
        ("try(a / 0)", [None] * 5),
        ("sign(a)", ["1", "1", "1", "1", "-1"]),
    ],
)
def test_an_expression_has_trino_s_value(expression: str, values: list[str | None]) -> None:
    assert [row[0] for row in text(f"SELECT {expression} FROM t", ROWS)] == values, "row by row"


@pytest.mark.parametrize(
    "expression, value, kind",
    [
        ("sum(a)", "6", pa.int64()),
        ("sum(a) / count(*)", "1", pa.int64()),
        ("avg(a)", "1.2", pa.float64()),
        ("avg(x)", "1.20", pa.decimal128(10, 2)),
        ("sum(x) / count(*)", "1.20", pa.decimal128(38, 2)),
        ("1.0 * sum(a) / count(*)", "1.2", pa.decimal128(21, 1)),
        ("1e0 * sum(a) / count(*)", "1.2", pa.float64()),
        ("approx_percentile(a, 0.5)", "2", pa.int32()),
        ("approx_distinct(s)", "4", pa.int64()),
        ("count(DISTINCT b)", "1", pa.int64()),
        ("count_if(ok)", "3", pa.int64()),
        ("corr(a, b)", None, pa.float64()),
        ("stddev_pop(b)", "0.0", pa.float64()),
        ("sum(a) FILTER (WHERE a > 1)", "12", pa.int64()),
        ("min_by(s, a)", "a,b", pa.string()),
        ("geometric_mean(b)", "2.0", pa.float64()),
    ],
)
def test_an_aggregate_has_trino_s_value_and_type(
    expression: str, value: str | None, kind: pa.DataType
) -> None:
    sql = f"SELECT {expression} FROM t"
    assert text(sql, ROWS) == [[value]], "the value"
    assert run(sql, ROWS).schema.types == [kind], "and its type"


def test_a_drift_check_is_one_query() -> None:
    sql = """
        WITH bins AS (SELECT width_bucket(c, ARRAY[0.0, 1.0]) AS bin, count(*) AS n FROM t GROUP BY 1),
             total AS (SELECT sum(n) AS n FROM bins)
        SELECT bin, CAST(bins.n AS double) / total.n AS share, ln(CAST(bins.n AS double) / total.n / 0.5e0)
        FROM bins CROSS JOIN total ORDER BY bin
    """
    found = text(sql, ROWS)
    assert [row[:2] for row in found] == [["1", "0.4"], ["2", "0.4"], [None, "0.2"]], (
        "shares per bin, nulls last"
    )
    assert str(found[0][2]).startswith("-0.2231435"), "and their logarithms"


def test_a_decimal_share_keeps_the_scale_of_its_parts() -> None:
    sql = "WITH p AS (SELECT count(*) * 1.0 / 3 AS p FROM t) SELECT p, p / 3 FROM p"
    assert text(sql, ROWS) == [["1.7", "0.6"]], "one digit, as in Athena; a double is asked for by CAST"


@pytest.mark.parametrize(
    "sql, said",
    [
        ("SELECT a / 0 FROM t", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT CAST(s AS integer) FROM t", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to integer"),
        ("SELECT a, b FROM t GROUP BY a", "EXPRESSION_NOT_AGGREGATE: 'b' must be an aggregate expression"),
        ("SELECT xxhash64(s) FROM t", "FUNCTION_NOT_FOUND: line 1:8: Function 'xxhash64' not registered"),
    ],
)
def test_what_cannot_be_computed_fails_in_the_engine_s_words(sql: str, said: str) -> None:
    with pytest.raises(QueryFailed) as failed:
        run(sql, ROWS)
    assert failed.value.reason.startswith(said), "name and text"


def test_every_function_that_is_let_through_exists() -> None:
    connection = duckdb.connect(":memory:")
    for macro in MACROS:
        connection.execute(macro)
    known = {
        name
        for (name,) in connection.execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()
    }
    connection.close()
    rewritten = {"any_match", "all_match", "none_match"}
    assert len(PLAIN) > 50, "the set is not empty"
    assert PLAIN - known - rewritten == set(), "a function is refused by name rather than by the engine"


@pytest.mark.parametrize(
    "expression, value, kind",
    [
        ("DECIMAL '1.10'", "1.10", pa.decimal128(3, 2)),
        ("DECIMAL '-00.5'", "-0.5", pa.decimal128(1, 1)),
        ("DECIMAL '7' + DECIMAL '0.25'", "7.25", pa.decimal128(4, 2)),
        ("CAST(2.5E0 AS decimal)", "3", pa.decimal128(38, 0)),
        ("CAST(7 AS decimal(5, 1))", "7.0", pa.decimal128(5, 1)),
    ],
)
def test_a_decimal_without_a_size_has_trino_s(expression: str, value: str, kind: pa.DataType) -> None:
    found = run(f"SELECT {expression} AS found FROM t LIMIT 1", ROWS)
    assert text(f"SELECT {expression} FROM t LIMIT 1", ROWS) == [[value]]
    assert found.schema.types == [kind]
