"""What the tests of SageMaker jobs and pipelines share: a bench with a role, a bucket and short forms."""

from __future__ import annotations

import io
import json
import socket
import tarfile
import textwrap
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

ACCOUNT, OTHER = "333344445555", "222233334444"
REGION = "eu-west-1"
BUCKET = "case-models"
IMAGE = f"685385470294.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:3.0-5"
ENDED = ("Completed", "Failed", "Stopped")
EXECUTION_ENDED = ("Succeeded", "Failed", "Stopped", "CompletedWithFailures")
TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "sagemaker.amazonaws.com"},
    "Action": "sts:AssumeRole",
    "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
}
PATIENCE = 60.0
_SESSION = boto3.Session()


def arn(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def sourcedir(**files: str) -> bytes:
    """An archive of source code; `train` is `train.py`."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:gz") as archive:
        for name, text in files.items():
            content = textwrap.dedent(text).encode()
            info = tarfile.TarInfo(name if "." in name else f"{name}.py")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return sink.getvalue()


@dataclass
class Bench:
    """The cloud at an endpoint, seen by the consumer's deployer."""

    endpoint: str
    _clients: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def client(self, service: str, account: str = ACCOUNT, role: str = "MeshDeploy") -> Any:
        key = (service, account, role)
        if key not in self._clients:
            sts = self._made("sts", "test", "test", None)
            keys = sts.assume_role(RoleArn=arn(role, account), RoleSessionName="case")["Credentials"]
            given = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
            self._clients[key] = self._made(service, *given)
        return self._clients[key]

    def _made(self, service: str, key: str, secret: str, token: str | None) -> Any:
        return _SESSION.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"max_attempts": 1}),
        )

    @property
    def sagemaker(self) -> Any:
        return self.client("sagemaker")

    def deploy(self) -> None:
        """Make the roles and the bucket."""
        iam = self.client("iam")
        document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        for name in ("job", "other"):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        allowed = {"Effect": "Allow", "Action": "sagemaker:CreateTransformJob", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_role_policy(RoleName="job", PolicyName="transform", PolicyDocument=policy)
        self.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )

    def put(self, key: str, body: bytes | str) -> str:
        self.client("s3").put_object(
            Bucket=BUCKET, Key=key, Body=body.encode() if isinstance(body, str) else body
        )
        return f"s3://{BUCKET}/{key}"

    def get(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body: bytes = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def keys(self, prefix: str) -> list[str]:
        found = self.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return [each["Key"].removeprefix(prefix) for each in found]

    def processing(self, script: str, **more: Any) -> dict[str, Any]:
        """A request for a processing job that runs a script."""
        name = more.pop("name", None) or fresh("processing")
        code = self.put(f"code/{name}/script.py", textwrap.dedent(script))
        inputs = [s3_input("code", code, "/opt/ml/processing/input/code"), *more.pop("inputs", [])]
        outputs = more.pop("outputs", [])
        request = {
            "ProcessingJobName": name,
            "RoleArn": arn("job"),
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceCount": more.pop("count", 1),
                    "InstanceType": "ml.m5.large",
                    "VolumeSizeInGB": 1,
                }
            },
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/script.py"],
                "ContainerArguments": more.pop("arguments", ["--none"]),
            },
            "ProcessingInputs": inputs,
            "ProcessingOutputConfig": {"Outputs": [s3_output(*each) for each in outputs]},
        }
        return {**request, **more}

    def training(self, script: str, **more: Any) -> dict[str, Any]:
        """A request for a training job in script mode."""
        name = more.pop("name", None) or fresh("training")
        code = self.put(f"code/{name}/sourcedir.tar.gz", sourcedir(train=script))
        given = {"sagemaker_program": "train.py", "sagemaker_submit_directory": code}
        given |= more.pop("hyperparameters", {})
        channels = more.pop("channels", {})
        request = {
            "TrainingJobName": name,
            "RoleArn": arn("job"),
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": more.pop("metrics", []),
            },
            "HyperParameters": {key: json.dumps(value) for key, value in given.items()},
            "InputDataConfig": [channel(key, uri) for key, uri in channels.items()],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
            "ResourceConfig": {
                "InstanceCount": more.pop("count", 1),
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        }
        request = {**request, **more}
        return {key: value for key, value in request.items() if value != []}

    def processed(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run a processing job to its end."""
        self.sagemaker.create_processing_job(**request)
        return self.ended("processing", request["ProcessingJobName"])

    def trained(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run a training job to its end."""
        self.sagemaker.create_training_job(**request)
        return self.ended("training", request["TrainingJobName"])

    def ended(self, kind: str, name: str) -> dict[str, Any]:
        """A job when it has ended; `kind` is `processing`, `training` or `hyper_parameter_tuning`."""
        noun = "".join(part.capitalize() for part in kind.split("_"))
        call = getattr(self.sagemaker, f"describe_{kind}_job")
        return wait_for(
            lambda: call(**{f"{noun}JobName": name}), lambda found: found[f"{noun}JobStatus"] in ENDED
        )

    def job_of(self, step: dict[str, Any]) -> dict[str, Any]:
        """The job of a pipeline's step."""
        (arn_of,) = (each["Arn"] for each in step["Metadata"].values())
        kind, name = arn_of.split(":")[-1].split("/")
        noun, call = {
            "processing-job": ("ProcessingJobName", self.sagemaker.describe_processing_job),
            "training-job": ("TrainingJobName", self.sagemaker.describe_training_job),
        }[kind]
        found: dict[str, Any] = call(**{noun: name})
        return found

    def log(self, group: str, job: str) -> dict[str, list[str]]:
        """Lines of a job by host."""
        logs, found = self.client("logs"), {}
        name = f"/aws/sagemaker/{group}"
        for stream in logs.describe_log_streams(logGroupName=name, logStreamNamePrefix=f"{job}/")[
            "logStreams"
        ]:
            title = stream["logStreamName"]
            events = logs.get_log_events(logGroupName=name, logStreamName=title, startFromHead=True)["events"]
            host = title.split("/")[1].rsplit("-", 1)[0]
            found[host] = [event["message"] for event in events]
        return found

    def pipeline(self, steps: list[dict[str, Any]], parameters: list[dict[str, Any]] | None = None) -> str:
        """Make a pipeline; return its name."""
        name = fresh("pipeline")
        self.sagemaker.create_pipeline(
            PipelineName=name, PipelineDefinition=definition(steps, parameters), RoleArn=arn("job")
        )
        return name

    def started(self, name: str, **parameters: str) -> str:
        """Start an execution; return its ARN."""
        given = [{"Name": key, "Value": value} for key, value in parameters.items()]
        answer = self.sagemaker.start_pipeline_execution(PipelineName=name, PipelineParameters=given)
        return str(answer["PipelineExecutionArn"])

    def finished(self, execution: str) -> dict[str, Any]:
        """An execution when it has ended."""
        call = self.sagemaker.describe_pipeline_execution
        return wait_for(
            lambda: call(PipelineExecutionArn=execution),
            lambda found: found["PipelineExecutionStatus"] in EXECUTION_ENDED,
        )

    def steps(self, execution: str) -> dict[str, dict[str, Any]]:
        """Steps of an execution by name."""
        found = self.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution, MaxResults=100)
        return {each["StepName"]: each for each in found["PipelineExecutionSteps"]}


def wait_for(look: Any, enough: Any) -> Any:
    """What is looked at, once it is as wanted."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = look()
        if enough(found):
            return found
        time.sleep(0.03)
    raise AssertionError(f"not in time: {found}")


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def fresh(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:8]}"


def definition(steps: list[dict[str, Any]], parameters: list[dict[str, Any]] | None = None) -> str:
    return json.dumps({"Version": "2020-12-01", "Parameters": parameters or [], "Steps": steps})


def s3_input(name: str, uri: str, path: str, **more: Any) -> dict[str, Any]:
    given = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": {**given, **more}}


def s3_output(name: str, uri: str, path: str, mode: str = "EndOfJob") -> dict[str, Any]:
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": mode}}


def channel(name: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}
