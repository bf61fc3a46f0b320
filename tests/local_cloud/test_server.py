"""The server as a process: it says where it listens, says why it cannot, and ends when asked."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from governance.errors import MeshError
from local.cloud import server

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "local.cloud"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_its_endpoint_alone_and_ends_cleanly_on_a_signal(number):
    with subprocess.Popen(
        [*COMMAND, "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        first = process.stdout.readline()
        assert first.startswith("http://127.0.0.1:"), "the endpoint is the first thing said"
        process.send_signal(number)
        rest, errors = process.communicate()
    assert process.returncode == 0, "a signal is a clean end"
    assert (rest, errors) == ("", ""), "nothing but the endpoint is ever said"


def test_a_port_in_use_is_one_line_and_exit_code_2():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [*COMMAND, "--port", str(port)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        with pytest.raises(MeshError, match=f"cannot listen on 127.0.0.1:{port}"):
            server.spawn(port)
    assert ended.returncode == 2, "a mistake of the user is exit code 2"
    assert ended.stdout == "", "no endpoint is announced that does not answer"
    assert ended.stderr.count("\n") == 1, "one line says what is wrong"
    assert str(port) in ended.stderr, "the line names the port"


def test_a_call_that_is_not_served_is_refused_in_words(world):
    with pytest.raises(ClientError, match="not served by the embedded cloud"):
        world.client("glue").create_blueprint(Name="x", BlueprintLocation="s3://bucket/key")


def test_an_organization_can_be_given_at_start():
    with server.spawn(arguments=["--organization", "111122223333, 222233334444"]) as cloud:
        session = boto3.Session("test", "test", region_name="eu-west-1")
        config = Config(retries={"max_attempts": 1})
        keys = session.client("sts", endpoint_url=cloud.endpoint, config=config).assume_role(
            RoleArn="arn:aws:iam::111122223333:role/any", RoleSessionName="test"
        )["Credentials"]
        manager = boto3.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name="eu-west-1"
        )
        listed = manager.client("organizations", endpoint_url=cloud.endpoint, config=config).list_accounts()
    found = {account["Id"] for account in listed["Accounts"]}
    assert found == {"111122223333", "222233334444"}, "the organization lists the accounts given"
