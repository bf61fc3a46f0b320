"""Query results as inputs: Athena runs as the job's role, and Lake Formation decides what it reads."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "local_cloud_athena"))

from lake_case import RESULTS, Lake
from sagemaker_bench import ACCOUNT, BUCKET, TRUST, Bench, arn, fresh

from local.cloud import server

LOCAL = "/opt/ml/processing/input/rows"
READ = """
import json, os, pathlib, sys
import pyarrow.parquet as pq
files = sorted(pathlib.Path(sys.argv[1]).glob("*"))
tables = [pq.read_table(path) for path in files]
print(len(files), sum(table.num_rows for table in tables), tables[0].schema.names if tables else [])
"""


@pytest.fixture(scope="module")
def governed() -> Iterator[Bench]:
    """A cloud with the lake of the Athena tests, whose roles SageMaker may assume."""
    with server.spawn(arguments=["--organization", "111122223333,222233334444,333344445555"]) as cloud:
        Lake(cloud.endpoint).deploy()
        bench = Bench(cloud.endpoint)
        bench.deploy()
        for name in ("scientist", "auditor", "nobody"):
            document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
            bench.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
        output = {"ResultConfiguration": {"OutputLocation": f"s3://{RESULTS}/wg/"}}
        bench.client("athena").create_work_group(Name="small", Configuration=output)
        limited = {**output, "BytesScannedCutoffPerQuery": 10_000_000}
        bench.client("athena").create_work_group(Name="limited", Configuration=limited)
        yield bench


def request(bench: Bench, query: str, role: str = "scientist", **more: Any) -> dict[str, Any]:
    """A job whose input is a query."""
    athena = {
        "Catalog": "AwsDataCatalog",
        "Database": "rl_credit-card",
        "QueryString": query,
        "WorkGroup": more.pop("group", "small"),
        "OutputS3Uri": f"s3://{RESULTS}/datasets/",
        "OutputFormat": "PARQUET",
    }
    definition = {"AthenaDatasetDefinition": athena, "LocalPath": LOCAL, **more.pop("definition", {})}
    given = {"InputName": "rows", "DatasetDefinition": definition}
    return bench.processing(READ, inputs=[given], arguments=[LOCAL], RoleArn=arn(role), **more)


def test_a_job_reads_what_its_role_may_read(governed: Bench) -> None:
    for role, sees_sex in (("scientist", False), ("auditor", True)):
        job = governed.processed(request(governed, "SELECT * FROM credit_card", role))
        assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
        line = governed.log("ProcessingJobs", job["ProcessingJobName"])["algo-1"][0]
        assert line.startswith("1 100 ["), "all rows, as Parquet"
        assert ("'sex'" in line) == sees_sex, f"{role}: a column is there for whom it is open"


def test_a_refusal_of_lake_formation_is_the_jobs_failure(governed: Bench) -> None:
    job = governed.processed(request(governed, "SELECT sex FROM credit_card"))
    assert job["ProcessingJobStatus"] == "Failed", "the column is closed to the role"
    reason = job["FailureReason"]
    assert reason.startswith("ClientError: Data download failed: Athena query of input 'rows' failed: "), (
        reason
    )
    assert "'sex' cannot be resolved" in reason, reason
    nobody = governed.processed(request(governed, "SELECT id FROM credit_card", "nobody"))
    assert nobody["ProcessingJobStatus"] == "Failed", "a role without grants reads nothing"
    assert "Insufficient permissions" in nobody["FailureReason"], nobody["FailureReason"]


def test_a_query_leaves_an_audit_record_of_the_jobs_role(governed: Bench) -> None:
    governed.processed(request(governed, "SELECT id FROM credit_card", "auditor"))
    events = governed.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "GetDataAccess"}]
    )["Events"]
    sessions = {json.loads(each["CloudTrailEvent"])["userIdentity"]["arn"] for each in events}
    assert f"arn:aws:sts::{ACCOUNT}:assumed-role/auditor/SageMaker" in sessions, "who read is known"


def test_the_workgroup_must_be_there_and_the_same_query_runs_again(governed: Bench) -> None:
    lost = governed.processed(request(governed, "SELECT id FROM credit_card", group="lost"))
    assert "WorkGroup lost is not found" in lost["FailureReason"], lost["FailureReason"]
    for _ in range(2):
        job = governed.processed(request(governed, "SELECT id FROM credit_card;"))
        assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")


def test_a_result_is_sharded_by_default_and_replicated_on_request(governed: Bench) -> None:
    query = "SELECT id FROM credit_card"
    sharded = request(governed, query, count=2)
    replicated = request(governed, query, count=2, definition={"DataDistributionType": "FullyReplicated"})
    for given, expected in ((sharded, [0, 1]), (replicated, [1, 1])):
        job = governed.processed(given)
        assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
        log = governed.log("ProcessingJobs", job["ProcessingJobName"])
        assert sorted(int(lines[0].split(" ")[0]) for lines in log.values()) == expected, "files of each host"


def test_a_pipeline_feeds_on_governed_data_as_its_steps_role(governed: Bench) -> None:
    name = fresh("read")
    good, bad = (request(governed, f"SELECT {column} FROM credit_card") for column in ("id", "sex"))
    for each in (good, bad):
        del each["ProcessingJobName"]
    steps = [
        {"Name": "Good", "Type": "Processing", "Arguments": good},
        {"Name": "Bad", "Type": "Processing", "Arguments": bad},
    ]
    execution = governed.started(governed.pipeline(steps))
    assert governed.finished(execution)["PipelineExecutionStatus"] == "Failed", "one step may not read"
    done = governed.steps(execution)
    assert done["Good"]["StepStatus"] == "Succeeded", "the other may"
    assert "'sex' cannot be resolved" in done["Bad"]["FailureReason"], f"{name}: and the reason is passed on"
    assert governed.keys("nothing/") == [], f"nothing is written to {BUCKET} by either"
