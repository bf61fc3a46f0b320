"""Tables of the Glue Data Catalog as a query names them, and the resource links on the way to their owner.

Owns name resolution over moto's Glue backends. Deliberately not here: whether the caller may see what is
found (access).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from moto.athena.models import athena_backends
from moto.glue.models import GlueBackend, glue_backends

from local.cloud.athena.errors import named, schema_not_found, table_not_found
from local.cloud.athena.sql import Name

DEFAULT_CATALOG = "awsdatacatalog"

_FORMATS = (("json", "json"), ("opencsv", "csv"), ("lazysimple", "csv"), ("parquet", "parquet"))


@dataclass(frozen=True)
class Link:
    """A resource link that was followed: to a database (`table` None) or to a table."""

    catalog: str
    database: str
    table: str | None = None


@dataclass(frozen=True)
class CatalogTable:
    """A table where it lives, and the links that led there.

    Attributes
    ----------
    catalog, region
        Account and Region of the owning catalog.
    columns, partition_keys
        Lower-case name to Hive type, in order.
    partitions
        Location and values of each registered partition.
    links
        Resource links followed, the caller's first.
    """

    catalog: str
    region: str
    database: str
    name: str
    location: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    partition_keys: Mapping[str, str] = field(default_factory=dict)
    partitions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    format: str = "parquet"
    serde: str = ""
    serde_parameters: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    table_id: str = ""
    links: tuple[Link, ...] = ()

    @cached_property
    def all_columns(self) -> dict[str, str]:
        """Columns and partition keys, keys last, as `SELECT *` returns them."""
        return {**self.columns, **self.partition_keys}

    @property
    def arn(self) -> str:
        """ARN of the table in its owner's catalog."""
        return f"arn:aws:glue:{self.region}:{self.catalog}:table/{self.database}/{self.name}"


def glue(account: str, region: str) -> GlueBackend:
    """Return the Glue backend of an account."""
    backend: GlueBackend = glue_backends[account][region]
    return backend


def catalog_account(account: str, region: str, name: str) -> str | None:
    """Return the account behind a data catalog's name, or None for a catalog nobody registered."""
    if name.lower() in (DEFAULT_CATALOG, "hive", ""):
        return account
    for registered in athena_backends[account][region].data_catalogs.values():
        if registered.name.lower() == name.lower():
            parameters = registered.parameters if isinstance(registered.parameters, dict) else {}
            return str(parameters.get("catalog-id", account))
    return None


def find(account: str, region: str, name: Name, database: str) -> CatalogTable:
    """Return the table that a caller of an account means.

    Parameters
    ----------
    name
        One to three parts: table, database.table or catalog.database.table.
    database
        Used for a name of one part.

    Raises
    ------
    QueryFailed
        SCHEMA_NOT_FOUND or TABLE_NOT_FOUND at the name's position.
    """
    *catalogs, schema, table = ("", *name.parts) if len(name.parts) == 1 else name.parts
    schema = schema or database.lower()
    if not schema:
        raise named("SYNTAX_ERROR", "Schema must be specified when session schema is not set", name.at)
    owner = catalog_account(account, region, catalogs[0] if catalogs else "")
    if owner is None or len(catalogs) > 1:
        raise named("CATALOG_NOT_FOUND", f"Catalog '{'.'.join(catalogs)}' does not exist", name.at)
    links: list[Link] = []
    linked = follow_database(owner, region, schema)
    if linked is None:
        raise schema_not_found(schema, name.at)
    if linked != (owner, schema):
        links.append(Link(owner, schema))
    found = lookup(*linked, region, table)
    target = found and found.get("TargetTable")
    if target:
        links.append(Link(*linked, table))
        linked, table = (target["CatalogId"], target["DatabaseName"].lower()), target["Name"].lower()
        found = lookup(*linked, region, table)
    if found is None:
        raise table_not_found(schema, name.parts[-1], name.at)
    return _table(linked[0], linked[1], region, table, found, tuple(links))


def follow_database(account: str, region: str, database: str) -> tuple[str, str] | None:
    """Return account and name of the database that a name leads to, over at most one link, or None."""
    backend = glue(account, region)
    known = {name.lower(): found for name, found in backend.databases.items()}
    if database not in known:
        return None
    target = known[database].input.get("TargetDatabase")
    if not target:
        return account, database
    return str(target["CatalogId"]), str(target["DatabaseName"]).lower()


def lookup(account: str, database: str, region: str, table: str) -> dict[str, Any] | None:
    """Return a table's definition as Glue gives it, or None."""
    for name, found in glue(account, region).databases.items():
        if name.lower() == database.lower():
            for title, each in found.tables.items():
                if title.lower() == table.lower():
                    definition: dict[str, Any] = each.as_dict()
                    return definition
    return None


def names(account: str, region: str, database: str) -> Iterator[str]:
    """Yield the names of a database's tables, sorted."""
    for name, found in glue(account, region).databases.items():
        if name.lower() == database.lower():
            yield from sorted(found.tables)


def _table(
    account: str, database: str, region: str, name: str, found: dict[str, Any], links: tuple[Link, ...]
) -> CatalogTable:
    storage = found.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    library = str(serde.get("SerializationLibrary") or storage.get("InputFormat") or "parquet")
    partitions = glue(account, region).databases
    stored = next(base.tables for title, base in partitions.items() if title.lower() == database)
    own = next(each for title, each in stored.items() if title.lower() == name)
    return CatalogTable(
        catalog=account,
        region=region,
        database=database,
        name=name,
        location=str(storage.get("Location") or ""),
        columns=_columns(storage.get("Columns")),
        partition_keys=_columns(found.get("PartitionKeys")),
        partitions=tuple(
            (
                str((each.partition_input.get("StorageDescriptor") or {}).get("Location") or ""),
                tuple(str(value) for value in each.values),
            )
            for each in own.partitions.values()
        ),
        format=next((kind for word, kind in _FORMATS if word in library.lower()), "parquet"),
        serde=library,
        serde_parameters=dict(serde.get("Parameters") or {}),
        parameters={str(key): str(value) for key, value in (found.get("Parameters") or {}).items()},
        kind=str(found.get("TableType") or ""),
        links=links,
    )


def _columns(found: list[dict[str, Any]] | None) -> dict[str, str]:
    return {str(each["Name"]).lower(): str(each.get("Type") or "string") for each in found or []}
