"""A cloud in a process of its own for all tests here; tests use names of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sagemaker_bench import Bench

from local.cloud import server


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MESH_RETRY_SECOND", "0.05")
        with server.spawn() as cloud:
            made = Bench(cloud.endpoint)
            made.deploy()
            yield made
