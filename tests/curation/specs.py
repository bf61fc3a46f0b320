"""Job specifications and deliveries for the tests of curation."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from functions.curation_files import Outcome, curate_file
from governance.contracts import load_contract
from tests.contracts.texts import read

ROOT = Path(__file__).parent.parent.parent
CREDIT = ROOT / "contracts" / "credit-card.odcs.yaml"
CREDIT_DATA = ROOT / "contracts" / "data" / "credit-card" / "credit_card" / "credit_card.csv"


def credit_spec() -> dict[str, Any]:
    return load_contract(CREDIT).to_job_spec()


def table(*properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Specification of a table `orders` with these ODCS properties."""
    found: dict[str, Any] = read(list(properties), more).to_job_spec()["tables"]["orders"]
    return found


def prop(name: str, logical: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "logicalType": logical, **more}


def coded(codes: dict[Any, Any]) -> list[dict[str, Any]]:
    return [{"property": "codes", "value": codes}]


def csv_text(header: list[str], *rows: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([header, *rows])
    return text.getvalue()


def curate(spec: dict[str, Any], content: str | bytes, folder: Path, name: str = "delivered.csv") -> Outcome:
    """Curate a delivery with this content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return curate_file(spec, path, folder)


def rows_of(path: Path | None) -> list[dict[str, Any]]:
    """Rows of a Parquet file, none if there is no file."""
    return [] if path is None else pq.read_table(path).to_pylist()


def batch(**columns: list[Any]) -> Any:
    """A delivered chunk."""
    return pa.RecordBatch.from_pydict(columns)
