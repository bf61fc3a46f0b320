"""A whole mesh on an embedded cloud of its own, for the end-to-end tests."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from local.cloud import server
from mesh import deploy
from mesh.aws import Acting
from mesh.project import Project
from mesh.query import Answer, run

SOURCE = Path(__file__).resolve().parents[2]


def copy_project(folder: Path) -> Path:
    """The files that make a project: program, stack files and contracts. The packages are imported from here."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (
        "Pulumi.yaml",
        "Pulumi.central.yaml",
        "Pulumi.producer.yaml",
        "Pulumi.consumer.yaml",
        "__main__.py",
    ):
        shutil.copy(SOURCE / name, folder / name)
    shutil.copytree(SOURCE / "contracts", folder / "contracts")
    (folder / "training").mkdir()
    shutil.copy(SOURCE / "training/credit-risk.yaml", folder / "training")
    return folder


def edit(folder: Path, stack: str, **changes: Any) -> None:
    """Replace keys of a stack file; None removes one."""
    path = folder / f"Pulumi.{stack}.yaml"
    content = yaml.safe_load(path.read_text())
    for key, value in changes.items():
        if value is None:
            content["config"].pop(f"mesh:{key}", None)
        else:
            content["config"][f"mesh:{key}"] = value
    path.write_text(yaml.safe_dump(content, sort_keys=False))


class Mesh:
    """A project folder and the cloud it is up in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cloud = server.spawn()
        self.endpoint = self.cloud.endpoint
        self.lines: list[str] = []

    @property
    def project(self) -> Project:
        """Read anew, since tests edit the files."""
        return Project(self.folder)

    def up(self, *stacks: str) -> dict[str, Any]:
        return dict(deploy.up(self.project, list(stacks), endpoint=self.endpoint, say=self.lines.append))

    def outputs(self, stack: str) -> dict[str, Any]:
        return deploy.outputs(self.project, stack, endpoint=self.endpoint)

    def acting(self, stack: str, role: str | None = None) -> Acting:
        """The stack's deploy role, or another role of its account."""
        item = self.project.stacks[stack]
        return Acting(self.endpoint, item.place.role_arn(role or item.deploy_role), item.place.region)

    def ask(self, role: str, sql: str, database: str | None = "rl_credit-card") -> Answer:
        exports = self.outputs("consumer")
        workgroup = exports["workgroups"].get(role) or exports["workgroups"]["auditor"]
        return run(self.acting("consumer", f"mesh-{role}"), sql, workgroup=workgroup, database=database)

    def stop(self) -> None:
        self.cloud.stop()
