"""Lake Formation served over moto: settings, registered locations, and the calls of its other modules.

Owns `install`, which puts our state and our calls in the place of moto's. Deliberately not here: grants
(grant_api), LF-tags (tag_api) and data cells filters (filters).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import moto.lakeformation.urls
from moto.lakeformation.models import lakeformation_backends

from local.cloud.lakeformation.errors import exists, not_found
from local.cloud.lakeformation.filters import FilterCalls
from local.cloud.lakeformation.grant_api import GrantCalls, page
from local.cloud.lakeformation.state import GovernedLakeBackend, state
from local.cloud.lakeformation.tag_api import TagCalls

CALLS = (
    *("DescribeResource", "DeregisterResource", "RegisterResource", "UpdateResource", "ListResources"),
    *("GetDataLakeSettings", "PutDataLakeSettings", "GetDataLakePrincipal"),
    *(
        "GrantPermissions",
        "RevokePermissions",
        "BatchGrantPermissions",
        "BatchRevokePermissions",
        "ListPermissions",
    ),
    *("CreateLFTag", "GetLFTag", "DeleteLFTag", "UpdateLFTag", "ListLFTags"),
    *("AddLFTagsToResource", "RemoveLFTagsFromResource", "GetResourceLFTags"),
    *("SearchTablesByLFTags", "SearchDatabasesByLFTags"),
    *("CreateDataCellsFilter", "UpdateDataCellsFilter", "GetDataCellsFilter", "DeleteDataCellsFilter"),
    "ListDataCellsFilter",
)

SERVICE_LINKED_ROLE = (
    "role/aws-service-role/lakeformation.amazonaws.com/AWSServiceRoleForLakeFormationDataAccess"
)


class LakeResponse(GrantCalls, TagCalls, FilterCalls):
    """Serves Lake Formation."""

    def __init__(self) -> None:
        super().__init__(service_name="lakeformation")

    def get_data_lake_principal(self) -> str:
        """Serve GetDataLakePrincipal."""
        return json.dumps({"Identity": self.caller.arn})

    def get_data_lake_settings(self) -> str:
        """Serve GetDataLakeSettings."""
        return json.dumps({"DataLakeSettings": state(self.catalog, self.region).settings})

    def put_data_lake_settings(self) -> str:
        """Serve PutDataLakeSettings: what is left out is cleared; parameters alone stay."""
        lake, given = state(self.catalog, self.region), self.document["DataLakeSettings"]
        cleared: dict[str, Any] = {key: [] for key, value in lake.settings.items() if isinstance(value, list)}
        flags = {key: False for key, value in lake.settings.items() if isinstance(value, bool)}
        parameters = {**lake.settings["Parameters"], **(given.get("Parameters") or {})}
        lake.settings = {**cleared, **flags, **given, "Parameters": parameters}
        return "{}"

    def register_resource(self) -> str:
        """Serve RegisterResource."""
        document, locations = self.document, self.lake.locations
        arn = document["ResourceArn"]
        if arn in locations:
            raise exists("Resource is already registered with Lake Formation.")
        role = document.get("RoleArn") or f"arn:aws:iam::{self.caller.account}:{SERVICE_LINKED_ROLE}"
        locations[arn] = {"ResourceArn": arn, "RoleArn": role, **_flags(document), "LastModified": _now()}
        return "{}"

    def update_resource(self) -> str:
        """Serve UpdateResource."""
        document = self.document
        known = self._location(document["ResourceArn"])
        known |= {"RoleArn": document["RoleArn"], **_flags(document), "LastModified": _now()}
        return "{}"

    def describe_resource(self) -> str:
        """Serve DescribeResource."""
        return json.dumps({"ResourceInfo": self._location(self.document["ResourceArn"])})

    def deregister_resource(self) -> str:
        """Serve DeregisterResource."""
        self._location(self.document["ResourceArn"])
        del self.lake.locations[self.document["ResourceArn"]]
        return "{}"

    def list_resources(self) -> str:
        """Serve ListResources."""
        return json.dumps(page(self.document, "ResourceInfoList", list(self.lake.locations.values())))

    def _location(self, arn: str) -> dict[str, Any]:
        if arn not in self.lake.locations:
            raise not_found("Resource is not registered with Lake Formation.")
        return self.lake.locations[arn]


def _flags(document: Mapping[str, Any]) -> dict[str, Any]:
    names = ("WithFederation", "HybridAccessEnabled", "WithPrivilegedAccess")
    return {name: bool(document.get(name)) for name in names}


def _now() -> float:
    return datetime.now(UTC).timestamp()


def install() -> None:
    """Put our backend and our calls in the place of moto's."""
    lakeformation_backends.backend = GovernedLakeBackend
    moto.lakeformation.urls.url_paths.clear()
    moto.lakeformation.urls.url_paths.update({f"{{0}}/{call}$": LakeResponse.dispatch for call in CALLS})
