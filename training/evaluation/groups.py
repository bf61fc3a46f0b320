"""Group metrics: how the model treats the groups of protected attributes that it never saw.

Owns reading the attributes of the test rows, as a role that is cleared for them, and the measures per group.
The attributes are joined to scores in memory by key and go nowhere else: a report holds counts and rates.
Deliberately not here: how values become groups (`protected`), and the judgement what difference is too much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance.errors import MeshError
from training.config import TrainingConfig
from training.data.arrays import arrow_of, numpy_of
from training.data.hashing import hash_keys
from training.data.protected import Protected
from training.evaluation.group_measures import SMALL, by_group, differences, worst
from training.features import LABEL, FeatureSchema, batches, encode, parquet_files
from training.model import score

if TYPE_CHECKING:
    from training.session import Context

__all__ = [
    "SMALL",
    "Scored",
    "attribute_sql",
    "by_group",
    "differences",
    "measure",
    "measure_files",
    "scored",
    "worst",
]

_QUERY_BYTES = 200_000
"""Longest query with a list of keys; Athena takes 262,144 bytes."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Test rows with what the groups are measured on; arrays of equal length, `hashes` ascending."""

    hashes: Any
    scores: Any
    labels: Any
    keys: tuple[list[Any], ...]


def measure(
    context: Context, booster: Any, schema: FeatureSchema, test_folder: Path, threshold: float
) -> dict[str, Any]:
    """What ``evaluation.json`` holds under ``groups``.

    Attributes that the context's role cannot read are named under ``unreadable`` and not measured.

    Raises
    ------
    MeshError
        Athena refused a query, or a value belongs to no band.
    """
    from training.data.query import run_query

    config = context.config
    probe, first = run_query(context, f'SELECT * FROM "{config.table}" LIMIT 1', "evaluate", others=None)
    visible = set(next(first).column_names)
    readable = [entry for entry in config.groups if entry.column in visible]
    unreadable = [entry.column for entry in config.groups if entry.column not in visible]
    if unreadable:
        context.say(
            f"group metrics: {context.role} cannot read {', '.join(unreadable)}; "
            "evaluate as a role cleared for them, such as --as auditor"
        )
    result: dict[str, Any] = {
        "role": context.role,
        "query_ids": [probe.query_id],
        "threshold": threshold,
        "favourable": config.favourable,
        "smallest": SMALL,
        "unreadable": unreadable,
        "attributes": [],
    }
    if not readable:
        return result
    rows = scored(booster, schema, test_folder, config.seed, config.chunk_rows)
    sql = attribute_sql(config.table, config.key, [entry.column for entry in readable], rows)
    query, tables = run_query(context, sql, "evaluate")
    result["query_ids"].append(query.query_id)
    _fill(result, tables, readable, rows, config, context.say)
    return result


def measure_files(
    folder: Path,
    config: TrainingConfig,
    rows: Scored,
    threshold: float,
    *,
    role: str = "",
    query_ids: Sequence[str] = (),
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """The same from Parquet files with the key and the protected columns, as an Athena dataset input leaves them.

    Raises
    ------
    MeshError
        There is no file, the key's column is missing, or a value belongs to no band.
    """
    import pyarrow.parquet as pq

    visible = set(pq.read_schema(parquet_files(folder)[0]).names)
    for name in config.key:
        if name not in visible:
            raise MeshError("is not among the protected columns read", f"key column {name}")
    readable = [entry for entry in config.groups if entry.column in visible]
    result: dict[str, Any] = {
        "role": role,
        "query_ids": list(query_ids),
        "threshold": threshold,
        "favourable": config.favourable,
        "smallest": SMALL,
        "unreadable": [entry.column for entry in config.groups if entry.column not in visible],
        "attributes": [],
    }
    if readable:
        columns = list(dict.fromkeys([*config.key, *(entry.column for entry in readable)]))
        tables = batches(folder, columns, config.chunk_rows, plain=config.key)
        _fill(result, tables, readable, rows, config, say)
    return result


def _fill(
    result: dict[str, Any],
    tables: Iterator[Any],
    readable: Sequence[Protected],
    rows: Scored,
    config: TrainingConfig,
    say: Callable[[str], None],
) -> None:
    place, groups = _joined(tables, readable, rows, config.key, config.seed)
    result["unmatched"] = len(rows.hashes) - len(place)
    if not len(place):
        raise MeshError(
            "none of the test rows is in the table any more; run the preprocess phase again", config.table
        )
    taken = rows.scores[place] >= result["threshold"]
    for entry in readable:
        made = by_group(entry, groups[entry.name], rows.scores[place], rows.labels[place], taken,
                        favourable=config.favourable)  # fmt: skip
        result["attributes"].append(made)
        say(_told(made))


def scored(booster: Any, schema: FeatureSchema, folder: Path, seed: int, chunk: int) -> Scored:
    """Score a split and keep each row's key."""
    import numpy as np

    wanted = [*dict.fromkeys([*schema.key, *schema.names, LABEL])]
    hashes, scores, labels = [], [], []
    keys: tuple[list[Any], ...] = tuple([] for _ in schema.key)
    for batch in batches(folder, wanted, chunk, plain=schema.key):
        columns = [batch.column(name) for name in schema.key]
        hashes.append(hash_keys(columns, seed))
        scores.append(score(booster, encode(batch, schema)))
        labels.append(numpy_of(batch.column(LABEL)))
        for values, column in zip(keys, columns, strict=True):
            values.extend(column.to_pylist())
    found = np.concatenate(hashes)
    order = np.argsort(found, kind="stable")
    return Scored(
        hashes=found[order],
        scores=np.concatenate(scores)[order],
        labels=np.concatenate(labels)[order],
        keys=keys,
    )


def attribute_sql(table: str, key: Sequence[str], columns: Sequence[str], rows: Scored) -> str:
    """The query for the attributes of the test rows, and of no others where their keys fit into a query.

    Longer lists, and keys of several columns or without a plain literal, read key and attributes of all rows;
    other rows are dropped as they arrive.
    """
    names = ", ".join(f'"{name}"' for name in dict.fromkeys([*key, *columns]))
    sql = f'SELECT {names} FROM "{table}"'
    if len(key) > 1 or not all(type(value) in (int, str) for value in rows.keys[0]):
        return sql
    literals = ", ".join(
        str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
        for value in rows.keys[0]
    )
    full = f'{sql} WHERE "{key[0]}" IN ({literals})'
    return full if len(full.encode()) <= _QUERY_BYTES else sql


def _joined(
    tables: Iterator[Any], entries: Sequence[Protected], rows: Scored, key: Sequence[str], seed: int
) -> tuple[Any, dict[str, list[str]]]:
    """Places in `rows` of the rows that were found, and per attribute their groups."""
    import numpy as np

    places: list[Any] = []
    groups: dict[str, list[str]] = {entry.name: [] for entry in entries}
    for table in tables:
        hashes = hash_keys([table.column(name) for name in key], seed)
        at = np.minimum(np.searchsorted(rows.hashes, hashes), len(rows.hashes) - 1)
        match = rows.hashes[at] == hashes
        places.append(at[match])
        kept = table.filter(arrow_of(match))
        for entry in entries:
            groups[entry.name] += [entry.group_of(value) for value in kept.column(entry.column).to_pylist()]
    found = np.concatenate([np.empty(0, np.intp), *places])
    if len(np.unique(found)) != len(found):
        raise MeshError("occurs more than once in the table; a key names one row", f"key {', '.join(key)}")
    return found, groups


def _told(attribute: Mapping[str, Any]) -> str:
    large = [row for row in attribute["groups"] if not row["small"]]
    left_out = len(attribute["groups"]) - len(large)
    ratio = attribute["differences"]["disparate_impact_ratio"]
    impact = f"; disparate impact ratio {ratio:.2f}" if ratio is not None else ""
    small = f"; {left_out} with fewer than {SMALL} rows left out" if left_out else ""
    shares = ", ".join(f"{row['group']} {row['selection_rate']['value']:.1%}" for row in large)
    return f"{attribute['name']}: taken for positive {shares or 'in no group large enough'}{impact}{small}"
