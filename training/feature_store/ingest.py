"""Bringing a curated product's rows into a feature group, as the role that may: in chunks, with nothing lost silently.

Rows are read through Athena as the role sees them and put with BatchWriteRecord. Each row ends up written or in the file
of what was not, with the reason. Deliberately not here: what the group is (the stack) and reading it (`dataset`).
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training.data.query import run_query
from training.feature_store.dataset import of_product
from training.feature_store.store import Group, iso
from training.session import Context, aws_errors

BATCH = 25
"""Records per BatchWriteRecord, its limit."""
WORKERS = 4
ATTEMPTS = 4
"""Times a record is offered that the service left unprocessed, with growing pauses between."""
REFUSING = ("AccessDeniedException", "AccessForbidden", "ResourceNotFound")
"""Errors that every further record would meet."""

Record = list[dict[str, str]]
Failure = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """Result of an ingestion; `rows` = `written` + `failed`."""

    group: str
    query_id: str
    rows: int
    written: int
    failed: int
    failures: Path | None
    """JSON lines of `record` (its identifier) and `reason`, if there are any."""
    seconds: float


@dataclass
class _Tally:
    written: int = 0
    failures: list[Failure] = field(default_factory=list)


def run(context: Context, group: Group) -> Ingested:
    """Read the group's columns of the product as the context's role and put them as records.

    Raises
    ------
    MeshError
        Athena refused the query, the role may not write the group, or some records were not taken (they are in a file).
    """
    start = time.perf_counter()
    reading = of_product(context, group)
    query, tables = run_query(reading, ingest_sql(group), "features ingest")
    now = iso(dt.datetime.now(dt.UTC))
    with aws_errors(f"features ingest as {context.role}"):
        client = reading.session.client("sagemaker-featurestore-runtime")
    tally, rows = _Tally(), 0
    for table in tables:
        rows += len(table)
        _write(client, group, _records(table, group, now), tally)
        context.say(f"{rows:,} rows read, {tally.written:,} records written, {len(tally.failures):,} refused")
    path = _keep(context.folder("features") / f"{group.name}-refused.jsonl", tally.failures)
    done = Ingested(
        group=group.name,
        query_id=query.query_id,
        rows=rows,
        written=tally.written,
        failed=len(tally.failures),
        failures=path,
        seconds=time.perf_counter() - start,
    )
    if path is not None:
        first = tally.failures[0]
        raise MeshError(
            f"{done.failed:,} of {rows:,} records were not taken, the first ('{first['record']}') because: "
            f"{first['reason']}; all are in {path}",
            f"features ingest {group.name}",
        )
    return done


def ingest_sql(group: Group) -> str:
    """The product's columns that are features."""
    made = group.event_time if group.ingestion_time else ""
    names = ", ".join(f'"{name}"' for name in group.columns if name != made)
    return f'SELECT {names} FROM "{group.table}"'


def record_of(row: dict[str, Any], group: Group, now: str) -> Record:
    """A row as a record; values that are missing are left out, as Feature Store has no null.

    Parameters
    ----------
    row
        Column -> Python value.
    now
        Event time of groups whose product has none.

    Raises
    ------
    ValueError
        The row has no identifier or no event time.
    """
    values = {name: text(value) for name, value in row.items()}
    event = now if group.ingestion_time else _event_time(row.get(group.event_time))
    if values.get(group.record_id) in (None, ""):
        raise ValueError(f"has no {group.record_id}, which identifies a record")
    if event is None:
        raise ValueError(f"has no {group.event_time}, which is its event time")
    values[group.event_time] = event
    return [
        {"FeatureName": name, "ValueAsString": value} for name, value in values.items() if value is not None
    ]


def text(value: Any) -> str | None:
    """A value as Feature Store takes it; None for a missing one."""
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        return iso(value)
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _event_time(value: Any) -> str | None:
    """A date or timestamp as an event time; a date stands for its first moment."""
    if value is None or value != value:
        return None
    if isinstance(value, dt.datetime):
        return iso(value)
    if isinstance(value, dt.date):
        return iso(dt.datetime(value.year, value.month, value.day))
    raise ValueError(f"has the event time '{value}', which is no date or time")


def _records(table: Any, group: Group, now: str) -> Iterator[tuple[str, Record | str]]:
    """Identifier and record of each row, or why it is none."""
    for row in table.to_pylist():
        name = str(row.get(group.record_id))
        try:
            yield name, record_of(row, group, now)
        except ValueError as problem:
            yield name, str(problem)


def _write(client: Any, group: Group, rows: Iterator[tuple[str, Record | str]], tally: _Tally) -> None:
    batches = iter(lambda: list(itertools.islice(rows, BATCH)), [])
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        for written, failures in pool.map(lambda batch: _put(client, group, batch, time.sleep), batches):
            tally.written += written
            tally.failures += failures


def _put(
    client: Any, group: Group, batch: Sequence[tuple[str, Record | str]], pause: Callable[[float], None]
) -> tuple[int, list[Failure]]:
    """Put one batch; gives how many were written and the rest with reasons."""
    from botocore.exceptions import BotoCoreError, ClientError

    failures = [{"record": name, "reason": found} for name, found in batch if isinstance(found, str)]
    waiting = [
        {"FeatureGroupName": group.group, "Record": found} for _, found in batch if not isinstance(found, str)
    ]
    offered, refused = len(waiting), 0
    for attempt in range(ATTEMPTS):
        if not waiting:
            break
        if attempt:
            pause(0.2 * 2**attempt)
        try:
            answer = client.batch_write_record(Entries=waiting)
        except ClientError as error:
            said = error.response.get("Error", {})
            if said.get("Code") in REFUSING:
                raise MeshError(
                    f"{said['Code']}: {said.get('Message', error)}", f"features ingest {group.name}"
                ) from error
            failures += [
                _failure(entry, group, f"{said.get('Code')}: {said.get('Message')}") for entry in waiting
            ]
            return offered - refused - len(waiting), failures
        except BotoCoreError as error:
            failures += [_failure(entry, group, str(error)) for entry in waiting]
            return offered - refused - len(waiting), failures
        for problem in answer["Errors"]:
            refused += 1
            failures.append(_failure(problem["Entry"], group, problem["ErrorMessage"]))
        waiting = answer["UnprocessedEntries"]
    failures += [_failure(entry, group, f"was left unprocessed {ATTEMPTS} times") for entry in waiting]
    return offered - refused - len(waiting), failures


def _failure(entry: dict[str, Any], group: Group, reason: str) -> Failure:
    found = {value["FeatureName"]: value["ValueAsString"] for value in entry["Record"]}
    return {"record": found.get(group.record_id, ""), "reason": reason}


def _keep(path: Path, failures: Sequence[Failure]) -> Path | None:
    """Write the failures; a file of an earlier run goes."""
    path.unlink(missing_ok=True)
    if not failures:
        return None
    path.write_text("".join(json.dumps(failure) + "\n" for failure in failures), encoding="utf-8")
    return path
