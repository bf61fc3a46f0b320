"""Who may call what: Lake Formation's own authorisation of its calls and of governed catalog calls.

Owns turning the answers of the access evaluator (`governance`) into Lake Formation's refusals. Deliberately
not here: the rules, which are the evaluator's, and IAM, which the embedded cloud does not evaluate for these
calls. An account's root, who is whoever calls without assuming a role, may do everything in its own account
and nothing in another.
"""

from __future__ import annotations

from dataclasses import replace

from governance.access.can import can
from governance.access.chain import TAG_SHARING_VERSION
from governance.access.grants import may_grant
from governance.access.tagging import can_tag
from governance.snapshot import Catalog, Snapshot
from governance.snapshot.grants import ColumnsRes, DatabaseRes, Grant, LocationRes, Resource, TableRes, TagRes
from local.cloud import lake
from local.cloud.identity import Caller, account_of
from local.cloud.lakeformation.errors import denied, insufficient
from local.cloud.lakeformation.state import state


def is_admin(caller: Caller, region: str, account: str | None = None) -> bool:
    """Whether the caller administers the lake of `account` (default: its own)."""
    account = account or caller.account
    return caller.account == account and (caller.root or caller.arn in state(account, region).admins)


def allowed(caller: Caller, region: str, catalog: str, resource: Resource, permission: str) -> bool:
    """Whether the caller has a permission on a resource of a catalog."""
    if caller.root:
        return caller.account == catalog
    return can(lake.snapshot(region), caller.arn, permission, resource, catalog).allowed


def check_grant(caller: Caller, region: str, grant: Grant) -> None:
    """AccessDeniedException unless the caller may make a grant."""
    reason = _refusal(caller, region, grant)
    if reason is not None:
        raise insufficient(reason)


def check_revoke(caller: Caller, region: str, grant: Grant) -> None:
    """AccessDeniedException unless the caller may take a grant of its account away.

    Administrators may, whatever became of the resource or of what other accounts share; others as they may
    grant.
    """
    if not is_admin(caller, region):
        check_grant(caller, region, grant)


def _refusal(caller: Caller, region: str, grant: Grant) -> str | None:
    if caller.root:
        foreign = caller.account != grant.catalog
        return f"root of {caller.account} may not grant in catalog {grant.catalog}" if foreign else None
    now = _with_ready_recipient(lake.snapshot(region), account_of(grant.principal))
    return may_grant(now, caller.arn, grant)


def _with_ready_recipient(now: Snapshot, account: str | None) -> Snapshot:
    """The lake as if the recipient had set its cross-account version already.

    Lake Formation lets the grant be made before that and delivers it after; a recipient's stack comes last.
    """
    if account is None:
        return now
    known = now.by_account.get(account) or Catalog(account)
    if known.settings.cross_account_version >= TAG_SHARING_VERSION:
        return now
    ready = replace(known, settings=replace(known.settings, cross_account_version=TAG_SHARING_VERSION))
    others = tuple(each for each in now.catalogs if each.account != account)
    return replace(now, catalogs=(*others, ready))


def check_tag(caller: Caller, region: str, catalog: str, resource: Resource, tag: TagRes) -> None:
    """AccessDeniedException unless the caller may put this value of a tag on a resource."""
    assert isinstance(resource, DatabaseRes | TableRes | ColumnsRes)
    if caller.root and caller.account == catalog:
        return
    if caller.root:
        raise insufficient(f"root of {caller.account} may not tag in catalog {catalog}")
    decision = can_tag(lake.snapshot(region), caller.arn, resource, tag, catalog)
    if decision.missing is not None:
        raise insufficient(decision.missing.text)


def check_catalog_call(caller: Caller, region: str, catalog: str, target: Resource, permission: str) -> None:
    """AccessDeniedException unless the caller has `permission` on a database or table."""
    if not allowed(caller, region, catalog, target, permission):
        name = getattr(target, "name", None) or getattr(target, "database", "catalog")
        words = permission.replace("_", " ").title()
        raise denied(f"Insufficient Lake Formation permission(s): Required {words} on {name}")


def check_location(caller: Caller, region: str, catalog: str, arn: str) -> None:
    """AccessDeniedException unless the caller may point catalog tables at a registered S3 location."""
    if not allowed(caller, region, catalog, LocationRes(arn), "DATA_LOCATION_ACCESS"):
        raise denied(f"Insufficient Lake Formation permission(s) on {arn.replace('arn:aws:s3:::', 's3://')}")
