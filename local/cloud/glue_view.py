"""What a caller sees of a catalog: columns of a table, and databases that other accounts share with it.

Deliberately not here: whether the caller may see the table at all (glue_catalog).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.glue.models import glue_backends

from governance.snapshot_grants import ColumnsRes, DatabaseRes, TableRes
from local.cloud.identity import Caller
from local.cloud.lakeformation_authority import held, is_admin
from local.cloud.lakeformation_state import covering_location, s3_arn, state


def table_seen(caller: Caller, region: str, catalog: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """A table as the caller sees it: without columns on which it has nothing, marked when its location is governed."""
    seen = dict(table)
    storage = seen.get("StorageDescriptor") or {}
    location = storage.get("Location")
    covered = bool(location) and covering_location(state(catalog, region), s3_arn(location)) is not None
    seen["IsRegisteredWithLakeFormation"] = covered
    if is_admin(caller, region, catalog):
        return seen
    database, name = table["DatabaseName"].lower(), table["Name"].lower()
    if held(caller, region, catalog, TableRes(database, name)) - {"DESCRIBE"}:
        return seen

    def visible(columns: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
        return [
            column
            for column in columns or []
            if held(caller, region, catalog, ColumnsRes(database, name, (column["Name"],)))
        ]

    columns = visible(storage.get("Columns"))
    if columns or visible(seen.get("PartitionKeys")):
        seen["StorageDescriptor"] = {**storage, "Columns": columns}
        seen["PartitionKeys"] = visible(seen.get("PartitionKeys"))
    return seen


def shared_databases(caller: Caller, region: str) -> list[dict[str, Any]]:
    """Databases of other accounts that the caller may describe."""
    found = []
    for account in sorted(glue_backends):
        if account == caller.account or region not in list(glue_backends[account].keys()):
            continue
        for database in glue_backends[account][region].databases.values():
            if held(caller, region, account, DatabaseRes(database.name)):
                found.append(database.as_dict())
    return found
