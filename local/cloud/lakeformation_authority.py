"""Who may call what: Lake Formation's own authorisation of its calls and of governed catalog calls.

Owns the decision for a caller: administrators of the catalog's account, holders of a permission or of its grant
option, creators, and accounts that were granted something by the catalog's owner. Deliberately not here: IAM, which
the embedded cloud does not evaluate for these calls, and reading data (governance.access).

A principal of another account than the catalog's has what that account was granted, if the share arrived there, and
of it: an administrator everything, anybody else what was granted on to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from governance.snapshot_grants import (
    IAM_ALLOWED_PRINCIPALS,
    ColumnsRes,
    DatabaseRes,
    Grant,
    LocationRes,
    Resource,
    TableRes,
    TagRes,
    actions_of,
    describe,
)
from local.cloud.identity import Caller
from local.cloud.lakeformation_errors import denied, insufficient
from local.cloud.lakeformation_reach import NOTHING, reach
from local.cloud.lakeformation_state import state
from local.cloud.ram_shares import arrived


def is_admin(caller: Caller, region: str, account: str | None = None) -> bool:
    """Whether the caller administers the lake of `account` (default: its own); no one does in another account."""
    account = account or caller.account
    return caller.account == account and (caller.root or caller.arn in state(account, region).admins)


def held(caller: Caller, region: str, catalog: str, target: Resource) -> frozenset[str]:
    """Permissions that the caller has on a resource of a catalog."""
    return _reaching(caller, region, catalog, target, option=False)


def grantable(caller: Caller, region: str, catalog: str, target: Resource) -> frozenset[str]:
    """Permissions on a resource of a catalog that the caller may grant on."""
    return _reaching(caller, region, catalog, target, option=True)


def _reaching(caller: Caller, region: str, catalog: str, target: Resource, *, option: bool) -> frozenset[str]:
    everything = actions_of(target) | {"ALL"}
    if is_admin(caller, region, catalog) or _created(caller, region, catalog, target):
        return everything
    owners = [grant for grant in state(catalog, region).grants if grant.catalog == catalog]
    direct = _sum(region, catalog, target, _of(owners, _names(caller, catalog, option)), option)
    if caller.account == catalog:
        return direct
    if not (arrived(catalog, caller.account, region) or isinstance(target, LocationRes)):
        return NOTHING  # data location permissions travel without a share (LFDG granting-location-permissions)
    whole = _sum(region, catalog, target, _of(owners, {caller.account}), option)
    if is_admin(caller, region):
        return direct | whole
    own = [grant for grant in state(caller.account, region).grants if grant.catalog == catalog]
    return direct | whole & _sum(region, catalog, target, _of(own, {caller.arn}), option)


def _names(caller: Caller, catalog: str, option: bool) -> set[str]:
    everybody = caller.account == catalog and not option
    return {caller.arn, IAM_ALLOWED_PRINCIPALS} if everybody else {caller.arn}


def _of(grants: Iterable[Grant], principals: set[str]) -> Iterator[Grant]:
    return (grant for grant in grants if grant.principal in principals)


def _sum(region: str, catalog: str, target: Resource, grants: Iterable[Grant], option: bool) -> frozenset[str]:
    along = reach(catalog, region)
    found: frozenset[str] = NOTHING
    for grant in grants:
        found |= along.gives(grant.may_grant if option else grant.permitted, grant.resource, target)
    return found


def _created(caller: Caller, region: str, catalog: str, target: Resource) -> bool:
    lake = state(catalog, region)
    match target:
        case DatabaseRes(name) | TableRes(name, None):
            return lake.creators.get((name,)) == caller.arn
        case TableRes(database, str() as table) | ColumnsRes(database, table):
            return lake.creators.get((database, table)) == caller.arn
        case TagRes(key):
            return lake.tags.creators.get(key) == caller.arn
        case _:
            return False


def check_grant(caller: Caller, region: str, catalog: str, resource: Resource, wanted: frozenset[str]) -> None:
    """AccessDeniedException unless the caller may grant or revoke `wanted` on the resource."""
    missing = wanted - {"ALL"} - grantable(caller, region, catalog, resource)
    if missing:
        raise insufficient(
            f"{caller.arn} needs the grant option of {', '.join(sorted(missing))} on {describe(resource)}"
            f" of catalog {catalog}"
        )


def check_admin(caller: Caller, region: str, account: str, what: str) -> None:
    """AccessDeniedException unless the caller administers the account's lake."""
    if not is_admin(caller, region, account):
        raise insufficient(f"{caller.arn} is no data lake administrator of {account} and may not {what}")


def check_tag(caller: Caller, region: str, catalog: str, key: str, value: str) -> None:
    """AccessDeniedException unless the caller may put this value of a tag on resources."""
    if "ASSOCIATE" not in held(caller, region, catalog, TagRes(key, (value,))):
        raise insufficient(f"{caller.arn} needs ASSOCIATE on tag {key}={value} of catalog {catalog}")


def check_catalog_call(caller: Caller, region: str, catalog: str, target: Resource, permission: str) -> None:
    """AccessDeniedException unless the caller has `permission` on a database or table; any permission lets describe."""
    has = held(caller, region, catalog, target)
    if permission in has or "ALL" in has or (permission == "DESCRIBE" and has):
        return
    if permission == "DESCRIBE" and isinstance(target, DatabaseRes) and sees_into(caller, region, catalog, target.name):
        return
    name = getattr(target, "name", None) or getattr(target, "database", "")
    raise denied(
        f"Insufficient Lake Formation permission(s): Required {permission.replace('_', ' ').title()} on {name}"
    )


def sees_into(caller: Caller, region: str, catalog: str, database: str) -> bool:
    """Whether the caller has any permission on a table of the database, which lets it see the database."""
    from moto.glue.models import glue_backends

    found = glue_backends[catalog][region].databases.get(database)
    tables = list(found.tables) if found else []
    return any(held(caller, region, catalog, TableRes(database, table)) for table in tables)


def check_location(caller: Caller, region: str, catalog: str, arn: str) -> None:
    """AccessDeniedException unless the caller may point catalog tables at a registered S3 location."""
    if "DATA_LOCATION_ACCESS" not in held(caller, region, catalog, LocationRes(arn)):
        raise denied(f"Insufficient Lake Formation permission(s) on {arn.replace('arn:aws:s3:::', 's3://')}")

