"""The check in runs of the local engine: the state that the store keeps is what the program finds deployed."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from governance.contracts.difference import Refusal
from local.engine import MemoryStateStore, Recording, ResourceState, StackState, prune, record, up

NOWHERE = "http://127.0.0.1:9"
"""Nothing answers there: whoever gets as far as making something fails otherwise."""


@pytest.fixture
def store(mesh: dict[str, Recording]) -> MemoryStateStore:
    """Central and producer as they are after a whole run; of the producer's resources one is kept."""
    found = MemoryStateStore()
    found.save(StackState(stack="central", complete=True, exports=dict(mesh["central"].exports)))
    (key,) = mesh["producer"].of_type("aws:kms/key:Key")
    kept = ResourceState(
        urn=key.urn, type=key.type, name=key.name, id=key.id, sequence=1, inputs=dict(key.inputs)
    )
    found.save(
        StackState(
            stack="producer", complete=True, exports=dict(mesh["producer"].exports), resources={key.urn: kept}
        )
    )
    return found


def without_housing(project: Any, **more: Any) -> None:
    path = project.folder / "contracts/credit-card.odcs.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8")) | more
    properties = data["schema"][0]["properties"]
    data["schema"][0]["properties"] = [item for item in properties if item["name"] != "housing"]
    path.write_text(yaml.safe_dump(data), encoding="utf-8")


def test_up_refuses_before_the_first_call(shipped_project: Any, store: MemoryStateStore) -> None:
    without_housing(shipped_project)
    before = store.load("producer")
    with pytest.raises(Refusal, match=r"credit_card\.housing the column is gone"):
        up(shipped_project.folder, "producer", endpoint=NOWHERE, store=store)
    assert store.load("producer") == before, "the state is untouched"


def test_a_run_that_failed_half_way_promised_nothing(shipped_project: Any, store: MemoryStateStore) -> None:
    state = store.load("producer")
    assert state is not None
    state.complete = False
    store.save(state)
    without_housing(shipped_project)
    with pytest.raises(Refusal):
        up(shipped_project.folder, "producer", endpoint=NOWHERE, store=store)


def test_pruning_finds_the_same_state_and_gives_nothing_up_for_a_refused_contract(
    shipped_project: Any, store: MemoryStateStore
) -> None:
    def pruned() -> tuple[int, int]:
        result = prune(shipped_project.folder, "producer", endpoint=NOWHERE, store=store)
        return result.unchanged, result.deleted

    assert pruned() == (1, 0), "the program was recorded, and declares what is there"
    without_housing(shipped_project)
    assert pruned() == (0, 0), "it was not recorded, so nothing is taken for given up"
    without_housing(shipped_project, version="2.0.0")
    assert pruned() == (1, 0), "a new major version may"


def test_a_recording_without_a_cloud_compares_with_nothing(
    shipped_project: Any, mesh: dict[str, Recording]
) -> None:
    without_housing(shipped_project)
    references = {stack: recording.exports for stack, recording in mesh.items()}
    found = record(shipped_project.folder, "producer", references=references)
    assert found.resources, "also where the exports of all stacks are at hand"
