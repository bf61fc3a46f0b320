"""A contract nobody has seen: three tables, tens of columns of every ODCS type, nested ones, and rows for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

PUBLIC, INTERNAL, CONFIDENTIAL, RESTRICTED = "public", "internal", "confidential", "restricted"
DOMAIN, PRODUCT = "retail-lending", "loan-ledger"

Spec = tuple[str, str, dict[str, Any], Any]
"""Name, level that the column must end up with, the rest of its property, a value."""


def number(format_: str, level: str, value: Any) -> Spec:
    kind = "number" if format_.startswith("f") else "integer"
    return (
        f"n_{format_}",
        level,
        {"logicalType": kind, "logicalTypeOptions": {"format": format_}},
        value,
    )


LOANS: list[Spec] = [
    ("loan_id", INTERNAL, {"logicalType": "string", "primaryKey": True, "required": True}, "L-1"),
    ("product_code", PUBLIC, {"logicalType": "string", "physicalType": "char(3)"}, "MTG"),
    ("branch", PUBLIC, {"logicalType": "string", "physicalType": "varchar(40)"}, "Leith"),
    ("currency", PUBLIC, {"logicalType": "string", "enum": [{"value": "EUR"}, {"value": "GBP"}]}, "GBP"),
    ("principal", CONFIDENTIAL, {"logicalType": "number", "physicalType": "decimal(12,2)"}, "125000.50"),
    ("rate", INTERNAL, {"logicalType": "number"}, 4.25),
    ("term_months", INTERNAL, {"logicalType": "integer", "logicalTypeOptions": {"minimum": 1}}, 300),
    number("i8", INTERNAL, 7),
    number("i16", INTERNAL, 300),
    number("i32", INTERNAL, 70000),
    number("i64", INTERNAL, 5_000_000_000),
    number("i128", CONFIDENTIAL, "123456789012345678901234567890"),
    number("u8", INTERNAL, 200),
    number("u16", INTERNAL, 60000),
    number("u32", INTERNAL, 4_000_000_000),
    number("u64", CONFIDENTIAL, "18446744073709551615"),
    number("f32", INTERNAL, 1.5),
    number("f64", INTERNAL, 2.25),
    ("secured", PUBLIC, {"logicalType": "boolean"}, True),
    ("opened", INTERNAL, {"logicalType": "date"}, "2026-03-01"),
    ("decided_at", INTERNAL, {"logicalType": "timestamp"}, "2026-03-01T09:30:00Z"),
    ("branch_closes", PUBLIC, {"logicalType": "time"}, "17:30:00"),
    ("thumbprint", CONFIDENTIAL, {"physicalType": "uuid"}, "4c0d7a52-1f7e-4f30-9d55-7f8e5f0a2c11"),
    ("notes", RESTRICTED, {"logicalType": "string"}, "called twice"),
    ("unclassified", RESTRICTED, {"logicalType": "string"}, "nobody said"),
    ("birth_date", RESTRICTED, {"logicalType": "date"}, "1980-05-17"),
    ("raw_terms", INTERNAL, {"logicalType": "object"}, {"fixed": True}),
    (
        "address",
        CONFIDENTIAL,
        {
            "logicalType": "object",
            "properties": [
                {"name": "city", "logicalType": "string"},
                {
                    "name": "geo",
                    "logicalType": "object",
                    "properties": [
                        {"name": "lat", "logicalType": "number"},
                        {"name": "lon", "logicalType": "number"},
                    ],
                },
            ],
        },
        {"city": "Leith", "geo": {"lat": 55.97, "lon": -3.17}},
    ),
    (
        "guarantor",
        RESTRICTED,  # the contract says internal; a field within says restricted, and that decides
        {
            "logicalType": "object",
            "classification": INTERNAL,
            "properties": [
                {"name": "relation", "logicalType": "string"},
                {"name": "health", "logicalType": "string", "classification": RESTRICTED},
            ],
        },
        {"relation": "sibling", "health": "good"},
    ),
    ("tags", INTERNAL, {"logicalType": "array", "items": {"logicalType": "string"}}, ["green", "first"]),
    (
        "instalments",
        CONFIDENTIAL,
        {
            "logicalType": "array",
            "items": {
                "logicalType": "object",
                "properties": [
                    {"name": "due", "logicalType": "date"},
                    {"name": "amount", "physicalType": "decimal(10,2)"},
                ],
            },
        },
        [{"due": "2026-04-01", "amount": "650.10"}],
    ),
    (
        "limits",
        INTERNAL,
        {"logicalType": "map", "map": {"key": {"logicalType": "string"}, "value": {"logicalType": "integer"}}},
        {"daily": 500},
    ),
    ("embedding", INTERNAL, {"logicalType": "vector"}, [0.5, 0.25]),
    ("history", INTERNAL, {"physicalType": "array<struct<state:string,days:int>>"}, [{"state": "ok", "days": 9}]),
    ("blob", CONFIDENTIAL, {"physicalType": "binary"}, "AAEC"),
]  # fmt: skip

PAYMENTS: list[Spec] = [
    ("payment_id", INTERNAL, {"logicalType": "string", "primaryKey": True, "required": True}, "P-1"),
    ("loan_id", INTERNAL, {"logicalType": "string", "required": True}, "L-1"),
    ("paid", CONFIDENTIAL, {"logicalType": "number", "physicalType": "decimal(10,2)"}, "650.10"),
    ("iban", RESTRICTED, {"logicalType": "string"}, "GB33BUKB20201555555555"),
]

CLOSED: list[Spec] = [("case_id", RESTRICTED, {"logicalType": "string"}, "C-1")]

TABLES = {"loans": LOANS, "payments": PAYMENTS, "closed_cases": CLOSED}


def contract(**more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "urn:datacontract:retail-lending:loan-ledger",
        "name": PRODUCT,
        "version": "2.3.0",
        "status": "active",
        "domain": DOMAIN,
        "schema": [
            {"name": name, "logicalType": "object", "properties": [_property(spec) for spec in specs]}
            for name, specs in TABLES.items()
        ],
        **more,
    }


def write(path: Path, **more: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(contract(**more), sort_keys=False), encoding="utf-8")
    return path


def rows(table: str) -> bytes:
    """The table's one row as JSON lines."""
    return (json.dumps({name: value for name, _, _, value in TABLES[table]}) + "\n").encode()


def columns(table: str, *levels: str) -> list[str]:
    return [name for name, level, _, _ in TABLES[table] if level in levels]


def _property(spec: Spec) -> dict[str, Any]:
    name, level, rest, _ = spec
    said = {} if name == "unclassified" else {"classification": level}
    return {"name": name, **said, **rest}
