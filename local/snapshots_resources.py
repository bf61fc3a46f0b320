"""What a grant is on, between the three forms it is written in: Pulumi's inputs, AWS's API, and ours.

Owns reading both and writing the API's. As Lake Formation does, SELECT on all columns is read as SELECT on the
table, and the table name ALL_TABLES as all of them. Deliberately not here: the embedded cloud's checks of the
same documents, which answer with AWS's errors (local.cloud.lakeformation.shapes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.access.principals import is_account
from governance.snapshot.grants import (
    CatalogRes,
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    LocationRes,
    Resource,
    TableRes,
    TagPolicyRes,
    TagRes,
)

Document = Mapping[str, Any]
ALL_TABLES = "all_tables"

_API = {
    "catalogResource": "Catalog",
    "database": "Database",
    "table": "Table",
    "tableWithColumns": "TableWithColumns",
    "dataLocation": "DataLocation",
    "dataCellsFilter": "DataCellsFilter",
    "lfTag": "LFTag",
    "lfTagPolicy": "LFTagPolicy",
}
"""Input of `aws.lakeformation.Permissions` to the API's name of the same."""


def from_api(document: Document, account: str) -> tuple[str, Resource] | None:
    """Owner account and resource of an API document; None for a kind or catalog that is not known here.

    Parameters
    ----------
    account
        Owner when the document names none.
    """
    kind = next((kind for kind in _API.values() if document.get(kind) is not None), None)
    if kind is None:
        return None
    body: Document = document[kind]
    owner = body.get("TableCatalogId") or body.get("CatalogId") or body.get("Id") or account
    if not is_account(str(owner)):  # a catalog within the account's, such as one of S3 Tables: not the mesh's
        return None
    return str(owner), _resource(kind, body)


def _resource(kind: str, body: Document) -> Resource:
    match kind:
        case "Catalog":
            return CatalogRes()
        case "Database":
            return DatabaseRes(body["Name"])
        case "Table":
            return _table(body["DatabaseName"], None if "TableWildcard" in body else body.get("Name"))
        case "TableWithColumns":
            names = tuple(body.get("ColumnNames") or ())
            excluded = tuple((body.get("ColumnWildcard") or {}).get("ExcludedColumnNames") or ())
            if names or excluded:
                return ColumnsRes(body["DatabaseName"], body["Name"], names or None, excluded)
            return _table(body["DatabaseName"], body["Name"])
        case "DataLocation":
            return LocationRes(body["ResourceArn"])
        case "DataCellsFilter":
            return FilterRes(body["DatabaseName"], body["TableName"], body["Name"])
        case "LFTag":
            return TagRes(body["TagKey"], tuple(body["TagValues"]))
        case _:
            pairs = tuple((tag["TagKey"], tuple(tag["TagValues"])) for tag in body["Expression"])
            return TagPolicyRes(body["ResourceType"], pairs)


def _table(database: str, name: str | None) -> TableRes:
    return TableRes(database, None if name is None or name.lower() == ALL_TABLES else name)


def from_pulumi(inputs: Document, account: str) -> tuple[str, Resource] | None:
    """Owner account and resource of an `aws.lakeformation.Permissions`."""
    name = next((name for name in _API if inputs.get(name)), None)
    if name is None:
        return None
    body: Any = inputs[name]
    owner = str(inputs.get("catalogId") or account)
    if name == "catalogResource":
        return owner, CatalogRes()
    document: dict[str, Any] = {_upper(key): value for key, value in body.items()}
    if name == "dataLocation":
        document["ResourceArn"] = body["arn"]
    elif name == "lfTag":
        document |= {"TagKey": body["key"], "TagValues": body["values"]}
    elif name == "lfTagPolicy":
        document["Expression"] = [
            {"TagKey": each["key"], "TagValues": each["values"]} for each in body["expressions"]
        ]
    elif name == "table" and body.get("wildcard"):
        document["TableWildcard"] = {}
    elif name == "tableWithColumns" and not body.get("columnNames"):
        document["ColumnWildcard"] = {"ExcludedColumnNames": body.get("excludedColumnNames") or []}
    return from_api({_API[name]: document}, owner)


def _upper(key: str) -> str:
    return key[:1].upper() + key[1:]


def to_api(catalog: str, resource: Resource) -> dict[str, Any]:
    """A resource of an account's catalog as the API takes it."""
    match resource:
        case CatalogRes():
            return {"Catalog": {"Id": catalog}}
        case DatabaseRes(name):
            return {"Database": {"CatalogId": catalog, "Name": name}}
        case TableRes(database, None):
            return {"Table": {"CatalogId": catalog, "DatabaseName": database, "TableWildcard": {}}}
        case TableRes(database, name):
            return {"Table": {"CatalogId": catalog, "DatabaseName": database, "Name": name}}
        case ColumnsRes(database, table, included, excluded):
            chosen: dict[str, Any] = {"ColumnNames": list(included or ())}
            if included is None:
                chosen = {"ColumnWildcard": {"ExcludedColumnNames": list(excluded)}}
            return {
                "TableWithColumns": {"CatalogId": catalog, "DatabaseName": database, "Name": table, **chosen}
            }
        case LocationRes(arn):
            return {"DataLocation": {"CatalogId": catalog, "ResourceArn": arn}}
        case TagRes(key, values):
            return {"LFTag": {"CatalogId": catalog, "TagKey": key, "TagValues": list(values)}}
        case TagPolicyRes(kind, expression):
            tags = [{"TagKey": key, "TagValues": list(values)} for key, values in expression]
            return {"LFTagPolicy": {"CatalogId": catalog, "ResourceType": kind, "Expression": tags}}
        case FilterRes(database, table, name):
            where = {"TableCatalogId": catalog, "DatabaseName": database, "TableName": table}
            return {"DataCellsFilter": {**where, "Name": name}}
