"""Contracts as the command line meets them: files, files at a git revision, and who reads their products.

What differs between two of them, and what that breaks, is `governance.compatibility`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from governance.compatibility import Change, compare, raised_major, required_bump
from governance.compatibility_who import Loss, Model, Reader, breaking_for, broken
from governance.contracts import Contract, load_contract, parse_contract
from governance.errors import MeshError
from governance.levels import DEFAULT_LEVELS, lowest
from governance.settings import ConsumerSettings, ProducerSettings, Settings
from local.engine import stackfile
from mesh.project import PREFIX, Project


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two versions of a contract, what changed between them, and whom it breaks."""

    old: Contract
    new: Contract
    changes: tuple[Change, ...]
    losses: tuple[Loss, ...]

    @property
    def breaks(self) -> tuple[Change, ...]:
        """Changes that break somebody, or would whoever reads what changed."""
        return broken(self.changes, self.losses)

    @property
    def bump(self) -> str:
        """What the version must rise by at least."""
        return required_bump([replace(item, breaking=item in self.breaks) for item in self.changes])

    @property
    def refused(self) -> bool:
        """Whether something breaks under the old major version."""
        return bool(self.breaks) and not raised_major(self.old, self.new)


def difference(
    old: Contract,
    new: Contract,
    levels: Sequence[str],
    readers: Sequence[Reader],
    models: Sequence[Model] = (),
) -> Difference:
    """Compare two versions of a contract for those who read the product."""
    changes = compare(old, new, levels)
    own = [model for model in models if model.product == new.product]
    losses = breaking_for(changes, readers, own, levels)
    return Difference(old=old, new=new, changes=changes, losses=losses)


def levels_of(project: Project) -> tuple[str, ...]:
    """Sensitivity levels of the project, from any stack file; no contract is read for it."""
    for stack in stackfile.stacks(project.folder):
        text = stackfile.load(project.folder, stack).config.get(f"{PREFIX}sensitivityLevels")
        found = json.loads(text) if text else None
        if isinstance(found, list) and found and all(isinstance(level, str) for level in found):
            return tuple(found)
    return DEFAULT_LEVELS


def read(source: str, levels: Sequence[str]) -> Contract:
    """The contract in a file, or in `REVISION:path` as git writes it (the path from the repository's top).

    Raises
    ------
    MeshError
        There is no such file or revision, or the contract is wrong.
    """
    if Path(source).exists() or ":" not in source:
        return load_contract(source, levels=levels)
    return parse_contract(show(source), source, levels=levels)


def show(source: str, folder: Path | None = None) -> str:
    """Text of `REVISION:path`; MeshError when git has none."""
    if source.startswith("-"):
        raise MeshError("is no revision", source)
    try:
        answer = subprocess.run(
            ["git", "show", source], cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise MeshError(f"git did not answer ({error})", source) from None
    if answer.returncode:
        said = answer.stderr.strip().splitlines() or ["nothing"]
        raise MeshError(f"there is no such file, and git says: {said[-1].removeprefix('fatal: ')}", source)
    return answer.stdout


def at_revision(revision: str, file: str, levels: Sequence[str]) -> Contract:
    """A file's contract as a git revision has it, wherever in the repository the file lies."""
    path = Path(file)
    spec = f"{revision}:./{path.name}"
    return parse_contract(show(spec, path.resolve().parent), f"{revision}:{file}", levels=levels)


def readers_of(stacks: dict[str, Settings], product: str) -> tuple[Reader, ...]:
    """Who reads a product, as the stack files have it: roles of subscribed consumers, accounts without a stack file."""
    shares = {
        share.consumer: share
        for settings in stacks.values()
        if isinstance(settings, ProducerSettings)
        for item in settings.products
        if item.name == product
        for share in item.shares
    }
    readers: list[Reader] = []
    here = [settings for settings in stacks.values() if isinstance(settings, ConsumerSettings)]
    for settings in here:
        share = shares.get(settings.consumer)
        columns = frozenset(share.columns) if share and share.columns else None
        for item in settings.subscriptions:
            if item.product == product:
                readers += [
                    Reader(
                        consumer=settings.consumer, role=role.name, columns=columns,
                        clearance=lowest(role.clearance, item.clearance, settings.levels),
                    )
                    for role in settings.roles
                ]  # fmt: skip
    known = {settings.consumer for settings in here}
    for name, share in shares.items():
        if name not in known:
            columns = frozenset(share.columns) if share.columns else None
            readers.append(Reader(consumer=name, role="", clearance=share.clearance, columns=columns))
    return tuple(readers)
