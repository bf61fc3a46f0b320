"""Whether a principal may put an LF-tag on a resource.

Deliberately not here: permissions on the tag's values themselves (can).
"""

from __future__ import annotations

from governance.access.can import Decision, actions, can
from governance.access.chain import holdings
from governance.access.holdings import GRANTABLE, Missing
from governance.access.index import index_of
from governance.access.principals import role_arn, short
from governance.snapshot import Snapshot
from governance.snapshot.grants import ColumnsRes, DatabaseRes, TableRes, TagRes, describe

NEEDED_ON_DATABASE = frozenset({"ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"})
NEEDED_ON_FOREIGN_DATABASE = NEEDED_ON_DATABASE - {"DROP"}
NEEDED_ON_TABLE = frozenset({"ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"})


def can_tag(
    snapshot: Snapshot,
    principal: str,
    resource: DatabaseRes | TableRes | ColumnsRes,
    tag: TagRes,
    catalog: str,
) -> Decision:
    """Whether a principal may assign (or take away) a tag value.

    LFDG TBAC-assigning-tags, "requirements for managing tags assigned to resources": ASSOCIATE on the tag,
    and to be the resource's creator or to hold, with the grant option, DESCRIBE, CREATE_TABLE, ALTER and
    DROP on a database (in an external account all but DROP), or DESCRIBE, ALTER, DROP, INSERT, SELECT and
    DELETE on a table and for its columns. LFDG TBAC-adding-tag-creator says that a data lake administrator
    may assign tags by default; it counts as an owner here, but still needs ASSOCIATE on tags it did not
    make.
    """
    index = index_of(snapshot)
    associate = can(snapshot, principal, "ASSOCIATE", tag, catalog)
    if not associate.allowed:
        return associate
    principal = role_arn(principal, (role.arn for role in snapshot.roles))
    held = holdings(index, principal, catalog)
    target: DatabaseRes | TableRes
    if isinstance(resource, DatabaseRes):
        target = resource
        needed = NEEDED_ON_DATABASE if held.account is None else NEEDED_ON_FOREIGN_DATABASE
        database = snapshot.catalog(catalog).database(resource.name)
        gone, creator = database is None, database.creator if database else None
    else:
        name = resource.name if isinstance(resource, TableRes) else resource.table
        target = TableRes(resource.database, name)
        needed = NEEDED_ON_TABLE
        database = snapshot.catalog(catalog).database(resource.database)
        table = database.table(name) if database and name else None
        gone, creator = table is None, table.creator if table else None
    if gone:
        text = f"there is no {describe(target)} in account {catalog}"
        return Decision(missing=Missing("unknown-resource", text))
    if held.account is None and (creator == principal or index.is_admin(principal, catalog)):
        return Decision((*associate.steps, f"{short(principal)} owns {describe(target)}"))
    found = actions(index, held, target, GRANTABLE)
    lacking = sorted(needed - found.keys())
    if lacking:
        text = (
            f"{short(principal)} is not the creator of {describe(target)} and lacks "
            f"{', '.join(lacking)} on it with the grant option"
        )
        return Decision(missing=Missing("not-owner", text))
    return Decision((*associate.steps, *(step for action in sorted(needed) for step in found[action])))
