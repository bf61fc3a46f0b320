"""The API of pipelines, in the place of moto's.

Owns the calls as clients see them up to the start of an execution; moto keeps the pipelines. Deliberately not
here: definitions (definition), running them (execution) and the calls about executions (pipeline_runs).
Selective execution and pipeline versions are refused.
"""

from __future__ import annotations

import secrets
import string
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.sagemaker.responses import SageMakerResponse

from local.cloud.athena import objects as athena_objects
from local.cloud.sagemaker import definition, pipeline_runs, place, shapes
from local.cloud.sagemaker.cache import Cache
from local.cloud.sagemaker.errors import invalid, missing
from local.cloud.sagemaker.execution import Execution
from local.cloud.sagemaker.paging import paged, request_of
from local.cloud.sagemaker.pipeline_runs import described
from local.cloud.sagemaker.place import Place

_LETTERS = string.ascii_lowercase + string.digits
_NOT_HERE = ("SelectiveExecutionConfig", "PipelineVersionId", "PipelineVersionAlias")


def _pipeline(where: Place, name: str) -> Any:
    known = where.backend.pipelines
    found = known.get(name) or next((each for each in known.values() if each.arn == name), None)
    if found is None:
        raise missing(f"Pipeline '{where.arn('pipeline', name)}' does not exist.")
    return found


def _text(request: dict[str, Any]) -> str | None:
    """Return the definition of a request, read from S3 if it lies there."""
    text, where = request.get("PipelineDefinition"), request.get("PipelineDefinitionS3Location")
    if text and where:
        raise invalid("Both Pipeline Definition and Pipeline Definition S3 Location shouldn't be present")
    if where:
        try:
            text = athena_objects.read(where["Bucket"], where["ObjectKey"]).decode()
        except FileNotFoundError:
            raise invalid(f"s3://{where['Bucket']}/{where['ObjectKey']} does not exist") from None
    if text is not None:
        definition.parse(text)
    return text


def create_pipeline(self: Any) -> ActionResult:
    """Serve CreatePipeline."""
    where, request = place.of(self), request_of(self, "CreatePipeline")
    name, text = request["PipelineName"], _text(request)
    if text is None:
        raise invalid("Either Pipeline Definition or Pipeline Definition S3 location should be provided")
    if name in where.backend.pipelines:
        raise invalid(
            "Pipeline names must be unique within an AWS account and region. Pipeline with name "
            f"({name}) already exists."
        )
    made = where.backend.create_pipeline(
        pipeline_name=name,
        pipeline_display_name=request.get("PipelineDisplayName"),
        pipeline_definition=text,
        pipeline_definition_s3_location=None,
        pipeline_description=request.get("PipelineDescription"),
        role_arn=request["RoleArn"],
        tags=request.get("Tags"),
        parallelism_configuration=request.get("ParallelismConfiguration"),
    )
    made.arn = where.arn("pipeline", name)
    return ActionResult({"PipelineArn": made.arn})


def update_pipeline(self: Any) -> ActionResult:
    """Serve UpdatePipeline."""
    where, request = place.of(self), request_of(self, "UpdatePipeline")
    pipeline, text = _pipeline(where, request["PipelineName"]), _text(request)
    fields = {
        "PipelineDisplayName": "pipeline_display_name",
        "PipelineDescription": "pipeline_description",
        "RoleArn": "role_arn",
        "ParallelismConfiguration": "parallelism_configuration",
    }
    for member, field in fields.items():
        if member in request:
            setattr(pipeline, field, request[member])
    if text is not None:
        pipeline.pipeline_definition = text
    pipeline.last_modified_time = datetime.now(UTC)
    return ActionResult({"PipelineArn": pipeline.arn})


def describe_pipeline(self: Any) -> ActionResult:
    """Serve DescribePipeline."""
    where = place.of(self)
    pipeline = _pipeline(where, request_of(self, "DescribePipeline")["PipelineName"])
    found = where.backend.describe_pipeline(pipeline_name=pipeline.pipeline_name)
    return ActionResult(shapes.picked("DescribePipeline", found))


def delete_pipeline(self: Any) -> ActionResult:
    """Serve DeletePipeline, which refuses while an execution runs."""
    where = place.of(self)
    pipeline = _pipeline(where, request_of(self, "DeletePipeline")["PipelineName"])
    if any(each.status in ("Executing", "Stopping") for each in pipeline.pipeline_executions.values()):
        raise invalid(f"Pipeline '{pipeline.arn}' has running executions.")
    where.backend.delete_pipeline(pipeline_name=pipeline.pipeline_name)
    return ActionResult({"PipelineArn": pipeline.arn})


def start_pipeline_execution(self: Any) -> ActionResult:
    """Serve StartPipelineExecution."""
    where, request = place.of(self), request_of(self, "StartPipelineExecution")
    pipeline = _pipeline(where, request["PipelineName"])
    refused = [field for field in _NOT_HERE if request.get(field) is not None]
    if refused:
        raise invalid(f"The embedded cloud does not serve {', '.join(refused)} of StartPipelineExecution.")
    token = request.get("ClientRequestToken")
    for known in pipeline.pipeline_executions.values():
        if token and known.description.get("ClientRequestToken") == token:
            return ActionResult({"PipelineExecutionArn": known.arn})
    names = [each["Name"] for each in request.get("PipelineParameters") or []]
    if len(names) != len(set(names)):
        raise invalid("Parameter names must be unique.")
    given = {each["Name"]: each["Value"] for each in request.get("PipelineParameters") or []}
    role = request.get("RoleArn") or pipeline.role_arn
    where.demand_role(role, pipeline.arn)
    parsed = definition.parse(pipeline.pipeline_definition)
    limits = request.get("ParallelismConfiguration") or pipeline.parallelism_configuration or {}
    identifier = "".join(secrets.choice(_LETTERS) for _ in range(12))
    execution = Execution(
        arn=f"{pipeline.arn}/execution/{identifier}",
        text=pipeline.pipeline_definition,
        definition=parsed,
        given=given,
        session=where.session(role),
        kept=pipeline.__dict__.setdefault("step_cache", Cache()),
        parallel=limits.get("MaxParallelExecutionSteps"),
        description={**request, "RoleArn": role},
    )
    pipeline.pipeline_executions[execution.arn] = execution
    pipeline.last_execution_time = datetime.now(UTC)
    execution.start()
    return ActionResult({"PipelineExecutionArn": execution.arn})


def list_pipeline_executions(self: Any) -> ActionResult:
    """Serve ListPipelineExecutions."""
    request = request_of(self, "ListPipelineExecutions")
    pipeline = _pipeline(place.of(self), request["PipelineName"])
    found = [described(each) for each in pipeline.pipeline_executions.values()]
    after, before = request.get("CreatedAfter"), request.get("CreatedBefore")
    kept = [
        each
        for each in found
        if (after is None or each["CreationTime"] > float(after))
        and (before is None or each["CreationTime"] < float(before))
    ]
    by = request.get("SortBy") or "CreationTime"
    kept.sort(key=lambda each: each[by], reverse=request.get("SortOrder", "Descending") == "Descending")
    return ActionResult(paged(kept, request, "PipelineExecutionSummaries"))


def stop_all(backend: Any) -> None:
    """Stop every execution of a backend that is about to forget them."""
    for pipeline in list(getattr(backend, "pipelines", {}).values()):
        for execution in list(pipeline.pipeline_executions.values()):
            if isinstance(execution, Execution):
                execution.stop()


CALLS = (
    *(create_pipeline, update_pipeline, describe_pipeline, delete_pipeline, start_pipeline_execution),
    *(list_pipeline_executions, *pipeline_runs.CALLS),
)


def install() -> None:
    """Put the calls in moto's place."""
    for call in CALLS:
        setattr(SageMakerResponse, call.__name__, call)
