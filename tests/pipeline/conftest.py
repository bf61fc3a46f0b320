"""Makes the helpers beside the tests importable, and definitions that many tests read once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import pipeline_parts as parts
from stubbed_cloud import Cloud, context_of

from training.session import Context


@pytest.fixture(scope="session")
def plain() -> dict[str, Any]:
    """The definition with one training job."""
    return parts.made(parts.settings())


@pytest.fixture(scope="session")
def searching() -> dict[str, Any]:
    """The definition that tunes hyperparameters."""
    return parts.made(parts.tuned(parts.settings()))


@pytest.fixture
def cloud() -> Cloud:
    """Clients without answers yet."""
    return Cloud()


@pytest.fixture
def said() -> list[str]:
    """Progress lines."""
    return []


@pytest.fixture
def context(cloud: Cloud, said: list[str]) -> Context:
    """A context of the stubbed clients."""
    return context_of(cloud, said)
