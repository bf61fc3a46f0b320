"""One state of a mesh as plain values."""

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
    TableId,
    Tags,
    tags,
)

__all__ = [
    "Catalog",
    "Column",
    "DataCellsFilter",
    "Database",
    "LFTag",
    "LakeSettings",
    "LinkTarget",
    "Location",
    "Organization",
    "Role",
    "Snapshot",
    "Table",
    "TableId",
    "Tags",
    "tags",
]
