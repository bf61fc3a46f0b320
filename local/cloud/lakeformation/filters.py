"""Data cells filters: columns and rows of a table under a name.

Deliberately not here: applying a filter to data, which the access evaluator and Athena do.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from governance.snapshot.grants import ColumnsRes, FilterRes, Grant, TableRes
from local.cloud.lakeformation.authority import check_grant
from local.cloud.lakeformation.checks import check_exists
from local.cloud.lakeformation.errors import exists, invalid, not_found
from local.cloud.lakeformation.grant_api import LakeCall, page
from local.cloud.lakeformation.state import FilterKey, state


class FilterCalls(LakeCall):
    """The calls about data cells filters."""

    def create_data_cells_filter(self) -> str:
        """Serve CreateDataCellsFilter."""
        catalog, key, table = self._described()
        filters = state(catalog, self.region).filters
        if key in filters:
            raise exists(f"Cell Filter already exists: {key[2]}")
        filters[key] = table
        return "{}"

    def update_data_cells_filter(self) -> str:
        """Serve UpdateDataCellsFilter."""
        catalog, key, table = self._described()
        filters = state(catalog, self.region).filters
        if key not in filters:
            raise not_found(f"Cell Filter not found: {key[2]}")
        filters[key] = table
        return "{}"

    def get_data_cells_filter(self) -> str:
        """Serve GetDataCellsFilter."""
        catalog, key = self._named(self.document)
        found = state(catalog, self.region).filters.get(key)
        if found is None:
            raise not_found(f"Cell Filter not found: {key[2]}")
        return json.dumps({"DataCellsFilter": found})

    def delete_data_cells_filter(self) -> str:
        """Serve DeleteDataCellsFilter; what was granted on the filter goes with it."""
        catalog, key = self._named(self.document)
        lake = state(catalog, self.region)
        if key not in lake.filters:
            raise not_found(f"Cell Filter not found: {key[2]}")
        self._may_change(catalog, key)
        del lake.filters[key]
        lake.grants.forget(lambda grant: grant.catalog == catalog and grant.resource == FilterRes(*key))
        return "{}"

    def list_data_cells_filter(self) -> str:
        """Serve ListDataCellsFilter."""
        table = self.document.get("Table") or {}
        catalog = str(table.get("CatalogId") or self.caller.account)
        found = [
            each
            for (database, name, _), each in state(catalog, self.region).filters.items()
            if (not table.get("DatabaseName") or table["DatabaseName"].lower() == database)
            and (not table.get("Name") or table["Name"].lower() == name)
        ]
        return json.dumps(page(self.document, "DataCellsFilters", found))

    def _described(self) -> tuple[str, FilterKey, dict[str, Any]]:
        """Catalog, key and document of the filter in the request, checked and in the form AWS gives back."""
        given = self.document["TableData"]
        catalog, key = self._named(given)
        self._may_change(catalog, key)
        names, wildcard = given.get("ColumnNames"), given.get("ColumnWildcard")
        if bool(names) == (wildcard is not None):
            raise invalid("Either column names or a column wildcard must be given.")
        excluded = (wildcard or {}).get("ExcludedColumnNames") or []
        if names or excluded:
            columns = {"included": tuple(names)} if names else {"excluded": tuple(excluded)}
            check_exists(self.region, catalog, ColumnsRes(key[0], key[1], **columns))
        rows = given.get("RowFilter") or {"AllRowsWildcard": {}}
        if "AllRowsWildcard" in rows:
            rows = {"AllRowsWildcard": {}, "FilterExpression": "TRUE"}
        elif not str(rows.get("FilterExpression") or "").strip():
            raise invalid("A row filter needs an expression.")
        document = {
            "TableCatalogId": catalog,
            "DatabaseName": given["DatabaseName"],
            "TableName": given["TableName"],
            "Name": given["Name"],
            "RowFilter": rows,
            "VersionId": str(uuid.uuid4().int)[:10],
        }
        if names:
            document["ColumnNames"] = sorted(names)
        else:
            document["ColumnWildcard"] = {"ExcludedColumnNames": excluded} if excluded else {}
            document["ColumnNames"] = []
        return catalog, key, document

    def _named(self, given: Mapping[str, Any]) -> tuple[str, FilterKey]:
        catalog = str(given.get("TableCatalogId") or self.caller.account)
        key = (given["DatabaseName"].lower(), given["TableName"].lower(), given["Name"])
        return catalog, key

    def _may_change(self, catalog: str, key: FilterKey) -> None:
        """Filters are for whoever may grant on the table."""
        check_exists(self.region, catalog, TableRes(key[0], key[1]))
        whole = Grant(self.caller.account, catalog, self.caller.arn, TableRes(key[0], key[1]), ("SELECT",))
        check_grant(self.caller, self.region, whole)
