"""Where in the stack files something stands, and which lines would give a role what it lacks.

Owns walking the chain of configuration: the LoB's share, the consumer's subscription, the role's clearance.
Deliberately not here: whether access is given at all (governance.access answers that), and writing files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from governance.settings import ConsumerSettings, ProducerSettings, Product, Share, Subscription
from governance.snapshot import Snapshot, TableId
from mesh.access.names import RoleOf, columns_of, product_of
from mesh.project import Project

LATER = "a later day"
"""What an expired date is to become; which day is for people to say."""


@dataclass(frozen=True, kw_only=True)
class Fix:
    """One line of config: where it stands or is to be added, and what to put there."""

    file: str
    line: int
    key: str
    value: str
    now: str = ""
    """What stands there now; empty when the key is to be added."""
    note: str = ""

    def __str__(self) -> str:
        now = f" (is {self.now})" if self.now else " (to be added)"
        note = f"; {self.note}" if self.note else ""
        return f"{self.file}:{self.line}: {self.key}: {self.value}{now}{note}"


def line_of(path: Path, keys: Sequence[str | int]) -> int:
    """Line (from 1) of a key in a YAML file, or of the nearest key above it that exists."""
    node = yaml.compose(path.read_text(encoding="utf-8"))
    line = 1
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == str(key)), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = node.start_mark.line + 1
        else:
            return line
    return line


def fixes(
    project: Project, snapshot: Snapshot, role: RoleOf, where: TableId, column: str | None
) -> tuple[Fix, ...]:
    """Every line that is missing on the way from a product to a role, the owner's first; empty when none is.

    Parameters
    ----------
    column
        The column asked for; None asks for the least closed column of the table.
    """
    return tuple(_fixes(project, snapshot, role, where, column))


def _fixes(
    project: Project, snapshot: Snapshot, role: RoleOf, where: TableId, column: str | None
) -> Iterator[Fix]:
    consumer = project.stacks[role.stack]
    assert isinstance(consumer, ConsumerSettings)
    name = product_of(snapshot, where)
    owner = next(
        (
            (stack, item, product)
            for stack, item in project.stacks.items()
            if isinstance(item, ProducerSettings)
            for product in item.products
            if product.name == name
        ),
        None,
    )
    if owner is None:
        return
    stack, producer, product = owner
    levels = consumer.levels
    columns = columns_of(snapshot, where)
    of_columns = [columns[column]] if column else list(columns.values())
    needed = min((level for level in of_columns if level in levels), key=levels.index, default=levels[-1])

    def short_of(clearance: str) -> bool:
        return levels.index(clearance) < levels.index(needed)

    share = next((each for each in product.shares if each.consumer == role.consumer), None)
    yield from _share(project, stack, producer, product, share, role, needed, column, where)
    granted = needed if share is None or short_of(share.clearance) else share.clearance
    subscription = next((each for each in consumer.subscriptions if each.product == name), None)
    yield from _subscription(project, role, product, stack, producer, subscription, share, granted)
    if short_of(role.clearance):
        opened = _opened(project, snapshot, role, consumer, needed, column, where)
        yield _fix(
            project, role.stack, ("roles", role.name, "clearance"), needed, now=role.clearance, note=opened
        )


def _share(
    project: Project,
    stack: str,
    producer: ProducerSettings,
    product: Product,
    share: Share | None,
    role: RoleOf,
    needed: str,
    column: str | None,
    where: TableId,
) -> Iterator[Fix]:
    keys = ("products", product.name, "shares")
    listed = _raw(project, stack, keys) or []
    at = next((i for i, each in enumerate(listed) if each.get("consumer") == role.consumer), None)
    if share is None and at is not None:
        now = str(listed[at].get("until", ""))
        yield _fix(project, stack, (*keys, at, "until"), LATER, now=now, note="the share has expired")
        return
    if share is None or at is None:
        known = _raw(project, stack, ("consumers",)) or {}
        if role.consumer not in known:
            account = project.stacks[role.stack].place.account_id
            yield _fix(project, stack, ("consumers", role.consumer), f'{{ accountId: "{account}" }}')
        yield _fix(project, stack, keys, f"- {{ consumer: {role.consumer}, clearance: {needed} }}")
        return
    if producer.levels.index(share.clearance) < producer.levels.index(needed):
        yield _fix(project, stack, (*keys, at, "clearance"), needed, now=share.clearance)
    if column and share.columns and column not in share.columns:
        yield _fix(
            project,
            stack,
            (*keys, at, "columns"),
            f"[{', '.join((*share.columns, column))}]",
            now=f"[{', '.join(share.columns)}]",
        )


def _subscription(
    project: Project,
    role: RoleOf,
    product: Product,
    stack: str,
    producer: ProducerSettings,
    subscription: Subscription | None,
    share: Share | None,
    granted: str,
) -> Iterator[Fix]:
    keys = ("subscriptions", product.name)
    written = _raw(project, role.stack, keys)
    if subscription is None and written:
        now = str(written.get("until", ""))
        yield _fix(project, role.stack, (*keys, "until"), LATER, now=now, note="the subscription has expired")
    elif subscription is None:
        more = ""
        if share is not None and share.filtered:
            more += f", filteredTables: [{', '.join(table.name for table in product.contract.tables)}]"
        if share is not None and share.until is not None:
            more += f", until: {share.until}"
        value = f"{{ lob: {producer.lob}, clearance: {granted}, stack: {stack}{more} }}"
        yield _fix(project, role.stack, keys, value)
    elif subscription.clearance != granted:
        yield _fix(project, role.stack, (*keys, "clearance"), granted, now=subscription.clearance)


def _opened(
    project: Project,
    snapshot: Snapshot,
    role: RoleOf,
    consumer: ConsumerSettings,
    needed: str,
    column: str | None,
    where: TableId,
) -> str:
    """What else a raised clearance opens, so that nobody raises it for one column unawares."""
    levels = consumer.levels
    gained = levels[levels.index(role.clearance) + 1 : levels.index(needed) + 1]
    others = []
    for subscription in consumer.subscriptions:
        for table in snapshot.table_ids:
            if product_of(snapshot, table) == subscription.product:
                others += [
                    f"{table.database}.{table.name}.{name}"
                    for name, level in columns_of(snapshot, table).items()
                    if level in gained and (table, name) != (where, column)
                ]
    if not others:
        return ""
    more = f" and {len(others) - 6} more columns" if len(others) > 6 else ""
    return f"this also opens {', '.join(others[:6])}{more}"


def _fix(
    project: Project, stack: str, keys: Sequence[str | int], value: str, *, now: str = "", note: str = ""
) -> Fix:
    path = project.folder / f"Pulumi.{stack}.yaml"
    text = f"mesh:{keys[0]}" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys[1:])
    line = line_of(path, ("config", f"mesh:{keys[0]}", *keys[1:]))
    return Fix(file=path.name, line=line, key=text, value=value, now=now, note=note)


def _raw(project: Project, stack: str, keys: Sequence[str]) -> Any:
    """What a stack file says at a key; None when it says nothing."""
    path = project.folder / f"Pulumi.{stack}.yaml"
    found: Any = yaml.safe_load(path.read_text(encoding="utf-8"))["config"]
    for key in (f"mesh:{keys[0]}", *keys[1:]):
        found = found.get(key) if isinstance(found, dict) else None
    return found
