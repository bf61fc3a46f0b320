"""The states that access commands look at: intended by the working tree, held by a cloud, or of a git revision.

Owns where each comes from and the sessions that reading and repairing need. Deliberately not here: reading the
program (local.snapshots_program) and the catalogs (local.snapshots_live).
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from governance.errors import MeshError
from governance.settings import Settings
from local import engine, snapshots_live, snapshots_program, snapshots_record
from local.snapshots_program import Program
from mesh import cloud
from mesh.project import Project

PACKAGES = ("local/engine/__init__.py", "components/__init__.py", "governance/__init__.py")
"""What a revision must have to be recorded with its own packages."""


def intended(project: Project) -> Program:
    """What the working tree's program, config and contracts say; no cloud is needed."""
    _ = project.stacks  # what the files disagree on is said in one line, before anything runs
    return snapshots_program.read(snapshots_record.record_all(project.folder))


@dataclass
class Sessions:
    """Clients that act in each account as its deploy role, or as another role through it.

    With an `endpoint` they start from the embedded cloud's credentials, else from the caller's own.
    """

    project: Project
    endpoint: str | None
    _sessions: dict[tuple[str, ...], Any] = field(default_factory=dict)
    _clients: dict[tuple[str, ...], Any] = field(default_factory=dict)

    def client(self, account: str, service: str) -> Any:
        """A client of the account's deploy role."""
        return self._client(
            (self._settings(account).place.role_arn(self._settings(account).deploy_role),), service
        )

    def acting(self, account: str, role: str, service: str) -> Any:
        """A client of another role, assumed by the account's deploy role as the stack's provider would."""
        own = self._settings(account).place.role_arn(self._settings(account).deploy_role)
        return self._client((own,) if role in ("", own) else (own, role), service)

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _settings(self, account: str) -> Settings:
        found = (item for item in self.project.stacks.values() if item.place.account_id == account)
        return next(found)

    def _client(self, chain: tuple[str, ...], service: str) -> Any:
        key = (*chain, service)
        if key not in self._clients:
            region = next(iter(self.project.stacks.values())).place.region
            self._clients[key] = self._session(chain).client(
                service, region_name=region, endpoint_url=self.endpoint
            )
        return self._clients[key]

    def _session(self, chain: tuple[str, ...]) -> Any:
        if not chain:
            keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"} if self.endpoint else {}
            return boto3.Session(**keys)
        if chain not in self._sessions:
            self._sessions[chain] = self._assume(chain)
        return self._sessions[chain]

    def _assume(self, chain: tuple[str, ...]) -> Any:
        settings = self._settings(chain[0].split(":")[4])
        extra = {"ExternalId": settings.external_id} if settings.external_id else {}
        try:
            sts = self._session(chain[:-1]).client(
                "sts", region_name=settings.place.region, endpoint_url=self.endpoint
            )
            answer = sts.assume_role(RoleArn=chain[-1], RoleSessionName="mesh-access", **extra)
            sts.close()
        except (ClientError, BotoCoreError) as error:
            raise MeshError(f"cannot be assumed: {error}", chain[-1]) from None
        found = answer["Credentials"]
        return boto3.Session(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def held(project: Project, program: Program, sessions: Sessions) -> Program:
    """What the catalogs of all accounts hold now; who makes a grant is known from the program."""
    roles = [role.arn for role in program.snapshot.roles]
    accounts = [item.place.account_id for item in project.stacks.values()]
    snapshot = snapshots_live.read(sessions.client, accounts, roles)
    return replace(program, snapshot=snapshot)


def deployed(project: Project, *, endpoint: str | None = None) -> Program:
    """What the running embedded cloud holds, with what its stacks export.

    Raises
    ------
    MeshError
        When no cloud runs, or nothing is up in it.
    """
    where = endpoint or cloud.require(project.home).endpoint
    store = engine.S3StateStore(where)
    stacks = []
    for name, item in project.stacks.items():
        state = engine.stack_state(store, name)
        if state is None:
            continue
        config = {"role": item.role, "accountId": item.place.account_id}
        resources = tuple(
            snapshots_record.declared(each, str(each.roles[-1].get("roleArn", "")) if each.roles else "")
            for each in state.resources.values()
            if each.type.startswith(snapshots_record.KEPT)
        )
        stacks.append(
            snapshots_record.Stack(name=name, config=config, exports=state.exports, resources=resources)
        )
    store.close()
    if not stacks:
        raise MeshError("nothing is up in it; bring the stacks up with 'mesh up'", f"cloud at {where}")
    sessions = Sessions(project, where)
    try:
        return held(project, snapshots_program.read(stacks), sessions)
    finally:
        sessions.close()


def revision(project: Project, name: str) -> tuple[Program, str]:
    """What a git revision's files intend, recorded in a process of its own, and the commit's short id.

    The revision's own packages run where it has them, else today's.

    Raises
    ------
    MeshError
        When the folder is in no git repository, the revision does not exist, or its files are wrong.
    """
    commit = _git(project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if commit.returncode:
        inside = _git(project, "rev-parse", "--is-inside-work-tree").returncode == 0
        said = "is no revision of this repository" if inside else "the project is in no git repository"
        raise MeshError(said, f"revision '{name}'")
    identity = commit.stdout.decode().strip()
    archive = _git(project, "archive", "--format=tar", identity)
    with tempfile.TemporaryDirectory(prefix="mesh-revision-") as folder:
        with tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
            tar.extractall(folder, filter="data")
        return snapshots_program.read(_recorded(Path(folder), name)), identity[:9]


def _recorded(folder: Path, name: str) -> tuple[snapshots_record.Stack, ...]:
    if not any(folder.glob("Pulumi.*.yaml")) or not (folder / "__main__.py").is_file():
        raise MeshError("has no stack files and program in this folder", f"revision '{name}'")
    today = Path(__file__).resolve().parent.parent
    packages = folder if all((folder / part).is_file() for part in PACKAGES) else today
    command = [sys.executable, str(Path(snapshots_record.__file__).resolve()), str(folder), str(packages)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise MeshError(said[-1] if said else "cannot be recorded", f"revision '{name}'")
    return snapshots_record.from_json(done.stdout.decode())


def _git(project: Project, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], cwd=project.folder, capture_output=True, check=False)
    except FileNotFoundError:
        raise MeshError("is not installed; it is needed to read a revision", "git") from None
