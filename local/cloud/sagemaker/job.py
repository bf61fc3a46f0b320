"""What every job of SageMaker is: a name, a state, a thread that carries it out, and an end in any case.

Owns creation under a unique name, states and times, and the quota of instances that run at once. Deliberately
not here: what a kind of job does (processing, training, tuning) and the API in front (api).
"""

from __future__ import annotations

import threading
import time
import traceback
from typing import Any, ClassVar

from local.cloud.sagemaker import shapes
from local.cloud.sagemaker.errors import in_use, invalid, limit
from local.cloud.sagemaker.place import Place
from local.cloud.sagemaker.transfer import TransferFailed

ENDED = ("Completed", "Failed", "Stopped")
INSTANCES = 20
"""Instances of one kind of job that an account may have at once; each is a process here."""

_creating = threading.Lock()
INTERNAL = "InternalServerError: We encountered an internal error. Please try again."


class Failed(Exception):
    """The job failed; the text is its FailureReason."""


class Job:
    """A job, moto's stand-in for its kind in the tagging calls.

    Attributes
    ----------
    kind
        Kind in API names (`Processing`, `Training`, `HyperParameterTuning`).
    request
        The request that made it, as it was sent.
    """

    kind: ClassVar[str]
    arn_kind: ClassVar[str]
    shelf: ClassVar[str]

    def __init__(self, place: Place, request: dict[str, Any]) -> None:
        self.place, self.request = place, request
        self.name: str = request[f"{self.kind}JobName"]
        self.arn = place.arn(self.arn_kind, self.name)
        self.tags = request.get("Tags") or []
        self.status, self.reason = "InProgress", ""
        self.created = self.modified = time.time()
        self.started: float | None = None
        self.ended: float | None = None
        self.instances = 0
        self.stopping = threading.Event()
        self.done = threading.Event()
        self._lock = threading.RLock()

    @classmethod
    def known(cls, place: Place) -> dict[str, Any]:
        """Jobs of this kind by name, in the order of their creation; a reset of the cloud forgets them."""
        found: dict[str, Any] = getattr(place.backend, cls.shelf)
        return found

    @classmethod
    def create(cls, place: Place, request: dict[str, Any]) -> Job:
        """Check a request, keep the job and start it.

        Raises
        ------
        JsonRESTError
            ValidationException, ResourceInUse or ResourceLimitExceeded as the service has it.
        """
        shapes.check(f"Create{cls.kind}Job", request)
        made = cls(place, request)
        made.demand()
        with _creating:
            if made.name in cls.known(place):
                raise in_use(f"{cls._noun()} names must be unique within an AWS account and region.")
            made._within_quota()
            cls.known(place)[made.name] = made
        threading.Thread(target=made._carry_out, name=f"{cls.kind}-{made.name}"[:60], daemon=True).start()
        return made

    @classmethod
    def find(cls, place: Place, name: str) -> Any:
        """Return a job by its name, or by the name as its ARN has it; refuse one that is unknown."""
        known = cls.known(place)
        found = known.get(name) or next(
            (each for each in known.values() if each.arn.endswith(f"/{name}")), None
        )
        if found is None:
            raise invalid(cls._unknown(name))
        return found

    @classmethod
    def _noun(cls) -> str:
        return {"HyperParameterTuning": "Hyper parameter tuning job"}.get(cls.kind, f"{cls.kind} job")

    @classmethod
    def _unknown(cls, name: str) -> str:
        return f"Requested resource not found: could not find {cls._noun().lower()} '{name}'."

    def _within_quota(self) -> None:
        used = sum(each.instances for each in self.known(self.place).values() if each.status not in ENDED)
        if used + self.instances > INSTANCES:
            quota = f"Number of instances across all {self.kind.lower()} jobs"
            raise limit(quota, INSTANCES, used, self.instances)

    def demand(self) -> None:
        """Refuse what only this kind of job knows to be wrong."""
        raise NotImplementedError

    def work(self) -> str:
        """Do the job; return the status in which it ends. Failed and TransferFailed end it as Failed."""
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """Return the answer of the Describe call."""
        raise NotImplementedError

    def summary(self) -> dict[str, Any]:
        """Return the entry of the List call."""
        raise NotImplementedError

    def gen_response_object(self) -> dict[str, Any]:
        """Return what moto's Search shows of the job."""
        return self.describe()

    def entered(self, status: str) -> None:
        """Told when the job has come to its end, before anybody can see it."""

    def stop(self) -> None:
        """Stop a job that has not ended."""
        with self._lock:
            if self.status in ENDED:
                return
            self.status, self.modified = "Stopping", time.time()
            self.stopping.set()
        self.interrupt()

    def interrupt(self) -> None:
        """Told when the job has to stop."""

    @staticmethod
    def _now() -> float:
        return time.time()

    def _carry_out(self) -> None:
        try:
            status, reason = self.work(), ""
        except (Failed, TransferFailed) as why:
            status, reason = "Failed", str(why)
        except Exception:  # a job must always end
            traceback.print_exc()
            status, reason = "Failed", INTERNAL
        if self.stopping.is_set() and status != "Completed":
            status, reason = "Stopped", ""
        with self._lock:
            self.reason = reason[:1024]
            self.ended = self.modified = time.time()
            self.entered(status)
            self.status = status
        self.done.set()
