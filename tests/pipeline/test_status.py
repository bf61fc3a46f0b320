"""Following runs by SageMaker's API: what is shown of each step, and what the exit code says."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pipeline_parts as parts
import pytest
from stubbed_cloud import NAME, NOON, RUN, Cloud

from governance.errors import MeshError
from training.cli import commands as cli
from training.cli import pipeline as cli_pipeline
from training.pipelines import runs as pipeline_runs
from training.pipelines import status as pipeline_status
from training.session import Context


def step(name: str, status: str, seconds: float | None = None, **more: Any) -> dict[str, Any]:
    times = (
        {"StartTime": NOON, "EndTime": NOON + dt.timedelta(seconds=seconds)} if seconds is not None else {}
    )
    return {"StepName": name, "StepStatus": status, **times, **more}


def looks(cloud: Cloud, status: str, *steps: dict[str, Any], reason: str = "") -> None:
    answer: dict[str, Any] = {"PipelineExecutionStatus": status, "CreationTime": NOON}
    cloud.answers(
        "sagemaker", "describe_pipeline_execution", answer | ({"FailureReason": reason} if reason else {})
    )
    half = len(steps) // 2
    first: dict[str, Any] = {"PipelineExecutionSteps": list(steps[:half]), "NextToken": "more"}
    cloud.answers("sagemaker", "list_pipeline_execution_steps", first)
    expected = {"PipelineExecutionArn": RUN, "SortOrder": "Ascending", "NextToken": "more"}
    cloud.answers(
        "sagemaker", "list_pipeline_execution_steps", {"PipelineExecutionSteps": list(steps[half:])}, expected
    )


def test_a_status_shows_steps_with_duration_and_the_reason_of_a_failure(
    cloud: Cloud, context: Context
) -> None:
    looks(
        cloud, "Failed",
        step("Preprocess", "Succeeded", 3.25, CacheHitResult={"SourcePipelineExecutionArn": RUN}),
        step("Train", "Failed", 75, FailureReason="ClientError: target is not binary"),
        step("Evaluate", "Starting"),
        reason="Step failure: One or multiple steps failed.",
    )  # fmt: skip
    found = pipeline_status.look(context, RUN)
    assert found.ended
    text = pipeline_status.table(found)
    assert text.splitlines() == [
        "abcdefghijkl  Failed  started 2026-11-23 12:00:00",
        "  Preprocess  Succeeded  3.2 s       taken from an earlier run",
        "  Train       Failed     1 min 15 s  ClientError: target is not binary",
        "  Evaluate    Starting   -",
        "Step failure: One or multiple steps failed.",
    ]


def test_the_reason_of_a_run_names_the_steps_that_failed(cloud: Cloud, context: Context) -> None:
    looks(
        cloud, "Failed",
        step("Preprocess", "Succeeded", 3),
        step("Train", "Failed", 75, FailureReason="AlgorithmError: train: hyperparameters.eta: 'x'\n is wrong"),
        step("Other", "Stopped", 1),
        reason="Step failure: One or multiple steps failed.",
    )  # fmt: skip
    found = pipeline_status.look(context, RUN)
    assert pipeline_status.why(found) == (
        "step Train: AlgorithmError: train: hyperparameters.eta: 'x' is wrong; step Other: Stopped"
    )
    assert pipeline_status.why(replace(found, steps=())) == "Step failure: One or multiple steps failed."


def test_a_failed_step_says_what_its_script_said(cloud: Cloud, context: Context) -> None:
    arn = f"arn:aws:sagemaker:eu-west-1:{parts.ACCOUNT}"
    looks(
        cloud, "Failed",
        step("Preprocess", "Failed", 3, FailureReason="AlgorithmError: See job logs for more information, exit code: 2",
             Metadata={"ProcessingJob": {"Arn": f"{arn}:processing-job/p-1"}}),
        step("Tune", "Failed", 5, FailureReason="All training jobs failed.",
             Metadata={"TuningJob": {"Arn": f"{arn}:hyper-parameter-tuning-job/t-1"}}),
    )  # fmt: skip
    cloud.answers(
        "sagemaker", "describe_processing_job",
        {"ProcessingJobName": "p-1", "ProcessingJobArn": f"{arn}:processing-job/p-1", "ProcessingJobStatus": "Failed",
         "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge",
                                                   "VolumeSizeInGB": 1}},
         "AppSpecification": {"ImageUri": "i"}, "CreationTime": NOON,
         "ExitMessage": "preprocess: target y: is not binary"},
        {"ProcessingJobName": "p-1"},
    )  # fmt: skip
    summary = {
        "TrainingJobName": "j", "TrainingJobArn": f"{arn}:training-job/j", "CreationTime": NOON,
        "TrainingJobStatus": "Failed", "TunedHyperParameters": {}, "FailureReason": "AlgorithmError: train: no",
    }  # fmt: skip
    cloud.answers(
        "sagemaker", "list_training_jobs_for_hyper_parameter_tuning_job", {"TrainingJobSummaries": [summary]},
        {"HyperParameterTuningJobName": "t-1", "StatusEquals": "Failed", "MaxResults": 1},
    )  # fmt: skip
    found = pipeline_status.look(context, RUN)
    assert [step.detail for step in found.steps] == [
        "preprocess: target y: is not binary", "AlgorithmError: train: no",
    ]  # fmt: skip


def test_a_trained_step_shows_its_metrics(cloud: Cloud, context: Context) -> None:
    job = f"arn:aws:sagemaker:eu-west-1:{parts.ACCOUNT}:training-job/pipelines-x-train-y"
    looks(cloud, "Executing", step("Train", "Succeeded", 5, Metadata={"TrainingJob": {"Arn": job}}))
    metrics = [
        {"MetricName": "validation:auc", "Value": 0.81234, "Timestamp": NOON},
        {"MetricName": "train:auc", "Value": 0.9, "Timestamp": NOON},
    ]
    cloud.answers(
        "sagemaker", "describe_training_job",
        {"TrainingJobName": "n", "TrainingJobArn": job, "ModelArtifacts": {"S3ModelArtifacts": "s3://b/m"},
         "TrainingJobStatus": "Completed", "SecondaryStatus": "Completed",
         "ResourceConfig": {"VolumeSizeInGB": 1}, "StoppingCondition": {}, "CreationTime": NOON,
         "FinalMetricDataList": metrics},
        {"TrainingJobName": "pipelines-x-train-y"},
    )  # fmt: skip
    (trained,) = pipeline_status.look(context, RUN).steps
    assert trained.detail == "train:auc 0.9000, validation:auc 0.8123"


def test_without_a_run_named_the_newest_is_shown(cloud: Cloud, context: Context) -> None:
    expected = {"PipelineName": NAME, "SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 1}
    summaries = [{"PipelineExecutionArn": RUN}]
    cloud.answers(
        "sagemaker", "list_pipeline_executions", {"PipelineExecutionSummaries": summaries}, expected
    )
    assert pipeline_runs.execution_arn(context, None) == RUN
    assert pipeline_runs.execution_arn(context, "abcdefghijkl") == RUN
    assert pipeline_runs.execution_arn(context, RUN) == RUN
    cloud.answers("sagemaker", "list_pipeline_executions", {"PipelineExecutionSummaries": []}, expected)
    with pytest.raises(MeshError, match="was never started"):
        pipeline_runs.execution_arn(context, None)


@pytest.mark.parametrize(("end", "code"), [("Succeeded", 0), ("Failed", 1), ("Stopped", 1)])
def test_who_watches_gets_0_for_success_only(
    cloud: Cloud, context: Context, said: list[str], capsys: pytest.CaptureFixture[str], end: str, code: int
) -> None:
    looks(cloud, "Executing", step("Preprocess", "Executing"))
    looks(cloud, "Executing", step("Preprocess", "Executing"))
    looks(cloud, end, step("Preprocess", "Succeeded", 2), step("Train", end, 1))
    flags = cli._parser().parse_args(
        ["pipeline", "status", "--run", "abcdefghijkl", "--watch", "--interval", "0"]
    )
    assert cli_pipeline.run(context, flags) == code
    assert said == ["Preprocess: Executing", "Preprocess: Succeeded", f"Train: {end}"], (
        "each change is told once"
    )
    assert f"abcdefghijkl  {end}" in capsys.readouterr().out
    cloud.done()


def test_a_look_at_a_failed_run_is_no_failure(cloud: Cloud, context: Context) -> None:
    looks(cloud, "Failed", step("Preprocess", "Failed", 1))
    flags = cli._parser().parse_args(["pipeline", "status", "--run", RUN])
    assert cli_pipeline.run(context, flags) == 0


def test_the_command_without_outputs_ends_with_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("MESH_OUTPUTS", raising=False)
    assert cli.main(["pipeline", "start", "--work", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("--outputs: ")
    assert len(told.splitlines()) == 1
