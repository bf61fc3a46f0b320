"""How a run of the pipeline stands: its steps with state, duration and what each came to.

Owns reading SageMaker's descriptions of executions and of the jobs behind their steps. Deliberately not here: starting
runs (`runs`) and printing as they go on (`cli.pipeline`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.text_table import aligned
from training.session import Context, aws_errors

SUCCEEDED = "Succeeded"
ENDED = (SUCCEEDED, "Failed", "Stopped")
"""States that an execution does not leave."""
_MEASURES = ("auc", "pr-auc", "ks", "brier")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a run; `seconds` is None until it has begun."""

    name: str
    status: str
    seconds: float | None
    detail: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run: state, reason of a failure, and its steps in the order they began."""

    arn: str
    status: str
    reason: str
    started: dt.datetime
    steps: tuple[Step, ...]

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in ENDED


def look(context: Context, arn: str) -> Run:
    """A run as it is now.

    Raises
    ------
    MeshError
        There is no such run, or AWS refused a call.
    """
    client = context.session.client("sagemaker")
    with aws_errors(f"run {arn.rsplit('/', 1)[-1]} as {context.role}"):
        answer = client.describe_pipeline_execution(PipelineExecutionArn=arn)
        entries: list[Mapping[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            page = client.list_pipeline_execution_steps(
                PipelineExecutionArn=arn, SortOrder="Ascending", **token
            )
            entries += page["PipelineExecutionSteps"]
            if not page.get("NextToken"):
                break
            token = {"NextToken": page["NextToken"]}
        steps = tuple(_step(client, entry) for entry in entries)
    return Run(
        arn=arn,
        status=str(answer["PipelineExecutionStatus"]),
        reason=str(answer.get("FailureReason") or ""),
        started=answer["CreationTime"],
        steps=steps,
    )


def _step(client: Any, entry: Mapping[str, Any]) -> Step:
    begun, over = entry.get("StartTime"), entry.get("EndTime")
    seconds = None
    if begun:
        seconds = ((over or dt.datetime.now(begun.tzinfo)) - begun).total_seconds()
    return Step(
        name=str(entry["StepName"]),
        status=str(entry["StepStatus"]),
        seconds=seconds,
        detail=_detail(client, entry),
    )


def _detail(client: Any, entry: Mapping[str, Any]) -> str:
    """A failure's reason, else what the step came to."""
    metadata = entry.get("Metadata") or {}
    if entry.get("FailureReason"):
        return _told_by_script(client, metadata) or str(entry["FailureReason"])
    if entry["StepStatus"] != SUCCEEDED:
        return ""
    parts = ["taken from an earlier run"] if entry.get("CacheHitResult") else []
    for kind, told in _TOLD.items():
        if kind in metadata:
            parts.append(told(client, metadata[kind]))
    return "; ".join(part for part in parts if part)


def _told_by_script(client: Any, metadata: Mapping[str, Any]) -> str:
    """What a script said where the step's own reason says less: no more than an exit code, or that all jobs failed."""
    if "ProcessingJob" in metadata:
        job = client.describe_processing_job(ProcessingJobName=_name(metadata["ProcessingJob"]))
        return str(job.get("ExitMessage") or "")
    if "TuningJob" in metadata:
        found = client.list_training_jobs_for_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=_name(metadata["TuningJob"]), StatusEquals="Failed", MaxResults=1
        )["TrainingJobSummaries"]
        return str(found[0].get("FailureReason") or "") if found else ""
    return ""


def _trained(client: Any, job: Mapping[str, Any]) -> str:
    answer = client.describe_training_job(TrainingJobName=_name(job))
    found = {entry["MetricName"]: entry["Value"] for entry in answer.get("FinalMetricDataList") or []}
    return ", ".join(f"{name} {value:.4f}" for name, value in sorted(found.items()))


def _tuned(client: Any, job: Mapping[str, Any]) -> str:
    answer = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=_name(job))
    best = answer.get("BestTrainingJob") or {}
    metric = best.get("FinalHyperParameterTuningJobObjectiveMetric") or {}
    if not metric:
        return ""
    return (
        f"best of {answer['HyperParameterTuningJobConfig']['ResourceLimits']['MaxNumberOfTrainingJobs']}: "
        + (f"{metric['MetricName']} {metric['Value']:.4f}")
    )


def _registered(client: Any, package: Mapping[str, Any]) -> str:
    answer = client.describe_model_package(ModelPackageName=package["Arn"])
    metadata = answer.get("CustomerMetadataProperties") or {}
    measures = [f"{name} {float(metadata[name]):.4f}" for name in _MEASURES if _is_number(metadata.get(name))]
    version = "/".join(str(package["Arn"]).rsplit("/", 2)[-2:])
    return ", ".join([f"{version} {answer['ModelApprovalStatus']}", *measures])


def _decided(_client: Any, condition: Mapping[str, Any]) -> str:
    return {"True": "met", "False": "not met"}.get(str(condition.get("Outcome")), "")


_TOLD = {
    "TrainingJob": _trained,
    "TuningJob": _tuned,
    "RegisterModel": _registered,
    "Condition": _decided,
}
"""Metadata of a step -> what to say of it."""


def _name(job: Mapping[str, Any]) -> str:
    return str(job["Arn"]).rsplit("/", 1)[-1]


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def why(run: Run) -> str:
    """One line on a run that did not succeed: each step that failed or was stopped, and its reason.

    SageMaker's own reason of a run says no more than that some step failed.
    """
    ended = [step for step in run.steps if step.status in ENDED[1:]]
    told = [f"step {step.name}: {' '.join(step.detail.split()) or step.status}" for step in ended]
    return "; ".join(told) or run.reason or run.status


def table(run: Run) -> str:
    """A run as lines of text: a heading, one line a step, and the reason where it failed."""
    rows = [[step.name, step.status, _duration(step.seconds), step.detail] for step in run.steps]
    lines = [f"{run.arn.rsplit('/', 1)[-1]}  {run.status}  started {run.started:%Y-%m-%d %H:%M:%S}"]
    lines += [f"  {line}" for line in aligned(rows)] or ["  no step has begun"]
    if run.reason:
        lines.append(run.reason)
    return "\n".join(lines)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    whole = round(seconds)
    return f"{seconds:.1f} s" if seconds < 60 else f"{whole // 60} min {whole % 60} s"
