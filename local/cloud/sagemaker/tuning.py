"""Hyperparameter tuning jobs: training jobs with chosen values, side by side, the best of them named.

Owns one training definition or several, their objective, limits and counters. Random and Grid are what
SageMaker does; Bayesian and Hyperband draw at random here (`ranges`). Deliberately not here: training itself
(training); warm start and early stopping are accepted and do nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from moto.core.exceptions import JsonRESTError

from local.cloud.sagemaker import ranges, shapes, training
from local.cloud.sagemaker.errors import invalid
from local.cloud.sagemaker.job import Failed, Job
from local.cloud.sagemaker.training import TrainingJob

_NOT_TRAINING = ("DefinitionName", "TuningObjective", "HyperParameterRanges", "StaticHyperParameters")
_UNNAMED = "HyperParameterTuningResourceConfig"


class TuningJob(Job):
    """A tuning job."""

    kind, arn_kind = "HyperParameterTuning", "hyper-parameter-tuning-job"
    shelf = "hyper_parameter_tuning_jobs"

    def __init__(self, place: Any, request: dict[str, Any]) -> None:
        super().__init__(place, request)
        self.config = request["HyperParameterTuningJobConfig"]
        single = request.get("TrainingJobDefinition")
        self.definitions = [single] if single else list(request.get("TrainingJobDefinitions") or [])
        self.jobs: list[TrainingJob] = []

    @property
    def limits(self) -> dict[str, Any]:
        """Limits of the tuning."""
        found: dict[str, Any] = self.config["ResourceLimits"]
        return found

    def demand(self) -> None:
        """Refuse roles, objectives and ranges that cannot work."""
        if not self.definitions:
            raise invalid("Either TrainingJobDefinition or TrainingJobDefinitions must be given.")
        for each in self.definitions:
            self.place.demand_role(each["RoleArn"], self.arn)
            ranges.demand(self._ranges(each), self.config["Strategy"])
            name = self._objective(each).get("MetricName")
            defined = [
                metric["Name"] for metric in each["AlgorithmSpecification"].get("MetricDefinitions") or []
            ]
            if name not in defined:
                raise invalid(f"The objective metric {name} is not one of the metric definitions: {defined}.")

    def _ranges(self, definition: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = (
            definition.get("HyperParameterRanges") or self.config.get("ParameterRanges") or {}
        )
        return found

    def _objective(self, definition: dict[str, Any]) -> dict[str, Any]:
        given = self.config.get("HyperParameterTuningJobObjective")
        found: dict[str, Any] = definition.get("TuningObjective") or given or {}
        return found

    def work(self) -> str:
        """Train with one choice after the other, as many at once as the limits allow."""
        most = int(self.limits.get("MaxNumberOfTrainingJobs") or 0)
        parallel = int(self.limits.get("MaxParallelTrainingJobs") or 1)
        choices = self._choices()
        running: set[Future[None]] = set()
        with ThreadPoolExecutor(parallel, thread_name_prefix="tuning") as pool:
            while not self.stopping.is_set():
                while len(running) < parallel and (not most or len(self.jobs) < most):
                    choice = next(choices, None)
                    if choice is None or self.stopping.is_set():
                        break
                    running.add(pool.submit(training.wait, self._train(*choice), self.stopping))
                if not running:
                    break
                _, running = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
        if self.jobs and all(job.status == "Failed" for job in self.jobs):
            raise Failed(
                "All training jobs failed. Please take a look at the training jobs failures to get more details."
            )
        return "Stopped" if self.stopping.is_set() else "Completed"

    def _choices(self) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
        """Yield definitions in turn, each with hyperparameters."""
        strategy, seed = self.config["Strategy"], self.config.get("RandomSeed")
        sources = [
            (definition, ranges.trials(self._ranges(definition), strategy, seed))
            for definition in self.definitions
        ]
        while sources:
            for pair in list(sources):
                values = next(pair[1], None)
                if values is None:
                    sources.remove(pair)
                else:
                    yield pair[0], values

    def _train(self, definition: dict[str, Any], values: dict[str, str]) -> TrainingJob:
        number = len(self.jobs) + 1
        request = {key: value for key, value in definition.items() if key not in _NOT_TRAINING}
        if _UNNAMED in request:
            request["ResourceConfig"] = request.pop(_UNNAMED)
        request["TrainingJobName"] = f"{self.name[:32]}-{number:03d}-{secrets.token_hex(4)}"
        request["HyperParameters"] = {
            **(definition.get("StaticHyperParameters") or {}),
            **values,
            "_tuning_objective_metric": str(self._objective(definition)["MetricName"]),
        }
        try:
            made = TrainingJob.create(self.place, request)
        except JsonRESTError as refused:
            raise Failed(f"ClientError: {refused.message}") from None
        assert isinstance(made, TrainingJob)
        made.tuned, made.tuning_arn = values, self.arn
        made.definition_name = str(definition.get("DefinitionName") or "")
        self.jobs.append(made)
        return made

    def objective_of(self, job: TrainingJob) -> tuple[str, dict[str, Any] | None]:
        """Return state and final value of a training job's objective."""
        definition = next(
            (each for each in self.definitions if (each.get("DefinitionName") or "") == job.definition_name),
            self.definitions[0],
        )
        wanted = self._objective(definition)
        value = next((each for each in job.metrics if each["MetricName"] == wanted["MetricName"]), None)
        if job.status != "Completed":
            return ("Pending" if job.status in ("InProgress", "Stopping") else "Failed"), None
        if value is None:
            return "Failed", None
        return "Succeeded", {
            "Type": wanted["Type"],
            "MetricName": value["MetricName"],
            "Value": value["Value"],
        }

    def training_summary(self, job: TrainingJob) -> dict[str, Any]:
        """Return the entry of ListTrainingJobsForHyperParameterTuningJob."""
        state, value = self.objective_of(job)
        found = {
            "TrainingJobDefinitionName": job.definition_name or None,
            "TrainingJobName": job.name,
            "TrainingJobArn": job.arn,
            "CreationTime": job.created,
            "TrainingStartTime": job.started,
            "TrainingEndTime": job.ended,
            "TrainingJobStatus": job.status,
            "TunedHyperParameters": job.tuned,
            "FailureReason": job.reason or None,
            "FinalHyperParameterTuningJobObjectiveMetric": value,
            "ObjectiveStatus": state,
        }
        return {key: each for key, each in found.items() if each is not None}

    def ranked(self) -> list[TrainingJob]:
        """Return the training jobs with an objective, the best first."""
        scored = [(job, value) for job in self.jobs if (value := self.objective_of(job)[1]) is not None]
        scored.sort(key=lambda pair: pair[1]["Value"] * (-1 if pair[1]["Type"] == "Maximize" else 1))
        return [job for job, _ in scored]

    def interrupt(self) -> None:
        """Stop the training jobs."""
        for job in list(self.jobs):
            job.stop()

    def _counters(self) -> dict[str, Any]:
        states = [job.status for job in self.jobs]
        objectives = [self.objective_of(job)[0] for job in self.jobs]
        return {
            "TrainingJobStatusCounters": {
                "Completed": states.count("Completed"),
                "InProgress": states.count("InProgress") + states.count("Stopping"),
                "RetryableError": 0,
                "NonRetryableError": states.count("Failed"),
                "Stopped": states.count("Stopped"),
            },
            "ObjectiveStatusCounters": {
                each: objectives.count(each) for each in ("Succeeded", "Pending", "Failed")
            },
        }

    def describe(self) -> dict[str, Any]:
        """Return the answer of DescribeHyperParameterTuningJob."""
        best = self.ranked()
        found = {**self.request, **self.summary(), "FailureReason": self.reason or None}
        if best:
            found["BestTrainingJob"] = self.training_summary(best[0])
        return shapes.picked("DescribeHyperParameterTuningJob", found)

    def summary(self) -> dict[str, Any]:
        """Return the entry of ListHyperParameterTuningJobs."""
        return {
            "HyperParameterTuningJobName": self.name,
            "HyperParameterTuningJobArn": self.arn,
            "HyperParameterTuningJobStatus": self.status,
            "Strategy": self.config["Strategy"],
            "CreationTime": self.created,
            "HyperParameterTuningEndTime": self.ended,
            "LastModifiedTime": self.modified,
            "ResourceLimits": self.limits,
            **self._counters(),
        }
