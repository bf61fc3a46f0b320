"""Protected attributes: which columns a model is judged by, and how their values make groups.

Owns the ``groups`` of a configuration and the group of each value. Deliberately not here: reading the columns
and what is measured per group (`groups`).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.errors import MeshError

MISSING = "missing"
"""Group of the rows whose attribute has no value."""


@dataclass(frozen=True, kw_only=True)
class Protected:
    """One attribute.

    Parameters
    ----------
    column
        Column of the product's table.
    name
        Word for reports; by default the column's.
    bands
        For numbers: where one band ends and the next begins (the limit belongs to the upper one).
    until
        For texts that say more than one thing: the group is what stands before this mark.
    """

    column: str
    name: str
    bands: tuple[float, ...] = ()
    until: str = ""

    def group_of(self, value: Any) -> str:
        """The group a value belongs to.

        Raises
        ------
        MeshError
            There are bands, and the value is no number.
        """
        if value is None or value != value:
            return MISSING
        if self.bands:
            try:
                number = float(value)
            except (TypeError, ValueError) as error:
                raise MeshError(
                    f"'{value}' is no number and belongs to no band; take 'bands' out",
                    f"groups.{self.column}",
                ) from error
            return self._band(number)
        if isinstance(value, bool):
            return str(value).lower()
        text = str(value)
        return text.split(self.until, 1)[0].strip() if self.until else text

    def order(self, group: str) -> tuple[int, str]:
        """Sort key of a group: bands from low to high, texts by alphabet, missing last."""
        if group == MISSING:
            return len(self.bands) + 2, ""
        if self.bands:
            return self._labels().index(group), ""
        return 0, group

    def _band(self, number: float) -> str:
        return self._labels()[sum(number >= limit for limit in self.bands)]

    def _labels(self) -> list[str]:
        limits = [f"{limit:g}" for limit in self.bands]
        between = [f"{low} to below {high}" for low, high in itertools.pairwise(limits)]
        return [f"below {limits[0]}", *between, f"{limits[-1]} and above"]


def read_groups(value: Any) -> tuple[Protected, ...]:
    """The ``groups`` of a configuration file: column names, or mappings with `column` and more.

    Raises
    ------
    MeshError
        It is no list, a key is unknown, or bands do not rise.
    """
    if not isinstance(value, list | tuple):
        raise MeshError("must be a list of columns", "groups")
    found = tuple(item if isinstance(item, Protected) else _read(item) for item in value)
    names = [item.name for item in found]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise MeshError(f"'{doubled[0]}' is there twice; give one of them another 'name'", "groups")
    return found


def _read(item: Any) -> Protected:
    given = {"column": item} if isinstance(item, str) else item
    if not isinstance(given, Mapping) or not isinstance(given.get("column"), str) or not given["column"]:
        raise MeshError("each must be a column's name, or a mapping with 'column'", "groups")
    column = str(given["column"])
    unknown = sorted(str(key) for key in set(given) - {"column", "name", "bands", "until"})
    if unknown:
        raise MeshError("unknown key; known are column, name, bands, until", f"groups.{column}.{unknown[0]}")
    bands = given.get("bands") or []
    if not isinstance(bands, list) or not all(
        isinstance(limit, int | float) and not isinstance(limit, bool) for limit in bands
    ):
        raise MeshError("must be a list of numbers", f"groups.{column}.bands")
    if list(bands) != sorted(set(bands)):
        raise MeshError("must rise from each limit to the next", f"groups.{column}.bands")
    if bands and given.get("until"):
        raise MeshError("goes with texts, 'bands' with numbers; take one out", f"groups.{column}.until")
    return Protected(
        column=column,
        name=str(given.get("name") or column),
        bands=tuple(float(limit) for limit in bands),
        until=str(given.get("until") or ""),
    )
