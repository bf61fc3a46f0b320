"""CloudTrail of the embedded cloud: the audit record of every governed read, and LookupEvents.

Owns the shape of `GetDataAccess` events and where they are kept. Events are kept in moto's CloudTrail
backends, so a reset of the cloud forgets them. Deliberately not here: any other API call; only Lake
Formation's data access leaves a record.

Shape: Lake Formation best practices, "Lake Formation CloudTrail Events", the event of Athena engine version 3
(the audit context is Athena's loose text `{queryId: <id>}`, not JSON). The owner of a shared table gets a
copy without the ARN of the principal (Lake Formation developer guide, "Cross-account CloudTrail logging");
`sharedEventID` is the same in both.
"""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Callable
from typing import Any

from moto.cloudtrail.models import cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse
from moto.sts.models import sts_backends

from local.cloud.athena.catalog import CatalogTable
from local.cloud.athena.rights import Caller

_KEPT = "data_access_events"


def install() -> None:
    """Patch LookupEvents into moto's CloudTrail."""
    CloudTrailResponse.lookup_events = lookup_events


def session_of(account: str, access_key: str) -> tuple[str, str]:
    """Return ARN and unique id of the session behind an access key; empty for a key that is of no session."""
    for partition in ("aws", "aws-cn", "aws-us-gov"):
        for role in sts_backends[account][partition].assumed_roles:
            if role.access_key_id == access_key:
                return str(role.arn), str(role.user_id)
    return "", ""


def reader(caller: Caller, query_id: str) -> Callable[[CatalogTable, tuple[str, ...]], None]:
    """Return a function that records the read of a table by one query."""

    def read(table: CatalogTable, columns: tuple[str, ...]) -> None:
        record(caller, table, query_id)

    return read


def record(caller: Caller, table: CatalogTable, query_id: str) -> dict[str, Any]:
    """Keep the GetDataAccess event of a read in the caller's account and a copy in the owner's; return it."""
    shared, region = str(uuid.uuid4()), caller.region
    event = _event(caller, table, query_id, shared)
    _keep(caller.account, region, event)
    if table.catalog != caller.account:
        copy = _event(caller, table, query_id, shared)
        copy["userIdentity"] = {
            "type": "AWSAccount",
            "principalId": event["userIdentity"]["principalId"],
            "accountId": caller.account,
            "invokedBy": "athena.amazonaws.com",
        }
        copy["additionalEventData"].pop("lakeFormationPrincipal")
        copy["recipientAccountId"] = table.catalog
        _keep(table.catalog, region, copy)
    return event


def _event(caller: Caller, table: CatalogTable, query_id: str, shared: str) -> dict[str, Any]:
    role = caller.arn.rsplit("/", 1)[-1]
    principal, _, session = (caller.user_id or caller.access_key).partition(":")
    identity: dict[str, Any] = {
        "type": "AssumedRole" if caller.session_arn else "IAMUser",
        "principalId": f"{principal}:{session}" if session else principal,
        "arn": caller.session_arn or caller.arn,
        "accountId": caller.account,
        "accessKeyId": caller.access_key,
        "invokedBy": "athena.amazonaws.com",
    }
    if caller.session_arn:
        identity["sessionContext"] = {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal,
                "arn": caller.arn,
                "accountId": caller.account,
                "userName": role,
            },
            "attributes": {"mfaAuthenticated": "false"},
        }
    return {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "lakeformation.amazonaws.com",
        "eventName": "GetDataAccess",
        "awsRegion": caller.region,
        "sourceIPAddress": "athena.amazonaws.com",
        "userAgent": "athena.amazonaws.com",
        "requestParameters": {
            "tableArn": table.arn,
            "permissions": ["SELECT"],
            "auditContext": {"additionalAuditContext": f"{{queryId: {query_id}}}"},
            "cellLevelSecurityEnforced": True,
        },
        "responseElements": None,
        "additionalEventData": {
            "requesterService": "ATHENA",
            "LakeFormationTrustedCallerInvocation": "true",
            "lakeFormationPrincipal": caller.arn,
            "lakeFormationRoleSessionName": f"AWSLF-00-AT-{caller.account}-{query_id[:8]}",
        },
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": caller.account,
        "sharedEventID": shared,
        "eventCategory": "Management",
    }


def _keep(account: str, region: str, event: dict[str, Any]) -> None:
    backend = cloudtrail_backends[account][region]
    backend.__dict__.setdefault(_KEPT, []).append(event)


def events(account: str, region: str) -> list[dict[str, Any]]:
    """Return the events kept for an account, oldest first."""
    return list(cloudtrail_backends[account][region].__dict__.get(_KEPT, []))


def _shown(event: dict[str, Any], region: str) -> dict[str, Any]:
    """Return an event as LookupEvents lists it."""
    moment = datetime.datetime.strptime(event["eventTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)
    session = str(event["userIdentity"].get("arn", "")).rsplit("/", 1)[-1]
    return {
        "EventId": event["eventID"],
        "EventName": event["eventName"],
        "ReadOnly": "true" if event["readOnly"] else "false",
        "AccessKeyId": event["userIdentity"].get("accessKeyId", ""),
        "EventTime": moment.timestamp(),
        "EventSource": event["eventSource"],
        "Username": session,
        "Resources": [
            {"ResourceType": "AWS::Glue::Table", "ResourceName": event["requestParameters"]["tableArn"]}
        ],
        "CloudTrailEvent": json.dumps(event),
    }


def _matches(shown: dict[str, Any], key: str, value: str) -> bool:
    if key in ("ResourceName", "ResourceType"):
        return any(each[key] == value for each in shown["Resources"])
    return str(shown.get(key, "")) == value


def lookup_events(self: Any) -> str:
    """LookupEvents: latest first, by attribute, time and page, as CloudTrail's event history."""
    wanted = self._get_param("LookupAttributes") or []
    since, until = self._get_param("StartTime"), self._get_param("EndTime")
    start, size = int(self._get_param("NextToken") or 0), min(int(self._get_param("MaxResults") or 50), 50)
    shown = [_shown(event, self.region) for event in reversed(events(self.current_account, self.region))]
    found = [
        each
        for each in shown
        if all(_matches(each, one["AttributeKey"], one["AttributeValue"]) for one in wanted)
        and (since is None or each["EventTime"] >= int(float(since)))
        and (until is None or each["EventTime"] <= float(until))
    ]
    answer: dict[str, Any] = {"Events": found[start : start + size]}
    if start + size < len(found):
        answer["NextToken"] = str(start + size)
    return json.dumps(answer)
