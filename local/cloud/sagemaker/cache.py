"""Step caching: a step that ran with the same attributes is not run again.

Owns which attributes count for which type of step, how old a run may be, and what was run. The attributes are
those of "Default cache key attributes by pipeline step type" in the SageMaker developer guide; a cache belongs
to one pipeline, holds successful runs only and gives the latest one. Deliberately not here: when it is asked
(execution).
"""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from local.cloud.sagemaker.values import Unknown

_TUNED = (
    "AlgorithmSpecification",
    "HyperParameterRanges",
    "InputDataConfig",
    "StaticHyperParameters",
    "TuningObjective",
)
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        *("AlgorithmSpecification", "CheckpointConfig", "DebugHookConfig", "DebugRuleConfigurations"),
        *("Environment", "HyperParameters", "InputDataConfig"),
    ),
    "Tuning": ("HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions"),
    "Transform": ("DataProcessing", "Environment", "ModelName", "TransformInput"),
}
_DURATION = re.compile(
    r"P?(?:(?P<y>\d+)Y)?(?:(?P<mo>\d+)M)?(?:(?P<w>\d+)W)?(?:(?P<d>\d+)D)?"
    r"(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+)S)?)?",
    re.IGNORECASE,
)
_SECONDS = {"y": 365 * 86400, "mo": 30 * 86400, "w": 7 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}


def duration(text: str) -> float:
    """Return the seconds of an ISO 8601 duration, also in the short forms of the guide (`30d`, `T16m`)."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.groupdict().values()):
        raise Unknown(f"ExpireAfter '{text}' is not an ISO 8601 duration")
    return float(sum(int(value) * _SECONDS[unit] for unit, value in found.groupdict().items() if value))


def signature(kind: str, arguments: dict[str, Any]) -> str | None:
    """Return what must be the same for a run to be reused, or None for types that are never cached."""
    if kind not in ATTRIBUTES:
        return None
    found = {key: arguments.get(key) for key in ATTRIBUTES[kind]}
    if kind == "Tuning":
        for key in ("TrainingJobDefinition", "TrainingJobDefinitions"):
            given = found[key]
            pairs = given if isinstance(given, list) else [given or {}]
            found[key] = [{name: each.get(name) for name in _TUNED} for each in pairs]
    return json.dumps([kind, found], sort_keys=True, default=str)


@dataclass(frozen=True)
class Hit:
    """An earlier run of a step."""

    execution: str
    properties: dict[str, Any]
    metadata: dict[str, Any]
    ended: float


@dataclass
class Cache:
    """The successful runs of one pipeline."""

    _runs: dict[tuple[str, str], list[Hit]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, step: str, signed: str, config: dict[str, Any]) -> Hit | None:
        """Return the latest run of a step with a signature that is not older than `ExpireAfter`."""
        with self._lock:
            runs = list(self._runs.get((step, signed), ()))
        oldest = time.time() - duration(config["ExpireAfter"]) if config.get("ExpireAfter") else 0.0
        return next((each for each in reversed(runs) if each.ended >= oldest), None)

    def keep(self, step: str, signed: str, hit: Hit) -> None:
        """Keep a successful run."""
        with self._lock:
            self._runs.setdefault((step, signed), []).append(hit)
