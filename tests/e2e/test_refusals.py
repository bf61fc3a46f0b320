"""What a live mesh refuses: to lose what others stand on, and to be moved by an edit."""

from __future__ import annotations

from typing import Any

import pytest
from story import Mesh, copy_project, edit

from governance.errors import MeshError
from local.engine.state import MemoryStateStore, ResourceState, StackState
from mesh import deploy
from mesh.deploy_checks import refuse_down, refuse_moved
from mesh.project import Project

BUS = "aws:cloudwatch/eventBus:EventBus"
LINK = "aws:glue/catalogDatabase:CatalogDatabase"
ACCOUNTS = {"central": "111122223333", "producer": "222233334444", "consumer": "333344445555"}


def held(*stacks: str, links: tuple[str, ...] = (), **exports: dict[str, Any]) -> MemoryStateStore:
    """A store in which stacks are up, as far as the checks look at them."""
    store = MemoryStateStore()
    for stack in stacks:
        state = StackState(stack=stack, exports=exports.get(stack, {}))
        made = (
            [("bus", BUS, "mesh-events")] if stack == "central" else [("role", "aws:iam/role:Role", "mesh-x")]
        )
        made += [(name, LINK, name) for name in links if stack == "consumer"]
        for sequence, (name, kind, physical) in enumerate(made):
            urn = f"urn:pulumi:{stack}::mesh::{kind}::{name}"
            state.resources[urn] = ResourceState(
                urn=urn, type=kind, name=name, id=physical, sequence=sequence, inputs={"name": physical},
                account=ACCOUNTS.get(stack, "999999999999"), region="eu-west-1",
            )  # fmt: skip
        store.save(state)
    return store


@pytest.fixture
def project(tmp_path: Any) -> Project:
    return Project(copy_project(tmp_path / "mesh"))


def down_refusal(project: Project, store: MemoryStateStore, *names: str) -> str:
    with pytest.raises(MeshError) as refused:
        refuse_down(project, store, project.chosen(list(names)))
    return str(refused.value)


def test_a_stack_that_others_stand_on_stays(project: Project) -> None:
    every = held("central", "producer", "consumer")
    assert down_refusal(project, every, "producer") == (
        "stack producer: is still needed by consumer; take all of it down with 'mesh down consumer producer', or the "
        "whole mesh with 'mesh down'"
    )
    assert "is still needed by producer, consumer; take all" in down_refusal(project, every, "central")
    assert down_refusal(project, held("central", "producer"), "central").startswith(
        "stack central: is still needed by producer; take all of it down with 'mesh down producer central'"
    )
    assert "stack producer: is still needed by consumer" in down_refusal(
        project, every, "central", "producer"
    )


def test_what_nobody_stands_on_may_go(project: Project) -> None:
    every = held("central", "producer", "consumer")
    for names in ([], ["consumer"], ["producer", "consumer"], ["central", "consumer", "producer"]):
        refuse_down(project, every, project.chosen(names))
    refuse_down(project, held("central", "producer"), ["producer"])
    refuse_down(project, held("producer", "consumer"), ["central"])


def test_a_subscription_that_was_only_deleted_from_the_file_still_counts(project: Project) -> None:
    edit(project.folder, "consumer", subscriptions={})
    store = held(
        "central",
        "producer",
        "consumer",
        links=("rl_credit-card",),
        producer={"products": {"credit-card": {}}},
    )
    assert "stack producer: is still needed by consumer" in down_refusal(
        Project(project.folder), store, "producer"
    )
    without = held("central", "producer", "consumer", producer={"products": {"credit-card": {}}})
    refuse_down(Project(project.folder), without, ["producer"])


def test_a_stack_whose_file_is_gone_is_named(project: Project) -> None:
    line = down_refusal(project, held("central", "old-lob"), "central")
    assert "stack central: is still stood on by old-lob, which is up and has no stack file here" in line
    assert "put Pulumi.old-lob.yaml back" in line


@pytest.mark.parametrize(
    "change, said",
    [
        (
            {"namespace": "bank"},
            "Pulumi.central.yaml: mesh:namespace: is 'bank', but what is up was made with 'mesh'",
        ),
        (
            {"region": "eu-central-1"},
            "mesh:region: is 'eu-central-1', but what is up was made with 'eu-west-1'",
        ),
    ],
)
def test_a_live_mesh_is_not_moved_by_an_edit(project: Project, change: dict[str, str], said: str) -> None:
    assert list(project.stacks) == ["central", "producer", "consumer"], "read as it was"
    for stack in ACCOUNTS:
        edit(project.folder, stack, **change)
    moved = Project(project.folder)
    with pytest.raises(MeshError) as refused:
        refuse_moved(moved, held("central", "producer", "consumer"))
    assert said in str(refused.value)
    assert "put that back, or take the mesh down first with 'mesh down'" in str(refused.value)
    refuse_moved(moved, MemoryStateStore())
    refuse_moved(project, held("central", "producer", "consumer"))


@pytest.mark.parametrize("exports", [{}, {"consumer": {"accountId": "333344445555"}}])
def test_another_account_is_no_way_to_move_a_member(project: Project, exports: dict[str, Any]) -> None:
    edit(project.folder, "consumer", accountId="444455556666")
    for stack in ("central", "producer"):
        edit(project.folder, stack, consumers={"ml-coe": {"accountId": "444455556666"}})
    with pytest.raises(
        MeshError, match=r"Pulumi\.consumer\.yaml: mesh:accountId: is '444455556666', but .*'333344445555'"
    ):
        refuse_moved(Project(project.folder), held("central", "producer", "consumer", **exports))


def test_both_are_refused_with_nothing_changed(fresh: Mesh) -> None:
    fresh.up()
    before = {stack: fresh.outputs(stack) for stack in ACCOUNTS}
    with pytest.raises(MeshError, match="stack central: is still needed by producer, consumer"):
        deploy.down(fresh.project, ["central"], endpoint=fresh.endpoint, say=fresh.lines.append)
    for stack in ACCOUNTS:
        edit(fresh.folder, stack, namespace="bank")
    said = len(fresh.lines)
    with pytest.raises(MeshError, match="mesh:namespace: is 'bank'"):
        fresh.up()
    assert fresh.lines[said:] == [], "no stack was begun"
    for stack in ACCOUNTS:
        edit(fresh.folder, stack, namespace=None)
    assert {stack: fresh.outputs(stack) for stack in ACCOUNTS} == before
    assert all(result.api_calls == 0 for result in fresh.up().values()), "everything is as it was"
    deploy.down(fresh.project, [], endpoint=fresh.endpoint, say=fresh.lines.append)
