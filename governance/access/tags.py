"""LF-tags: what a table and its columns inherit, and which of them an expression matches.

Deliberately not here: what a match opens (cells).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from governance.levels import Expression
from governance.snapshot import Database, Table, TableId, Tags


def inherit(outer: Tags, own: Tags) -> Tags:
    """Tags of a resource inside another: its own value of a key wins, the rest is inherited.

    LFDG tag-based-access-control and TBAC-assigning-tags: tables inherit from their database, columns from
    their table; an inherited value may be overridden by assigning another value of the same key.
    """
    return tuple(sorted({**dict(outer), **dict(own)}.items())) if own else outer


def matches(expression: Expression, tags: Tags) -> bool:
    """Whether every key of the expression is there with one of its values.

    LFDG lf-tag-considerations and TBAC-notes: keys are joined by AND, the values of one key by OR; a resource
    that lacks a key does not match.
    """
    held = dict(tags)
    return all(held.get(key) in values for key, values in expression)


class TagSets:
    """Distinct tag sets under small numbers, and which of them each expression matches.

    All sets are to be interned before the first question; answers are kept.
    """

    def __init__(self) -> None:
        self._numbers: dict[Tags, int] = {}
        self._having: dict[tuple[str, str], set[int]] = {}
        self._matched: dict[Expression, frozenset[int]] = {}
        self.all: list[Tags] = []

    def intern(self, tags: Tags) -> int:
        """Number of a tag set."""
        number = self._numbers.get(tags)
        if number is None:
            number = self._numbers[tags] = len(self.all)
            self.all.append(tags)
            for pair in tags:
                self._having.setdefault(pair, set()).add(number)
        return number

    def matched(self, expression: Expression) -> frozenset[int]:
        """Numbers of the tag sets that an expression matches; the same answer as :func:`matches`."""
        found = self._matched.get(expression)
        if found is None:
            keys = [
                set().union(*(self._having.get((key, value), set()) for value in values))
                for key, values in expression
            ]
            found = self._matched[expression] = frozenset(set.intersection(*keys))
        return found


class Shape(NamedTuple):
    """A table as the evaluator sees it: tag sets by number, columns grouped by their effective tags."""

    where: TableId
    table: Table
    database: int
    tags: int
    groups: tuple[tuple[int, frozenset[str]], ...]
    columns: tuple[str, ...]
    ordered: dict[frozenset[str], tuple[str, ...]]
    unions: dict[tuple[int, ...], frozenset[str]]
    whole: dict[frozenset[str], Mapping[str | None, tuple[str, ...]]]

    def all_rows(self, columns: frozenset[str]) -> Mapping[str | None, tuple[str, ...]]:
        """Columns open for all rows, as the answer of a question; shared by everybody who reads the same."""
        found = self.whole.get(columns)
        if found is None:
            found = self.whole[columns] = MappingProxyType({None: self.in_order(columns)})
        return found

    def union(self, numbers: tuple[int, ...]) -> frozenset[str]:
        """Columns of several groups; answers are kept, so equal ones are one object."""
        found = self.unions.get(numbers)
        if found is None:
            parts = [columns for number, columns in self.groups if number in numbers]
            found = self.unions[numbers] = frozenset().union(*parts)
        return found

    def in_order(self, columns: frozenset[str]) -> tuple[str, ...]:
        """Columns in the table's own order; answers are kept."""
        found = self.ordered.get(columns)
        if found is None:
            found = self.ordered[columns] = tuple(name for name in self.columns if name in columns)
        return found


def shape(account: str, database: Database, table: Table, sets: TagSets) -> Shape:
    """Work out the effective tags of a table and its columns."""
    of_table = inherit(database.tags, table.tags)
    grouped: dict[Tags, list[str]] = {}
    for column in table.columns:
        grouped.setdefault(column.tags, []).append(column.name)
    merged: dict[int, list[str]] = {}
    for own, names in grouped.items():
        merged.setdefault(sets.intern(inherit(of_table, own)), []).extend(names)
    return Shape(
        where=TableId(account, database.name, table.name),
        table=table,
        database=sets.intern(database.tags),
        tags=sets.intern(of_table),
        groups=tuple((number, frozenset(names)) for number, names in sorted(merged.items())),
        columns=table.column_names,
        ordered={},
        unions={},
        whole={},
    )
