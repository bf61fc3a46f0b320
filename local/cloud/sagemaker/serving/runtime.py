"""Answers of SageMaker Runtime that are errors, as the service words them.

Owns the JSON of an error with its status and headers. Deliberately not here: asking the model (api).
"""

from __future__ import annotations

import json
from typing import Any

from local.cloud.sagemaker.place import Place
from local.cloud.sagemaker.serving.host import Answer

Said = tuple[int, dict[str, str], str]
_LIMIT = 8 * 1024
"""Characters of a model's message that are passed on."""
BODY_LIMIT = 6 * 1024 * 1024
"""Bytes of a request (SageMaker Runtime API, BodyBlob)."""


def denied(text: str) -> Said:
    """The caller's own policies do not let it call the endpoint."""
    return _error(403, "AccessDeniedException", {"Message": text})


def too_large() -> Said:
    """A body beyond the limit, which the service refuses before the model sees it; such an error has no type."""
    return _error(413, "413", {"message": f"HTTP content length exceeded {BODY_LIMIT} bytes."})


def unknown_endpoint(place: Place, name: str) -> Said:
    """No such endpoint, or none that has come into service yet."""
    return _error(
        400, "ValidationError", {"Message": f"Endpoint {name} of account {place.account} not found."}
    )


def refusal(place: Place, name: str, answer: Answer) -> Said:
    """ModelError: the container answered with another status than 200."""
    who = "client" if 400 <= answer.status < 500 else "server"
    said = answer.message[:_LIMIT]
    group = f"/aws/sagemaker/Endpoints/{name}"
    region = place.region
    message = (
        f'Received {who} error ({answer.status}) from primary with message "{said}". See https://{region}.console.aws.'
        f"amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group} in account {place.account} for more "
        "information."
    )
    content = {
        "Message": message,
        "OriginalMessage": said,
        "OriginalStatusCode": answer.status,
        "LogStreamArn": f"arn:{place.partition}:logs:{region}:{place.account}:log-group:{group}",
    }
    return _error(424, "ModelError", content)


def _error(status: int, kind: str, content: dict[str, Any]) -> Said:
    # moto takes the status from this header
    headers = {"Content-Type": "application/json", "x-amzn-errortype": kind, "status": str(status)}
    return status, headers, json.dumps(content)
