"""A plain moto server for the engine's tests, and small projects written into a temporary folder."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.validate
import pytest
import yaml

from local.engine import MemoryStateStore, StackState, shapes
from local.engine.caller import Caller
from local.engine.dynamic import DynamicProviders
from local.engine.model import Provider, Registration
from local.engine.provisioner import ProvisionBackend
from local.engine.recorder import Scope, resolver
from local.engine.state import deletion_order

CENTRAL = "111122223333"

PROVIDER = """
import json
import pulumi
import pulumi_aws as aws

config = pulumi.Config()
ACCOUNT = config.get("account") or "111122223333"

trust = json.dumps({"Version": "2012-10-17", "Statement": []})
read = json.dumps({"Version": "2012-10-17",
                   "Statement": [{"Effect": "Allow", "Action": "glue:GetTable", "Resource": "*"}]})

def make_provider(name="central", account=ACCOUNT, tags=None, region="eu-west-1"):
    return aws.Provider(
        name,
        region=region,
        allowed_account_ids=[account],
        assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=f"arn:aws:iam::{account}:role/MeshDeploy")],
        default_tags=aws.ProviderDefaultTagsArgs(tags=tags) if tags else None,
    )

central = make_provider()
opts = pulumi.ResourceOptions(provider=central)
"""


class Project:
    """A project folder whose program and config a test rewrites between runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.schema: dict = {
            "account": {"type": "string", "default": "111122223333"},
            "note": {"type": "string"},
            "names": {"type": "array", "items": {"type": "string"}},
        }
        self.stack("dev")

    def stack(self, name: str, **config: object) -> None:
        """Write a stack file; default providers are disabled, as in every shipped one."""
        values = {f"mesh:{key}": value for key, value in config.items()}
        values["pulumi:disable-default-providers"] = ["aws"]
        project = {"name": "mesh", "runtime": "python", "config": self.schema}
        self.write("Pulumi.yaml", yaml.safe_dump(project))
        self.write(f"Pulumi.{name}.yaml", yaml.safe_dump({"config": values}))

    def program(self, body: str) -> None:
        """Write `__main__.py`: a provider named `central`, `opts` with it, then the body."""
        self.write("__main__.py", PROVIDER + textwrap.dedent(body))

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder)


@pytest.fixture
def store() -> MemoryStateStore:
    return MemoryStateStore()


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield endpoint
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def endpoint(moto: str) -> str:
    """The server, emptied."""
    request = urllib.request.Request(f"{moto}/moto-api/reset", method="POST")
    urllib.request.urlopen(request, timeout=10).close()
    return moto


@pytest.fixture
def client(endpoint: str) -> Iterator[Callable[..., object]]:
    """boto3 clients in an account: `client("s3")`, `client("glue", account="...")`."""
    made = []

    def make(service: str, *, account: str = "111122223333", region: str = "eu-west-1") -> object:
        test = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        sts = boto3.client("sts", endpoint_url=endpoint, region_name=region, **test)
        role = f"arn:aws:iam::{account}:role/MeshDeploy"
        keys = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        found = boto3.client(
            service,
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )
        made.extend([sts, found])
        return found

    yield make
    for item in made:
        item.close()


class Recorder(Caller):
    """Validates each call and answers from a table instead of the network."""

    def __init__(self) -> None:
        super().__init__("http://unused")
        self.made: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, dict[str, Any]] = {}

    def call(self, provider: Provider, service: str, operation: str, **params: Any) -> dict[str, Any]:
        shape = shapes.operation(service, operation).input_shape
        report = botocore.validate.ParamValidator().validate(params, shape)
        assert not report.has_errors(), f"{operation}: {report.generate_report()}"
        self.made.append((operation, params))
        return self.answers.get(operation, {})


class Bench:
    """Makes single resources with a recorder."""

    def __init__(self) -> None:
        self.calls = Recorder()
        self.state = StackState(stack="dev")
        scope = Scope({}, resolver({}))
        scope.add_provider(
            Registration(
                urn="provider",
                type="pulumi:providers:aws",
                name="p",
                inputs={"region": "eu-west-1", "allowedAccountIds": f'["{CENTRAL}"]'},
            )
        )
        self._backend = ProvisionBackend(
            scope, self.calls, MemoryStateStore(), self.state, DynamicProviders({}, "mesh")
        )

    def make(self, type_: str, **inputs: Any) -> list[tuple[str, dict[str, Any]]]:
        """Register a resource and give the calls that made or changed it."""
        self.calls.made.clear()
        self._backend.register(
            Registration(urn=f"u::m::{type_}::n", type=type_, name="n", provider="provider", inputs=inputs)
        )
        return list(self.calls.made)

    def delete(self) -> list[tuple[str, dict[str, Any]]]:
        """Delete all that was made and give the calls."""
        self.calls.made.clear()
        for resource in deletion_order(self.state.resources.values()):
            self._backend.delete(resource)
        return list(self.calls.made)


@pytest.fixture
def bench() -> Bench:
    return Bench()
