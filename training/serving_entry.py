"""What the serving container calls: the four functions, with a caller's mistake answered as such.

The container turns whatever a function raises into an internal error without a word of what was wrong. A mistake
in a request therefore passes through `predict_fn` as a value, and `output_fn` answers it with status 400 and the
line. Deliberately not here: parsing and scoring (`inference`), whose functions raise.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from training import inference
from training.inference import JSON_TYPE, Model, Payload, PayloadError


def model_fn(model_dir: str | Path) -> Model:
    """Load the model; a corrupt one ends the container with one line that says so."""
    return inference.model_fn(model_dir)


def input_fn(request_body: str | bytes, content_type: str = JSON_TYPE) -> Payload | PayloadError:
    """Parse a request, or return what is wrong with it."""
    try:
        return inference.input_fn(request_body, content_type or JSON_TYPE)
    except PayloadError as error:
        return error


def predict_fn(payload: Payload | PayloadError, model: Model) -> dict[str, Any] | PayloadError:
    """Score a request, or return what is wrong with it."""
    if isinstance(payload, PayloadError):
        return payload
    try:
        return inference.predict_fn(payload, model)
    except PayloadError as error:
        return error


def output_fn(prediction: dict[str, Any] | PayloadError, accept: str = JSON_TYPE) -> Any:
    """The answer as (body, content type), or a response of status 400 with ``{"error": line}``."""
    if not isinstance(prediction, PayloadError):
        try:
            return inference.output_fn(prediction, accept or JSON_TYPE)
        except PayloadError as error:
            prediction = error
    return _refused(prediction)


def _refused(error: PayloadError) -> Any:
    try:
        from werkzeug.wrappers import Response  # beside Flask, which the container serves with
    except ImportError:
        raise error from None
    return Response(json.dumps({"error": str(error)}), status=error.status_code, mimetype=JSON_TYPE)
