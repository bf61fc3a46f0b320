"""The contract that a stack was deployed with, and the gate that compares with it before anything changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from governance.compatibility import compare
from governance.compatibility.deployed import read_export
from governance.contracts import load_contract
from governance.errors import MeshError
from governance.levels import DEFAULT_LEVELS as LEVELS
from local.engine import MemoryStateStore, Recording, StackState
from mesh import deploy
from mesh.contract.gate import gate
from mesh.project import Project

FILE = "contracts/credit-card.odcs.yaml"


def store_of(recording: Recording) -> MemoryStateStore:
    """The state that bringing up a recorded stack leaves."""
    store = MemoryStateStore()
    store.save(StackState(stack=recording.stack, complete=True, exports=dict(recording.exports)))
    return store


def export_of(recording: Recording, outputs: dict[str, Any] | None = None) -> str:
    """What `pulumi stack export` prints of a recorded stack."""
    root = {"type": "pulumi:pulumi:Stack", "outputs": dict(recording.exports) if outputs is None else outputs}
    resources = [{"type": item.type, "inputs": dict(item.inputs)} for item in recording]
    return json.dumps({"version": 3, "deployment": {"resources": [root, *resources]}})


@pytest.fixture(scope="module")
def store(mesh: dict[str, Recording]) -> MemoryStateStore:
    return store_of(mesh["producer"])


@pytest.fixture
def edited(shipped_project: Any) -> Callable[..., Project]:
    """The shipped project with its contract changed."""

    def make(edit: Callable[[dict[str, Any]], Any]) -> Project:
        path = shipped_project.folder / FILE
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        edit(data)
        path.write_text(yaml.safe_dump(data), encoding="utf-8")
        return Project(shipped_project.folder)

    return make


def column(data: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in data["schema"][0]["properties"] if item["name"] == name)


def test_a_stack_export_of_pulumi_holds_the_contract_itself(root: Path, mesh: dict[str, Recording]) -> None:
    contract = load_contract(root / FILE)
    found = read_export(export_of(mesh["producer"]), "stack.json")
    assert list(found) == ["credit-card"], "one product is deployed"
    assert compare(found["credit-card"], contract, LEVELS) == (), (
        "types, rules, codes and levels all come back"
    )
    assert compare(contract, found["credit-card"], LEVELS) == (), "in either direction"
    assert found["credit-card"].status == "active", "and so does the status"


@pytest.mark.parametrize("text", ["{", "[]", '{"deployment": {}}', '{"deployment": {"resources": [{}]}}'])
def test_something_else_is_no_stack_export(text: str) -> None:
    with pytest.raises(MeshError, match="is no stack export"):
        read_export(text, "stack.json")


def test_the_export_of_another_stack_is_named(mesh: dict[str, Recording]) -> None:
    with pytest.raises(MeshError, match=r"stack.json: has no output 'contracts'; export a producer's stack"):
        read_export(export_of(mesh["central"]), "stack.json")


@pytest.mark.parametrize("resources", [None, []])
def test_a_stack_without_resources_has_no_contracts(resources: Any) -> None:
    text = json.dumps({"version": 3, "deployment": {"resources": resources}})
    assert read_export(text, "stack.json") == {}, "nothing was ever promised"


def test_an_unchanged_contract_passes_without_a_word(
    edited: Callable[..., Project], store: MemoryStateStore
) -> None:
    assert gate(edited(lambda data: None), "http://none", store=store) == [], "nothing changed"


def test_a_first_deployment_passes(edited: Callable[..., Project]) -> None:
    assert gate(edited(lambda data: None), "http://none", store=MemoryStateStore()) == [], (
        "nothing was promised yet"
    )


def test_a_removed_column_is_refused_naming_the_roles(
    edited: Callable[..., Project], store: MemoryStateStore
) -> None:
    def remove(data: dict[str, Any]) -> None:
        data["version"] = "1.1.0"
        data["schema"][0]["properties"].remove(column(data, "housing"))

    with pytest.raises(MeshError) as refused:
        gate(edited(remove), "http://none", store=store)
    line = str(refused.value)
    for part in (
        "credit_card.housing",
        "ml-coe/auditor",
        "ml-coe/data-scientist",
        "ml-coe/pipeline",
        "2.0.0",
    ):
        assert part in line, f"{part} is missing in: {line}"


def test_the_same_removal_passes_as_a_new_major_version(
    edited: Callable[..., Project], store: MemoryStateStore
) -> None:
    def remove(data: dict[str, Any]) -> None:
        data["version"] = "2.0.0"
        data["schema"][0]["properties"].remove(column(data, "housing"))

    assert gate(edited(remove), "http://none", store=store) == [
        "contract credit-card 1.0.0 -> 2.0.0: 1 change, 1 breaking"
    ], "allowed, and said"


def test_a_raise_within_everybodys_clearance_passes(
    edited: Callable[..., Project], store: MemoryStateStore
) -> None:
    def lift(data: dict[str, Any]) -> None:
        data["version"] = "1.1.0"
        column(data, "duration")["classification"] = "confidential"

    lines = gate(edited(lift), "http://none", store=store)
    assert lines == ["contract credit-card 1.0.0 -> 1.1.0: 1 change, none breaking"], (
        "all roles are cleared for it"
    )


def test_a_change_without_a_new_version_is_remarked_on(
    edited: Callable[..., Project], store: MemoryStateStore
) -> None:
    lines = gate(
        edited(lambda data: column(data, "duration").update(physicalType="bigint")),
        "http://none",
        store=store,
    )
    assert "it is a minor change, so raise the version" in lines[0], "a version that stays tells nobody"


def test_other_stacks_are_not_held_up(edited: Callable[..., Project], store: MemoryStateStore) -> None:
    project = edited(lambda data: data["schema"][0]["properties"].remove(column(data, "housing")))
    assert gate(project, "http://none", ["central", "consumer"], store=store) == [], (
        "the producer stays as it is"
    )


def test_up_changes_nothing_when_a_contract_is_refused(
    edited: Callable[..., Project], store: MemoryStateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def must_not_run(*_: Any, **__: Any) -> None:
        raise AssertionError("something was changed")

    for name in ("up", "prune"):
        monkeypatch.setattr(deploy.engine, name, must_not_run)
    monkeypatch.setattr(deploy, "join_organization", must_not_run)
    monkeypatch.setattr(deploy.engine, "S3StateStore", lambda endpoint: store)
    project = edited(lambda data: data["schema"][0]["properties"].remove(column(data, "housing")))
    with pytest.raises(MeshError, match="breaks readers"):
        deploy.up(project, [], endpoint="http://none")
