"""A feature store for the table of all components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import component_parts as parts
import pulumi

from components.feature_store import FeatureStore, FeatureStoreArgs
from governance.features import Feature, FeatureGroup


def store(name: str, tags: Mapping[str, str], options: pulumi.ResourceOptions) -> Any:
    """A store with one group of an id, a time and one feature."""
    features = tuple(
        Feature(name=feature, kind=kind, source_type=source, classification="internal")
        for feature, kind, source in (
            ("id", "String", "string"),
            ("at", "String", "timestamp"),
            ("x", "Fractional", "double"),
        )
    )
    group = FeatureGroup(
        name="scores", product="loans", table="loan", record_id="id", contract_version="1.0.0", event_time="at",
        ingestion_time=False, features=features, online=False, role="pipeline", clearance="internal", shared="internal",
    )  # fmt: skip
    args = FeatureStoreArgs(
        consumer=name, place=parts.CONSUMER, names=parts.NAMES, levels=parts.LEVELS, roles=parts.roles(),
        role_arns={role.name: pulumi.Output.from_input(role.name) for role in parts.roles()},
        groups=[group], key_arn="key", tags=tags,
    )  # fmt: skip
    return FeatureStore(name, args, opts=options)
