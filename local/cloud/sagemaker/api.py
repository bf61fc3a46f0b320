"""The API of jobs: Create, Describe, List and Stop, in the place of moto's.

Owns the calls as clients see them, listing with filters, order and pages, and installation. Deliberately not
here: jobs themselves (processing, training, tuning) and pipelines (pipelines).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from local.cloud.sagemaker import pipelines, place
from local.cloud.sagemaker.errors import invalid, missing
from local.cloud.sagemaker.job import ENDED, Job
from local.cloud.sagemaker.paging import paged, request_of
from local.cloud.sagemaker.processing import ProcessingJob
from local.cloud.sagemaker.training import TrainingJob
from local.cloud.sagemaker.tuning import TuningJob

_SNAKE = {
    ProcessingJob: "processing_job",
    TrainingJob: "training_job",
    TuningJob: "hyper_parameter_tuning_job",
}


def seconds(moment: Any) -> float:
    """Return a time of a request in seconds since the epoch."""
    return datetime.fromisoformat(moment).timestamp() if isinstance(moment, str) else float(moment)


def listed(found: list[dict[str, Any]], request: dict[str, Any], prefix: str, key: str) -> dict[str, Any]:
    """Filter, order and page summaries as the List calls do; the prefix is that of the member names."""
    name, state = f"{prefix}Name", f"{prefix}Status"
    tests: dict[str, Callable[[dict[str, Any], Any], bool]] = {
        "NameContains": lambda each, value: value.lower() in each[name].lower(),
        "StatusEquals": lambda each, value: bool(each[state] == value),
        "CreationTimeAfter": lambda each, value: each["CreationTime"] > seconds(value),
        "CreationTimeBefore": lambda each, value: each["CreationTime"] < seconds(value),
        "LastModifiedTimeAfter": lambda each, value: each["LastModifiedTime"] > seconds(value),
        "LastModifiedTimeBefore": lambda each, value: each["LastModifiedTime"] < seconds(value),
    }
    kept = [
        each
        for each in found
        if all(test(each, request[field]) for field, test in tests.items() if request.get(field) is not None)
    ]
    orders = {"Name": name, "Status": state, "CreationTime": "CreationTime"}
    by = orders[request.get("SortBy") or "CreationTime"]
    kept.sort(key=lambda each: each[by], reverse=request.get("SortOrder", "Descending") == "Descending")
    return paged(kept, request, key)


def _calls(jobs: type[Job]) -> dict[str, Callable[[Any], Any]]:
    """Return the calls of a kind of job by the name of moto's method."""
    kind, name = jobs.kind, f"{jobs.kind}JobName"

    def create(self: Any) -> ActionResult:
        return ActionResult({f"{kind}JobArn": jobs.create(place.of(self), request_of(self)).arn})

    def describe(self: Any) -> ActionResult:
        return ActionResult(jobs.find(place.of(self), request_of(self)[name]).describe())

    def stop(self: Any) -> EmptyResult:
        job = jobs.find(place.of(self), request_of(self)[name])
        if job.status in ENDED:
            raise invalid(
                f"The request was rejected because the {jobs._noun().lower()} is in status {job.status}."
            )
        job.stop()
        return EmptyResult()

    def list_jobs(self: Any) -> ActionResult:
        request = request_of(self, f"List{kind}Jobs")
        found = [each.summary() for each in list(jobs.known(place.of(self)).values())]
        answer = listed(found, request, f"{kind}Job", f"{kind}JobSummaries")
        return ActionResult(answer)

    snake = _SNAKE[jobs]
    return {
        f"create_{snake}": create,
        f"describe_{snake}": describe,
        f"stop_{snake}": stop,
        f"list_{snake}s": list_jobs,
    }


def list_training_jobs_for_hyper_parameter_tuning_job(self: Any) -> ActionResult:
    """Serve ListTrainingJobsForHyperParameterTuningJob."""
    request = request_of(self)
    tuning = TuningJob.find(place.of(self), request["HyperParameterTuningJobName"])
    jobs, order = list(tuning.jobs), request.get("SortBy") or "Name"
    if order == "FinalObjectiveMetricValue":
        ranked = tuning.ranked()
        maximize = ranked and tuning.objective_of(ranked[0])[1]["Type"] == "Maximize"
        jobs = list(reversed(ranked)) if maximize else ranked
    else:
        jobs.sort(key=lambda job: str(getattr(job, _ORDERS[order])))
    if request.get("SortOrder", "Ascending") == "Descending":
        jobs.reverse()
    wanted = request.get("StatusEquals")
    found = [tuning.training_summary(job) for job in jobs if wanted in (None, job.status)]
    return ActionResult(paged(found, request, "TrainingJobSummaries"))


_ORDERS = {"Name": "name", "CreationTime": "created", "Status": "status"}
_reset = SageMakerModelBackend.reset


def _forget(self: Any) -> None:
    """Stop what runs before everything is forgotten."""
    for jobs in _SNAKE:
        for job in list(getattr(self, jobs.shelf, {}).values()):
            if isinstance(job, Job):
                job.stop()
    pipelines.stop_all(self)
    _reset(self)


_find = SageMakerModelBackend._get_resource_from_arn


def _tagged(self: Any, arn: str) -> Any:
    """Find what has tags by its ARN, which has the name in lower case."""
    shelves = {jobs.arn_kind: jobs.shelf for jobs in _SNAKE} | {"pipeline": "pipelines"}
    shelf = shelves.get(arn.split(":")[-1].partition("/")[0])
    if shelf is None:
        return _find(self, arn)
    found = next((each for each in getattr(self, shelf).values() if each.arn == arn), None)
    if found is None:
        raise missing(f"Could not find {arn}.")
    return found


def install() -> None:
    """Put the calls in moto's place."""
    for jobs in _SNAKE:
        for name, call in _calls(jobs).items():
            setattr(SageMakerResponse, name, call)
    extra = list_training_jobs_for_hyper_parameter_tuning_job
    setattr(SageMakerResponse, extra.__name__, extra)
    SageMakerModelBackend.reset = _forget
    SageMakerModelBackend._get_resource_from_arn = _tagged
    pipelines.install()
