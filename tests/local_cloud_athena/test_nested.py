"""Structs, arrays and maps: dotted names at any depth, UNNEST, and the permission of the column around a field."""

from __future__ import annotations

import pyarrow as pa
import pytest
from engine_case import run, text
from hypothesis import given
from hypothesis import strategies as st
from lake_case import BUCKET, CENTRAL, Lake, parquet, parquet_table

from local.cloud.athena.errors import QueryFailed
from local.cloud.athena.rights import CellGrant

GEO = pa.struct([("lat", pa.float64()), ("lon", pa.float64())])
ADDRESS = pa.struct([("zip", pa.string()), ("geo", GEO), ("lines", pa.list_(pa.string()))])
ITEM = pa.struct([("sku", pa.string()), ("n", pa.int32()), ("home", ADDRESS)])
HOME = {"zip": "a", "geo": {"lat": 1.5, "lon": 2.0}, "lines": ["x", "y"]}
AWAY = {"zip": "b", "geo": {"lat": 3.5, "lon": 4.0}, "lines": []}
ITEMS = [{"sku": "s", "n": 3, "home": HOME}, {"sku": "t", "n": 2, "home": None}]
ROWS = pa.table(
    {
        "id": pa.array([1, 2, 3], pa.int32()),
        "address": pa.array([HOME, AWAY, None], ADDRESS),
        "items": pa.array([ITEMS, [], None], pa.list_(ITEM)),
        "places": pa.array([[("k", HOME)], [("k", AWAY)], None], pa.map_(pa.string(), ADDRESS)),
        "nums": pa.array([[1, 2], [3], None], pa.list_(pa.int32())),
    }
)
KINDS = {
    "id": "int",
    "address": "struct<zip:string,geo:struct<lat:double,lon:double>,lines:array<string>>",
    "items": "array<struct<sku:string,n:int,home:struct<zip:string,geo:struct<lat:double,lon:double>,lines:array<string>>>>",
    "places": "map<string,struct<zip:string,geo:struct<lat:double,lon:double>,lines:array<string>>>",
    "nums": "array<int>",
}
LATS = [["1.5"], ["3.5"], [None]]


def refusal(sql: str, grants: tuple[CellGrant, ...] | None = None) -> str:
    """Why a query over the rows fails."""
    with pytest.raises(QueryFailed) as failed:
        text(sql, ROWS, grants)
    return failed.value.reason


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT address.geo.lat FROM t",
        "SELECT t.address.geo.lat FROM t",
        "SELECT db.t.address.geo.lat FROM db.t",
        "SELECT x.address.geo.lat FROM t AS x",
        'SELECT "address"."geo"."lat" FROM t',
        "SELECT ADDRESS.Geo.LAT FROM t",
        "SELECT (address.geo).lat FROM t",
        "SELECT address.geo.lat FROM t address",
        "SELECT s.g.lat FROM (SELECT address.geo AS g FROM t) s",
        "SELECT g.lat FROM (SELECT address.geo AS g FROM t)",
        "SELECT s.address.geo.lat FROM (SELECT * FROM t) s",
        "WITH w AS (SELECT address a FROM t) SELECT a.geo.lat FROM w",
        "WITH w (b) AS (SELECT address FROM t) SELECT w.b.geo.lat FROM w",
        "SELECT coalesce(address, address).geo.lat FROM t",
    ],
)
def test_a_field_is_found_at_any_depth_however_its_column_is_named(sql: str) -> None:
    assert sorted(text(sql, ROWS), key=str) == sorted(LATS, key=str), "the same field of the same column"


@pytest.mark.parametrize(
    "sql, rows",
    [
        ("SELECT id FROM t WHERE address.geo.lat > 2", [["2"]]),
        ("SELECT id FROM t ORDER BY address.geo.lat DESC", [["2"], ["1"], ["3"]]),
        ("SELECT address.geo AS g FROM t WHERE id < 3 ORDER BY g.lat DESC LIMIT 1", [["{lat=3.5, lon=4.0}"]]),
        (
            "SELECT address.geo.lat l, count(*) FROM t GROUP BY address.geo.lat ORDER BY 1 LIMIT 1",
            [["1.5", "1"]],
        ),
        ("SELECT sum(address.geo.lat) FROM t HAVING max(address.geo.lon) > 3", [["5.0"]]),
        (
            "SELECT a.id, b.address.geo.lon FROM t a JOIN t b ON a.address.geo.lat = b.address.geo.lat ORDER BY 1",
            [["1", "2.0"], ["2", "4.0"]],
        ),
        (
            "SELECT id FROM t a WHERE EXISTS (SELECT 1 FROM t b WHERE b.address.geo.lat < a.address.geo.lat)",
            [["2"]],
        ),
        ("SELECT geo.lat FROM (SELECT 9e0 AS lat) geo", [["9.0"]]),
        ("SELECT address.lines[1] FROM t WHERE id = 1", [["x"]]),
        ("SELECT items[1].home.geo.lat FROM t WHERE id = 1", [["1.5"]]),
        ("SELECT items[1].n / 2 FROM t WHERE id = 1", [["1"]]),
        ("SELECT places['k'].geo.lat FROM t WHERE id = 2", [["3.5"]]),
        ("SELECT element_at(places, 'no').geo.lat FROM t WHERE id = 2", [[None]]),
        ("SELECT transform(items, i -> i.home.geo.lat) FROM t WHERE id = 1", [["[1.5, null]"]]),
        ("SELECT reduce(nums, 0, (s, x) -> s + x, s -> s * 10) FROM t WHERE id = 1", [["30"]]),
    ],
)
def test_a_field_stands_wherever_a_column_may(sql: str, rows: list[list[str | None]]) -> None:
    assert text(sql, ROWS) == rows, "in filters, groups, orders, joins, subqueries, arrays, maps and lambdas"


@pytest.mark.parametrize(
    "sql, rows",
    [
        ("SELECT sku, n FROM t CROSS JOIN UNNEST(items) AS u(sku, n, home)", [["s", "3"], ["t", "2"]]),
        ("SELECT u.sku, u.home.geo.lat FROM t, UNNEST(items) AS u", [["s", "1.5"], ["t", None]]),
        ("SELECT id, sku FROM t CROSS JOIN UNNEST(items)", [["1", "s"], ["1", "t"]]),
        ("SELECT n / 2 FROM t CROSS JOIN UNNEST(items) AS u(sku, n, home)", [["1"], ["1"]]),
        (
            "SELECT u.* FROM t CROSS JOIN UNNEST(nums) WITH ORDINALITY AS u(x, p)",
            [["1", "1"], ["2", "2"], ["3", "1"]],
        ),
        ("SELECT k, v.geo.lat FROM t CROSS JOIN UNNEST(places) AS u(k, v)", [["k", "1.5"], ["k", "3.5"]]),
        (
            "SELECT id, x, k FROM t CROSS JOIN UNNEST(nums, map_keys(places)) AS u(x, k)",
            [["1", "1", "k"], ["1", "2", None], ["2", "3", "k"]],
        ),
        (
            "SELECT id, sku FROM t LEFT JOIN UNNEST(items) AS u(sku, n, home) ON true",
            [["1", "s"], ["1", "t"], ["2", None], ["3", None]],
        ),
        (
            "SELECT l FROM t CROSS JOIN UNNEST(items) AS u CROSS JOIN UNNEST(u.home.lines) AS v(l)",
            [["x"], ["y"]],
        ),
        ("SELECT id FROM t WHERE EXISTS (SELECT 1 FROM UNNEST(items) AS u(a, b, c) WHERE b = 2)", [["1"]]),
        ("SELECT (SELECT max(n) FROM UNNEST(items) AS u) FROM t", [["3"], [None], [None]]),
        ("SELECT sku FROM t CROSS JOIN UNNEST(filter(items, i -> i.n > 2)) AS u", [["s"]]),
        ("SELECT * FROM UNNEST(ARRAY[ROW(1, 'a'), ROW(2, 'b')]) AS u(a, b)", [["1", "a"], ["2", "b"]]),
    ],
)
def test_unnest_makes_a_column_of_each_field_and_a_row_of_each_element(
    sql: str, rows: list[list[str | None]]
) -> None:
    assert sorted(text(sql, ROWS), key=str) == sorted(rows, key=str), "as Trino opens arrays, rows and maps"


@pytest.mark.parametrize(
    "sql, said",
    [
        ("SELECT address.nope FROM t", "COLUMN_NOT_FOUND: line 1:8: Column 'address.nope' cannot"),
        ("SELECT address.geo.nope FROM t", "COLUMN_NOT_FOUND: line 1:8: Column 'address.geo.nope' cannot"),
        ("SELECT nope.geo.lat FROM t", "COLUMN_NOT_FOUND: line 1:8: Column 'nope.geo.lat' cannot"),
        (
            "SELECT address.geo.lat.x FROM t",
            "TYPE_MISMATCH: line 1:8: Expression address.geo.lat is not of type",
        ),
        (
            "SELECT id FROM t WHERE address.geo.lat = 'x'",
            "TYPE_MISMATCH: line 1:40: Cannot apply operator: double",
        ),
        (
            "SELECT 1 FROM t CROSS JOIN UNNEST(id) AS u(x)",
            "INVALID_FUNCTION_ARGUMENT: Cannot unnest type: integer",
        ),
        (
            "SELECT 1 FROM t CROSS JOIN UNNEST(items) AS u(a, b)",
            "MISMATCHED_COLUMN_ALIASES: Column alias list has 2 entries but 'u' has 3 columns available",
        ),
        ("SELECT u FROM t CROSS JOIN UNNEST(nums) AS u", "COLUMN_NOT_FOUND: line 1:8: Column 'u' cannot"),
    ],
)
def test_what_is_no_field_is_refused_where_it_stands(sql: str, said: str) -> None:
    assert refusal(sql).startswith(said), "in Trino's words"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT address.geo.lat FROM t",
        "SELECT id FROM t WHERE t.address.geo.lat > 1",
        "SELECT id FROM t ORDER BY address.zip",
        "SELECT x FROM t CROSS JOIN UNNEST(address.lines) AS u(x)",
        "SELECT id FROM t a WHERE EXISTS (SELECT 1 FROM UNNEST(a.address.lines) AS u(x))",
        "SELECT transform(nums, n -> address.geo.lat) FROM t",
    ],
)
def test_a_field_is_closed_with_its_column(sql: str) -> None:
    some = (CellGrant(frozenset({"id", "nums"})),)
    assert refusal(sql, some).startswith("COLUMN_NOT_FOUND: "), "a field has no permission of its own"
    assert text(sql, ROWS), "and open with it"


_NAMES = st.lists(st.sampled_from(["a", "b", "t", "geo", "id"]), min_size=1, max_size=4)


@given(_NAMES)
def test_a_path_of_any_names_leads_to_its_value(path: list[str]) -> None:
    value: object = 7
    kind = pa.int64()
    for name in reversed(path):
        value, kind = {name: value}, pa.struct([(name, kind)])
    rows = pa.table({"top": pa.array([value], kind)})
    assert text(f"SELECT top.{'.'.join(path)} FROM t", rows) == [["7"]], (
        "also where fields are called like tables"
    )


def test_nested_columns_are_read_from_parquet_under_lake_formation(lake: Lake) -> None:
    glue, consent = lake.client("glue", CENTRAL), lake.client("lakeformation", CENTRAL)
    glue.create_table(
        DatabaseName="credit-card",
        TableInput=parquet_table("nested", f"s3://{BUCKET}/curated/nested/", KINDS),
    )
    lake.put(BUCKET, "curated/nested/one.parquet", parquet(ROWS))
    tag = {"TagKey": "sensitivity", "TagValues": ["internal"]}
    where = {
        "DatabaseName": "credit-card",
        "Name": "nested",
        "ColumnNames": [c for c in KINDS if c != "places"],
    }
    consent.add_lf_tags_to_resource(Resource={"TableWithColumns": where}, LFTags=[tag])
    sql = 'SELECT address.geo.lat FROM "rl_credit-card".nested ORDER BY id'
    assert lake.rows(sql) == [["lat"], ["1.5"], ["3.5"], [None]], "the field gives the column its name"
    assert lake.rows(
        'SELECT sku, u.home.geo.lon FROM "rl_credit-card".nested CROSS JOIN UNNEST(items) AS u ORDER BY 1'
    ) == [
        ["sku", "lon"],
        ["s", "2.0"],
        ["t", None],
    ], "and arrays of structs open"
    closed = "SELECT places['k'].geo.lat FROM nested"
    assert "COLUMN_NOT_FOUND" in lake.reason(closed), "places is restricted: so are its fields"
    assert lake.rows(closed, "auditor")[1:] != [], "whoever is cleared reads them"


@pytest.mark.parametrize(
    "sql, rows",
    [
        ("SELECT address.geo.* FROM t WHERE id = 1", [["1.5", "2.0"]]),
        ("SELECT id, x.address.geo.*, id + 1 FROM t x WHERE id = 2", [["2", "3.5", "4.0", "3"]]),
        ("SELECT ADDRESS.* FROM t WHERE id = 2", [["b", "{lat=3.5, lon=4.0}", "[]"]]),
        ("SELECT (address.geo).* FROM t WHERE id = 3", [[None, None]]),
        ("SELECT items[1].home.geo.* FROM t WHERE id = 1", [["1.5", "2.0"]]),
        ("SELECT lat FROM (SELECT address.geo.* FROM t) s WHERE s.lon > 3", [["3.5"]]),
        ("SELECT g.* FROM (SELECT address.geo AS g FROM t WHERE id = 1)", [["1.5", "2.0"]]),
        ("WITH w AS (SELECT address.geo.*, id FROM t) SELECT max(w.lat), count(id) FROM w", [["3.5", "3"]]),
        ("SELECT address.id FROM t address WHERE address.id = 1", [["1"]]),
    ],
)
def test_a_star_over_a_struct_gives_its_fields(sql: str, rows: list[list[str | None]]) -> None:
    assert text(sql, ROWS) == rows


def test_the_columns_of_a_star_over_a_struct_are_called_as_its_fields() -> None:
    assert run("SELECT address.geo.*, id FROM t", ROWS).column_names == ["lat", "lon", "id"]


def test_a_relation_by_the_name_goes_before_a_column_of_it() -> None:
    assert run("SELECT address.* FROM t address", ROWS).column_names == list(KINDS)


def test_a_star_over_a_struct_needs_the_column() -> None:
    only_id = (CellGrant(frozenset(["id"])),)
    assert "Unable to resolve reference address" in refusal("SELECT address.* FROM t", only_id)
    assert text("SELECT t.* FROM t WHERE id = 1", ROWS, only_id) == [["1"]]


@pytest.mark.parametrize("star", ["id.*", "nums.*", "items.*", "(id + 1).*"])
def test_a_star_over_what_is_no_struct_is_refused(star: str) -> None:
    assert "is not of type ROW" in refusal(f"SELECT {star} FROM t")
