"""The check under Pulumi's own mocks, in a process of its own: nothing of our engine is involved."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.engine import Recording, load

SCRIPT = '''
"""Run the program in the current folder as a preview; print what it registered and what it ended with."""
import asyncio, json, runpy, sys
import pulumi
from pulumi.runtime import rpc
from pulumi.runtime.stack import run_pulumi_func

given = json.loads(sys.stdin.read())
registered = []

class Plain(pulumi.runtime.Mocks):
    def call(self, args):
        answer = given["answer"]
        if answer == "fail":
            return {}, [("name", "no access to the state")]
        return args.args if answer == "echo" else answer

    def new_resource(self, args):
        registered.append(args.name)
        if args.typ == "pulumi:pulumi:StackReference":
            outputs = given["central"] or rpc.UNKNOWN
            return args.name, {"name": args.name, "outputs": outputs, "secretOutputNames": []}
        return args.name + "-id", args.inputs

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
pulumi.runtime.set_all_config(given["config"])
pulumi.runtime.set_mocks(Plain(), project="mesh", stack="producer", preview=True, organization="organization")
ended = ["", ""]
try:
    loop.run_until_complete(run_pulumi_func(lambda: runpy.run_path("__main__.py", run_name="__main__") and None))
except Exception as error:
    ended = [type(error).__name__, str(error)]
print(json.dumps({"registered": registered, "error": ended[0], "text": ended[1]}))
'''

NOWHERE = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
}
"""Nothing answers where AWS would."""


def preview(project: Any, answer: Any, central: dict[str, Any] | None, root: Path) -> dict[str, Any]:
    """Preview the producer's stack with what a data source answers and what central exports (None: unknown)."""
    config = dict(load(project.folder, "producer").config)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        input=json.dumps({"answer": answer, "central": central, "config": config}),
        cwd=project.folder,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin", **NOWHERE},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture
def without_housing(shipped_project: Any) -> Any:
    path = shipped_project.folder / "contracts/credit-card.odcs.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    properties = data["schema"][0]["properties"]
    data["schema"][0]["properties"] = [item for item in properties if item["name"] != "housing"]
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return shipped_project


@pytest.mark.parametrize(
    "answer", [{}, "echo", {"outputs": {}}], ids=["nothing", "its arguments", "no outputs"]
)
def test_a_preview_without_deployed_state_passes_whatever_a_mock_answers(
    without_housing: Any, mesh: dict[str, Recording], root: Path, answer: Any
) -> None:
    found = preview(without_housing, answer, dict(mesh["central"].exports), root)
    assert (found["error"], found["text"]) == ("", ""), "the first deployment promises nothing yet"
    assert len(found["registered"]) > 20, "the stack is declared"


def test_a_preview_before_the_central_stack_has_outputs_passes(without_housing: Any, root: Path) -> None:
    found = preview(without_housing, {}, None, root)
    assert (found["error"], found["text"]) == ("", ""), "what is unknown is nobody's mistake"
    assert len(found["registered"]) > 20, "the stack is declared"


def test_a_preview_that_breaks_readers_is_a_run_error_without_a_traceback(
    without_housing: Any, mesh: dict[str, Recording], root: Path
) -> None:
    answer = {"outputs": dict(mesh["producer"].exports)}
    found = preview(without_housing, answer, dict(mesh["central"].exports), root)
    assert found["error"] == "RunError", "which Pulumi prints as it is, without a traceback"
    first, *_, last = found["text"].splitlines()
    assert first == (
        "contracts/credit-card.odcs.yaml: version: 1.0.0 -> 1.0.0 breaks readers: credit_card.housing the column is gone "
        "(breaks ml-coe/auditor, ml-coe/data-scientist, ml-coe/pipeline); raise it to 2.0.0 or take the change back"
    )
    assert last.startswith("models of ml-coe could not be looked up: Could not connect"), "and that is all"
    assert found["registered"] == [], "nothing, not even a provider"


def test_a_state_that_cannot_be_read_is_a_run_error(
    shipped_project: Any, mesh: dict[str, Recording], root: Path
) -> None:
    found = preview(shipped_project, "fail", dict(mesh["central"].exports), root)
    assert found["error"] == "RunError"
    assert found["text"].startswith("stack organization/mesh/producer: its last state cannot be read ("), (
        found
    )
    assert "no access to the state" in found["text"], "the engine's own words are kept"
    assert len(found["text"].splitlines()) == 1
    assert found["registered"] == [], "nothing"
