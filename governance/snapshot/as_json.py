"""A snapshot as JSON and back.

Owns the file form: stable (the same state gives the same text, whatever order it was built in) and sorted, so
that two of them can be compared by eye. Deliberately not here: where such a file is kept.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from governance.errors import MeshError
from governance.snapshot.grants import (
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
)
from governance.snapshot.model import (
    Catalog,
    Column,
    Database,
    DataCellsFilter,
    LakeSettings,
    LFTag,
    LinkTarget,
    Location,
    Organization,
    Role,
    Snapshot,
    Table,
    tags,
)

FORMAT = 1
"""Version of the file form; raised when an older reader could misread a newer file."""

_RESOURCES: Mapping[str, type[Any]] = {
    "catalog": CatalogRes,
    "database": DatabaseRes,
    "table": TableRes,
    "columns": ColumnsRes,
    "location": LocationRes,
    "tag": TagRes,
    "tagPolicy": TagPolicyRes,
    "filter": FilterRes,
}
_KINDS = {kind: name for name, kind in _RESOURCES.items()}

_UNORDERED = frozenset({"databases", "tables", "filters", "locations"})

T = TypeVar("T")


def to_json(snapshot: Snapshot) -> str:
    """The snapshot as JSON text, sorted; equal meshes give equal texts."""
    document = {
        "format": FORMAT,
        "catalogs": _sorted(snapshot.catalogs),
        "grants": _sorted(snapshot.grants),
        "roles": _sorted(snapshot.roles),
        "organization": _plain(snapshot.organization),
        "accepted": sorted(list(pair) for pair in set(snapshot.accepted)),
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def from_json(text: str, where: str = "snapshot") -> Snapshot:
    """Read what :func:`to_json` wrote.

    Raises
    ------
    MeshError
        When the text is no snapshot of this format; `where` names the file.
    """
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise MeshError(f"format {document['format']} is not the format {FORMAT} read here", where)
        return Snapshot(
            catalogs=tuple(_catalog(each) for each in document["catalogs"]),
            grants=tuple(sorted((_grant(each) for each in document["grants"]), key=str)),
            roles=tuple(_make(Role, each) for each in document["roles"]),
            organization=_make(Organization, document["organization"]),
            accepted=tuple((owner, recipient) for owner, recipient in document["accepted"]),
        )
    except MeshError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MeshError(f"this is no snapshot of a mesh ({type(error).__name__}: {error})", where) from error


def resource_to_json(resource: Resource) -> dict[str, Any]:
    """A resource with its kind."""
    return {"type": _KINDS[type(resource)], **cast(dict[str, Any], _plain(resource))}


def resource_from_json(document: Mapping[str, Any]) -> Resource:
    """Read what :func:`resource_to_json` wrote."""
    fields = dict(document)
    kind = fields.pop("type")
    if kind == "tagPolicy":
        fields["expression"] = tuple((key, tuple(values)) for key, values in fields["expression"])
    return cast(Resource, _make(_RESOURCES[kind], fields))


def _plain(value: Any) -> Any:
    """A frozen dataclass as plain JSON values, leaving out what is empty; unordered parts are sorted."""
    if isinstance(value, Resource):
        fields = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {name: each for name, each in fields.items() if each is not None}
    if dataclasses.is_dataclass(value):
        document: dict[str, Any] = {}
        for part in dataclasses.fields(value):
            each = getattr(value, part.name)
            if each is None or each == ():
                continue
            if part.name == "resource":
                document[part.name] = resource_to_json(each)
            elif part.name == "columns":
                document[part.name] = [_plain(column) for column in each]
            elif part.name in _UNORDERED or (part.name == "tags" and isinstance(value, Catalog)):
                document[part.name] = _sorted(each)
            else:
                document[part.name] = _plain(each)
        return document
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _sorted(values: tuple[Any, ...]) -> list[Any]:
    unique = {json.dumps(_plain(value), sort_keys=True) for value in values}
    return [json.loads(text) for text in sorted(unique)]


def _make(kind: type[T], fields: Mapping[str, Any]) -> T:
    """Build a dataclass from JSON values; lists become tuples."""
    return kind(**{name: tuple(each) if isinstance(each, list) else each for name, each in fields.items()})


def _tagged(kind: type[T], document: Mapping[str, Any], **parts: Any) -> T:
    """Build a column, table or database: what has tags and perhaps a link."""
    fields = {**document, "tags": tags(document.get("tags", ())), **parts}
    if "link" in document:
        fields["link"] = _make(LinkTarget, document["link"])
    return _make(kind, fields)


def _table(document: Mapping[str, Any]) -> Table:
    return _tagged(
        Table, document, columns=tuple(_tagged(Column, each) for each in document.get("columns", ()))
    )


def _database(document: Mapping[str, Any]) -> Database:
    tables = sorted((_table(each) for each in document.get("tables", ())), key=lambda table: table.name)
    return _tagged(Database, document, tables=tuple(tables))


def _catalog(document: Mapping[str, Any]) -> Catalog:
    return Catalog(
        account=document["account"],
        databases=tuple(sorted(map(_database, document.get("databases", ())), key=lambda each: each.name)),
        tags=tuple(_make(LFTag, each) for each in document.get("tags", ())),
        filters=tuple(_make(DataCellsFilter, each) for each in document.get("filters", ())),
        locations=tuple(_make(Location, each) for each in document.get("locations", ())),
        settings=_make(LakeSettings, document.get("settings", {})),
    )


def _grant(document: Mapping[str, Any]) -> Grant:
    return _make(Grant, {**document, "resource": resource_from_json(document["resource"])})
