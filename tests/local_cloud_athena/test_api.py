"""Athena's API: locations, limits, states, pages, and statements that write."""

from __future__ import annotations

import io

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from lake_case import CONSUMER, RESULTS, ROWS, Lake, parquet


def keys(lake: Lake, prefix: str) -> list[str]:
    """Keys of result objects below a prefix."""
    found = lake.client("s3").list_objects_v2(Bucket=RESULTS, Prefix=prefix).get("Contents", [])
    return [each["Key"] for each in found]


def body(lake: Lake, key: str) -> bytes:
    """One result object."""
    content: bytes = lake.client("s3").get_object(Bucket=RESULTS, Key=key)["Body"].read()
    return content


def test_a_query_leaves_its_csv_and_metadata_at_the_location(lake: Lake) -> None:
    execution = lake.query("SELECT id, purpose FROM credit_card ORDER BY id LIMIT 1")
    key = execution["ResultConfiguration"]["OutputLocation"].removeprefix(f"s3://{RESULTS}/")
    assert key == f"out/{execution['QueryExecutionId']}.csv", "named after the query"
    assert body(lake, key) == b'"id","purpose"\n"0","a ""b"", c"\n', "a header, everything in quotes"
    assert body(lake, f"{key}.metadata"), "and the companion"
    assert execution["StatementType"] == "DML", "what kind of statement it was"
    assert execution["Status"]["CompletionDateTime"] >= execution["Status"]["SubmissionDateTime"], "and when"


def test_only_the_bytes_of_the_needed_columns_are_scanned(lake: Lake) -> None:
    one = lake.query("SELECT sum(id) FROM credit_card")["Statistics"]["DataScannedInBytes"]
    every = lake.query("SELECT * FROM credit_card")["Statistics"]["DataScannedInBytes"]
    none = lake.query("SELECT count(*) FROM credit_card")["Statistics"]["DataScannedInBytes"]
    assert 0 == none < one < every, "columns are pruned, and counting needs none"


def test_an_enforced_work_group_decides_where_results_go_and_how_much_is_scanned(lake: Lake) -> None:
    noise = pa.array(np.random.default_rng(7).integers(0, 2**62, 1_300_000))
    lake.put(
        RESULTS, "big/one", parquet(pa.table({"noise": noise, "one": pa.repeat(1, len(noise))})), CONSUMER
    )
    place = f"s3://{RESULTS}/big/"
    lake.query(
        f"CREATE EXTERNAL TABLE own.big (noise bigint, one bigint) STORED AS PARQUET LOCATION '{place}'"
    )
    configuration = {
        "EnforceWorkGroupConfiguration": True,
        "ResultConfiguration": {"OutputLocation": f"s3://{RESULTS}/enforced/"},
        "BytesScannedCutoffPerQuery": 10_000_000,
    }
    lake.client("athena").create_work_group(Name="case-small", Configuration=configuration)
    execution = lake.query("SELECT max(noise) FROM own.big", WorkGroup="case-small")
    assert execution["Status"]["State"] == "CANCELLED", "the limit cancels"
    assert execution["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded", "in Athena's words"
    assert execution["Statistics"]["DataScannedInBytes"] == 10_000_000, "at the limit"
    narrow = lake.query("SELECT sum(one) FROM own.big", WorkGroup="case-small")
    assert narrow["Status"]["State"] == "SUCCEEDED", "a column that is small enough is read"
    location = narrow["ResultConfiguration"]["OutputLocation"]
    assert location.startswith(f"s3://{RESULTS}/enforced/"), "the caller's location is overridden"


def test_without_any_location_a_query_is_not_started(lake: Lake) -> None:
    with pytest.raises(ClientError, match="No output location provided"):
        lake.query("SELECT 1", ResultConfiguration={})
    with pytest.raises(ClientError, match="Unable to verify/create output bucket no-such-bucket"):
        lake.query("SELECT 1", ResultConfiguration={"OutputLocation": "s3://no-such-bucket/"})
    with pytest.raises(ClientError, match="WorkGroup nope is not found"):
        lake.query("SELECT 1", WorkGroup="nope")


def test_a_text_that_is_no_statement_is_refused_at_the_start(lake: Lake) -> None:
    with pytest.raises(ClientError, match="line 1:1: mismatched input 'SELEKT'") as refused:
        lake.query("SELEKT 1")
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException", "with Athena's code"


def test_results_come_in_pages_with_types(lake: Lake) -> None:
    execution = lake.query("SELECT * FROM credit_card ORDER BY id")
    athena = lake.athena["scientist"]
    pages = athena.get_paginator("get_query_results").paginate(
        QueryExecutionId=execution["QueryExecutionId"], PaginationConfig={"PageSize": 30}
    )
    found = list(pages)
    infos = found[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [info["Type"] for info in infos] == (
        ["integer", "double", "varchar", "boolean", "date", "timestamp", "decimal"]
    ), "Athena's names"
    assert (infos[6]["Precision"], infos[6]["Scale"]) == (10, 2), "of the decimal"
    assert sum(len(each["ResultSet"]["Rows"]) for each in found) == ROWS + 1, "every row once"


def test_results_of_a_failed_query_are_refused(lake: Lake) -> None:
    execution = lake.query("SELECT nope FROM credit_card")
    assert execution["Status"]["AthenaError"]["ErrorCategory"] == 2, "a user's error"
    with pytest.raises(ClientError, match="Final query state: FAILED"):
        lake.athena["scientist"].get_query_results(QueryExecutionId=execution["QueryExecutionId"])


def test_executions_are_listed_latest_first_and_described_together(lake: Lake) -> None:
    athena, first = lake.athena["scientist"], lake.query("SELECT 1")["QueryExecutionId"]
    second = lake.query("SELECT 2")["QueryExecutionId"]
    assert athena.list_query_executions(MaxResults=2)["QueryExecutionIds"] == [second, first], "latest first"
    found = athena.batch_get_query_execution(
        QueryExecutionIds=[first, "00000000-0000-0000-0000-000000000000"]
    )
    assert [each["QueryExecutionId"] for each in found["QueryExecutions"]] == [first], "the known one"
    assert len(found["UnprocessedQueryExecutionIds"]) == 1, "and the unknown one apart"
    athena.stop_query_execution(QueryExecutionId=first)
    state = athena.get_query_execution(QueryExecutionId=first)["QueryExecution"]["Status"]["State"]
    assert state == "SUCCEEDED", "what has ended is not stopped"


def test_a_query_that_takes_long_is_running_and_can_be_stopped(lake: Lake) -> None:
    tables = ", ".join(f"credit_card c{number}" for number in range(7))
    execution = lake.query(f"SELECT max(c0.id + c6.id) FROM {tables}")
    assert execution["Status"]["State"] == "RUNNING", "starting does not wait for its end"
    query_id, athena = execution["QueryExecutionId"], lake.athena["scientist"]
    with pytest.raises(ClientError, match="Current state: RUNNING"):
        athena.get_query_results(QueryExecutionId=query_id)
    athena.stop_query_execution(QueryExecutionId=query_id)
    status = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]
    assert status["State"] == "CANCELLED", "and stopping ends it"


def test_a_token_starts_a_query_once(lake: Lake) -> None:
    token = "case-token-of-at-least-thirty-two-characters"
    first = lake.query("SELECT 1", ClientRequestToken=token)["QueryExecutionId"]
    assert lake.query("SELECT 1", ClientRequestToken=token)["QueryExecutionId"] == first, (
        "the same query again"
    )
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        lake.query("SELECT 2", ClientRequestToken=token)


def test_parameters_are_bound(lake: Lake) -> None:
    execution = lake.query(
        "SELECT count(*) FROM credit_card WHERE id < ? AND purpose = ?", ExecutionParameters=["10", "'car'"]
    )
    found = lake.athena["scientist"].get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    assert found["ResultSet"]["Rows"][1]["Data"][0]["VarCharValue"] == "5", "five odd numbers below ten"


def test_unload_writes_parquet_once_and_names_its_files(lake: Lake) -> None:
    sql = f"UNLOAD (SELECT * FROM credit_card) TO 's3://{RESULTS}/unload/a/' WITH (format = 'PARQUET')"
    execution = lake.query(sql)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    manifest = execution["Statistics"]["DataManifestLocation"].removeprefix(f"s3://{RESULTS}/")
    files = body(lake, manifest).decode().split()
    rows = pq.read_table(io.BytesIO(body(lake, files[0].removeprefix(f"s3://{RESULTS}/"))))
    assert (rows.num_rows, "sex" in rows.schema.names) == (ROWS, False), "what the role may read"
    assert lake.reason(sql).startswith("HIVE_PATH_ALREADY_EXISTS: "), "a second time the place is taken"


def test_unload_partitions_by_the_last_columns(lake: Lake) -> None:
    sql = (
        f"UNLOAD (SELECT id, purpose FROM credit_card) TO 's3://{RESULTS}/unload/b/' "
        "WITH (format='JSON', partitioned_by=ARRAY['purpose'])"
    )
    assert lake.query(sql)["Status"]["State"] == "SUCCEEDED", "it is written"
    found = keys(lake, "unload/b/purpose=car/")
    assert len(found) == 1, "one file per value"
    assert found[0].endswith(".gz"), "text is compressed"


def test_a_table_is_made_filled_read_and_dropped_in_a_database_of_one_s_own(lake: Lake) -> None:
    made = lake.query(
        "CREATE TABLE own.cars AS SELECT id, amount FROM \"rl_credit-card\".credit_card WHERE purpose = 'car'"
    )
    assert made["Status"]["State"] == "SUCCEEDED", made["Status"]
    assert lake.rows("SELECT count(*) FROM own.cars")[1] == ["50"], "half of the rows"
    assert lake.query("INSERT INTO own.cars VALUES (1000, 2e0)")["Status"]["State"] == "SUCCEEDED", "one more"
    assert lake.rows("SELECT amount FROM own.cars WHERE id = 1000") == [["amount"], ["2.0"]], "is there"
    assert "TABLE_ALREADY_EXISTS" in lake.reason("CREATE TABLE own.cars AS SELECT 1 AS x"), (
        "a name is taken once"
    )
    assert lake.query("DROP TABLE own.cars")["Status"]["State"] == "SUCCEEDED", "its maker may drop it"
    assert "TABLE_NOT_FOUND" in lake.reason("SELECT * FROM own.cars"), "and it is gone"


def test_nobody_makes_or_drops_tables_of_others(lake: Lake) -> None:
    sql = 'CREATE TABLE "rl_credit-card".mine AS SELECT 1 AS x'
    assert "Required Create Table on credit-card" in lake.reason(sql), "not in the central catalog"
    said = lake.reason("DROP TABLE `rl_credit-card`.credit_card")
    assert "Required Drop on credit_card" in said, "nor dropped from it"


def test_partitions_are_found_read_and_pruned(lake: Lake) -> None:
    for name, rows in (("p=a", "(1), (2)"), ("p=b", "(3)")):
        to = f"TO 's3://{RESULTS}/parts/{name}/' WITH (format='PARQUET')"
        sql = f"UNLOAD (SELECT * FROM (VALUES {rows}) AS v(n)) {to}"
        assert lake.query(sql)["Status"]["State"] == "SUCCEEDED", "written"
    made = lake.query(
        f"CREATE EXTERNAL TABLE own.parts (n int) PARTITIONED BY (p string) STORED AS PARQUET LOCATION 's3://{RESULTS}/parts/'"
    )
    assert made["Status"]["State"] == "SUCCEEDED", made["Status"]
    assert lake.rows("SELECT count(*) FROM own.parts")[1] == ["0"], "no partition is registered yet"
    assert lake.query("MSCK REPAIR TABLE own.parts")["Status"]["State"] == "SUCCEEDED", "repair finds them"
    assert lake.rows("SELECT p, sum(n) FROM own.parts GROUP BY p ORDER BY p")[1:] == [
        ["a", "3"],
        ["b", "3"],
    ], "rows"
    some = lake.query("SELECT n FROM own.parts WHERE p = 'b'")["Statistics"]["DataScannedInBytes"]
    every = lake.query("SELECT n FROM own.parts")["Statistics"]["DataScannedInBytes"]
    assert some < every, "other partitions are not opened"


@pytest.mark.parametrize(
    "serde, text",
    [
        ("ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' ", 'n,s\n1,"a, b"\nx,c\n'),
        (
            "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' ",
            '{"n": 1, "s": "a, b"}\n{"s": "c", "z": 1}\n',
        ),
    ],
)
def test_text_tables_are_read_and_what_does_not_parse_is_null(lake: Lake, serde: str, text: str) -> None:
    kind = "csv" if "CSV" in serde else "json"
    lake.put(RESULTS, f"text/{kind}/one", text.encode(), CONSUMER)
    properties = "TBLPROPERTIES ('skip.header.line.count'='1')" if kind == "csv" else ""
    place = f"LOCATION 's3://{RESULTS}/text/{kind}/' {properties}"
    sql = f"CREATE EXTERNAL TABLE own.{kind} (n int, s string) {serde}{place}"
    assert lake.query(sql)["Status"]["State"] == "SUCCEEDED", "declared"
    assert lake.rows(f"SELECT * FROM own.{kind}") == [["n", "s"], ["1", "a, b"], [None, "c"]], (
        "rows and nulls"
    )


def test_columns_of_files_are_found_whatever_their_case_and_missing_ones_are_null(lake: Lake) -> None:
    lake.put(RESULTS, "cased/one", parquet(pa.table({"ID": [1], "Name": ["x"]})), CONSUMER)
    lake.put(RESULTS, "cased/two", parquet(pa.table({"id": [2]})), CONSUMER)
    place = f"s3://{RESULTS}/cased/"
    lake.query(
        f"CREATE EXTERNAL TABLE own.cased (id bigint, name string) STORED AS PARQUET LOCATION '{place}'"
    )
    assert lake.rows("SELECT * FROM own.cased ORDER BY id")[1:] == [["1", "x"], ["2", None]], (
        "by name, in any case"
    )
    assert lake.rows("SELECT count(*) FROM own.cased")[1] == ["2"], "and every file's rows"


def test_a_file_that_contradicts_the_table_is_bad_data(lake: Lake) -> None:
    sql = f"UNLOAD (SELECT 'x' AS n) TO 's3://{RESULTS}/bad/' WITH (format='PARQUET')"
    assert lake.query(sql)["Status"]["State"] == "SUCCEEDED", "text in the file"
    lake.query(f"CREATE EXTERNAL TABLE own.bad (n int) STORED AS PARQUET LOCATION 's3://{RESULTS}/bad/'")
    assert lake.reason("SELECT n FROM own.bad").startswith("HIVE_BAD_DATA: Field n's type string"), (
        "a number declared"
    )


def test_the_catalog_is_seen_through_athena_as_through_queries(lake: Lake) -> None:
    athena = lake.athena["scientist"]
    found = athena.get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName="rl_credit-card", TableName="credit_card"
    )
    names = [column["Name"] for column in found["TableMetadata"]["Columns"]]
    assert "sex" not in names, "hidden columns are not described"
    assert "id" in names, "readable ones are"
    listed = athena.list_table_metadata(CatalogName="AwsDataCatalog", DatabaseName="rl_credit-card")
    assert "credit_card" in [each["Name"] for each in listed["TableMetadataList"]], "and listed"
    databases = [each["Name"] for each in athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]]
    assert databases == ["own", "rl_credit-card"], "the databases that the role may describe"
    assert isinstance(lake.session(CONSUMER), boto3.Session), "all of it by plain boto3"
