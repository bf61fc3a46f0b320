"""What a draft brings, in words: files, resources per stack, who reads what then, and the files' differences.

Everything is a comparison of two recordings of the whole program, before and after; access is what the evaluator says
of both. Deliberately not here: the rules of access (`governance.access`).
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from governance.access import Access, matrix
from governance.settings import ConsumerSettings, ProducerSettings
from governance.snapshot import TableId
from local.engine import Recording, Resource
from mesh.onboard import Change
from mesh.onboard_check import Tried

_NO_RESOURCE = ("pulumi:",)
_Readable = Mapping[tuple[str, TableId], tuple[str, ...]]


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
    old, new = _readable(before), _readable(after)
    names = _principals(after)
    lines: list[tuple[bool, str, str]] = []
    for key in {**old, **new}:
        principal, table = key
        where = f"{table.database}.{table.name}"
        for verb, now, then, tried in (("gains", new, old, after), ("loses", old, new, before)):
            columns = [name for name in now.get(key, ()) if name not in then.get(key, ())]
            if columns:
                who = names.get(principal) or _elsewhere(principal, after)
                every = _many(_columns(tried, table), "column")
                part = f"{len(columns)} of {every}: {', '.join(columns)}"
                if len(columns) == _columns(tried, table):
                    part = f"all of {every}"
                lines.append((principal not in names, f"{who} {where}", f"{who} {verb} {where}, {part}"))
    yield from (line for _, _, line in sorted(lines))
    yield from _idle(before, after, {principal for principal, _ in new})
    yield from _passed_on(before, after)


def _elsewhere(principal: str, tried: Tried) -> str:
    """A steward, job or crawler: its name in AWS and whose account it is in."""
    account = principal.split(":")[4]
    stacks = [name for name, item in tried.stacks.items() if item.place.account_id == account]
    return f"{principal.rsplit('/', 1)[-1]} ({stacks[0] if stacks else account})"


def _idle(before: Tried, after: Tried, readers: set[str]) -> Iterator[str]:
    """New roles that read nothing: their clearance opens no column of what is shared, or nothing is."""
    for principal, name in _principals(after).items():
        if principal not in readers and principal not in _principals(before):
            yield f"{name} reads nothing yet"


def _passed_on(before: Tried, after: Tried) -> Iterator[str]:
    """Shares to consumers without a stack file here: their accounts decide which roles read."""
    here = {item.consumer for item in after.stacks.values() if isinstance(item, ConsumerSettings)}
    known = _shares(before)
    for share in sorted(_shares(after) - known):
        product, consumer, clearance = share
        if consumer not in here:
            yield f"account of {consumer} may pass on {product}, columns up to {clearance}"


def _shares(tried: Tried) -> set[tuple[str, str, str]]:
    return {
        (product.name, share.consumer, share.clearance)
        for item in tried.stacks.values()
        if isinstance(item, ProducerSettings)
        for product in item.products
        for share in product.shares
    }


def _readable(tried: Tried) -> _Readable:
    snapshot = tried.snapshot
    found: Mapping[tuple[str, TableId], Access] = matrix(snapshot, [role.arn for role in snapshot.roles])
    return {key: access.columns for key, access in found.items() if access.columns}


def _columns(tried: Tried, table: TableId) -> int:
    found = tried.snapshot.table(table)
    return len(found.columns) if found else 0


def _principals(tried: Tried) -> dict[str, str]:
    """ARN -> how a consumer's role is called."""
    return {
        item.place.role_arn(item.names.consumer_role(role.name)): f"{role.name} ({item.consumer})"
        for item in tried.stacks.values()
        if isinstance(item, ConsumerSettings)
        for role in item.roles
    }


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
