"""What reaches a principal in one catalog: grants as they arrive, kept where a question finds them.

Owns the record of it and of what does not arrive. Deliberately not here: which grants reach whom (`chain`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from governance.access.tags import TagSets
from governance.snapshot.grants import (
    TABLE,
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    Grant,
    Resource,
    TableRes,
    TagPolicyRes,
)

HELD = "held"
GRANTABLE = "grantable"


class Missing(NamedTuple):
    """The first link that lacks: a code for programs and a sentence for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One grant as it reaches a principal.

    `steps` are the grants that give it, owner first. With `cap` set, the entry opens only what the
    principal's account itself holds (HELD) or may grant on (GRANTABLE); that is worked out per resource.
    """

    resource: Resource
    held: frozenset[str]
    grantable: frozenset[str]
    steps: tuple[Grant, ...]
    cap: str = ""
    missing: Missing | None = None

    def gives(self, mode: str) -> frozenset[str]:
        """Permissions held or grantable."""
        return self.grantable if mode == GRANTABLE else self.held


@dataclass(eq=False)
class Holdings:
    """Everything that reaches a principal (or an account as a whole) in one catalog."""

    principal: str
    catalog: str
    entries: list[Entry]
    blocked: Holdings | None = None
    account: Holdings | None = None
    named: dict[tuple[str, str | None], list[Entry]] = field(default_factory=dict)
    by_resource: dict[Resource, list[Entry]] = field(default_factory=dict)
    databases: dict[str, list[Entry]] = field(default_factory=dict)
    tagged: dict[int, list[Entry]] = field(default_factory=dict)
    tagged_databases: dict[int, list[Entry]] = field(default_factory=dict)
    cells: dict[object, object] = field(default_factory=dict)
    sentences: dict[str, Missing] = field(default_factory=dict)

    def block(self, grant: Grant, missing: Missing) -> None:
        """Note a grant that does not arrive."""
        if self.blocked is None:
            self.blocked = Holdings(self.principal, self.catalog, [])
        entry = Entry(grant.resource, grant.permitted, grant.may_grant, (grant,), missing=missing)
        self.blocked.entries.append(entry)

    def near(self, database: str, name: str, groups: Iterable[tuple[int, object]]) -> Iterable[Entry]:
        """Entries that could open a column of a table: named ones, then tag policies that match a column."""
        yield from self.named.get((database, name), ())
        yield from self.named.get((database, None), ())
        for number, _ in groups:
            yield from self.tagged.get(number, ())

    def sort(self, sets: TagSets) -> Holdings:
        """Put the entries where a question about a table or database finds them."""
        if self.blocked is not None:
            self.blocked.sort(sets)
        for entry in self.entries:
            self.by_resource.setdefault(entry.resource, []).append(entry)
            match entry.resource:
                case TableRes(database, name):
                    self.named.setdefault((database, name), []).append(entry)
                case ColumnsRes(database, table) | FilterRes(database, table):
                    self.named.setdefault((database, table), []).append(entry)
                case DatabaseRes(name):
                    self.databases.setdefault(name, []).append(entry)
                case TagPolicyRes(kind, expression):
                    where = self.tagged if kind == TABLE else self.tagged_databases
                    for number in sets.matched(expression):
                        where.setdefault(number, []).append(entry)
                case _:
                    pass
        return self
