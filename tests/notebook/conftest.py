"""A mesh with the claims product, and the notebook executed against it by a kernel of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "features"))

import claims
from features_case import World

ROOT = Path(__file__).resolve().parents[2]
Execute = Callable[..., tuple[Any, str]]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The mesh without feature groups: the notebook needs none."""
    made = World(tmp_path_factory.mktemp("notebook") / "mesh", features=None)
    try:
        made.up()
        made.publish()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def execute(world: World) -> Iterator[Execute]:
    """Run all cells as a role; gives the notebook with its outputs, and what was said when a cell failed."""
    with tempfile.TemporaryDirectory(prefix="nb-") as folder:  # short, since sockets have short names
        home = Path(folder)

        def run(role: str, **more: str) -> tuple[Any, str]:
            environment = {
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "PYTHONPATH": str(ROOT),
                "JUPYTER_RUNTIME_DIR": str(home / "run"),
                "JUPYTER_PLATFORM_DIRS": "1",
                "IPYTHONDIR": str(home / "ipython"),
                "MPLCONFIGDIR": str(home / "matplotlib"),
                "AWS_ENDPOINT_URL": world.endpoint,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": "eu-west-1",
                "MESH_OUTPUTS": json.dumps(world.outputs()),
                "MESH_TRAINING_CONFIG": str(claims.training_config(world.folder)),
                "MESH_ROLE": role,
                **more,
            }
            target = home / f"{role}.ipynb"
            command = [sys.executable, str(Path(__file__).with_name("run_notebook.py"))]
            command += [
                str(ROOT / "notebooks" / "explore.ipynb"),
                str(target),
                str(world.folder),
                str(home / "run"),
            ]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            return nbformat.read(target, as_version=4), done.stderr if done.returncode else ""

        yield run
