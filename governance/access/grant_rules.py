"""Grants that Lake Formation refuses whoever asks: wrong shape, nothing there, border not prepared.

Deliberately not here: whether the grantor holds what it grants (grants).
"""

from __future__ import annotations

from governance.access.can import below
from governance.access.chain import TAG_SHARING_VERSION
from governance.access.index import Index
from governance.access.principals import grantee_account, is_account, is_organization
from governance.access.why import touches
from governance.snapshot.grants import (
    IAM_ALLOWED_PRINCIPALS,
    CatalogRes,
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    Grant,
    LocationRes,
    TableRes,
    TagPolicyRes,
    TagRes,
    actions_of,
    describe,
)

HYBRID_VERSION = 4
SHARED_TAG_ACTIONS = frozenset({"ASSOCIATE", "DESCRIBE"})


def refused(index: Index, grant: Grant) -> str | None:
    """Why no one could make a grant as it is, or None."""
    return _shape(grant) or _existing(index, grant) or _sharing(index, grant)


def _shape(grant: Grant) -> str | None:
    """Permissions the resource does not take, and combinations no grant may have.

    LFDG lf-permissions-reference; LFDG column-filtering-intro: with the grant option columns are to be
    listed, not excluded.
    """
    taken = actions_of(grant.resource) | {"ALL", "SUPER"}
    for permission in (*grant.permissions, *grant.grantable):
        if permission not in taken:
            return f"{permission} cannot be granted on a {describe(grant.resource)}"
    if not grant.permissions and not grant.grantable:
        return "a grant needs at least one permission"
    if isinstance(grant.resource, ColumnsRes) and grant.resource.included is None and grant.grantable:
        return "SELECT with the grant option needs a list of columns to include, not to exclude"
    return None


def _existing(index: Index, grant: Grant) -> str | None:
    """What is granted on has to be there (LFDG lf-tag-considerations: tags are defined before)."""
    catalog = index.snapshot.catalog(grant.catalog)
    match grant.resource:
        case DatabaseRes(name) | TableRes(name, None):
            found = catalog.database(name) is not None
        case TableRes(database, name) | ColumnsRes(database, name):
            known = catalog.database(database)
            found = known is not None and known.table(str(name)) is not None
        case FilterRes(database, name, filter_name):
            found = (database, name, filter_name) in catalog.filter_by_name
        case LocationRes(arn):
            found = any(below(arn, each.arn) for each in catalog.locations)
        case TagRes(key, values):
            found = _defined(index, grant.catalog, key, values)
        case TagPolicyRes(_, expression):
            found = all(_defined(index, grant.catalog, key, values) for key, values in expression)
        case CatalogRes():
            found = True
    return None if found else f"{describe(grant.resource)} does not exist in account {grant.catalog}"


def _defined(index: Index, catalog: str, key: str, values: tuple[str, ...]) -> bool:
    known = index.snapshot.catalog(catalog).tags
    return any(tag.key == key and set(values) <= set(tag.values) for tag in known)


def _sharing(index: Index, grant: Grant) -> str | None:
    """What crossing an account's border asks for.

    LFDG cross-account-prereqs: no cross-account grant while IAMAllowedPrincipals hold anything on the
    resource, unless its location is in hybrid access mode (version 4 on). LFDG optimize-ram: tag grants and
    grants to single foreign principals need version 3. LFDG TBAC-granting-tags and TBAC-adding-tag-creator:
    tags go to other accounts with DESCRIBE and ASSOCIATE only, and to an account with the grant option.
    LFDG managing-filters: no DESCRIBE on a filter for others. Best practices, general-data-sharing: sharing
    is not transitive. A recipient of a lower version than 3 is refused too; AWS would let the grant be made
    and not arrive.
    """
    outside = is_organization(grant.principal)
    outside = outside or grantee_account(grant.principal, grant.account) != grant.account
    if grant.account != grant.catalog:
        return f"what {grant.catalog} shared cannot be shared on to another account" if outside else None
    if not outside:
        return None
    tag_based = isinstance(grant.resource, TagPolicyRes | TagRes)
    receiver = grantee_account(grant.principal, grant.account)
    concerned = {grant.catalog, receiver} if tag_based else {grant.catalog}
    if tag_based or not (is_account(grant.principal) or is_organization(grant.principal)):
        for account in sorted(concerned):
            if index.version(account) < TAG_SHARING_VERSION:
                version = index.version(account)
                return f"account {account} has cross-account version {version}; set it to 3 or later"
    if isinstance(grant.resource, TagRes):
        if not grant.permitted <= SHARED_TAG_ACTIONS:
            return "tags go to another account with DESCRIBE and ASSOCIATE only"
        if is_account(grant.principal) and not grant.permitted <= grant.may_grant:
            return "a grant of a tag to another account must include the grant option"
    if isinstance(grant.resource, FilterRes) and "DESCRIBE" in grant.permitted:
        return "DESCRIBE on a data filter cannot be granted to another account"
    return _opened_by_iam(index, grant)


def _opened_by_iam(index: Index, grant: Grant) -> str | None:
    opened = index.grants(grant.catalog, grant.catalog, IAM_ALLOWED_PRINCIPALS)
    catalog = index.snapshot.catalog(grant.catalog)
    for where, table in index.shapes.items():
        if where.catalog != grant.catalog or not touches(index, grant.resource, table):
            continue
        location = (table.table.location or "").replace("s3://", "arn:aws:s3:::").rstrip("/")
        hybrid = any(each.hybrid and below(location, each.arn) for each in catalog.locations)
        if hybrid and index.version(grant.catalog) >= HYBRID_VERSION:
            continue
        for each in opened:
            if touches(index, each.resource, table):
                name = f"{where.database}.{where.name}"
                return f"IAMAllowedPrincipals hold permissions on {name}; revoke them first"
    if isinstance(grant.resource, DatabaseRes) and any(each.resource == grant.resource for each in opened):
        return f"IAMAllowedPrincipals hold permissions on database {grant.resource.name}; revoke them first"
    return None
