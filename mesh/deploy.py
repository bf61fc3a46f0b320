"""Stacks up and down in the embedded cloud, and what they export.

The engine does the work (`local.engine`); here is the order of the stacks and what a person sees meanwhile.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from governance.errors import MeshError
from governance.reader import nearest
from governance.settings import ConsumerSettings, ProducerSettings
from local import engine
from mesh import deploy_checks, quota
from mesh.aws import Acting
from mesh.cloud import require
from mesh.contract import gate as contract_gate
from mesh.project import Project

Say = Callable[[str], None]


def tell(line: str) -> None:
    """Print at once, also into a pipe."""
    print(line, flush=True)


def join_organization(endpoint: str, accounts: list[str]) -> None:
    """Put the mesh's accounts into one Organization of the embedded cloud, as they are on AWS beforehand.

    The first account manages it; accounts that joined before stay.
    """
    if not accounts:
        return
    manager = Acting(endpoint, f"arn:aws:iam::{accounts[0]}:role/organization", "us-east-1").client(
        "organizations"
    )
    if "Organization" not in _described(manager):
        manager.create_organization(FeatureSet="ALL")
    present = {
        account["Id"]
        for page in manager.get_paginator("list_accounts").paginate()
        for account in page["Accounts"]
    }
    for account in accounts:
        if account not in present:
            manager.invite_account_to_organization(Target={"Id": account, "Type": "ACCOUNT"})


def _described(client: Any) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = client.describe_organization()
        return answer
    except client.exceptions.AWSOrganizationsNotInUseException:
        return {}


def up(
    project: Project,
    names: list[str],
    *,
    endpoint: str | None = None,
    say: Say = tell,
    config: Mapping[str, str] | None = None,
) -> dict[str, engine.UpResult]:
    """Bring stacks up in their order.

    Parameters
    ----------
    names
        Stacks; all when empty.
    endpoint
        Cloud to bring them up in; the project's running one when None.
    say
        Receives progress lines.
    config
        Keys of the stack files with other values for this once, such as ``mesh:modelPackages``.

    Returns
    -------
    dict
        Stack -> what was created, updated, replaced, deleted and left alone.
    """
    chosen = project.chosen(names)
    where = endpoint or require(project.home).endpoint
    lines = [
        *_doubts(project, chosen),
        *contract_gate.gate(project, where, chosen),
        *quota.refuse(project),
    ]
    store = engine.S3StateStore(where)
    deploy_checks.refuse_moved(project, store)
    for line in lines:
        say(line)
    join_organization(where, project.organization())
    overrides = {**(config or {}), "mesh:endpoint": where}
    results = {}
    # What is given up goes first, and in reverse order: grants before shares, tables before databases.
    for stack in reversed(chosen):
        progress = _Progress(stack, say)
        result = engine.prune(
            project.folder, stack, endpoint=where, store=store, progress=progress, config_overrides=overrides
        )
        if result.deleted:
            progress.done(_counts(result))
    for stack in chosen:
        progress = _Progress(stack, say)
        result = engine.up(
            project.folder, stack, endpoint=where, store=store, progress=progress, config_overrides=overrides
        )
        progress.done(_counts(result))
        results[stack] = result
    return results


def down(project: Project, names: list[str], *, endpoint: str | None = None, say: Say = tell) -> None:
    """Take stacks down, consumers first.

    Raises
    ------
    MeshError
        Another stack that stays up stands on one of them; nothing is taken down then.
    """
    where = endpoint or require(project.home).endpoint
    store = engine.S3StateStore(where)
    chosen = project.chosen(names)
    deploy_checks.refuse_down(project, store, chosen)
    for stack in reversed(chosen):
        progress = _Progress(stack, say)
        result = engine.destroy(project.folder, stack, endpoint=where, store=store, progress=progress)
        progress.done(_counts(result))


def _doubts(project: Project, chosen: list[str]) -> list[str]:
    """What contracts may have meant otherwise than it was read, a line each."""
    found = (item for stack, item in project.stacks.items() if stack in chosen)
    producers = (item for item in found if isinstance(item, ProducerSettings))
    return [
        f"note: {doubt}" for item in producers for each in item.products for doubt in each.contract.doubts
    ]


def outputs(project: Project, stack: str, *, endpoint: str | None = None) -> dict[str, Any]:
    """What a stack exports; MeshError when it is not up."""
    project.chosen([stack])
    where = endpoint or require(project.home).endpoint
    state = engine.stack_state(engine.S3StateStore(where), stack)
    if state is None or not state.exports:
        raise MeshError("is not up; bring it up with 'mesh up'", f"stack {stack}")
    return dict(state.exports)


def reader(project: Project, role: str, stack: str | None) -> tuple[Acting, str, str | None]:
    """Who asks, in which workgroup, and the database taken when a query names none.

    Parameters
    ----------
    role
        Role name of a consumer, or any role's ARN (of the consumer's account; it uses the first role's workgroup).
    stack
        Consumer stack; the first that has the role when None.
    """
    endpoint = require(project.home).endpoint
    consumers = [name for name, item in project.stacks.items() if isinstance(item, ConsumerSettings)]
    if stack and stack not in consumers:
        raise MeshError(f"is no consumer stack{nearest(stack, consumers)}", stack)
    known: list[str] = []
    for name in [stack] if stack else consumers:
        exports = outputs(project, name, endpoint=endpoint)
        known += exports["roles"]
        by_arn = role.startswith("arn:") and f":{exports['accountId']}:" in role
        if role in exports["roles"] or by_arn:
            arn = role if by_arn else exports["roles"][role]
            workgroup = exports["workgroups"].get(role) or next(iter(sorted(exports["workgroups"].values())))
            links = list(exports["resourceLinks"].values())
            return Acting(endpoint, arn, exports["region"]), workgroup, links[0] if len(links) == 1 else None
    raise MeshError(
        f"is no role of a consumer here; there are {', '.join(sorted(known))}{nearest(role, known)}", role
    )


def _counts(result: engine.UpResult) -> str:
    parts = [
        f"{getattr(result, kind)} {kind}"
        for kind in ("created", "updated", "replaced", "deleted", "unchanged")
        if getattr(result, kind)
    ]
    return ", ".join(parts) or "nothing to do"


class _Progress:
    """One line per stack: redrawn on a terminal, written once elsewhere."""

    def __init__(self, stack: str, say: Say) -> None:
        self.stack, self.say = stack, say
        self.live = sys.stdout.isatty() and say is tell
        self.begun = time.monotonic()

    def __call__(self, event: engine.Progress) -> None:
        if self.live:
            print(
                f"\r\033[K{self.stack}: {event.done}/{event.total} {event.action} {event.name}",
                end="",
                flush=True,
            )

    def done(self, counts: str) -> None:
        if self.live:
            print("\r\033[K", end="")
        self.say(f"{self.stack}: {counts} ({time.monotonic() - self.begun:.1f} s)")
