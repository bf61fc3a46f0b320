"""A product that is not the sample: motor claims, with an event time, every plain type, a nested one and gaps."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

import yaml

PRODUCT, TABLE, DOMAIN = "motor-claims", "claims", "insurance"
COLUMNS: list[dict[str, Any]] = [
    {"name": "claim_no", "logicalType": "integer", "primaryKey": True, "required": True, "classification": "internal",
     "description": "Number of the claim; carries no meaning."},
    {"name": "filed_at", "logicalType": "timestamp", "required": True, "classification": "internal",
     "description": "When the claim was filed (UTC)."},
    {"name": "vehicle", "logicalType": "string", "classification": "public", "description": "Kind of vehicle."},
    {"name": "mileage", "logicalType": "number", "classification": "internal", "description": "Kilometres driven."},
    {"name": "amount", "logicalType": "number", "physicalType": "decimal(10,2)", "classification": "confidential",
     "description": "Amount claimed in euros."},
    {"name": "garaged", "logicalType": "boolean", "classification": "internal", "description": "Kept in a garage."},
    {"name": "insured_since", "logicalType": "date", "classification": "internal", "description": "First contract."},
    {"name": "postcode", "logicalType": "string", "classification": "restricted",
     "description": "Where the holder lives."},
    {"name": "photos", "logicalType": "array", "items": {"logicalType": "string"}, "classification": "internal",
     "description": "Names of pictures."},
    {"name": "fraud", "logicalType": "string", "classification": "confidential", "description": "yes or no."},
]  # fmt: skip
RESTRICTED = {"postcode"}
FEATURES = ("claim_no", "filed_at", "vehicle", "mileage", "amount", "garaged", "insured_since", "fraud")
"""What a role cleared for confidential can have as features: no postcode, and no array."""
ROWS = 240


def contract(**more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "urn:datacontract:insurance:motor-claims",
        "name": PRODUCT,
        "dataProduct": PRODUCT,
        "version": "1.4.0",
        "status": "active",
        "domain": DOMAIN,
        "schema": [{"name": TABLE, "logicalType": "object", "properties": COLUMNS}],
        **more,
    }


def write_contract(folder: Path, **more: Any) -> str:
    path = folder / "contracts" / f"{PRODUCT}.odcs.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(contract(**more), sort_keys=False), encoding="utf-8")
    return f"contracts/{path.name}"


def rows(seed: int = 3) -> list[dict[str, Any]]:
    """Claims in which long mileage makes fraud likelier, so that there is something to find."""
    random_ = random.Random(seed)
    found = []
    for number in range(1, ROWS + 1):
        mileage = random_.uniform(1_000, 300_000)
        fraud = random_.random() < (0.7 if mileage > 180_000 else 0.15)
        filed = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=3 * number)
        found.append(
            {
                "claim_no": number,
                "filed_at": filed.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "vehicle": random_.choice(["car", "van", "motorcycle"]),
                "mileage": None if number % 17 == 0 else round(mileage, 1),
                "amount": f"{random_.uniform(100, 9_000):.2f}",
                "garaged": random_.random() < 0.5,
                "insured_since": (dt.date(2010, 1, 1) + dt.timedelta(days=number * 11)).isoformat(),
                "postcode": f"{10_000 + number}",
                "photos": ["front"] * (number % 3),
                "fraud": "yes" if fraud else "no",
            }
        )
    return found


def delivery() -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows()).encode()


def training_config(folder: Path) -> Path:
    path = folder / "claims.yaml"
    values = {
        "name": "fraud", "product": PRODUCT, "table": TABLE, "target": "fraud", "positive": "yes",
        "positive_label": "fraud", "negative_label": "honest", "key": "claim_no",
        "contract": f"contracts/{PRODUCT}.odcs.yaml",
        # awswrangler's CSV reader and the model take neither arrays nor the time of the claim
        "exclude": ["filed_at"],
        "query": 'SELECT claim_no, vehicle, mileage, amount, garaged, insured_since, filed_at, fraud FROM "{table}"',
    }  # fmt: skip
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return path
