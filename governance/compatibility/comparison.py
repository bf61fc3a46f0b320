"""What differs between two versions of a contract, and how much the version must rise for it.

A change breaks when something a reader could rely on holds no more: a column, its type, its name, a value in every
row, who may read it, a rule on the data. Whom it breaks is `who`'s, where the old version comes from is
the command line's (`mesh`). Order, descriptions and tags are not compared: nobody's query depends on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from governance.compatibility import names as compatibility_names
from governance.compatibility.rules import not_null, rule_changes
from governance.compatibility.types import type_changes
from governance.contracts.model import Column, Contract, Table
from governance.errors import MeshError

QUIET = frozenset(("delivery", "status"))
"""Kinds of change that concern the producer, or announce something: a patch release may carry them."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference between two versions of a contract."""

    kind: str
    """`table-` or `column-added`, `-removed` and `-renamed`, `retyped`, `field-added`, `field-removed`,
    `raised`, `lowered`, `nullable`, `required`, `rule-added`, `rule-tightened`, `rule-weakened`, `values-added`,
    `values-removed`, `key`, `delivery`, `status` or `identity`."""

    table: str
    """Empty for a change of the contract itself."""

    column: str
    """Under its old name; empty for a change of the table itself."""

    breaking: bool
    sentence: str
    before: str = ""
    after: str = ""
    level: str = ""
    """Level of what is changed in the old version: who could read it then."""

    @property
    def place(self) -> str:
        """`table.column`, `table`, or `contract`."""
        return ".".join(part for part in (self.table, self.column) if part) or "contract"


def compare(old: Contract, new: Contract, levels: Sequence[str]) -> tuple[Change, ...]:
    """All that changed between two versions of a contract.

    Parameters
    ----------
    old, new
        Versions of one product's contract. The old one may be what was deployed, which knows no descriptions.
    levels
        Sensitivity levels from open to closed; one that is no longer among them counts as the most closed.

    Raises
    ------
    MeshError
        The contracts are of two products.
    """
    if old.product != new.product:
        raise MeshError(
            f"is of product '{new.product}', not '{old.product}'; compare versions of one",
            new.file or new.product,
        )
    return tuple(_changes(old, new, levels))


def rank(level: str, levels: Sequence[str]) -> int:
    """Place of a level among all, 0 for the most open one."""
    return levels.index(level) if level in levels else len(levels) - 1


def required_bump(changes: Sequence[Change]) -> str:
    """`major`, `minor` or `patch`: what the version must at least rise by; `none` without any change."""
    if any(change.breaking for change in changes):
        return "major"
    if any(change.kind not in QUIET for change in changes):
        return "minor"
    return "patch" if changes else "none"


def major(version: str, where: str) -> int:
    """First number of a version such as `2.1.0` or `v2`; MeshError if there is none."""
    match = re.match(r"v?(\d+)(?![\d])", version.strip(), re.IGNORECASE)
    if not match:
        raise MeshError(f"'{version}' starts with no number, so nobody sees what breaks; write 1.0.0", where)
    return int(match[1])


def raised_major(old: Contract, new: Contract) -> bool:
    """Whether the new version's first number is above the old one's."""
    return major(new.version, f"{new.file or new.product}: version") > major(
        old.version, f"{old.file or f'deployed {old.product}'}: version"
    )


def _changes(old: Contract, new: Contract, levels: Sequence[str]) -> Iterator[Change]:
    yield from _contract(old, new)
    after = {table.name: table for table in new.tables}
    heirs = compatibility_names.tables(old.tables, new.tables)
    for table in old.tables:
        name = heirs.names.get(table.name)
        if name != table.name:
            lowest = min((column.classification for column in table.columns), key=lambda x: rank(x, levels))
            sentence = (
                f"the table is now called {name} ({heirs.reasons[table.name]})"
                if name
                else "the table is gone"
            )
            yield Change(
                kind="table-renamed" if name else "table-removed", table=table.name, column="", breaking=True,
                level=lowest, before=table.name, after=name or "", sentence=sentence,
            )  # fmt: skip
        if name:
            yield from _table(table, after[name], levels)
    for table in new.tables:
        if table.name not in heirs.names.values():
            yield Change(
                kind="table-added", table=table.name, column="", breaking=False,
                sentence=f"a new table of {len(table.columns)} columns",
            )  # fmt: skip


def _contract(old: Contract, new: Contract) -> Iterator[Change]:
    if old.id != new.id:
        yield Change(
            kind="identity", table="", column="", breaking=False, before=old.id, after=new.id,
            sentence=f"its id is now {new.id}, was {old.id}; portals link to it",
        )  # fmt: skip
    if old.status != new.status:
        sunset = f", until {new.custom['sunset']}" if new.custom.get("sunset") else ""
        yield Change(
            kind="status", table="", column="", breaking=False, before=old.status, after=new.status,
            sentence=f"its status is now {new.status or 'unsaid'}{sunset}, was {old.status or 'unsaid'}",
        )  # fmt: skip


def _table(old: Table, new: Table, levels: Sequence[str]) -> Iterator[Change]:
    heirs = compatibility_names.columns(old, new)
    renamed = heirs.moves(column.name for column in old.columns)
    before = {column.name: column for column in old.columns}
    after = {column.name: column for column in new.columns}
    everybody = min((column.classification for column in old.columns), key=lambda level: rank(level, levels))
    for column in old.columns:
        level = column.classification
        heir = after.get(heirs.names.get(column.name, ""))
        if heir is None:
            yield Change(
                kind="column-removed", table=old.name, column=column.name, breaking=True, level=level,
                before=column.glue_type, sentence="the column is gone",
            )  # fmt: skip
            continue
        if heir.name != column.name:
            yield Change(
                kind="column-renamed", table=old.name, column=column.name, breaking=True, level=level,
                before=column.name, after=heir.name,
                sentence=f"the column is now called {heir.name} ({heirs.reasons[column.name]})",
            )  # fmt: skip
        yield from _column(old, new, column, heir, levels)
    for column in new.columns:
        if column.name not in heirs.names.values():
            yield Change(
                kind="column-added", table=old.name, column=column.name, breaking=False,
                level=column.classification, after=column.glue_type,
                sentence=f"a new column, {column.glue_type}, {column.classification}",
            )  # fmt: skip
    yield from _key(old, new, renamed, everybody)
    for rule in rule_changes(old, new, renamed):
        first = rule.columns[0] if len(rule.columns) == 1 else ""
        level = before[first].classification if first in before else everybody
        words = {
            "rule-added": f"a new rule: {rule.after}",
            "rule-tightened": f"a stricter rule: {rule.after}; was: {rule.before}",
            "rule-weakened": f"a weakened promise: {rule.before}"
            + (f"; now: {rule.after}" if rule.after else ""),
        }
        yield Change(
            kind=rule.kind, table=old.name, column=first, breaking=rule.breaking, level=level,
            before=rule.before, after=rule.after, sentence=words[rule.kind],
        )  # fmt: skip
    if (old.delimiter, old.encoding) != (new.delimiter, new.encoding):
        yield Change(
            kind="delivery",
            table=old.name,
            column="",
            breaking=False,
            sentence="files arrive in another form",
        )


def _column(
    old_table: Table, new_table: Table, old: Column, new: Column, levels: Sequence[str]
) -> Iterator[Change]:
    def change(kind: str, sentence: str, breaking: bool, before: str = "", after: str = "") -> Change:
        return Change(
            kind=kind, table=old_table.name, column=old.name, breaking=breaking, sentence=sentence,
            before=before, after=after, level=old.classification,
        )  # fmt: skip

    for item in type_changes(old.type, new.type):
        words = {
            "retyped": f"{item.label or 'its type'} is now {item.after}, was {item.before}",
            "field-added": f"a new field {item.label}, {item.after}",
            "field-removed": f"the field {item.label} is gone",
        }
        yield change(item.kind, words[item.kind], item.breaking, item.before, item.after)
    step = rank(new.classification, levels) - rank(old.classification, levels)
    if step > 0:
        text = f"is now {new.classification}, was {old.classification}"
        yield change("raised", text, True, old.classification, new.classification)
    elif step < 0:
        text = f"is now only {new.classification}, was {old.classification}: more roles may read it"
        yield change("lowered", text, False, old.classification, new.classification)
    was, stays = not_null(old_table, old), not_null(new_table, new)
    if was and not stays:
        yield change("nullable", "may now be null", True, "not null", "nullable")
    elif stays and not was:
        yield change("required", "is never null any more", False, "nullable", "not null")
    yield from _values(change, old, new)


def _values(make: Callable[..., Change], old: Column, new: Column) -> Iterator[Change]:
    """Values that decoding gives, and how they are delivered."""
    before = {meaning for _, meaning in old.codes if meaning is not None}
    after = {meaning for _, meaning in new.codes if meaning is not None}
    if bool(old.codes) != bool(new.codes):
        text = "codes are now decoded" if new.codes else "codes are no longer decoded"
        yield make("values-added", f"{text}, so its values are others", True)
    elif fresh := sorted(map(str, after - before)):
        yield make(
            "values-added", f"has values nobody has seen: {', '.join(fresh)}", True, "", ", ".join(fresh)
        )
    elif lost := sorted(map(str, before - after)):
        yield make(
            "values-removed", f"no longer has the values {', '.join(lost)}", False, ", ".join(lost), ""
        )
    elif (old.source, dict(old.codes), old.format) != (new.source, dict(new.codes), new.format):
        yield make("delivery", "arrives in another form from the source system", False)


def _key(old: Table, new: Table, renamed: dict[str, str], level: str) -> Iterator[Change]:
    moved = tuple(renamed.get(name, name) for name in old.primary_key)
    if moved == new.primary_key:
        return
    words = [", ".join(key) or "none" for key in (old.primary_key, new.primary_key)]
    same = set(moved) == set(new.primary_key)
    yield Change(
        kind="key", table=old.name, column="", breaking=bool(old.primary_key) and not same, level=level,
        before=words[0], after=words[1], sentence=f"its key is now {words[1]}, was {words[0]}",
    )  # fmt: skip
