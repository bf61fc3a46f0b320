"""What KMS, IAM and S3 need beyond one call: follow-up calls, bodies, emptying before a delete."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

from local.engine import assets
from local.engine.api import Action
from local.engine.tagging import STYLES, pairs, retag


def key_settings(action: Action) -> None:
    """Rotation and enabled state, which CreateKey does not take."""
    if action.changed("enableKeyRotation", "rotationPeriodInDays"):
        if action.inputs.get("enableKeyRotation"):
            days = action.inputs.get("rotationPeriodInDays")
            period = {"RotationPeriodInDays": int(days)} if days else {}
            action.call("enable_key_rotation", KeyId=action.id, **period)
        elif action.kind == "update":
            action.call("disable_key_rotation", KeyId=action.id)
    if action.changed("isEnabled"):
        enabled = action.inputs.get("isEnabled") is not False
        if not enabled:
            action.call("disable_key", KeyId=action.id)
        elif action.kind == "update":
            action.call("enable_key", KeyId=action.id)


def update_key(action: Action) -> None:
    """Policy and description have calls of their own."""
    if action.changed("policy") and action.inputs.get("policy"):
        action.call("put_key_policy", KeyId=action.id, PolicyName="default", Policy=action.inputs["policy"])
    if action.changed("description"):
        action.call(
            "update_key_description", KeyId=action.id, Description=action.inputs.get("description") or ""
        )
    if action.changed("tags"):
        retag(action, STYLES["kms"])


def key_deletion_window(action: Action) -> None:
    """A key is never deleted at once."""
    action.params["PendingWindowInDays"] = int(action.inputs.get("deletionWindowInDays") or 30)


def role_policies(action: Action) -> None:
    """Inline and managed policies given on the role itself."""
    name = action.inputs["name"]
    if action.changed("inlinePolicies"):
        new = {item.get("name"): item.get("policy") for item in action.inputs.get("inlinePolicies") or []}
        old = {item.get("name") for item in action.old_inputs.get("inlinePolicies") or []}
        for policy in sorted(filter(None, old - set(new))):
            action.call("delete_role_policy", RoleName=name, PolicyName=policy)
        for policy, document in new.items():
            if policy and document:
                action.call("put_role_policy", RoleName=name, PolicyName=policy, PolicyDocument=document)
    if action.changed("managedPolicyArns"):
        wanted = set(action.inputs.get("managedPolicyArns") or [])
        held = set(action.old_inputs.get("managedPolicyArns") or [])
        for arn in sorted(held - wanted):
            action.call("detach_role_policy", RoleName=name, PolicyArn=arn)
        for arn in sorted(wanted - held):
            action.call("attach_role_policy", RoleName=name, PolicyArn=arn)


def update_role(action: Action) -> None:
    """Trust policy, settings and boundary have calls of their own."""
    name = action.inputs["name"]
    if action.changed("assumeRolePolicy"):
        action.call(
            "update_assume_role_policy", RoleName=name, PolicyDocument=action.inputs["assumeRolePolicy"]
        )
    if action.changed("description", "maxSessionDuration"):
        action.call(
            "update_role",
            RoleName=name,
            Description=action.inputs.get("description") or "",
            MaxSessionDuration=int(action.inputs["maxSessionDuration"]),
        )
    if action.changed("permissionsBoundary"):
        boundary = action.inputs.get("permissionsBoundary")
        if boundary:
            action.call("put_role_permissions_boundary", RoleName=name, PermissionsBoundary=boundary)
        else:
            action.call("delete_role_permissions_boundary", RoleName=name)
    if action.changed("tags"):
        retag(action, STYLES["iam-role"])


def empty_role(action: Action) -> None:
    """A role with policies cannot be deleted."""
    name = action.inputs["name"]
    for policy in action.call("list_attached_role_policies", RoleName=name).get("AttachedPolicies", []):
        action.call("detach_role_policy", RoleName=name, PolicyArn=policy["PolicyArn"])
    for policy in action.call("list_role_policies", RoleName=name).get("PolicyNames", []):
        action.call("delete_role_policy", RoleName=name, PolicyName=policy)


def bucket_location(action: Action) -> None:
    """us-east-1 is the one region that must not be named."""
    if action.region != "us-east-1":
        action.params["CreateBucketConfiguration"] = {"LocationConstraint": action.region}


def bucket_tags(action: Action) -> None:
    """Tags of a bucket are a sub-resource."""
    if not action.changed("tags"):
        return
    tags, bucket = action.inputs.get("tags"), action.inputs["bucket"]
    if tags:
        action.call("put_bucket_tagging", Bucket=bucket, Tagging={"TagSet": pairs(tags)})
    elif action.kind == "update":
        action.call("delete_bucket_tagging", Bucket=bucket)


def empty_bucket(action: Action) -> None:
    """Only `forceDestroy` deletes what is in a bucket."""
    if action.inputs.get("forceDestroy"):
        _delete_all(action, action.inputs["bucket"])


def delete_versions(action: Action) -> None:
    """Every version of the object goes, or the bucket could not."""
    _delete_all(action, action.inputs["bucket"], key=action.inputs["key"])


def _delete_all(action: Action, bucket: str, key: str = "") -> None:
    marker: dict[str, Any] = {}
    while True:
        page = action.call("list_object_versions", Bucket=bucket, Prefix=key, **marker)
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        doomed = [
            {"Key": item["Key"], "VersionId": item["VersionId"]}
            for item in found
            if not key or item["Key"] == key
        ]
        if doomed:
            action.call("delete_objects", Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})
        if not page.get("IsTruncated"):
            return
        marker = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}


def suspend_versioning(action: Action) -> None:
    """Versioning cannot be removed, only suspended."""
    action.call(
        "put_bucket_versioning",
        Bucket=action.inputs["bucket"],
        VersioningConfiguration={"Status": "Suspended"},
    )


def stop_logging(action: Action) -> None:
    """An empty status turns access logs off."""
    action.call("put_bucket_logging", Bucket=action.inputs["bucket"], BucketLoggingStatus={})


def stop_notifications(action: Action) -> None:
    """An empty configuration turns notifications off."""
    action.call(
        "put_bucket_notification_configuration",
        Bucket=action.inputs["bucket"],
        NotificationConfiguration={},
    )


def lifecycle_filters(action: Action) -> None:
    """A rule without filter or prefix is for the whole bucket, which the API wants said."""
    for rule in action.params["LifecycleConfiguration"]["Rules"]:
        if not rule.get("Filter") and "Prefix" not in rule:
            rule["Filter"] = {"Prefix": ""}


def object_body(action: Action) -> None:
    """Content, type and tags of an object."""
    inputs, params = action.inputs, action.params
    if assets.is_asset(inputs.get("source")):
        params["Body"] = assets.read(inputs["source"])
    elif inputs.get("contentBase64") is not None:
        params["Body"] = base64.b64decode(inputs["contentBase64"])
    else:
        params["Body"] = str(inputs.get("content") or "").encode()
    params.setdefault("ContentType", "application/octet-stream")
    if inputs.get("kmsKeyId"):
        params.setdefault("ServerSideEncryption", "aws:kms")
    if inputs.get("tags"):
        params["Tagging"] = urlencode(inputs["tags"])
