"""Serving a model: SageMaker's four functions, and the answers they give.

``model_fn``, ``input_fn``, ``predict_fn`` and ``output_fn`` are what SageMaker's XGBoost container calls; they need
nothing of SageMaker. A request is CSV (with or without a line of names), JSON (one object, a list of objects, or
``{"instances": [...]}``) or JSON Lines. An answer has the score, the decision and the reason codes. Deliberately not
here: reading a request (`payload`), how a row is encoded (`features`) and explained (`explain`).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training import FEATURES_FILE, METRICS_FILE
from training.evaluation.explain import signed_reasons
from training.features import CATEGORY, FeatureSchema, encode, load_features
from training.model import load_model, sha256, training_metrics
from training.payload import (
    CSV_TYPE,
    JSON_TYPE,
    LINES_TYPE,
    Payload,
    PayloadError,
    offered,
    parse,
    read,
    records,
    shown,
)

__all__ = [
    "CSV_TYPE", "JSON_TYPE", "LINES_TYPE", "REASONS", "Model", "Payload", "PayloadError", "input_fn", "model_fn", "output_fn",
    "predict_fn",
]  # fmt: skip

REASONS = 4
"""Reason codes per row, at most."""
MOMENTS = ("date", "timestamp")
"""Kinds of features that a model sees as days since 1970."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model folder, loaded."""

    booster: Any
    schema: FeatureSchema
    threshold: float


def model_fn(model_dir: str | Path) -> Model:
    """Load a model folder.

    Raises
    ------
    MeshError
        A file is missing, corrupt or of another model.
    """
    folder = Path(model_dir)
    booster, schema = load_model(folder), load_features(folder / FEATURES_FILE)
    facts = training_metrics(folder)
    if facts.get("features_sha256", digest := sha256(folder / FEATURES_FILE)) != digest:
        raise MeshError(
            "is corrupt: it is not the file that the model was trained with; run the train phase again",
            str(folder / FEATURES_FILE),
        )
    if tuple(booster.feature_names or ()) != schema.names:
        raise MeshError("model and features.json do not belong together", str(folder))
    threshold = facts.get("threshold", 0.5)
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise MeshError(
            f"threshold is '{shown(threshold)}', and must be a number from 0 to 1; run the train phase again",
            str(folder / METRICS_FILE),
        )
    return Model(booster=booster, schema=schema, threshold=float(threshold))


def input_fn(request_body: str | bytes, content_type: str = JSON_TYPE) -> Payload:
    """Parse a request.

    Whether CSV begins with names is said by the content type's parameter ``header=present`` or ``absent`` (RFC
    4180); without it, a first line whose cells are mostly features is one.

    Raises
    ------
    PayloadError
        The content type is not served, or the body cannot be read as it.
    """
    return parse(request_body, content_type)


def predict_fn(payload: Payload, model: Model) -> dict[str, Any]:
    """Score the rows of a request.

    A category that training did not know is missing, as it is in training and evaluation.

    Returns
    -------
    dict
        `predictions`, one per row in order, and whether a `single` one was asked for. A row with categories that
        training did not know names those features as `unseen`.

    Raises
    ------
    PayloadError
        Fields are missing or not known, or a value cannot be read as its feature's kind.
    """
    import pyarrow as pa

    rows = records(payload, model.schema)
    columns = {}
    unseen: list[list[str]] = [[] for _ in rows]
    kinds = {feature.name: feature.kind for feature in model.schema.features}
    for feature in model.schema.features:
        values = [read(row[feature.name], feature, at) for at, row in enumerate(rows, 1)]
        if feature.kind == CATEGORY:
            levels = {None, *feature.levels}
            for names, value in zip(unseen, values, strict=True):
                names += [] if value in levels else [feature.name]
        columns[feature.name] = pa.array(values, pa.string() if feature.kind == CATEGORY else pa.float32())
    frame = encode(pa.table(columns), model.schema)
    scored = signed_reasons(model.booster, frame, model.schema, REASONS)
    for row, answer in zip(rows, scored, strict=True):
        for reason in answer["reasons"]:
            if kinds[reason["feature"]] in MOMENTS and reason["value"] is not None:
                reason["value"] = str(
                    row[reason["feature"]]
                ).strip()  # as it was sent, not in days since 1970
    words = (model.schema.negative_label, model.schema.positive_label)
    predictions = [
        {
            "score": row["score"],
            "decision": words[row["score"] >= model.threshold],
            "reasons": row["reasons"],
            **({"unseen": names} if names else {}),
        }
        for row, names in zip(scored, unseen, strict=True)
    ]
    return {"predictions": predictions, "single": payload.single}


def output_fn(prediction: Mapping[str, Any], accept: str = JSON_TYPE) -> tuple[str, str]:
    """Write an answer, as body and content type.

    JSON is one object for one object sent, else ``{"predictions": [...]}``; JSON Lines is an object a line. CSV has no
    line of names: score, decision, then the reasons as feature with its sign (``+`` raises the score).

    Raises
    ------
    PayloadError
        No type that was asked for is served.
    """
    kind = _negotiated(accept)
    rows = prediction["predictions"]
    if kind == JSON_TYPE:
        return json.dumps(rows[0] if prediction["single"] else {"predictions": rows}), JSON_TYPE
    if kind == LINES_TYPE:
        return "".join(f"{json.dumps(row)}\n" for row in rows), LINES_TYPE
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in rows:
        signs = [("+" if item["effect"] == "raises" else "-") + item["feature"] for item in row["reasons"]]
        writer.writerow([repr(row["score"]), row["decision"], *signs, *[""] * (REASONS - len(signs))])
    return buffer.getvalue(), CSV_TYPE


def _negotiated(accept: str) -> str:
    """The type that is asked for first, by RFC 9110's weights; of equal ones JSON, as the container's default."""
    served = {kind: kind for kind in (JSON_TYPE, LINES_TYPE, CSV_TYPE)}
    served |= {"": JSON_TYPE, "*/*": JSON_TYPE, "application/*": JSON_TYPE, "text/*": CSV_TYPE}
    wanted: list[tuple[float, bool, str]] = []
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        rank = float(weight) if weight.replace(".", "", 1).isdigit() else 1.0
        if name in served and rank > 0:
            wanted.append((rank, served[name] == JSON_TYPE, served[name]))
    if not wanted:
        raise PayloadError(f"'{shown(accept)}' is not served; {offered('accept')}", "accept")
    return max(wanted)[2]
