"""Glue crawlers: what a crawl finds below its targets and what it writes to the catalog.

Owns inference of tables from Parquet, delimited text and JSON objects, the schema change policy, partitions
and table statistics. The catalog is that of the target database: through a resource link, its owner's.
Deliberately not here: classifiers, exclusions, sampling and deletion of tables whose objects are gone
(DeleteBehavior is taken as LOG).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from moto.core.utils import utcnow
from moto.glue.exceptions import CrawlerNotRunningException, CrawlerRunningException
from moto.glue.models import FakeCrawl, FakeCrawler

from local.cloud.athena import access as athena_access
from local.cloud.athena import catalog as athena_catalog
from local.cloud.athena import ddl as athena_ddl
from local.cloud.athena import objects as athena_objects
from local.cloud.athena.catalog import CatalogTable
from local.cloud.athena.errors import QueryFailed
from local.cloud.athena.objects import S3Object
from local.cloud.athena.rights import Caller
from local.cloud.athena.run import Session
from local.cloud.athena.sql import Name
from local.cloud.athena.types import hive_type
from local.cloud.jobs import logs as jobs_logs

LOGS = "/aws-glue/crawlers"
PATIENCE = 2.0
"""Seconds that StartCrawler waits for a crawl to end."""

described: Callable[[Any], dict[str, Any]] = FakeCrawler.as_dict
"""The crawler's description as it was before `as_dict` was put in its place."""


@dataclass(frozen=True)
class Found:
    """A table found below a target: its objects, columns, partition keys and number of rows."""

    name: str
    location: str
    objects: tuple[S3Object, ...]
    columns: dict[str, str]
    keys: tuple[str, ...]
    rows: int


class Crawl(FakeCrawl):  # type: ignore[misc]
    """One crawl; its state follows the work, not the looking."""

    def __init__(self, crawler: Any) -> None:
        super().__init__(crawler.name)
        self.state = "RUNNING"
        self.error = ""
        self.done = threading.Event()

    @property
    def status(self) -> str:
        """RUNNING, COMPLETED, FAILED, STOPPING or STOPPED."""
        return self.state

    def advance(self) -> None:
        """Leave the state to the work."""

    def run(self, crawler: Any) -> None:
        """Crawl all targets; the state says how it ended."""
        lines: list[str] = []
        try:
            lines = list(crawl(crawler))
            self.state = "STOPPED" if self.state == "STOPPING" else "COMPLETED"
        except (QueryFailed, ValueError, OSError) as problem:
            self.state, self.error = "FAILED", str(problem)
            lines = [f"ERROR : {problem}"]
        finally:
            self.end_time = utcnow()
            account, region = crawler.backend.account_id, crawler.backend.region_name
            jobs_logs.write(
                account, region, LOGS, crawler.name, [f"[{self.crawl_id}] {line}" for line in lines]
            )
            self.done.set()


def start_crawler(self: Any) -> None:
    """Start a crawl; a short one has ended on return."""
    if self.crawls and self.crawls[-1].status in ("RUNNING", "STOPPING"):
        raise CrawlerRunningException(f"Crawler with name {self.name} has already started")
    crawl_ = Crawl(self)
    self.crawls.append(crawl_)
    threading.Thread(target=crawl_.run, args=(self,), name=f"crawl-{self.name}", daemon=True).start()
    crawl_.done.wait(PATIENCE)


def stop_crawler(self: Any) -> None:
    """Ask a crawl to stop."""
    if not self.crawls or self.crawls[-1].status != "RUNNING":
        raise CrawlerNotRunningException(f"Crawler with name {self.name} isn't running")
    self.crawls[-1].state = "STOPPING"


def as_dict(self: Any) -> dict[str, Any]:
    """Return the crawler with its state and the outcome of the last crawl that ended."""
    found = described(self)
    found.pop("LastCrawl", None)
    ended = [each for each in self.crawls if each.end_time is not None]
    if ended:
        last = ended[-1]
        names = {"COMPLETED": "SUCCEEDED", "STOPPED": "CANCELLED"}
        found["LastCrawl"] = {
            "Status": names.get(last.status, last.status),
            "LogGroup": last.log_group,
            "LogStream": last.log_stream,
            "MessagePrefix": last.message_prefix,
            "StartTime": last.start_time,
        }
        if getattr(last, "error", ""):
            found["LastCrawl"]["ErrorMessage"] = last.error
    return found


def crawl(crawler: Any) -> Iterator[str]:
    """Do one crawl; yield the lines of its log.

    Raises
    ------
    QueryFailed
        The role lacks a Lake Formation permission, or a target does not exist.
    """
    account, region = crawler.backend.account_id, crawler.backend.region_name
    role = crawler.role if crawler.role.startswith("arn:") else f"arn:aws:iam::{account}:role/{crawler.role}"
    caller = Caller(account, role, region)
    policy = (crawler.schema_change_policy or {}).get("UpdateBehavior") or "UPDATE_IN_DATABASE"
    targets = crawler.targets or {}
    for target in targets.get("S3Targets") or []:
        path = target["Path"]
        yield f"INFO : Crawling {path}"
        for found in discover(path if path.startswith("s3://") else f"s3://{path}"):
            yield from _record(caller, crawler, found, policy)
    for target in targets.get("CatalogTargets") or []:
        for title in target.get("Tables") or []:
            table = athena_catalog.find(
                account, region, Name((target["DatabaseName"].lower(), title.lower())), ""
            )
            yield f"INFO : Crawling {table.location}"
            keys = tuple(table.partition_keys)
            found = replace(
                _inferred(table.name, table.location, athena_objects.listing(table.location)), keys=keys
            )
            yield from _update(caller, crawler, table, found, policy)


def discover(path: str) -> list[Found]:
    """Return the tables below a path: itself if it holds objects or partitions, else each folder in it."""
    path = path.rstrip("/") + "/"
    _, prefix = athena_objects.split_uri(path)
    groups: dict[str, list[S3Object]] = {}
    for each in athena_objects.listing(path):
        head, slash, _ = each.key[len(prefix) :].partition("/")
        groups.setdefault(head if slash and "=" not in head else "", []).append(each)
    if "" in groups:
        groups = {"": [each for group in groups.values() for each in group]}
    base = path.rstrip("/").rsplit("/", 1)[-1]
    return [
        _inferred(head or base, f"{path}{head}/" if head else path, group) for head, group in groups.items()
    ]


def _inferred(name: str, location: str, objects: list[S3Object]) -> Found:
    columns: dict[str, str] = {}
    rows = 0
    for each in objects:
        body = athena_objects.read(each.bucket, each.key)
        if body[:4] == b"PAR1":
            footer = pq.ParquetFile(pa.BufferReader(body))
            rows += footer.metadata.num_rows
            for field in footer.schema_arrow:
                columns.setdefault(field.name.lower(), hive_type(field.type))
        else:
            rows += body.count(b"\n")
    steps = objects[0].uri[len(location) :].split("/")[:-1] if objects else []
    keys = tuple(step.split("=", 1)[0].lower() for step in steps if "=" in step)
    title = "".join(char if char.isalnum() or char == "_" else "_" for char in name.lower())
    return Found(title, location, tuple(objects), columns, keys, rows)


def _record(caller: Caller, crawler: Any, found: Found, policy: str) -> Iterator[str]:
    """Write a table found below an S3 target: a known one is updated, another is made."""
    database = str(crawler.database_name or "").lower()
    session = Session(caller, database)
    account, schema, _ = athena_ddl.place(None, session)
    for title in athena_catalog.names(account, caller.region, schema):
        table = athena_catalog.find(caller.account, caller.region, Name((database, title)), "")
        if table.location.rstrip("/") == found.location.rstrip("/"):
            yield from _update(caller, crawler, table, found, policy)
            return
    name = f"{crawler.table_prefix or ''}{found.name}".lower()
    if not found.columns:
        yield f"WARN : {found.location} holds nothing that can be read"
        return
    own = {column: kind for column, kind in found.columns.items() if column not in found.keys}
    keys = dict.fromkeys(found.keys, "string")
    athena_ddl.define(
        session,
        Name((database, name)),
        own,
        found.location,
        keys,
        athena_ddl.PARQUET,
        _statistics(crawler, found),
    )
    athena_ddl.add_partitions(athena_catalog.find(caller.account, caller.region, Name((database, name)), ""))
    yield f"INFO : Created table {name} in database {database}"


def _update(caller: Caller, crawler: Any, table: CatalogTable, found: Found, policy: str) -> Iterator[str]:
    """Write statistics, partitions and, if the policy says so, new columns of a known table."""
    for link in table.links:
        if not athena_access.permitted(caller, "DESCRIBE", link.catalog, link.database, link.table):
            raise _denied(link.database, table.name)
    if not athena_access.permitted(caller, "ALTER", table.catalog, table.database, table.name):
        raise _denied(table.database, table.name)
    definition = athena_catalog.lookup(table.catalog, table.database, table.region, table.name) or {}
    known = {
        "Name",
        "Description",
        "Owner",
        "Retention",
        "StorageDescriptor",
        "PartitionKeys",
        "TableType",
        "Parameters",
    }
    written = {key: value for key, value in definition.items() if key in known}
    written["Parameters"] = {**(definition.get("Parameters") or {}), **_statistics(crawler, found)}
    fresh = {name: kind for name, kind in found.columns.items() if name not in table.all_columns}
    if fresh and policy == "UPDATE_IN_DATABASE":
        storage = dict(written.get("StorageDescriptor") or {})
        added = [{"Name": name, "Type": kind} for name, kind in fresh.items()]
        written["StorageDescriptor"] = {**storage, "Columns": [*(storage.get("Columns") or []), *added]}
        yield f"INFO : Added columns {', '.join(fresh)} to {table.name}"
    elif fresh:
        yield f"INFO : Schema change of {table.name} not written (LOG): new columns {', '.join(fresh)}"
    backend = athena_catalog.glue(table.catalog, table.region)
    backend.update_table(definition["DatabaseName"], definition["Name"], written)
    athena_access.changed()
    for step in athena_ddl.add_partitions(table):
        yield f"INFO : Added partition {step} to {table.name}"
    yield f"INFO : Updated table {table.name} in database {table.database}"


def _denied(database: str, table: str) -> QueryFailed:
    return QueryFailed(
        f"Insufficient Lake Formation permission(s) on {table} "
        f"(Database name: {database}, Table Name: {table})"
    )


def _statistics(crawler: Any, found: Found) -> dict[str, str]:
    """Return the table parameters that a crawler writes."""
    size = sum(each.size for each in found.objects)
    return {
        "CrawlerSchemaSerializerVersion": "1.0",
        "CrawlerSchemaDeserializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": crawler.name,
        "averageRecordSize": str(size // found.rows if found.rows else 0),
        "classification": "parquet",
        "compressionType": "none",
        "objectCount": str(len(found.objects)),
        "recordCount": str(found.rows),
        "sizeKey": str(size),
        "typeOfData": "file",
    }
