"""A breaking change of a contract, through the whole program: refused before anything is registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.contract_gate import MODELS, READ_OUTPUTS
from governance.errors import MeshError
from local.engine import Recording, load, runner
from local.engine import record as record_stack

FILE = "contracts/credit-card.odcs.yaml"
HEAD = f"{FILE}: version: 1.0.0 -> 1.0.0 breaks readers: "
MEND = "; raise it to 2.0.0 or take the change back"
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


@pytest.fixture
def before(mesh: dict[str, Recording]) -> dict[str, Any]:
    """What the shipped producer exports."""
    return dict(mesh["producer"].exports)


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


def test_the_first_deployment_passes(shipped_project: Any, mesh: dict[str, Recording]) -> None:
    found = again(shipped_project, mesh, {})
    assert list(found.exports["contracts"]) == ["credit-card"], "and says what the next one compares with"


def test_an_unchanged_contract_passes_and_is_exported_the_same(
    shipped_project: Any, mesh: dict[str, Recording], before: dict[str, Any]
) -> None:
    assert again(shipped_project, mesh, before).exports == before, "nothing to do"


def test_a_compatible_change_passes_and_becomes_what_is_promised(
    shipped_project: Any, mesh: dict[str, Recording], before: dict[str, Any]
) -> None:
    fresh = {"name": "branch", "logicalType": "string", "classification": "internal"}
    change(shipped_project, lambda d: (d["schema"][0]["properties"].append(fresh), d.update(version="1.1.0")))
    promised = again(shipped_project, mesh, before).exports
    assert promised["contracts"] != before["contracts"], "the new column is promised now"
    change(shipped_project, lambda d: drop(d, "branch"))
    (line, hint) = refusal(shipped_project, promised)
    assert "1.1.0 -> 1.1.0 breaks readers: credit_card.branch the column is gone" in line, line
    assert hint == MODELS, "models are the consumers'"


@pytest.mark.parametrize("case", BREAKING)
def test_a_breaking_change_is_refused_in_a_line_that_names_who_breaks(
    shipped_project: Any, before: dict[str, Any], case: str
) -> None:
    edit, line = BREAKING[case]
    change(shipped_project, edit)
    found = refusal(shipped_project, before)
    assert HEAD + line + MEND in found, found
    assert found[-1] == MODELS, "what the program cannot know is said"
    assert all(item.startswith(HEAD) and item.endswith(MEND) for item in found[:-1]), "each line is complete"


@pytest.mark.parametrize("case", BREAKING)
def test_the_same_change_passes_as_a_new_major_version(
    shipped_project: Any, mesh: dict[str, Recording], before: dict[str, Any], case: str
) -> None:
    change(shipped_project, lambda d: (BREAKING[case][0](d), d.update(version="2.0.0")))
    found = again(shipped_project, mesh, before)
    assert found.exports["products"]["credit-card"]["contractVersion"] == "2.0.0"


def test_a_deprecated_version_still_may_not_break(shipped_project: Any, before: dict[str, Any]) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["status"] = "deprecated"
        data.setdefault("customProperties", []).append({"property": "sunset", "value": "2199-12-31"})

    change(shipped_project, edit)
    change(shipped_project, lambda d: drop(d, "housing"))
    assert "housing the column is gone" in refusal(shipped_project, before)[0], "its readers have until then"


def test_a_raise_that_shuts_no_role_out_passes(
    shipped_project: Any, mesh: dict[str, Recording], before: dict[str, Any]
) -> None:
    change(shipped_project, lambda d: column(d, "duration").update(classification="confidential"))
    assert again(shipped_project, mesh, before).resources, "every role beside is cleared for it"


def test_without_the_consumers_stack_file_its_account_is_named(
    shipped_project: Any, before: dict[str, Any]
) -> None:
    (shipped_project.folder / "Pulumi.consumer.yaml").unlink()
    change(shipped_project, lambda d: drop(d, "housing"))
    assert HEAD + "credit_card.housing the column is gone (breaks account ml-coe)" + MEND in refusal(
        shipped_project, before
    )


@pytest.mark.parametrize("text", ["config: [", "- a", "config: {mesh:role: consumer}", "\x00"])
def test_a_consumers_stack_file_that_cannot_be_read_is_its_own_runs_matter(
    shipped_project: Any, before: dict[str, Any], text: str, caplog: pytest.LogCaptureFixture
) -> None:
    (shipped_project.folder / "Pulumi.consumer.yaml").write_text(text, encoding="utf-8")
    change(shipped_project, lambda d: drop(d, "housing"))
    assert "(breaks account ml-coe)" in refusal(shipped_project, before)[0]
    warned = "Pulumi.consumer.yaml: mesh:" in caplog.text and "count as one account" in caplog.text
    assert warned is ("role" in text), f"a file that is a consumer's is worth a warning: {caplog.text}"


def test_every_break_of_every_product_has_a_line(shipped_project: Any, mesh: dict[str, Recording]) -> None:
    file = shipped_project.contract("loans", "loans", "consumer-banking")
    shipped = shipped_project.read("producer")["mesh:products"]
    shipped_project.change("producer", products={**shipped, "loans": {"contract": file}})
    before = dict(again(shipped_project, mesh, {}).exports)
    change(shipped_project, lambda d: drop(d, "housing", "purpose"))
    change(shipped_project, lambda d: drop(d, "amount"), file)
    lines = refusal(shipped_project, before)
    found = {(line.split(":")[0], line.split(": ")[3].split()[0]) for line in lines[:-1] if "is gone" in line}
    assert found == {
        (FILE, "credit_card.housing"),
        (FILE, "credit_card.purpose"),
        (file, "credit_card.amount"),
    }


def test_a_product_that_is_given_up_is_not_the_contracts_matter(
    shipped_project: Any, mesh: dict[str, Recording], before: dict[str, Any]
) -> None:
    file = shipped_project.contract("loans", "loans", "consumer-banking")
    shipped_project.change("producer", products={"loans": {"contract": file}})
    assert list(again(shipped_project, mesh, before).exports["contracts"]) == ["loans"], "it may go"


def damaged(before: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    text = before["contracts"]["credit-card"]
    for case in (
        text[:-8],
        text[:40] + text[41:43] + text[40] + text[43:],
        text + "!",
        "mesh1:",
        "mesh0:" + text[6:],
        "",
        5,
    ):
        yield "output 'contracts' of stack producer: credit-card: is ", {"credit-card": case}
    yield "output 'contracts' of stack producer: is no mapping", text


def test_damaged_outputs_are_one_line_that_says_what_to_do(
    shipped_project: Any, before: dict[str, Any]
) -> None:
    cases = list(damaged(before))
    assert len(cases) == 8
    for start, contracts in cases:
        (line,) = refusal(shipped_project, {"contracts": contracts})
        assert line.startswith(start), f"{contracts!r}: {line}"
        assert "restore the output from an earlier 'pulumi stack export'" in line, line


def test_a_state_that_cannot_be_read_stops_the_run(shipped_project: Any) -> None:
    (line,) = refusal(shipped_project, RuntimeError("403: no access\nto the state"))
    assert line == (
        "stack organization/mesh/producer: its last state cannot be read (403: no access to the state); try again"
    )


def test_other_roles_ask_for_nothing(mesh: dict[str, Recording]) -> None:
    assert {stack: len(mesh[stack].invokes) for stack in mesh} == {"central": 0, "producer": 1, "consumer": 0}


def test_the_hint_names_a_command_that_there_is(root: Path) -> None:
    assert "mesh contract check --against deployed" in MODELS
    assert '"--against"' in (root / "mesh/cli/contract.py").read_text(encoding="utf-8")
