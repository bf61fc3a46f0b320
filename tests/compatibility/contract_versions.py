"""Small contracts for these tests, in which one thing at a time is changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import yaml

from governance.compatibility import Change, compare
from governance.contracts import Contract, parse_contract
from governance.levels import DEFAULT_LEVELS

LEVELS = DEFAULT_LEVELS

BASE: dict[str, Any] = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "orders-1",
    "version": "1.0.0",
    "status": "active",
    "dataProduct": "orders",
    "domain": "sales",
    "schema": [
        {
            "name": "orders",
            "properties": [
                {"name": "id", "logicalType": "string", "primaryKey": True, "classification": "public"},
                {
                    "name": "amount", "logicalType": "integer", "physicalType": "int", "required": True,
                    "classification": "internal", "logicalTypeOptions": {"minimum": 1, "maximum": 100},
                },
                {
                    "name": "note", "logicalType": "string", "physicalType": "varchar(10)",
                    "classification": "confidential",
                },
                {
                    "name": "kind", "logicalType": "string", "classification": "internal",
                    "customProperties": [{"property": "codes", "value": {"A": "small", "B": "large"}}],
                },
                {
                    "name": "address", "logicalType": "object", "classification": "confidential",
                    "properties": [
                        {"name": "zip", "logicalType": "string", "physicalType": "varchar(5)"},
                        {"name": "floor", "logicalType": "integer", "physicalType": "int"},
                    ],
                },
            ],
        },
        {
            "name": "returns",
            "properties": [{"name": "id", "logicalType": "string", "classification": "public"}],
        },
    ],
}  # fmt: skip


def contract(change: Callable[[dict[str, Any]], None] | None = None) -> Contract:
    """The base contract, or what a function made of it."""
    return parse_contract(text(change), "orders.odcs.yaml", levels=LEVELS)


def text(change: Callable[[dict[str, Any]], None] | None = None) -> str:
    data = copy.deepcopy(BASE)
    if change:
        change(data)
    return yaml.safe_dump(data, sort_keys=False)


def column(data: dict[str, Any], name: str) -> dict[str, Any]:
    """A column of the first table, to be changed."""
    return next(item for item in data["schema"][0]["properties"] if item["name"] == name)


def drop(data: dict[str, Any], name: str) -> None:
    properties = data["schema"][0]["properties"]
    properties.remove(column(data, name))


def both_ways(change: Callable[[dict[str, Any]], None]) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Changes from the base to the changed contract, and back."""
    old, new = contract(), contract(change)
    return compare(old, new, LEVELS), compare(new, old, LEVELS)
