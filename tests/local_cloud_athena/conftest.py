"""A cloud in a process of its own with a small lake in three accounts, shared by the tests of this folder."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

sys.path.insert(0, str(Path(__file__).parent))

from lake_case import Lake

from local.cloud import server

_STORE = tempfile.TemporaryDirectory(prefix="mesh-hypothesis-", ignore_cleanup_errors=True)
set_hypothesis_home_dir(_STORE.name)


def pytest_unconfigure() -> None:
    """Remove what Hypothesis stored."""
    _STORE.cleanup()


@pytest.fixture(scope="session")
def lake() -> Iterator[Lake]:
    """The lake of `lake_case`, deployed once; tests add to it under names of their own."""
    with server.spawn(arguments=["--organization", "111122223333,222233334444,333344445555"]) as cloud:
        made = Lake(cloud.endpoint)
        made.deploy()
        yield made
