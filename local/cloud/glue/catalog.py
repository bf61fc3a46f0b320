"""The Glue Data Catalog across accounts and under Lake Formation.

Owns which account's catalog a call is about (`CatalogId`, resource links), whether the caller may make it,
and what follows from it in Lake Formation: the creator's rights, the default grants to IAMAllowedPrincipals,
forgetting what was dropped. Deliberately not here: Glue's own behaviour, which stays moto's, and the decision
itself (lakeformation.authority). IAMAllowedPrincipals on a database or table lets everybody of its account
in.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import moto.glue.urls
from moto.core.responses import ActionResult
from moto.glue.models import glue_backends
from moto.glue.responses import GlueResponse

from governance.snapshot.grants import DatabaseRes, Resource, TableRes
from local.cloud import identity
from local.cloud.glue.view import shared_databases, table_seen
from local.cloud.lakeformation.authority import check_catalog_call, check_location
from local.cloud.lakeformation.errors import LakeError, denied
from local.cloud.lakeformation.lifecycle import (
    database_created,
    database_dropped,
    table_created,
    table_dropped,
    table_updated,
)
from local.cloud.lakeformation.state import covering_location, s3_arn, state

ON_DATABASE = {
    "CreateTable": "CREATE_TABLE",
    "GetTables": "",
}
"""Calls about a database by `DatabaseName`, with the permission they need on it."""

ON_TABLE = {
    **dict.fromkeys(
        ("GetTable", "GetTableVersion", "GetTableVersions", "GetPartition", "GetPartitions"), "DESCRIBE"
    ),
    **dict.fromkeys(("BatchGetPartition", "GetPartitionIndexes"), "DESCRIBE"),
    **dict.fromkeys(("DeleteTableVersion", "BatchDeleteTableVersion"), "ALTER"),
    **dict.fromkeys(
        ("CreatePartition", "BatchCreatePartition", "UpdatePartition", "BatchUpdatePartition"), "ALTER"
    ),
    **dict.fromkeys(("DeletePartition", "BatchDeletePartition"), "ALTER"),
    "DeleteTable": "DROP",
}
"""Calls about one table, with the permission they need on it."""


class CatalogResponse(GlueResponse):  # type: ignore[misc]
    """Serves Glue; the calls in the tables above go to the catalog they mean, if the caller may make them."""

    _owner: str | None = None

    @property
    def glue_backend(self) -> Any:
        """moto's backend of the account the call is about."""
        return glue_backends[self._owner or self.current_account][self.region]

    @property
    def caller(self) -> identity.Caller:
        """Who is calling."""
        return identity.current() or identity.root_of(self.current_account)

    def _target(self) -> dict[str, Any]:
        """Parameters of the call with the catalog and database it really is about."""
        document = self.parameters
        account = str(document.get("CatalogId") or self.current_account).split(":")[0]
        name = str(document["DatabaseName"]).lower()
        link = glue_backends[account][self.region].databases.get(name)
        target = link.input.get("TargetDatabase") if link else None
        if target:
            self._check(account, DatabaseRes(name), "DESCRIBE")
            account, name = str(target["CatalogId"]), str(target["DatabaseName"]).lower()
        self._owner = account
        described = document.get("TableInput") or {}
        for holder, key in ((document, "Name"), (document, "TableName"), (described, "Name")):
            if isinstance(holder.get(key), str):
                holder[key] = holder[key].lower()
        return {**document, "DatabaseName": name, "CatalogId": account}

    def _check(self, catalog: str, resource: Resource, permission: str) -> None:
        check_catalog_call(self.caller, self.region, catalog, resource, permission)

    def _governed(self, call: Callable[[Any], Any], kind: str, permission: str) -> Any:
        """Make a call on the catalog it means after checking the permission it needs there."""
        document = self._target()
        self.body = json.dumps(document)
        catalog, database = document["CatalogId"], document["DatabaseName"]
        if kind == "database":
            self.glue_backend.get_database(database)
            if permission:
                self._check(catalog, DatabaseRes(database), permission)
        else:
            table = document.get("TableName") or document.get("Name") or document["TableInput"]["Name"]
            self.glue_backend.get_table(database, table)
            self._check(catalog, TableRes(database, table), permission)
        self._check_location(document)
        return call(self)

    def _check_location(self, document: dict[str, Any]) -> None:
        described = document.get("TableInput") or document.get("PartitionInput") or {}
        location = (described.get("StorageDescriptor") or {}).get("Location")
        if not location:
            return
        catalog, arn = document["CatalogId"], s3_arn(location)
        if covering_location(state(catalog, self.region), arn) is None:
            return
        if "TableInput" in document and self._unmoved(document, location):
            return
        check_location(self.caller, self.region, catalog, arn)

    def _unmoved(self, document: dict[str, Any], location: str) -> bool:
        known = self.glue_backend.get_database(document["DatabaseName"]).tables.get(
            document["TableInput"]["Name"]
        )
        if known is None:
            return False
        storage = known.versions[str(known._current_version)].get("StorageDescriptor") or {}
        return bool(storage.get("Location") == location)

    def create_database(self) -> Any:
        """Serve CreateDatabase: settings decide what IAMAllowedPrincipals gets, its creator owns it."""
        document = self.parameters
        owner = str(document.get("CatalogId") or self.current_account).split(":")[0]
        if owner != self.current_account:
            raise denied(f"Insufficient Lake Formation permission(s): Required Create Database on {owner}")
        described = document["DatabaseInput"]
        described["Name"] = described["Name"].lower()
        settings = state(self.current_account, self.region).settings
        defaults = settings.get("CreateTableDefaultPermissions") or []
        if described.get("CreateTableDefaultPermissions") is None and not described.get("TargetDatabase"):
            described["CreateTableDefaultPermissions"] = defaults
        self.body = json.dumps(document)
        answer = super().create_database()
        database_created(self.caller, self.region, self.current_account, described)
        return answer

    def get_database(self) -> Any:
        """Serve GetDatabase; of a resource link it gives the link."""
        return self._on_database("get_database", "DESCRIBE")

    def update_database(self) -> Any:
        """Serve UpdateDatabase, which follows a resource link (LFDG resource-links-glue-apis)."""
        document = self.parameters
        account = str(document.get("CatalogId") or self.current_account).split(":")[0]
        link = glue_backends[account][self.region].databases.get(document["Name"].lower())
        target = link.input.get("TargetDatabase") if link else None
        if target:
            self.body = json.dumps(
                {**document, "CatalogId": target["CatalogId"], "Name": target["DatabaseName"]}
            )
        return self._on_database("update_database", "ALTER")

    def delete_database(self) -> Any:
        """Serve DeleteDatabase, which deletes a resource link and leaves its target."""
        name = self.parameters["Name"].lower()
        answer = self._on_database("delete_database", "DROP")
        database_dropped(self.region, str(self._owner), name)
        return answer

    def _on_database(self, call: str, permission: str) -> Any:
        document = self.parameters
        self._owner = str(document.get("CatalogId") or self.current_account).split(":")[0]
        document["Name"] = document["Name"].lower()
        self.body = json.dumps(document)
        self.glue_backend.get_database(document["Name"])
        self._check(self._owner, DatabaseRes(document["Name"]), permission)
        return getattr(super(), call)()

    def get_databases(self) -> Any:
        """Serve GetDatabases: what the caller may describe, by `ResourceShareType` what is shared with it."""
        document = self.parameters
        self._owner = str(document.get("CatalogId") or self.current_account).split(":")[0]
        answer = super().get_databases()
        kind = document.get("ResourceShareType") or ""
        own = [each for each in answer.result["DatabaseList"] if self._describes(each["Name"])]
        foreign = (
            shared_databases(self.caller, self.region) if kind in ("FOREIGN", "ALL", "FEDERATED") else []
        )
        answer.result["DatabaseList"] = foreign + ([] if kind == "FOREIGN" else own)
        return answer

    def _describes(self, name: str) -> bool:
        try:
            self._check(str(self._owner), DatabaseRes(name), "DESCRIBE")
        except LakeError:
            return False
        return True

    def get_table(self) -> Any:
        """Serve GetTable with the columns that the caller may see."""
        answer = self._governed(GlueResponse.get_table, "table", "DESCRIBE")
        answer.result["Table"] = table_seen(
            self.caller, self.region, str(self._owner), answer.result["Table"]
        )
        return answer

    def get_tables(self) -> Any:
        """Serve GetTables with the tables and columns that the caller may see."""
        answer = self._governed(GlueResponse.get_tables, "database", "")
        seen = []
        for table in answer.result["TableList"]:
            try:
                self._check(str(self._owner), TableRes(table["DatabaseName"], table["Name"]), "DESCRIBE")
            except LakeError:
                continue
            seen.append(table_seen(self.caller, self.region, str(self._owner), table))
        answer.result["TableList"] = seen
        return answer

    def create_table(self) -> Any:
        """Serve CreateTable: its creator owns the table; the database's defaults say what everybody gets."""
        answer = self._governed(GlueResponse.create_table, "database", "CREATE_TABLE")
        document = self.parameters
        name = document["TableInput"]["Name"]
        table_created(self.caller, self.region, str(self._owner), document["DatabaseName"], name)
        return answer

    def update_table(self) -> Any:
        """Serve UpdateTable; tags come off columns that are gone."""
        answer = self._governed(GlueResponse.update_table, "table", "ALTER")
        document = self.parameters
        table_updated(self.region, str(self._owner), document["DatabaseName"], document["TableInput"]["Name"])
        return answer

    def delete_table(self) -> Any:
        """Serve DeleteTable."""
        answer = self._governed(GlueResponse.delete_table, "table", "DROP")
        document = self.parameters
        table_dropped(self.region, str(self._owner), document["DatabaseName"], document["Name"].lower())
        return answer

    def batch_delete_table(self) -> Any:
        """Serve BatchDeleteTable; tables the caller may not drop are refused one by one."""
        document = self._target()
        self.body = json.dumps(document)
        database, refused, allowed = document["DatabaseName"], [], []
        for name in document["TablesToDelete"]:
            try:
                self._check(document["CatalogId"], TableRes(database, name), "DROP")
                allowed.append(name)
            except LakeError as problem:
                refused.append({"TableName": name, "ErrorDetail": problem.failure()})
        self.body = json.dumps({**document, "TablesToDelete": allowed})
        answer = super().batch_delete_table()
        for name in allowed:
            table_dropped(self.region, document["CatalogId"], database, name.lower())
        errors = [*refused, *((answer.result or {}).get("Errors") or [])]
        return ActionResult({"Errors": errors})


def _wrap(action: str, kind: str, permission: str) -> None:
    from moto.core.utils import camelcase_to_underscores

    name = camelcase_to_underscores(action)
    original = getattr(GlueResponse, name, None)
    if original is None or name in CatalogResponse.__dict__:
        return

    def call(self: CatalogResponse) -> Any:
        return self._governed(original, kind, permission)

    call.__name__, call.__doc__ = name, f"Serve {action} in the catalog that is meant."
    setattr(CatalogResponse, name, call)


def install() -> None:
    """Put our calls in the place of moto's."""
    for action, permission in ON_TABLE.items():
        _wrap(action, "table", permission)
    for action, permission in ON_DATABASE.items():
        _wrap(action, "database", permission)
    for path in list(moto.glue.urls.url_paths):
        moto.glue.urls.url_paths[path] = CatalogResponse.dispatch
