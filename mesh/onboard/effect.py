"""What a draft brings, in words: files, resources per stack, who reads what then, limits, the files' differences.

Everything is a comparison of two recordings of the whole program, before and after; access is what the evaluator says
of both. Deliberately not here: the rules of access (`governance.access`) and the limits (`governance.quotas`).
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence

from governance.quotas import Row, check_limits, fullest, usage
from governance.snapshot import Snapshot, TableId
from local.engine import Recording, Resource
from mesh.access.diff import compare
from mesh.access.names import Names
from mesh.onboard.check import Tried
from mesh.onboard.draft import Change
from mesh.quota import limits_of

_NO_RESOURCE = ("pulumi:",)


def file_lines(changes: Sequence[Change]) -> Iterator[str]:
    """One line per file."""
    for change in changes:
        lines = change.after.count("\n")
        if change.before is None:
            yield f"{change.path}: new, {_many(lines, 'line')}"
            continue
        added = sum(
            line.startswith("+") and not line.startswith("+++")
            for line in _diff(change.before, change.after, "")
        )
        yield f"{change.path}: {_many(added, 'line')} added or changed"


def diff_lines(changes: Sequence[Change]) -> Iterator[str]:
    """Unified diff of all files."""
    for change in changes:
        yield from _diff(change.before, change.after, change.path.as_posix())


def resource_lines(before: Tried, after: Tried) -> Iterator[str]:
    """Per stack: how many resources there are then, and what is added, changed and taken away."""
    for stack, recording in after.recordings.items():
        old = _resources(before.recordings.get(stack))
        new = _resources(recording)
        added = [new[urn].type for urn in new if urn not in old]
        gone = [old[urn].type for urn in old if urn not in new]
        changed = [new[urn].type for urn in new if urn in old and new[urn].inputs != old[urn].inputs]
        total = f"{stack}: {_many(len(new), 'resource')}"
        if not (added or gone or changed):
            yield f"{total}, unchanged"
            continue
        parts = [
            f"{len(types)} {word} ({_kinds(types)})"
            for types, word in ((added, "added"), (changed, "changed"), (gone, "taken away"))
            if types
        ]
        known = "" if stack in before.recordings else "new stack, "
        yield f"{total}: {known}{', '.join(parts)}"


def access_lines(before: Tried, after: Tried) -> Iterator[str]:
    """Who reads which columns then and did not before, and the other way round; consumers' roles first."""
    old, new = Names(before.project, before.snapshot), Names(after.project, after.snapshot)
    found = compare(old, new, before.snapshot, after.snapshot)
    ranks = {who: rank for rank, who in enumerate(new.principals)}
    together: dict[tuple[str, str], list[str]] = {}  # who gains the same stands on one line
    for change in sorted(found.changes, key=lambda item: ranks.get(item.principal, len(ranks))):
        table = f"{change.table.database}.{change.table.name}"
        for verb, columns, snapshot in (
            ("gain", change.gains, after.snapshot),
            ("lose", change.loses, before.snapshot),
        ):
            if columns:
                what = f"{table}, {_part(columns, snapshot, change.table)}"
                together.setdefault((verb, what), []).append(new.shown(change.principal))
        for column, rows, others in change.rows:
            together.setdefault(("see", f"{others} of {table}.{column}, not {rows}"), []).append(change.name)
    for (verb, what), people in together.items():
        yield f"{', '.join(people)} {verb}{'s' if len(people) == 1 else ''} {what}"
    readers = {change.principal for change in found.changes if change.gains}
    for arn, role in new.roles.items():
        if arn not in old.roles and arn not in readers:
            yield f"{new.shown(arn)} reads nothing yet; its clearance is {role.clearance}"


def quota_lines(before: Tried, after: Tried) -> list[str]:
    """What is taken of the services' limits: where a limit is fullest of the places that take more or less of it.

    Raises
    ------
    MeshError
        A limit would be crossed, so that a deployment would stop halfway.
    """
    old = {(row.quota.key, row.where): row.used for row in _usage(before, before)}
    rows = _usage(before, after)
    near = check_limits(rows)
    changed = [row for row in rows if old.get((row.quota.key, row.where), 0) != row.used]
    return [
        *(
            f"{row.where}: {old.get((row.quota.key, row.where), 0):,} -> {row.used:,} of {row.limit:,} {row.quota.name}"
            for row in fullest(changed)
        ),
        *near,
    ]


def _usage(project: Tried, tried: Tried) -> tuple[Row, ...]:
    """Rows of what a recording takes; raised limits are those of the project itself."""
    resources = (item for recording in tried.recordings.values() for item in _resources(recording).values())
    return usage(resources, limits_of(project.project))


def _part(columns: Sequence[str], snapshot: Snapshot, table: TableId) -> str:
    """How many of a table's columns, and which if not all."""
    found = snapshot.table(table)
    every = _many(len(found.columns) if found else 0, "column")
    if found and len(columns) == len(found.columns):
        return f"all of {every}"
    return f"{len(columns)} of {every}: {', '.join(columns)}"


def _resources(recording: Recording | None) -> dict[str, Resource]:
    items = recording.resources if recording else ()
    return {item.urn: item for item in items if item.custom and not item.type.startswith(_NO_RESOURCE)}


def _kinds(types: Sequence[str]) -> str:
    """`3 glue.CatalogTable, 1 s3.Bucket`."""
    counts = Counter(_kind(type_) for type_ in types)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))


def _kind(type_: str) -> str:
    parts = type_.split(":")
    return f"{parts[1].split('/')[0]}.{parts[-1]}" if parts[0] == "aws" else parts[-1]


def _diff(before: str | None, after: str, name: str) -> Iterator[str]:
    old = "/dev/null" if before is None else f"a/{name}"
    yield from difflib.unified_diff(
        (before or "").splitlines(), after.splitlines(), old, f"b/{name}", lineterm=""
    )


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
