"""One account's catalog as the access evaluator sees it.

Owns reading Glue's and Lake Formation's state into `governance.snapshot.Catalog`. A table is read again only
when its version, its tags or its creator changed, so that a large lake costs little per change. Deliberately
not here: grants, roles and shares, and when a snapshot is made (lake).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.glue.models import glue_backends

from governance.snapshot import (
    Catalog,
    Column,
    Database,
    DataCellsFilter,
    LakeSettings,
    LFTag,
    LinkTarget,
    Location,
    Table,
    tags,
)
from local.cloud.lakeformation.state import LakeState, glue_columns


def catalog(lake: LakeState, region: str) -> Catalog:
    """The catalog of an account and Region."""
    found = list(glue_backends[lake.account][region].databases.values())
    return Catalog(
        account=lake.account,
        databases=tuple(_database(lake, each) for each in sorted(found, key=lambda each: each.name.lower())),
        tags=tuple(
            LFTag(key, tuple(values), lake.tags.creators.get(key))
            for key, values in sorted(lake.tags.defined.items())
        ),
        filters=tuple(_filter(*key, cells) for key, cells in sorted(lake.filters.items())),
        locations=tuple(
            Location(arn, each.get("RoleArn"), bool(each.get("HybridAccessEnabled")))
            for arn, each in sorted(lake.locations.items())
        ),
        settings=_settings(lake),
    )


def _settings(lake: LakeState) -> LakeSettings:
    return LakeSettings(
        admins=tuple(lake.admins),
        cross_account_version=lake.cross_account_version,
        database_defaults=_defaults(lake.settings.get("CreateDatabaseDefaultPermissions")),
        table_defaults=_defaults(lake.settings.get("CreateTableDefaultPermissions")),
    )


def _defaults(entries: Iterable[Mapping[str, Any]] | None) -> tuple[str, ...]:
    return tuple(permission for entry in entries or () for permission in entry.get("Permissions") or ())


def _database(lake: LakeState, database: Any) -> Database:
    name = database.name.lower()
    tables = sorted(database.tables.values(), key=lambda each: str(each.name.lower()))
    return Database(
        name,
        tables=tuple(_table(lake, name, each) for each in tables),
        tags=tags(lake.tags.on((name,))),
        location=database.input.get("LocationUri"),
        creator=lake.creators.get((name,)),
        link=_link(database.input.get("TargetDatabase")),
    )


def _table(lake: LakeState, database: str, table: Any) -> Table:
    where = (database, table.name.lower())
    creator = lake.creators.get(where)
    described = table.versions[str(table._current_version)]
    stamp = (id(described), lake.tags.stamp(where), creator)
    kept: tuple[Any, Table] | None = getattr(table, "as_governed", None)
    if kept is None or kept[0] != stamp:
        made = Table(
            where[1],
            columns=tuple(
                Column(
                    column["Name"],
                    column.get("Type") or "string",
                    tags(lake.tags.on((*where, column["Name"].lower()))),
                )
                for column in glue_columns(table)
            ),
            tags=tags(lake.tags.on(where)),
            location=(described.get("StorageDescriptor") or {}).get("Location"),
            creator=creator,
            link=_link(described.get("TargetTable")),
        )
        kept = table.as_governed = (stamp, made)
    return kept[1]


def _link(target: Mapping[str, Any] | None) -> LinkTarget | None:
    if not target:
        return None
    return LinkTarget(target["CatalogId"], target["DatabaseName"], target.get("Name"))


def _filter(database: str, table: str, name: str, cells: Mapping[str, Any]) -> DataCellsFilter:
    rows, wildcard = cells["RowFilter"], cells.get("ColumnWildcard")
    return DataCellsFilter(
        database,
        table,
        name,
        included=None if wildcard is not None else tuple(cells["ColumnNames"]),
        excluded=tuple((wildcard or {}).get("ExcludedColumnNames") or ()),
        row_filter=None if "AllRowsWildcard" in rows else rows["FilterExpression"],
    )
