"""The API of a pipeline's executions: looking at them, stopping, trying again, answering callback steps.

Owns the calls as clients see them. Deliberately not here: pipelines themselves and starting them (pipelines),
and how an execution goes (execution).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult

from local.cloud.sagemaker import place, shapes
from local.cloud.sagemaker.errors import invalid, missing
from local.cloud.sagemaker.execution import Execution
from local.cloud.sagemaker.paging import paged, request_of
from local.cloud.sagemaker.place import Place
from local.cloud.sagemaker.steps import callbacks


def _execution(where: Place, arn: str) -> Execution:
    executions = (each.pipeline_executions.get(arn) for each in where.backend.pipelines.values())
    found = next((each for each in executions if each is not None), None)
    if not isinstance(found, Execution):
        raise missing(f"Pipeline execution with ARN '{arn}' does not exist.")
    return found


def stop_pipeline_execution(self: Any) -> ActionResult:
    """Serve StopPipelineExecution."""
    execution = _execution(place.of(self), request_of(self, "StopPipelineExecution")["PipelineExecutionArn"])
    if execution.status != "Executing":
        raise invalid(
            f"Pipeline execution with ARN {execution.arn} is {execution.status} and cannot be stopped."
        )
    execution.stop()
    return ActionResult({"PipelineExecutionArn": execution.arn})


def retry_pipeline_execution(self: Any) -> ActionResult:
    """Serve RetryPipelineExecution."""
    execution = _execution(place.of(self), request_of(self, "RetryPipelineExecution")["PipelineExecutionArn"])
    if execution.status not in ("Failed", "Stopped"):
        raise invalid(
            f"Pipeline execution with ARN {execution.arn} is {execution.status} and cannot be retried."
        )
    execution.retry()
    return ActionResult({"PipelineExecutionArn": execution.arn})


def update_pipeline_execution(self: Any) -> ActionResult:
    """Serve UpdatePipelineExecution."""
    request = request_of(self, "UpdatePipelineExecution")
    execution = _execution(place.of(self), request["PipelineExecutionArn"])
    execution.description |= {key: value for key, value in request.items() if key != "PipelineExecutionArn"}
    return ActionResult({"PipelineExecutionArn": execution.arn})


def described(execution: Execution) -> dict[str, Any]:
    """Return what Describe and List tell of an execution."""
    pipeline, given = execution.arn.split("/execution/")[0], execution.description
    return {
        "PipelineArn": pipeline,
        "PipelineExecutionArn": execution.arn,
        "PipelineExecutionDisplayName": given.get("PipelineExecutionDisplayName")
        or f"execution-{int(execution.created * 1000)}",
        "PipelineExecutionDescription": given.get("PipelineExecutionDescription"),
        "PipelineExecutionStatus": execution.status,
        "PipelineExecutionFailureReason": execution.reason or None,
        "FailureReason": execution.reason or None,
        "StartTime": execution.created,
        "CreationTime": execution.created,
        "LastModifiedTime": execution.modified,
        "ParallelismConfiguration": given.get("ParallelismConfiguration"),
        "RoleArn": given["RoleArn"],
    }


def describe_pipeline_execution(self: Any) -> ActionResult:
    """Serve DescribePipelineExecution."""
    request = request_of(self, "DescribePipelineExecution")
    found = described(_execution(place.of(self), request["PipelineExecutionArn"]))
    return ActionResult(shapes.picked("DescribePipelineExecution", found))


def list_pipeline_execution_steps(self: Any) -> ActionResult:
    """Serve ListPipelineExecutionSteps."""
    request = request_of(self, "ListPipelineExecutionSteps")
    shown = _execution(place.of(self), request.get("PipelineExecutionArn") or "").shown()
    if request.get("SortOrder", "Descending") == "Descending":
        shown.reverse()
    return ActionResult(paged(shown, request, "PipelineExecutionSteps"))


def list_pipeline_parameters_for_execution(self: Any) -> ActionResult:
    """Serve ListPipelineParametersForExecution: the values that the caller gave."""
    request = request_of(self, "ListPipelineParametersForExecution")
    execution = _execution(place.of(self), request["PipelineExecutionArn"])
    found = [{"Name": name, "Value": value} for name, value in execution.given.items()]
    return ActionResult(paged(found, request, "PipelineParameters", 50))


def describe_pipeline_definition_for_execution(self: Any) -> ActionResult:
    """Serve DescribePipelineDefinitionForExecution."""
    request = request_of(self, "DescribePipelineDefinitionForExecution")
    execution = _execution(place.of(self), request["PipelineExecutionArn"])
    return ActionResult({"PipelineDefinition": execution.text, "CreationTime": execution.created})


def _answer(self: Any, operation: str, content: Callable[[dict[str, Any]], dict[str, Any]]) -> ActionResult:
    request = request_of(self, operation)
    arn = callbacks.answer(request["CallbackToken"], content(request))
    if arn is None:
        raise missing(f"There is no callback step with the token '{request['CallbackToken']}'.")
    return ActionResult({"PipelineExecutionArn": arn})


def send_pipeline_execution_step_success(self: Any) -> ActionResult:
    """Serve SendPipelineExecutionStepSuccess."""
    return _answer(
        self,
        "SendPipelineExecutionStepSuccess",
        lambda request: {"OutputParameters": request.get("OutputParameters") or []},
    )


def send_pipeline_execution_step_failure(self: Any) -> ActionResult:
    """Serve SendPipelineExecutionStepFailure."""
    return _answer(
        self,
        "SendPipelineExecutionStepFailure",
        lambda request: {"FailureReason": request.get("FailureReason") or ""},
    )


CALLS = (
    *(stop_pipeline_execution, retry_pipeline_execution, update_pipeline_execution),
    *(describe_pipeline_execution, list_pipeline_execution_steps, list_pipeline_parameters_for_execution),
    *(describe_pipeline_definition_for_execution, send_pipeline_execution_step_success),
    send_pipeline_execution_step_failure,
)
