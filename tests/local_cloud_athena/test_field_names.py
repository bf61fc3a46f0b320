"""Names of struct fields in Parquet files: found in any case, as Athena compares them."""

from __future__ import annotations

import pyarrow as pa
from lake_case import CONSUMER, RESULTS, Lake, parquet


def test_fields_within_columns_of_files_are_found_whatever_their_case(lake: Lake) -> None:
    geo = {"Lat": [1.5, None], "Tags": [{"Key": "a"}]}
    kind = pa.struct([("Lat", pa.list_(pa.float64())), ("Tags", pa.list_(pa.struct([("Key", pa.string())])))])
    rows = pa.table(
        {
            "id": [1, 2],
            "Geo": pa.array([geo, None], kind),
            "m": pa.array([[("k", geo)], None], pa.map_(pa.string(), kind)),
        }
    )
    lake.put(RESULTS, "deep/one", parquet(rows), CONSUMER)
    small = pa.struct(
        [("lat", pa.list_(pa.float64())), ("tags", pa.list_(pa.struct([("key", pa.string())])))]
    )
    lake.put(
        RESULTS,
        "deep/two",
        parquet(pa.table({"id": [3], "geo": pa.array([{"lat": [2.5]}], small)})),
        CONSUMER,
    )
    inner = "struct<lat:array<double>,tags:array<struct<key:string>>>"
    place = f"STORED AS PARQUET LOCATION 's3://{RESULTS}/deep/'"
    made = lake.query(
        f"CREATE EXTERNAL TABLE own.deep (id bigint, geo {inner}, m map<string,{inner}>) {place}"
    )
    assert made["Status"]["State"] == "SUCCEEDED", "declared"
    sql = "SELECT id, geo.lat[1], GEO.Tags[1].KEY, m['k'].lat[1], cardinality(geo.lat) FROM own.deep WHERE id <> 3"
    assert lake.rows(f"{sql} ORDER BY id")[1:] == [
        ["1", "1.5", "a", "1.5", "2"],
        ["2", None, None, None, None],
    ]
    assert lake.rows("SELECT geo.lat[1] FROM own.deep WHERE id = 3")[1:] == [["2.5"]], (
        "beside files in lower case"
    )
