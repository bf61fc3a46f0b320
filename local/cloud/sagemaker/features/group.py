"""A feature group as the embedded cloud holds it. Deliberately not here: the calls that make and change it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Group:
    """A feature group: what it was made with, and the records of its online store."""

    feature_group_name: str
    arn: str
    account: str
    region: str
    described: dict[str, Any]
    tags: list[dict[str, str]]
    online: dict[str, Any] = field(default_factory=dict)
    """Record identifier -> newest record (records)."""

    @property
    def kinds(self) -> dict[str, str]:
        """Feature -> its type."""
        return {each["FeatureName"]: each["FeatureType"] for each in self.described["FeatureDefinitions"]}

    @property
    def record_id(self) -> str:
        """Feature that names a record."""
        return str(self.described["RecordIdentifierFeatureName"])

    @property
    def event_time(self) -> str:
        """Feature that holds the event time."""
        return str(self.described["EventTimeFeatureName"])

    @property
    def has_online(self) -> bool:
        """Whether there is an online store."""
        return bool((self.described.get("OnlineStoreConfig") or {}).get("EnableOnlineStore"))

    @property
    def offline(self) -> str:
        """Location of the offline store's files; empty if there is none."""
        config = self.described.get("OfflineStoreConfig") or {}
        return str((config.get("S3StorageConfig") or {}).get("ResolvedOutputS3Uri") or "")
