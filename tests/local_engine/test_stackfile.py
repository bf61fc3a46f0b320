"""Config as Pulumi would give it, and the line for each mistake in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from governance.errors import MeshError
from local.engine import load, stacks

if TYPE_CHECKING:
    from .conftest import Project


def test_defaults_values_and_structures_come_as_text(project: Project) -> None:
    project.schema.update({"count": {"type": "integer"}, "open": {"type": "boolean", "default": False}})
    project.stack("dev", count=3, names=["a", "b"], note="x")
    config = load(project.folder, "dev").config
    assert config["mesh:account"] == "111122223333", "the default of Pulumi.yaml applies"
    assert config["mesh:count"] == "3"
    assert config["mesh:open"] == "false", "a boolean is spelt as Pulumi reads it"
    assert json.loads(config["mesh:names"]) == ["a", "b"]
    assert json.loads(config["pulumi:disable-default-providers"]) == ["aws"]


def test_a_key_without_namespace_is_of_the_project(project: Project) -> None:
    project.write("Pulumi.dev.yaml", "config: {note: hello}\n")
    assert load(project.folder, "dev").config["mesh:note"] == "hello"


def test_overrides_win_over_the_file(project: Project) -> None:
    project.stack("dev", note="file")
    config = load(project.folder, "dev", config_overrides={"note": "override"}).config
    assert config["mesh:note"] == "override"


def test_stacks_are_those_with_a_file(project: Project) -> None:
    project.stack("central")
    assert stacks(project.folder) == ("central", "dev")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config: {mesh:notee: x}", "mesh:notee: unknown key; the nearest known key is mesh:note"),
        ("config: {acount: x}", "mesh:acount: unknown key; the nearest known key is mesh:account"),
        ("config: {mesh:names: x}", 'Pulumi.dev.yaml: mesh:names: must be an array, not the string "x"'),
        ("config: {mesh:note: [1]}", "Pulumi.dev.yaml: mesh:note: must be a string, not the array [1]"),
        ("config: {mesh:names: [a, 1]}", "mesh:names[1]: must be a string, not the integer 1"),
        ("config: {mesh:account: 12}", "mesh:account: must be a string, not the integer 12"),
        ("config: [1]", "Pulumi.dev.yaml: config: must be a mapping"),
        ("a: [}", "Pulumi.dev.yaml: is not YAML at line 1"),
        ("config: {mesh:note: {secure: abc}}", "set the environment variable MESH_SECRET_NOTE"),
    ],
)
def test_a_mistake_in_the_stack_file_is_one_line(project: Project, text: str, message: str) -> None:
    project.write("Pulumi.dev.yaml", text + "\n")
    with pytest.raises(MeshError) as caught:
        load(project.folder, "dev")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_secret_comes_from_the_environment(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.schema["externalId"] = {"type": "string", "secret": True}
    project.stack("dev", externalId={"secure": "v1:abc"})
    monkeypatch.setenv("MESH_SECRET_EXTERNAL_ID", "open sesame")
    assert load(project.folder, "dev").config["mesh:externalId"] == "open sesame"


def test_a_missing_stack_names_those_that_are_there(project: Project) -> None:
    with pytest.raises(MeshError, match=r"Pulumi.prod.yaml: no stack 'prod'; stacks with a file here: dev"):
        load(project.folder, "prod")


def test_a_missing_project_is_one_line(project: Project) -> None:
    (project.folder / "Pulumi.yaml").unlink()
    with pytest.raises(MeshError, match=r"Pulumi.yaml: no Pulumi project"):
        load(project.folder, "dev")
