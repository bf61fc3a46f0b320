"""The contract that a producer's stack was deployed with, read back from the stack's own resources.

The curation job's specification is the contract compiled; column sensitivities are the LF-tags beside it, status and
owner the table's parameters. So every place that knows a stack's resources can serve as the last deployed version:
the local engine's state, and on AWS what `pulumi stack export` prints. Descriptions and notes are not in it, and are
not compared either.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from governance.contracts_model import Column, Contract, Rule, Table
from governance.errors import MeshError
from governance.levels import SENSITIVITY
from governance.types import GlueType

SPECIFICATION = "scripts/contract.json"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
COLUMN_TAGS = "aws:lakeformation/resourceLfTags:ResourceLfTags"
TABLE = "aws:glue/catalogTable:CatalogTable"

Levels = Mapping[tuple[str, str], Mapping[str, str]]


class Made(Protocol):
    """A resource with its inputs in Pulumi's camelCase."""

    @property
    def type(self) -> str: ...

    @property
    def inputs(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A resource out of a stack export."""

    type: str
    inputs: Mapping[str, Any] = field(default_factory=dict)


def read_export(text: str, file: str) -> tuple[Exported, ...]:
    """Resources of what `pulumi stack export` printed.

    Raises
    ------
    MeshError
        The text is no stack export.
    """
    try:
        resources = json.loads(text)["deployment"]["resources"]
        return tuple(Exported(type=item["type"], inputs=item.get("inputs") or {}) for item in resources)
    except (ValueError, KeyError, TypeError):
        raise MeshError(
            "is no stack export; write one with 'pulumi stack export --file FILE'", file
        ) from None


def deployed_contracts(resources: Iterable[Made], levels: Sequence[str]) -> dict[str, Contract]:
    """Contracts a stack was deployed with, by product; empty when it is not up.

    Parameters
    ----------
    resources
        The stack's resources.
    levels
        Sensitivity levels; a column without a tag counts as the last, as in the catalog.

    Raises
    ------
    MeshError
        A specification is no JSON of ours.
    """
    known = list(resources)
    levels_of = _levels(known)
    parameters = {
        (str(item.inputs.get("databaseName")), str(item.inputs.get("name"))): item.inputs.get("parameters")
        or {}
        for item in known
        if item.type == TABLE
    }
    found = {}
    for item in known:
        if item.type != OBJECT or item.inputs.get("key") != SPECIFICATION:
            continue
        try:
            spec = json.loads(item.inputs["content"])
            contract = _contract(spec, levels_of, parameters, levels[-1])
        except (KeyError, TypeError, ValueError) as error:
            raise MeshError(
                f"is no specification that this version can read ({error}); bring the stack up anew",
                f"deployed {SPECIFICATION} in {item.inputs.get('bucket')}",
            ) from None
        found[contract.product] = contract
    return found


def _levels(resources: Iterable[Made]) -> Levels:
    """(database, table) -> column -> sensitivity."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for item in resources:
        table = (item.inputs.get("tableWithColumns") or {}) if item.type == COLUMN_TAGS else {}
        for tag in item.inputs.get("lfTags") or () if table else ():
            if tag.get("key") == SENSITIVITY:
                columns = found.setdefault((table["databaseName"], table["name"]), {})
                columns.update(dict.fromkeys(table.get("columnNames") or (), str(tag["value"])))
    return found


def _contract(
    spec: Mapping[str, Any],
    levels: Levels,
    parameters: Mapping[tuple[str, str], Mapping[str, str]],
    closed: str,
) -> Contract:
    head = spec["contract"]
    product = str(head["product"])
    said: Mapping[str, str] = next(
        (item for (database, _), item in parameters.items() if database == product), {}
    )
    return Contract(
        id=str(head["id"]), product=product, version=str(head["version"]), database=product,
        status=said.get("contract_status", ""), domain=said.get("domain", ""), owner=said.get("owner", ""),
        tables=tuple(
            _table(name, table, levels.get((product, name), {}), closed) for name, table in spec["tables"].items()
        ),
    )  # fmt: skip


def _table(name: str, spec: Mapping[str, Any], levels: Mapping[str, str], closed: str) -> Table:
    key = tuple(spec["key"])
    columns = tuple(
        Column(
            name=item["name"], logical_type=item["type"]["kind"], type=_type(item["type"]), source=item["source"],
            classification=levels.get(item["name"], closed), required=bool(item["required"]),
            primary_key=item["name"] in key, codes=tuple((item["codes"] or {}).items()), format=item["format"],
        )
        for item in spec["columns"]
    )  # fmt: skip
    rules = tuple(
        Rule(
            name=item["name"], check=item["check"], columns=tuple(item["columns"]), path=tuple(item["path"]),
            value=item["value"], compare=tuple((operator, value) for operator, value in item["compare"]),
            percent=item["percent"], warning=item["warning"],
        )
        for item in spec["rules"]
    )  # fmt: skip
    return Table(
        name=name,
        columns=columns,
        primary_key=key,
        rules=rules,
        delimiter=spec["delimiter"],
        encoding=spec["encoding"],
    )


def _type(node: Mapping[str, Any]) -> GlueType:
    return GlueType(
        node["kind"],
        tuple(node.get("sizes") or ()),
        tuple((name, _type(part)) for name, part in node.get("fields") or ()),
    )
