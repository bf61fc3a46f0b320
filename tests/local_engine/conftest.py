"""A plain moto server for the engine's tests, and small projects written into a temporary folder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
import yaml

from local.engine import MemoryStateStore

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
        env={**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
    )
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{endpoint}/moto-api/data.json", timeout=1).close()
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
