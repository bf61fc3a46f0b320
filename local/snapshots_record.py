"""A project's stacks as their program declares them: what matters for access, as plain values.

Owns running all stacks of a folder one after the other, the exports of each fed to the next, and the JSON form
in which another process hands the result over. A program of an older revision is recorded by this file run as a
script, with that revision's own packages first on the path; so nothing of ours is imported before the path is
set, and of the engine only `load`, `record` and `stacks` are used. Deliberately not here: what the resources
mean for access (snapshots_program).
"""

from __future__ import annotations

import datetime as dt
import functools
import inspect
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ORDER = ("central", "producer", "consumer")
"""Roles of stacks in the order they come up."""

PREFIX = "mesh:"
PROVIDER = "pulumi:providers:aws"
DYNAMIC = "pulumi-python:dynamic"
KEPT = ("aws:lakeformation/", "aws:glue/catalog", "aws:iam/", "aws:athena/workgroup:", f"{DYNAMIC}/")
"""Types that say something about access."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One resource. `role` is the role it is made as; property names are camelCase, as Pulumi has them."""

    type: str
    name: str
    account: str
    role: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One stack: its configuration under `mesh:` as text, its exports and its resources."""

    name: str
    config: Mapping[str, str]
    exports: Mapping[str, Any]
    resources: tuple[Declared, ...]

    @property
    def role(self) -> str:
        """Central, producer or consumer."""
        return self.config.get("role", "")

    @property
    def account(self) -> str:
        """Account the stack deploys to."""
        return self.config.get("accountId", "")


def record_all(folder: Path) -> tuple[Stack, ...]:
    """Record every stack of a project folder, in the order they come up; no cloud is needed.

    Raises
    ------
    MeshError
        The first mistake in a stack file or contract.
    """
    from local import engine

    configs = {}
    for name in engine.stacks(folder):
        config = engine.load(folder, name).config
        configs[name] = {
            key.removeprefix(PREFIX): value for key, value in config.items() if key.startswith(PREFIX)
        }
    found: list[Stack] = []
    exports: dict[str, Mapping[str, Any]] = {}
    for name in sorted(configs, key=lambda name: (_rank(configs[name]), name)):
        recording = engine.record(folder, name, references=exports)
        exports[name] = recording.exports
        made = tuple(_declared(recording))
        found.append(Stack(name=name, config=configs[name], exports=recording.exports, resources=made))
    return tuple(found)


def _rank(config: Mapping[str, str]) -> int:
    role = config.get("role", "")
    return ORDER.index(role) if role in ORDER else len(ORDER)


def _declared(recording: Any) -> list[Declared]:
    roles = {item.urn: provider_role(item.inputs) for item in recording.resources if item.type == PROVIDER}
    return [
        declared(item, roles.get(item.provider, ""))
        for item in recording.resources
        if item.type.startswith(KEPT)
    ]


def declared(item: Any, role: str) -> Declared:
    """A resource of a recording or of a stack's state.

    Dynamic resources run outside Pulumi's providers and carry the role they act as themselves.
    """
    inputs = {key: value for key, value in item.inputs.items() if key != "__provider"}
    acting = str(inputs.get("role_arn") or "") if item.type.startswith(DYNAMIC) else role
    account = acting.split(":")[4] if acting else item.account
    return Declared(
        type=item.type,
        name=item.name,
        account=account,
        role=acting,
        inputs=inputs,
        outputs=dict(item.outputs),
    )


def provider_role(inputs: Mapping[str, Any]) -> str:
    """ARN of the role that a provider acts as, empty for none."""
    given = inputs.get("assumeRoles") or []
    chain = json.loads(given) if isinstance(given, str) else given
    return str(chain[-1].get("roleArn") or "") if chain else ""


def to_json(stacks: tuple[Stack, ...]) -> str:
    """The stacks as text."""
    return json.dumps([asdict(stack) for stack in stacks], default=str)


def from_json(text: str) -> tuple[Stack, ...]:
    """Read what :func:`to_json` wrote."""
    return tuple(
        Stack(**{**item, "resources": tuple(Declared(**each) for each in item["resources"])})
        for item in json.loads(text)
    )


def _as_of(day: dt.date) -> None:
    """Have the program judge its shares on a day; packages from before shares could end know no such day."""
    from governance.settings import load as settings_load

    if "today" in inspect.signature(settings_load.load_settings).parameters:
        dated = functools.partial(settings_load.load_settings, today=day)
        settings_load.load_settings = dated


def main() -> int:
    """Record the folder named first with packages from the folder named second, as of the day named third; print JSON."""
    folder, packages, *day = sys.argv[1:4]
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [packages, *(entry for entry in sys.path if entry != here)]
    from governance.errors import MeshError

    for text in day:
        _as_of(dt.date.fromisoformat(text))
    try:
        text = to_json(record_all(Path(folder)))
    except MeshError as error:
        print(error, file=sys.stderr)
        return 2
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
