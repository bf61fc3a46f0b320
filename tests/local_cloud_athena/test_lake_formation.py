"""Queries under Lake Formation: who reads what over the link, with Athena's words, and what the audit
holds."""

from __future__ import annotations

import json

import pytest
from lake_case import (
    BUCKET,
    CENTRAL,
    COLUMNS,
    CONSUMER,
    PRODUCER,
    RESULTS,
    ROWS,
    Lake,
    parquet,
    parquet_table,
    role,
    table,
)

HIDDEN = "cannot be resolved or requester is not authorized to access requested resources"


def test_a_star_returns_the_columns_that_the_role_may_read(lake: Lake) -> None:
    rows = lake.rows("SELECT * FROM credit_card")
    assert rows[0] == [name for name in COLUMNS if name != "sex"], "the restricted column is not there"
    assert len(rows) == ROWS + 1, "and every row is, after the header"


def test_a_cleared_role_reads_the_restricted_column_too(lake: Lake) -> None:
    assert lake.rows("SELECT * FROM credit_card LIMIT 1", "auditor")[0] == list(COLUMNS), (
        "cleared for all levels"
    )


@pytest.mark.parametrize(
    "sql, at, column",
    [
        ("SELECT sex FROM credit_card", "1:8", "sex"),
        ('SELECT id,\n  c.sex FROM "rl_credit-card"."credit_card" c', "2:3", "c.sex"),
        ("SELECT id FROM credit_card WHERE sex = 'male'", "1:34", "sex"),
        ("SELECT count(*) FROM credit_card GROUP BY sex", "1:43", "sex"),
        (
            "SELECT id FROM credit_card a WHERE EXISTS (SELECT 1 FROM credit_card b WHERE b.id = a.sex)",
            "1:85",
            "a.sex",
        ),
        ("WITH q AS (SELECT * FROM credit_card) SELECT sex FROM q", "1:46", "sex"),
        ("SELECT no_such_column FROM credit_card", "1:8", "no_such_column"),
    ],
)
def test_a_forbidden_column_is_as_unknown_as_a_missing_one(
    lake: Lake, sql: str, at: str, column: str
) -> None:
    assert lake.reason(sql) == f"COLUMN_NOT_FOUND: line {at}: Column '{column}' {HIDDEN}", (
        "Athena's own words"
    )


def test_a_role_without_the_link_is_refused_in_the_catalog_s_words(lake: Lake) -> None:
    said = "Insufficient Lake Formation permission(s): Required Describe on rl_credit-card"
    assert said in lake.reason("SELECT * FROM credit_card", "nobody"), "the link comes before the table"
    assert lake.rows("SHOW TABLES", "nobody")[0:] == [], "and nothing is listed"


def test_a_role_with_the_link_alone_gets_no_data(lake: Lake) -> None:
    link = {"Database": {"Name": "rl_credit-card"}}
    lake.athena["link_only"] = lake.client("athena", role="link_only")
    lake.grant(CONSUMER, role(CONSUMER, "link_only"), link, ["DESCRIBE"])
    said = "Insufficient Lake Formation permission(s): Required Describe on credit_card"
    assert said in lake.reason("SELECT * FROM credit_card", "link_only"), (
        "a link gives no access to its target"
    )


def test_unknown_tables_and_databases_have_the_engine_s_names(lake: Lake) -> None:
    assert lake.reason("SELECT * FROM nope") == (
        "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.rl_credit-card.nope' does not exist"
    ), "engine version 3"
    assert (
        lake.reason("SELECT 1 FROM nope.t") == "SCHEMA_NOT_FOUND: line 1:15: Schema 'nope' does not exist"
    ), "same"


def test_a_table_link_is_followed_like_a_database_link(lake: Lake) -> None:
    target = {"CatalogId": CENTRAL, "DatabaseName": "credit-card", "Name": "credit_card"}
    lake.client("glue").create_table(DatabaseName="own", TableInput={"Name": "cards", "TargetTable": target})
    assert "Required Describe on cards" in lake.reason("SELECT id FROM cards", database="own"), (
        "the link is closed"
    )
    resource = {"Table": {"DatabaseName": "own", "Name": "cards"}}
    lake.grant(CONSUMER, role(CONSUMER, "scientist"), resource, ["DESCRIBE"])
    rows = lake.rows("SELECT * FROM cards LIMIT 1", database="own")
    assert "sex" not in rows[0], "over a table link the same columns are hidden"


def test_rows_of_a_data_cells_filter_are_all_that_is_seen(lake: Lake) -> None:
    central, glue = lake.client("lakeformation", CENTRAL), lake.client("glue", CENTRAL)
    columns = {name: COLUMNS[name] for name in ("id", "amount", "sex")}
    lake.put(BUCKET, "curated/cells/one.parquet", parquet(table().select(list(columns))))
    glue.create_database(DatabaseInput={"Name": "cells"})
    location = f"s3://{BUCKET}/curated/cells/"
    glue.create_table(DatabaseName="cells", TableInput=parquet_table("cells", location, columns))
    scientist = role(CENTRAL, "local")
    for name, rows, shown in (
        ("few", "id < 3", ["id", "amount"]),
        ("women", "sex = 'female'", ["id", "sex"]),
    ):
        cells = {"TableCatalogId": CENTRAL, "DatabaseName": "cells", "TableName": "cells", "Name": name}
        central.create_data_cells_filter(
            TableData={**cells, "RowFilter": {"FilterExpression": rows}, "ColumnNames": shown}
        )
        lake.grant(CENTRAL, scientist, {"DataCellsFilter": cells}, ["SELECT"])
    lake.client("s3", CENTRAL).create_bucket(
        Bucket="case-central", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    lake.athena["local"] = lake.client("athena", CENTRAL, "local")
    where = {"ResultConfiguration": {"OutputLocation": "s3://case-central/"}}
    execution = lake.query("SELECT * FROM cells ORDER BY id LIMIT 5", "local", "cells", **where)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    found = lake.athena["local"].get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    seen = [[cell.get("VarCharValue") for cell in row["Data"]] for row in found["ResultSet"]["Rows"]]
    assert seen == [
        ["id", "amount", "sex"],
        ["0", None, "female"],
        ["1", "1.5", None],
        ["2", "3.0", None],
        ["4", None, "female"],
        ["8", None, "female"],
    ], "a cell is shown where a grant opens both its row and its column"


def test_an_unregistered_location_of_another_account_is_out_of_reach(lake: Lake) -> None:
    glue = lake.client("glue", CENTRAL)
    lake.put(BUCKET, "raw/credit_card/one.parquet", parquet(table()))
    columns = {"id": "int"}
    location = f"s3://{BUCKET}/raw/credit_card/"
    glue.create_table(DatabaseName="credit-card", TableInput=parquet_table("raw_card", location, columns))
    said = lake.reason("SELECT * FROM raw_card", "auditor")
    assert "Amazon S3 access denied" in said, "no registration, no credentials"


def test_every_read_is_audited_in_both_accounts_and_the_owner_sees_no_principal(lake: Lake) -> None:
    query_id = lake.query("SELECT id FROM credit_card LIMIT 1")["QueryExecutionId"]
    events = {}
    for account in (CONSUMER, CENTRAL):
        trail = lake.client("cloudtrail", account)
        wanted = [{"AttributeKey": "EventName", "AttributeValue": "GetDataAccess"}]
        found = trail.lookup_events(LookupAttributes=wanted, MaxResults=50)["Events"]
        each = [json.loads(event["CloudTrailEvent"]) for event in found]
        context = f"{{queryId: {query_id}}}"
        own = [e for e in each if e["requestParameters"]["auditContext"]["additionalAuditContext"] == context]
        assert len(own) == 1, f"one record of the query in {account}"
        events[account] = own[0]
    mine, theirs = events[CONSUMER], events[CENTRAL]
    assert mine["userIdentity"]["arn"] == f"arn:aws:sts::{CONSUMER}:assumed-role/scientist/case", "who asked"
    table_arn = f"arn:aws:glue:eu-west-1:{CENTRAL}:table/credit-card/credit_card"
    assert mine["requestParameters"]["tableArn"] == table_arn, "what was read"
    assert mine["additionalEventData"]["lakeFormationPrincipal"] == role(CONSUMER, "scientist"), (
        "as which role"
    )
    assert "scientist" not in json.dumps(theirs["userIdentity"]), "the owner learns the account only"
    assert "lakeFormationPrincipal" not in theirs["additionalEventData"], "nowhere in the record"
    assert theirs["sharedEventID"] == mine["sharedEventID"], "one event in two accounts"


def test_a_refused_query_leaves_no_record(lake: Lake) -> None:
    trail = lake.client("cloudtrail")
    before = len(trail.lookup_events()["Events"])
    lake.query("SELECT sex FROM credit_card")
    lake.query("SELECT * FROM credit_card", "nobody")
    assert len(trail.lookup_events()["Events"]) == before, "nothing was read"


def test_results_go_to_buckets_of_the_caller_s_account_only(lake: Lake) -> None:
    unload = f"UNLOAD (SELECT id FROM credit_card) TO 's3://{BUCKET}/stolen/' WITH (format = 'PARQUET')"
    assert "access denied" in lake.reason(unload), "another account's bucket does not let the role in"
    assert not lake.client("s3", PRODUCER).list_objects_v2(Bucket=BUCKET, Prefix="stolen/").get("Contents"), (
        "nothing"
    )
    assert lake.client("s3").head_bucket(Bucket=RESULTS), "the caller's own is there"
