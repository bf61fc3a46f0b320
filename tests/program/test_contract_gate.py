"""A breaking change of a contract, through the whole program: refused before anything is registered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Recording
from tests.program.gate_parts import (
    BREAKING,
    FILE,
    HEAD,
    MEND,
    UNREAD,
    again,
    change,
    column,
    drop,
    refusal,
)


@pytest.fixture
def before(mesh: dict[str, Recording]) -> dict[str, Any]:
    """What the shipped producer exports."""
    return dict(mesh["producer"].exports)


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
    (line, unread) = refusal(shipped_project, promised)
    assert "1.1.0 -> 1.1.0 breaks readers: credit_card.branch the column is gone" in line, line
    assert unread.startswith(UNREAD), "the consumer's registry was asked"


@pytest.mark.parametrize("case", BREAKING)
def test_a_breaking_change_is_refused_in_a_line_that_names_who_breaks(
    shipped_project: Any, before: dict[str, Any], case: str
) -> None:
    edit, line = BREAKING[case]
    change(shipped_project, edit)
    found = refusal(shipped_project, before)
    assert HEAD + line + MEND in found, found
    assert found[-1].startswith(UNREAD), "what the program could not find out is said"
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
