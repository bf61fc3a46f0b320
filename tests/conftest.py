"""What tests of several folders share: the shipped project, recorded once, and Hypothesis' own folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis.configuration import set_hypothesis_home_dir

from local.engine import Recording, record

ROOT = Path(__file__).resolve().parent.parent
_STORE = tempfile.TemporaryDirectory(prefix="mesh-hypothesis-", ignore_cleanup_errors=True)
set_hypothesis_home_dir(_STORE.name)


@dataclass(frozen=True)
class Project:
    """A copy of the shipped project whose stack files a test changes."""

    folder: Path

    def read(self, stack: str) -> dict[str, Any]:
        return yaml.safe_load((self.folder / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]

    def write(self, stack: str, config: dict[str, Any]) -> None:
        text = yaml.safe_dump({"config": {key: value for key, value in config.items() if value is not None}})
        (self.folder / f"Pulumi.{stack}.yaml").write_text(text, encoding="utf-8")

    def change(self, stack: str, **keys: Any) -> None:
        """Set keys under `mesh:`; None removes one."""
        self.write(stack, {**self.read(stack), **{f"mesh:{key}": value for key, value in keys.items()}})

    def contract(self, name: str, product: str, domain: str, **more: Any) -> str:
        """Write the shipped contract as that of another product; give its path in the project."""
        shipped = yaml.safe_load((ROOT / "contracts/credit-card.odcs.yaml").read_text(encoding="utf-8"))
        path = self.folder / "contracts" / f"{name}.odcs.yaml"
        text = yaml.safe_dump({**shipped, "dataProduct": product, "name": product, "domain": domain, **more})
        path.write_text(text, encoding="utf-8")
        return f"contracts/{path.name}"

    def record(self, *stacks: str) -> dict[str, Recording]:
        """Record stacks one after the other, the exports of each fed to the next."""
        recordings: dict[str, Recording] = {}
        for stack in stacks:
            references = {name: recording.exports for name, recording in recordings.items()}
            recordings[stack] = record(self.folder, stack, references=references)
        return recordings


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def mesh() -> dict[str, Recording]:
    """The shipped stacks, recorded."""
    return Project(ROOT).record("central", "producer", "consumer")


@pytest.fixture(scope="session")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Project]:
    """A maker of copies of the shipped project's files; its packages are used where they are."""

    def make() -> Project:
        folder = tmp_path_factory.mktemp("project")
        for path in [ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")]:
            shutil.copy(path, folder)
        (folder / "contracts").mkdir()
        shutil.copy(ROOT / "contracts/credit-card.odcs.yaml", folder / "contracts")
        (folder / "training").mkdir()
        shutil.copy(ROOT / "training/credit-risk.yaml", folder / "training")
        return Project(folder)

    return make


@pytest.fixture
def shipped_project(make_project: Callable[[], Project]) -> Project:
    """A copy of its own."""
    return make_project()
