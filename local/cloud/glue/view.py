"""What a caller sees of a catalog: columns of a table, and databases that other accounts share with it.

Deliberately not here: whether the caller may see the table at all (catalog).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.glue.models import glue_backends

from governance.snapshot.grants import DatabaseRes, TableRes
from local.cloud import lake
from local.cloud.identity import Caller
from local.cloud.lakeformation.authority import allowed, is_admin
from local.cloud.lakeformation.state import covering_location, s3_arn, state


def table_seen(caller: Caller, region: str, catalog: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """A table as the caller sees it, marked when its location is governed.

    Whoever may read some columns sees those; whoever may only describe, or may change the table, sees all.
    """
    seen = dict(table)
    storage = seen.get("StorageDescriptor") or {}
    location = storage.get("Location")
    covering = covering_location(state(catalog, region), s3_arn(location)) if location else None
    seen["IsRegisteredWithLakeFormation"] = covering is not None
    if caller.root or is_admin(caller, region, catalog):
        return seen
    database, name = table["DatabaseName"], table["Name"]
    whole = TableRes(database, name)
    if any(allowed(caller, region, catalog, whole, each) for each in ("ALTER", "INSERT", "DELETE", "DROP")):
        return seen
    readable = set(lake.readable(caller.arn, catalog, database, name, region=region).columns)
    if readable:
        seen["StorageDescriptor"] = {**storage, "Columns": _visible(storage.get("Columns"), readable)}
        seen["PartitionKeys"] = _visible(seen.get("PartitionKeys"), readable)
    return seen


def _visible(columns: Any, names: set[str]) -> list[dict[str, Any]]:
    return [column for column in columns or () if column["Name"].lower() in names]


def shared_databases(caller: Caller, region: str) -> list[dict[str, Any]]:
    """Databases of other accounts that the caller may describe."""
    found = []
    for account in sorted(glue_backends):
        if account == caller.account or region not in list(glue_backends[account].keys()):
            continue
        for database in glue_backends[account][region].databases.values():
            if not database.input.get("TargetDatabase") and allowed(
                caller, region, account, DatabaseRes(database.name), "DESCRIBE"
            ):
                found.append(database.as_dict())
    return found
