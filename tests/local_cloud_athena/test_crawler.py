"""Glue crawlers: statistics, partitions and columns, through a link into the owner's catalog."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from lake_case import BUCKET, CENTRAL, PRODUCER, REGION, Lake, parquet, parquet_table, role

CRAWLER = role(PRODUCER, "mesh-crawler")


@pytest.fixture(scope="module")
def glue(lake: Lake) -> Any:
    """Glue of the producer, whose link `rl_crawled` leads to the database `crawled` of the central
    catalog."""
    central = lake.client("glue", CENTRAL)
    central.create_database(DatabaseInput={"Name": "crawled"})
    location = f"s3://{BUCKET}/curated/crawled/"
    central.create_table(DatabaseName="crawled", TableInput=parquet_table("crawled", location, {"id": "int"}))
    client = lake.client("glue", PRODUCER)
    target = {"CatalogId": CENTRAL, "DatabaseName": "crawled"}
    client.create_database(DatabaseInput={"Name": "rl_crawled", "TargetDatabase": target})
    for part in ("one", "two"):
        rows = pa.table({"id": pa.array([1, 2], pa.int32()), "extra": ["x", "y"]})
        lake.put(BUCKET, f"curated/crawled/{part}.parquet", parquet(rows))
    return client


def crawl(glue: Any, name: str, **more: Any) -> Any:
    """A crawler after its crawl."""
    glue.create_crawler(Name=name, Role=CRAWLER, **more)
    glue.start_crawler(Name=name)
    crawler = glue.get_crawler(Name=name)["Crawler"]
    assert crawler["State"] == "READY", "a small crawl has ended when it was started"
    return crawler


def allow(lake: Lake, permissions: list[str]) -> None:
    """Let the crawler's role change the table, through a share with its account."""
    table = {"Table": {"CatalogId": CENTRAL, "DatabaseName": "crawled", "Name": "crawled"}}
    lake.grant(CENTRAL, PRODUCER, table, permissions, on=True)
    lake.grant(PRODUCER, CRAWLER, table, permissions)
    lake.grant(PRODUCER, CRAWLER, {"Database": {"Name": "rl_crawled"}}, ["DESCRIBE"])


def test_a_crawler_needs_permission_and_then_writes_statistics_without_touching_the_schema(
    lake: Lake, glue: Any
) -> None:
    targets = {"S3Targets": [{"Path": f"s3://{BUCKET}/curated/crawled/"}]}
    policy = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    more = {"DatabaseName": "rl_crawled", "Targets": targets, "SchemaChangePolicy": policy}
    refused = crawl(glue, "case-refused", **more)["LastCrawl"]
    assert refused["Status"] == "FAILED", "Lake Formation keeps the catalog"
    assert "Insufficient Lake Formation permission(s) on crawled" in refused["ErrorMessage"], "and says so"
    allow(lake, ["ALTER", "DESCRIBE"])
    assert crawl(glue, "case-log", **more)["LastCrawl"]["Status"] == "SUCCEEDED", "a permitted crawl succeeds"
    table = lake.client("glue", CENTRAL).get_table(DatabaseName="crawled", Name="crawled")["Table"]
    figures = {key: table["Parameters"][key] for key in ("recordCount", "objectCount", "UPDATED_BY_CRAWLER")}
    assert figures == {"recordCount": "4", "objectCount": "2", "UPDATED_BY_CRAWLER": "case-log"}, "statistics"
    columns = [column["Name"] for column in table["StorageDescriptor"]["Columns"]]
    assert columns == ["id"], "LOG leaves the columns alone"
    lines = lake.client("logs", PRODUCER).get_log_events(
        logGroupName="/aws-glue/crawlers", logStreamName="case-log"
    )
    assert any("extra" in event["message"] for event in lines["events"]), "and logs what it did not write"


def test_a_catalog_target_takes_new_columns_when_the_policy_says_so(lake: Lake, glue: Any) -> None:
    allow(lake, ["ALTER", "DESCRIBE"])
    targets = {"CatalogTargets": [{"DatabaseName": "rl_crawled", "Tables": ["crawled"]}]}
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"}
    crawler = crawl(glue, "case-update", Targets=targets, SchemaChangePolicy=policy)
    assert crawler["LastCrawl"]["Status"] == "SUCCEEDED", crawler["LastCrawl"].get("ErrorMessage")
    table = lake.client("glue", CENTRAL).get_table(DatabaseName="crawled", Name="crawled")["Table"]
    columns = [column["Name"] for column in table["StorageDescriptor"]["Columns"]]
    assert columns == ["id", "extra"], "the new column is appended"


def test_a_crawler_makes_tables_and_partitions_in_a_database_of_its_own(lake: Lake, glue: Any) -> None:
    where = {"LocationConstraint": REGION}
    lake.client("s3", PRODUCER).create_bucket(Bucket="case-own", CreateBucketConfiguration=where)
    for day in ("a", "b"):
        lake.put("case-own", f"data/sales/day={day}/one.parquet", parquet(pa.table({"n": [1, 2, 3]})))
    lake.put("case-own", "data/Other-Things/one.parquet", parquet(pa.table({"s": ["x"]})))
    glue.create_database(DatabaseInput={"Name": "produced"})
    lake.grant(PRODUCER, CRAWLER, {"Database": {"Name": "produced"}}, ["CREATE_TABLE", "DESCRIBE"])
    targets = {"S3Targets": [{"Path": "s3://case-own/data/"}]}
    crawler = crawl(glue, "case-make", DatabaseName="produced", Targets=targets, TablePrefix="raw_")
    assert crawler["LastCrawl"]["Status"] == "SUCCEEDED", crawler["LastCrawl"].get("ErrorMessage")
    tables = {each["Name"]: each for each in glue.get_tables(DatabaseName="produced")["TableList"]}
    assert sorted(tables) == ["raw_other_things", "raw_sales"], "one per folder"
    assert [key["Name"] for key in tables["raw_sales"]["PartitionKeys"]] == ["day"], (
        "key=value is a partition"
    )
    partitions = glue.get_partitions(DatabaseName="produced", TableName="raw_sales")["Partitions"]
    assert sorted(each["Values"] for each in partitions) == [["a"], ["b"]], "and each is registered"


def test_an_empty_bucket_or_unknown_target_is_a_failed_crawl(glue: Any) -> None:
    targets = {"S3Targets": [{"Path": "s3://no-such-bucket-here/x/"}]}
    crawler = crawl(glue, "case-lost", DatabaseName="rl_crawled", Targets=targets)
    assert crawler["LastCrawl"]["Status"] == "FAILED", "not a silent success"
    assert "no-such-bucket-here" in crawler["LastCrawl"]["ErrorMessage"], "what is missing is named"
    with pytest.raises(ClientError, match="isn't running"):
        glue.stop_crawler(Name="case-lost")
