"""What the mesh takes of the services' limits, before and after a change.

After is the working tree's program, recorded; before is what is deployed in the running cloud, or the program of a git
revision. Deliberately not here: the limits and how they are counted (`governance.quotas`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from governance.quotas import Declared, Row, check_limits, fullest, read_limits, usage
from governance.text_table import aligned
from governance.yaml_text import read_yaml
from local import engine
from mesh import cloud, quota_record, revisions
from mesh.project import Project

LIMITS_FILE = "quotas.yaml"
"""Limits that AWS raised for this mesh; a project needs none."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Rows after the change, and what was taken before it."""

    rows: tuple[Row, ...]
    before: Mapping[tuple[str, str], int] | None
    """(limit, where) -> taken before; None when there is nothing to compare with."""

    against: str
    """What `before` is of."""

    @property
    def over(self) -> bool:
        return any(row.over for row in self.rows)


def limits_of(project: Project) -> dict[str, int]:
    """Raised limits in the project's `quotas.yaml`; none without the file."""
    path = project.folder / LIMITS_FILE
    if not path.is_file():
        return {}
    try:
        return read_limits(read_yaml(path.read_text(encoding="utf-8"), LIMITS_FILE), LIMITS_FILE)
    except (OSError, UnicodeDecodeError) as error:
        raise MeshError(f"cannot be read ({' '.join(str(error).split())})", LIMITS_FILE) from None


def report(project: Project, against: str | None) -> Report:
    """What the working tree takes, beside what was taken before.

    Parameters
    ----------
    against
        `deployed`, a git revision, or None: what is deployed if a cloud runs, else nothing.
    """
    limits = limits_of(project)
    rows = usage(quota_record.record_all(project.folder), limits)
    running = cloud.find(project.home) if against is None else None
    if against is None and running is None:
        return Report(rows=rows, before=None, against="")
    if against in (None, "deployed"):
        endpoint = (running or cloud.require(project.home)).endpoint
        before = usage(deployed(project, endpoint), limits)
        return Report(rows=rows, before=_taken(before), against="deployed")
    return Report(
        rows=rows, before=_taken(usage(at_revision(project, str(against)), limits)), against=str(against)
    )


def deployed(project: Project, endpoint: str) -> tuple[Declared, ...]:
    """Resources of all stacks that are up in a cloud."""
    store = engine.S3StateStore(endpoint)
    states = [engine.stack_state(store, stack) for stack in project.stacks]
    return tuple(item for state in states if state for item in state.resources.values())


def at_revision(project: Project, revision: str) -> tuple[Declared, ...]:
    """Resources that the program of a git revision declares, recorded with that revision's own packages.

    Raises
    ------
    MeshError
        Git has no such revision, or its program is wrong.
    """
    with revisions.find(project.folder, revision).checked_out("mesh-quota-") as folder:
        command = [sys.executable, str(Path(quota_record.__file__)), str(folder)]
        recorded = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if recorded.returncode:
        said = recorded.stderr.strip().splitlines() or ["nothing"]
        raise MeshError(f"cannot be recorded: {said[-1]}", f"revision {revision}")
    return tuple(quota_record.Taken(**item) for item in json.loads(recorded.stdout))


def refuse(project: Project) -> list[str]:
    """Check the working tree's program before anything is changed; give the warnings.

    Raises
    ------
    MeshError
        A limit would be crossed.
    """
    return check_limits(usage(quota_record.record_all(project.folder), limits_of(project)))


def as_text(found: Report, *, every: bool = False) -> str:
    """A table: the fullest row of each limit, or every row."""
    rows = found.rows if every else fullest(found.rows)
    head = ("limit", "where", "now", "after", "of", "")
    lines = [head, *(_cells(row, found) for row in rows)]
    text = aligned(lines, right=(2, 3, 4))
    over, near = sum(row.over for row in found.rows), sum(row.near for row in found.rows)
    last = f"{over} over the limit, {near} near it" if over or near else "nothing over or near a limit"
    return "\n".join([*text, last + (f"; now is {found.against}" if found.against else "")])


def _cells(row: Row, found: Report) -> tuple[str, ...]:
    before = found.before.get((row.quota.key, row.where), 0) if found.before is not None else None
    mark = "OVER" if row.over else "near" if row.near else ""
    return (
        row.quota.name, row.where, "-" if before is None else f"{before:,}", f"{row.used:,}", f"{row.limit:,}",
        f"{row.share:4.0%} {mark}".rstrip(),
    )  # fmt: skip


def as_json(found: Report) -> dict[str, Any]:
    """Every row for programs, with the page its limit is from."""
    return {
        "against": found.against or None,
        "rows": [
            {
                "quota": row.quota.key,
                "name": row.quota.name,
                "where": row.where,
                "now": None if found.before is None else found.before.get((row.quota.key, row.where), 0),
                "after": row.used,
                "limit": row.limit,
                "share": round(row.share, 4),
                "over": row.over,
                "near": row.near,
                "adjustable": row.quota.adjustable,
                "firm": row.quota.firm,
                "source": row.quota.source,
                "code": row.quota.code or None,
            }
            for row in found.rows
        ],
    }


def _taken(rows: Iterable[Row]) -> dict[tuple[str, str], int]:
    return {(row.quota.key, row.where): row.used for row in rows}
