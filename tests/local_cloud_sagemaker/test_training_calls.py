"""Training jobs as callers handle them: limits, stopping, refusals, search, tags."""

from __future__ import annotations

import io
import tarfile

import pytest
from botocore.exceptions import ClientError
from sagemaker_bench import Bench, arn


def members(body: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        return sorted(archive.getnames())


def test_a_job_that_exceeds_its_runtime_is_stopped_and_keeps_its_model(bench: Bench) -> None:
    script = """
    import os, pathlib, time
    pathlib.Path(os.environ["SM_MODEL_DIR"], "m").write_text("so far")
    time.sleep(120)
    """
    job = bench.trained(bench.training(script, StoppingCondition={"MaxRuntimeInSeconds": 1}))
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded"), (
        "by the limit"
    )
    assert members(bench.get(job["ModelArtifacts"]["S3ModelArtifacts"])) == ["m"], "what there was is kept"


def test_a_job_can_be_stopped(bench: Bench) -> None:
    request = bench.training("import time; time.sleep(120)")
    bench.sagemaker.create_training_job(**request)
    bench.sagemaker.stop_training_job(TrainingJobName=request["TrainingJobName"])
    job = bench.ended("training", request["TrainingJobName"])
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped"), "as asked"
    assert "FailureReason" not in job, "which is no failure"


def test_requests_that_the_service_refuses(bench: Bench) -> None:
    create, request = bench.sagemaker.create_training_job, bench.training("")
    with pytest.raises(ClientError, match="Could not assume role"):
        create(**{**request, "RoleArn": arn("nobody")})
    with pytest.raises(ClientError, match="Invalid MaxWaitTimeInSeconds"):
        create(**{**request, "EnableManagedSpotTraining": True})
    algorithm = {**request["AlgorithmSpecification"], "MetricDefinitions": [{"Name": "x", "Regex": "("}]}
    with pytest.raises(ClientError, match=r"Invalid Regex '\('"):
        create(**{**request, "AlgorithmSpecification": algorithm})
    spot = {**request, "EnableManagedSpotTraining": True}
    spot["StoppingCondition"] = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90}
    assert bench.trained(spot)["TrainingJobStatus"] == "Completed", "waiting longer than running is right"
    with pytest.raises(ClientError, match="ResourceInUse"):
        create(**request)


def test_a_built_in_algorithm_is_not_pretended_to_have_run(bench: Bench) -> None:
    request = bench.training("")
    request["HyperParameters"] = {"num_round": "5"}
    job = bench.trained(request)
    assert job["TrainingJobStatus"] == "Failed", "rather than a success that is none"
    assert "sagemaker_program" in job["FailureReason"], "with what is missing"


def test_jobs_are_found_by_search(bench: Bench) -> None:
    job = bench.trained(bench.training(""))
    by_name = {"Name": "TrainingJobName", "Operator": "Equals", "Value": job["TrainingJobName"]}
    found = bench.sagemaker.search(Resource="TrainingJob", SearchExpression={"Filters": [by_name]})["Results"]
    assert [each["TrainingJob"]["TrainingJobArn"] for each in found] == [job["TrainingJobArn"]], "by name"


def test_tags_of_a_job_are_listed(bench: Bench) -> None:
    job = bench.trained(bench.training("", Tags=[{"Key": "team", "Value": "risk"}]))
    listed = bench.sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
    assert listed == [{"Key": "team", "Value": "risk"}], "as given"
