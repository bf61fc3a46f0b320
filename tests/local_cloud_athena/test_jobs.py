"""Glue Python shell jobs: arguments, credentials, output, states and limits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lake_case import BUCKET, PRODUCER, Lake, role

from local.cloud.athena import objects as athena_objects
from local.cloud.jobs import run as jobs_run
from local.cloud.jobs.run import JobRun, Work

SCRIPT = b"""
import os, sys, time
import boto3
print("arguments", sys.argv[1:])
print("caller", boto3.client("sts").get_caller_identity()["Arn"])
print("region", os.environ["AWS_DEFAULT_REGION"], "cwd", os.getcwd())
print("a warning", file=sys.stderr)
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
if "--wait" in options:
    time.sleep(60)
if "--fail" in options:
    raise ValueError(options["--fail"])
"""
ENDED = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR")


@pytest.fixture(scope="module")
def glue(lake: Lake) -> Iterator[Any]:
    """Glue of the producer with the job `case-job`."""
    lake.put(BUCKET, "scripts/job.py", SCRIPT)
    client = lake.client("glue", PRODUCER)
    client.create_job(
        Name="case-job",
        Role=role(PRODUCER, "mesh-curation"),
        Command={
            "Name": "pythonshell",
            "ScriptLocation": f"s3://{BUCKET}/scripts/job.py",
            "PythonVersion": "3.9",
        },
        DefaultArguments={"--table": "credit_card", "--batch": "none"},
        ExecutionProperty={"MaxConcurrentRuns": 1},
    )
    yield client
    client.delete_job(JobName="case-job")


def ended(glue: Any, run_id: str, job: str = "case-job") -> Any:
    """The run when it has ended."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        run = glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
        if run["JobRunState"] in ENDED:
            return run
        time.sleep(0.02)
    raise AssertionError("the run did not end")


def log(lake: Lake, group: str, run_id: str) -> list[str]:
    """Lines of a run in a log group."""
    logs = lake.client("logs", PRODUCER)
    found = logs.get_log_events(logGroupName=f"/aws-glue/python-jobs/{group}", logStreamName=run_id)["events"]
    return [event["message"] for event in found]


def test_a_run_has_its_arguments_its_role_and_its_log(lake: Lake, glue: Any) -> None:
    run_id = glue.start_job_run(JobName="case-job", Arguments={"--batch": "2024 01"})["JobRunId"]
    run = ended(glue, run_id)
    assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")
    out = log(lake, "output", run_id)
    assert out[0] == "arguments ['--table', 'credit_card', '--batch', '2024 01']", (
        "run arguments win over defaults"
    )
    assert out[1] == f"caller arn:aws:sts::{PRODUCER}:assumed-role/mesh-curation/GlueJobRunnerSession", (
        "the role"
    )
    assert "region eu-west-1" in out[2], "in the job's Region"
    assert log(lake, "error", run_id) == ["a warning"], "errors go to their own group"
    assert run["ExecutionTime"] >= 0, "the time it took is told"
    assert run["CompletedOn"] >= run["StartedOn"], "and when"


def test_a_failed_run_says_the_last_line_of_its_errors(glue: Any) -> None:
    run = ended(glue, glue.start_job_run(JobName="case-job", Arguments={"--fail": "bad batch"})["JobRunId"])
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "ValueError: bad batch"), "as Glue does"


def test_runs_beyond_the_limit_are_refused_and_a_run_can_be_stopped(glue: Any) -> None:
    run_id = glue.start_job_run(JobName="case-job", Arguments={"--wait": "yes"})["JobRunId"]
    with pytest.raises(ClientError, match="ConcurrentRunsExceededException"):
        glue.start_job_run(JobName="case-job")
    answer = glue.batch_stop_job_run(JobName="case-job", JobRunIds=[run_id, "jr_unknown"])
    assert [each["JobRunId"] for each in answer["SuccessfulSubmissions"]] == [run_id], (
        "the known one is stopped"
    )
    assert answer["Errors"][0]["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException", (
        "the unknown one told apart"
    )
    assert ended(glue, run_id)["JobRunState"] == "STOPPED", "and ends so"
    assert glue.get_job_runs(JobName="case-job")["JobRuns"][0]["Id"] == run_id, "the latest run comes first"


def test_a_missing_script_fails_the_run(lake: Lake, glue: Any) -> None:
    glue.create_job(
        Name="case-lost",
        Role=role(PRODUCER, "mesh-curation"),
        Command={"Name": "pythonshell", "ScriptLocation": f"s3://{BUCKET}/scripts/lost.py"},
    )
    run = ended(glue, glue.start_job_run(JobName="case-lost")["JobRunId"], "case-lost")
    assert run["JobRunState"] == "FAILED", "there is nothing to run"
    assert f"bucket: {BUCKET}, key: scripts/lost.py" in run["ErrorMessage"], "and which is named"


def test_a_spark_job_is_not_pretended_to_have_run(glue: Any) -> None:
    command = {"Name": "glueetl", "ScriptLocation": f"s3://{BUCKET}/scripts/job.py"}
    glue.create_job(Name="case-spark", Role=role(PRODUCER, "mesh-curation"), Command=command)
    run = ended(glue, glue.start_job_run(JobName="case-spark")["JobRunId"], "case-spark")
    assert run["JobRunState"] == "FAILED", "rather than a success that is none"
    assert "glueetl" in run["ErrorMessage"], "with the reason"


def test_a_run_ends_at_its_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_run, "SECONDS_PER_MINUTE", 0.2)
    monkeypatch.setattr(athena_objects, "read", lambda *_: b"import time; time.sleep(60)")
    work = Work("job", "curation", PRODUCER, "eu-west-1", "pythonshell", "s3://b/s.py", {}, 1.0, "")
    run = JobRun(work, None, None, None)
    run.start()
    assert run.done.wait(20), "it ends"
    assert run.as_dict()["JobRunState"] == "TIMEOUT", "by its limit"
    assert work.role_arn == role(PRODUCER, "curation"), "a role may be named without its account"
