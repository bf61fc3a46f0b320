"""SageMaker Feature Store of the embedded cloud: feature groups.

Owns Create-, Describe-, Update-, Delete- and ListFeatureGroups. Deliberately not here: what a create looks at and makes
(setup) and records (records). A group is there as soon as its call returns; on AWS
it is `Creating` for a while. Deleting one forgets its online store and leaves the objects of its offline store, as AWS
does.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.responses import SageMakerResponse

from governance.features import SYSTEM_COLUMNS
from local.cloud.sagemaker import place
from local.cloud.sagemaker.errors import in_use, invalid, missing
from local.cloud.sagemaker.features.group import Group
from local.cloud.sagemaker.features.setup import check_definitions, make_table, offline_config
from local.cloud.sagemaker.shapes import check, picked


def _params(self: Any, operation: str) -> dict[str, Any]:
    given: dict[str, Any] = json.loads(self.body or "{}")
    check(operation, given)
    return given


def name_of(name_or_arn: str) -> str:
    """The name in an ARN, or the name itself."""
    return name_or_arn.rsplit("/", 1)[-1]


def find(backend: Any, name_or_arn: str) -> Group | None:
    """A group by name or ARN; names are compared without case, as their ARNs are in lower case."""
    wanted = name_of(name_or_arn).lower()
    groups: list[Group] = list(backend.feature_groups.values())
    return next((group for group in groups if group.feature_group_name.lower() == wanted), None)


def not_there(name: str) -> str:
    """The service's words for a group that does not exist."""
    return f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name_of(name)}"


def _found(self: Any, name: str) -> Group:
    group = find(self.sagemaker_backend, name)
    if group is None:
        raise missing(not_there(name))
    return group


def create_feature_group(self: Any) -> Any:
    """Serve CreateFeatureGroup."""
    given = _params(self, "CreateFeatureGroup")
    name = given["FeatureGroupName"]
    if find(self.sagemaker_backend, name):
        raise in_use(
            f"Resource Already Exists: FeatureGroup with name {name} already exists. Choose a different name.\n"
            f"Info: Feature Group '{name}' already exists."
        )
    check_definitions(given)
    now = datetime.now(UTC)
    described = {
        **{key: value for key, value in given.items() if key != "Tags"},
        "CreationTime": now,
        "FeatureGroupStatus": "Created",
        "ThroughputConfig": given.get("ThroughputConfig") or {"ThroughputMode": "OnDemand"},
    }
    where = place.of(self)
    if given.get("OfflineStoreConfig"):
        described["OfflineStoreConfig"] = offline_config(given, where, now)
        described["OfflineStoreStatus"] = {"Status": "Active"}
    arn = where.arn("feature-group", name.lower())
    described["FeatureGroupArn"] = arn
    group = Group(name, arn, self.current_account, self.region, described, list(given.get("Tags") or []))
    self.sagemaker_backend.feature_groups[arn] = group
    if group.offline and not described["OfflineStoreConfig"].get("DisableGlueTableCreation"):
        make_table(group, where)
    return ActionResult({"FeatureGroupArn": arn})


def describe_feature_group(self: Any) -> Any:
    """Serve DescribeFeatureGroup."""
    given = _params(self, "DescribeFeatureGroup")
    return ActionResult(picked("DescribeFeatureGroup", _found(self, given["FeatureGroupName"]).described))


def update_feature_group(self: Any) -> Any:
    """Serve UpdateFeatureGroup: features are added, never taken away."""
    given = _params(self, "UpdateFeatureGroup")
    group = _found(self, given["FeatureGroupName"])
    for each in given.get("FeatureAdditions") or []:
        feature = each["FeatureName"]
        if feature in group.kinds or feature.lower() in SYSTEM_COLUMNS:
            raise invalid(f"Validation Error: FeatureName {feature} already exists in the FeatureGroup.")
        group.described["FeatureDefinitions"].append(each)
    if given.get("OnlineStoreConfig"):
        if not group.has_online:
            raise invalid("Validation Error: The FeatureGroup has no OnlineStore to update.")
        group.described["OnlineStoreConfig"] |= given["OnlineStoreConfig"]
    if given.get("ThroughputConfig"):
        group.described["ThroughputConfig"] = given["ThroughputConfig"]
    group.described |= {
        "LastModifiedTime": datetime.now(UTC),
        "LastUpdateStatus": {"Status": "Successful"},
    }
    return ActionResult({"FeatureGroupArn": group.arn})


def delete_feature_group(self: Any) -> Any:
    """Serve DeleteFeatureGroup."""
    group = _found(self, _params(self, "DeleteFeatureGroup")["FeatureGroupName"])
    del self.sagemaker_backend.feature_groups[group.arn]
    return EmptyResult()


def list_feature_groups(self: Any) -> Any:
    """Serve ListFeatureGroups."""
    given = _params(self, "ListFeatureGroups")
    groups: list[Group] = list(self.sagemaker_backend.feature_groups.values())
    wanted = [
        group
        for group in groups
        if given.get("NameContains", "") in group.feature_group_name
        and given.get("FeatureGroupStatusEquals", group.described["FeatureGroupStatus"])
        == group.described["FeatureGroupStatus"]
    ]
    by = given.get("SortBy", "CreationTime")
    wanted.sort(
        key=lambda group: (
            group.feature_group_name if by == "Name" else group.described["CreationTime"].isoformat()
        ),
        reverse=given.get("SortOrder", "Ascending") == "Descending",
    )
    start, size = int(given.get("NextToken") or 0), int(given.get("MaxResults") or 100)
    fields = (
        "FeatureGroupName",
        "FeatureGroupArn",
        "CreationTime",
        "FeatureGroupStatus",
        "OfflineStoreStatus",
    )
    page = [
        {key: group.described[key] for key in fields if key in group.described}
        for group in wanted[start : start + size]
    ]
    more = {"NextToken": str(start + size)} if start + size < len(wanted) else {}
    return ActionResult({"FeatureGroupSummaries": page, **more})


CALLS = (
    create_feature_group,
    describe_feature_group,
    update_feature_group,
    delete_feature_group,
    list_feature_groups,
)


def install() -> None:
    """Add the calls to SageMaker."""
    for call in CALLS:
        setattr(SageMakerResponse, call.__name__, call)
