"""The words of the seam between the query engine and Lake Formation: who asks, and what a table opens to them.

Owns the shape of question and answer. Deliberately not here: the answer itself (`lake`) and what the engine makes of it
(`access`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """Who runs a query and where: account, role or user in IAM form, Region, and the session for audit."""

    account: str
    arn: str
    region: str
    session_arn: str = ""
    access_key: str = ""
    user_id: str = ""


@dataclass(frozen=True)
class CellGrant:
    """Columns that a grant opens, in the rows of `row_filter`; None is all rows."""

    columns: frozenset[str]
    row_filter: str | None = None


@dataclass(frozen=True)
class Access:
    """What a caller may do with a table.

    Attributes
    ----------
    grants
        What SELECT opens; empty when nothing is readable.
    missing
        Empty, or what stands in the way of even seeing the table: the permission (`Describe`) and on what.
    governed
        Whether Lake Formation decided (then the read leaves an audit record).
    """

    grants: tuple[CellGrant, ...] = ()
    missing: tuple[str, str] | None = None
    governed: bool = True

    @property
    def columns(self) -> frozenset[str]:
        """Columns readable in at least some rows."""
        return frozenset().union(*(grant.columns for grant in self.grants))
