"""The project folder as the command line sees it: stack files, their settings, and the order they come up in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from governance.errors import MeshError
from governance.reader import nearest
from governance.settings import ROLES, Settings
from governance.settings.agreement import check_agreement
from governance.settings.load import load_settings
from local.engine import stackfile

PREFIX = "mesh:"


@dataclass(frozen=True)
class Project:
    """A folder with `Pulumi.yaml`, `__main__.py` and stack files."""

    folder: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """The project of the current folder or the nearest one above it; else the one this package belongs to."""
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents, Path(__file__).resolve().parent.parent):
            if (folder / "Pulumi.yaml").is_file() and (folder / "__main__.py").is_file():
                return cls(folder)
        raise MeshError("no Pulumi.yaml and __main__.py here or above; go to the project's folder", str(here))

    @property
    def home(self) -> Path:
        """Where the running cloud is remembered; MESH_HOME moves it."""
        return Path(os.environ.get("MESH_HOME") or self.folder / ".mesh")

    @cached_property
    def stacks(self) -> dict[str, Settings]:
        """Settings of every stack file, in the order the stacks come up: central, producers, consumers.

        Raises
        ------
        MeshError
            For the first mistake in a file, or the first thing two files disagree on.
        """
        loaded = {stack: self._settings(stack) for stack in stackfile.stacks(self.folder)}
        if not loaded:
            raise MeshError("no Pulumi.<stack>.yaml here", str(self.folder))
        check_agreement(loaded)
        return dict(sorted(loaded.items(), key=lambda item: (ROLES.index(item[1].role), item[0])))

    def _settings(self, stack: str) -> Settings:
        config = stackfile.load(self.folder, stack).config
        values = {key.removeprefix(PREFIX): value for key, value in config.items() if key.startswith(PREFIX)}
        return load_settings(values, f"Pulumi.{stack}.yaml", self.folder)

    def chosen(self, names: list[str]) -> list[str]:
        """The named stacks in the order they come up; all of them when none is named."""
        for name in names:
            if name not in self.stacks:
                raise MeshError(f"is no stack here{nearest(name, list(self.stacks))}", name)
        return [stack for stack in self.stacks if not names or stack in names]

    def organization(self) -> list[str]:
        """Accounts that belong to the configured Organization; empty without one."""
        return sorted({item.place.account_id for item in self.stacks.values() if item.organization_id})
