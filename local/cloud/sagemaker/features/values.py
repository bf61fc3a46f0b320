"""Records of the embedded Feature Store: what a record must have, and its values as typed ones.

Owns the checks of PutRecord and DeleteRecord and the form of event times. Deliberately not here: where records go
(records, offline). AWS documents the code of these refusals (ValidationError) and
not their text, so the texts are ours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local.cloud.sagemaker.features.group import Group

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z\Z")
_INTEGRAL = re.compile(r"[+-]?\d+\Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SPANS = {"Seconds": 1, "Minutes": 60, "Hours": 3_600, "Days": 86_400, "Weeks": 604_800}


class Refused(Exception):
    """A record that the service does not take; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A record that was taken."""

    record_id: str
    at: datetime
    """Its event time (UTC)."""
    values: Mapping[str, str]
    """Feature -> value as it was sent, in the order sent."""
    deleted: bool = False
    expires: datetime | None = None


def read(group: Group, sent: Sequence[Mapping[str, Any]], ttl: Mapping[str, Any] | None = None) -> Record:
    """A record of a group, from a list of feature values.

    Features that are left out have no value. Raises `Refused` for a feature that is unknown, twice there or of the wrong
    type, and for a record without identifier or event time.
    """
    kinds = group.kinds
    values: dict[str, str] = {}
    for each in sent:
        name = each.get("FeatureName", "")
        if name not in kinds:
            raise Refused(f"FeatureGroup {group.feature_group_name} has no feature {name}")
        if name in values:
            raise Refused(f"Feature {name} is in the record more than once")
        if each.get("ValueAsStringList") is not None:
            raise Refused(f"Feature {name} is no collection; use ValueAsString")
        if each.get("ValueAsString") is None:
            continue
        values[name] = str(each["ValueAsString"])
    for name, what in ((group.record_id, "record identifier"), (group.event_time, "event time")):
        if not values.get(name):
            raise Refused(f"Missing {what} feature {name}")
    for name, value in values.items():
        typed(name, value, kinds[name])
    at = moment(group, values[group.event_time])
    return Record(record_id=values[group.record_id], at=at, values=values, expires=expiry(group, at, ttl))


def typed(name: str, value: str, kind: str) -> Any:
    """A value by its feature's type: int of 64 bits, float or text."""
    if kind == "String":
        return value
    if kind == "Integral":
        if not _INTEGRAL.match(value) or not -(2**63) <= int(value) < 2**63:
            raise Refused(f"Value '{value}' of feature {name} is not Integral")
        return int(value)
    try:
        return float(value)
    except ValueError:
        raise Refused(f"Value '{value}' of feature {name} is not Fractional") from None


def moment(group: Group, value: str) -> datetime:
    """An event time: ISO 8601 in UTC with seconds or milliseconds, or Unix seconds for a Fractional feature."""
    name = group.event_time
    if group.kinds[name] == "Fractional":
        seconds = typed(name, value, "Fractional")
        if not math.isfinite(seconds) or not 0 <= seconds < 253_402_300_800:
            raise Refused(f"Event time {name} '{value}' is no Unix timestamp in seconds")
        return _EPOCH + timedelta(seconds=seconds)
    try:
        if not _ISO.match(value):
            raise ValueError(value)
        return datetime.fromisoformat(value)
    except ValueError:
        raise Refused(
            f"Event time {name} '{value}' has none of the formats yyyy-MM-dd'T'HH:mm:ssZ and "
            "yyyy-MM-dd'T'HH:mm:ss.SSSZ"
        ) from None


def expiry(group: Group, at: datetime, ttl: Mapping[str, Any] | None) -> datetime | None:
    """When a record ends: its event time and the time to live of the record, or else of the group."""
    span = ttl or (group.described.get("OnlineStoreConfig") or {}).get("TtlDuration")
    return at + timedelta(seconds=SPANS[span["Unit"]] * int(span["Value"])) if span else None
