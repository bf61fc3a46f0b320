"""Group metrics: how the model treats the groups of protected attributes that it never saw.

Owns reading the attributes of the test rows, as a role that is cleared for them, and the measures per group.
The attributes are joined to scores in memory by key and go nowhere else: a report holds counts and rates.
Deliberately not here: how values become groups (`protected`), and the judgement what difference is too much.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training.curves import wilson
from training.features import LABEL, FeatureSchema, batches, encode
from training.hashing import hash_keys
from training.model import score
from training.protected import Protected
from training.query import run_query
from training.session import Context

SMALL = 20
"""Groups of fewer rows get no rates: they would say little, and much about single people."""

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
    config = context.config
    probe, first = run_query(context, f'SELECT * FROM "{config.table}" LIMIT 1', "evaluate")
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
    place, groups = _joined(tables, readable, rows, config.key, config.seed)
    result["unmatched"] = len(rows.hashes) - len(place)
    if not len(place):
        raise MeshError(
            "none of the test rows is in the table any more; run the preprocess phase again", config.table
        )
    taken = rows.scores[place] >= threshold
    for entry in readable:
        made = by_group(entry, groups[entry.name], rows.scores[place], rows.labels[place], taken,
                        favourable=config.favourable)  # fmt: skip
        result["attributes"].append(made)
        context.say(_told(made))
    return result


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
        labels.append(batch.column(LABEL).to_numpy())
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


def by_group(
    entry: Protected, groups: Sequence[str], scores: Any, labels: Any, taken: Any, *, favourable: str
) -> dict[str, Any]:
    """Measures per group of one attribute, and the greatest differences between groups.

    Parameters
    ----------
    groups, scores, labels, taken
        Per row its group, score, outcome (1 positive) and whether it is taken for positive.
    favourable
        ``positive`` or ``negative``: the class whose prediction is good for the person.

    Returns
    -------
    dict
        Each rate has `value`, the bounds of its 95 % interval (Wilson) and `of`, the rows it is a share of;
        it is None without such rows and in a small group. Differences leave small groups out.
    """
    import numpy as np

    names = np.array(groups, dtype=object)
    table = []
    for group in sorted(set(groups), key=entry.order):
        chosen = names == group
        table.append({"group": group, **_measures(scores[chosen], labels[chosen], taken[chosen], favourable)})
    return {"name": entry.name, "column": entry.column, "groups": table, "differences": differences(table)}


def differences(table: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Greatest differences between the groups that are large enough.

    Demographic parity: of selection rates. Equal opportunity: of true positive rates (Hardt et al. 2016).
    Equalised odds: the greater of those of true and false positive rates. Disparate impact: lowest by highest
    rate of the favourable decision; below 0.8 it fails the four-fifths rule.
    """

    def values(measure: str) -> list[float]:
        return [row[measure]["value"] for row in table if row.get(measure)]

    def spread(measure: str) -> float | None:
        found = values(measure)
        return max(found) - min(found) if len(found) > 1 else None

    odds = [found for found in (spread("tpr"), spread("fpr")) if found is not None]
    good = values("favourable_rate")
    ratio = min(good) / max(good) if len(good) > 1 and max(good) > 0 else None
    return {
        "demographic_parity_difference": spread("selection_rate"),
        "equal_opportunity_difference": spread("tpr"),
        "equalised_odds_difference": max(odds) if odds else None,
        "disparate_impact_ratio": ratio,
    }


def _measures(scores: Any, labels: Any, taken: Any, favourable: str) -> dict[str, Any]:
    rows, positive = len(labels), labels == 1
    if rows < SMALL:
        return {"rows": rows, "small": True}
    good = taken if favourable == "positive" else ~taken
    return {
        "rows": rows,
        "small": False,
        "selection_rate": _rate(taken.sum(), rows),
        "favourable_rate": _rate(good.sum(), rows),
        "tpr": _rate((taken & positive).sum(), positive.sum()),
        "fpr": _rate((taken & ~positive).sum(), (~positive).sum()),
        "precision": _rate((taken & positive).sum(), taken.sum()),
        "mean_score": float(scores.mean()),
        "observed": _rate(positive.sum(), rows),
    }


def _rate(count: Any, of: Any) -> dict[str, float] | None:
    if not of:
        return None
    low, high = wilson(float(count), float(of))
    return {"value": float(count) / float(of), "low": low, "high": high, "of": int(of)}


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
        kept = table.filter(match)
        for entry in entries:
            groups[entry.name] += [entry.group_of(value) for value in kept.column(entry.column).to_pylist()]
    found = np.concatenate(places)
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
