"""Processing jobs: inputs, outputs, configuration, failure, limits, names, logs."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from sagemaker_bench import ACCOUNT, BUCKET, REGION, Bench, arn, free_port, fresh, s3_input

COPY = """
import os, sys, pathlib
source = pathlib.Path(sys.argv[1]); target = pathlib.Path(sys.argv[2])
for path in sorted(source.rglob("*")):
    if path.is_file():
        print("got", path.relative_to(source))
        place = target / os.environ["CURRENT_HOST"] / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes().upper())
"""
IN, OUT = "/opt/ml/processing/input/data", "/opt/ml/processing/output"


def test_a_job_reads_its_input_and_its_output_lies_in_s3(bench: Bench) -> None:
    name = fresh("copy")
    uri = bench.put(f"{name}/in/a/one.txt", "one").removesuffix("a/one.txt")
    bench.put(f"{name}/in/two.txt", "two")
    request = bench.processing(
        COPY,
        name=name,
        inputs=[s3_input("data", uri, IN)],
        outputs=[("result", f"s3://{BUCKET}/{name}/out", OUT)],
        arguments=[IN, OUT],
        Environment={"PLACE": "/opt/ml/processing"},
    )
    job = bench.processed(request)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert bench.keys(f"{name}/out/") == ["algo-1/a/one.txt", "algo-1/two.txt"], "files keep their places"
    assert bench.get(f"s3://{BUCKET}/{name}/out/algo-1/a/one.txt") == b"ONE", "as the script wrote them"
    assert job["ProcessingJobArn"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:processing-job/{name}", "the ARN"
    assert job["ProcessingInputs"] == request["ProcessingInputs"], "the request is told as it was made"
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"], "times follow"
    assert bench.log("ProcessingJobs", name) == {"algo-1": ["got a/one.txt", "got two.txt"]}, "and its log"


def test_inputs_are_shared_out_by_key_among_hosts(bench: Bench) -> None:
    name = fresh("shard")
    for number in range(5):
        bench.put(f"{name}/in/{number}.txt", str(number))
    request = bench.processing(
        COPY,
        name=name,
        count=2,
        inputs=[s3_input("data", f"s3://{BUCKET}/{name}/in", IN, S3DataDistributionType="ShardedByS3Key")],
        outputs=[("result", f"s3://{BUCKET}/{name}/out", OUT)],
        arguments=[IN, OUT],
    )
    assert bench.processed(request)["ProcessingJobStatus"] == "Completed", "both hosts are done"
    found = bench.keys(f"{name}/out/")
    hosts = {host: [key for key in found if key.startswith(host)] for host in ("algo-1", "algo-2")}
    assert sorted(key.split("/")[1] for key in found) == [f"{number}.txt" for number in range(5)], "each once"
    assert {len(keys) for keys in hosts.values()} == {2, 3}, "in even parts"


def test_hosts_know_each_other_and_their_configuration(bench: Bench) -> None:
    name = fresh("hosts")
    script = """
    import json, socket, sys, time
    here = json.load(open("/opt/ml/config/resourceconfig.json"))
    job = json.load(open("/opt/ml/config/processingjobconfig.json"))
    print(here["current_host"], here["hosts"], job["ProcessingJobName"], socket.gethostname())
    port = int(sys.argv[1])
    if here["current_host"] == "algo-1":
        with socket.create_server(("127.0.0.1", port)) as server:
            peer, _ = server.accept()
            print("heard", peer.recv(100).decode())
    else:
        for _ in range(500):
            try:
                with socket.create_connection(("algo-1", port)) as peer:
                    peer.sendall(b"from algo-2")
                break
            except ConnectionRefusedError:
                time.sleep(0.02)
    """
    request = bench.processing(script, name=name, count=2, arguments=[str(free_port())])
    request["NetworkConfig"] = {"EnableNetworkIsolation": True}
    job = bench.processed(request)
    log = bench.log("ProcessingJobs", name)
    assert job["ProcessingJobStatus"] == "Completed", (job.get("FailureReason"), log)
    assert log["algo-1"] == [f"algo-1 ['algo-1', 'algo-2'] {name} algo-1", "heard from algo-2"], (
        "the first host"
    )
    assert log["algo-2"] == [f"algo-2 ['algo-1', 'algo-2'] {name} algo-2"], "the second host"


def test_a_manifest_names_the_objects(bench: Bench) -> None:
    name = fresh("manifest")
    for number in range(3):
        bench.put(f"{name}/in/{number}.txt", str(number))
    manifest = [{"prefix": f"s3://{BUCKET}/{name}/in/"}, "0.txt", "2.txt"]
    uri = bench.put(f"{name}/list.manifest", json.dumps(manifest))
    request = bench.processing(
        COPY,
        name=name,
        inputs=[s3_input("data", uri, IN, S3DataType="ManifestFile")],
        arguments=[IN, OUT],
    )
    assert bench.processed(request)["ProcessingJobStatus"] == "Completed", "it runs"
    assert bench.log("ProcessingJobs", name) == {"algo-1": ["got 0.txt", "got 2.txt"]}, (
        "on these and no others"
    )


def test_a_job_that_fails_says_so_and_uploads_no_end_of_job_output(bench: Bench) -> None:
    name = fresh("fails")
    script = """
    import pathlib, sys
    for folder in sys.argv[1:]:
        pathlib.Path(folder, "part.txt").write_text("half")
    pathlib.Path("/opt/ml/output/message").write_text("rows: 3")
    sys.exit(7)
    """
    request = bench.processing(
        script,
        name=name,
        outputs=[
            ("end", f"s3://{BUCKET}/{name}/end", f"{OUT}/end"),
            ("all", f"s3://{BUCKET}/{name}/all", f"{OUT}/all", "Continuous"),
        ],
        arguments=[f"{OUT}/end", f"{OUT}/all"],
    )
    job = bench.processed(request)
    assert job["ProcessingJobStatus"] == "Failed", "by its exit code"
    assert job["FailureReason"].startswith("AlgorithmError: "), job["FailureReason"]
    assert job["FailureReason"].endswith("exit code: 7"), "which is named"
    assert job["ExitMessage"] == "rows: 3", "with what the container said"
    assert bench.keys(f"{name}/end/") == [], "nothing of the output that waits for the end"
    assert bench.keys(f"{name}/all/") == ["part.txt"], "but what is uploaded all the time"


def test_outputs_are_encrypted_under_the_named_key(bench: Bench) -> None:
    name, key = fresh("kms"), f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{'1' * 8}-2222-3333-4444-{'5' * 12}"
    script = "import sys, pathlib; pathlib.Path(sys.argv[1], 'x').write_text('x')"
    request = bench.processing(
        script, name=name, outputs=[("o", f"s3://{BUCKET}/{name}", OUT)], arguments=[OUT]
    )
    request["ProcessingOutputConfig"]["KmsKeyId"] = key
    assert bench.processed(request)["ProcessingJobStatus"] == "Completed", "it runs"
    head = bench.client("s3").head_object(Bucket=BUCKET, Key=f"{name}/x")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key), "the object says so"


def test_a_missing_input_fails_the_job_with_its_place(bench: Bench) -> None:
    request = bench.processing("", inputs=[s3_input("data", f"s3://{BUCKET}/nothing/here", IN)])
    job = bench.processed(request)
    assert job["ProcessingJobStatus"] == "Failed", "nothing can be read"
    assert f's3://{BUCKET}/nothing/here"' in job["FailureReason"], "and where it was looked for"
    assert arn("job") in job["FailureReason"], "as whom"


def test_a_bucket_policy_holds_for_the_job_as_for_any_caller(bench: Bench) -> None:
    s3, bucket = bench.client("s3"), fresh("closed")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="in/x.txt", Body=b"x")
    refusal = {
        "Effect": "Deny",
        "Principal": {"AWS": arn("job")},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [refusal]}))
    given = [s3_input("data", f"s3://{bucket}/in", IN)]
    refused = bench.processed(bench.processing(COPY, inputs=given, arguments=[IN, OUT]))
    assert refused["ProcessingJobStatus"] == "Failed", "the job's role is refused"
    assert f"s3://{bucket}/in/x.txt" in refused["FailureReason"], refused["FailureReason"]
    allowed = bench.processing(COPY, inputs=given, arguments=[IN, OUT], RoleArn=arn("other"))
    assert bench.processed(allowed)["ProcessingJobStatus"] == "Completed", "another role is not"


def test_a_job_acts_as_its_role_unless_its_network_is_isolated(bench: Bench) -> None:
    script = f"""
    import os, socket, sys
    import boto3
    keys = [key for key in os.environ if key.startswith("AWS_") and key not in
            ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED")]
    print(len(keys), "keys")
    try:
        arn = boto3.client("sts", endpoint_url=os.environ.get("AWS_ENDPOINT_URL", {bench.endpoint!r})
                          ).get_caller_identity()["Arn"]
        print("is", arn)
    except Exception as problem:
        print("no", type(problem).__name__)
    for address in (("127.0.0.1", {bench.endpoint.rsplit(":", 1)[1]}), ("localhost", {bench.endpoint.rsplit(":", 1)[1]})):
        try:
            socket.create_connection(address, timeout=2).close()
            print("connected")
        except OSError as problem:
            print("refused", problem.errno)
    """
    open_job, closed_job = bench.processing(script), bench.processing(script)
    closed_job["NetworkConfig"] = {"EnableNetworkIsolation": True}
    for request in (open_job, closed_job):
        job = bench.processed(request)
        assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    seen = bench.log("ProcessingJobs", open_job["ProcessingJobName"])["algo-1"]
    assert seen[1] == f"is arn:aws:sts::{ACCOUNT}:assumed-role/job/SageMaker", "the role's session"
    assert seen[2:] == ["connected"] * 2, "the test would see a way to the cloud"
    seen = bench.log("ProcessingJobs", closed_job["ProcessingJobName"])["algo-1"]
    assert seen[0] == "0 keys", "no credentials and no endpoint reach the isolated process"
    assert seen[1].startswith("no "), "so it is nobody"
    assert seen[2:] == ["refused 101"] * 2, "and a connection by address is refused too"


def test_a_job_can_be_stopped_and_ends_at_its_time_limit(bench: Bench) -> None:
    stopped = bench.processing("import time; time.sleep(60)")
    bench.sagemaker.create_processing_job(**stopped)
    bench.sagemaker.stop_processing_job(ProcessingJobName=stopped["ProcessingJobName"])
    assert bench.ended("processing", stopped["ProcessingJobName"])["ProcessingJobStatus"] == "Stopped", (
        "asked to"
    )
    with pytest.raises(ClientError, match=r"ValidationException.*in status Stopped"):
        bench.sagemaker.stop_processing_job(ProcessingJobName=stopped["ProcessingJobName"])
    limited = bench.processing("import time; time.sleep(60)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert bench.processed(limited)["ProcessingJobStatus"] == "Stopped", "by its limit"


def test_requests_that_the_service_refuses(bench: Bench) -> None:
    create = bench.sagemaker.create_processing_job
    request = bench.processing("")
    with pytest.raises(
        ClientError, match=r"ValidationException.*'processingJobName' failed to satisfy.*pattern"
    ):
        create(**{**request, "ProcessingJobName": "under_score"})
    with pytest.raises(ClientError, match=r"Could not assume role .*nobody.*'sagemaker.amazonaws.com'"):
        create(**{**request, "RoleArn": arn("nobody")})
    with pytest.raises(ClientError, match="Cross-account pass role is not allowed"):
        create(**{**request, "RoleArn": arn("job", "222233334444")})
    with pytest.raises(ClientError, match="InputName must be unique"):
        create(**{**request, "ProcessingInputs": request["ProcessingInputs"] * 2})
    cluster = {**request["ProcessingResources"]["ClusterConfig"], "InstanceCount": 21}
    with pytest.raises(ClientError, match=r"ResourceLimitExceeded.*is 20 Instances"):
        create(**{**request, "ProcessingResources": {"ClusterConfig": cluster}})
    assert bench.processed(request)["ProcessingJobStatus"] == "Completed", "the request itself is good"
    with pytest.raises(ClientError, match="ResourceInUse"):
        create(**request)
    with pytest.raises(ClientError, match=r"ValidationException.*could not find processing job 'lost'"):
        bench.sagemaker.describe_processing_job(ProcessingJobName="lost")


def test_a_role_that_trusts_sagemaker_for_another_account_only_is_refused(bench: Bench) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
    }
    bench.client("iam").create_role(
        RoleName="foreign", AssumeRolePolicyDocument=json.dumps({"Statement": [statement]})
    )
    with pytest.raises(ClientError, match="Could not assume role"):
        bench.sagemaker.create_processing_job(**{**bench.processing(""), "RoleArn": arn("foreign")})


def test_an_image_of_another_kind_is_not_pretended_to_have_run(bench: Bench) -> None:
    request = bench.processing("")
    request["AppSpecification"]["ImageUri"] = "public.ecr.aws/somebody/something:1"
    job = bench.processed(request)
    assert job["ProcessingJobStatus"] == "Failed", "rather than a success that is none"
    assert "public.ecr.aws/somebody/something:1" in job["FailureReason"], "with the image"


def test_jobs_are_listed_by_filter_order_and_page(bench: Bench) -> None:
    mark = fresh("listed")
    for letter in "abc":
        bench.processed(bench.processing("raise SystemExit(0)", name=f"{mark}-{letter}"))
    listed = bench.sagemaker.list_processing_jobs(
        NameContains=mark, SortBy="Name", SortOrder="Ascending", MaxResults=2, StatusEquals="Completed"
    )
    names = [each["ProcessingJobName"] for each in listed["ProcessingJobSummaries"]]
    assert names == [f"{mark}-a", f"{mark}-b"], "the first page"
    rest = bench.sagemaker.list_processing_jobs(
        NameContains=mark, SortBy="Name", SortOrder="Ascending", NextToken=listed["NextToken"]
    )
    assert [each["ProcessingJobName"] for each in rest["ProcessingJobSummaries"]] == [f"{mark}-c"], "the rest"
    none = bench.sagemaker.list_processing_jobs(NameContains=mark, StatusEquals="Failed")
    assert none["ProcessingJobSummaries"] == [], "none failed"
