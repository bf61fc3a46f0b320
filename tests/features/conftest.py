"""One mesh with feature groups for the tests of this folder; they leave its groups as they found them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from features_case import World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All stacks up, the product published, nothing ingested."""
    made = World(tmp_path_factory.mktemp("features") / "mesh")
    try:
        made.up()
        made.publish()
        yield made
    finally:
        made.stop()
