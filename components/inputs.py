"""Inputs made of other inputs with as few outputs as it takes.

Pulumi's own `Output.json_dumps` and `Output.concat` make outputs of every value in them, known or not: a hundred for a
bucket policy, a dozen for an address. With a thousand products that is a third of the program's time. Deliberately not
here: what documents say (`documents`, `role_documents`) and physical names (`governance.names`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi


def document_text(document: Mapping[str, Any]) -> pulumi.Input[str]:
    """A document as JSON.

    Parameters
    ----------
    document
        Dicts, lists and plain values; any of them may be an output of a plain value.

    Returns
    -------
    str or Output[str]
        Text at once when all is known, else an output that depends on what the document's outputs depend on.

    Raises
    ------
    TypeError
        For a value that is neither JSON nor an output.
    """
    waits: dict[int, pulumi.Output[Any]] = {}

    def note(value: object) -> None:
        if not isinstance(value, pulumi.Output):
            raise TypeError(f"a document holds text, numbers, lists and outputs, no {type(value).__name__}")
        waits[id(value)] = value

    text = json.dumps(document, default=note)
    if not waits:
        return text
    if len(waits) == 1:
        (only,) = waits.values()
        return only.apply(lambda value: json.dumps(document, default=lambda _: value))

    def filled(values: list[Any]) -> str:
        known = dict(zip(waits, values, strict=True))
        return json.dumps(document, default=lambda output: known[id(output)])

    return pulumi.Output.all(*waits.values()).apply(filled)


def s3_url(bucket: pulumi.Input[str], path: str) -> pulumi.Input[str]:
    """Address of a path in a bucket; text at once for a known name, else it waits for what the name waits for."""
    if isinstance(bucket, pulumi.Output):
        return bucket.apply(lambda made: f"s3://{made}/{path}")
    return f"s3://{bucket}/{path}"
