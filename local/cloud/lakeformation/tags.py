"""LF-tags of one catalog: their definitions and what they are put on.

Owns the ontology, assignments to databases, tables and columns, and inheritance (column over table over
database). Deliberately not here: who may define or assign (authority) and the wire form
(tag_api). Keys and values are kept in lower case, as Lake Formation does.
"""

from __future__ import annotations

from collections.abc import Iterable

from local.cloud.lakeformation.errors import exists, invalid, tag_not_found

Target = tuple[str, ...]
"""(database,), (database, table) or (database, table, column)."""


class TagBook:
    """Definitions and assignments."""

    def __init__(self) -> None:
        self.defined: dict[str, list[str]] = {}
        self.creators: dict[str, str] = {}
        self.assigned: dict[Target, dict[str, str]] = {}
        self._stamps: dict[Target, int] = {}

    def define(self, key: str, values: Iterable[str], creator: str) -> None:
        """Create a tag."""
        key, wanted = key.lower(), _folded(values)
        if key in self.defined:
            raise exists(f"Tag key already exists: {key}")
        if not wanted:
            raise invalid("A tag needs at least one value.")
        self.defined[key] = wanted
        self.creators[key] = creator

    def values(self, key: str) -> list[str]:
        """Values of a tag; EntityNotFoundException for a key nobody defined."""
        try:
            return self.defined[key.lower()]
        except KeyError:
            raise tag_not_found() from None

    def change(self, key: str, add: Iterable[str], remove: Iterable[str]) -> None:
        """Add and remove values; a removed value comes off everything that carries it."""
        values, gone = self.values(key), set(_folded(remove))
        if not gone <= set(values):
            raise tag_not_found()
        self.defined[key.lower()] = [
            value for value in dict.fromkeys([*values, *_folded(add)]) if value not in gone
        ]
        self._unassign(key.lower(), gone)

    def drop(self, key: str) -> None:
        """Delete a tag; it comes off everything that carries it."""
        values = set(self.values(key))
        del self.defined[key.lower()]
        self.creators.pop(key.lower(), None)
        self._unassign(key.lower(), values)

    def check(self, key: str, values: Iterable[str]) -> None:
        """EntityNotFoundException unless the key is defined and takes each of the values."""
        wanted = _folded(values)
        if not wanted or not set(wanted) <= set(self.values(key)):
            raise tag_not_found()

    def assign(self, target: Target, key: str, value: str) -> None:
        """Put a tag on a resource; it replaces the value that the resource had under that key."""
        self.check(key, [value])
        self.assigned.setdefault(target, {})[key.lower()] = value.lower()
        self._changed(target)

    def remove(self, target: Target, key: str) -> None:
        """Take a tag off a resource, whatever its value there."""
        carried = self.assigned.get(target, {})
        carried.pop(key.lower(), None)
        if not carried:
            self.assigned.pop(target, None)
        self._changed(target)

    def on(self, target: Target) -> dict[str, str]:
        """Tags put on the resource itself."""
        return dict(self.assigned.get(target, {}))

    def effective(self, target: Target) -> dict[str, str]:
        """Tags of the resource with those it inherits."""
        found: dict[str, str] = {}
        for length in range(1, len(target) + 1):
            found |= self.assigned.get(target[:length], {})
        return found

    def forget(self, target: Target) -> None:
        """Drop the tags of a database or table that is no more, and of all it held."""
        for each in [each for each in list(self.assigned) if each[: len(target)] == target]:
            self.assigned.pop(each, None)
        self._changed(target)

    def stamp(self, table: Target) -> int:
        """A number that changes with the tags of a table or its columns."""
        return self._stamps.get(table, 0)

    def _changed(self, target: Target) -> None:
        self._stamps[target[:2]] = self._stamps.get(target[:2], 0) + 1

    def _unassign(self, key: str, values: set[str]) -> None:
        for target, carried in list(self.assigned.items()):
            if carried.get(key) in values:
                self.remove(target, key)


def _folded(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value.lower() for value in values))
