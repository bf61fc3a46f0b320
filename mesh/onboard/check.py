"""Trying a draft out: all stack files together in a temporary copy, read, checked against each other and recorded.

The program itself runs over every stack, so what would fail in `mesh up` before its first call fails here, with nothing
written. Deliberately not here: what the comparison of before and after says (`effect`).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from governance.errors import MeshError
from governance.settings import Settings
from governance.snapshot import Snapshot
from local import engine
from local.snapshots_program import read
from local.snapshots_record import KEPT, PREFIX, PROVIDER, Stack, declared, provider_role
from mesh.onboard.draft import Draft, stack_file
from mesh.project import Project


@dataclass(frozen=True)
class Tried:
    """All stacks of a project as their program declares them."""

    project: Project
    stacks: Mapping[str, Settings]
    recordings: Mapping[str, engine.Recording]

    @cached_property
    def snapshot(self) -> Snapshot:
        """What the stacks intend, for the access evaluator."""
        return read(self.as_stacks()).snapshot

    def as_stacks(self) -> tuple[Stack, ...]:
        """The recordings as the access commands know them."""
        return tuple(_stack(recording) for recording in self.recordings.values())


def try_as_it_is(project: Project) -> Tried:
    """Record every stack of a project, in the order they come up.

    Raises
    ------
    MeshError
        The first mistake in a file or between files, or what the program refuses.
    """
    stacks = project.stacks
    recordings: dict[str, engine.Recording] = {}
    for stack in stacks:
        exports = {name: recording.exports for name, recording in recordings.items()}
        try:
            recordings[stack] = engine.record(project.folder, stack, references=exports)
        except MeshError:
            raise
        except Exception as error:  # whatever the program raises is a reason to write nothing, on one line
            reason = (str(error).splitlines() or [""])[0]
            raise MeshError(
                f"the program refuses it: {reason or type(error).__name__}", stack_file(stack)
            ) from error
    return Tried(project, stacks, recordings)


def try_out(draft: Draft) -> Tried:
    """Record the project as the draft would leave it, without touching it."""
    with tempfile.TemporaryDirectory(prefix="mesh-onboard-") as name:
        copy = Path(name).resolve()
        _copy(draft, copy)
        try:
            return try_as_it_is(Project(copy))
        except MeshError as error:
            raise MeshError(str(error).replace(f"{copy}/", "")) from error.__cause__


def _copy(draft: Draft, copy: Path) -> None:
    """Program, stack files and contracts; the packages are imported from where they are."""
    folder = draft.project.folder
    kept = ["__main__.py", "Pulumi.yaml", *(stack_file(stack) for stack in engine.stacks(folder))]
    kept += [path.relative_to(folder).as_posix() for path in (folder / "contracts").rglob("*.y*ml")]
    for name in kept:
        _put(copy / name, (folder / name).read_bytes())
    for change in draft.changes:
        _put(copy / change.path, change.after.encode("utf-8"))
    for name in _named_files(copy):
        if not Path(name).is_absolute() and not (copy / name).exists() and (folder / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, copy / name)


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _named_files(folder: Path) -> Iterator[str]:
    """Files that stack files name, wherever they are; mistakes in a stack file are found when it is read."""
    for stack in engine.stacks(folder):
        config = (yaml.safe_load((folder / stack_file(stack)).read_bytes()) or {}).get("config") or {}
        for key in ("products", "features"):
            entries = config.get(f"{PREFIX}{key}", config.get(key))
            for entry in entries.values() if isinstance(entries, Mapping) else ():
                if isinstance(entry, Mapping) and isinstance(entry.get("contract"), str):
                    yield entry["contract"]
        pipeline = config.get(f"{PREFIX}pipeline", config.get("pipeline"))
        if isinstance(pipeline, Mapping) and isinstance(pipeline.get("config"), str):
            yield pipeline["config"]


def _stack(recording: engine.Recording) -> Stack:
    roles = {item.urn: provider_role(item.inputs) for item in recording if item.type == PROVIDER}
    return Stack(
        name=recording.stack,
        config={
            key.removeprefix(PREFIX): value
            for key, value in recording.config.items()
            if key.startswith(PREFIX)
        },
        exports=recording.exports,
        resources=tuple(
            declared(item, roles.get(item.provider, "")) for item in recording if item.type.startswith(KEPT)
        ),
    )
