"""Whether a principal may make a grant.

Owns the grant option, the cascading of permissions to and inside other accounts, and the shapes Lake
Formation refuses. Deliberately not here: what a grant opens once it is made (cells), and the IAM and
RAM permissions that the calls need (iam).
"""

from __future__ import annotations

from governance.access.can import actions
from governance.access.cells import cells, named_cells
from governance.access.chain import account_holdings, describes_all, holdings
from governance.access.grant_rules import refused
from governance.access.holdings import GRANTABLE, Holdings
from governance.access.index import Index, index_of
from governance.access.principals import account_of, role_arn, short
from governance.snapshot import Snapshot, TableId
from governance.snapshot.grants import (
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    Grant,
    TableRes,
    TagPolicyRes,
    TagRes,
    describe,
)


def may_grant(snapshot: Snapshot, grantor: str, grant: Grant, *, by_description: bool = False) -> str | None:
    """Why a principal may not make a grant, or None when it may.

    `by_description` also admits rule 2 of LFDG permission-cascading-rules (DESCRIBE on all tag values lets
    a recipient pass on any policy that is not identical). The mesh keeps to rule 1, so it is off; turn it
    on to find out what somebody could give away.
    """
    index = index_of(snapshot)
    grantor = role_arn(grantor, (role.arn for role in snapshot.roles))
    if account_of(grantor) != grant.account:
        return f"{short(grantor)} makes grants in account {account_of(grantor)} only, not in {grant.account}"
    reason = refused(index, grant)
    if reason is not None:
        return reason
    if grant.account == grant.catalog:
        return _own(index, grantor, grant)
    return _regrant(index, grantor, grant, by_description)


def _own(index: Index, grantor: str, grant: Grant) -> str | None:
    """Grants in the account that owns the resource.

    LFDG implicit-permissions: administrators grant anything to anybody; creators grant on what they made, to
    other accounts with IAM permissions that are not looked at here. LFDG lf-tag-considerations: a holder of
    the grant option passes on the same expression, not another, or names resources.
    """
    if index.is_admin(grantor, grant.catalog):
        return None
    held = holdings(index, grantor, grant.catalog)
    return _held(index, held, grant, grantor)


def _held(index: Index, held: Holdings, grant: Grant, who: str) -> str | None:
    """Whether the grant option held covers a grant."""
    wanted = grant.permitted | grant.may_grant
    if isinstance(grant.resource, TagPolicyRes):
        same = held.by_resource.get(grant.resource, [])
        covered = frozenset[str]().union(*(entry.grantable for entry in same))
        if not wanted <= covered:
            lacking = ", ".join(sorted(wanted - covered))
            policy = describe(grant.resource)
            return f"{short(who)} holds no identical {policy} with the grant option for {lacking}"
        return None
    found = set(actions(index, held, grant.resource, GRANTABLE))
    made = _created(index, who, grant)
    if isinstance(grant.resource, ColumnsRes | FilterRes | TableRes) and not made:
        reason = _cells_covered(index, held, grant, who)
        if reason is not None:
            return reason
        found |= {"SELECT", "DESCRIBE"} if isinstance(grant.resource, ColumnsRes | FilterRes) else set()
    if not made and not wanted <= found:
        lacking = ", ".join(sorted(wanted - found))
        return f"{short(who)} holds no {lacking} with the grant option on {describe(grant.resource)}"
    return None


def _created(index: Index, who: str, grant: Grant) -> bool:
    catalog = index.snapshot.catalog(grant.catalog)
    match grant.resource:
        case DatabaseRes(name):
            database = catalog.database(name)
            return database is not None and database.creator == who
        case (
            TableRes(database_name, str(name))
            | ColumnsRes(database_name, name)
            | FilterRes(database_name, name)
        ):
            table = index.snapshot.table(TableId(grant.catalog, database_name, name))
            return table is not None and table.creator == who
        case TagRes(key):
            return any(tag.key == key and tag.creator == who for tag in catalog.tags)
        case _:
            return False


def _cells_covered(index: Index, held: Holdings, grant: Grant, who: str) -> str | None:
    """SELECT may be granted on columns held with the grant option, all rows of them.

    LFDG column-filtering-intro: for a grant on columns SELECT is needed with the grant option "without any
    row restrictions", and it may name the same columns or fewer. LFDG row-filtering-intro: to use a row
    filter SELECT is needed with the grant option on all columns.
    """
    if "SELECT" not in grant.permitted | grant.may_grant:
        return None
    resource = grant.resource
    if isinstance(resource, TableRes) and resource.name is None:
        return None
    database = resource.database if isinstance(resource, TableRes | ColumnsRes | FilterRes) else ""
    name = resource.name if isinstance(resource, TableRes) else getattr(resource, "table", "")
    table = index.shapes.get(TableId(grant.catalog, database, str(name)))
    if table is None:
        return f"{describe(resource)} is a resource link; grant on its target"
    columns = frozenset(table.columns)
    if not isinstance(resource, FilterRes):
        columns, _ = named_cells(index, resource, table)
    whole = [opening.columns for opening in cells(index, held, table, GRANTABLE) if opening.rows is None]
    lacking = sorted(columns - frozenset().union(*whole))
    if lacking:
        return f"{short(who)} holds no SELECT with the grant option on {', '.join(lacking)} for all rows"
    return None


def _regrant(index: Index, grantor: str, grant: Grant, by_description: bool) -> str | None:
    """Grants in a recipient's account on what another account shared with it.

    LFDG permission-cascading-rules and cross-account-permissions: the recipient's data lake administrator
    passes on what the account holds with the grant option; a tag policy only as it is (rule 1). LFDG
    data-filtering-notes: it may name more columns than the account holds (they stay closed), so one is
    enough.
    """
    share = account_holdings(index, grant.account, grant.catalog)
    who = f"account {grant.account}"
    if not index.is_admin(grantor, grant.account):
        held = holdings(index, grantor, grant.catalog)
        return _held(index, held, grant, grantor)
    if isinstance(grant.resource, TagPolicyRes):
        reason = _held_by_account(share, grant, who)
        same = grant.resource in share.by_resource
        if reason and by_description and not same and describes_all(share.entries, grant.resource):
            return None
        return reason
    if isinstance(grant.resource, ColumnsRes | FilterRes):
        table = index.shapes.get(TableId(grant.catalog, grant.resource.database, grant.resource.table))
        some = table is not None and any(
            opening.columns & named_cells(index, grant.resource, table)[0]
            for opening in cells(index, share, table, GRANTABLE)
        )
        columns = describe(grant.resource)
        return None if some else f"{who} holds no SELECT with the grant option on any of {columns}"
    wanted = grant.permitted | grant.may_grant
    lacking = sorted(wanted - set(actions(index, share, grant.resource, GRANTABLE)))
    if lacking:
        return f"{who} holds no {', '.join(lacking)} with the grant option on {describe(grant.resource)}"
    return None


def _held_by_account(share: Holdings, grant: Grant, who: str) -> str | None:
    covered = frozenset[str]().union(
        *(entry.grantable for entry in share.by_resource.get(grant.resource, []))
    )
    lacking = ", ".join(sorted((grant.permitted | grant.may_grant) - covered))
    if not lacking:
        return None
    return f"{who} holds no identical {describe(grant.resource)} with the grant option for {lacking}"
