"""The production stack in a cloud: promoted, updated in place, rolled back, and refused what was not approved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from world import PRODUCTION, Project, World, code

from governance.errors import MeshError
from local import engine
from local.cloud import server


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A cloud of its own with two approved versions and one that is not, each answering with its own word."""
    with server.spawn() as cloud:
        made = World(cloud.endpoint)
        made.build(serving_role=False)
        for word, status in (
            ("first", "Approved"),
            ("second", "Approved"),
            ("third", "PendingManualApproval"),
        ):
            made.packages.append(
                made.register(code(word), status=status, key=f"pipeline/{word}/model.tar.gz")
            )
        yield made


def up(world: World, project: Project, **keys: Any) -> engine.UpResult:
    """As `mesh up` does it: what was given up goes first."""
    project.change(**keys)
    store = engine.S3StateStore(world.endpoint)
    overrides = {"mesh:endpoint": world.endpoint}
    engine.prune(
        project.folder, "production", endpoint=world.endpoint, store=store, config_overrides=overrides
    )
    return engine.up(
        project.folder, "production", endpoint=world.endpoint, store=store, config_overrides=overrides
    )


def answer(world: World) -> str:
    return str(world.ask("mesh-credit-risk", "abc")["Body"].read().decode())


def configs(world: World) -> set[str]:
    found = world.client(PRODUCTION).list_endpoint_configs()["EndpointConfigs"]
    return {
        each["EndpointConfigName"]
        for each in found
        if each["EndpointConfigName"].startswith("mesh-credit-risk-v")
    }


def test_the_life_of_a_production_stack(world: World, project: Project) -> None:
    first, second, pending = world.packages
    up(world, project)
    with pytest.raises(MeshError, match="is PendingManualApproval, and only an approved version is deployed"):
        up(world, project, modelPackages={"current": pending})
    assert configs(world) == set(), "a refused version leaves nothing behind"

    up(world, project, modelPackages={"current": first})
    assert answer(world) == "first:3"
    assert up(world, project).unchanged == 17, "a second up changes nothing"
    assert up(world, project).updated == 0

    changed = up(world, project, modelPackages={"current": second, "previous": first})
    assert (changed.created, changed.deleted, changed.replaced) == (2, 0, 0), "a model and a configuration"
    assert answer(world) == "second:3"

    back = up(world, project, modelPackages={"current": first, "previous": second})
    assert (back.created, back.deleted) == (0, 0), "everything was there"
    assert answer(world) == "first:3"
    assert len(configs(world)) == 2

    grown = up(world, project, instanceCount=2)
    assert grown.replaced + grown.created >= 1
    variant = world.client(PRODUCTION).describe_endpoint(EndpointName="mesh-credit-risk")[
        "ProductionVariants"
    ][0]
    assert variant["CurrentInstanceCount"] == 2

    up(world, project, mode="batch")
    assert configs(world) == set()
    models = {each["ModelName"] for each in world.client(PRODUCTION).list_models()["Models"]}
    assert {name for name in models if name.startswith("mesh-credit-risk-v")}, (
        "transform jobs have their model"
    )
    store = engine.S3StateStore(world.endpoint)
    engine.destroy(project.folder, "production", endpoint=world.endpoint, store=store)
    left = {each["ModelName"] for each in world.client(PRODUCTION).list_models()["Models"]}
    assert not {name for name in left if name.startswith("mesh-credit-risk-v")}


def test_an_endpoint_that_does_not_come_up_says_why(world: World, project: Project) -> None:
    broken = world.register(
        {"code/inference.py": b"import nothing_here"}, key="pipeline/broken-stack/model.tar.gz"
    )
    with pytest.raises(
        MeshError, match=r"Endpoint 'credit-risk-endpoint': is Failed: .*nothing_here"
    ) as caught:
        up(world, project, modelPackages={"current": broken})
    assert "\n" not in str(caught.value)
    store = engine.S3StateStore(world.endpoint)
    engine.destroy(project.folder, "production", endpoint=world.endpoint, store=store)
