"""The definition is made without AWS: no socket is opened, no credentials are there, and other processes agree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pipeline_parts as parts
import pytest

from training.pipelines.sdk import quiet

PROGRAM = """
import socket, sys

def refuse(*_args, **_kwargs):
    raise AssertionError("a socket was opened")

socket.socket.connect = socket.socket.connect_ex = refuse
socket.create_connection = socket.getaddrinfo = refuse
sys.path[:0] = [{root!r}, {here!r}]
import pipeline_parts as parts
from training.pipeline import definition
for given in (parts.settings(), parts.tuned(parts.settings())):
    print(definition(given))
unknown = {{"role_arn": "<pipeline>", "auditor_role_arn": "<auditor>", "key_arn": "<key>"}}
print(definition(parts.settings(**unknown)))
"""


def test_a_process_without_network_and_credentials_makes_the_same_bytes(tmp_path: Path, root: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAGEMAKER_"))}
    here = str(Path(__file__).parent)
    answer = subprocess.run(
        [
            sys.executable,
            "-W",
            "error::ResourceWarning",
            "-c",
            PROGRAM.format(root=str(root), here=here),
        ],
        env={**kept, "HOME": str(tmp_path), "PYTHONHASHSEED": "7", "AWS_EC2_METADATA_DISABLED": "false"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    here_made = [parts.text(given) for given in (parts.settings(), parts.tuned(parts.settings()))]
    *known, unknown = answer.stdout.splitlines()
    assert known == here_made
    assert "<pipeline>" in unknown, "names that are not known yet are not looked up"
    assert "nobody" not in answer.stdout
    assert answer.stderr == "", "the SDK says nothing on the way"


def test_the_environment_is_afterwards_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("SAGEMAKER_VALIDATE_ROLE", "true")
    with quiet("eu-central-1"):
        assert os.environ["AWS_DEFAULT_REGION"] == "eu-central-1"
        assert os.environ["SAGEMAKER_VALIDATE_ROLE"] == "false"
    assert "AWS_DEFAULT_REGION" not in os.environ
    assert os.environ["SAGEMAKER_VALIDATE_ROLE"] == "true"
