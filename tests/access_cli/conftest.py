"""The access commands as a person types them, on copies of the shipped project."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from local.cloud import server
from local.snapshots_program import Program
from mesh import deploy
from mesh.access import sources as access_sources
from mesh.access.explain import Explanation, ask
from mesh.access.names import Names
from mesh.aws import Acting
from mesh.cli import commands as cli
from mesh.project import Project

TABLE = "credit-card.credit_card"
CENTRAL, CONSUMER = "111122223333", "333344445555"


@dataclass
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Said]:
    """Run `mesh access ...` in a project's folder, with no cloud unless a home is given."""

    def run(folder: Path, *arguments: str, home: Path | None = None) -> Said:
        monkeypatch.chdir(folder)
        monkeypatch.setenv("MESH_HOME", str(home or tmp_path / "no-cloud"))
        capsys.readouterr()
        code = cli.main(["access", *arguments])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def shipped(root: Path) -> Project:
    """The shipped project itself; nothing here writes to it."""
    return Project(root)


@pytest.fixture(scope="session")
def intended(shipped: Project) -> Program:
    """What the shipped program intends."""
    return access_sources.intended(shipped)


@pytest.fixture
def question() -> Callable[..., Explanation]:
    """Ask about a project's program as it stands, without the command line."""

    def run(folder: Path, principal: str, column: str | None = None, table: str = TABLE) -> Explanation:
        project = Project(folder)
        program = access_sources.intended(project)
        names = Names(project, program.snapshot)
        return ask(names, program, principal=principal, table=table, column=column, action="SELECT")

    return run


@pytest.fixture
def committed() -> Callable[[Path], None]:
    """Make a folder a git repository with everything in it committed."""

    def run(folder: Path) -> None:
        who = ["-c", "user.name=tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false"]
        for command in (["init", "-q", "-b", "trunk"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
            subprocess.run(["git", *who, *command], cwd=folder, check=True, capture_output=True)

    return run


@dataclass
class Up:
    """The shipped mesh in an embedded cloud of its own."""

    project: Project
    endpoint: str
    home: Path

    def up(self) -> None:
        """Bring it to what its files say."""
        deploy.up(self.project, [], endpoint=self.endpoint, say=lambda _: None)

    def lake(self, account: str, role: str = "MeshDeploy") -> Any:
        """Lake Formation as a role of an account."""
        return self.acting(account, role).client("lakeformation")

    def acting(self, account: str, role: str = "MeshDeploy") -> Acting:
        """Clients of a role."""
        return Acting(self.endpoint, f"arn:aws:iam::{account}:role/{role}", "eu-west-1")

    @property
    def sessions(self) -> access_sources.Sessions:
        """What the commands read and repair with."""
        return access_sources.Sessions(self.project, self.endpoint)


@pytest.fixture(scope="session")
def cloud(shipped: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """All stacks up. Each test leaves the catalog as the program intends it."""
    running = server.spawn()
    try:
        home = tmp_path_factory.mktemp("home")
        record = f'{{"endpoint": "{running.endpoint}", "pid": {os.getpid()}, "port": {running.port}}}'
        (home / "cloud.json").write_text(record, encoding="utf-8")
        made = Up(shipped, running.endpoint, home)
        made.up()
        yield made
    finally:
        running.stop()


@pytest.fixture
def shipped_project(make_project: Callable[[], Any]) -> Any:
    """A copy that trains nothing: these tests take away subscriptions, and what trains on them would be refused."""
    project = make_project()
    project.change("consumer", pipeline=None)
    return project
