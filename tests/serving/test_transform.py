"""Transform jobs: a model over files, file by file."""

from __future__ import annotations

import csv
import io
import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from world import PRODUCTION, World, code

from tests.training.tables import loans
from training import inference
from training.features import encode, load_features
from training.model import booster as model

DATA = "transformed"


@pytest.fixture(scope="module")
def bucket(world: World) -> str:
    s3 = world.client(PRODUCTION, "s3")
    s3.create_bucket(Bucket=DATA, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    world.model("batch", world.packages[0], EnableNetworkIsolation=True)
    return DATA


def run(
    world: World,
    name: str,
    prefix: str,
    *,
    model_name: str = "batch",
    split: str = "Line",
    kind: str = "text/csv",
    **more: Any,
) -> Any:
    client = world.client(PRODUCTION)
    client.create_transform_job(
        TransformJobName=name,
        ModelName=model_name,
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{DATA}/{prefix}/"}},
            "ContentType": kind,
            "SplitType": split,
        },
        TransformOutput={
            "S3OutputPath": f"s3://{DATA}/out/{name}",
            "Accept": kind,
            "AssembleWith": "Line",
        },
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **more,
    )
    while True:
        found = client.describe_transform_job(TransformJobName=name)
        if found["TransformJobStatus"] not in ("InProgress", "Stopping"):
            return found
        time.sleep(0.05)


def written(world: World, prefix: str) -> dict[str, str]:
    s3 = world.client(PRODUCTION, "s3")
    found = s3.list_objects_v2(Bucket=DATA, Prefix=prefix).get("Contents", [])
    return {
        each["Key"]: s3.get_object(Bucket=DATA, Key=each["Key"])["Body"].read().decode() for each in found
    }


def test_several_files_give_as_many_answers_in_the_order_of_their_rows(world: World, bucket: str) -> None:
    folder = world.models[world.packages[0]]
    schema = load_features(folder / "features.json")
    table = loans(60, 5)
    scores = [float(x) for x in model.score(inference.model_fn(folder).booster, encode(table, schema))]
    s3 = world.client(PRODUCTION, "s3")
    for number, name in enumerate(("a.csv", "b/c.csv", "d.csv")):
        lines = io.StringIO()
        writer = csv.writer(lines)
        for row in table.slice(number * 20, 20).to_pylist():
            writer.writerow([row[name] for name in schema.names])
        s3.put_object(Bucket=bucket, Key=f"in/{name}", Body=lines.getvalue().encode())
    found = run(world, "files", "in")
    assert found["TransformJobStatus"] == "Completed", found.get("FailureReason")
    answers = written(world, "out/files/")
    assert list(answers) == [f"out/files/{name}.out" for name in ("a.csv", "b/c.csv", "d.csv")]
    given = [float(line.split(",")[0]) for text in answers.values() for line in text.splitlines()]
    assert given == pytest.approx(scores)
    listed = world.client(PRODUCTION).list_transform_jobs(NameContains="files")["TransformJobSummaries"]
    assert [job["TransformJobStatus"] for job in listed] == ["Completed"]


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_json_lines_give_a_line_for_each_line(world: World, bucket: str, strategy: str) -> None:
    table = loans(30, 6)
    folder = world.models[world.packages[0]]
    schema = load_features(folder / "features.json")
    scores = [float(x) for x in model.score(inference.model_fn(folder).booster, encode(table, schema))]
    prefix = f"lines-{strategy}".lower()
    for number in range(2):
        rows = [
            {name: row[name] for name in schema.names} for row in table.slice(number * 15, 15).to_pylist()
        ]
        text = "\n".join(json.dumps(row, default=str) for row in rows)
        world.client(PRODUCTION, "s3").put_object(
            Bucket=bucket, Key=f"{prefix}/{number}.jsonl", Body=text.encode()
        )
    found = run(world, prefix, prefix, kind="application/jsonlines", BatchStrategy=strategy)
    assert found["TransformJobStatus"] == "Completed", found.get("FailureReason")
    answers = written(world, f"out/{prefix}/")
    assert list(answers) == [f"out/{prefix}/{number}.jsonl.out" for number in range(2)]
    given = [json.loads(line) for text in answers.values() for line in text.splitlines()]
    assert [row["score"] for row in given] == pytest.approx(scores)
    assert all(row["reasons"] for row in given)


def test_a_file_that_cannot_be_scored_fails_the_job_and_is_named(world: World, bucket: str) -> None:
    world.client(PRODUCTION, "s3").put_object(Bucket=bucket, Key="bad/x.csv", Body=b"A,1\n")
    found = run(world, "bad", "bad")
    assert found["TransformJobStatus"] == "Failed"
    assert f"s3://{bucket}/bad/x.csv: Bad HTTP status received from algorithm: 400" in found["FailureReason"]
    assert "has 2 values for the 7 features" in found["FailureReason"]
    assert written(world, "out/bad/") == {}


def test_an_input_without_objects_fails_before_anything_is_scored(world: World, bucket: str) -> None:
    found = run(world, "nothing", "nowhere")
    assert (found["TransformJobStatus"], "No S3 objects found" in found["FailureReason"]) == ("Failed", True)


@pytest.mark.parametrize(
    "split, strategy, payload, sizes",
    [
        ("None", "MultiRecord", 6, ["12"]),
        ("Line", "SingleRecord", 6, ["4", "4", "4"]),
        ("Line", "MultiRecord", 6, ["12"]),
    ],
)
def test_a_file_is_sent_as_the_job_says(
    world: World, bucket: str, split: str, strategy: str, payload: int, sizes: list[str]
) -> None:
    name = f"parts-{split}-{strategy}".lower()
    arn = world.register(code("n"), key=f"pipeline/{name}/model.tar.gz")
    world.model(name, arn)
    world.client(PRODUCTION, "s3").put_object(Bucket=bucket, Key=f"{name}/x", Body=b"abc\nabc\nabc\n")
    found = run(
        world, name, name, model_name=name, split=split, BatchStrategy=strategy, MaxPayloadInMB=payload
    )
    assert found["TransformJobStatus"] == "Completed", found.get("FailureReason")
    assert written(world, f"out/{name}/")[f"out/{name}/x.out"].splitlines() == [f"n:{size}" for size in sizes]


def test_what_is_not_done_here_is_refused_at_once(world: World, bucket: str) -> None:
    for more, expected in (
        ({"DataProcessing": {"JoinSource": "Input"}}, "DataProcessing is not served"),
        ({"model_name": "unknown"}, "Could not find model"),
        ({"split": "TFRecord"}, "SplitType TFRecord is not served"),
    ):
        with pytest.raises(ClientError, match=expected):
            run(world, "refused", "in", **more)
    assert json.dumps(written(world, "out/refused/")) == "{}"
