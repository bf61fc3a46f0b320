"""One query execution from submission to its end: state, statistics, results and where they lie.

Owns the life of an execution and the carrying out of each kind of statement. Deliberately not here: the API
in front (athena) and how moto is patched.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from local.cloud.athena import access as athena_access
from local.cloud.athena import catalog as athena_catalog
from local.cloud.athena import ddl as athena_ddl
from local.cloud.athena import objects as athena_objects
from local.cloud.athena import results as athena_results
from local.cloud.athena import run as athena_run
from local.cloud.athena.errors import QueryCancelled, QueryFailed, named, table_not_found
from local.cloud.athena.run import Running, Session
from local.cloud.athena.sql import Name, Statement
from local.cloud.athena.storage import Meter
from local.cloud.athena.types import arrow_type, column_info, hive_type

FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")


def _string_info(name: str) -> dict[str, Any]:
    return {**column_info(name, pa.string()), "Type": "string", "Precision": 0, "CaseSensitive": False}


@dataclass
class Execution:
    """A query execution.

    Attributes
    ----------
    output
        Location of results, ends in `/`.
    finished
        Called once with the execution when it has ended.
    """

    statement: Statement
    query: str
    session: Session
    context: dict[str, str]
    workgroup: str
    output: str
    result_configuration: dict[str, Any]
    limit: int | None = None
    parameters: list[str] | None = None
    token: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "QUEUED"
    reason: str = ""
    error: dict[str, object] | None = None
    submitted: float = field(default_factory=time.time)
    completed: float | None = None
    infos: list[dict[str, Any]] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    manifest: str = ""
    updated: int = 0

    def __post_init__(self) -> None:
        self.meter = Meter(self.limit)
        self.running = Running()
        self.done = threading.Event()

    @property
    def location(self) -> str:
        """Where the result lies."""
        if self.statement.kind == "CREATE_TABLE_AS_SELECT":
            return f"{self.output}tables/{self.id}"
        if self.statement.kind in ("UNLOAD", "INSERT"):
            return f"{self.output}{self.id}"
        return f"{self.output}{self.id}.{'csv' if self.statement.kind == 'SELECT' else 'txt'}"

    def start(self, patience: float) -> None:
        """Run in a thread; return when it has ended, or after `patience` seconds while it goes on."""
        thread = threading.Thread(target=self.execute, name=f"athena-{self.id[:8]}", daemon=True)
        thread.start()
        self.done.wait(patience)

    def stop(self) -> None:
        """Cancel an execution that has not ended."""
        if self.status not in FINAL:
            self.running.stop()
            self._end("CANCELLED", "Query was cancelled by user")

    def execute(self) -> None:
        """Carry the statement out and note how it ended."""
        self.status = "RUNNING"
        try:
            _RULES.get(self.statement.kind, Execution._ddl)(self)
        except QueryFailed as failure:
            self.error = failure.as_dict()
            self._end("FAILED", failure.reason)
        except QueryCancelled as stopped:
            self._end("CANCELLED", stopped.reason)
        except Exception as problem:  # the engine must never leave a query without an end
            self._end("FAILED", f"GENERIC_INTERNAL_ERROR: {type(problem).__name__}: {problem}")
        else:
            self._end("SUCCEEDED", "")
        finally:
            self.done.set()

    def _end(self, status: str, reason: str) -> None:
        if self.status not in FINAL:
            self.status, self.reason, self.completed = status, reason, time.time()

    def _rows(self) -> pa.Table:
        assert self.statement.query is not None, "statements of this kind hold a query"
        return athena_run.run(self.statement.query, self.query, self.session, self.meter, self.running)

    def _select(self) -> None:
        table = self._rows()
        self.infos, self.rows = athena_results.infos_of(table), athena_results.rows_of(table)
        body = athena_results.csv_of(table.schema.names, self.rows)
        self._write(self.location, body)
        self._metadata()

    def _metadata(self) -> None:
        self._write(f"{self.location}.metadata", athena_results.metadata_of(self.id, self.infos))

    def _write(self, uri: str, body: bytes) -> None:
        athena_objects.write(uri, body, self.session.caller.account)

    def _changed(self, count: int, written: list[str]) -> None:
        self.updated, self.manifest = count, f"{self.location}-manifest.csv"
        self.infos = [column_info("rows", pa.int64())]
        self._write(self.manifest, "".join(f"{uri}\n" for uri in written).encode())
        self._metadata()

    def _unload(self) -> None:
        if "format" not in self.statement.options:
            raise named("INVALID_TABLE_PROPERTY", "UNLOAD needs the property 'format'")
        table = self._rows()
        written = athena_results.write_data(
            self.statement.location, table, self.statement.options, self.id, self.session.caller.account
        )
        self._changed(table.num_rows, written)

    def _create_as(self) -> None:
        options, target = self.statement.options, self.statement.target
        account, database, title = athena_ddl.place(target, self.session)
        if athena_catalog.lookup(account, database, self.session.region, title) is not None:
            if self.statement.quiet:
                return
            raise named(
                "TABLE_ALREADY_EXISTS",
                f"Table '{database}.{title}' already exists",
                target.at if target else None,
            )
        athena_access.demand(self.session.caller, "CREATE_TABLE", account, database)
        location = options.get("external_location") or f"{self.output}tables/{self.id}/"
        table = self._rows()
        written = athena_results.write_data(location, table, options, self.id, self.session.caller.account)
        keys = [key for key in options.get("partitioned_by", "").lower().split(",") if key]
        kinds = {each.name.lower(): hive_type(each.type) for each in table.schema}
        form = {"json": athena_ddl.JSON, "textfile": athena_ddl.TEXT}.get(
            options.get("format", "parquet").lower(), athena_ddl.PARQUET
        )
        athena_ddl.define(
            self.session,
            target,
            {name: kind for name, kind in kinds.items() if name not in keys},
            location,
            {name: kinds[name] for name in keys},
            form,
            {"has_encrypted_data": "false", "classification": options.get("format", "parquet").lower()},
        )
        if keys:
            athena_ddl.add_partitions(
                athena_catalog.find(account, self.session.region, Name((database, title)), "")
            )
        self._changed(table.num_rows, written)

    def _insert(self) -> None:
        target = self.statement.target
        assert target is not None, "the grammar asks for a name"
        caller = self.session.caller
        into = athena_catalog.find(caller.account, self.session.region, target, self.session.database)
        if into.format != "parquet" or not into.location:
            raise table_not_found(into.database, into.name, target.at)
        athena_access.demand(caller, "INSERT", into.catalog, into.database, into.name)
        rows = self._rows()
        names = [name for name, _ in self.statement.columns] or list(into.all_columns)
        if len(names) != rows.num_columns:
            raise named("TYPE_MISMATCH", "Insert query has mismatched column types", target.at)
        given = dict(zip(names, rows.columns, strict=True))
        columns = {
            name: given[name].cast(arrow_type(kind))
            if name in given
            else pa.nulls(rows.num_rows, arrow_type(kind))
            for name, kind in into.all_columns.items()
        }
        options = {"partitioned_by": ",".join(into.partition_keys)}
        written = athena_results.write_data(into.location, pa.table(columns), options, self.id)
        athena_ddl.add_partitions(into)
        self._changed(rows.num_rows, written)

    def _ddl(self) -> None:
        names, self.rows = athena_ddl.carry_out(self.statement, self.session)
        self.infos = [_string_info(name) for name in names]
        if names or self.rows:
            self._write(self.location, athena_results.text_file(self.rows))
        if names:
            self._metadata()

    def as_dict(self) -> dict[str, Any]:
        """Return the QueryExecution structure."""
        taken = int(((self.completed or time.time()) - self.submitted) * 1000)
        status: dict[str, Any] = {"State": self.status, "SubmissionDateTime": self.submitted}
        if self.completed is not None:
            status["CompletionDateTime"] = self.completed
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.error:
            status["AthenaError"] = self.error
        statistics: dict[str, Any] = {
            "EngineExecutionTimeInMillis": taken,
            "DataScannedInBytes": self.meter.bytes,
            "TotalExecutionTimeInMillis": taken,
            "QueryQueueTimeInMillis": 0,
            "ServicePreProcessingTimeInMillis": 0,
            "QueryPlanningTimeInMillis": 0,
            "ServiceProcessingTimeInMillis": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        }
        if self.manifest:
            statistics["DataManifestLocation"] = self.manifest
        found: dict[str, Any] = {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": self.statement.type,
            "SubstatementType": self.statement.kind,
            "ResultConfiguration": {**self.result_configuration, "OutputLocation": self.location},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": self.context,
            "Status": status,
            "Statistics": statistics,
            "WorkGroup": self.workgroup,
            "EngineVersion": {
                "SelectedEngineVersion": "AUTO",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
        }
        if self.parameters:
            found["ExecutionParameters"] = self.parameters
        return found

    def results(self, start: int, size: int) -> dict[str, Any]:
        """Return one page of GetQueryResults."""
        header = self.statement.kind == "SELECT"
        answer = athena_results.page(self.infos, self.rows, header, start, size)
        answer["UpdateCount"] = self.updated
        return answer


_RULES: dict[str, Callable[[Execution], None]] = {
    "SELECT": Execution._select,
    "UNLOAD": Execution._unload,
    "CREATE_TABLE_AS_SELECT": Execution._create_as,
    "INSERT": Execution._insert,
}
