"""Training jobs: the container's contract, artefacts, metrics, states, several hosts, failures."""

from __future__ import annotations

import io
import json
import tarfile

import pytest
from sagemaker_bench import ACCOUNT, BUCKET, REGION, Bench, free_port, fresh

SHOW = """
import json, os, sys, pathlib
print("arguments", json.dumps(sys.argv[1:]))
wanted = ["SM_HOSTS", "SM_CURRENT_HOST", "SM_NUM_GPUS", "SM_CHANNELS", "SM_HPS", "SM_HP_DEPTH", "SM_USER_ARGS",
          "SM_MODULE_NAME", "SM_USER_ENTRY_POINT", "OWN"]
print("env", json.dumps({key: os.environ[key] for key in wanted}))
training = json.loads(os.environ["SM_TRAINING_ENV"])
print("training", training["job_name"], training["is_master"], training["hyperparameters"]["name"])
print("data", pathlib.Path(os.environ["SM_CHANNEL_TRAIN"], "rows.csv").read_text())
for name in ("hyperparameters", "inputdataconfig", "resourceconfig"):
    print(name, open(f"/opt/ml/input/config/{name}.json").read())
print("epoch 1 validation-auc=0.71;")
print("epoch 2 validation-auc=0.83; loss=1e-3")
pathlib.Path(os.environ["SM_MODEL_DIR"], "code").mkdir()
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json").write_text("{}")
pathlib.Path(os.environ["SM_MODEL_DIR"], "code", "inference.py").write_text("# serve")
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "curve.json").write_text("[]")
"""
METRICS = [
    {"Name": "validation:auc", "Regex": "validation-auc=([0-9.]+);"},
    {"Name": "loss", "Regex": r"loss=(\S+)"},
    {"Name": "never", "Regex": "never=(.*)"},
]


def members(body: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        return sorted(archive.getnames())


@pytest.fixture(scope="module")
def shown(bench: Bench) -> tuple[str, dict, list[str]]:
    """A job that shows what it gets: name, description, log."""
    name = fresh("shows")
    bench.put(f"{name}/train/rows.csv", "1,2,3")
    request = bench.training(
        SHOW,
        name=name,
        channels={"train": f"s3://{BUCKET}/{name}/train"},
        hyperparameters={"depth": 3, "name": "a b", "k": 0.5},
        metrics=METRICS,
        Environment={"OWN": "/opt/ml/model"},
    )
    job = bench.trained(request)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return name, job, bench.log("TrainingJobs", name)["algo-1"]


def said(log: list[str], key: str) -> str:
    return next(line.removeprefix(f"{key} ") for line in log if line.startswith(f"{key} "))


def test_the_script_gets_hyperparameters_as_arguments_and_variables(shown: tuple) -> None:
    name, _, log = shown
    arguments = ["--depth", "3", "-k", "0.5", "--name", "a b"]
    assert json.loads(said(log, "arguments")) == arguments, "in the order of their names, decoded"
    env = json.loads(said(log, "env"))
    assert env["OWN"].endswith("/algo-1/opt/ml/model"), "a path of the container is one of this machine"
    assert {key: value for key, value in env.items() if key != "OWN"} == {
        "SM_HOSTS": '["algo-1"]',
        "SM_CURRENT_HOST": "algo-1",
        "SM_NUM_GPUS": "0",
        "SM_CHANNELS": '["train"]',
        "SM_HPS": '{"depth":3,"k":0.5,"name":"a b"}',
        "SM_HP_DEPTH": "3",
        "SM_USER_ARGS": json.dumps(arguments, separators=(",", ":")),
        "SM_MODULE_NAME": "train",
        "SM_USER_ENTRY_POINT": "train.py",
    }, "as the training toolkit sets them"
    assert said(log, "training") == f"{name} True a b", "and all of it in one"


def test_the_script_finds_its_channel_and_configuration(shown: tuple) -> None:
    _, _, log = shown
    assert said(log, "data") == "1,2,3", "the channel's files"
    hyperparameters = json.loads(said(log, "hyperparameters"))
    assert hyperparameters["depth"] == "3", "hyperparameters are texts in the file"
    channel = json.loads(said(log, "inputdataconfig"))["train"]
    assert channel == {
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }, "the channel's description"
    resources = json.loads(said(log, "resourceconfig"))
    assert (resources["current_host"], resources["hosts"]) == ("algo-1", ["algo-1"]), "and the cluster's"


def test_model_and_output_lie_below_the_job(bench: Bench, shown: tuple) -> None:
    name, job, _ = shown
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/models/{name}/output/model.tar.gz", (
        "URI"
    )
    assert members(bench.get(job["ModelArtifacts"]["S3ModelArtifacts"])) == [
        "code/inference.py",
        "model.json",
    ]
    assert members(bench.get(f"s3://{BUCKET}/models/{name}/output/output.tar.gz")) == ["curve.json"]


def test_the_last_value_of_each_metric_is_final(shown: tuple) -> None:
    final = {each["MetricName"]: each["Value"] for each in shown[1]["FinalMetricDataList"]}
    assert final == pytest.approx({"validation:auc": 0.83, "loss": 0.001}), (
        "one that was not logged is absent"
    )


def test_states_and_times_are_told(shown: tuple) -> None:
    name, job, _ = shown
    passed = [each["Status"] for each in job["SecondaryStatusTransitions"]]
    assert passed == ["Starting", "Downloading", "Training", "Uploading", "Completed"], "phase by phase"
    assert all(each["EndTime"] >= each["StartTime"] for each in job["SecondaryStatusTransitions"]), (
        "with times"
    )
    assert job["SecondaryStatus"] == "Completed", "the last"
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"] >= 1, "a second at least is billed"
    assert job["TrainingJobArn"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{name}", "the ARN"


def test_a_script_that_raises_fails_with_its_error(bench: Bench) -> None:
    job = bench.trained(bench.training("raise ValueError('no rows with target 1')"))
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed"), "it failed"
    reason = job["FailureReason"]
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1\n"), reason
    assert "ValueError: no rows with target 1" in reason, "with the last error"
    assert reason.endswith("exit code: 1"), "and the code"
    assert job["SecondaryStatusTransitions"][-1]["StatusMessage"] == reason, "also in the transitions"


def test_a_reason_that_the_script_leaves_is_the_reason(bench: Bench) -> None:
    script = "open('/opt/ml/output/failure', 'w').write('target has 3 values'); raise SystemExit(2)"
    job = bench.trained(bench.training(script))
    assert job["FailureReason"] == "AlgorithmError: target has 3 values, exit code: 2", job["FailureReason"]


def test_hosts_train_side_by_side_and_one_model_comes_out(bench: Bench) -> None:
    script = """
    import json, os, socket, sys, time, pathlib
    hosts, here = json.loads(os.environ["SM_HOSTS"]), os.environ["SM_CURRENT_HOST"]
    port = int(sys.argv[sys.argv.index("--port") + 1])
    if here == hosts[0]:
        with socket.create_server(("", port)) as server:
            heard = {server.accept()[0].recv(20).decode() for _ in hosts[1:]}
        pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text(",".join(sorted(heard)))
    else:
        for _ in range(500):
            try:
                with socket.create_connection((hosts[0], port)) as peer:
                    peer.sendall(here.encode())
                break
            except ConnectionRefusedError:
                time.sleep(0.02)
    """
    request = bench.training(script, count=3, hyperparameters={"port": free_port()})
    job = bench.trained(request)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    with tarfile.open(fileobj=io.BytesIO(bench.get(job["ModelArtifacts"]["S3ModelArtifacts"]))) as archive:
        assert archive.extractfile("model.txt").read() == b"algo-2,algo-3", "the first host heard the others"


def test_one_host_that_fails_ends_the_job_at_once(bench: Bench) -> None:
    script = """
    import os, time
    if os.environ["SM_CURRENT_HOST"] == "algo-2":
        raise RuntimeError("only here")
    time.sleep(120)
    """
    job = bench.trained(bench.training(script, count=2))
    assert job["TrainingJobStatus"] == "Failed", "the others are not waited for"
    assert "RuntimeError: only here" in job["FailureReason"], job["FailureReason"]


def test_code_may_come_as_a_channel_and_must_when_the_network_is_isolated(bench: Bench) -> None:
    script = "import os; print('AWS_ACCESS_KEY_ID' in os.environ)"
    request = bench.training(script, EnableNetworkIsolation=True)
    failed = bench.trained(request)
    assert failed["TrainingJobStatus"] == "Failed", "the container could not download it on AWS either"
    assert "network isolation" in failed["FailureReason"], failed["FailureReason"]
    code = json.loads(request["HyperParameters"]["sagemaker_submit_directory"])
    given = {"sagemaker_submit_directory": "/opt/ml/input/data/code/sourcedir.tar.gz"}
    more = {"channels": {"code": code}, "EnableNetworkIsolation": True}
    request = bench.training(script, hyperparameters=given, **more)
    job = bench.trained(request)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert bench.log("TrainingJobs", request["TrainingJobName"])["algo-1"] == ["False"], "without credentials"


def test_checkpoints_outlive_a_job(bench: Bench) -> None:
    script = """
    import pathlib
    kept = pathlib.Path("/opt/ml/checkpoints/round.txt")
    print("before", kept.read_text() if kept.exists() else "nothing")
    kept.write_text("7")
    """
    config = {"S3Uri": f"s3://{BUCKET}/{fresh('checkpoints')}"}
    first, second = (bench.training(script, CheckpointConfig=config) for _ in range(2))
    for request, before in ((first, "nothing"), (second, "7")):
        assert bench.trained(request)["TrainingJobStatus"] == "Completed", "it runs"
        assert bench.log("TrainingJobs", request["TrainingJobName"])["algo-1"] == [f"before {before}"], (
            "from there"
        )


def test_a_model_may_stay_unpacked(bench: Bench) -> None:
    script = """
    import os, pathlib
    for name in ("model.json", "code/inference.py"):
        path = pathlib.Path(os.environ["SM_MODEL_DIR"], name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(os.environ["SM_CURRENT_HOST"])
    """
    request = bench.training(script, count=2)
    request["OutputDataConfig"]["CompressionType"] = "NONE"
    uri = bench.trained(request)["ModelArtifacts"]["S3ModelArtifacts"]
    assert uri.endswith(f"/{request['TrainingJobName']}/output/model/"), "a folder"
    assert bench.get(f"{uri}code/inference.py") == b"algo-1", "with the files, of the first host"


def test_a_job_has_the_code_that_was_sent_and_no_project_of_this_machine(bench: Bench) -> None:
    script = """
    for name in ("json", "numpy", "governance", "local"):
        try:
            __import__(name)
            print("has", name)
        except ModuleNotFoundError:
            print("lacks", name)
    """
    request = bench.training(script)
    assert bench.trained(request)["TrainingJobStatus"] == "Completed", "it runs"
    seen = bench.log("TrainingJobs", request["TrainingJobName"])["algo-1"]
    assert seen == ["has json", "has numpy", "lacks governance", "lacks local"], "as in the container"
