from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from onboard_case import Case  # noqa: E402
from story import Mesh, copy_project  # noqa: E402


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Case:
    """A copy of the shipped project, with the command line run in it."""
    folder = copy_project(tmp_path / "mesh")
    monkeypatch.chdir(folder)
    return Case(folder, capsys)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """The shipped mesh, up in a cloud of its own."""
    mesh = Mesh(copy_project(tmp_path_factory.mktemp("mesh")))
    try:
        mesh.up()
        yield mesh
    finally:
        mesh.stop()


@pytest.fixture(scope="module")
def within() -> Iterator[Callable[[Path], None]]:
    """Go to a folder until the module's tests are over."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch.chdir
