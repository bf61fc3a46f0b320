"""Data contracts of the mesh: reading them, and what the catalog says about them."""

from governance.contracts.catalog import (
    Column,
    Contract,
    Rule,
    Table,
    catalog_parameters,
    column_parameters,
    load_contract,
    parse_contract,
)

__all__ = [
    "Column",
    "Contract",
    "Rule",
    "Table",
    "catalog_parameters",
    "column_parameters",
    "load_contract",
    "parse_contract",
]
