"""Data contracts of the mesh: the one door to reading them and to what the catalog says about them.

What a contract is made of lives in `model`, how it is read in `read`. Deliberately not
here: who may read a column (`access`), and the tables themselves (`components`).
"""

from __future__ import annotations

from governance.contracts.model import Column, Contract, Rule, Table
from governance.contracts.read import load_contract, parse_contract

__all__ = [
    "QUALITY_PARAMETERS", "Column", "Contract", "Rule", "Table", "catalog_parameters", "column_parameters",
    "load_contract", "parse_contract",
]  # fmt: skip

QUALITY_PARAMETERS = (
    "quality_completeness", "quality_validity", "quality_rows", "quality_quarantined", "quality_batch",
    "quality_updated",
)  # fmt: skip
"""Table parameters that the curation job writes; whoever declares the table must leave them alone."""


def catalog_parameters(contract: Contract, table: Table) -> dict[str, str]:
    """Parameters of a table in the Glue catalog: what a reader wants to know before asking for access.

    Glue's own parameter `classification` means the file format, so sensitivity is under `sensitivity_levels`.
    """
    counts: dict[str, int] = {}
    for column in table.columns:
        counts[column.classification] = counts.get(column.classification, 0) + 1
    parameters = {
        "EXTERNAL": "TRUE",
        "classification": "parquet",
        "data_product": contract.product,
        "domain": contract.domain,
        "owner": contract.owner,
        "contract_id": contract.id,
        "contract_version": contract.version,
        "contract_status": contract.status,
        "description": contract.description[:2048],
        "primary_key": ",".join(table.primary_key),
        "sensitivity_levels": ", ".join(f"{level} {count}" for level, count in sorted(counts.items())),
        "quality_rules": str(len(table.all_rules)),
    }
    return {key: value for key, value in parameters.items() if value}


def column_parameters(column: Column) -> dict[str, str]:
    """Parameters of a column in the Glue catalog: where it comes from and how sensitive it is."""
    return {"source": column.source, "sensitivity": column.classification}
