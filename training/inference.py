"""Serving a model: SageMaker's four functions, and the payloads they take and give.

``model_fn``, ``input_fn``, ``predict_fn`` and ``output_fn`` are what SageMaker's XGBoost container calls; they need
nothing of SageMaker. A request is CSV (with or without a line of names) or JSON: one object, a list of objects,
or ``{"instances": [...]}``. An answer has the score, the decision and the reason codes. Deliberately not here:
how a row is encoded (`features`) and explained (`explain`).
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training import FEATURES_FILE
from training.data.labels import canonical
from training.evaluation.explain import signed_reasons
from training.features import CATEGORY, Feature, FeatureSchema, encode, load_features
from training.model import load_model, training_metrics

JSON_TYPE, CSV_TYPE = "application/json", "text/csv"
_UTC = timezone.utc  # noqa: UP017 - the container's Python is 3.10
REASONS = 4
"""Reason codes per row, at most."""


class PayloadError(MeshError):
    """A request that cannot be scored, by fault of the caller."""

    status_code = 400


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model folder, loaded."""

    booster: Any
    schema: FeatureSchema
    threshold: float


@dataclass(frozen=True, kw_only=True)
class Payload:
    """A request as parsed, before anything is known of the model.

    `rows` are mappings (JSON) or lists of texts (CSV); `header` says whether the first list holds names, None
    that nobody said so; `single` that one object was sent, and one is expected back.
    """

    rows: Sequence[Mapping[str, Any] | Sequence[str]]
    single: bool = False
    header: bool | None = None


def model_fn(model_dir: str | Path) -> Model:
    """Load a model folder.

    Raises
    ------
    MeshError
        A file is missing, corrupt or of another model.
    """
    folder = Path(model_dir)
    booster, schema = load_model(folder), load_features(folder / FEATURES_FILE)
    if tuple(booster.feature_names or ()) != schema.names:
        raise MeshError("model and features.json do not belong together", str(folder))
    return Model(
        booster=booster, schema=schema, threshold=float(training_metrics(folder).get("threshold", 0.5))
    )


def input_fn(request_body: str | bytes, content_type: str = JSON_TYPE) -> Payload:
    """Parse a request.

    Whether CSV begins with names is said by the content type's parameter ``header=present`` or ``absent`` (RFC
    4180); without it, a first line whose cells are mostly features is one.

    Raises
    ------
    PayloadError
        The content type is none of the two, or the body cannot be read as it.
    """
    kind, _, parameters = content_type.lower().partition(";")
    try:
        text = request_body if isinstance(request_body, str) else request_body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PayloadError("is no UTF-8 text", "payload") from error
    if kind.strip() == JSON_TYPE:
        return _json(text)
    if kind.strip() != CSV_TYPE:
        raise PayloadError(f"'{content_type}' is not served; send {CSV_TYPE} or {JSON_TYPE}", "content type")
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if not rows:
        raise PayloadError("has no rows", "payload")
    given = parameters.replace(" ", "").replace('"', "")
    header = True if "header=present" in given else False if "header=absent" in given else None
    return Payload(rows=rows, header=header)


def predict_fn(payload: Payload, model: Model) -> dict[str, Any]:
    """Score the rows of a request.

    A category that training did not know is missing, as it is in training and evaluation.

    Returns
    -------
    dict
        `predictions`, one per row in order, and whether a `single` one was asked for.

    Raises
    ------
    PayloadError
        Fields are missing or not known, or a value cannot be read as its feature's kind.
    """
    import pyarrow as pa

    records = _records(payload, model.schema)
    columns = {}
    for feature in model.schema.features:
        values = [_value(row[feature.name], feature, at) for at, row in enumerate(records, 1)]
        columns[feature.name] = pa.array(values, pa.string() if feature.kind == CATEGORY else pa.float32())
    frame = encode(pa.table(columns), model.schema)
    scored = signed_reasons(model.booster, frame, model.schema, REASONS)
    words = (model.schema.negative_label, model.schema.positive_label)
    predictions = [
        {"score": row["score"], "decision": words[row["score"] >= model.threshold], "reasons": row["reasons"]}
        for row in scored
    ]
    return {"predictions": predictions, "single": payload.single}


def output_fn(prediction: Mapping[str, Any], accept: str = JSON_TYPE) -> tuple[str, str]:
    """Write an answer, as body and content type.

    JSON is one object for one object sent, else ``{"predictions": [...]}``. CSV has no line of names: score,
    decision, then the reasons as feature with its sign (``+`` raises the score).

    Raises
    ------
    PayloadError
        The type asked for is none of the two.
    """
    wanted = {part.split(";")[0].strip().lower() for part in accept.split(",")}
    rows = prediction["predictions"]
    if wanted & {JSON_TYPE, "*/*", "application/*", ""}:
        content = rows[0] if prediction["single"] else {"predictions": rows}
        return json.dumps(content), JSON_TYPE
    if not wanted & {CSV_TYPE, "text/*"}:
        raise PayloadError(f"'{accept}' is not served; accept {CSV_TYPE} or {JSON_TYPE}", "accept")
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in rows:
        signs = [("+" if item["effect"] == "raises" else "-") + item["feature"] for item in row["reasons"]]
        writer.writerow([repr(row["score"]), row["decision"], *signs, *[""] * (REASONS - len(signs))])
    return buffer.getvalue(), CSV_TYPE


def _json(text: str) -> Payload:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise PayloadError(f"is no JSON ({error})", "payload") from error
    except RecursionError as error:
        raise PayloadError("is nested too deeply; send rows of plain values", "payload") from error
    single = isinstance(content, dict) and "instances" not in content
    if isinstance(content, dict) and not single:
        others = sorted(set(content) - {"instances"})
        if others:
            raise PayloadError(
                f"has {', '.join(others)} beside 'instances'; send one or the other", "payload"
            )
        content = content["instances"]
    rows = [content] if single else content
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise PayloadError(
            "must be an object of features, or a list of such objects that is not empty", "payload"
        )
    return Payload(rows=rows, single=single)


def _records(payload: Payload, schema: FeatureSchema) -> list[Mapping[str, Any]]:
    """The rows by name, once all of them are known to have the model's features and no others."""
    known, rows = set(schema.names), list(payload.rows)
    named: list[Mapping[str, Any]] = []
    if isinstance(rows[0], Mapping):
        named = [row for row in rows if isinstance(row, Mapping)]
        for at, row in enumerate(named, 1):
            _check_fields(list(row), known, schema, f"payload row {at}")
        return named
    names = [str(cell).strip() for cell in rows[0]]
    header = payload.header
    if header is None:
        header = 2 * len(known & set(names)) > len(names)
    if header:
        _check_fields(names, known, schema, "payload header")
        rows = rows[1:]
        if not rows:
            raise PayloadError("has no rows after its header", "payload")
    else:
        names = list(schema.names)
    for at, cells in enumerate(rows, 1):
        if len(cells) != len(names):
            raise PayloadError(
                f"has {len(cells)} values for the {len(names)} features {', '.join(names)}",
                f"payload row {at}",
            )
        named.append(dict(zip(names, cells, strict=True)))
    return named


def _check_fields(names: Sequence[str], known: set[str], schema: FeatureSchema, where: str) -> None:
    missing = [name for name in schema.names if name not in names]
    extra = sorted(name for name in set(names) if name not in known)
    doubled = sorted(name for name in set(names) if list(names).count(name) > 1)
    told = [
        f"{what} {', '.join(found)}"
        for what, found in (("lacks", missing), ("has the unknown", extra), ("has twice", doubled))
        if found
    ]
    if told:
        raise PayloadError(f"{' and '.join(told)}; send exactly the model's features", where)


def _value(value: Any, feature: Feature, row: int) -> Any:
    """A value as its feature's number or text; None if it is missing."""
    if value is None or value == "" or value != value:
        return None
    try:
        if isinstance(value, dict | list):
            raise ValueError(value)
        if feature.kind == CATEGORY:
            # a text is a level as it stands; 1 and 1.0 are the level "1"
            return value if isinstance(value, str) else canonical(value)
        return _number(value, feature.kind)
    except (TypeError, ValueError, OverflowError) as error:
        raise PayloadError(
            f"'{value}' cannot be read as {feature.kind}", f"payload row {row}, field {feature.name}"
        ) from error


def _number(value: Any, kind: str) -> float:
    """Dates and timestamps in days since 1970, as `features.as_number` has them."""
    text = value.strip() if isinstance(value, str) else value
    if kind == "boolean":
        truth = {"true": 1.0, "1": 1.0, "false": 0.0, "0": 0.0}.get(canonical(text))
        if truth is None:
            raise ValueError(text)
        return truth
    if kind == "date" and isinstance(text, str):
        return float((date.fromisoformat(text) - date(1970, 1, 1)).days)
    if kind == "timestamp" and isinstance(text, str):
        moment = datetime.fromisoformat(_padded(text))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=_UTC)
        return (moment - datetime(1970, 1, 1, tzinfo=_UTC)).total_seconds() / 86400
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _padded(text: str) -> str:
    """A moment as Python 3.10 reads it too: no Z, and a fraction of six digits."""
    text = re.sub("[Zz]$", "+00:00", text)
    return re.sub(r"\.(\d+)", lambda found: f".{found[1][:6]:0<6}", text)
