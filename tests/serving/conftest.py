from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from world import IMAGE, Project, World, as_somebody

from local.cloud import server
from tests.training.tables import loans, loans_config
from training import evaluate, preprocess, train
from training.data.split import split_table
from training.registry import packages, register
from training.session import Context


@pytest.fixture(scope="session")
def empty() -> Iterator[World]:
    """The accounts, and a registry without models."""
    with server.spawn() as cloud:
        world = World(cloud.endpoint)
        world.build()
        yield world


@pytest.fixture(scope="session")
def world(empty: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two approved versions of different data, and a third that waits for approval. Tests add, and take nothing away."""
    with pytest.MonkeyPatch.context() as patch:
        as_somebody(patch, empty.endpoint)
        for seed in (1, 2, 3):
            work = tmp_path_factory.mktemp(f"model{seed}")
            schema = split_table([loans(1500, seed)], loans_config(), work)
            preprocess.write_schema(schema, work / "features")
            context = Context(config=loans_config(), outputs_from=empty.outputs, work=work, role="pipeline")
            train.run(context)
            evaluate.run(context)
            arn = register.run(context, image=IMAGE).package_arn
            empty.packages.append(arn)
            empty.models[arn] = work / "model"
        for version in (1, 2):
            packages.decide(context, version, packages.APPROVED, f"good enough, {version}")
    return empty


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The shipped stack files."""
    return Project(tmp_path)
