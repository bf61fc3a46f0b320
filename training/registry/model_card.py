"""The model card of a package: what the model is for, what it learned from and how good it is.

Writes the content that SageMaker takes for a *model package's* card, which is stricter than that of a card of its
own: its overview has a creator and artefacts only (SageMaker developer guide, "Model package model card schema").
Deliberately not here: uploading and registering (`register`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.config import TrainingConfig
from training.features import FeatureSchema

LIMIT = 100_000
"""Characters that SageMaker takes."""

_CURVE = 50
"""Points of a curve on the card."""

Told = tuple[str, str, str, str]
"""What a contract says of its data: purpose, usage, limitations, owner."""
NOTHING_TOLD: Told = ("", "", "", "")

WORDS = {"auc": "AUC", "pr_auc": "PR-AUC", "ks": "KS", "gini": "Gini", "brier": "Brier score"}
"""Measure of an evaluation -> its name on the card."""


def content(
    config: TrainingConfig,
    schema: FeatureSchema,
    training: Mapping[str, Any],
    report: Mapping[str, Any],
    *,
    artifact: str = "",
    image: str = "",
    creator: str = "",
    revision: str = "",
) -> dict[str, Any]:
    """The card's content, plain JSON.

    Parameters
    ----------
    config
        What was trained; its contract file, if it is here, says purpose, limits and owner of the data.
    schema, training, report
        Feature schema, training metrics and evaluation of the model.
    artifact, image, creator, revision
        Location of the packed model, serving container, who registers, and commit of the code.
    """
    told = told_by_contract(config)
    card: dict[str, Any] = {
        "model_overview": {"model_creator": creator[:1024], "model_artifact": [artifact[:1024]]},
        **intended(config, schema.positive_label, schema.negative_label, told),
        "training_details": _training(config, schema, training, image),
        "evaluation_details": [_evaluation(schema, report), *_fairness(schema, report.get("groups"))],
        "additional_information": {
            "ethical_considerations": _ethics(config, schema, report.get("groups"))[:2048],
            "caveats_and_recommendations": (
                f"Decide at the threshold {report['confusion']['threshold']:.3f}, chosen on the validation rows for "
                f"errors that cost {config.cost_false_negative:g} (missed) and {config.cost_false_positive:g} "
                "(false alarm). Categories unseen in training count as missing."
            )[:2048],
            "custom_details": _details(schema, revision),
        },
    }
    made: dict[str, Any] = without_empty(card)
    return made


def intended(config: TrainingConfig, positive: str, negative: str, told: Told) -> dict[str, Any]:
    """The parts of a card that are known before there is a model: what it is for, and for whom."""
    purpose, usage, limits, owner = told
    return {
        "intended_uses": {
            "purpose_of_model": f"The probability that a row of {config.product} turns out as {positive}."[
                :2048
            ],
            "intended_uses": (usage or "Scoring rows with the same columns as those trained on.")[:2048],
            "factors_affecting_model_efficiency": (limits or "Rows unlike those of the training data.")[
                :2048
            ],
            "risk_rating": "Unknown",
            "explanations_for_risk_rating": "Rated by whoever approves the package, not by the training.",
        },
        "business_details": {
            "business_problem": (purpose or f"Telling {positive} from {negative}.")[:2048],
            "business_stakeholders": owner[:2048],
        },
    }


def told_by_contract(config: TrainingConfig, folder: Path = Path()) -> Told:
    """Purpose, usage, limitations and owner of the data; empty texts where the contract's file is not here."""
    path = folder / config.contract
    if not config.contract or not path.is_file():
        return NOTHING_TOLD
    from governance.contracts.read import load_named
    from governance.yaml_text import read_yaml

    contract = load_named(path)
    if contract.product != config.product:
        return NOTHING_TOLD
    told = read_yaml(path.read_text(encoding="utf-8"), str(path)).get("description") or {}
    if not isinstance(told, Mapping):
        told = {"purpose": told}
    purpose, usage, limits = (str(told.get(name) or "") for name in ("purpose", "usage", "limitations"))
    return purpose, usage, limits, contract.owner


def _training(
    config: TrainingConfig, schema: FeatureSchema, training: Mapping[str, Any], image: str
) -> dict[str, Any]:
    queries = ", ".join(schema.query_ids) or "unknown"
    rows = {name: counts["rows"] for name, counts in schema.rows.items()}
    metrics = [
        {"name": f"{split}:{name}", "value": float(training[split][name])}
        for split in ("train", "validation")
        for name in WORDS
        if name in training.get(split, {})
    ]
    settings = training.get("hyperparameters", {})
    return {
        "training_observations": (
            f"Gradient-boosted trees on {rows.get('train', 0):,} rows and {len(schema.features)} features of "
            f"{config.product}; stopped by the log loss on validation rows after {training.get('rounds_run', '?')} rounds."
        )[:1024],
        "training_job_details": {
            "training_datasets": [
                f"{schema.product}.{schema.table} contract {schema.contract_version} query {queries}"[:1024]
            ],
            "training_environment": {"container_image": [image[:1024]]},
            "user_provided_training_metrics": metrics,
            "user_provided_hyper_parameters": [
                {"name": name, "value": f"{value}"[:255]} for name, value in sorted(settings.items())
            ],
        },
    }


def _evaluation(schema: FeatureSchema, report: Mapping[str, Any]) -> dict[str, Any]:
    numbers = [
        _number(word, entry["value"], f"95 % interval {entry['low']:.4f} to {entry['high']:.4f}")
        for name, word in WORDS.items()
        for entry in (report["metrics"][name],)
    ]
    numbers.append(_number("Calibration error", report["calibration_error"]))
    roc = [[point["fpr"], point["tpr"]] for point in _thinned(report["roc"])]
    pr = [[point["recall"], point["precision"]] for point in _thinned(report["pr"])]
    found = report["confusion"]
    words = [schema.negative_label[:63], schema.positive_label[:63]]
    matrix = [
        [found["true_negative"], found["false_positive"]],
        [found["false_negative"], found["true_positive"]],
    ]
    return {
        "name": "Test rows",
        "evaluation_observation": f"{report['rows']} rows that took no part in training.",
        "datasets": [f"{schema.product}.{schema.table} split test"[:1024]],
        "metadata": {"query_ids": ", ".join(schema.query_ids)[:1024]},
        "metric_groups": [
            {"name": "Quality", "metric_data": numbers},
            {
                "name": "Curves",
                "metric_data": [
                    _graph("ROC", roc, "false positive rate", "true positive rate"),
                    _graph("Precision-recall", pr, "recall", "precision"),
                    {
                        "name": "Confusion",
                        "type": "matrix",
                        "value": matrix,
                        "x_axis_name": words,
                        "y_axis_name": words,
                    },
                ],
            },
        ],
    }


def _fairness(schema: FeatureSchema, groups: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if not groups or not groups["attributes"]:
        return []
    parts = []
    for attribute in groups["attributes"]:
        data = [
            _number(name.replace("_", " "), value)
            for name, value in attribute["differences"].items()
            if value is not None
        ]
        large = [row for row in attribute["groups"] if not row["small"]]
        if large:
            data.append(
                {
                    "name": "selection rate",
                    "type": "bar_chart",
                    "value": [row["selection_rate"]["value"] for row in large],
                    "x_axis_name": [row["group"][:63] for row in large],
                    "y_axis_name": "selection rate",
                }
            )
        if data:
            parts.append({"name": attribute["name"][:63], "metric_data": data})
    return [
        {
            "name": "Protected groups",
            "evaluation_observation": (
                f"Attributes read as {groups['role']}; groups under {groups['smallest']} rows left out."
            ),
            "datasets": [f"{schema.product}.{schema.table} split test"[:1024]],
            "metadata": {"query_ids": ", ".join(groups["query_ids"])[:1024]},
            "metric_groups": parts,
        }
    ]


def _ethics(config: TrainingConfig, schema: FeatureSchema, groups: Mapping[str, Any] | None) -> str:
    protected = [entry.column for entry in config.groups]
    if not protected:
        return "No protected attributes are configured, so none was measured."
    used = [name for name in protected if name in schema.names]
    learned = f"The model learned from {', '.join(used)}. " if used else "None of them is a feature. "
    measured = [entry["column"] for entry in (groups or {}).get("attributes", ())]
    told = f"measured by {', '.join(measured)}" if measured else "not measured by them yet"
    return f"Protected attributes: {', '.join(protected)}. {learned}The model was {told}."


def _details(schema: FeatureSchema, revision: str) -> dict[str, str]:
    values = {
        "data_product": schema.product,
        "table": schema.table,
        "contract_version": schema.contract_version,
        "query_ids": ", ".join(schema.query_ids),
        "features": ", ".join(schema.names),
        "columns_hash": schema.columns_hash,
        "split_seed": str(schema.seed),
        "git_revision": revision,
    }
    return {name: value[:1024] for name, value in values.items() if value}


def _thinned(points: list[Any]) -> list[Any]:
    step = max(1, -(-len(points) // _CURVE))
    return [*points[:-1:step], points[-1]] if points else []


def _number(name: str, value: float, notes: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {"name": name, "type": "number", "value": float(value)}
    return made | {"notes": notes} if notes else made


def _graph(name: str, points: list[list[float]], x: str, y: str) -> dict[str, Any]:
    return {"name": name, "type": "linear_graph", "value": points, "x_axis_name": x, "y_axis_name": y}


def without_empty(value: Any) -> Any:
    """The same without empty entries, which SageMaker refuses."""
    if isinstance(value, dict):
        kept = {name: without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in ("", [], {}, None)}
    if isinstance(value, list):
        return [item for item in (without_empty(item) for item in value) if item not in ("", {}, None)]
    return value
