"""Two versions of a contract for those who read the product: what changed, whom it breaks, and whether that may be.

The one verdict of `mesh contract`, of `mesh up` and of the program itself. Deliberately not here: where the versions
and the readers come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from governance.compatibility import Change, compare, major, raised_major, required_bump
from governance.compatibility.who import Loss, Model, Reader, breaking_for, broken
from governance.contracts.model import Contract
from governance.errors import MeshError

SHOWN = 20
"""Breaks of one contract that a refusal names, a line each; the rest is counted."""


class Refusal(MeshError):
    """Breaking changes without a new major version: one line per break, each complete in itself.

    Parameters
    ----------
    lines
        At least one.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(lines[0])
        self.lines = tuple(lines)
        self.args = ("\n".join(lines),)


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

    @property
    def refusal(self) -> tuple[str, ...]:
        """One line per break: where, what, for whom, what to do; none when the contract may be deployed."""
        if not self.refused:
            return ()
        where = f"{self.new.file or self.new.product}: version"
        whom = {loss.change: loss.who for loss in self.losses}
        mend = f"raise it to {major(self.old.version, where) + 1}.0.0 or take the change back"
        head = f"{where}: {self.old.version} -> {self.new.version} breaks readers"
        lines = [
            f"{head}: {change.place} {change.sentence}"
            + (f" (breaks {whom[change]})" if whom.get(change) else " (nobody known reads it)")
            + f"; {mend}"
            for change in self.breaks[:SHOWN]
        ]
        if more := len(self.breaks) - SHOWN:
            lines += [f"{head} in {more} more ways; {mend}"] if more > 0 else []
        return tuple(" ".join(line.split()) for line in lines)

    @property
    def rows(self) -> tuple[tuple[str, Change, str], ...]:
        """Mark (`breaking` or `compatible`), change and whom it breaks, in words; what breaks comes first."""
        who = {loss.change: loss.who for loss in self.losses}
        rows = []
        for change in self.changes:
            breaks = change in self.breaks
            nobody = "nobody known reads it" if breaks else "shuts nobody out" if change.breaking else ""
            rows.append(("breaking" if breaks else "compatible", change, who.get(change) or nobody))
        return tuple(sorted(rows, key=lambda row: row[0] != "breaking"))

    @property
    def summary(self) -> str:
        """One line on what a deployment will change of the contract; empty when it changes nothing."""
        if not self.changes:
            return ""
        old, new = self.old.version, self.new.version
        versions = f"{old} -> {new}" if old != new else old
        count = f"{len(self.changes)} change{'s' if len(self.changes) > 1 else ''}"
        text = f"contract {self.new.product} {versions}: {count}, {len(self.breaks) or 'none'} breaking"
        if old == new and self.bump in ("major", "minor"):
            text += f"; it is a {self.bump} change, so raise the version"
        return text


def within(folder: Path, contract: Contract) -> Contract:
    """The contract with its file's path as stack files in this folder write it, for messages."""
    path = Path(contract.file)
    inside = contract.file and path.is_relative_to(folder)
    return replace(contract, file=path.relative_to(folder).as_posix()) if inside else contract


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
