"""Retries of a step.

Owns which fault is of which exception type, which policy answers it and how long it waits. Policies are written for
a service in which capacity comes back in minutes; here nothing gets better by waiting, so that a second of a policy
takes a five-hundredth of one: attempts, their order and growth are SageMaker's, the clock is not. The variable
`MESH_RETRY_SECOND` says another length, 1 for real time. Without a policy, faults of
the service and throttling are retried a few times, as Pipelines does by itself (developer guide, "Retry Policy
for Pipeline Steps"). Deliberately not here: what a step does.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any

SERVICE_FAULT, THROTTLING = "Step.SERVICE_FAULT", "Step.THROTTLING"
INTERNAL, CAPACITY, LIMIT = (
    "SageMaker.JOB_INTERNAL_ERROR",
    "SageMaker.CAPACITY_ERROR",
    "SageMaker.RESOURCE_LIMIT",
)
DEFAULT = {
    "ExceptionType": [SERVICE_FAULT, THROTTLING],
    "IntervalSeconds": 1,
    "BackoffRate": 2.0,
    "MaxAttempts": 3,
}
RETRIED = ("Processing", "Training", "Tuning", "Model", "RegisterModel", "Transform")
_THROTTLED = ("ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded")


SECOND = 0.002
"""Length of a policy's second, unless another one is asked for."""


def second() -> float:
    """Length of a policy's second."""
    return float(os.environ.get("MESH_RETRY_SECOND") or SECOND)


def of_call(code: str, status: int) -> str:
    """Return the exception type of a refused call, or an empty text for one that is not retried."""
    if code in _THROTTLED:
        return THROTTLING
    if code == "ResourceLimitExceeded":
        return LIMIT
    return SERVICE_FAULT if status >= 500 else ""


def of_job(reason: str) -> str:
    """Return the exception type of a job's FailureReason, or an empty text."""
    starts = {"InternalServerError": INTERNAL, "CapacityError": CAPACITY, "ResourceLimitExceeded": LIMIT}
    return next((kind for start, kind in starts.items() if reason.startswith(start)), "")


@dataclass
class Retries:
    """The retries that one step has left.

    Attributes
    ----------
    policies
        `RetryPolicies` of the step.
    """

    kind: str
    policies: list[dict[str, Any]]
    _began: float = field(default_factory=time.monotonic)
    _done: dict[int, int] = field(default_factory=dict)

    def wait(self, fault: str) -> float | None:
        """Return the seconds until the next attempt after a fault, or None when there is none."""
        if not fault or (self.kind == "Tuning" and fault == INTERNAL):
            return None
        own = self.policies if self.kind in RETRIED else []
        policy = next((each for each in own if fault in _types(each)), None)
        if policy is None and fault in DEFAULT["ExceptionType"]:  # type: ignore[operator]
            policy = DEFAULT
        if policy is None:
            return None
        done = self._done.get(id(policy), 0)
        expires = policy.get("ExpireAfterMin")
        spent = (time.monotonic() - self._began) / second()
        if done >= int(policy.get("MaxAttempts") or 20) or (expires is not None and spent > expires * 60):
            return None
        self._done[id(policy)] = done + 1
        pause = float(policy.get("IntervalSeconds", 1)) * float(policy.get("BackoffRate", 2.0)) ** done
        return pause * second()


def _types(policy: dict[str, Any]) -> list[str]:
    given = policy.get("ExceptionType") or []
    return [given] if isinstance(given, str) else list(given)
