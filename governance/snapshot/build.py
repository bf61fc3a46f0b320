"""Builds a snapshot piece by piece, in whatever order a source comes upon the pieces.

Owns merging: a table may arrive before its database, tags before or after the table, one grant in several
parts. Deliberately not here: reading any source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from governance.errors import MeshError
from governance.snapshot.grants import Grant, Resource
from governance.snapshot.model import (
    Catalog,
    Column,
    Database,
    DataCellsFilter,
    LakeSettings,
    LFTag,
    LinkTarget,
    Location,
    Organization,
    Role,
    Snapshot,
    Table,
    TableId,
    tags,
)

TagValues = Mapping[str, str]


@dataclass
class _Lake:
    """One account while it is being built."""

    settings: LakeSettings = field(default_factory=LakeSettings)
    databases: dict[str, Database] = field(default_factory=dict)
    tables: dict[tuple[str, str], Table] = field(default_factory=dict)
    tags: dict[str, LFTag] = field(default_factory=dict)
    filters: dict[tuple[str, str, str], DataCellsFilter] = field(default_factory=dict)
    locations: dict[str, Location] = field(default_factory=dict)
    on_database: dict[str, dict[str, str]] = field(default_factory=dict)
    on_table: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    on_column: dict[tuple[str, str, str], dict[str, str]] = field(default_factory=dict)


class SnapshotBuilder:
    """Collects what a source finds; :meth:`build` gives the frozen snapshot.

    Adding the same thing twice replaces it; tags and grants add up.
    """

    def __init__(self) -> None:
        self._lakes: dict[str, _Lake] = {}
        self._grants: dict[tuple[str, str, str, Resource], Grant] = {}
        self._roles: dict[str, Role] = {}
        self._accepted: set[tuple[str, str]] = set()
        self.organization = Organization()

    def account(self, account: str) -> None:
        """Make the account known, though nothing be in it."""
        self._lake(account)

    def settings(self, account: str, settings: LakeSettings) -> None:
        """Set the account's Lake Formation settings."""
        self._lake(account).settings = settings

    def database(
        self,
        account: str,
        name: str,
        *,
        tags_: TagValues | None = None,
        location: str | None = None,
        creator: str | None = None,
        link: LinkTarget | None = None,
    ) -> None:
        """Add a database, or with `link` a resource link to one."""
        lake = self._lake(account)
        lake.databases[name.lower()] = Database(name, location=location, creator=creator, link=link)
        self.tag_database(account, name, tags_ or {})

    def table(
        self,
        account: str,
        database: str,
        name: str,
        columns: Iterable[Column] = (),
        *,
        tags_: TagValues | None = None,
        location: str | None = None,
        creator: str | None = None,
        link: LinkTarget | None = None,
    ) -> TableId:
        """Add a table, or with `link` a resource link to one; returns its address."""
        key = (database.lower(), name.lower())
        made = Table(name, tuple(columns), location=location, creator=creator, link=link)
        self._lake(account).tables[key] = made
        self.tag_table(account, database, name, tags_ or {})
        return TableId(account, *key)

    def tag_database(self, account: str, name: str, values: TagValues) -> None:
        """Put LF-tags on a database."""
        self._lake(account).on_database.setdefault(name.lower(), {}).update(values)

    def tag_table(self, account: str, database: str, name: str, values: TagValues) -> None:
        """Put LF-tags on a table."""
        self._lake(account).on_table.setdefault((database.lower(), name.lower()), {}).update(values)

    def tag_columns(
        self, account: str, database: str, table: str, columns: Iterable[str], values: TagValues
    ) -> None:
        """Put LF-tags on columns of a table."""
        lake = self._lake(account)
        for column in columns:
            key = (database.lower(), table.lower(), column.lower())
            lake.on_column.setdefault(key, {}).update(values)

    def tag(self, account: str, key: str, values: Iterable[str], creator: str | None = None) -> None:
        """Define an LF-tag; further values of a known tag are added."""
        lake = self._lake(account)
        known = lake.tags.get(key.lower())
        lake.tags[key.lower()] = LFTag(
            key, (*values, *(known.values if known else ())), creator or (known.creator if known else None)
        )

    def filter(self, account: str, cells: DataCellsFilter) -> None:
        """Add a data cells filter."""
        self._lake(account).filters[cells.database, cells.table, cells.name] = cells

    def location(self, account: str, arn: str, role: str | None = None, *, hybrid: bool = False) -> None:
        """Register an Amazon S3 location."""
        made = Location(arn, role, hybrid)
        self._lake(account).locations[made.arn] = made

    def grant(
        self,
        account: str,
        principal: str,
        resource: Resource,
        permissions: Iterable[str],
        *,
        grantable: Iterable[str] = (),
        catalog: str | None = None,
    ) -> None:
        """Add a grant made in `account` on a resource of `catalog` (the same account unless said)."""
        key = (account, catalog or account, principal, resource)
        known = self._grants.get(key)
        self._grants[key] = Grant(
            *key,
            (*permissions, *(known.permissions if known else ())),
            (*grantable, *(known.grantable if known else ())),
        )

    def role(self, arn: str, policies: Iterable[str] = (), boundary: str | None = None) -> None:
        """Add a role's policy documents (JSON texts); those of a known role add up."""
        known = self._roles.get(arn, Role(arn))
        self._roles[arn] = Role(arn, (*known.policies, *policies), boundary or known.boundary)

    def accept(self, owner: str, recipient: str) -> None:
        """Note that the recipient accepted the owner's RAM shares."""
        self._accepted.add((owner, recipient))

    def build(self) -> Snapshot:
        """The frozen snapshot, sorted.

        Raises
        ------
        MeshError
            When a table has no database, or tags are put on something that does not exist.
        """
        return Snapshot(
            catalogs=tuple(self._catalog(account) for account in sorted(self._lakes)),
            grants=tuple(sorted(self._grants.values(), key=str)),
            roles=tuple(self._roles[arn] for arn in sorted(self._roles)),
            organization=self.organization,
            accepted=tuple(sorted(self._accepted)),
        )

    def _lake(self, account: str) -> _Lake:
        return self._lakes.setdefault(account, _Lake())

    def _catalog(self, account: str) -> Catalog:
        lake = self._lakes[account]
        tables: dict[str, list[Table]] = {name: [] for name in lake.databases}
        for (database, name), table in sorted(lake.tables.items()):
            if database not in tables:
                raise MeshError(f"the database of table {name} does not exist", f"{account}:{database}")
            columns = tuple(
                replace(
                    each,
                    tags=tags({**dict(each.tags), **lake.on_column.get((database, name, each.name), {})}),
                )
                for each in table.columns
            )
            own = tags(lake.on_table.get((database, name), {}))
            tables[database].append(replace(table, columns=columns, tags=own))
        unknown = [
            *(database for database, values in lake.on_database.items() if values and database not in tables),
            *(".".join(key) for key, values in lake.on_table.items() if values and key not in lake.tables),
            *(
                ".".join(key)
                for key in lake.on_column
                if (holder := lake.tables.get(key[:2])) is None or holder.column(key[2]) is None
            ),
        ]
        if unknown:
            raise MeshError("tags are put on what does not exist", f"{account}:{unknown[0]}")
        return Catalog(
            account=account,
            databases=tuple(
                replace(each, tables=tuple(tables[name]), tags=tags(lake.on_database.get(name, {})))
                for name, each in sorted(lake.databases.items())
            ),
            tags=tuple(lake.tags[key] for key in sorted(lake.tags)),
            filters=tuple(lake.filters[key] for key in sorted(lake.filters)),
            locations=tuple(lake.locations[arn] for arn in sorted(lake.locations)),
            settings=lake.settings,
        )
