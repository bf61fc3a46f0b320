"""Which table and column of a new version is which of the old one, whatever they are called.

The standard gives elements an `id` that stays when names change (ODCS 3.1, "stable references"). Where both versions
give ids, they decide: the same id under another name is a rename. Elements without one are matched by their name, and
columns that lost theirs by what the source system calls them. A name that both versions have stays the same column
unless an id says who moved there: queries ask for names. Deliberately not here: what a change of name means for
readers (`compatibility`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from governance.contracts.model import Column, Table


class _Element(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


@dataclass(frozen=True)
class Heirs:
    """Old name -> new name of all that is still there, and how a rename was recognised."""

    names: Mapping[str, str]
    reasons: Mapping[str, str]
    """Old name -> why another name is the same element; only for renames."""

    @property
    def renamed(self) -> dict[str, str]:
        """Old -> new name where they differ."""
        return {old: new for old, new in self.names.items() if old != new}

    def moves(self, old: Iterable[str]) -> dict[str, str]:
        """Renames, and names that another element took over: their own element is gone, so they lead to ''."""
        taken = set(self.renamed.values())
        return self.renamed | {name: "" for name in old if name not in self.names and name in taken}


def tables(old: Iterable[Table], new: Iterable[Table]) -> Heirs:
    """Tables of an old version in a new one."""
    before, after = tuple(old), tuple(new)
    names, reasons = _by_id(before, after)
    _by_name(before, after, names)
    return Heirs(names, reasons)


def columns(old: Table, new: Table) -> Heirs:
    """Columns of a table in its new version.

    The source is the custom property `source`, else the contract's name of the column; with a `physicalName` changed
    and the name kept it still matches. A source that several share is no rename.
    """
    names, reasons = _by_id(old.columns, new.columns)
    _by_name(old.columns, new.columns, names)
    taken = set(names.values())
    gone = [column for column in old.columns if column.name not in names]
    fresh = [column for column in new.columns if column.name not in taken]
    for column in gone:
        heirs = [heir for heir in fresh if _same_source(column, heir)]
        rivals = [other for other in gone if _same_source(column, other)]
        if len(heirs) == len(rivals) == 1 and not (column.id and heirs[0].id):
            names[column.name] = heirs[0].name
            reasons[column.name] = f"both come from '{column.source}'"
    return Heirs(names, reasons)


def _by_id(old: Iterable[_Element], new: Iterable[_Element]) -> tuple[dict[str, str], dict[str, str]]:
    """Elements of one id, and why those with two names are the same."""
    after = {element.id: element for element in new if element.id}
    names = {element.name: after[element.id].name for element in old if element.id in after}
    ids = {element.name: element.id for element in old}
    return names, {old: f"both have the id '{ids[old]}'" for old, name in names.items() if old != name}


def _by_name(old: Iterable[_Element], new: Iterable[_Element], names: dict[str, str]) -> None:
    """Match what keeps its name, unless an id gave that name to another."""
    free = {element.name for element in new} - set(names.values())
    names.update(
        {element.name: element.name for element in old if element.name not in names and element.name in free}
    )


def _same_source(one: Column, other: Column) -> bool:
    return one.source.lower() == other.source.lower()
