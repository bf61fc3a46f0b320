"""Resource links: what name leads where, and whether a principal may follow it.

Deliberately not here: permissions on what the link points at (cells).
"""

from __future__ import annotations

from governance.access.chain import holdings
from governance.access.holdings import Missing
from governance.access.index import Index, Link, index_of
from governance.access.principals import short
from governance.snapshot import LinkTarget, Snapshot, TableId
from governance.snapshot.grants import Grant

ViaLink = tuple[str, ...]
"""A link as a query names it: (link database, table) or, for a link to a table, (database, link table)."""


def resolve(
    snapshot: Snapshot, account: str, database: str, table: str
) -> tuple[TableId, ViaLink | None] | None:
    """What `database.table` names in an account's catalog, followed through a link; None when nothing does.

    LFDG resource-links-about: a link's name may be used wherever the database's or table's could. Links to
    links are not followed: nothing says that they may be made.
    """
    found = snapshot.catalog(account).database(database)
    if found is None:
        return None
    via: ViaLink | None = None
    where = TableId(account, found.name, table.lower())
    if found.link is not None:
        via = (found.name, table.lower())
        where = TableId(found.link.catalog, found.link.database, table.lower())
    else:
        local = found.table(table)
        if local is not None and local.link is not None:
            via = (found.name, local.name)
            where = TableId(local.link.catalog, local.link.database, local.link.table or local.name)
    return (where, via) if where in index_of(snapshot).shapes else None


def links_to(index: Index, account: str, where: TableId) -> list[Link]:
    """Links of an account through which a table can be named, database links first."""
    found = index.links_to.get((account, where))
    if found is None:
        whole = index.links.get((account, LinkTarget(where.catalog, where.database)), [])
        single = index.links.get((account, LinkTarget(where.catalog, where.database, where.name)), [])
        found = index.links_to[account, where] = [*whole, *single]
    return found


def link_named(index: Index, account: str, via: ViaLink, where: TableId) -> Link | Missing:
    """The link a query names, if there is one and it leads to the table."""
    for link in links_to(index, account, where):
        if link.database == via[0].lower() and (link.table is None or link.table == via[-1].lower()):
            return link
    return Missing("no-link", f"account {account} has no resource link {'.'.join(via)} that leads to {where}")


def follow(index: Index, principal: str, link: Link) -> tuple[tuple[Grant | str, ...], Missing | None]:
    """Steps that let a principal use a link, or what is missing.

    LFDG granting-link-permissions: at first only who made the link sees it; others need DESCRIBE on it, and
    that gives nothing on the target. LFDG implicit-permissions: administrators may describe all of their
    catalog. LF-tags on links are not described; tag policies are taken not to reach a link.
    """
    key = (principal, link)
    found = index.link_steps.get(key)
    if found is None:
        found = index.link_steps[key] = _follow(index, principal, link)
    return found


def _follow(index: Index, principal: str, link: Link) -> tuple[tuple[Grant | str, ...], Missing | None]:
    held = holdings(index, principal, link.account)
    if held.account is not None:
        text = f"{short(principal)} is not of account {link.account} and cannot use its links"
        return (), Missing("other-account", text)
    if link.table is None:
        entries = held.databases.get(link.database, [])
        name = link.database
    else:
        named = held.named.get((link.database, link.table), [])
        entries = [*named, *held.named.get((link.database, None), [])]
        name = f"{link.database}.{link.table}"
    for entry in entries:
        if "DESCRIBE" in entry.held:
            return entry.steps, None
    database = index.snapshot.catalog(link.account).database(link.database)
    made = database.table(link.table) if database and link.table else database
    if made is not None and made.creator == principal:
        return (f"{short(principal)} created the resource link {name}",), None
    if index.is_admin(principal, link.account):
        return (f"{short(principal)} administers account {link.account} and may describe {name}",), None
    text = f"{short(principal)} has no DESCRIBE on the resource link {name} of account {link.account}"
    return (), Missing("no-describe-on-link", text)
