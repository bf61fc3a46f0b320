"""Feature groups as contracts make them."""

from governance.features.groups import (
    STORED,
    SYSTEM_COLUMNS,
    Feature,
    FeatureGroup,
    by_level,
    export,
    feature_kind,
    features_database,
    physical_name,
)

__all__ = [
    "STORED",
    "SYSTEM_COLUMNS",
    "Feature",
    "FeatureGroup",
    "by_level",
    "export",
    "feature_kind",
    "features_database",
    "physical_name",
]
