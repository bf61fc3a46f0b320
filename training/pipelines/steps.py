"""The job steps: preprocess, train or tune, evaluate.

Owns what each job is told, what stands for an equal result, and what is tried again. Deliberately not here: the parts
of their requests (`requests`) and what decides on registering (`register`).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from training.pipelines import requests
from training.pipelines.parameters import (
    CHAMPION,
    DATA_VERSION,
    column_parameters,
    parameters,
    query_parameters,
)
from training.pipelines.sdk import session, silent
from training.pipelines.settings import COLUMN_LISTS, PipelineSettings, group_texts
from training.registry.register import container_image

REPORT = "evaluation"
"""Output of the evaluation."""
DATA_CACHE, MODEL_CACHE = "P1D", "P30D"
"""How long equal arguments stand for an equal result (ISO 8601). Splits live short: where a run was not started by
the command line, a table may have changed without a new `DataVersion`."""


class Jobs:
    """The job steps of one pipeline, made once each.

    Parameters
    ----------
    settings
        Facts of the pipeline.
    """

    def __init__(self, settings: PipelineSettings) -> None:
        self.settings = settings
        self.session = session(settings.region, settings.models_bucket)
        self.parameters = parameters(settings)
        self.image = container_image(settings.region)

    @cached_property
    def preprocess(self) -> Any:
        """Rows of the product through its resource link, split by key."""
        from sagemaker.mlops.workflow.steps import ProcessingStep

        given, settings, config = self.parameters, self.settings, self.settings.config
        job = self._processing(
            "preprocess", settings.role_arn, given["PreprocessInstanceType"], given["PreprocessInstanceCount"],
            environment={"DATA_VERSION": given[DATA_VERSION]},  # read by nobody: another version, another cache entry
        )  # fmt: skip
        query = requests.joined(*(given[name] for name in query_parameters("")), on="")
        names = ("Product", "Table", "ContractVersion", "Target", "Positive", "Split")
        flags: dict[str, Any] = {
            "name": config.name, "positive-label": config.positive_label, "negative-label": config.negative_label,
            "max-levels": str(config.max_levels), "chunk-rows": str(config.chunk_rows),
            **{_flag(name): given[name] for name in names}, "seed": given["Seed"].to_string(),
            **{kind: [given[name] for name in column_parameters(config, kind)] for kind in COLUMN_LISTS},
        }  # fmt: skip
        request = job.run(
            inputs=[
                requests.query_input(
                    settings, "data", query, given["Database"],
                    workgroup=settings.workgroup, role=settings.role, sharded=True,
                ),
                requests.object_input("code", settings.code_uri),
            ],
            outputs=[
                requests.object_output(part, requests.run_folder(settings, settings.role, part))
                for part in ("train", "validation", "test", "features")
            ],
            arguments=requests.words(flags),
        )  # fmt: skip
        return ProcessingStep(
            name="Preprocess",
            description="Read the product as the pipeline role and split it by the hash of its key",
            step_args=request,
            cache_config=_cache(DATA_CACHE),
            retry_policies=_job_retries(),
        )

    @cached_property
    def train(self) -> Any:
        """One training job, or several that tune hyperparameters."""
        from sagemaker.core.shapes import MetricDefinition
        from sagemaker.mlops.workflow.steps import TrainingStep, TuningStep

        trainer = requests.trainer(self.settings, self.session, self.parameters, self.image)
        channels = requests.channels(self.settings, self.preprocess.properties.ProcessingOutputConfig.Outputs)
        common = {"cache_config": _cache(MODEL_CACHE), "retry_policies": _job_retries()}
        if self.settings.config.tuning:
            return TuningStep(
                name="Tune",
                description="Fit boosted trees with different hyperparameters, judged by the validation split",
                step_args=requests.tuned(self.settings, trainer).tune(inputs=channels),
                **common,
            )
        metrics = [MetricDefinition(name=name, regex=regex) for name, regex in requests.METRICS.items()]
        with silent(self.session):
            request = trainer.with_metric_definitions(metrics).train(input_data_config=channels)
        return TrainingStep(
            name="Train",
            description="Fit boosted trees, stopped early by the validation split",
            step_args=request,
            **common,
        )

    @cached_property
    def report(self) -> Any:
        """The property file that conditions and the model package read from."""
        from sagemaker.core.workflow.properties import PropertyFile

        return PropertyFile(name="EvaluationReport", output_name=REPORT, path="evaluation.json")

    @cached_property
    def evaluate(self) -> Any:
        """Measures on the test split, and by groups that only the auditor may see."""
        from sagemaker.mlops.workflow.steps import ProcessingStep

        given, settings, config = self.parameters, self.settings, self.settings.config
        splits = self.preprocess.properties.ProcessingOutputConfig.Outputs
        inputs = [
            requests.object_input("model", self.model_url),
            *(requests.object_input(part, splits[part].S3Output.S3Uri) for part in ("test", "train")),
            requests.object_input("code", settings.code_uri),
        ]
        flags: dict[str, Any] = {
            "name": config.name, "favourable": config.favourable, "role": settings.auditor,
            "seed": given["Seed"].to_string(), "chunk-rows": str(config.chunk_rows),
            "champion-auc": given[CHAMPION].to_string(),
        }  # fmt: skip
        if "ProtectedQuery" in given:
            flags["groups"] = group_texts(config.groups)
            inputs.append(
                requests.query_input(
                    settings, "protected", given["ProtectedQuery"], given["Database"],
                    workgroup=settings.auditor_workgroup, role=settings.auditor, sharded=False,
                )
            )  # fmt: skip
        job = self._processing("evaluate", settings.auditor_role_arn, given["EvaluateInstanceType"], 1)
        output = requests.object_output(REPORT, requests.run_folder(settings, settings.auditor, REPORT))
        return ProcessingStep(
            name="Evaluate",
            description="Measure the model on the test split and by protected groups, as the auditor",
            step_args=job.run(inputs=inputs, outputs=[output], arguments=requests.words(flags)),
            property_files=[self.report],
            cache_config=_cache(MODEL_CACHE),
            retry_policies=_job_retries(),
        )

    @property
    def model_url(self) -> Any:
        """Address of the trained model, of the best one when tuned."""
        if self.settings.config.tuning:
            models = f"{self.settings.role}/models"
            return self.train.get_top_model_s3_uri(0, self.settings.models_bucket, models)
        return self.train.properties.ModelArtifacts.S3ModelArtifacts

    @property
    def training_job(self) -> Any:
        """ARN of the job that made the model."""
        properties = self.train.properties
        job = properties.TrainingJobSummaries[0] if self.settings.config.tuning else properties
        return job.TrainingJobArn

    def _processing(
        self, step: str, role: str, kind: Any, count: Any, environment: dict[str, Any] | None = None
    ) -> Any:
        return requests.processing(
            self.settings, self.session,
            image=self.image, role=role, step=step, kind=kind, count=count, environment=environment,
        )  # fmt: skip


def _flag(parameter: str) -> str:
    """Flag of a parameter: ``ContractVersion`` is ``contract-version``."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in parameter)[1:]


def _cache(expire_after: str) -> Any:
    from sagemaker.mlops.workflow.steps import CacheConfig

    return CacheConfig(enable_caching=True, expire_after=expire_after)


def _job_retries() -> list[Any]:
    """Throttling passes in seconds, lack of capacity and used-up quotas in minutes to hours; own errors do not pass."""
    from sagemaker.mlops.workflow.retry import SageMakerJobExceptionTypeEnum as Reason
    from sagemaker.mlops.workflow.retry import SageMakerJobStepRetryPolicy as Policy

    return [
        *service_retries(),
        Policy([Reason.RESOURCE_LIMIT], interval_seconds=60, backoff_rate=2.0, expire_after_mins=120),
        Policy(
            failure_reason_types=[Reason.INTERNAL_ERROR, Reason.CAPACITY_ERROR],
            interval_seconds=30, backoff_rate=2.0, max_attempts=3,
        ),
    ]  # fmt: skip


def service_retries() -> list[Any]:
    """Retries of calls that SageMaker throttled or could not serve; for every step that makes one."""
    from sagemaker.mlops.workflow.retry import StepExceptionTypeEnum as Reason
    from sagemaker.mlops.workflow.retry import StepRetryPolicy

    reasons = [Reason.SERVICE_FAULT, Reason.THROTTLING]
    return [StepRetryPolicy(reasons, interval_seconds=5, backoff_rate=2.0, max_attempts=5)]
