"""What a mesh takes of the services' limits: rows to show, and what must be refused.

The limits are in `limits`, counting in `measure`. A row over its limit refuses a deployment before
anything is changed, since AWS would stop it halfway; above four fifths it warns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.errors import MeshError
from governance.quotas.limits import QUOTAS, Quota
from governance.quotas.measure import Declared, measure
from governance.reader import nearest

__all__ = ["QUOTAS", "WARN", "Declared", "Quota", "Row", "check_limits", "fullest", "read_limits", "usage"]

WARN = 0.8
"""Share of a limit from which on it is worth a word."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One limit at one place."""

    quota: Quota
    where: str
    used: int
    limit: int

    @property
    def share(self) -> float:
        """Part of the limit that is taken; above 1 when it is over."""
        return self.used / self.limit

    @property
    def over(self) -> bool:
        """Whether a deployment would fail."""
        return self.used > self.limit and self.quota.firm

    @property
    def near(self) -> bool:
        """Whether more than four fifths are taken, or all of a limit that is only a guess, and it is not refused."""
        return self.share > (WARN if self.quota.firm else 1) and not self.over

    @property
    def sentence(self) -> str:
        """The row in words."""
        return f"{self.where}: {self.used:,} of {self.limit:,} {self.quota.name}"


def usage(resources: Iterable[Declared], limits: Mapping[str, int] | None = None) -> tuple[Row, ...]:
    """What the resources take, one row per limit and place, in the order of the limits, the fullest first.

    Parameters
    ----------
    resources
        All resources of all stacks, recorded or deployed.
    limits
        Limits that AWS raised for this mesh, by key (see :func:`read_limits`).
    """
    raised = limits or {}
    order = list(QUOTAS)
    rows = [
        Row(quota=QUOTAS[key], where=where, used=used, limit=raised.get(key, QUOTAS[key].limit))
        for key, where, used in measure(resources)
    ]
    return tuple(sorted(rows, key=lambda row: (order.index(row.quota.key), -row.used, row.where)))


def fullest(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The row of each limit that is closest to it."""
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row.quota.key, row)
    return tuple(first.values())


def check_limits(rows: Sequence[Row]) -> list[str]:
    """Lines on what is nearly used up.

    Raises
    ------
    MeshError
        The first limit that is crossed, and how many more are.
    """
    over = [row for row in rows if row.over]
    if over:
        first = max(over, key=lambda row: row.share)
        quota, more = first.quota, f" ({len(over) - 1} more: mesh quota)" if len(over) > 1 else ""
        ask = (
            f"ask AWS for more{f' of {quota.code}' if quota.code else ''} and write '{quota.key}: NUMBER' into quotas.yaml, "
            if quota.adjustable
            else ""
        )
        raise MeshError(
            f"{first.used:,} of at most {first.limit:,} {quota.name}; {ask}or split it{more}", first.where
        )
    return [f"quota {row.share:.0%}: {row.sentence}" for row in rows if row.near]


def read_limits(content: Any, file: str) -> dict[str, int]:
    """Limits that AWS raised, as a project's file states them.

    Parameters
    ----------
    content
        The file's YAML: key of a limit -> number.

    Raises
    ------
    MeshError
        For a key that is no limit, one that AWS does not raise, or a number below AWS's default.
    """
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise MeshError("must be a mapping of limits to numbers", file)
    for key, value in content.items():
        where = f"{file}: {key}"
        quota = QUOTAS.get(str(key))
        if quota is None:
            raise MeshError(f"is no limit known here{nearest(str(key), list(QUOTAS))}", where)
        if not quota.adjustable:
            raise MeshError(f"cannot be raised; AWS keeps it at {quota.limit:,} ({quota.source})", where)
        if isinstance(value, bool) or not isinstance(value, int) or value < quota.limit:
            raise MeshError(f"must be a whole number from {quota.limit:,} up", where)
    return {str(key): value for key, value in content.items()}
