"""The data plane of the embedded Feature Store: records are put, got and deleted.

Owns the online store's rule (the newest event time wins), deletion, expiry, and who may call: identity policies of the
caller are asked, since nothing else governs the online store. Deliberately not here: the form of records
(values) and files (offline).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import moto.sagemaker.urls
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.sagemaker.models import sagemaker_backends

from local.cloud import iam_calls
from local.cloud.sagemaker.features.api import find, name_of, not_there
from local.cloud.sagemaker.features.group import Group
from local.cloud.sagemaker.features.offline import append
from local.cloud.sagemaker.features.values import Record, Refused, moment, read, typed

PATHS = (
    "/FeatureGroup/(?P<name>.+)$",
    "/BatchGetRecord$",
    "/BatchWriteRecord$",
)
_lock = threading.RLock()


def _invalid(message: str) -> JsonRESTError:
    return JsonRESTError("ValidationError", f"Validation Error: {message}.")


class FeatureStoreResponse(BaseResponse):  # type: ignore[misc]
    """Serves the Feature Store runtime."""

    def __init__(self) -> None:
        super().__init__(service_name="sagemaker-featurestore-runtime")

    def put_record(self) -> Any:
        """Serve PutRecord."""
        group = self._group("PutRecord", "ValidationError")
        try:
            record = read(group, self._get_param("Record") or [], self._get_param("TtlDuration"))
        except Refused as error:
            raise _invalid(str(error)) from None
        _store(group, [record], self._stores(group, self._get_param("TargetStores")))
        return EmptyResult()

    def batch_write_record(self) -> Any:
        """Serve BatchWriteRecord: each entry is taken or refused by itself."""
        entries = self._get_param("Entries") or []
        if not 1 <= len(entries) <= 25:
            raise _invalid("Entries must have 1 to 25 items")
        errors: list[dict[str, Any]] = []
        taken: dict[tuple[str, tuple[str, ...]], list[Record]] = {}
        groups: dict[str, Group] = {}
        for entry in entries:
            try:
                group = self._named(entry.get("FeatureGroupName", ""), "BatchWriteRecord", "ResourceNotFound")
                ttl = entry.get("TtlDuration") or self._get_param("TtlDuration")
                record = read(group, entry.get("Record") or [], ttl)
                stores = self._stores(group, entry.get("TargetStores"))
            except Refused as error:
                said = f"Validation Error: {error}."
                errors.append({"Entry": entry, "ErrorCode": "ValidationError", "ErrorMessage": said})
            except JsonRESTError as error:
                if error.error_type == "AccessDeniedException":
                    raise
                errors.append({"Entry": entry, "ErrorCode": error.error_type, "ErrorMessage": error.message})
            else:
                groups[group.arn] = group
                taken.setdefault((group.arn, stores), []).append(record)
        for (arn, stores), records in taken.items():
            _store(groups[arn], records, stores)
        return ActionResult({"Errors": errors, "UnprocessedEntries": []})

    def get_record(self) -> Any:
        """Serve GetRecord; nothing is found where a record was deleted or has expired."""
        group = self._group("GetRecord", "ResourceNotFound")
        record = _newest(group, self._one("RecordIdentifierValueAsString"))
        names = self.querystring.get("FeatureName") or []
        if record is None:
            return ActionResult({})
        with_end = self._one("ExpirationTimeResponse", "Disabled") == "Enabled"
        return ActionResult({"Record": _shown(group, record, names), **_end(record, with_end)})

    def batch_get_record(self) -> Any:
        """Serve BatchGetRecord."""
        with_end = self._get_param("ExpirationTimeResponse") == "Enabled"
        records: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for asked in self._get_param("Identifiers") or []:
            name = asked.get("FeatureGroupName", "")
            try:
                group = self._named(name, "BatchGetRecord", "ResourceNotFound")
                found = [(key, _newest(group, key)) for key in asked["RecordIdentifiersValueAsString"]]
                shown = [
                    {
                        "FeatureGroupName": name,
                        "RecordIdentifierValueAsString": key,
                        "Record": _shown(group, record, asked.get("FeatureNames") or []),
                        **_end(record, with_end),
                    }
                    for key, record in found
                    if record is not None
                ]
            except JsonRESTError as error:
                if error.error_type == "AccessDeniedException":
                    raise
                errors += [
                    {
                        "FeatureGroupName": name,
                        "RecordIdentifierValueAsString": key,
                        "ErrorCode": error.error_type,
                        "ErrorMessage": error.message,
                    }
                    for key in asked["RecordIdentifiersValueAsString"]
                ]
            else:
                records += shown
        return ActionResult({"Records": records, "Errors": errors, "UnprocessedIdentifiers": []})

    def delete_record(self) -> Any:
        """Serve DeleteRecord: a marker goes to the offline store; online the record is hidden, or gone."""
        group = self._group("DeleteRecord", "ValidationError")
        key, when = self._one("RecordIdentifierValueAsString"), self._one("EventTime")
        hard = self._one("DeletionMode", "SoftDelete") == "HardDelete"
        stores = self._stores(group, self.querystring.get("TargetStores"))
        try:
            typed(group.record_id, key, group.kinds[group.record_id])
            at = moment(group, when)
        except Refused as error:
            raise _invalid(str(error)) from None
        values = {group.record_id: key, group.event_time: when}
        marker = Record(record_id=key, at=at, values=values, deleted=True)
        with _lock:
            present = group.online.get(key) if "OnlineStore" in stores else None
            if hard and present is not None and present.at >= at:
                raise _invalid(f"EventTime {when} is not later than that of the record in the OnlineStore")
            _store(group, [marker], stores)
            if hard and "OnlineStore" in stores:
                group.online.pop(key, None)
        return EmptyResult()

    def _group(self, operation: str, unknown: str) -> Group:
        return self._named(unquote(self.path.split("/FeatureGroup/", 1)[1]), operation, unknown)

    def _named(self, name: str, operation: str, unknown: str) -> Group:
        """A group the caller may do this with; AWS says `unknown` where there is none."""
        account = name.split(":")[4] if name.startswith("arn:") else self.current_account
        group = find(sagemaker_backends[account][self.region], name)
        arn = (
            group.arn
            if group
            else f"arn:{self.partition}:sagemaker:{self.region}:{account}:feature-group/{name_of(name).lower()}"
        )
        self._authorize(f"sagemaker:{operation}", arn)
        if group is None:
            raise JsonRESTError(unknown, not_there(name))
        return group

    def _authorize(self, action: str, arn: str) -> None:
        """Identity policies of the caller, who must be of the group's account: online stores have no resource policy."""
        iam_calls.demand(action, arn, self.region, unknown=False)

    def _stores(self, group: Group, asked: Iterable[str] | None) -> tuple[str, ...]:
        there = {"OnlineStore": group.has_online, "OfflineStore": bool(group.offline)}
        wanted = tuple(sorted(asked or (store for store, is_there in there.items() if is_there)))
        for store in wanted:
            if not there.get(store):
                raise _invalid(f"FeatureGroup {group.feature_group_name} has no {store}")
        return wanted

    def _one(self, name: str, default: str = "") -> str:
        values = self.querystring.get(name) or [default]
        return str(values[0])


def _store(group: Group, records: list[Record], stores: tuple[str, ...]) -> None:
    """Offline every record is kept; online only one newer than what is there."""
    invoked = datetime.now(UTC)
    with _lock:
        if "OfflineStore" in stores:
            append(group, records, invoked)
        for record in records if "OnlineStore" in stores else ():
            present = group.online.get(record.record_id)
            if present is None or record.at > present.at:
                group.online[record.record_id] = record


def _newest(group: Group, key: str) -> Record | None:
    if not group.has_online:
        raise _invalid(f"FeatureGroup {group.feature_group_name} has no OnlineStore")
    record: Record | None = group.online.get(key)
    if record is None or record.deleted or (record.expires and record.expires <= datetime.now(UTC)):
        return None
    return record


def _shown(group: Group, record: Record, names: Iterable[str]) -> list[dict[str, str]]:
    wanted = set(names)
    if unknown := sorted(wanted - set(group.kinds)):
        raise _invalid(f"FeatureGroup {group.feature_group_name} has no feature {unknown[0]}")
    return [
        {"FeatureName": name, "ValueAsString": value}
        for name, value in record.values.items()
        if not wanted or name in wanted
    ]


def _end(record: Record, wanted: bool) -> Mapping[str, str]:
    if not wanted or record.expires is None:
        return {}
    return {"ExpiresAt": record.expires.strftime("%Y-%m-%dT%H:%M:%SZ")}


def install() -> None:
    """Route the runtime's paths, which come to SageMaker's address."""
    for path in PATHS:
        moto.sagemaker.urls.url_paths[f"{{0}}{path}"] = FeatureStoreResponse.dispatch
