"""Who can read what: the access evaluator's front door.

Owns the questions :func:`readable`, :func:`explain` and :func:`matrix` and their answers. Deliberately not
here: actions other than reading (can), who may grant (grants), the IAM half (iam).

Every rule names the page of the AWS Lake Formation Developer Guide (LFDG) it follows in the docstring of the
function that holds it; where AWS does not say, the answer is no, and the docstring says that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from governance.access.cells import Opening, Step, cells, united
from governance.access.chain import holdings
from governance.access.holdings import Holdings, Missing
from governance.access.index import Index, index_of
from governance.access.links import ViaLink, follow, link_named, links_to, resolve
from governance.access.principals import account_of, role_arn, short
from governance.access.tags import Shape
from governance.access.why import touches, why_not
from governance.snapshot import Snapshot, TableId
from governance.snapshot.grants import IAM_ALLOWED_PRINCIPALS, Grant, TagPolicyRes, words

__all__ = [
    "Access",
    "ColumnReason",
    "Missing",
    "ViaLink",
    "explain",
    "matrix",
    "readable",
    "resolve",
    "role_arn",
]


@dataclass(frozen=True, slots=True)
class Access:
    """What a principal can read of one table.

    Attributes
    ----------
    columns
        Readable columns in the table's order.
    row_filters
        Union of all grants: row filter (None: all rows) to the columns it opens. A column under a filter is
        readable in the rows of any filter it stands under; one under None is not repeated.
    steps
        Grants (or words, where no grant is needed) that give the access, owner first, the link last.
    missing
        First missing link, None when at least one column is readable.
    """

    columns: tuple[str, ...]
    row_filters: Mapping[str | None, tuple[str, ...]]
    steps: tuple[Step, ...]
    missing: Missing | None = None

    @property
    def allowed(self) -> bool:
        """Whether anything is readable."""
        return self.missing is None

    @property
    def chain(self) -> tuple[str, ...]:
        """The steps in words."""
        return tuple(str(step) for step in self.steps)


@dataclass(frozen=True, slots=True)
class ColumnReason:
    """Why one column is readable or not: every chain that opens it, or every grant that does not and why."""

    column: str
    allowed: bool
    rows: tuple[str | None, ...]
    reasons: tuple[str, ...]
    missing: Missing | None


@lru_cache(maxsize=4096)
def _denied(missing: Missing) -> Access:
    """A refusal; equal ones are one object, so that a large matrix stays small."""
    return Access((), MappingProxyType({}), (), missing)


def readable(
    snapshot: Snapshot,
    principal: str,
    account: str,
    catalog: str,
    database: str,
    table: str,
    via_link: ViaLink | None = None,
) -> Access:
    """What a principal, working in an account, can read of a table.

    Parameters
    ----------
    account
        Account the query runs in; a principal of another account is refused.
    catalog
        Account that owns the table.
    via_link
        The name used in the query when it goes through a resource link of `account`: (link database,
        table), or (database, link table). None when the table itself is named; then no link is asked for,
        which is how Spark reaches a foreign table but not how Athena does (LFDG resource-links-about).
    """
    index = index_of(snapshot)
    principal = role_arn(principal, (role.arn for role in snapshot.roles))
    found = index.shapes.get(TableId(catalog, database.lower(), table.lower()))
    if found is None:
        return _denied(Missing("unknown-table", f"there is no table {database}.{table} in account {catalog}"))
    if account_of(principal) != account:
        return _denied(Missing("other-account", f"{short(principal)} does not work in account {account}"))
    link_steps: tuple[Step, ...] = ()
    missing: Missing | None = None
    if via_link is not None:
        link = link_named(index, account, via_link, found.where)
        if isinstance(link, Missing):
            return _denied(link)
        link_steps, missing = follow(index, principal, link)
    return _access(index, holdings(index, principal, catalog), found, link_steps, missing)


def _access(
    index: Index, held: Holdings, table: Shape, link_steps: tuple[Step, ...], link_missing: Missing | None
) -> Access:
    """Put together what the grants open and what the link allows."""
    openings = cells(index, held, table)
    if not openings:
        return _denied(why_not(index, held, table))
    if link_missing is not None:
        return _denied(link_missing)
    rows = united(openings, table)
    return Access(_columns(rows, table), rows, _steps(openings, link_steps))


def _columns(rows: Mapping[str | None, tuple[str, ...]], table: Shape) -> tuple[str, ...]:
    if len(rows) == 1:
        return next(iter(rows.values()))
    open_ = frozenset().union(*rows.values())
    return tuple(name for name in table.columns if name in open_)


def _steps(openings: Sequence[Opening], link_steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if len(openings) == 1:
        return (*openings[0].steps, *link_steps)
    found: dict[int | str, Step] = {}
    for opening in openings:
        for step in opening.steps:
            found[step if isinstance(step, str) else id(step)] = step
    return (*found.values(), *link_steps)


def matrix(snapshot: Snapshot, principals: Iterable[str]) -> dict[tuple[str, TableId], Access]:
    """What every principal can read of every table of the snapshot.

    A table of the principal's own account is named directly, a foreign one through a resource link: the
    first that the principal may use. The answers are those of :func:`readable`.
    """
    index = index_of(snapshot)
    known = tuple(role.arn for role in snapshot.roles)
    made: dict[tuple[str, TableId], Access] = {}
    for given in principals:
        principal = role_arn(given, known)
        account = account_of(principal)
        everywhere = {catalog: holdings(index, principal, catalog) for catalog, _, _ in index.shapes}
        for where, table in index.shapes.items():
            held = everywhere[where.catalog]
            if where.catalog == account:
                made[given, where] = _access(index, held, table, (), None)
            else:
                steps, missing = _best_link(index, principal, account, where)
                made[given, where] = _access(index, held, table, steps, missing)
    return made


def _best_link(
    index: Index, principal: str, account: str, where: TableId
) -> tuple[tuple[Step, ...], Missing | None]:
    links = links_to(index, account, where)
    if not links:
        text = f"account {account} has no resource link to {where.catalog}:{where.database}"
        return (), Missing("no-link", text)
    first = follow(index, principal, links[0])
    if first[1] is None or len(links) == 1:
        return first
    tried = [follow(index, principal, link) for link in links]
    return next((each for each in tried if each[1] is None), first)


def explain(
    snapshot: Snapshot,
    principal: str,
    account: str,
    catalog: str,
    database: str,
    table: str,
    column: str,
    via_link: ViaLink | None = None,
) -> ColumnReason:
    """Why one column is readable or not, grant by grant."""
    access = readable(snapshot, principal, account, catalog, database, table, via_link)
    index = index_of(snapshot)
    column = column.lower()
    found = index.shapes.get(TableId(catalog, database.lower(), table.lower()))
    if found is None or column not in found.columns:
        lacking = access.missing or Missing("unknown-column", f"{database}.{table} has no column {column}")
        return ColumnReason(column, False, (), (lacking.text,), lacking)
    principal = role_arn(principal, (role.arn for role in snapshot.roles))
    if column in access.columns:
        rows = tuple(each for each, columns in access.row_filters.items() if column in columns)
        held = holdings(index, principal, catalog)
        chains = [opening for opening in cells(index, held, found) if column in opening.columns]
        return ColumnReason(column, True, rows, tuple(_chain(opening) for opening in chains), None)
    if access.missing is not None and access.missing.code in (
        "no-link",
        "other-account",
        "no-describe-on-link",
    ):
        return ColumnReason(column, False, (), (access.missing.text,), access.missing)
    held = holdings(index, principal, catalog)
    reasons = tuple(_closed(index, grant, found, column) for grant in _considered(index, held, found))
    lacking = access.missing or Missing(
        "column-not-granted", f"no grant to {short(principal)} opens {column}"
    )
    return ColumnReason(column, False, (), reasons or (lacking.text,), lacking)


def _chain(opening: Opening) -> str:
    rows = "" if opening.rows is None else f" (rows where {opening.rows})"
    return " -> ".join(str(step) for step in opening.steps) + rows


def _considered(index: Index, held: Holdings, table: Shape) -> list[Grant]:
    """Grants that could have opened a column: those that touch the table, and all tag policies."""
    grants = {str(entry.steps[-1]): entry.steps[-1] for entry in held.entries if "SELECT" in entry.held}
    return [
        grant
        for grant in grants.values()
        if isinstance(grant.resource, TagPolicyRes) or touches(index, grant.resource, table)
    ]


def _closed(index: Index, grant: Grant, table: Shape, column: str) -> str:
    """Why one grant does not open a column."""
    if not isinstance(grant.resource, TagPolicyRes):
        return f"{grant}: does not include {column}"
    if grant.resource.kind != "TABLE":
        return f"{grant}: is a policy on databases"
    number = next(number for number, names in table.groups if column in names)
    tags = dict(index.sets.all[number])
    lacking = [
        f"{key} is {tags.get(key, 'not set')}, not {words(((key, values),)).split('=', 1)[1]}"
        for key, values in grant.resource.expression
        if tags.get(key) not in values
    ]
    if not lacking:
        return f"{grant}: matches {column}, but the account's share does not reach as far"
    return f"{grant}: on {column} {' and '.join(lacking)}"


def opened_by_iam(snapshot: Snapshot, where: TableId) -> bool:
    """Whether IAMAllowedPrincipals hold anything on a table or its database: there IAM alone decides."""
    index = index_of(snapshot)
    table = index.shapes.get(where)
    return table is not None and any(
        touches(index, grant.resource, table) or getattr(grant.resource, "name", None) == where.database
        for grant in index.grants(where.catalog, where.catalog, IAM_ALLOWED_PRINCIPALS)
    )
