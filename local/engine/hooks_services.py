"""What EventBridge, logs, queues, functions and SageMaker need beyond one call."""

from __future__ import annotations

import time
from typing import Any

from governance.errors import MeshError
from local.engine import assets, shapes
from local.engine.api import Action
from local.engine.tagging import STYLES, retag

_ENDPOINT_SECONDS = 120.0


def remove_bus_policy(action: Action) -> None:
    """The whole policy goes, not one statement."""
    action.call("remove_permission", EventBusName=action.inputs["eventBusName"], RemoveAllPermissions=True)


def rule_state(action: Action) -> None:
    """`isEnabled` is the older spelling of `state`; PutRule takes tags only for a new rule."""
    if "isEnabled" in action.inputs:
        action.params["State"] = "ENABLED" if action.inputs["isEnabled"] else "DISABLED"
    if action.kind == "update":
        action.params.pop("Tags", None)


def target_failures(action: Action) -> None:
    """PutTargets counts what it refused in an answer of 200."""
    if action.response.get("FailedEntryCount"):
        entries = action.response.get("FailedEntries") or []
        said = "; ".join(f"{entry.get('ErrorCode')}: {entry.get('ErrorMessage')}" for entry in entries)
        raise MeshError(f"PutTargets failed: {said}")


def remove_target(action: Action) -> None:
    """Targets are removed from their rule."""
    inputs = action.inputs
    action.call(
        "remove_targets", Rule=inputs["rule"], EventBusName=inputs["eventBusName"], Ids=[inputs["targetId"]]
    )


def log_settings(action: Action) -> None:
    """Retention, key and tags of a log group have calls of their own."""
    name = action.inputs["name"]
    if action.changed("retentionInDays"):
        days = int(action.inputs.get("retentionInDays") or 0)
        if days:
            action.call("put_retention_policy", logGroupName=name, retentionInDays=days)
        elif action.kind == "update":
            action.call("delete_retention_policy", logGroupName=name)
    if action.kind == "update" and action.changed("kmsKeyId"):
        key = action.inputs.get("kmsKeyId")
        if key:
            action.call("associate_kms_key", logGroupName=name, kmsKeyId=key)
        else:
            action.call("disassociate_kms_key", logGroupName=name)
    if action.kind == "update" and action.changed("tags"):
        retag(action, STYLES["logs"])


def alarm_names(action: Action) -> None:
    """DeleteAlarms takes a list."""
    action.params["AlarmNames"] = [action.inputs["name"]]


def queue_attributes(action: Action) -> None:
    """An attribute is text; one that went from the program goes back to empty, except the FIFO mark."""
    if action.kind == "update":
        action.params.pop("QueueName", None)
        action.params.setdefault("Attributes", {}).pop("FifoQueue", None)
    elif not action.inputs.get("fifoQueue"):
        action.params.get("Attributes", {}).pop("FifoQueue", None)


def remove_queue_policy(action: Action) -> None:
    """An empty policy is none."""
    action.call("set_queue_attributes", QueueUrl=action.inputs["queueUrl"], Attributes={"Policy": ""})


def function_code(action: Action) -> None:
    """An archive of the program is sent as a zip file."""
    if assets.is_asset(action.inputs.get("code")):
        action.params["Code"] = {"ZipFile": assets.read(action.inputs["code"])}


def function_concurrency(action: Action) -> None:
    """Reserved concurrency is a setting beside the function."""
    if action.changed("reservedConcurrentExecutions"):
        reserved = action.inputs.get("reservedConcurrentExecutions")
        name = action.inputs["name"]
        if reserved is not None and int(reserved) >= 0:
            action.call(
                "put_function_concurrency", FunctionName=name, ReservedConcurrentExecutions=int(reserved)
            )
        elif action.kind == "update":
            action.call("delete_function_concurrency", FunctionName=name)


def update_function(action: Action) -> None:
    """Code and configuration change by different calls."""
    inputs, name = action.inputs, action.inputs["name"]
    if action.changed("code", "s3Bucket", "s3Key", "s3ObjectVersion", "imageUri", "sourceCodeHash"):
        code: dict[str, Any] = {}
        if assets.is_asset(inputs.get("code")):
            code["ZipFile"] = assets.read(inputs["code"])
        else:
            members = {
                "s3Bucket": "S3Bucket",
                "s3Key": "S3Key",
                "s3ObjectVersion": "S3ObjectVersion",
                "imageUri": "ImageUri",
            }
            code = {member: inputs[key] for key, member in members.items() if inputs.get(key)}
        action.call("update_function_code", FunctionName=name, **code)
    api = action.api
    settings = {key: value for key, value in inputs.items() if key not in api.ignore and key != "region"}
    params, _ = shapes.build(api.service, "update_function_configuration", settings, rename=api.rename)
    params.pop("Code", None)
    action.call("update_function_configuration", **params)
    function_concurrency(action)
    if action.changed("tags"):
        retag(action, STYLES["lambda"])


def domain_id(action: Action) -> None:
    """The id of a new domain is only in its ARN."""
    if action.kind == "create" and not action.response.get("DomainId"):
        action.response = {
            **action.response,
            "DomainId": str(action.response["DomainArn"]).rsplit("/", 1)[-1],
        }


def endpoint_in_service(action: Action) -> None:
    """An endpoint that was made or changed is waited for, as the provider does; one that fails says why."""
    ended = time.monotonic() + _ENDPOINT_SECONDS
    while True:
        found = action.call("describe_endpoint", EndpointName=action.inputs["name"])
        if found["EndpointStatus"] == "InService":
            if found["EndpointConfigName"] == action.inputs["endpointConfigName"]:
                return
            raise MeshError(
                f"went back to {found['EndpointConfigName']}: {found.get('FailureReason', 'unknown')}"
            )
        if found["EndpointStatus"] in ("Failed", "OutOfService") or time.monotonic() > ended:
            raise MeshError(
                f"is {found['EndpointStatus']}: {found.get('FailureReason', 'not in service in time')}"
            )
        time.sleep(0.05)


def domain_retention(action: Action) -> None:
    """The home file system stays unless the program says Delete."""
    policy = action.inputs.get("retentionPolicy") or {}
    action.params["RetentionPolicy"] = {"HomeEfsFileSystem": policy.get("homeEfsFileSystem") or "Retain"}


def offline_location(action: Action) -> None:
    """Feature Store names the folder of an offline store itself; the answer to the create does not tell it."""
    told = action.call("describe_feature_group", FeatureGroupName=action.inputs["featureGroupName"])
    storage = (told.get("OfflineStoreConfig") or {}).get("S3StorageConfig") or {}
    action.response = {**action.response, "Resolved": storage.get("ResolvedOutputS3Uri")}
