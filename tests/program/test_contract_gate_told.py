"""What the producer's program tells of a break beside the refusal: lines of what may be deployed, and registries asked."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.dynamic_session import Actor
from local.engine import Recording
from tests.program.gate_parts import BREAKING, UNREAD, Edit, again, change, column, drop, refusal


@pytest.fixture
def before(mesh: dict[str, Recording]) -> dict[str, Any]:
    """What the shipped producer exports."""
    return dict(mesh["producer"].exports)


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: None,
        lambda d: d.update(version="1.1.0"),
        lambda d: column(d, "housing").update(description="Where they live"),
    ],
)
def test_no_registry_is_asked_unless_something_breaks(
    shipped_project: Any,
    mesh: dict[str, Recording],
    before: dict[str, Any],
    edit: Edit,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def must_not_ask(*_: Any, **__: Any) -> None:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(Actor, "client", must_not_ask)
    change(shipped_project, edit)
    assert again(shipped_project, mesh, before).resources, "an ordinary preview makes no call"
    change(shipped_project, lambda d: drop(d, "housing"))
    with pytest.raises(AssertionError, match="somebody was asked"):
        again(shipped_project, mesh, before)


def test_a_consumer_whose_group_nothing_here_names_is_said_and_nobody_is_asked(
    shipped_project: Any, before: dict[str, Any]
) -> None:
    (shipped_project.folder / "Pulumi.consumer.yaml").unlink()
    change(shipped_project, lambda d: drop(d, "housing"))
    assert refusal(shipped_project, before)[-1] == (
        "models of ml-coe could not be looked up: no stack file here names its model package group; name it under "
        "mesh:consumers.ml-coe.modelPackageGroup"
    )
    shipped_project.change(
        "producer", consumers={"ml-coe": {"accountId": "333344445555", "modelPackageGroup": "credit-risk"}}
    )
    assert refusal(shipped_project, before)[-1].startswith(UNREAD), "then it is asked"


@pytest.mark.parametrize("case", BREAKING)
def test_a_change_that_may_be_deployed_is_told_line_by_line(
    shipped_project: Any,
    mesh: dict[str, Recording],
    before: dict[str, Any],
    case: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", told.append)
    edit, line = BREAKING[case]
    change(shipped_project, lambda d: (edit(d), d.update(version="2.0.0")))
    again(shipped_project, mesh, before)
    who = line.rpartition(" (breaks ")
    assert f"breaking: {who[0]} [{who[2].rstrip(')')}]" in told, told
