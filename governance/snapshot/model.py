"""One state of a mesh as plain values: catalogs, tags, filters, links, settings, roles and shares.

Owns the types that every source of a state (recorded program, embedded cloud, live account) fills and that
the access evaluator reads. Deliberately not here: grants and the resources they name (grants),
reading and writing JSON (as_json), the mutable builder (build), and any rule about access.

All types are frozen and hashable. Names of databases, tables and columns, and the keys and values of LF-tags,
are folded to lower case on construction because the Glue Data Catalog and Lake Formation store them so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from governance.errors import MeshError
from governance.snapshot.grants import Grant

Tags = tuple[tuple[str, str], ...]
"""LF-tags of one resource: sorted (key, value) pairs, one value per key."""


def tags(values: Mapping[str, str] | Iterable[tuple[str, str]]) -> Tags:
    """Sorted, lower-cased pairs; MeshError when a key has two values (LFDG TBAC-notes: one value per key)."""
    pairs = values.items() if isinstance(values, Mapping) else values
    found: dict[str, str] = {}
    for key, value in pairs:
        key, value = key.lower(), value.lower()
        if found.setdefault(key, value) != value:
            raise MeshError(
                f"a resource can carry one value of a tag only, not '{found[key]}' and '{value}'", key
            )
    return tuple(sorted(found.items()))


class TableId(NamedTuple):
    """Where a table lives: the account that owns its catalog, its database and its name."""

    catalog: str
    database: str
    name: str

    def __str__(self) -> str:
        return f"{self.catalog}:{self.database}.{self.name}"


@dataclass(frozen=True)
class LinkTarget:
    """What a resource link points at; `table` is None for a link to a whole database."""

    catalog: str
    database: str
    table: str | None = None

    def __post_init__(self) -> None:
        _fold(self, "database", "table")


@dataclass(frozen=True)
class Column:
    """A column (or partition key) with the LF-tags put on itself; what it inherits is not repeated here."""

    name: str
    type: str = "string"
    tags: Tags = ()

    def __post_init__(self) -> None:
        _fold(self, "name")
        if self.tags:
            object.__setattr__(self, "tags", tags(self.tags))


@dataclass(frozen=True)
class Table:
    """A table, or with `link` set a resource link to one. Partition keys are the last of `columns`."""

    name: str
    columns: tuple[Column, ...] = ()
    tags: Tags = ()
    location: str | None = None
    creator: str | None = None
    link: LinkTarget | None = None

    def __post_init__(self) -> None:
        _fold(self, "name")
        if self.tags:
            object.__setattr__(self, "tags", tags(self.tags))

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """Names in the table's own order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column | None:
        """The column of that name, whatever its case."""
        return next((column for column in self.columns if column.name == name.lower()), None)


@dataclass(frozen=True)
class Database:
    """A database, or with `link` set a resource link to one (then it has no tables of its own)."""

    name: str
    tables: tuple[Table, ...] = ()
    tags: Tags = ()
    location: str | None = None
    creator: str | None = None
    link: LinkTarget | None = None

    def __post_init__(self) -> None:
        _fold(self, "name")
        if self.tags:
            object.__setattr__(self, "tags", tags(self.tags))

    @cached_property
    def by_name(self) -> Mapping[str, Table]:
        """Tables by name."""
        return {table.name: table for table in self.tables}

    def table(self, name: str) -> Table | None:
        """The table of that name, whatever its case."""
        return self.by_name.get(name.lower())


@dataclass(frozen=True)
class LFTag:
    """Definition of an LF-tag: its key and the values it may take."""

    key: str
    values: tuple[str, ...]
    creator: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.key.lower())
        object.__setattr__(self, "values", tuple(sorted({value.lower() for value in self.values})))


@dataclass(frozen=True)
class DataCellsFilter:
    """Columns and rows of one table under a name.

    `included` None means all columns but `excluded`; `row_filter` None means all rows.
    """

    database: str
    table: str
    name: str
    included: tuple[str, ...] | None = None
    excluded: tuple[str, ...] = ()
    row_filter: str | None = None

    def __post_init__(self) -> None:
        _fold(self, "database", "table")
        for part in ("included", "excluded"):
            names: tuple[str, ...] | None = getattr(self, part)
            if names is not None:
                object.__setattr__(self, part, tuple(sorted({name.lower() for name in names})))
        if self.included is not None and self.excluded:
            raise MeshError(
                "name the columns to include or those to exclude, not both", f"filter {self.name}"
            )


@dataclass(frozen=True)
class Location:
    """A registered Amazon S3 location; `arn` has no trailing slash or star."""

    arn: str
    role: str | None = None
    hybrid: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "arn", self.arn.rstrip("*").rstrip("/"))


@dataclass(frozen=True)
class LakeSettings:
    """Lake Formation settings of one account and Region.

    The two `*_defaults` are the permissions that IAMAllowedPrincipals receives on new databases and tables.
    """

    admins: tuple[str, ...] = ()
    cross_account_version: int = 1
    database_defaults: tuple[str, ...] = ()
    table_defaults: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for part in ("admins", "database_defaults", "table_defaults"):
            object.__setattr__(self, part, tuple(sorted(set(getattr(self, part)))))


@dataclass(frozen=True)
class Catalog:
    """The Data Catalog of one account, with what Lake Formation keeps per account (but grants)."""

    account: str
    databases: tuple[Database, ...] = ()
    tags: tuple[LFTag, ...] = ()
    filters: tuple[DataCellsFilter, ...] = ()
    locations: tuple[Location, ...] = ()
    settings: LakeSettings = LakeSettings()

    @cached_property
    def by_name(self) -> Mapping[str, Database]:
        """Databases and database links by name."""
        return {database.name: database for database in self.databases}

    @cached_property
    def filter_by_name(self) -> Mapping[tuple[str, str, str], DataCellsFilter]:
        """Data cells filters by (database, table, name)."""
        return {(each.database, each.table, each.name): each for each in self.filters}

    def database(self, name: str) -> Database | None:
        """The database or link of that name, whatever its case."""
        return self.by_name.get(name.lower())


@dataclass(frozen=True)
class Role:
    """An IAM role with its identity policies as JSON documents, inline and attached alike."""

    arn: str
    policies: tuple[str, ...] = ()
    boundary: str | None = None


@dataclass(frozen=True)
class Organization:
    """Accounts of one AWS Organization in which RAM sharing with the organization is enabled."""

    arn: str = ""
    accounts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "accounts", tuple(sorted(set(self.accounts))))


@dataclass(frozen=True)
class Snapshot:
    """Everything that decides who can read what.

    `accepted` holds (owner account, recipient account) pairs whose RAM shares were accepted by hand; accounts
    of one `organization` need no acceptance.
    """

    catalogs: tuple[Catalog, ...] = ()
    grants: tuple[Grant, ...] = ()
    roles: tuple[Role, ...] = ()
    organization: Organization = Organization()
    accepted: tuple[tuple[str, str], ...] = ()

    @cached_property
    def by_account(self) -> Mapping[str, Catalog]:
        """Catalogs by account."""
        return {catalog.account: catalog for catalog in self.catalogs}

    def catalog(self, account: str) -> Catalog:
        """The account's catalog; an account nobody described is one with nothing in it."""
        return self.by_account.get(account) or Catalog(account)

    def table(self, where: TableId) -> Table | None:
        """The table at an address, or None."""
        database = self.catalog(where.catalog).database(where.database)
        return database.table(where.name) if database else None

    @cached_property
    def table_ids(self) -> tuple[TableId, ...]:
        """Every table that is no link, sorted."""
        return tuple(
            sorted(
                TableId(catalog.account, database.name, table.name)
                for catalog in self.catalogs
                for database in catalog.databases
                if database.link is None
                for table in database.tables
                if table.link is None
            )
        )


def _fold(item: object, *names: str) -> None:
    """Lower the case of the named fields of a frozen dataclass."""
    for name in names:
        value: str | None = getattr(item, name)
        if value is not None and not value.islower():
            object.__setattr__(item, name, value.lower())
