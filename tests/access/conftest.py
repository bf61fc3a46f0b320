"""Makes `meshes` importable by the tests beside it, and keeps what Hypothesis stores out of the project."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from hypothesis.configuration import set_hypothesis_home_dir

sys.path.insert(0, str(Path(__file__).parent))

_STORE = tempfile.TemporaryDirectory(prefix="mesh-hypothesis-", ignore_cleanup_errors=True)
set_hypothesis_home_dir(_STORE.name)


def pytest_unconfigure() -> None:
    """Remove what Hypothesis stored."""
    _STORE.cleanup()
