"""Athena's view of the Glue Data Catalog: databases and tables as the caller may see them.

Owns GetDatabase, ListDatabases, GetTableMetadata and ListTableMetadata. Deliberately not here: queries
(athena).
"""

from __future__ import annotations

import json
from typing import Any

from moto.athena.exceptions import MetadataException
from moto.athena.responses import AthenaResponse

from local.cloud.athena import access as athena_access
from local.cloud.athena import catalog as athena_catalog
from local.cloud.athena.caller import current
from local.cloud.athena.errors import QueryFailed
from local.cloud.athena.sql import Name


def page(key: str, items: list[Any], self: AthenaResponse, size: int) -> dict[str, Any]:
    start, size = int(self._get_param("NextToken") or 0), int(self._get_param("MaxResults") or size)
    answer: dict[str, Any] = {key: items[start : start + size]}
    if start + size < len(items):
        answer["NextToken"] = str(start + size)
    return answer


def _metadata(self: AthenaResponse, database: str, table: str) -> dict[str, Any] | None:
    """Return a table's metadata as the caller may see it, or None."""
    caller = current(self)
    catalog = self._get_param("CatalogName") or ""
    try:
        name = Name((catalog.lower(), database.lower(), table.lower()))
        found = athena_catalog.find(caller.account, self.region, name, "")
        seen, access = athena_access.relation(caller, found)
    except QueryFailed:
        return None
    shown = seen.columns if access.grants else found.all_columns

    def columns(named: Any) -> list[dict[str, str]]:
        return [{"Name": each, "Type": kind} for each, kind in named.items() if each in shown]

    return {
        "Name": found.name,
        "TableType": found.kind,
        "Columns": columns(found.columns),
        "PartitionKeys": columns(found.partition_keys),
        "Parameters": {
            **found.parameters,
            "location": found.location,
            "serde.serialization.lib": found.serde,
        },
    }


def get_table_metadata(self: AthenaResponse) -> str:
    """GetTableMetadata."""
    database, table = self._get_param("DatabaseName"), self._get_param("TableName")
    found = _metadata(self, database, table)
    if found is None:
        raise MetadataException(
            "An error occurred (EntityNotFoundException) when calling the GetTable operation: "
            f"Entity Not Found: table {table} of {database}"
        )
    return json.dumps({"TableMetadata": found})


def list_table_metadata(self: AthenaResponse) -> str:
    """ListTableMetadata: the tables that the caller may see."""
    database, words = self._get_param("DatabaseName"), self._get_param("Expression") or ""
    linked = athena_catalog.follow_database(self.current_account, self.region, database.lower())
    titles = athena_catalog.names(linked[0], self.region, linked[1]) if linked else iter(())
    found = [_metadata(self, database, title) for title in titles if words.strip("*.") in title]
    return json.dumps(page("TableMetadataList", [each for each in found if each], self, 50))


def _databases(self: AthenaResponse) -> list[dict[str, Any]]:
    caller = current(self)
    account = athena_catalog.catalog_account(
        caller.account, self.region, self._get_param("CatalogName") or ""
    )
    known = athena_catalog.glue(account, self.region).databases if account else {}
    return [
        {
            "Name": name,
            "Description": of.input.get("Description") or "",
            "Parameters": of.input.get("Parameters") or {},
        }
        for name, of in sorted(known.items())
        if athena_access.permitted(caller, "DESCRIBE", account or "", name)
    ]


def list_databases(self: AthenaResponse) -> str:
    """ListDatabases: those of the Glue catalog that the caller may see."""
    return json.dumps(page("DatabaseList", _databases(self), self, 50))


def get_database(self: AthenaResponse) -> str:
    """GetDatabase."""
    wanted = (self._get_param("DatabaseName") or "").lower()
    for found in _databases(self):
        if found["Name"].lower() == wanted:
            return json.dumps({"Database": found})
    raise MetadataException(
        "An error occurred (EntityNotFoundException) when calling the GetDatabase operation: "
        f"Database {wanted} not found."
    )
