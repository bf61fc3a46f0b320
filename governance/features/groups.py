"""Feature groups as the contract makes them: which columns become features, of which type, and who may read them.

Owns the rules that turn a table of a contract into a SageMaker feature group, and its names. Deliberately not here:
how they are configured (`load`), what exists in AWS (`components.feature_store`) and the rows (`training`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.contracts import Column
from governance.contracts.types import INTEGRAL, TEMPORAL, TEXTUAL
from governance.levels import lowest
from governance.names import Names, fit

SYSTEM_COLUMNS = {"write_time": "timestamp", "api_invocation_time": "timestamp", "is_deleted": "boolean"}
"""Columns that Feature Store adds to each record of the offline store, with their types; no feature may be called so."""

INGESTION_TIME = "event_time"
"""Feature that holds the event time where the product has no such column: when the record was ingested."""

FEATURE_NAME = re.compile(r"[a-zA-Z0-9]([-_]*[a-zA-Z0-9]){0,63}\Z")
"""CreateFeatureGroup, FeatureName: at most 64 characters, with a letter or digit at both ends."""

GROUP_NAME_MAX = 64
STORED = {"Integral": "bigint", "Fractional": "double", "String": "string"}
"""Feature type to the type its values have in the offline store's Parquet files and table."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One feature: a column of the product, or the event time made at ingestion."""

    name: str
    kind: str
    """Feature type: `Integral`, `Fractional` or `String`."""
    source_type: str
    """Glue type of the product's column, to which a training set is cast back."""
    classification: str
    """Sensitivity level at the source; the offline store's column carries the same."""
    comment: str = ""

    @property
    def stored_type(self) -> str:
        """Glue type in the offline store."""
        return STORED[self.kind]


@dataclass(frozen=True, kw_only=True)
class FeatureGroup:
    """A feature group of one table of a subscribed product."""

    name: str
    product: str
    table: str
    record_id: str
    """Feature that names a record."""
    contract_version: str
    """Version of the contract the group was made from; it must be the one the LoB has published."""
    event_time: str
    """Feature that says when the values became true."""
    ingestion_time: bool
    """Whether the event time is the time of ingestion, for want of a column that tells."""
    features: tuple[Feature, ...]
    online: bool
    role: str
    """Role that ingests; nothing above its clearance enters."""
    clearance: str
    """Lower of that role's clearance and the subscription's."""
    shared: str
    """The subscription's clearance."""

    def feature(self, name: str) -> Feature:
        """Feature by name; KeyError if there is none."""
        return {feature.name: feature for feature in self.features}[name]

    @property
    def offline_table(self) -> str:
        """Name of its table in the consumer's catalog."""
        return self.name.replace("-", "_")

    def level(self, levels: Sequence[str]) -> str:
        """Highest sensitivity of its features."""
        return max((feature.classification for feature in self.features), key=list(levels).index)

    def readable_online(self, clearance: str, levels: Sequence[str]) -> bool:
        """Whether a role of that clearance may read whole records, as the online store gives them.

        The online store knows no columns: IAM lets a role read all features of a group or none.
        """
        order = list(levels)
        return order.index(lowest(clearance, self.shared, order)) >= order.index(self.level(order))


def physical_name(names: Names, consumer: str, group: str) -> str:
    """Name of a feature group in SageMaker; other meshes and consumers in the account keep theirs."""
    return fit(f"{names.namespace}-{consumer}-{group}", GROUP_NAME_MAX)


def features_database(names: Names) -> str:
    """Database of the offline stores' tables in the consumer's own catalog."""
    return f"{names.namespace.replace('-', '_')}_features"


def feature_kind(glue_type: str) -> str | None:
    """Feature type of a Glue type; None where Feature Store has none (nested types, binary).

    Dates and timestamps become ISO 8601 text, booleans 0 and 1. A decimal becomes a double and loses digits beyond
    the 15th, since Feature Store has no exact type.
    """
    kind = glue_type.partition("(")[0].partition("<")[0]
    if kind in INTEGRAL or kind == "boolean":
        return "Integral"
    if kind in ("float", "double", "decimal"):
        return "Fractional"
    return "String" if kind in TEXTUAL or kind in TEMPORAL else None


def feature_of(column: Column) -> Feature | None:
    """The column as a feature; None if it cannot be one."""
    kind = feature_kind(column.glue_type)
    if kind is None or column.name in SYSTEM_COLUMNS or not FEATURE_NAME.match(column.name):
        return None
    return Feature(
        name=column.name,
        kind=kind,
        source_type=column.glue_type,
        classification=column.classification,
        comment=column.comment,
    )


def ingestion_time(lowest_level: str) -> Feature:
    """The event time that ingestion makes; it says nothing of the data, so it is as open as anything."""
    return Feature(
        name=INGESTION_TIME,
        kind="String",
        source_type="timestamp",
        classification=lowest_level,
        comment="When the record was ingested (UTC)",
    )


def export(group: FeatureGroup, names: Names, consumer: str) -> dict[str, Any]:
    """What the consumer's stack tells training about a group."""
    return {
        "group": physical_name(names, consumer, group.name),
        "product": group.product,
        "table": group.table,
        "database": features_database(names),
        "offlineTable": group.offline_table,
        "recordIdentifier": group.record_id,
        "eventTime": group.event_time,
        "ingestionTime": group.ingestion_time,
        "online": group.online,
        "role": group.role,
        "columns": {feature.name: feature.source_type for feature in group.features},
    }


def by_level(group: FeatureGroup, levels: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Sensitivity level to the offline table's columns that carry it; Feature Store's own carry the lowest."""
    named = [(feature.classification, feature.name) for feature in group.features]
    named += [(levels[0], name) for name in SYSTEM_COLUMNS]
    found = {
        level: tuple(sorted(name for of, name in named if of == level))
        for level in levels
    }  # fmt: skip
    return {level: columns for level, columns in found.items() if columns}
