"""`python -m training batch`: a file scored by a transform job, started as the role that the outputs name."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from world import NAMES, PRODUCTION, REGION, ROLE, ROW, SERVING, World, as_somebody

from components.documents import account_trust
from components.serving_documents import batch_caller_policy
from tests.training.tables import loans
from training import inference
from training.cli import main
from training.features import encode, load_features
from training.model import booster

JOBS = NAMES.transform_jobs(SERVING)
CALLER = "batch-caller"
STORE = "batches"


@pytest.fixture(scope="module")
def served(world: World) -> dict[str, Any]:
    """Outputs of a production stack in batch mode, and the role that it makes."""
    s3, iam = world.client(PRODUCTION, "s3"), world.client(PRODUCTION, "iam")
    s3.create_bucket(Bucket=STORE, CreateBucketConfiguration={"LocationConstraint": REGION})
    key = world.client(PRODUCTION, "kms").create_key()["KeyMetadata"]["Arn"]
    world.model("batch-promoted", world.packages[0], EnableNetworkIsolation=True)
    world.model("batch-other", world.packages[1], EnableNetworkIsolation=True)
    trust = account_trust(PRODUCTION, (), None)
    iam.create_role(RoleName=CALLER, AssumeRolePolicyDocument=json.dumps(trust))
    policy = batch_caller_policy(
        PRODUCTION, jobs=JOBS, models=["batch-promoted"], bucket_arn=f"arn:aws:s3:::{STORE}", key_arn=key
    )
    iam.put_role_policy(RoleName=CALLER, PolicyName="ask", PolicyDocument=json.dumps(policy))
    return {
        "accountId": PRODUCTION.account_id, "region": REGION, "serving": SERVING, "mode": "batch",
        "roleArn": ROLE, "callerRoleArn": PRODUCTION.role_arn(CALLER), "modelPackage": world.packages[0],
        "endpoint": "", "model": "batch-promoted", "bucket": STORE, "keyArn": key, "transformJobs": JOBS,
        "instanceType": "ml.m5.large", "instanceCount": 1.0,
    }  # fmt: skip


@pytest.fixture
def batch(
    world: World,
    served: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Run the command in a folder of its own; its exit code, output and errors."""
    as_somebody(monkeypatch, world.endpoint)
    monkeypatch.chdir(tmp_path)

    def run(file: str, output: str = "out.jsonl", *words: str, **outputs: Any) -> tuple[int, str, str]:
        monkeypatch.setenv("MESH_PRODUCTION", json.dumps({**served, **outputs}))
        code = main(["batch", "--file", file, "--output", output, "--interval", "0.05", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def refused(found: tuple[int, str, str]) -> str:
    code, _, err = found
    assert code == 2, found
    assert err.count("\n") == 1, "one line"
    return err


def test_a_table_with_names_is_scored_in_the_order_of_its_rows_whatever_their_columns_are(
    world: World, batch: Any
) -> None:
    folder = world.models[world.packages[0]]
    schema = load_features(folder / "features.json")
    table = loans(50, 8)
    scores = [
        float(score) for score in booster.score(inference.model_fn(folder).booster, encode(table, schema))
    ]
    with Path("rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(reversed(schema.names))
        writer.writerows([row[name] for name in reversed(schema.names)] for row in table.to_pylist())
    code, out, err = batch("rows.csv")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"50 rows scored by {world.packages[0]}: out.jsonl"
    answers = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert [row["score"] for row in answers] == pytest.approx(scores)
    assert all(row["reasons"] for row in answers)
    code, _, _ = batch("rows.csv", "out.csv")
    assert [float(line.split(",")[0]) for line in Path("out.csv").read_text().splitlines()] == pytest.approx(
        scores
    )


def test_lines_a_list_and_one_object_are_taken_too(batch: Any) -> None:
    Path("a.jsonl").write_text(2 * (json.dumps(ROW) + "\n") + "\n")
    Path("b.json").write_text(json.dumps([ROW, {**ROW, "income": None}, ROW]))
    Path("c.json").write_text(json.dumps(ROW, indent=1))
    for name, rows in (("a.jsonl", 2), ("b.json", 3), ("c.json", 1)):
        code, _, err = batch(name, f"{name}.out.jsonl")
        assert (code, err) == (0, "")
        assert len(Path(f"{name}.out.jsonl").read_text().splitlines()) == rows


def test_rows_that_the_model_refuses_are_told_in_its_words_and_nothing_is_written(batch: Any) -> None:
    Path("rows.jsonl").write_text(json.dumps({**ROW, "income": "much"}) + "\n")
    said = refused(batch("rows.jsonl"))
    assert "payload row 1, field income: 'much' cannot be read as number" in said
    assert said.startswith(f"job {JOBS}-")
    assert not Path("out.jsonl").exists()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", "", "a.csv: has no rows"),
        ("a.csv", "income,income\n1,2\n", "a.csv: must have a first line of names, each there once"),
        ("a.csv", "income,grade\n", "a.csv: has no rows"),
        ("a.csv", "income,grade\n1,C\n\n1\n", "a.csv: line 4: has 1 values for 2 names"),
        ("a.jsonl", '{"income": 1}\n{"income"', "a.jsonl: line 2: is no JSON"),
        ("a.jsonl", '{"income": 1, "income": 2}', "a.jsonl: line 1: is no JSON ('income' is there twice"),
        ("a.jsonl", "[1]", "a.jsonl: line 1: is no object of features"),
        ("a.json", "[]", "a.json: has no rows"),
        ("a.json", "[" * 100_000, "a.json: is no JSON"),
        ("a.txt", "x", "--file a.txt: must end in one of .csv, .json, .jsonl, .ndjson"),
    ],
)
def test_a_file_that_holds_no_rows_is_one_line_and_starts_nothing(
    world: World, batch: Any, name: str, content: str, expected: str
) -> None:
    Path(name).write_text(content)
    before = len(world.client(PRODUCTION).list_transform_jobs(MaxResults=100)["TransformJobSummaries"])
    assert refused(batch(name)).startswith(expected)
    after = len(world.client(PRODUCTION).list_transform_jobs(MaxResults=100)["TransformJobSummaries"])
    assert before == after


def test_flags_and_outputs_that_do_not_fit_are_named(batch: Any) -> None:
    Path("rows.jsonl").write_text(json.dumps(ROW))
    assert "--file none.jsonl" not in refused(batch("none.jsonl"))
    assert refused(batch("none.jsonl")) == "none.jsonl: cannot be read (No such file or directory)\n"
    assert "must end in one of .csv, .jsonl, .ndjson" in refused(batch("rows.jsonl", "out.html"))
    assert "is in a folder that is not there" in refused(batch("rows.jsonl", "none/out.csv"))
    Path("folder.csv").mkdir()
    assert refused(batch("rows.jsonl", "folder.csv")) == (
        "--output folder.csv: cannot be written (Is a directory)\n"
    )
    assert not list(Path("folder.csv").iterdir())
    assert {path.name for path in Path().iterdir()} == {"rows.jsonl", "folder.csv"}, "no half file"
    assert "ask with 'python -m training endpoint'" in refused(batch("rows.jsonl", mode="endpoint"))
    assert "serves nothing yet; promote" in refused(batch("rows.jsonl", model=""))
    assert "has no 'bucket'" in refused(batch("rows.jsonl", bucket=None))
    assert "'instanceCount' is no number" in refused(batch("rows.jsonl", instanceCount="many"))


def test_the_role_starts_jobs_of_what_was_promoted_and_no_others(
    world: World, served: dict[str, Any], batch: Any
) -> None:
    Path("rows.jsonl").write_text(json.dumps(ROW))
    said = refused(batch("rows.jsonl", model="batch-other"))
    assert "AccessDenied" in said
    assert "is not authorized to perform: sagemaker:CreateTransformJob" in said
    said = refused(batch("rows.jsonl", transformJobs="other"))
    assert "is not authorized to perform: sagemaker:CreateTransformJob" in said, "jobs have names of its own"
    client = world.client(PRODUCTION, role=CALLER)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.create_transform_job(
            TransformJobName="mine",
            ModelName="batch-promoted",
            TransformInput={
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{STORE}/"}}
            },
            TransformOutput={"S3OutputPath": f"s3://{STORE}/out"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        )
