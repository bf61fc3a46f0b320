"""An AWS account in memory whose Athena answers with tables that a test puts there; a job's folders, and a model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto import mock_aws
from moto.athena.models import AthenaBackend, Execution, QueryResults
from moto.athena.responses import AthenaResponse

from tests.training.tables import loans
from training import preprocess, train
from training.registry.register import pack

ACCOUNT, REGION = "333344445555", "eu-west-1"
ROLES = ("auditor", "data-scientist")
_ATHENA = {"int32": "integer", "int64": "bigint", "double": "double", "bool": "boolean", "string": "varchar"}


@dataclass
class Cloud:
    """The account: stack outputs, and per table what Athena answers (a table, or why it fails)."""

    outputs: dict[str, Any]
    answers: dict[str, pa.Table | str] = field(default_factory=dict)
    queries: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "MESH_OUTPUTS", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("moto.core.models.DEFAULT_ACCOUNT_ID", ACCOUNT, raising=False)
    with mock_aws():
        made = Cloud(outputs=_deploy())
        _answer_queries(made, monkeypatch)
        yield made


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The job's /opt/ml."""
    folder = tmp_path / "opt"
    (folder / "output").mkdir(parents=True)
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Splits and a model, made by the jobs."""
    place = tmp_path_factory.mktemp("trained")
    flags = ["--target", "defaulted", "--positive", "yes", "--key", "loan", "--table", "loans"]
    pq.write_table(loans(1500), place / "data")
    assert preprocess.main(["--data", str(place / "data"), "--output", str(place), *flags]) == 0
    folders = [f"--{name}={place / name}" for name in ("train", "validation", "features")]
    assert train.main([*folders, "--model-dir", str(place / "model"), "--rounds", "30", "--eta", "0.2"]) == 0
    pack(place / "model", place / "model.tar.gz")
    return place


def _deploy() -> dict[str, Any]:
    def client(service: str) -> Any:
        return boto3.client(service, region_name=REGION)

    account = client("sts").get_caller_identity()["Account"]
    for bucket in ("results", "models"):
        client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    for role in ROLES:
        place = {"ResultConfiguration": {"OutputLocation": f"s3://results/{role}/athena/"}}
        client("athena").create_work_group(Name=f"mesh-ml-coe-{role}", Configuration=place)
    client("sagemaker").create_model_package_group(ModelPackageGroupName="mesh-credit-risk")
    product = {
        "lob": "consumer-banking",
        "database": "lending",
        "tables": ["loans"],
        "contractVersion": "1.2.0",
    }
    return {
        "accountId": account,
        "region": REGION,
        "roles": {name: f"arn:aws:iam::{account}:role/mesh-{name}" for name in ROLES},
        "workgroups": {name: f"mesh-ml-coe-{name}" for name in ROLES},
        "resultsBucket": "results",
        "modelsBucket": "models",
        "keyArn": key,
        "resourceLinks": {"lending": "rl_lending"},
        "products": {"lending": product},
        "modelPackageGroup": "mesh-credit-risk",
    }


def _answer_queries(made: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    start, describe = AthenaBackend.start_query_execution, AthenaResponse.get_query_execution

    def started(self: Any, query: str, *args: Any, **kwargs: Any) -> str:
        made.queries.append(query)
        query_id = start(self, query, *args, **kwargs)
        execution = self.executions[query_id]
        answer = next(
            (found for name, found in made.answers.items() if f'"{name}"' in query), "no such table"
        )
        if isinstance(answer, str):
            execution.reason = answer
            return query_id
        execution.config = {"OutputLocation": f"s3://results/athena/{query_id}.csv"}
        text = _csv(answer)
        boto3.client("s3", region_name=REGION).put_object(
            Bucket="results", Key=f"athena/{query_id}.csv", Body=text.encode()
        )
        self.query_results[query_id] = QueryResults([], [_column(entry) for entry in answer.schema])
        return query_id

    def described(self: Any) -> str:
        answer = json.loads(describe(self))
        execution: Execution = self.athena_backend.executions[answer["QueryExecution"]["QueryExecutionId"]]
        if hasattr(execution, "reason"):
            answer["QueryExecution"]["Status"] |= {"State": "FAILED", "StateChangeReason": execution.reason}
        return json.dumps(answer)

    monkeypatch.setattr(AthenaBackend, "start_query_execution", started)
    monkeypatch.setattr(AthenaResponse, "get_query_execution", described)


def _csv(table: pa.Table) -> str:
    """The table as Athena writes results: all quoted, null as nothing."""

    def cell(value: Any) -> str:
        if value is None:
            return ""
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return '"' + text.replace('"', '""') + '"'

    rows = [[cell(name) for name in table.column_names]]
    rows += [[cell(value) for value in row.values()] for row in table.to_pylist()]
    return "".join(",".join(row) + "\n" for row in rows)


def _column(entry: pa.Field) -> dict[str, Any]:
    kind = str(entry.type)
    if pa.types.is_decimal(entry.type):
        return {
            "Name": entry.name,
            "Type": "decimal",
            "Precision": entry.type.precision,
            "Scale": entry.type.scale,
        }
    if pa.types.is_nested(entry.type):
        return {"Name": entry.name, "Type": "row", "Precision": 0, "Scale": 0}
    name = _ATHENA.get(kind, "date" if kind.startswith("date") else "timestamp")
    return {"Name": entry.name, "Type": name, "Precision": 17, "Scale": 0}
