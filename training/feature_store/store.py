"""Feature groups as training sees them, and the SQL of training sets that know no future.

Pure: texts in, SQL out. What is asked of a group is what Feature Store documents for its offline store: the newest record
of an identifier by event time, among records of one event time the one that arrived last, and nothing if that one is a
deletion. Deliberately not here: running the SQL (`dataset`) and bringing rows (`ingest`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.errors import MeshError
from governance.reader import nearest

INVOKED, WRITTEN, DELETED = "api_invocation_time", "write_time", "is_deleted"
_CASTS = {
    "tinyint": "tinyint",
    "smallint": "smallint",
    "int": "integer",
    "float": "real",
    "boolean": "boolean",
}


@dataclass(frozen=True, kw_only=True)
class Group:
    """One feature group of the consumer stack's outputs."""

    name: str
    group: str
    product: str
    table: str
    database: str
    offline_table: str
    record_id: str
    event_time: str
    ingestion_time: bool
    online: bool
    role: str
    columns: Mapping[str, str]
    """Feature -> type of the product's column."""

    @property
    def source(self) -> str:
        """The offline store's table, qualified and quoted."""
        return f'"{self.database}"."{self.offline_table}"'


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A training set as the pipeline's parameters take it: a query, and the database it is asked in."""

    query: str
    database: str


def group_from(name: str, exported: Mapping[str, Any]) -> Group:
    """A group from its part of the outputs."""
    where = f"featureGroups.{name}"
    if not isinstance(exported, Mapping):
        raise MeshError("is no mapping; bring the consumer's stack up again", where)
    columns = exported.get("columns", {})
    if not isinstance(columns, Mapping) or not all(isinstance(kind, str) for kind in columns.values()):
        raise MeshError(
            "'columns' is no mapping of names to types; bring the consumer's stack up again", where
        )
    try:
        return Group(
            name=name,
            group=exported["group"],
            product=exported["product"],
            table=exported["table"],
            database=exported["database"],
            offline_table=exported["offlineTable"],
            record_id=exported["recordIdentifier"],
            event_time=exported["eventTime"],
            ingestion_time=bool(exported["ingestionTime"]),
            online=bool(exported["online"]),
            role=exported["role"],
            columns=dict(exported["columns"]),
        )
    except KeyError as error:
        raise MeshError(f"has no {error}; bring the consumer's stack up again", where) from None


def pick(groups: Mapping[str, Mapping[str, Any]], name: str | None) -> Group:
    """The named group, or the only one there is."""
    known = ", ".join(sorted(groups))
    if not groups:
        raise MeshError("the stack has no feature group; add mesh:features to its file", "featureGroups")
    if name is None and len(groups) > 1:
        raise MeshError(f"name one of {known}", "features GROUP")
    chosen = name if name is not None else next(iter(groups))
    if chosen not in groups:
        raise MeshError(
            f"there is no feature group '{chosen}'{nearest(chosen, list(groups))}; there is {known}",
            "features GROUP",
        )
    return group_from(chosen, groups[chosen])


def instant(text: str, where: str) -> str:
    """A point in time as ISO 8601 in UTC with milliseconds; a date means its first moment, no zone means UTC.

    Raises
    ------
    MeshError
        The text is no such time.
    """
    try:
        return iso(dt.datetime.fromisoformat(text))
    except (ValueError, OverflowError):  # the latter in UTC, for the first and the last day there is
        raise MeshError(f"'{text}' is no time such as 2026-03-31 or 2026-03-31T12:00:00Z", where) from None


def iso(moment: dt.datetime) -> str:
    """A moment in the form of event times: `2026-03-31T12:00:00.000Z`; milliseconds, the rest is cut off."""
    moment = moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def features_of(group: Group, columns: Sequence[str] | None = None) -> tuple[str, ...]:
    """Columns of a training set: those named, or all but an event time that ingestion made.

    Raises
    ------
    MeshError
        A column is named that the group has not.
    """
    if columns:
        for name in columns:
            if name not in group.columns:
                raise MeshError(
                    f"feature group '{group.name}' has no '{name}'{nearest(name, list(group.columns))}",
                    "--columns",
                )
        return tuple(dict.fromkeys(columns))
    return tuple(name for name in group.columns if not (group.ingestion_time and name == group.event_time))


def latest(
    group: Group,
    *,
    at: str | None = None,
    written_by: str | None = None,
    columns: Sequence[str] | None = None,
) -> Dataset:
    """The newest record of each identifier as of a point in time.

    Parameters
    ----------
    at
        Event times after it are not looked at; None looks at all.
    written_by
        Records that arrived after it are not looked at, so that the same query gives the same rows later.
    columns
        Features wanted; None for all.

    Returns
    -------
    Dataset
        One row per identifier that has a record and is not deleted; columns have the product's types again.
    """
    conditions = _written(written_by)
    if at is not None:
        conditions.append(f"{_moment(_quoted(group.event_time))} <= {_literal(at, '--at')}")
    names = features_of(group, columns)
    inner = (
        f"SELECT *, row_number() OVER (PARTITION BY {_quoted(group.record_id)} ORDER BY {_order(group)}) AS newest_ "
        f"FROM {group.source}{_where(conditions)}"
    )
    shown = ", ".join(_restored(name, group) for name in names)
    query = f"SELECT {shown} FROM ({inner}) AS records WHERE newest_ = 1 AND NOT {DELETED}"
    return Dataset(query=query, database=group.database)


def as_of(
    group: Group,
    labels: str,
    label_time: str,
    label_columns: Sequence[str],
    *,
    written_by: str | None = None,
    columns: Sequence[str] | None = None,
) -> Dataset:
    """Each label with the record that was the newest at its time.

    Parameters
    ----------
    labels
        A query that gives labels, with the group's record identifier among its columns; tables are qualified.
    label_time
        Its column (date or timestamp, UTC) that says as of when features may be known.
    label_columns
        Its columns that the training set gets; features of the same name give way to them.

    Returns
    -------
    Dataset
        One row per label whose identifier had a record then, not deleted.
    """
    for needed in (group.record_id, label_time):
        if needed not in label_columns:
            raise MeshError(f"gives no column '{needed}'; it gives {', '.join(label_columns)}", "--labels")
    names = [name for name in features_of(group, columns) if name not in label_columns]
    if not names:
        raise MeshError("gives every feature itself; nothing is left to look up", "--labels")
    stored = ", ".join(
        f"{_quoted(name)} AS {_quoted(name + '__')}"
        for name in dict.fromkeys((*names, group.record_id, group.event_time))
    )
    times = f"{INVOKED} AS invoked__, {WRITTEN} AS written__, {DELETED} AS deleted__"
    kept = ", ".join(f"labels.{_quoted(name)}" for name in label_columns)
    taken = ", ".join(f"store.{_quoted(name + '__')}" for name in names)
    moment = _moment(_quoted(group.event_time + "__"))
    joined = (
        f"SELECT {kept}, {taken}, deleted__, row_number() OVER (PARTITION BY label_row_ ORDER BY {moment} DESC, "
        f"invoked__ DESC, written__ DESC) AS newest_ "
        f"FROM (SELECT *, row_number() OVER () AS label_row_ FROM ({labels.rstrip('; ')}) AS given) AS labels "
        f"JOIN (SELECT {stored}, {times} FROM {group.source}{_where(_written(written_by))}) AS store "
        f"ON labels.{_quoted(group.record_id)} = {_typed(group.record_id, group, group.record_id + '__')} "
        f"AND {moment} <= CAST(labels.{_quoted(label_time)} AS timestamp)"
    )
    shown = [_quoted(name) for name in label_columns]
    shown += [_restored(name, group, stored=name + "__") for name in names]
    query = f"SELECT {', '.join(shown)} FROM ({joined}) AS known WHERE newest_ = 1 AND NOT deleted__"
    return Dataset(query=query, database=group.database)


def _order(group: Group) -> str:
    return f"{_moment(_quoted(group.event_time))} DESC, {INVOKED} DESC, {WRITTEN} DESC"


def _written(written_by: str | None) -> list[str]:
    return [f"{WRITTEN} <= {_literal(written_by, '--written-by')}"] if written_by is not None else []


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _moment(column: str) -> str:
    """An event time as a timestamp: as text, `…00.500Z` would come before `…00Z`."""
    return f"CAST(from_iso8601_timestamp({column}) AS timestamp)"


def _literal(time: str, where: str) -> str:
    return _moment(f"'{instant(time, where)}'")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _restored(name: str, group: Group, stored: str = "") -> str:
    """A feature under its name and in the type its column has in the product; text of any length stays text."""
    made, plain = _typed(name, group, stored or name), _quoted(name)
    return made if made == plain else f"{made} AS {plain}"


def _typed(name: str, group: Group, stored: str) -> str:
    """A stored column as an expression of the type that the feature has in the product."""
    column, kind = _quoted(stored), group.columns[name]
    if kind == "timestamp":
        return _moment(column)
    if kind == "date":
        return (
            f"CAST(substr({column}, 1, 10) AS date)"  # as the event time it is stored with its first moment
        )
    if kind.startswith("decimal"):
        return f"CAST({column} AS {kind})"
    return f"CAST({column} AS {_CASTS[kind]})" if kind in _CASTS else column
