"""AWS as its APIs answer, without AWS: what a test has it say is held against botocore's own model of the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.validate import ParamValidator

from governance.errors import MeshError
from local import snapshots_calls, snapshots_live

ACCOUNT, OTHER = "111122223333", "999988887777"
DATABASE = {"Name": "cards", "CatalogId": ACCOUNT, "LocationUri": "s3://b/curated"}
READER = f"arn:aws:iam::{ACCOUNT}:role/team/reader"
GHOST = "AROAIOSFODNN7EXAMPLE"
EMPTY: dict[str, Any] = {
    "GetDataLakeSettings": {"DataLakeSettings": {"DataLakeAdmins": [], "Parameters": {}}},
    "ListLFTags": {}, "ListResources": {"ResourceInfoList": []}, "GetDatabases": {"DatabaseList": []},
    "ListDataCellsFilter": {"DataCellsFilters": []}, "ListPermissions": {"PrincipalResourcePermissions": []},
    "GetResourceShares": {"resourceShares": []}, "GetResourceLFTags": {}, "GetTables": {"TableList": []},
}  # fmt: skip


class Refusal(Exception):
    """An answer that is an error of AWS."""

    def __init__(self, code: str, message: str = "no") -> None:
        super().__init__(code, message)


Answer = Mapping[str, Any] | Refusal | Callable[[Mapping[str, Any]], Mapping[str, Any] | Refusal]


class Aws:
    """Clients that answer from a table of operations; what they answer is held against the service's model."""

    def __init__(self, **answers: Answer | list[Answer]) -> None:
        organization = Refusal("AWSOrganizationsNotInUseException")
        self.answers: dict[str, Any] = {
            **EMPTY, "DescribeOrganization": organization, "GetRole": Refusal("NoSuchEntity"), **answers
        }  # fmt: skip
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def client(self, account: str, service: str) -> Any:
        made = boto3.client(
            service, region_name="eu-west-1", aws_access_key_id="k", aws_secret_access_key="s",
            config=snapshots_calls.PATIENT,
        )  # fmt: skip
        made.meta.events.register("before-parameter-build", self._note)
        made.meta.events.register_first("before-call", self._answer)
        return made

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.asked.append((model.name, dict(params)))

    def _answer(self, model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        given = self.answers[model.name]
        answer = given.pop(0) if isinstance(given, list) else given
        if callable(answer):
            answer = answer(self.asked[-1][1])
        if isinstance(answer, Refusal):
            code, message = answer.args
            return AWSResponse("", 400, {}, None), {"Error": {"Code": code, "Message": message}}
        if model.output_shape is not None:
            faults = ParamValidator().validate(answer, model.output_shape)
            assert not faults.has_errors(), f"{model.name} never answers so: {faults.generate_report()}"
        return AWSResponse("", 200, {}, None), dict(answer)

    def read(self, *roles: str) -> Any:
        return snapshots_live.read(self.client, [ACCOUNT], roles)

    def refusal(self, *roles: str) -> str:
        with pytest.raises(MeshError) as refused:
            self.read(*roles)
        line = str(refused.value)
        assert "\n" not in line
        return line


def entry(resource: dict[str, Any], *permissions: str, principal: str = READER) -> dict[str, Any]:
    return {
        "Principal": {"DataLakePrincipalIdentifier": principal}, "Resource": resource,
        "Permissions": list(permissions), "PermissionsWithGrantOption": [],
    }  # fmt: skip


def granted(*entries: dict[str, Any], **more: Any) -> list[tuple[str, Any, tuple[str, ...]]]:
    """Grants that are read from entries of ListPermissions."""
    found = Aws(ListPermissions={"PrincipalResourcePermissions": list(entries)}, **more).read()
    return [(each.principal, each.resource, tuple(sorted(each.permissions))) for each in found.grants]
