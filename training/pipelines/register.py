"""The deciding steps: check the evaluation, then register the model or fail with the reason.

Owns the conditions, what the model package says of its origin, and the words of a refusal. Deliberately not here: the
jobs (`steps`) and approval (`packages`).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from training.evaluation.gate import SLOTS
from training.payload import TYPES
from training.pipelines.card import card
from training.pipelines.parameters import CHAMPION, DATA_VERSION
from training.pipelines.steps import REPORT, Jobs, service_retries

SERVING_PROGRAM = "inference.py"
SERVING_CODE = "/opt/ml/model/code"
"""Where the archive's own code lies once SageMaker has unpacked the model."""
MEASURES = {"auc": "metrics.auc.value", "pr-auc": "metrics.pr_auc.value", "ks": "metrics.ks.value",
            "brier": "metrics.brier.value"}  # fmt: skip
"""Metadata of the package -> path in the evaluation."""
WORSE_BY = "champion.worse_by"
GROUPS = {"selection_rate_ratio": "MinSelectionRateRatio", "tpr_gap": "MaxTprGap", "fpr_gap": "MaxFprGap"}
"""Worst difference between groups in the evaluation -> parameter that limits what of it chance does not explain."""


class Gate:
    """The steps after the evaluation of one pipeline."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs

    def check(self) -> Any:
        """Register if the model is good enough, as good as the champion, and fair within the limits; else fail."""
        from sagemaker.core.workflow.conditions import ConditionGreaterThanOrEqualTo as AtLeast
        from sagemaker.core.workflow.conditions import ConditionLessThanOrEqualTo as AtMost
        from sagemaker.mlops.workflow.condition_step import ConditionStep

        given = self.jobs.parameters
        limits = {name: given[parameter] for name, parameter in GROUPS.items()}
        return ConditionStep(
            name="Check",
            description="Hold the evaluation against the floor, the champion and the limits between groups",
            conditions=[
                AtLeast(left=self.measured(MEASURES["auc"]), right=given["AucFloor"]),
                AtMost(left=self.measured(WORSE_BY), right=given["Tolerance"]),
                AtLeast(
                    left=self.measured("groups_worst.selection_rate_ratio_proven"),
                    right=limits["selection_rate_ratio"],
                ),
                AtMost(left=self.measured("groups_worst.tpr_gap_proven"), right=limits["tpr_gap"]),
                AtMost(left=self.measured("groups_worst.fpr_gap_proven"), right=limits["fpr_gap"]),
            ],
            if_steps=[self.register()],
            else_steps=[self.fail()],
        )

    def measured(self, path: str) -> Any:
        """A number of the evaluation."""
        from sagemaker.core.workflow.functions import JsonGet

        return JsonGet(step_name=self.jobs.evaluate.name, property_file=self.jobs.report, json_path=path)

    def register(self) -> Any:
        """A version in the model package group that can be served as it is and says where it comes from."""
        from sagemaker.core.model_registry import create_model_package_from_containers, get_model_package_args
        from sagemaker.mlops.workflow.model_step import ModelStep

        jobs, settings = self.jobs, self.jobs.settings
        arguments = get_model_package_args(
            content_types=list(TYPES),
            response_types=list(TYPES),
            model_package_group_name=settings.model_package_group,
            container_def_list=[self._container()],
            approval_status=jobs.parameters["ApprovalStatus"],
            description=f"{settings.config.name}, trained by the pipeline {settings.name}",
            model_metrics=self._metrics(),
            drift_check_baselines=self._baselines(),
            metadata_properties={"CommitId": settings.revision},
            customer_metadata_properties=self._lineage(),
            skip_model_validation="None",
        )
        arguments["model_card"] = card(jobs, self.measured, jobs.training_job)
        # the registering half of ModelBuilder.register; a builder would want a model, code and instances of its own
        jobs.session.init_model_step_arguments(SimpleNamespace(sagemaker_session=jobs.session))
        create_model_package_from_containers(jobs.session, **arguments)
        request, jobs.session.context = jobs.session.context, None
        return ModelStep(
            name="Register",
            description="Add the model to its package group",
            step_args=request,
            retry_policies=service_retries(),
        )

    def fail(self) -> Any:
        """End the run as failed, saying what was measured and what was asked for."""
        from sagemaker.core.workflow.functions import Join
        from sagemaker.mlops.workflow.fail_step import FailStep

        given = self.jobs.parameters
        values: list[Any] = [
            "No model registered: AUC ", self.measured(MEASURES["auc"]), " (at least ", given["AucFloor"],
            "); worse than the champion's ", given[CHAMPION], " by ", self.measured(WORSE_BY),
            " (at most ", given["Tolerance"], ")",
        ]  # fmt: skip
        words = {"selection_rate_ratio": "lowest by highest selection rate", "tpr_gap": "gap of true positive rates",
                 "fpr_gap": "gap of false positive rates"}  # fmt: skip
        for name, parameter in GROUPS.items():
            bound = " (at least " if name == "selection_rate_ratio" else " (at most "
            values += [
                f"; {words[name]} ",
                self.measured(f"groups_worst.{name}"),
                ", beyond chance ",
                self.measured(f"groups_worst.{name}_proven"),
                bound,
                given[parameter],
                ")",
            ]
        return FailStep(
            name="Refuse",
            description="Say which limit the model missed",
            error_message=Join(on="", values=values),
        )

    def _container(self) -> dict[str, Any]:
        return {
            "Image": self.jobs.image,
            "ModelDataUrl": self.jobs.model_url,
            "Framework": "XGBOOST",
            "Environment": {
                "SAGEMAKER_PROGRAM": SERVING_PROGRAM,
                "SAGEMAKER_SUBMIT_DIRECTORY": SERVING_CODE,
                "SAGEMAKER_REGION": self.jobs.settings.region,
                "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
            },
        }

    def _file(self, name: str) -> dict[str, Any]:
        """A file of the evaluation; by the step's property, which in a cached step is the older run's folder."""
        from sagemaker.core.workflow.functions import Join

        outputs = self.jobs.evaluate.properties.ProcessingOutputConfig.Outputs
        kind = "text/html" if name.endswith(".html") else "application/json"
        return {"ContentType": kind, "S3Uri": Join(on="/", values=[outputs[REPORT].S3Output.S3Uri, name])}

    def _metrics(self) -> dict[str, Any]:
        return {
            "ModelQuality": {"Statistics": self._file("evaluation.json")},
            "ModelDataQuality": {
                "Statistics": self._file("statistics.json"),
                "Constraints": self._file("constraints.json"),
            },
            "Explainability": {"Report": self._file("evaluation.html")},
        }

    def _baselines(self) -> dict[str, Any]:
        quality = self._metrics()
        return {name: quality[name] for name in ("ModelQuality", "ModelDataQuality")}

    def _lineage(self) -> dict[str, Any]:
        """From the model back to the columns, the query, the code and the run, in SageMaker's words for each."""
        from sagemaker.core.workflow.execution_variables import ExecutionVariables
        from sagemaker.core.workflow.functions import Join

        jobs, given = self.jobs, self.jobs.parameters
        features = jobs.preprocess.properties.ProcessingOutputConfig.Outputs["features"].S3Output.S3Uri
        facts = {
            "data-product": given["Product"],
            "table": given["Table"],
            "database": given["Database"],
            "contract-version": given["ContractVersion"],
            "data-version": given[DATA_VERSION],
            "features-file": Join(on="/", values=[features, "features.json"]),
            "processing-job": jobs.preprocess.properties.ProcessingJobArn,
            "training-job": jobs.training_job,
            "evaluation-job": jobs.evaluate.properties.ProcessingJobArn,
            "pipeline-execution": ExecutionVariables.PIPELINE_EXECUTION_ARN,
            "code-revision": jobs.settings.revision,
            "split-seed": given["Seed"].to_string(),
            "training-rows": self.measured("lineage.training_rows").to_string(),
        }
        facts |= {name: self.measured(path).to_string() for name, path in MEASURES.items()}
        return facts | {
            f"columns-{slot}": self.measured(f"columns.{slot}").to_string() for slot in range(SLOTS)
        }
