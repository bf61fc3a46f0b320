"""SageMaker and its neighbours as botocore's own clients with answers put in, and a context that uses them.

Requests and answers are held to the service's model, so that a test cannot agree with a call that AWS would not take.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import boto3
import pipeline_parts as parts
from botocore.stub import Stubber

from training.outputs import Outputs
from training.session import Context

NAME = "mesh-credit-risk"
ARN = f"arn:aws:sagemaker:eu-west-1:{parts.ACCOUNT}:pipeline/{NAME}"
RUN = f"{ARN}/execution/abcdefghijkl"
NOON = dt.datetime(2026, 11, 23, 12, 0, 0, tzinfo=dt.UTC)
SESSION = boto3.Session(region_name="eu-west-1", aws_access_key_id="t", aws_secret_access_key="t")


class Cloud:
    """Stubbed clients of one session; `answers` queues what each operation returns."""

    def __init__(self) -> None:
        self.clients: dict[str, Any] = {}
        self.stubs: dict[str, Stubber] = {}

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = SESSION.client(service)
            self.stubs[service] = Stubber(self.clients[service])
            self.stubs[service].activate()
        return self.clients[service]

    def answers(self, service: str, operation: str, answer: dict[str, Any], expected: Any = None) -> None:
        self.client(service)
        self.stubs[service].add_response(operation, answer, expected)

    def done(self) -> None:
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()


def context_of(cloud: Cloud, said: list[str]) -> Context:
    """A context whose session is the stubbed one."""
    outputs = Outputs(
        region="eu-west-1", roles={"data-scientist": parts.PIPELINE_ROLE}, workgroups={"data-scientist": "w"},
        resultsBucket=parts.RESULTS, modelsBucket=parts.BUCKET, keyArn=parts.KEY,
        resourceLinks={"credit-card": "rl_credit-card"}, products={"credit-card": {}}, modelPackageGroup=NAME,
        pipeline={"name": NAME, "arn": ARN},
    )  # fmt: skip
    made = Context(say=said.append)
    made.__dict__ |= {"outputs": outputs, "session": cloud}
    return made


def text() -> str:
    """The definition that is deployed."""
    return parts.text(parts.settings())


def deployed(cloud: Cloud) -> None:
    """The next description of the pipeline has the definition."""
    cloud.answers("sagemaker", "describe_pipeline", {"PipelineDefinition": text()}, {"PipelineName": NAME})
