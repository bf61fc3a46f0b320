"""Grants: what the program intends against what the catalogs hold.

Owns telling a grant nobody intends from one that Lake Formation gives to a creator, and from one that is none
of the mesh's business. Deliberately not here: everything that is no grant (verify).
"""

from __future__ import annotations

from dataclasses import replace

from governance.snapshot import Snapshot
from governance.snapshot.grants import (
    CatalogRes,
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    Grant,
    LocationRes,
    TableRes,
    TagPolicyRes,
    TagRes,
)


def compare_grants(intended: Snapshot, held: Snapshot) -> tuple[list[Grant], list[Grant], int]:
    """Grants that are missing, grants that are unmanaged, and how many others are none of the mesh's.

    Each with only the permissions that are missing or unmanaged.
    """
    want = {_key(grant): grant for grant in intended.grants}
    have = {_key(grant): grant for grant in held.grants}
    missing, unmanaged, elsewhere = [], [], 0
    for key, grant in want.items():
        left = _less(grant, have.get(key))
        if left is not None:
            missing.append(left)
    for key, grant in have.items():
        left = _less(grant, want.get(key))
        if left is None or _by_creation(intended, held, grant):
            continue
        if _ours(intended, grant):
            unmanaged.append(left)
        else:
            elsewhere += 1
    return missing, unmanaged, elsewhere


def _key(grant: Grant) -> tuple[object, ...]:
    return (grant.account, grant.catalog, grant.principal, grant.resource)


def _less(grant: Grant, other: Grant | None) -> Grant | None:
    """What a grant gives beyond another, or None when that is nothing; ALL counts as what it stands for."""
    if other is None:
        return grant
    permissions = grant.permitted - other.permitted
    option = grant.may_grant - other.may_grant
    if not permissions and not option:
        return None
    return replace(grant, permissions=tuple(permissions), grantable=tuple(option))


def _by_creation(intended: Snapshot, held: Snapshot, grant: Grant) -> bool:
    """Whether the grant is what Lake Formation gives to whoever made the resource (LFDG implicit-permissions)."""
    for snapshot in (intended, held):
        catalog = snapshot.catalog(grant.catalog)
        match grant.resource:
            case DatabaseRes(name):
                database = catalog.database(name)
                creator = database.creator if database else None
            case TableRes(database_name, str(name)) | ColumnsRes(database_name, name):
                database = catalog.database(database_name)
                table = database.table(name) if database else None
                creator = table.creator if table else None
            case TagRes(key):
                creator = next((tag.creator for tag in catalog.tags if tag.key == key), None)
            case _:
                creator = None
        if creator is not None and creator == grant.principal:
            return True
    return False


def _ours(intended: Snapshot, grant: Grant) -> bool:
    """Whether a grant is on something of the mesh, or to somebody of it."""
    if any(role.arn == grant.principal for role in intended.roles):
        return True
    catalog = intended.catalog(grant.catalog)
    match grant.resource:
        case CatalogRes():
            return True
        case DatabaseRes(name) | TableRes(name) | ColumnsRes(name) | FilterRes(name):
            return catalog.database(name) is not None
        case LocationRes(arn):
            places = [each.arn for each in catalog.locations]
            return any(
                f"{a}/".startswith(f"{b}/") for place in places for a, b in ((arn, place), (place, arn))
            )
        case TagRes(key):
            return any(tag.key == key for tag in catalog.tags)
        case TagPolicyRes(_, expression):
            keys = {tag.key for tag in catalog.tags}
            return any(key in keys for key, _ in expression)
