"""A producer's program with a contract that a test changes, and what it is refused with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from components.contract_gate import READ_OUTPUTS
from governance.errors import MeshError
from local.engine import Recording, load, runner
from local.engine import record as record_stack

FILE = "contracts/credit-card.odcs.yaml"
HEAD = f"{FILE}: version: 1.0.0 -> 1.0.0 breaks readers: "
MEND = "; raise it to 2.0.0 or take the change back"
UNREAD = "models of ml-coe could not be looked up: Could not connect to the endpoint URL"
EVERYBODY = "(breaks ml-coe/auditor, ml-coe/data-scientist, ml-coe/pipeline)"
Edit = Callable[[dict[str, Any]], Any]


class Refusing:
    """A backend that answers with last outputs, and counts what the program asks to be made."""

    def __init__(self, outputs: Any) -> None:
        self.outputs = outputs
        self.registered: list[str] = []

    def register(self, registration: Any) -> tuple[str, dict[str, Any]]:
        self.registered.append(registration.name)
        return "id", {}

    def invoke(self, call: Any) -> dict[str, Any]:
        assert call.token == READ_OUTPUTS, "nothing else is asked"
        if isinstance(self.outputs, Exception):
            raise self.outputs
        return {"outputs": self.outputs}


def change(project: Any, edit: Edit, file: str = FILE) -> None:
    """Edit a contract where it lies."""
    path = project.folder / file
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    edit(data)
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")


def column(data: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in data["schema"][0]["properties"] if item["name"] == name)


def drop(data: dict[str, Any], *names: str) -> None:
    for name in names:
        data["schema"][0]["properties"].remove(column(data, name))


def again(project: Any, mesh: dict[str, Recording], outputs: Any) -> Recording:
    """Record the producer's stack as if it had been deployed with these outputs."""
    return record_stack(
        project.folder,
        "producer",
        references={"central": mesh["central"].exports},
        answers={READ_OUTPUTS: {"outputs": outputs}},
    )


def refusal(project: Any, outputs: Any) -> list[str]:
    """Lines that the program is refused with; nothing may be registered."""
    backend = Refusing(outputs)
    with pytest.raises(MeshError) as caught:
        runner.run(project.folder, load(project.folder, "producer"), backend)
    assert backend.registered == [], "nothing half done"
    return str(caught.value).splitlines()


BREAKING: dict[str, tuple[Edit, str]] = {
    "column removed": (lambda d: drop(d, "housing"), f"credit_card.housing the column is gone {EVERYBODY}"),
    "column renamed": (
        lambda d: column(d, "housing").update(name="home"),
        f"credit_card.housing the column is now called home (both have the id 'housing') {EVERYBODY}",
    ),
    "column retyped": (
        lambda d: column(d, "duration").update(physicalType="smallint"),
        f"credit_card.duration its type is now smallint, was int {EVERYBODY}",
    ),
    "sensitivity raised": (
        lambda d: column(d, "housing").update(classification="restricted"),
        "credit_card.housing is now restricted, was internal (breaks ml-coe/data-scientist, ml-coe/pipeline)",
    ),
    "no longer required": (
        lambda d: column(d, "housing").update(required=False),
        f"credit_card.housing may now be null {EVERYBODY}",
    ),
    "table removed": (
        lambda d: d["schema"][0].update(name="cards", physicalName="cards", id="cards"),
        f"credit_card the table is gone {EVERYBODY}",
    ),
}
