from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from story import SOURCE, Mesh, copy_project

from mesh.demo.data import curate, deliver


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """All three stacks up, both batches delivered and curated. Tests leave it as they found it."""
    mesh = Mesh(copy_project(tmp_path_factory.mktemp("mesh")))
    try:
        mesh.up()
        product = mesh.outputs("producer")["products"]["credit-card"]
        data = SOURCE / "contracts" / "data" / "credit-card"
        operator = mesh.acting("producer")
        deliver(operator, product, data)
        mesh.batches = curate(operator, product, data)  # type: ignore[attr-defined]
        yield mesh
    finally:
        mesh.stop()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Mesh]:
    """A project and an empty cloud for tests that change configuration."""
    mesh = Mesh(copy_project(tmp_path / "mesh"))
    yield mesh
    mesh.stop()
