"""Endpoints that answer with the artefact's own code, and change without a gap."""

from __future__ import annotations

import csv
import io
import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError
from world import BUCKET, CONSUMER, PRODUCTION, ROW, World, code

from tests.training.tables import loans
from training import inference
from training.features import encode, load_features
from training.model import booster as model


@pytest.fixture(scope="module")
def endpoint(world: World) -> str:
    found = world.serve("answers", world.packages[0])
    assert found["EndpointStatus"] == "InService", found.get("FailureReason")
    return "answers"


def rows(count: int = 40) -> list[dict[str, Any]]:
    table = loans(count, 9)
    names = [name for name in table.column_names if name not in ("loan", "defaulted")]
    return [{name: row[name] for name in names} for row in table.to_pylist()]


def test_the_endpoint_scores_as_the_model_scored_directly(world: World, endpoint: str) -> None:
    folder = world.models[world.packages[0]]
    schema = load_features(folder / "features.json")
    expected = [
        float(x) for x in model.score(inference.model_fn(folder).booster, encode(loans(40, 9), schema))
    ]
    body = json.dumps(rows(), default=str)
    answer = world.ask(endpoint, body)
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("application/json", "champion")
    assert [row["score"] for row in json.loads(answer["Body"].read())["predictions"]] == pytest.approx(
        expected
    )
    lines = io.StringIO()
    writer = csv.DictWriter(lines, fieldnames=schema.names)
    writer.writeheader()
    writer.writerows(rows())
    answer = world.ask(endpoint, lines.getvalue(), "text/csv", "text/csv")
    scores = [float(line.split(",")[0]) for line in answer["Body"].read().decode().splitlines()]
    assert scores == pytest.approx(expected)
    assert answer["ContentType"] == "text/csv"


def test_one_row_comes_back_with_reasons_as_the_module_gives_them(world: World, endpoint: str) -> None:
    served = inference.model_fn(world.models[world.packages[0]])
    body, _ = inference.output_fn(inference.predict_fn(inference.input_fn(json.dumps(ROW)), served))
    assert json.loads(world.ask(endpoint, json.dumps(ROW))["Body"].read()) == json.loads(body)


@pytest.mark.parametrize(
    "body, kind, accept, line",
    [
        (json.dumps({**ROW, "x": 1}), "application/json", "application/json",
         "payload row 1: has the unknown x; send exactly the model's features"),
        (json.dumps({k: v for k, v in ROW.items() if k != "grade"}), "application/json", "application/json",
         "payload row 1: lacks grade; send exactly the model's features"),
        ("{", "application/json", "application/json", "payload: is no JSON"),
        ("a", "image/png", "application/json", "content type: 'image/png' is not served"),
        (json.dumps(ROW), "application/json", "image/png", "accept: 'image/png' is not served"),
    ],
)  # fmt: skip
def test_a_bad_payload_is_the_caller_s_error_in_one_line(
    world: World, endpoint: str, body: str, kind: str, accept: str, line: str
) -> None:
    with pytest.raises(ClientError) as caught:
        world.ask(endpoint, body, kind, accept)
    found = caught.value.response
    assert found["Error"]["Code"] == "ModelError"
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert found["OriginalStatusCode"] == 400
    said = json.loads(found["OriginalMessage"])["error"]
    assert said.startswith(line)
    assert "\n" not in said
    assert "Received client error (400) from primary" in found["Error"]["Message"]


@pytest.mark.parametrize("kind", ["application/json", "text/csv", "application/json; charset=latin-1"])
def test_bytes_that_are_no_text_are_the_caller_s_error(world: World, endpoint: str, kind: str) -> None:
    body = json.dumps({**ROW, "grade": "\u00c9"}, ensure_ascii=False).encode("latin-1")
    with pytest.raises(ClientError) as caught:
        world.ask(endpoint, body, kind)
    found = caught.value.response
    assert found["OriginalStatusCode"] == 400
    assert json.loads(found["OriginalMessage"])["error"] == "payload: is no UTF-8 text"


def test_a_body_beyond_the_limit_is_refused_before_the_model_sees_it(world: World, endpoint: str) -> None:
    body = json.dumps([ROW] * 50_000)
    assert len(body) > 6 * 1024 * 1024
    with pytest.raises(ClientError, match="HTTP content length exceeded 6291456 bytes") as caught:
        world.ask(endpoint, body)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_who_may_not_invoke_is_refused_and_so_is_another_account(world: World, endpoint: str) -> None:
    for place, role in ((PRODUCTION, "mesh-serving-credit-risk"), (PRODUCTION, "other")):
        runtime = world.client(place, "sagemaker-runtime", role)
        with pytest.raises(
            ClientError, match=r"not authorized to perform: sagemaker:InvokeEndpoint"
        ) as caught:
            runtime.invoke_endpoint(EndpointName=endpoint, Body=json.dumps(ROW))
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    runtime = world.client(CONSUMER, "sagemaker-runtime")
    with pytest.raises(ClientError, match=f"Endpoint {endpoint} of account {CONSUMER.account_id} not found"):
        runtime.invoke_endpoint(EndpointName=endpoint, Body=json.dumps(ROW))


def test_what_is_not_there_is_not_asked(world: World) -> None:
    with pytest.raises(ClientError, match="Endpoint nowhere of account 777788889999 not found"):
        world.ask("nowhere", "{}")
    client = world.client(PRODUCTION)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        client.describe_endpoint(EndpointName="nowhere")
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        client.create_endpoint(EndpointName="nowhere", EndpointConfigName="nowhere")


@pytest.mark.parametrize(
    "name, files, reason",
    [
        ("corrupt", None, "cannot be unpacked"),
        ("codeless", {"xgboost-model": b"x"}, "No module named 'inference'"),
        (
            "half",
            {"code/inference.py": b"def model_fn(d): return 1"},
            "has no input_fn, predict_fn, output_fn",
        ),
        ("broken", {"code/inference.py": b"raise RuntimeError('no weights')"}, "no weights"),
    ],
)
def test_an_artefact_that_does_not_come_up_fails_with_its_reason(
    world: World, name: str, files: dict[str, bytes] | None, reason: str
) -> None:
    if files is None:
        world.put("pipeline/corrupt/model.tar.gz", b"no archive")
        arn = world.package(f"s3://{BUCKET}/pipeline/corrupt/model.tar.gz", status="Approved")
    else:
        arn = world.register(files, key=f"pipeline/{name}/model.tar.gz")
    found = world.serve(name, arn)
    assert found["EndpointStatus"] == "Failed"
    assert reason in found["FailureReason"]
    assert "\n" not in found["FailureReason"]
    with pytest.raises(ClientError, match="not found"):
        world.ask(name, "{}")


def test_an_endpoint_is_updated_without_a_failed_request(world: World) -> None:
    world.serve("moving", world.register(code("blue"), key="pipeline/blue/model.tar.gz"))
    world.configure("moving-green", world.register(code("green"), key="pipeline/green/model.tar.gz"))
    seen: list[str] = []
    ended = threading.Event()

    def keep_asking() -> None:
        while not ended.is_set():
            seen.append(world.ask("moving", "abc")["Body"].read().decode())

    asking = threading.Thread(target=keep_asking)
    asking.start()
    client = world.client(PRODUCTION)
    client.update_endpoint(EndpointName="moving", EndpointConfigName="moving-green")
    found = world.settled("moving")
    while seen[-1:] != ["green:3"]:
        assert asking.is_alive(), "a request failed"
    ended.set()
    asking.join()
    assert found["EndpointConfigName"] == "moving-green"
    turn = seen.index("green:3")
    assert set(seen[:turn]) <= {"blue:3"}
    assert set(seen[turn:]) == {"green:3"}, "no answer of the old one after the new one's first"


def test_an_update_that_fails_leaves_the_old_model_in_service(world: World) -> None:
    world.serve("kept", world.register(code("blue"), key="pipeline/kept/model.tar.gz"))
    world.configure(
        "kept-broken",
        world.register({"code/inference.py": b"import nothing_here"}, key="pipeline/bad/model.tar.gz"),
    )
    client = world.client(PRODUCTION)
    client.update_endpoint(EndpointName="kept", EndpointConfigName="kept-broken")
    found = world.settled("kept")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "kept")
    assert "nothing_here" in found["FailureReason"]
    assert world.ask("kept", "abc")["Body"].read() == b"blue:3"
    client.delete_endpoint(EndpointName="kept")
    with pytest.raises(ClientError, match="not found"):
        world.ask("kept", "abc")


def test_an_isolated_model_reaches_neither_the_cloud_nor_credentials(world: World) -> None:
    text = """
import os, urllib.request
def model_fn(d): return None
def input_fn(body, kind): return body
def predict_fn(url, model):
    try:
        return urllib.request.urlopen(url, timeout=2).status
    except OSError as error:
        return f"{error} {'AWS_ACCESS_KEY_ID' in os.environ}"
def output_fn(found, accept): return str(found), "text/plain"
"""
    arn = world.register({"code/inference.py": text.encode()}, key="pipeline/spy/model.tar.gz")
    world.model("spy", arn, EnableNetworkIsolation=True)
    client = world.client(PRODUCTION)
    variant = {
        "VariantName": "v",
        "ModelName": "spy",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    client.create_endpoint_config(EndpointConfigName="spy", ProductionVariants=[variant])
    client.create_endpoint(EndpointName="spy", EndpointConfigName="spy")
    assert world.settled("spy")["EndpointStatus"] == "InService"
    said = world.ask("spy", world.endpoint)["Body"].read().decode()
    assert "isolation" in said
    assert said.endswith("False")


def test_captured_requests_are_kept_with_their_answers(world: World) -> None:
    s3 = world.client(PRODUCTION, "s3")
    s3.create_bucket(Bucket="captured", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://captured/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    arn = world.register(code("kept"), key="pipeline/captured/model.tar.gz")
    world.serve("captured", arn, DataCaptureConfig=capture)
    world.ask("captured", '{"a": 1}')
    (entry,) = s3.list_objects_v2(Bucket="captured")["Contents"]
    assert entry["Key"].startswith("capture/captured/champion/20")
    record = json.loads(s3.get_object(Bucket="captured", Key=entry["Key"])["Body"].read())
    assert record["captureData"]["endpointInput"]["data"] == '{"a": 1}'
    assert record["captureData"]["endpointOutput"]["data"] == "kept:8"
    assert record["captureData"]["endpointInput"]["encoding"] == "JSON"
