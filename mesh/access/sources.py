"""The states that access commands look at: intended by the working tree, held by a cloud, or of a git revision.

Owns where each comes from and the sessions that reading and repairing need. Deliberately not here: reading the
program (local.snapshots_program) and the catalogs (local.snapshots_live).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from governance.errors import MeshError
from governance.settings import ProductionSettings, Settings
from local import engine, snapshots_live, snapshots_program, snapshots_record
from local.snapshots_calls import PATIENT
from local.snapshots_program import Program
from mesh import cloud, revisions
from mesh.project import Project
from mesh.revisions import Commit

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

    @classmethod
    @contextmanager
    def opened(cls, project: Project, *, live: bool) -> Iterator[Sessions]:
        """On AWS, or in the running cloud; closed afterwards.

        Raises
        ------
        MeshError
            AWS is not asked for, and no cloud runs.
        """
        running = None if live else cloud.find(project.home)
        if running is None and not live:
            raise MeshError(
                "is not running; start it with 'mesh cloud start', or ask AWS with --live", "embedded cloud"
            )
        made = cls(project, running.endpoint if running else None)
        try:
            yield made
        finally:
            made.close()

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
                service, region_name=region, endpoint_url=self.endpoint, config=PATIENT
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
    stacks = project.stacks.values()
    accounts = [item.place.account_id for item in stacks if not isinstance(item, ProductionSettings)]
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

    The revision's own packages run where it has them, else today's; a share with an end is judged as of the day of the
    commit, so one that has ended since shows as lost.

    Raises
    ------
    MeshError
        When the folder is in no git repository, the revision does not exist, or its files are wrong.
    """
    commit = revisions.find(project.folder, name)
    with commit.checked_out("mesh-revision-") as folder:
        return snapshots_program.read(_recorded(folder, commit)), commit.short


def _recorded(folder: Path, commit: Commit) -> tuple[snapshots_record.Stack, ...]:
    name = commit.name
    if not any(folder.glob("Pulumi.*.yaml")) or not (folder / "__main__.py").is_file():
        raise MeshError("has no stack files and program in this folder", f"revision '{name}'")
    today = Path(__file__).resolve().parents[2]
    packages = folder if all((folder / part).is_file() for part in PACKAGES) else today
    command = [sys.executable, str(Path(snapshots_record.__file__).resolve()), str(folder), str(packages)]
    command.append(commit.day.isoformat())
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise MeshError(said[-1] if said else "cannot be recorded", f"revision '{name}'")
    return snapshots_record.from_json(done.stdout.decode())
