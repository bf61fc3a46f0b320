"""Training sets from a feature group: what the role may read of it, the query, and its rows as a file.

The query is an ordinary input of `run --query` and of the pipeline's parameters. Deliberately not here: the SQL itself
(`feature_store`), and why a feature is hidden (access explain).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from governance.errors import MeshError
from training.data.query import run_query
from training.feature_store.store import Dataset, Group, as_of, latest
from training.session import Context, aws_errors


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a training set is to hold.

    Parameters
    ----------
    at
        Point in time as of which every identifier is looked at.
    labels, label_time
        Or a query with labels, and its column that says as of when each is looked at.
    written_by
        Records that arrived later are not looked at.
    columns
        Features wanted; None for all that the role may read.
    """

    at: str | None = None
    labels: str | None = None
    label_time: str | None = None
    written_by: str | None = None
    columns: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.labels is not None and self.at is not None:
            raise MeshError("has each label's own time; leave one of the two out", "--at with --labels")
        if (self.labels is None) != (self.label_time is None):
            raise MeshError("go together; give both or none", "--labels, --label-time")


def readable(context: Context, group: Group) -> tuple[str, ...]:
    """Features that the context's role sees in the catalog, in the group's order.

    Raises
    ------
    MeshError
        The role sees nothing of the group, or not what identifies its records.
    """
    where = f"features dataset as {context.role}"
    with aws_errors(where):
        glue = context.session.client("glue")
        table = glue.get_table(DatabaseName=group.database, Name=group.offline_table)["Table"]
    seen = {column["Name"] for column in table["StorageDescriptor"]["Columns"]}
    for needed in (group.record_id, group.event_time):
        if needed not in seen:
            raise MeshError(f"may not read '{needed}', without which no record is found", where)
    return tuple(name for name in group.columns if name in seen)


def dataset(context: Context, group: Group, asked: Asked) -> Dataset:
    """The query of a training set, with the features that the role may read.

    Raises
    ------
    MeshError
        A named feature is hidden from the role or unknown; the labels' query is refused or gives nothing.
    """
    seen = readable(context, group)
    if hidden := [name for name in asked.columns or () if name in group.columns and name not in seen]:
        raise MeshError(f"'{hidden[0]}' is hidden from role '{context.role}'", "--columns")
    if asked.columns is None:
        wanted = tuple(name for name in seen if not (group.ingestion_time and name == group.event_time))
        if left := [name for name in group.columns if name not in seen]:
            context.say(f"hidden from {context.role}: {', '.join(left)}")
    else:
        wanted = asked.columns
    if asked.labels is None or asked.label_time is None:
        return latest(group, at=asked.at, written_by=asked.written_by, columns=wanted)
    first = f"SELECT * FROM ({asked.labels.rstrip('; ')}) AS given LIMIT 1"
    query, tables = run_query(of_product(context, group), first, "features dataset")
    given = tuple(query.columns) or tuple(next(tables).column_names)
    return as_of(group, asked.labels, asked.label_time, given, written_by=asked.written_by, columns=wanted)


def save(context: Context, group: Group, made: Dataset, path: Path) -> int:
    """Run the query and write its rows as one Parquet file, chunk by chunk; gives the number of rows."""
    import pyarrow.parquet as pq

    _, tables = run_query(of_product(context, group), made.query, "features dataset")
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, writer = 0, None
    try:
        for table in tables:
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
            rows += len(table)
    finally:
        if writer is not None:
            writer.close()
    return rows


def label_columns(text: str) -> tuple[str, ...]:
    """Names in a comma-separated list."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def of_product(context: Context, group: Group) -> Context:
    """The context that queries the group's product, with the session it has."""
    config = replace(
        context.config, product=group.product, table=group.table, key=(group.record_id,), target=""
    )
    reading = replace(context, config=config)
    for name in ("session", "outputs"):  # what was found already is not asked for again
        if name in vars(context):
            vars(reading)[name] = vars(context)[name]
    return reading


def described(groups: Sequence[Group]) -> str:
    """The stack's feature groups as lines of text."""
    lines = []
    for group in groups:
        time = "time of ingestion" if group.ingestion_time else group.event_time
        stores = "online and offline" if group.online else "offline"
        lines.append(
            f"{group.name}: {len(group.columns)} features of {group.product}.{group.table} by {group.record_id}, "
            f"event time {time}, {stores}, ingested by {group.role}; {group.database}.{group.offline_table}"
        )
    return "\n".join(lines)
