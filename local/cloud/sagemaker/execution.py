"""One execution of a pipeline: which step runs when, and how it all ends.

Owns order (dependencies, branches, triggers, the limit of steps side by side), caching, retries, stopping, and
the values that steps see. Steps that do not wait for a failed one go on; a Fail step starts nothing further.
Deliberately not here: what a step does (steps) and the API in front (pipelines).
"""

from __future__ import annotations

import threading
import time
import traceback
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local.cloud.sagemaker import cache, conditions, steps, transfer
from local.cloud.sagemaker.cache import Cache, Hit
from local.cloud.sagemaker.definition import Definition, Step
from local.cloud.sagemaker.place import Session
from local.cloud.sagemaker.retry import Retries
from local.cloud.sagemaker.steps import Attempt, StepFailed, job_name
from local.cloud.sagemaker.values import Unknown, follow, resolve

ENDED = ("Succeeded", "Failed", "Stopped", "Skipped")
PARALLEL = 50
FAILURE = "Step failure: One or multiple steps failed."
_OUTCOMES = {"Completed": ("Succeeded",), "Failed": ("Failed",), "Stopped": ("Stopped",), "Any": ENDED[:3]}


@dataclass
class StepRun:
    """How far a step is; `Waiting` and `Skipped` are not shown to callers."""

    step: Step
    status: str = "Waiting"
    started: float | None = None
    ended: float | None = None
    reason: str = ""
    attempts: int = 0
    hit: str = ""
    outcome: bool | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """Return the entry of ListPipelineExecutionSteps."""
        document = self.step.document
        found: dict[str, Any] = {
            "StepName": self.step.name,
            "StepDisplayName": document.get("DisplayName"),
            "StepDescription": document.get("Description"),
            "StartTime": self.started,
            "EndTime": self.ended,
            "StepStatus": self.status,
            "FailureReason": self.reason or None,
            "Metadata": self.metadata,
            "AttemptCount": self.attempts,
        }
        if self.hit:
            found["CacheHitResult"] = {"SourcePipelineExecutionArn": self.hit}
        return {key: value for key, value in found.items() if value is not None}


class Execution:
    """An execution.

    Attributes
    ----------
    given
        Parameters that the caller gave, as texts.
    """

    def __init__(
        self,
        arn: str,
        text: str,
        definition: Definition,
        given: dict[str, str],
        session: Session,
        kept: Cache,
        parallel: int | None,
        description: dict[str, Any],
    ) -> None:
        self.arn, self.text, self.definition, self.given = arn, text, definition, given
        self.session, self.description = session, description
        self.parameters = definition.values(given)
        self.status, self.reason = "Executing", ""
        self.created = self.modified = time.time()
        self.parallel = parallel or PARALLEL
        self.runs = {name: StepRun(step) for name, step in definition.steps.items()}
        self.stopping = threading.Event()
        self.done = threading.Event()
        self._cache = kept
        self._changed = threading.Condition()
        self._ended_by_fail = False

    def start(self) -> None:
        """Run in a thread."""
        name = f"pipeline-{self.arn.rsplit('/', 1)[-1]}"
        threading.Thread(target=self._carry_out, name=name, daemon=True).start()

    def stop(self) -> None:
        """Stop what runs and start nothing further."""
        with self._changed:
            if self.status == "Executing":
                self.status, self.modified = "Stopping", time.time()
                self.stopping.set()
                self._changed.notify_all()

    def retry(self) -> None:
        """Run again what did not succeed."""
        for name, run in self.runs.items():
            if run.status != "Succeeded":
                self.runs[name] = StepRun(run.step)
        self.status, self.reason, self.modified = "Executing", "", time.time()
        self._ended_by_fail = False
        self.stopping, self.done = threading.Event(), threading.Event()
        self.start()

    def _carry_out(self) -> None:
        with self._changed:
            while True:
                self._settle()
                running = sum(
                    run.status in ("Starting", "Executing", "Stopping") for run in self.runs.values()
                )
                for run in self._ready():
                    if running >= self.parallel:
                        break
                    running += 1
                    run.status, run.started = "Starting", time.time()
                    name = f"step-{run.step.name}"[:60]
                    threading.Thread(target=self._run, args=(run,), name=name, daemon=True).start()
                if not running:
                    break
                self._changed.wait()
            self._conclude()
        self.done.set()

    def _ready(self) -> list[StepRun]:
        if self.stopping.is_set() or self._ended_by_fail:
            return []
        return [run for run in self.runs.values() if run.status == "Waiting" and self._may(run.step) is True]

    def _settle(self) -> None:
        """Skip what can never run any more."""
        changed = True
        while changed:
            changed = False
            for run in self.runs.values():
                if run.status == "Waiting" and self._may(run.step) is False:
                    run.status, changed = "Skipped", True

    def _may(self, step: Step) -> bool | None:
        """Whether a step may run; None when it is not known yet."""
        answers: list[bool | None] = []
        if step.branch is not None:
            condition = self.runs[step.branch[0]]
            known = condition.status in ENDED
            answers.append(condition.outcome is step.branch[1] if known else None)
        for name, trigger in step.waits.items():
            status = self.runs[name].status
            answers.append(status in _OUTCOMES[trigger] if status in ENDED else None)
        if False in answers:
            return False
        return None if None in answers else True

    def _run(self, run: StepRun) -> None:
        retries = Retries(run.step.type, run.step.document.get("RetryPolicies") or [])
        status, reason = "Succeeded", ""
        while True:
            run.attempts += 1
            try:
                self._attempt(run)
                status, reason = "Succeeded", ""
            except StepFailed as failed:
                status, reason = failed.status, failed.reason
                pause = None if self.stopping.is_set() else retries.wait(failed.fault)
                if pause is not None and not self.stopping.wait(pause):
                    continue
            except (Unknown, transfer.TransferFailed) as why:
                status, reason = (
                    "Failed",
                    f"ClientError: {why}".replace("ClientError: ClientError", "ClientError"),
                )
            except Exception as fault:  # a step must always end
                traceback.print_exc()
                status, reason = "Failed", f"InternalServerError: {type(fault).__name__}"
            break
        with self._changed:
            run.status, run.reason, run.ended = status, reason, time.time()
            self.modified = run.ended
            self._ended_by_fail = self._ended_by_fail or run.step.type == "Fail"
            self._changed.notify_all()

    def _attempt(self, run: StepRun) -> None:
        step, values = run.step, _Values(self, run.step)
        if step.type == "Condition":
            tests = step.arguments.get("Conditions") or []
            outcome = all(conditions.holds(each, values) for each in tests)
            run.metadata, run.properties = {"Condition": {"Outcome": str(outcome)}}, {"Outcome": outcome}
            run.outcome = outcome
            return
        arguments = resolve(step.arguments, values)
        config = step.document.get("CacheConfig") or {}
        signed = cache.signature(step.type, arguments) if config.get("Enabled") else None
        hit = self._cache.find(step.name, signed, config) if signed else None
        if hit is not None:
            run.hit, run.properties, run.metadata = hit.execution, hit.properties, hit.metadata
            return
        run.status = "Executing"
        document = resolve(
            {key: value for key, value in step.document.items() if key == "SqsQueueUrl"}, values
        )
        told = Step(step.name, step.type, {**step.document, **document}, step.branch, step.waits)
        attempt = Attempt(told, arguments, self.session, self.arn, self.stopping, run.metadata)
        run.properties = steps.carry_out(attempt)
        if signed:
            self._cache.keep(step.name, signed, Hit(self.arn, run.properties, run.metadata, time.time()))

    def _conclude(self) -> None:
        """Say how the execution ended."""
        failed = [name for name, run in self.runs.items() if run.status == "Failed"]
        stopped = [name for name, run in self.runs.items() if run.status == "Stopped"]
        if self.stopping.is_set():
            self.status = "Stopped"
        elif self._ended_by_fail or any(not self._answered(name, "Failed") for name in failed):
            self.status, self.reason = "Failed", FAILURE
        elif any(not self._answered(name, "Stopped") for name in stopped):
            self.status = "Stopped"
        else:
            self.status = "CompletedWithFailures" if failed or stopped else "Succeeded"
        self.modified = time.time()

    def _answered(self, name: str, outcome: str) -> bool:
        """Whether a step ran because another one failed or was stopped."""
        return any(
            run.step.waits.get(name) in (outcome, "Any") and run.status == "Succeeded"
            for run in self.runs.values()
        )

    def shown(self) -> list[dict[str, Any]]:
        """Return the steps that have begun, in the order in which they did."""
        begun = [run for run in self.runs.values() if run.started is not None]
        return [run.shown() for run in sorted(begun, key=lambda run: run.started or 0.0)]


class _Values:
    """What a step's expressions refer to."""

    def __init__(self, execution: Execution, step: Step) -> None:
        self._execution, self._step = execution, step

    def parameter(self, name: str) -> Any:
        """Value of a parameter."""
        return self._execution.parameters[name]

    def execution(self, name: str) -> Any:
        """Value of a variable."""
        run = self._execution
        pipeline = run.arn.split("/execution/")[0]
        known = {
            "StartDateTime": _moment(run.created),
            "CurrentDateTime": _moment(time.time()),
            "PipelineName": run.description["PipelineName"],
            "PipelineArn": pipeline,
            "PipelineExecutionId": run.arn.rsplit("/", 1)[-1],
            "PipelineExecutionArn": run.arn,
        }
        return known[name] if name in known else job_name(known["PipelineExecutionId"], self._step)

    def properties(self, step: str) -> Any:
        """Properties of a step."""
        return self._execution.runs[step].properties

    def property_file(self, step: str, name: str) -> bytes:
        """Content of a property file, read from the output in which the step's definition says it lies."""
        run = self._execution.runs[step]
        files = run.step.document.get("PropertyFiles") or []
        file = next(each for each in files if each["PropertyFileName"] == name)
        whole = f"output {file['OutputName']} of step {step}"
        path = f"['ProcessingOutputConfig']['Outputs']['{file['OutputName']}']['S3Output']['S3Uri']"
        return self.read(f"{follow(run.properties, path, whole).rstrip('/')}/{file['FilePath']}")

    def read(self, uri: str) -> bytes:
        """Content of an object, read as the pipeline's role."""
        return transfer.read(self._execution.session, uri)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
