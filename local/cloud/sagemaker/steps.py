"""What each type of pipeline step does.

A step calls the ordinary API as the pipeline's role, waits for what it started, and hands on the description
as its properties. Owns the calls, the names of jobs, and the words of failures. Deliberately not here: order,
caching and retries (execution). Types without a rule here (Lambda, EMR, quality checks, ...) fail with a
reason that says so.
"""

from __future__ import annotations

import json
import secrets
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from local.cloud.sagemaker import retry
from local.cloud.sagemaker.definition import Step
from local.cloud.sagemaker.place import Session

_POLL = 0.1
_LETTERS = string.ascii_letters + string.digits


class StepFailed(Exception):
    """A step failed; `fault` is the exception type for retries, `status` its last status."""

    def __init__(self, reason: str, fault: str = "", status: str = "Failed") -> None:
        super().__init__(reason)
        self.reason, self.fault, self.status = reason, fault, status


@dataclass
class Attempt:
    """One attempt at a step.

    Attributes
    ----------
    execution
        ARN of the execution.
    metadata
        What ListPipelineExecutionSteps tells of the step; filled as soon as something is known.
    """

    step: Step
    arguments: dict[str, Any]
    session: Session
    execution: str
    stopping: threading.Event
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def execution_id(self) -> str:
        """Last part of the execution's ARN."""
        return self.execution.rsplit("/", 1)[-1]

    def call(self, service: str, operation: str, **request: Any) -> Any:
        """Call the API as the pipeline's role.

        Raises
        ------
        StepFailed
            The call was refused, by the service or because its arguments are not the operation's.
        """
        client = self.session.client(service)
        try:
            return getattr(client, operation)(**request)
        except ClientError as refused:
            error, answer = refused.response["Error"], refused.response.get("ResponseMetadata", {})
            fault = retry.of_call(error["Code"], int(answer.get("HTTPStatusCode") or 400))
            named = f"{service}:{refused.operation_name}"
            raise StepFailed(
                f"ClientError: Failed to invoke {named}. Error Details: {error.get('Message')}", fault
            ) from None
        except ParamValidationError as wrong:
            raise StepFailed(f"ClientError: {operation}: {wrong}".replace("\n", " ")) from None


@dataclass(frozen=True)
class _Job:
    """How a kind of job is called in the API."""

    noun: str
    snake: str
    metadata: str
    longest: int = 63


_JOBS = {
    "Processing": _Job("ProcessingJob", "processing_job", "ProcessingJob"),
    "Training": _Job("TrainingJob", "training_job", "TrainingJob"),
    "Transform": _Job("TransformJob", "transform_job", "TransformJob"),
    "Tuning": _Job("HyperParameterTuningJob", "hyper_parameter_tuning_job", "TuningJob", 32),
}


def job_name(execution_id: str, step: Step, given: str | None = None) -> str:
    """Return a fresh name for a job, in the form Pipelines gives it."""
    chance = "".join(secrets.choice(_LETTERS) for _ in range(10))
    longest = _JOBS[step.type].longest if step.type in _JOBS else 63
    start = given or (f"pipelines-{execution_id}" if longest > 32 else execution_id)
    title = step.name.replace("_", "-")
    room = longest - len(chance) - 2 - len(start)
    if given or room < 1:
        return f"{start[: longest - len(chance) - 1].rstrip('-')}-{chance}"
    return f"{start}-{title[:room].strip('-')}-{chance}"


def carry_out(attempt: Attempt) -> dict[str, Any]:
    """Carry a step out; return its properties.

    Raises
    ------
    StepFailed
        It failed, or was stopped.
    """
    kind = attempt.step.type
    if kind in _JOBS:
        return _job(attempt, _JOBS[kind])
    rule = _RULES.get(kind)
    if rule is None:
        raise StepFailed(f"ClientError: steps of type {kind} do not run in the embedded cloud")
    return rule(attempt)


def _job(attempt: Attempt, kind: _Job) -> dict[str, Any]:
    request = dict(attempt.arguments)
    name = job_name(attempt.execution_id, attempt.step, request.pop(f"{kind.noun}Name", None))
    tags = {
        "sagemaker:pipeline-execution-arn": attempt.execution,
        "sagemaker:pipeline-step-name": attempt.step.name,
    }
    own = [{"Key": key, "Value": value} for key, value in tags.items()]
    request["Tags"] = [*(request.get("Tags") or []), *own]
    named = {f"{kind.noun}Name": name}
    made = attempt.call("sagemaker", f"create_{kind.snake}", **named, **request)
    attempt.metadata[kind.metadata] = {"Arn": made[f"{kind.noun}Arn"]}
    asked = False
    while True:
        found = attempt.call("sagemaker", f"describe_{kind.snake}", **named)
        status = found[f"{kind.noun}Status"]
        if status in ("Completed", "Failed", "Stopped"):
            break
        if attempt.stopping.is_set() and not asked:
            asked = True
            _stop(attempt, kind, named)
        attempt.stopping.wait(_POLL) if not asked else threading.Event().wait(_POLL)
    if status != "Completed":
        reason = str(found.get("FailureReason") or f"{kind.noun} {name} was stopped.")
        raise StepFailed(reason, retry.of_job(reason), status)
    if attempt.step.type == "Tuning":
        ranked = attempt.call(
            "sagemaker",
            "list_training_jobs_for_hyper_parameter_tuning_job",
            **named,
            SortBy="FinalObjectiveMetricValue",
            SortOrder="Descending" if _maximizes(found) else "Ascending",
            MaxResults=50,
        )
        found["TrainingJobSummaries"] = ranked["TrainingJobSummaries"]
    return _plain(found)


def _maximizes(found: dict[str, Any]) -> bool:
    best = found.get("BestTrainingJob") or {}
    return bool((best.get("FinalHyperParameterTuningJobObjectiveMetric") or {}).get("Type") == "Maximize")


def _stop(attempt: Attempt, kind: _Job, named: dict[str, str]) -> None:
    try:
        attempt.call("sagemaker", f"stop_{kind.snake}", **named)
    except StepFailed:
        return  # it ended in between


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    """Return a description as JSON has it."""
    kept = {key: value for key, value in found.items() if key != "ResponseMetadata"}
    plain: dict[str, Any] = json.loads(json.dumps(kept, default=lambda moment: moment.isoformat()))
    return plain


def _model(attempt: Attempt) -> dict[str, Any]:
    request = dict(attempt.arguments)
    given = request.pop("ModelName", None)
    name = job_name(attempt.execution_id, attempt.step, given)
    made = attempt.call("sagemaker", "create_model", ModelName=name, **request)
    attempt.metadata["Model"] = {"Arn": made["ModelArn"]}
    return _plain(attempt.call("sagemaker", "describe_model", ModelName=name))


def _register(attempt: Attempt) -> dict[str, Any]:
    made = attempt.call("sagemaker", "create_model_package", **attempt.arguments)
    arn = made["ModelPackageArn"]
    attempt.metadata["RegisterModel"] = {"Arn": arn}
    return _plain(attempt.call("sagemaker", "describe_model_package", ModelPackageName=arn))


def _fail(attempt: Attempt) -> dict[str, Any]:
    message = str(attempt.arguments.get("ErrorMessage") or "")
    attempt.metadata["Fail"] = {"ErrorMessage": message}
    raise StepFailed(message)


class Callbacks:
    """Callback steps that wait for an answer, by token."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[threading.Event, dict[str, Any], str]] = {}

    def open(self, execution: str) -> tuple[str, threading.Event, dict[str, Any]]:
        """Return a new token, and what is set and filled when the answer comes."""
        token, answered, answer = secrets.token_hex(5), threading.Event(), dict[str, Any]()
        self._waiting[token] = (answered, answer, execution)
        return token, answered, answer

    def answer(self, token: str, content: dict[str, Any]) -> str | None:
        """Hand an answer over; return the execution that waits for it, or None for an unknown token."""
        found = self._waiting.pop(token, None)
        if found is None:
            return None
        answered, answer, execution = found
        answer.update(content)
        answered.set()
        return execution


callbacks = Callbacks()


def _callback(attempt: Attempt) -> dict[str, Any]:
    queue = str(attempt.step.document.get("SqsQueueUrl") or "")
    token, answered, answer = callbacks.open(attempt.execution)
    attempt.metadata["Callback"] = {"CallbackToken": token, "SqsQueueUrl": queue}
    told = False

    def tell(status: str) -> None:
        body = {
            "token": token,
            "pipelineExecutionArn": attempt.execution,
            "arguments": attempt.arguments,
            "status": status,
        }
        attempt.call("sqs", "send_message", QueueUrl=queue, MessageBody=json.dumps(body))

    tell("Executing")
    while not answered.wait(_POLL):
        if attempt.stopping.is_set() and not told:
            told = True
            tell("Stopping")
    if "FailureReason" in answer:
        raise StepFailed(f"ClientError: {answer['FailureReason'] or 'the callback step failed'}")
    outputs = answer.get("OutputParameters") or []
    attempt.metadata["Callback"]["OutputParameters"] = outputs
    return {"OutputParameters": {each["Name"]: each["Value"] for each in outputs}}


_RULES: dict[str, Callable[[Attempt], dict[str, Any]]] = {
    "Model": _model,
    "RegisterModel": _register,
    "Fail": _fail,
    "Callback": _callback,
}
