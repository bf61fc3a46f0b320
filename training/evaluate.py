"""The evaluate phase: how good the model is on the test rows, with intervals, curves and reasons.

The test split takes no part in training, in the choice of the number of rounds or in that of the threshold;
here is the one place it is looked at. Deliberately not here: the arithmetic (`metrics`, `curves`, `explain`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance.errors import MeshError
from training import EVALUATION_FILE, FEATURES_FILE, METRICS_FILE, MODEL_FILE, REPORT_FILE
from training.config import TrainingConfig
from training.data.arrays import arrow_of
from training.evaluation.baselines import write_baselines
from training.evaluation.curves import (
    calibration,
    calibration_error,
    confusion,
    distribution,
    pr_points,
    roc_points,
)
from training.evaluation.explain import importance, reason_codes, shap_points
from training.evaluation.group_measures import worst
from training.evaluation.metrics import MEASURES, bootstrap, count_scores, measures
from training.evaluation.page import page
from training.features import LABEL, FeatureSchema, batches, encode, load_features
from training.model import load_model, score, score_batches, sha256, split_batches, training_metrics

if TYPE_CHECKING:
    from training.session import Context

REPLICATES = 1000
"""Bootstrap samples behind each interval."""

_EXPLAINED = 5000
"""Test rows that importance and reasons are computed on, at most."""

_SAMPLES = 5
"""Rows shown with their reasons: those with the highest scores."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Result of the phase; `report` is what ``evaluation.json`` holds."""

    report: dict[str, Any]
    path: Path
    seconds: float

    def value(self, measure: str) -> float:
        """A measure on the test rows: auc, pr_auc, ks, gini or brier."""
        return float(self.report["metrics"][measure]["value"])


def run(context: Context, *, threshold: float | None = None) -> Evaluation:
    """Evaluate the work folder's model on its test split and write ``evaluation.json`` and ``evaluation.html``.

    Raises
    ------
    MeshError
        Model or test split are missing or unreadable, or the threshold is no probability.
    """
    start = time.perf_counter()
    work = context.work
    report = evaluate(work / "model", work / "test", context.config, threshold=threshold)
    path = context.folder("evaluation") / EVALUATION_FILE
    if context.config.groups:
        found = _groups(context, report["confusion"]["threshold"])
        report["groups"] = found = _kept(path, report, found, context)
        report["groups_worst"] = worst(found)
    schema = load_features(work / "model" / FEATURES_FILE)
    train = work / "train" if (work / "train").is_dir() else None
    write_report(report, path.parent, train, schema, context.config.chunk_rows)
    context.say(describe(report))
    context.say(f"report: {path.with_name(REPORT_FILE)}")
    return Evaluation(report=report, path=path, seconds=time.perf_counter() - start)


def write_report(
    report: dict[str, Any], folder: Path, train: Path | None, schema: FeatureSchema, rows: int
) -> None:
    """Write report and page, and drift baselines where the training rows are at hand."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=2) + "\n"
    (folder / EVALUATION_FILE).write_text(text, encoding="utf-8")
    (folder / REPORT_FILE).write_text(page(report), encoding="utf-8")
    if train:
        write_baselines(train, schema, folder, rows)


def _kept(
    path: Path, report: Mapping[str, Any], found: dict[str, Any] | None, context: Context
) -> dict[str, Any] | None:
    """The groups just measured; or those that a role with more rights measured before, of this very model."""
    if found and found["attributes"]:
        return found
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
        groups = before["groups"]
        same = all(
            before[part][name] == report[part][name]
            for part, name in (("lineage", "model_sha256"), ("confusion", "threshold"), ("metrics", "auc"))
        )
    except (OSError, ValueError, KeyError, TypeError):
        return found
    if not same or not groups or not groups["attributes"]:
        return found
    context.say(f"group metrics: those that {groups['role']} measured for this model stay")
    return dict(groups)


def evaluate(
    model_folder: Path, test_folder: Path, config: TrainingConfig, *, threshold: float | None = None
) -> dict[str, Any]:
    """Evaluate a model folder on a split.

    Parameters
    ----------
    model_folder
        As the train phase writes it: model, feature schema, metrics.
    test_folder
        Parquet files of rows the model has not seen.
    config
        Seed of the bootstrap and rows per batch.
    threshold
        Score from which on a row counts as positive; by default the one chosen on the validation split.

    Returns
    -------
    dict
        The report, plain JSON.
    """
    threshold = _threshold(model_folder) if threshold is None else threshold
    if not 0 <= threshold <= 1:
        raise MeshError(f"'{threshold:g}' is no probability; give a number from 0 to 1", "--threshold")
    schema = load_features(model_folder / FEATURES_FILE)
    booster = load_model(model_folder)
    _check_fits(booster, schema, model_folder)
    scores, labels = score_batches(booster, split_batches(test_folder, schema, config.chunk_rows))
    if len(labels) == 0 or labels.min() == labels.max():
        raise MeshError(
            f"has {len(labels)} rows and not both classes; there is nothing to measure", str(test_folder)
        )
    counts = count_scores(scores, labels)
    intervals = bootstrap(counts, REPLICATES, config.seed)
    values = measures(counts)
    table = calibration(counts)
    return {
        "model": config.name,
        "rows": len(labels),
        "positives": int(labels.sum()),
        "base_rate": float(labels.mean()),
        "classes": {"positive": schema.positive_label, "negative": schema.negative_label},
        "metrics": {
            name: {"value": float(values[name]), "low": intervals[name][0], "high": intervals[name][1]}
            for name in MEASURES
        },
        "bootstrap": {"replicates": REPLICATES, "level": 0.95, "seed": config.seed},
        "calibration": table,
        "calibration_error": calibration_error(table),
        "confusion": confusion(counts, threshold),
        "roc": roc_points(counts),
        "pr": pr_points(counts),
        "distribution": distribution(counts),
        **_explanations(booster, schema, test_folder),
        "lineage": {
            "product": schema.product,
            "table": schema.table,
            "contract_version": schema.contract_version,
            "query_ids": list(schema.query_ids),
            "columns": list(schema.names),
            "columns_hash": schema.columns_hash,
            "model_sha256": sha256(model_folder / MODEL_FILE),
            "training_rows": schema.rows["train"]["rows"],
        },
        "groups_worst": worst(None),
    }


def describe(report: dict[str, Any]) -> str:
    """One line on an evaluation."""
    values = report["metrics"]
    words = {"auc": "AUC", "pr_auc": "PR-AUC", "ks": "KS", "brier": "Brier"}
    shown = [
        f"{word} {values[name]['value']:.3f} ({values[name]['low']:.3f} to {values[name]['high']:.3f})"
        for name, word in words.items()
    ]
    return f"{report['rows']:,} test rows: " + ", ".join(shown)


def _groups(context: Context, threshold: float) -> dict[str, Any] | None:
    if not context.deployed:
        names = ", ".join(entry.column for entry in context.config.groups)
        context.say(f"group metrics: left out; reading {names} needs the stack's outputs (--outputs)")
        return None
    from training.evaluation.groups import measure

    work = context.work
    schema = load_features(work / "model" / FEATURES_FILE)
    return measure(context, load_model(work / "model"), schema, work / "test", threshold)


def _threshold(folder: Path) -> float:
    chosen = training_metrics(folder).get("threshold")
    if not isinstance(chosen, float):
        raise MeshError("has no threshold; run the train phase again", str(folder / METRICS_FILE))
    return chosen


def _check_fits(booster: Any, schema: FeatureSchema, folder: Path) -> None:
    names = tuple(booster.feature_names or ())
    if names != schema.names:
        raise MeshError(
            "model and features.json do not belong together; run the train phase again", str(folder)
        )


def _explanations(booster: Any, schema: FeatureSchema, folder: Path) -> dict[str, Any]:
    import numpy as np
    import pyarrow as pa

    columns = [*dict.fromkeys([*schema.key, *schema.names, LABEL])]
    # the first rows are as good as any: within a split they come in the order of the table
    taken: list[Any] = []
    for batch in batches(folder, columns, _EXPLAINED):
        taken.append(batch)
        if sum(len(part) for part in taken) >= _EXPLAINED:
            break
    table = pa.Table.from_batches(taken)[:_EXPLAINED]
    encoded = encode(table, schema)
    highest = np.argsort(-score(booster, encoded), kind="stable")[:_SAMPLES]
    reasons = reason_codes(booster, encoded.take(arrow_of(highest)), schema)
    chosen = table.take(arrow_of(highest))
    for index, entry in enumerate(reasons):
        entry["key"] = {name: str(chosen.column(name)[index].as_py()) for name in schema.key}
        entry["outcome"] = int(chosen.column(LABEL)[index].as_py())
    return {
        "importance": importance(booster, encoded, schema),
        "shap": shap_points(booster, encoded, schema),
        "reason_codes": reasons,
    }
