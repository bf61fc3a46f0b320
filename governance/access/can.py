"""Whether a principal may do one thing with one resource: describe, create, alter, drop, write, point at.

Owns every permission but the reading of cells (access). Deliberately not here: IAM permissions for the API
calls (iam) and the granting of permissions (grants).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from governance.access.cells import Step, cells, created, table_actions
from governance.access.chain import holdings
from governance.access.holdings import GRANTABLE, HELD, Entry, Holdings, Missing
from governance.access.index import Index, index_of
from governance.access.principals import role_arn, short
from governance.snapshot import Snapshot, TableId
from governance.snapshot.grants import (
    DATABASE_ACTIONS,
    CatalogRes,
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    LocationRes,
    Resource,
    TableRes,
    TagRes,
    actions_of,
    describe,
)

Actions = dict[str, tuple[Step, ...]]

LINK_ACTIONS = frozenset({"DESCRIBE", "DROP"})
"""All there is to hold on a resource link (LFDG lf-permissions-reference)."""

TAG_CONTROL = frozenset({"ALTER", "DESCRIBE", "DROP", "GRANT_WITH_LF_TAG_EXPRESSION"})
"""What a data lake administrator may do with any LF-tag of its account."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Answer to one question, with the steps that allow it or the first missing link."""

    steps: tuple[Step, ...] = ()
    missing: Missing | None = None

    @property
    def allowed(self) -> bool:
        """Whether it may be done."""
        return self.missing is None

    @property
    def chain(self) -> tuple[str, ...]:
        """The steps in words."""
        return tuple(str(step) for step in self.steps)


def can(snapshot: Snapshot, principal: str, action: str, resource: Resource, catalog: str) -> Decision:
    """Whether a principal may act on a resource of a catalog.

    SELECT on a :class:`TableRes` means some column of it; on a :class:`ColumnsRes` every column named. Rows
    may be limited in both; :func:`governance.access.readable` tells. CREATE_TABLE is asked of the database,
    and does not ask for DATA_LOCATION_ACCESS, which is a question of its own.
    """
    index = index_of(snapshot)
    principal = role_arn(principal, (role.arn for role in snapshot.roles))
    if action not in actions_of(resource):
        taken = ", ".join(sorted(actions_of(resource)))
        text = f"{action} is no permission on a {describe(resource)}; there are {taken}"
        return Decision(missing=Missing("no-such-action", text))
    held = holdings(index, principal, catalog)
    unknown = _unknown(index, resource, catalog)
    if unknown is not None:
        return Decision(missing=unknown)
    steps = actions(index, held, resource).get(action)
    if steps is not None:
        return Decision(steps)
    text = f"{short(principal)} holds no {action} on {describe(resource)} of account {catalog}"
    return Decision(missing=Missing("no-grant", text))


def actions(index: Index, held: Holdings, resource: Resource, mode: str = HELD) -> Actions:
    """Everything a principal may do with a resource (or may grant on, in mode GRANTABLE), with steps."""
    match resource:
        case DatabaseRes(name):
            found = database_actions(index, held, name, mode)
        case TableRes(database, None):
            found = _simple(held, [*held.named.get((database, None), ())], mode)
        case TableRes(database, name) | ColumnsRes(database, name) | FilterRes(database, name):
            found = _table(index, held, resource, database, str(name), mode)
        case LocationRes(arn):
            found = _location(held, arn, mode)
        case TagRes():
            found = _tag(index, held, resource, mode)
        case CatalogRes():
            found = _simple(held, _of(held, resource), mode)
        case _:
            found = {}
    return {**_implicit(index, held, resource), **found} if mode == HELD else found


def _implicit(index: Index, held: Holdings, resource: Resource) -> Actions:
    """What a data lake administrator has in its own account without any grant.

    LFDG implicit-permissions: DESCRIBE on all resources, data locations everywhere, creation of databases;
    not SELECT, ALTER or DROP on what others made. LFDG TBAC-adding-tag-creator: administrators create,
    update and delete LF-tags, but need a grant to ASSOCIATE those they did not make.
    """
    if held.account is not None or not index.is_admin(held.principal, held.catalog):
        return {}
    step = f"{short(held.principal)} is data lake administrator of account {held.catalog}"
    match resource:
        case CatalogRes():
            return {"CREATE_DATABASE": (step,), "CREATE_LF_TAG": (step,)}
        case LocationRes():
            return {"DATA_LOCATION_ACCESS": (step,)}
        case TagRes():
            return dict.fromkeys(TAG_CONTROL, (step,))
        case ColumnsRes():
            return {}
        case _:
            return {"DESCRIBE": (step,)}


def database_actions(index: Index, held: Holdings, name: str, mode: str = HELD) -> Actions:
    """Actions on a database or database link.

    LFDG granting-table-permissions: a grant on all tables of a database brings DESCRIBE on the database; a
    grant on a single table is not said to, and does not here. LFDG implicit-permissions: who made a
    database has all permissions on it, but none on tables that others make in it. DATABASE policies reach
    databases, TABLE policies do not (best practices lf-tags/limitations).
    """
    database = index.snapshot.catalog(held.catalog).database(name)
    if database is None:
        return {}
    entries: list[Entry] = [*held.databases.get(name, ())]
    number = index.database_tags.get((held.catalog, name))
    if number is not None:
        entries.extend(held.tagged_databases.get(number, ()))
    found = _simple(held, entries, mode, lambda share: database_actions(index, share, name, GRANTABLE))
    found.update(_describing(index, held, name, mode, found))
    own = held.account is None and database.creator is not None and database.creator == held.principal
    if own:
        for action in DATABASE_ACTIONS:
            found.setdefault(action, (created(held, "database"),))
    if database.link is not None:
        return {action: steps for action, steps in found.items() if action in LINK_ACTIONS}
    return found


def _describing(index: Index, held: Holdings, name: str, mode: str, found: Actions) -> Actions:
    """DESCRIBE on a database from a grant on all its tables."""
    if "DESCRIBE" in found or mode == GRANTABLE:
        return {}
    for entry in held.named.get((name, None), ()):
        if entry.cap and held.account is not None:
            under = database_actions(index, held.account, name).get("DESCRIBE")
            if entry.held and under is not None:
                return {"DESCRIBE": (*under, *entry.steps)}
        elif entry.held:
            return {"DESCRIBE": entry.steps}
    return {}


def _table(index: Index, held: Holdings, resource: Resource, database: str, name: str, mode: str) -> Actions:
    shape = index.shapes.get(TableId(held.catalog, database, name))
    if shape is None:  # a link to a table: only DESCRIBE and DROP by name
        entries = [*held.named.get((database, name), ()), *held.named.get((database, None), ())]
        found = _simple(held, entries, mode)
        return {action: steps for action, steps in found.items() if action in LINK_ACTIONS}
    if isinstance(resource, FilterRes):
        return _simple(held, _of(held, resource), mode)
    found = table_actions(index, held, shape, mode)
    if isinstance(resource, ColumnsRes) and "SELECT" in found:
        return {"SELECT": found["SELECT"]} if _all_columns(index, held, resource, mode) else {}
    return found


def _all_columns(index: Index, held: Holdings, resource: ColumnsRes, mode: str) -> bool:
    shape = index.shapes[TableId(held.catalog, resource.database, resource.table)]
    wanted = set(shape.columns if resource.included is None else resource.included) - set(resource.excluded)
    open_ = {name for opening in cells(index, held, shape, mode) for name in opening.columns}
    return bool(wanted) and wanted <= open_


def _simple(
    held: Holdings, entries: Iterable[Entry], mode: str, share: Callable[[Holdings], Actions] | None = None
) -> Actions:
    """Actions that entries give by themselves; capped ones as far as the account's share has them too."""
    found: Actions = {}
    for entry in entries:
        given = entry.gives(mode)
        if entry.cap and held.account is not None:
            same = _of(held.account, entry.resource)
            under = share(held.account) if share else _simple(held.account, same, entry.cap)
            for action in given & under.keys():
                found.setdefault(action, (*under[action], *entry.steps))
        else:
            for action in given:
                found.setdefault(action, entry.steps)
    return found


def _of(held: Holdings, resource: Resource) -> list[Entry]:
    return held.by_resource.get(resource, [])


def _location(held: Holdings, arn: str, mode: str) -> Actions:
    """Data location permission on a path.

    LFDG access-control-underlying-data: it is granted on a bucket or prefix and covers what lies below.
    LFDG regranting-locations: a recipient needs it with grant option from the account that registered the
    location. That CREATE_TABLE on a database with a location brings it is not relied on.
    """
    for entry in held.entries:
        if not isinstance(entry.resource, LocationRes) or not below(arn, entry.resource.arn):
            continue
        if "DATA_LOCATION_ACCESS" not in entry.gives(mode):
            continue
        if not entry.cap or held.account is None:
            return {"DATA_LOCATION_ACCESS": entry.steps}
        under = _location(held.account, arn, entry.cap).get("DATA_LOCATION_ACCESS")
        if under is not None:
            return {"DATA_LOCATION_ACCESS": (*under, *entry.steps)}
    return {}


def below(arn: str, prefix: str) -> bool:
    """Whether a location is the other or lies below it."""
    return arn == prefix or arn.startswith(f"{prefix}/")


def _tag(index: Index, held: Holdings, tag: TagRes, mode: str) -> Actions:
    """Actions on values of an LF-tag; all values asked for have to be covered, by one grant or several.

    LFDG TBAC-granting-tags. LFDG TBAC-creating-tags: who made the tag may do everything with it.
    """
    defined = next((each for each in index.snapshot.catalog(held.catalog).tags if each.key == tag.key), None)
    if held.account is None and defined is not None and defined.creator == held.principal:
        return dict.fromkeys(actions_of(tag), (created(held, "tag"),))
    covered: dict[str, set[str]] = {}
    steps: Actions = {}
    for entry in held.entries:
        if not isinstance(entry.resource, TagRes) or entry.resource.key != tag.key:
            continue
        for action in entry.gives(mode):
            for value in set(entry.resource.values) & set(tag.values):
                extra: tuple[Step, ...] = ()
                if entry.cap and held.account is not None:
                    under = _tag(index, held.account, TagRes(tag.key, (value,)), entry.cap).get(action)
                    if under is None:
                        continue
                    extra = under
                covered.setdefault(action, set()).add(value)
                steps[action] = tuple(dict.fromkeys((*steps.get(action, ()), *extra, *entry.steps)))
    return {action: steps[action] for action, values in covered.items() if values == set(tag.values)}


def _unknown(index: Index, resource: Resource, catalog: str) -> Missing | None:
    """Say so when what is asked about does not exist."""
    known = index.snapshot.catalog(catalog)
    match resource:
        case DatabaseRes(name) | TableRes(name, None):
            gone = known.database(name) is None
        case TableRes(database, name) | ColumnsRes(database, name) | FilterRes(database, name):
            found = known.database(database)
            gone = found is None or found.table(str(name)) is None
        case TagRes(key, values):
            defined = next((each for each in known.tags if each.key == key), None)
            gone = defined is None or not set(values) <= set(defined.values)
        case LocationRes(arn):
            gone = not any(below(arn, each.arn) for each in known.locations)
            if gone:
                text = f"{arn} is not registered in account {catalog}, so Lake Formation does not govern it"
                return Missing("not-registered", text)
        case _:
            gone = False
    if not gone:
        return None
    return Missing("unknown-resource", f"there is no {describe(resource)} in account {catalog}")
