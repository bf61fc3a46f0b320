"""A data product's document for portals: Bitol's Open Data Product Standard (ODPS) v1.0.0, from its contract.

Every table is an output port that points to the contract by its id. Keys and their meaning follow the standard's
description, https://bitol-io.github.io/open-data-product-standard/v1.0.0/ (approved 2025-09-24: a team is an object
with members); what a contract says beyond them stays there. Deliberately not here: input ports, which no contract names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from open_data_contract_standard.model import CustomProperty, OpenDataContractStandard, Team

from governance.contracts.catalog import Contract
from governance.errors import MeshError

VERSION = "v1.0.0"
_ANY = ("tags", "customProperties", "authoritativeDefinitions")
SHAPES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "": (
        ("apiVersion", "kind", "id", "status"),
        ("name", "version", "domain", "tenant", "description", "inputPorts", "outputPorts", "managementPorts",
         "support", "team", "productCreatedTs", *_ANY),
    ),
    "description": ((), ("purpose", "limitations", "usage", "authoritativeDefinitions", "customProperties")),
    "customProperties": (("property", "value"), ("description",)),
    "authoritativeDefinitions": (("type", "url"), ("description",)),
    "outputPorts": (("name", "version"), ("description", "type", "contractId", "sbom", "inputContracts", *_ANY)),
    "support": (("channel", "url"), ("description", "tool", "scope", "invitationUrl", *_ANY)),
    "team": ((), ("name", "description", "members", *_ANY)),
    "members": (("username",), ("name", "description", "role", "dateIn", "dateOut", "replacedByUsername", *_ANY)),
}  # fmt: skip
"""Per object of the document: keys it must have, keys it may have. Others are refused by the standard's schema."""


def product_document(contract: Contract, text: str) -> dict[str, Any]:
    """ODPS document of the product a contract describes.

    Parameters
    ----------
    contract
        The contract as the mesh reads it, so that only what can be deployed is announced.
    text
        The contract's YAML, for what the mesh has no use for: team, support, tenant, links.

    Returns
    -------
    dict
        In the standard's order of keys, without empty ones; it has passed :func:`check_document`.
    """
    model = OpenDataContractStandard(**yaml.safe_load(text))
    words = model.description
    links = [
        *(model.authoritativeDefinitions or ()),
        *((words.authoritativeDefinitions or ()) if words else ()),
    ]
    document = {
        "apiVersion": VERSION,
        "kind": "DataProduct",
        "id": f"urn:dataproduct:{contract.domain or 'mesh'}:{contract.product}",
        "name": contract.product,
        "version": contract.version,
        "status": contract.status or "draft",
        "domain": contract.domain,
        "tenant": model.tenant,
        "authoritativeDefinitions": _definitions(links),
        "description": _filled(
            {key: _line(getattr(words, key)) for key in ("purpose", "limitations", "usage")} if words else {}
        ),
        "customProperties": [
            *_properties(model.customProperties),
            *([{"property": "owner", "value": contract.owner}] if contract.owner and "owner" not in contract.custom else []),
        ],
        "tags": list(contract.tags),
        "outputPorts": [
            _filled(
                {
                    "name": table.name,
                    "description": table.description,
                    "type": "tables",
                    "version": contract.version,
                    "contractId": contract.id,
                }
            )
            for table in contract.tables
        ],
        "support": [
            _filled({
                "channel": item.channel, "url": _address(item.channel, item.url), "description": item.description,
                "tool": item.tool, "scope": item.scope, "invitationUrl": item.invitationUrl,
                "customProperties": _properties(item.customProperties),
            })
            for item in model.support or ()
            if item.channel and _address(item.channel, item.url)
        ],
        "team": _team(model),
        "productCreatedTs": model.contractCreatedTs,
    }  # fmt: skip
    filled = _filled(document)
    check_document(filled, contract.file)
    return filled


def check_document(document: Mapping[str, Any], where: str) -> None:
    """Hold a document's keys against the standard.

    Raises
    ------
    MeshError
        For the first key that is missing or that the standard does not know.
    """
    _check("", document, where)


def _check(shape: str, value: Mapping[str, Any], where: str) -> None:
    needed, allowed = SHAPES[shape]
    for key in needed:
        if value.get(key) in (None, ""):
            raise MeshError(f"ODPS needs {key}", where)
    for key, part in value.items():
        place = f"{where}: {key}"
        if key not in (*needed, *allowed):
            raise MeshError("is no key of ODPS", place)
        for item in part if isinstance(part, list) else [part]:
            if key in SHAPES and isinstance(item, Mapping):
                _check(key, item, place)


def _team(model: OpenDataContractStandard) -> dict[str, Any]:
    """The team as ODCS has had it since 3.1; before, it was the list of its members."""
    team = model.team if isinstance(model.team, Team) else Team(members=model.team)
    keys = ("name", "description", "role", "dateIn", "dateOut", "replacedByUsername", "tags")
    members = [
        _filled({
            "username": member.username or member.name,
            **{key: getattr(member, key) for key in keys},
            "customProperties": _properties(member.customProperties),
            "authoritativeDefinitions": _definitions(member.authoritativeDefinitions or ()),
        })
        for member in team.members or ()
        if member.username or member.name
    ]  # fmt: skip
    return _filled({
        "name": team.name, "description": team.description, "members": members, "tags": team.tags,
        "customProperties": _properties(team.customProperties),
        "authoritativeDefinitions": _definitions(team.authoritativeDefinitions or ()),
    })  # fmt: skip


def _properties(properties: Iterable[CustomProperty] | None) -> list[dict[str, Any]]:
    return [
        {"property": entry.property, "value": entry.value}
        for entry in properties or ()
        if entry.property and entry.value is not None
    ]


def _definitions(links: Iterable[Any]) -> list[dict[str, Any]]:
    return [
        _filled({"type": link.type, "url": link.url, "description": link.description})
        for link in links
        if link.url
    ]


def _address(channel: str | None, url: str | None) -> str:
    """The channel's URL; an e-mail address makes its own. Without one the standard cannot hold the channel."""
    mail = channel and re.fullmatch(r"[^@\s]+@[^@\s]+", channel)
    return url or (f"mailto:{channel}" if mail else "")


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _filled(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without empty parts."""
    return {key: value for key, value in document.items() if value not in (None, "", [], {})}
