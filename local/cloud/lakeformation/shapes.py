"""Lake Formation's resource documents and the typed resources of `governance`, both ways.

Owns the canonical form: names folded, catalog spelled out, a grant on all columns turned into one on the
table. And the form in which ListPermissions gives grants back, which differs from how they were made: SELECT
on a table comes back apart, as a grant on the table with a column wildcard, and ALL comes back spelled out.
Deliberately not here: keeping grants (grants) and checking that what they name exists
(checks).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from governance.snapshot.grants import (
    IAM_ALLOWED_PRINCIPALS,
    CatalogRes,
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    Grant,
    LocationRes,
    Resource,
    TableRes,
    TagPolicyRes,
    TagRes,
    actions_of,
)
from local.cloud.lakeformation.errors import invalid
from local.snapshots_resources import to_api

Document = Mapping[str, Any]
ALL_TABLES = "ALL_TABLES"
KINDS = (
    "Catalog",
    "Database",
    "Table",
    "TableWithColumns",
    "DataLocation",
    "DataCellsFilter",
    "LFTag",
    "LFTagPolicy",
)


def parse(document: Document, catalog: str) -> tuple[str, Resource]:
    """Catalog and resource that a Resource document names; `catalog` is the one meant when it names none."""
    kinds = [kind for kind in KINDS if document.get(kind) is not None]
    if len(kinds) != 1:
        raise invalid("Resource must have exactly one of its fields populated.")
    body: Document = document[kinds[0]]
    try:
        return _owner(kinds[0], body, catalog), _resource(kinds[0], body)
    except KeyError as missing:
        raise invalid(f"{kinds[0]} resource must have {missing.args[0]}.") from None


def _owner(kind: str, body: Document, catalog: str) -> str:
    named = body.get("TableCatalogId") if kind == "DataCellsFilter" else body.get("CatalogId")
    return str(named or (body.get("Id") if kind == "Catalog" else None) or catalog).split(":")[0]


def _resource(kind: str, body: Document) -> Resource:
    match kind:
        case "Catalog":
            return CatalogRes()
        case "Database":
            return DatabaseRes(body["Name"])
        case "Table":
            if body.get("TableWildcard") is not None:
                return TableRes(body["DatabaseName"])
            return _table(body["DatabaseName"], body["Name"])
        case "TableWithColumns":
            return _columns(body)
        case "DataLocation":
            return LocationRes(body["ResourceArn"])
        case "DataCellsFilter":
            return FilterRes(body["DatabaseName"], body["TableName"], body["Name"])
        case "LFTag":
            return TagRes(body["TagKey"], tuple(body["TagValues"]))
        case _:
            if not body.get("Expression"):
                raise invalid("An LF-tag policy needs an expression.")
            pairs = tuple((tag["TagKey"], tuple(tag["TagValues"])) for tag in body["Expression"])
            return TagPolicyRes(body["ResourceType"], pairs)


def _table(database: str, name: str) -> TableRes:
    return TableRes(database, None if name == ALL_TABLES else name)


def _columns(body: Document) -> Resource:
    names, wildcard = body.get("ColumnNames"), body.get("ColumnWildcard")
    if names:
        return ColumnsRes(body["DatabaseName"], body["Name"], included=tuple(names))
    if wildcard is None:
        raise invalid("Either column names or a column wildcard must be given.")
    excluded = tuple(wildcard.get("ExcludedColumnNames") or ())
    if not excluded:
        return _table(body["DatabaseName"], body["Name"])
    return ColumnsRes(body["DatabaseName"], body["Name"], excluded=excluded)


def render(catalog: str, resource: Resource) -> dict[str, Any]:
    """The Resource document of a typed resource, as a call returns it: all tables also have a name."""
    document = to_api(catalog, resource)
    match resource:
        case TableRes(_, None):
            document["Table"]["Name"] = ALL_TABLES
        case ColumnsRes(included=None, excluded=()):
            document["TableWithColumns"]["ColumnWildcard"] = {}
    return document


def entries(grant: Grant) -> list[dict[str, Any]]:
    """A grant as the one or two entries in which ListPermissions returns it."""
    whole = grant.resource
    if not isinstance(whole, TableRes) or grant.principal == IAM_ALLOWED_PRINCIPALS:
        return [_entry(grant, whole, grant.permissions, grant.grantable)]
    parts: list[tuple[Resource, list[str], list[str]]] = [
        (whole, _without_select(grant.permissions), _without_select(grant.grantable)),
        (
            ColumnsRes(whole.database, whole.name or ALL_TABLES),
            _only_select(grant.permissions),
            _only_select(grant.grantable),
        ),
    ]
    return [_entry(grant, *part) for part in parts if part[1] or part[2]]


def _entry(grant: Grant, resource: Resource, held: Iterable[str], grantable: Iterable[str]) -> dict[str, Any]:
    document = render(grant.catalog, resource)
    columns = document.get("TableWithColumns")
    if columns and columns["Name"] == ALL_TABLES.lower():
        columns["Name"] = ALL_TABLES
    return {
        "Principal": {"DataLakePrincipalIdentifier": grant.principal},
        "Resource": document,
        "Permissions": sorted(held),
        "PermissionsWithGrantOption": sorted(grantable),
    }


def _without_select(permissions: Iterable[str]) -> list[str]:
    return [permission for permission in permissions if permission != "SELECT"]


def _only_select(permissions: Iterable[str]) -> list[str]:
    return [permission for permission in permissions if permission == "SELECT"]


def permissions(names: Iterable[str] | None, resource: Resource, principal: str) -> frozenset[str]:
    """Permissions of a request, checked against what the resource takes; ALL brings along what it stands for.

    IAMAllowedPrincipals keeps ALL alone, which is how Lake Formation lists it.
    """
    given = frozenset("ALL" if name.upper() == "SUPER" else name.upper() for name in names or ())
    known = actions_of(resource)
    if not given <= known | {"ALL"}:
        raise invalid("Permissions modification is invalid.")
    if "ALL" not in given:
        return given
    if principal == IAM_ALLOWED_PRINCIPALS:
        return frozenset({"ALL"})
    return known if isinstance(resource, ColumnsRes) else known | {"ALL"}
