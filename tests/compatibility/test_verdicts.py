"""The program and the command say the same of the same change, whoever reads the product."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from contract_strategies import documents
from contract_versions import LEVELS
from hypothesis import given, settings
from hypothesis import strategies as st

from components import contract_gate
from governance.contracts import load_contract
from governance.contracts.difference import Refusal
from governance.contracts.record import EXPORT, write_record
from governance.settings.load import load_settings
from local.engine import load
from mesh.cli import main

FILE = "contracts/orders.odcs.yaml"
ROLES = ("data-scientist", "pipeline", "auditor")


@pytest.fixture(scope="module")
def project(make_project: Callable[[], Any]) -> Any:
    """A LoB with the product `orders`, shared with a consumer that has a stack file and one that has none."""
    found = make_project()
    found.contract("orders", "orders", "consumer-banking")
    lobs = found.read("central")["mesh:lobs"]
    lobs["consumer-banking"]["products"].append("orders")
    consumers = {"ml-coe": {"accountId": "333344445555"}, "risk": {"accountId": "666677778888"}}
    found.change("central", lobs=lobs, consumers=consumers)
    return found


@pytest.fixture(scope="module")
def here(project: Any) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.folder)
        patch.setenv("MESH_HOME", str(project.folder / ".mesh"))
        yield project.folder


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump({**document, "domain": "consumer-banking"}), encoding="utf-8")


def _share(project: Any, clearances: tuple[str, str], roles: dict[str, str]) -> None:
    """Share `orders` with both consumers; the first one has these roles."""
    consumers = {"ml-coe": {"accountId": "333344445555"}, "risk": {"accountId": "666677778888"}}
    shares = [
        {"consumer": name, "clearance": clearance}
        for name, clearance in zip(consumers, clearances, strict=True)
    ]
    project.change("producer", consumers=consumers, products={"orders": {"contract": FILE, "shares": shares}})
    subscription = {"lob": "consumer-banking", "stack": "producer", "clearance": clearances[0]}
    project.change(
        "consumer",
        roles={name: {"clearance": clearance} for name, clearance in roles.items()},
        subscriptions={"orders": subscription},
    )


def _program(folder: Path, old: Path) -> bool:
    """Whether the program refuses what lies there now, after `old` was deployed."""
    config = load(folder, "producer").config
    values = {key[5:]: value for key, value in config.items() if key.startswith("mesh:")}
    producer = load_settings(values, "Pulumi.producer.yaml", folder)
    outputs = {EXPORT: {"orders": write_record(load_contract(old, levels=LEVELS))}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contract_gate, "last_outputs", lambda stack: outputs)
        try:
            contract_gate.check_contracts(producer, "producer", folder)
        except Refusal:
            return True
    return False


def test_the_program_refuses_what_mesh_contract_diff_refuses(project: Any, here: Path) -> None:
    seen = set()

    @settings(max_examples=60)
    @given(
        old=documents(),
        new=documents(),
        same_major=st.booleans(),
        clearances=st.tuples(st.sampled_from(LEVELS), st.sampled_from(LEVELS)),
        roles=st.fixed_dictionaries(dict.fromkeys(ROLES, st.sampled_from(LEVELS))),
    )
    def hold(
        old: dict[str, Any],
        new: dict[str, Any],
        same_major: bool,
        clearances: tuple[str, str],
        roles: dict[str, str],
    ) -> None:
        if same_major:
            new["version"] = old["version"]
        _write(here / "old.yaml", old)
        _write(here / FILE, new)
        _share(project, clearances, roles)
        said = main(["contract", "diff", "old.yaml", FILE])
        seen.add(said)
        assert said in (0, 1), "both are contracts"
        assert _program(here, here / "old.yaml") is (said == 1), "one verdict"

    hold()
    assert seen == {0, 1}, "some pass and some are refused"
