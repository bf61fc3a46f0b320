"""How executions go: side by side, failing, cached, retried, stopped, listed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from botocore.exceptions import ClientError
from sagemaker_bench import ACCOUNT, BUCKET, REGION, Bench, fresh, wait_for
from sagemaker_steps import json_get, processing, run, writer


def test_independent_steps_run_side_by_side(bench: Bench) -> None:
    meeting = fresh("meeting")
    script = """
    import os, sys, time
    import boto3
    bucket, prefix, count = sys.argv[1:]
    s3, until = boto3.client("s3"), time.monotonic() + 40
    s3.put_object(Bucket=bucket, Key=prefix + "/" + os.environ["PROCESSING_JOB_NAME"])
    while s3.list_objects_v2(Bucket=bucket, Prefix=prefix + "/")["KeyCount"] < int(count):
        if time.monotonic() > until:
            raise SystemExit("alone")
        time.sleep(0.02)
    """
    steps = [processing(bench, f"S{number}", script, BUCKET, meeting, "3") for number in range(3)]
    found, done = run(bench, steps)
    assert found["PipelineExecutionStatus"] == "Succeeded", f"each ends only once all have begun: {done}"


def test_no_more_steps_run_at_once_than_the_limit(bench: Bench) -> None:
    steps = [writer(bench, f"S{number}", "{}") for number in range(3)]
    execution = bench.sagemaker.start_pipeline_execution(
        PipelineName=bench.pipeline(steps), ParallelismConfiguration={"MaxParallelExecutionSteps": 1}
    )["PipelineExecutionArn"]
    assert bench.finished(execution)["PipelineExecutionStatus"] == "Succeeded", bench.steps(execution)
    spans = sorted((each["StartTime"], each["EndTime"]) for each in bench.steps(execution).values())
    assert len(spans) == 3, "all ran"
    assert all(before[1] <= after[0] for before, after in pairwise(spans)), "one by one"


def test_a_failed_step_holds_its_dependents_back_and_nobody_else(bench: Bench) -> None:
    steps = [
        processing(bench, "Bad", "raise SystemExit(3)"),
        writer(bench, "After", "{}", DependsOn=["Bad"]),
        writer(bench, "Later", "{}", DependsOn=["After"]),
        writer(bench, "Other", "{}"),
        writer(bench, "Further", "{}", DependsOn=["Other"]),
    ]
    found, done = run(bench, steps)
    assert found["PipelineExecutionStatus"] == "Failed", "one failed"
    assert set(done) == {"Bad", "Other", "Further"}, "its dependents never began"
    assert done["Bad"]["StepStatus"] == "Failed", "it says so"
    assert done["Bad"]["FailureReason"].endswith("exit code: 3"), "with the job's reason"
    assert done["Further"]["StepStatus"] == "Succeeded", "the others went on"


def test_a_step_may_run_because_another_failed(bench: Bench) -> None:
    steps = [
        processing(bench, "Bad", "raise SystemExit(3)"),
        writer(bench, "Mend", "{}", DependsOn=[{"Step": "Bad", "Trigger": "Failed"}]),
    ]
    found, done = run(bench, steps)
    assert found["PipelineExecutionStatus"] == "CompletedWithFailures", "the failure was answered"
    assert done["Mend"]["StepStatus"] == "Succeeded", "by this step"


def test_a_cached_step_is_not_run_again(bench: Bench) -> None:
    cached = {"CacheConfig": {"Enabled": True, "ExpireAfter": "PT1H"}}
    step = writer(bench, "Write", {"Get": "Parameters.Text"}, **cached)
    after = writer(bench, "After", json_get("Write", "auc"))
    after["Arguments"]["AppSpecification"]["ContainerArguments"][1] = {
        "Std:Join": {"On": "", "Values": [json_get("Write", "auc")]}
    }
    name = bench.pipeline([step, after], [{"Name": "Text", "Type": "String", "DefaultValue": '{"auc": 1}'}])
    first = bench.started(name)
    assert bench.finished(first)["PipelineExecutionStatus"] == "Succeeded", bench.steps(first)
    second, third = bench.started(name), bench.started(name, Text='{"auc": 2}')
    assert bench.finished(second)["PipelineExecutionStatus"] == "Succeeded", bench.steps(second)
    assert bench.finished(third)["PipelineExecutionStatus"] == "Succeeded", bench.steps(third)
    steps = [bench.steps(each) for each in (first, second, third)]
    jobs = [each["Write"]["Metadata"]["ProcessingJob"]["Arn"] for each in steps]
    assert "CacheHitResult" not in steps[0]["Write"], "the first ran"
    assert steps[1]["Write"]["CacheHitResult"] == {"SourcePipelineExecutionArn": first}, "the second did not"
    assert jobs[1] == jobs[0], "it has the first one's job"
    assert "CacheHitResult" not in steps[2]["Write"], "other arguments run"
    assert jobs[2] != jobs[0], "a job of their own"
    assert "CacheHitResult" not in steps[1]["After"], "a step without caching runs each time"
    again = bench.pipeline([step], [{"Name": "Text", "Type": "String", "DefaultValue": '{"auc": 1}'}])
    elsewhere = bench.started(again)
    bench.finished(elsewhere)
    assert "CacheHitResult" not in bench.steps(elsewhere)["Write"], "a cache belongs to one pipeline"


def test_a_failed_run_is_not_cached(bench: Bench) -> None:
    step = processing(
        bench, "Bad", "raise SystemExit(3)", CacheConfig={"Enabled": True, "ExpireAfter": "30d"}
    )
    name = bench.pipeline([step])
    for _ in range(2):
        execution = bench.started(name)
        bench.finished(execution)
        assert "CacheHitResult" not in bench.steps(execution)["Bad"], "it fails anew"


def test_a_quota_is_waited_for_when_a_policy_says_so(bench: Bench) -> None:
    blocker = bench.processing("import time; time.sleep(60)", count=20)
    retries = [
        {
            "ExceptionType": ["SageMaker.RESOURCE_LIMIT"],
            "IntervalSeconds": 4,
            "BackoffRate": 1.0,
            "MaxAttempts": 20,
        }
    ]
    patient = writer(bench, "Patient", "{}", RetryPolicies=retries)
    name, hasty = bench.pipeline([patient]), bench.pipeline([writer(bench, "Hasty", "{}")])
    bench.sagemaker.create_processing_job(**blocker)
    refused = bench.started(hasty)
    assert bench.finished(refused)["PipelineExecutionStatus"] == "Failed", "without a policy it fails"
    reason = bench.steps(refused)["Hasty"]["FailureReason"]
    assert reason.startswith(
        "ClientError: Failed to invoke sagemaker:CreateProcessingJob. Error Details: "
    ), reason
    execution = bench.started(name)
    wait_for(
        lambda: bench.steps(execution), lambda found: found.get("Patient", {}).get("AttemptCount", 0) > 1
    )
    bench.sagemaker.stop_processing_job(ProcessingJobName=blocker["ProcessingJobName"])
    assert bench.finished(execution)["PipelineExecutionStatus"] == "Succeeded", bench.steps(execution)
    assert bench.steps(execution)["Patient"]["AttemptCount"] > 1, "after more than one attempt"


def test_an_execution_can_be_stopped_and_tried_again(bench: Bench) -> None:
    flag = f"s3://{BUCKET}/{fresh('flag')}/go"
    script = """
    import boto3, sys, time
    bucket, key = sys.argv[1].removeprefix("s3://").split("/", 1)
    if not boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix=key).get("KeyCount"):
        time.sleep(60)
    """
    steps = [
        writer(bench, "First", "{}"),
        processing(bench, "Slow", script, flag, DependsOn=["First"]),
        writer(bench, "Last", "{}", DependsOn=["Slow"]),
    ]
    execution = bench.started(bench.pipeline(steps))
    wait_for(
        lambda: bench.steps(execution),
        lambda found: "ProcessingJob" in found.get("Slow", {}).get("Metadata", {}),
    )
    bench.sagemaker.stop_pipeline_execution(PipelineExecutionArn=execution)
    assert bench.finished(execution)["PipelineExecutionStatus"] == "Stopped", "as asked"
    done = bench.steps(execution)
    assert (done["Slow"]["StepStatus"], "Last" in done) == ("Stopped", False), "what ran was stopped"
    job = done["Slow"]["Metadata"]["ProcessingJob"]["Arn"].split("/")[1]
    assert bench.ended("processing", job)["ProcessingJobStatus"] == "Stopped", "with its job"
    first = done["First"]["Metadata"]
    bench.put(flag.split("/", 3)[3], "go")
    bench.sagemaker.retry_pipeline_execution(PipelineExecutionArn=execution)
    assert bench.finished(execution)["PipelineExecutionStatus"] == "Succeeded", bench.steps(execution)
    assert bench.steps(execution)["First"]["Metadata"] == first, "what had succeeded was not run again"
    with pytest.raises(ClientError, match="is Succeeded and cannot be stopped"):
        bench.sagemaker.stop_pipeline_execution(PipelineExecutionArn=execution)


def test_executions_are_listed_latest_first(bench: Bench) -> None:
    name = bench.pipeline([writer(bench, "One", "{}")])
    made = [bench.started(name) for _ in range(2)]
    for each in made:
        bench.finished(each)
    listed = bench.sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]
    assert [each["PipelineExecutionArn"] for each in listed] == made[::-1], "in this order"
    assert made[0].startswith(f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/{name}/execution/"), "the ARN"
    token = fresh("token") * 3
    started = [
        bench.sagemaker.start_pipeline_execution(PipelineName=name, ClientRequestToken=token)[
            "PipelineExecutionArn"
        ]
        for _ in range(2)
    ]
    assert started[0] == started[1], "a token starts one execution"
    bench.finished(started[0])
