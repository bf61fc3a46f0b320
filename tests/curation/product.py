"""A product bucket and its tables, and the job on them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from functions import curation
from tests.curation.specs import credit_spec

BUCKET, DATABASE, SPEC = "product-bucket", "credit-card", "scripts/contract.json"


@dataclass
class Product:
    """A product's bucket and table, and the job on them."""

    s3: Any
    glue: Any

    def deliver(self, name: str, content: str | bytes, table: str = "credit_card") -> str:
        key = f"raw/{table}/{name}"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        return key

    def run(self, *more: str) -> tuple[dict[str, Any], list[str]]:
        argv = ["--spec", f"s3://{BUCKET}/{SPEC}", "--database", DATABASE, *more]
        if not any(word.startswith(("--bucket", "--raw")) for word in more):
            argv += ["--bucket", BUCKET]
        return curation.run(curation.parse(argv), self.s3, self.glue)

    def keys(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return [entry["Key"] for entry in found]

    def read(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body

    def report(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.read(key))
        return found

    def parameters(self, table: str = "credit_card") -> dict[str, str]:
        found: dict[str, str] = self.glue.get_table(DatabaseName=DATABASE, Name=table)["Table"]["Parameters"]
        return found


def make_product(s3: Any, glue: Any, spec: dict[str, Any] | None = None) -> Product:
    """Bucket, specification, database and tables, as the producer stack makes them."""
    spec = spec or credit_spec()
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=BUCKET, Key=SPEC, Body=json.dumps(spec))
    glue.create_database(DatabaseInput={"Name": DATABASE})
    for name, table in spec["tables"].items():
        glue.create_table(
            DatabaseName=DATABASE,
            TableInput={
                "Name": name,
                "Description": "kept",
                "TableType": "EXTERNAL_TABLE",
                "PartitionKeys": [],
                "Parameters": {"owner": "kept"},
                "StorageDescriptor": {
                    "Columns": [
                        {"Name": c["name"], "Type": c["glue_type"], "Comment": "kept"}
                        for c in table["columns"]
                    ],
                    "Location": f"s3://{BUCKET}/curated/{name}/",
                },
            },
        )
    return Product(s3, glue)
