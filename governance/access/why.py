"""Why not: the first link that is missing between a principal and a table.

Owns the codes and sentences. Deliberately not here: what is open (cells).
"""

from __future__ import annotations

from governance.access.cells import GRANTABLE, cells, named_cells, table_actions
from governance.access.holdings import Entry, Holdings, Missing
from governance.access.index import Index
from governance.access.principals import short
from governance.access.tags import Shape
from governance.snapshot.grants import ColumnsRes, FilterRes, Resource, TableRes, TagPolicyRes, describe

ORDER = (
    "unknown-table",
    "unknown-column",
    "other-account",
    "cross-account-version",
    "share-not-accepted",
    "unknown-organization",
    "no-share",
    "not-grantable",
    "not-identical",
    "no-regrant",
    "no-filter",
    "no-select",
    "tags-do-not-match",
    "no-grant",
    "column-not-granted",
    "no-link",
    "no-describe-on-link",
)
"""All codes, in the order in which the chain is gone through."""


def touches(index: Index, resource: Resource, table: Shape) -> bool:
    """Whether a grant on the resource could open a column of the table."""
    where = table.where
    match resource:
        case TableRes(database, name):
            return database == where.database and name in (None, where.name)
        case ColumnsRes(database, name) | FilterRes(database, name):
            return (database, name) == (where.database, where.name)
        case TagPolicyRes("TABLE", expression):
            matched = index.sets.matched(expression)
            return any(number in matched for number, _ in table.groups)
        case _:
            return False


def why_not(index: Index, held: Holdings, table: Shape) -> Missing:
    """The first missing link of a principal that can read nothing of a table."""
    if held.account is None:
        return _no_grant(index, held, table)
    blocked = _blocked(held, table)
    share = held.account
    if not cells(index, share, table):
        stopped = _blocked(share, table) or blocked
        if stopped is not None and stopped.code not in ("not-grantable", "not-identical"):
            return stopped
        if any(table_actions(index, share, table).values()):
            text = f"account {share.principal} holds no SELECT on this table, only other permissions"
            return Missing("no-select", text)
        text = f"account {held.catalog} shares nothing of this table with account {share.principal}"
        return _said(held, "no-share", text)
    if blocked is not None:
        return blocked
    if not cells(index, share, table, GRANTABLE):
        text = f"account {share.principal} holds SELECT on this table without the grant option"
        return Missing("not-grantable", text)
    where = table.where
    if any("SELECT" in entry.held for entry in held.near(where.database, where.name, table.groups)):
        return _no_grant(index, held, table)
    return _said(
        held,
        "no-regrant",
        f"account {share.principal} holds SELECT on this table, but its lake administrator has granted none "
        f"of it to {short(held.principal)}",
    )


def _said(held: Holdings, code: str, text: str) -> Missing:
    """One object per principal and sentence, so that a large matrix does not hold it thousands of times."""
    return held.sentences.setdefault(code, Missing(code, text))


def _blocked(held: Holdings, table: Shape) -> Missing | None:
    """The first obstacle of the grants that would open the table, were they to arrive."""
    if held.blocked is None:
        return None
    where = table.where
    found = {
        entry.missing
        for entry in held.blocked.near(where.database, where.name, table.groups)
        if entry.missing is not None and "SELECT" in entry.held
    }
    return min(found, key=lambda missing: (ORDER.index(missing.code), missing.text), default=None)


def _no_grant(index: Index, held: Holdings, table: Shape) -> Missing:
    who = short(held.principal)
    lost = _lost_filter(index, held, table)
    if lost is not None:
        return Missing("no-filter", f"{describe(lost)}, granted to {who}, does not exist")
    if held.named or held.tagged:
        actions = table_actions(index, held, table)
        if actions and "SELECT" not in actions:
            return Missing(
                "no-select", f"{who} holds {', '.join(sorted(actions))} on this table but no SELECT"
            )
    if "tagged" not in held.sentences:
        held.sentences["tagged"] = _nothing(held, who)
    return held.sentences["tagged"]


def _nothing(held: Holdings, who: str) -> Missing:
    if any(_tag_select(entry) for entry in held.entries):
        text = f"no named grant reaches {who}, and its tag policies match none of the table's columns"
        return Missing("tags-do-not-match", text)
    return Missing("no-grant", f"no grant of account {held.catalog} gives {who} SELECT on this table")


def _tag_select(entry: Entry) -> bool:
    return isinstance(entry.resource, TagPolicyRes) and "SELECT" in entry.held


def _lost_filter(index: Index, held: Holdings, table: Shape) -> Resource | None:
    for entry in held.named.get((table.where.database, table.where.name), ()):
        if isinstance(entry.resource, FilterRes) and not named_cells(index, entry.resource, table)[0]:
            return entry.resource
    return None
