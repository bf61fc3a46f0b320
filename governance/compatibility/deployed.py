"""The contracts in what `pulumi stack export` prints: those of the last run that came to its end.

A stack's outputs change only when a run succeeds, its resources one by one. So the record among the outputs
(`contracts.record`) is what readers were promised, also after a run that failed half way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from governance.contracts.model import Contract
from governance.contracts.record import EXPORT, read_records
from governance.errors import MeshError

STACK = "pulumi:pulumi:Stack"


def read_export(text: str, file: str) -> dict[str, Contract]:
    """Contracts a producer's stack was last deployed with, by product; empty when nothing is deployed.

    Raises
    ------
    MeshError
        The text is no stack export, or that of a stack without contracts.
    """
    try:
        resources = json.loads(text)["deployment"]["resources"] or []
        outputs: list[Mapping[str, Any]] = [
            item.get("outputs") or {} for item in resources if item["type"] == STACK
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise MeshError(
            "is no stack export; write one with 'pulumi stack export --file FILE'", file
        ) from None
    if outputs and EXPORT not in outputs[0]:
        raise MeshError(
            f"has no output '{EXPORT}'; export a producer's stack, brought up with this version of the program",
            file,
        )
    return read_records(outputs[0], f"in {file}") if outputs else {}
