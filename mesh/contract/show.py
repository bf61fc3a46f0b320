"""A difference between two contracts as text, as Markdown for a pull request, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from governance.contracts.difference import Difference


def verdict(found: Difference) -> str:
    """One line: how many changes, and whether the version tells of them."""
    if not found.changes:
        return "no changes"
    count = f"{len(found.changes)} change{'s' if len(found.changes) > 1 else ''}, {len(found.breaks) or 'none'} breaking"
    versions = f"{found.old.version} -> {found.new.version}"
    if found.refused:
        return f"{count}; {versions} does not say so: raise the major version"
    if found.bump in ("major", "minor") and found.old.version == found.new.version:
        return f"{count}; a {found.bump} change, but the version is still {found.new.version}"
    return f"{count}; {versions} may carry a {found.bump} change"


def as_text(found: Difference, notes: Sequence[str] = ()) -> str:
    """A line per change, those that break first, with whom they break."""
    lines = [f"{found.new.product} {found.old.version} -> {found.new.version}"]
    for mark, change, who in found.rows:
        lines.append(f"  {mark:10} {change.place}: {change.sentence}" + (f" [{who}]" if who else ""))
    return "\n".join([*lines, *notes, verdict(found)])


def as_markdown(found: Difference, notes: Sequence[str] = ()) -> str:
    """A table ready to be a pull-request comment."""
    old, new = found.old.version, found.new.version
    lines = [f"### Contract `{found.new.product}` {old} → {new}", "", verdict(found).capitalize() + "."]
    if found.changes:
        lines += ["", "| | what | change | for whom |", "|---|---|---|---|"]
        for mark, change, who in found.rows:
            shown = f"**{mark}**" if mark == "breaking" else mark
            lines.append(f"| {shown} | `{change.place}` | {_cell(change.sentence)} | {_cell(who)} |")
    lines += [f"\n> {note}" for note in notes]
    return "\n".join(lines)


def as_json(found: Difference, notes: Sequence[str] = ()) -> dict[str, Any]:
    """The same for programs: one entry per change, with roles and models."""
    losses = {loss.change: loss for loss in found.losses}
    return {
        "product": found.new.product,
        "old": found.old.version,
        "new": found.new.version,
        "bump": found.bump,
        "refused": found.refused,
        "changes": [
            {
                "kind": change.kind,
                "table": change.table,
                "column": change.column,
                "breaking": change in found.breaks,
                "sentence": change.sentence,
                "before": change.before,
                "after": change.after,
                "roles": list(losses[change].roles) if change in losses else [],
                "models": list(losses[change].models) if change in losses else [],
                "modelsWithoutColumns": list(losses[change].unsure) if change in losses else [],
            }
            for change in found.changes
        ],
        "notes": list(notes),
    }


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
