"""A mistake in a stack file, through the whole program: one line with file and key, and nothing registered."""

from __future__ import annotations

from typing import Any

import pytest

from governance.errors import MeshError
from local.engine import load as load_stack
from local.engine import runner


class Refusing:
    """A backend that counts what the program asks for."""

    def __init__(self) -> None:
        self.registered: list[str] = []

    def register(self, registration: Any) -> tuple[str, dict[str, Any]]:
        self.registered.append(registration.name)
        return "id", {}

    def invoke(self, call: Any) -> dict[str, Any]:
        raise AssertionError(f"asked {call.token}")


CASES = {
    "no lobs": ("central", {"lobs": None}, "mesh:lobs: is missing"),
    "lob without account": (
        "central",
        {"lobs": {"retail": {"products": []}}},
        "mesh:lobs.retail: has no accountId",
    ),
    "unknown clearance": (
        "consumer",
        {"roles": {"auditor": {"clearance": "secret"}}},
        "mesh:roles.auditor.clearance: 'secret' is no sensitivity level",
    ),
    "bad region": ("central", {"region": "Ireland"}, "mesh:region: 'Ireland' is no AWS region"),
    "share to nobody": (
        "producer",
        {"consumers": {}},
        "mesh:products.credit-card.shares[0]: consumer 'ml-coe' has no account in mesh:consumers",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_one_line_and_nothing_is_registered(shipped_project: Any, case: str) -> None:
    stack, change, message = CASES[case]
    shipped_project.change(stack, **change)
    backend = Refusing()
    with pytest.raises(MeshError) as caught:
        runner.run(shipped_project.folder, load_stack(shipped_project.folder, stack), backend)
    assert str(caught.value).startswith(f"Pulumi.{stack}.yaml: {message}"), (
        "the line begins with file and key"
    )
    assert "\n" not in str(caught.value)
    assert backend.registered == [], "nothing half done"


def test_keys_of_another_role_are_not_read_by_the_program(shipped_project: Any) -> None:
    before = shipped_project.record("central")["central"]
    shipped_project.change("central", products={"nonsense": 5}, roles=[])
    after = shipped_project.record("central")["central"]
    assert before.resources, "the stack declares something"
    assert [dict(item.inputs) for item in after] == [dict(item.inputs) for item in before]


def test_a_lob_that_is_not_onboarded_is_told_from_the_central_exports(shipped_project: Any) -> None:
    central = shipped_project.record("central")["central"]
    shipped_project.change("producer", lob="wealth")
    from local.engine import record

    with pytest.raises(MeshError, match="belongs to domain 'consumer-banking', not 'wealth'"):
        record(shipped_project.folder, "producer", references={"central": central.exports})
    path = shipped_project.contract("wealth", "credit-card", "wealth")
    products = {"credit-card": {"contract": path}}
    shipped_project.change("producer", lob="wealth", products=products)
    with pytest.raises(MeshError, match="LoB 'wealth' is not among consumer-banking"):
        record(shipped_project.folder, "producer", references={"central": central.exports})


def test_a_product_that_its_lob_does_not_export_is_one_line(shipped_project: Any) -> None:
    recordings = shipped_project.record("central", "producer")
    wanted = {"mortgages": {"lob": "consumer-banking", "clearance": "public"}}
    shipped_project.change("consumer", subscriptions=wanted, pipeline=None)
    from local.engine import record

    references = {name: recording.exports for name, recording in recordings.items()}
    with pytest.raises(MeshError, match="product 'mortgages' is not among credit-card"):
        record(shipped_project.folder, "consumer", references=references)
