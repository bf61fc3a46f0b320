"""What Glue, Lake Formation and Athena need beyond one call.

Lake Formation's batch APIs answer 200 and list `Failures`; a failure there is a failure here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.errors import MeshError
from local.engine import shapes
from local.engine.api import Action
from local.engine.errors import GONE, matches

_SETTINGS_LISTS = (
    "DataLakeAdmins",
    "ReadOnlyAdmins",
    "CreateDatabaseDefaultPermissions",
    "CreateTableDefaultPermissions",
    "TrustedResourceOwners",
)


def trigger_state(action: Action) -> None:
    """A trigger is made stopped; `enabled` (the default) starts all but those on demand."""
    if action.inputs.get("type") == "ON_DEMAND" or not action.changed("enabled"):
        return
    if action.inputs.get("enabled") is not False:
        if not action.inputs.get("startOnCreation"):
            action.call("start_trigger", Name=action.inputs["name"])
    elif action.kind == "update":
        action.call("stop_trigger", Name=action.inputs["name"])


def plain_catalog(action: Action) -> None:
    """Encryption settings cannot be deleted, only turned off."""
    action.call(
        "put_data_catalog_encryption_settings",
        CatalogId=action.outputs["catalogId"],
        DataCatalogEncryptionSettings={
            "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
            "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
        },
    )


def whole_settings(action: Action) -> None:
    """The call replaces all settings, so what the program leaves out is said to be empty."""
    settings = action.params["DataLakeSettings"]
    for member in _SETTINGS_LISTS:
        settings.setdefault(member, [])
    for member in ("CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions"):
        settings[member] = [entry for entry in settings[member] if entry.get("Permissions")]


def reset_settings(action: Action) -> None:
    """What the provider's own delete does: no admins, no defaults, cross-account version 1."""
    action.call(
        "put_data_lake_settings",
        CatalogId=action.outputs["catalogId"],
        DataLakeSettings={
            **{member: [] for member in _SETTINGS_LISTS},
            "Parameters": {"CROSS_ACCOUNT_VERSION": "1"},
        },
    )


def update_tag_values(action: Action) -> None:
    """Values are added and deleted, never replaced."""
    new, old = set(action.inputs.get("values") or []), set(action.old_inputs.get("values") or [])
    params: dict[str, Any] = {"CatalogId": action.outputs["catalogId"], "TagKey": action.inputs["key"]}
    if new - old:
        params["TagValuesToAdd"] = sorted(new - old)
    if old - new:
        params["TagValuesToDelete"] = sorted(old - new)
    if len(params) > 2:
        action.call("update_lf_tag", **params)


def registration_role(action: Action) -> None:
    """Without a role the service-linked one registers the location."""
    if action.kind == "create" and "RoleArn" not in action.params:
        action.params.setdefault("UseServiceLinkedRole", True)


def whole_columns(action: Action) -> None:
    """`columnNames` and a wildcard exclude each other; an empty list of names is none."""
    columns = action.params.get("Resource", {}).get("TableWithColumns")
    if columns is not None and not columns.get("ColumnNames"):
        columns.pop("ColumnNames", None)
        columns.setdefault("ColumnWildcard", {})


def revoke(action: Action) -> None:
    """Revoke what was granted, in the same words."""
    action.call("revoke_permissions", **_params(action, "revoke_permissions"))


def _params(action: Action, operation: str) -> dict[str, Any]:
    """Parameters of the opposite operation, made from the properties in the state."""
    properties = {key: value for key, value in action.inputs.items() if key != "region"}
    action.params, _ = shapes.build(action.api.service, operation, properties, rename=action.api.rename)
    whole_columns(action)
    action.params.setdefault("CatalogId", action.outputs["catalogId"])
    return action.params


def tag_failures(action: Action) -> None:
    """AddLFTagsToResource reports what it refused in an answer of 200."""
    failures = [failure for failure in action.response.get("Failures") or [] if failure]
    if failures:
        raise MeshError(f"AddLFTagsToResource failed: {'; '.join(_failure(item) for item in failures)}")


def _failure(failure: Mapping[str, Any]) -> str:
    tag, error = failure.get("LFTag") or {}, failure.get("Error") or {}
    values = ",".join(tag.get("TagValues") or [])
    return f"{tag.get('TagKey')}={values}: {error.get('ErrorCode')}: {error.get('ErrorMessage')}"


def retag_resource(action: Action) -> None:
    """Tags that went are removed first, then the program's are assigned (assigning replaces a value)."""
    new = {tag["key"] for tag in action.inputs.get("lfTags") or []}
    gone = [tag for tag in action.old_inputs.get("lfTags") or [] if tag["key"] not in new]
    if gone:
        _remove(action, gone)
    params = _params(action, "add_lf_tags_to_resource")
    action.response = action.call("add_lf_tags_to_resource", **params)
    tag_failures(action)


def untag_resource(action: Action) -> None:
    """Take off the tags this resource put on."""
    _remove(action, list(action.inputs.get("lfTags") or []))


def _remove(action: Action, tags: list[Mapping[str, Any]]) -> None:
    params = _params(action, "remove_lf_tags_from_resource")
    catalog = params["CatalogId"]
    params["LFTags"] = [
        {"CatalogId": tag.get("catalogId") or catalog, "TagKey": tag["key"], "TagValues": [tag["value"]]}
        for tag in tags
    ]
    answer = action.call("remove_lf_tags_from_resource", **params)
    failures = [
        item
        for item in answer.get("Failures") or []
        if item and not matches(GONE, str(item.get("Error", {}).get("ErrorCode")), "")
    ]
    if failures:
        text = "; ".join(_failure(item) for item in failures)
        raise MeshError(f"RemoveLFTagsFromResource failed: {text}")


def workgroup_state(action: Action) -> None:
    """A workgroup is made enabled."""
    if action.inputs.get("state") == "DISABLED" or (action.kind == "update" and action.changed("state")):
        action.call(
            "update_work_group",
            WorkGroup=action.inputs["name"],
            State=action.inputs.get("state") or "ENABLED",
        )


def workgroup_contents(action: Action) -> None:
    """Only `forceDestroy` deletes a workgroup with queries in it."""
    action.params["RecursiveDeleteOption"] = bool(action.inputs.get("forceDestroy"))
