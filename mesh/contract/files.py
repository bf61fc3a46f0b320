"""Contracts as the command line meets them: files, and files at a git revision.

What differs between two of them, and whom that breaks, is `governance.contracts.difference`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from governance.contracts import Contract, load_contract, parse_contract
from governance.contracts.odcs import NotDeployable
from governance.contracts.standard import check_standard
from governance.levels import DEFAULT_LEVELS
from governance.yaml_text import read_yaml
from local.engine import stackfile
from mesh import revisions
from mesh.project import PREFIX, Project


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


def read_strictly(file: str, levels: Sequence[str]) -> Contract:
    """The contract in a file, with all that the standard's schema asks for; else MeshError."""
    try:
        found = load_contract(file, levels=levels)
    except NotDeployable:
        _hold(file)
        raise
    _hold(file)
    return found


def _hold(file: str) -> None:
    check_standard(read_yaml(Path(file).read_text(encoding="utf-8"), file), file)


def show(source: str, folder: Path | None = None) -> str:
    """Text of `REVISION:path`; MeshError when git has none."""
    revision, _, path = source.partition(":")
    return revisions.find(folder or Path.cwd(), revision).text(path)


def at_revision(revision: str, file: str, levels: Sequence[str]) -> Contract:
    """A file's contract as a git revision has it, wherever in the repository the file lies."""
    path = Path(file)
    text = revisions.find(path.resolve().parent, revision).text(f"./{path.name}")
    return parse_contract(text, f"{revision}:{file}", levels=levels)
