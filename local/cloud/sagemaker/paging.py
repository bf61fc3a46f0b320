"""Requests and pages of the calls served here.

Owns reading a request as it was sent and cutting a list into pages. Deliberately not here: filters and orders.
"""

from __future__ import annotations

import json
from typing import Any

from local.cloud.sagemaker import shapes
from local.cloud.sagemaker.errors import invalid

_PAGE = 10


def request_of(response: Any, operation: str | None = None) -> dict[str, Any]:
    """Return a request as it was sent, held to the model of an operation if one is named."""
    found: dict[str, Any] = json.loads(response.body or "{}")
    if operation is not None:
        shapes.check(operation, found)
    return found


def paged(found: list[Any], request: dict[str, Any], key: str, size: int = _PAGE) -> dict[str, Any]:
    """Return one page of a list."""
    try:
        start = int(request.get("NextToken") or 0)
    except ValueError:
        raise invalid("Invalid pagination token.") from None
    end = start + int(request.get("MaxResults") or size)
    more = {"NextToken": str(end)} if end < len(found) else {}
    return {key: found[start:end], **more}
