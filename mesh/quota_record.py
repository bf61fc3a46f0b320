"""Recording every stack of a project folder for what it takes of the limits; also run as a script for older revisions.

A program of an older revision is recorded by this file with that revision's own packages on the path, so nothing of
ours is imported before the path is set, and of the engine only `load`, `record` and `stacks` are used.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ORDER = ("central", "producer", "consumer", "production")
"""Roles of stacks in the order they come up."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One resource, as far as limits need it."""

    type: str
    name: str
    account: str
    inputs: Mapping[str, Any]


def record_all(folder: Path) -> tuple[Taken, ...]:
    """Resources of every stack in a folder; no cloud is needed.

    Raises
    ------
    MeshError
        The first mistake in a stack file or contract.
    """
    from local import engine

    roles = {stack: engine.load(folder, stack).config.get("mesh:role", "") for stack in engine.stacks(folder)}
    exports: dict[str, Mapping[str, Any]] = {}
    found: list[Taken] = []
    for stack in sorted(
        roles, key=lambda name: (ORDER.index(roles[name]) if roles[name] in ORDER else 9, name)
    ):
        recording = engine.record(folder, stack, references=exports)
        exports[stack] = recording.exports
        found += [
            Taken(type=item.type, name=item.name, account=item.account, inputs=dict(item.inputs))
            for item in recording.resources
            if item.custom and not item.type.startswith("pulumi:")
        ]
    return tuple(found)


def main() -> int:
    """Record the folder named, with its own packages; print JSON."""
    folder = Path(sys.argv[1])
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [str(folder), *(entry for entry in sys.path if entry != here)]
    from governance.errors import MeshError

    try:
        text = json.dumps([asdict(item) for item in record_all(folder)], default=str)
    except MeshError as error:
        print(error, file=sys.stderr)
        return 2
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
