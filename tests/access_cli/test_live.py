"""Reading AWS itself: pages, refusals, throttling, and what is deleted meanwhile."""

from __future__ import annotations

import json
from typing import Any

import boto3
import botocore.endpoint
import pytest
from botocore.awsrequest import AWSResponse
from live_aws import ACCOUNT, DATABASE, GHOST, OTHER, READER, Aws, Refusal, entry

from local import snapshots_calls


def test_every_list_is_read_to_its_last_page_over_empty_ones_too() -> None:
    table = {"Name": "t", "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}]}}
    where = {"Database": {"CatalogId": ACCOUNT, "Name": "cards"}}
    cells = {"TableCatalogId": ACCOUNT, "DatabaseName": "cards", "TableName": "t", "ColumnNames": ["a"]}
    aws = Aws(
        ListLFTags=[
            {"NextToken": "1"},
            {"LFTags": [{"CatalogId": ACCOUNT, "TagKey": "level", "TagValues": ["x"]}]},
        ],
        ListResources=[
            {"ResourceInfoList": [{"ResourceArn": "arn:aws:s3:::b/curated", "RoleArn": READER}], "NextToken": "1"},
            {"ResourceInfoList": [{"ResourceArn": "arn:aws:s3:::c", "RoleArn": READER}]},
        ],
        GetDatabases=[{"DatabaseList": [], "NextToken": "1"}, {"DatabaseList": [DATABASE]}],
        GetTables=[{"TableList": [table], "NextToken": "1"}, {"TableList": [{**table, "Name": "u"}]}],
        ListDataCellsFilter=[
            {"DataCellsFilters": [], "NextToken": "1"}, {"DataCellsFilters": [{**cells, "Name": "f"}]}
        ],
        ListPermissions=[
            {"PrincipalResourcePermissions": [], "NextToken": "1"},
            {"PrincipalResourcePermissions": [entry(where, "DESCRIBE")], "NextToken": "2"},
            {"PrincipalResourcePermissions": [entry(where, "DROP")]},
        ],
        GetResourceShares=[
            {"resourceShares": [], "nextToken": "1"},
            {"resourceShares": [{"owningAccountId": OTHER, "status": "ACTIVE"}]},
        ],
        GetRole={"Role": role("reader")},
        ListRolePolicies=[
            {"PolicyNames": ["one"], "IsTruncated": True, "Marker": "m"}, {"PolicyNames": ["two"]}
        ],
        GetRolePolicy={"RoleName": "reader", "PolicyName": "p", "PolicyDocument": "{}"},
        ListAttachedRolePolicies={"AttachedPolicies": []},
    )  # fmt: skip
    found = aws.read()
    catalog = found.catalog(ACCOUNT)
    assert [tag.key for tag in catalog.tags] == ["level"]
    assert [each.arn for each in catalog.locations] == ["arn:aws:s3:::b/curated", "arn:aws:s3:::c"]
    assert [each.name for each in catalog.databases[0].tables] == ["t", "u"]
    assert [each.name for each in catalog.filters] == ["f"]
    assert [sorted(each.permissions) for each in found.grants] == [["DESCRIBE", "DROP"]], (
        "one grant of two entries"
    )
    assert found.accepted == ((OTHER, ACCOUNT),)
    assert [len(each.policies) for each in found.roles] == [2]
    tokens = [params.get("NextToken") for name, params in aws.asked if name == "ListPermissions"]
    assert tokens == [None, "1", "2"]


def role(name: str) -> dict[str, Any]:
    return {
        "Path": "/", "RoleName": name, "RoleId": GHOST, "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "CreateDate": "2026-01-01T00:00:00Z",
    }  # fmt: skip


OPERATIONS = {
    "GetDataLakeSettings": "lakeformation", "ListLFTags": "lakeformation", "ListResources": "lakeformation",
    "GetDatabases": "glue", "ListDataCellsFilter": "lakeformation", "ListPermissions": "lakeformation",
    "GetResourceShares": "ram", "GetResourceLFTags": "lakeformation", "GetTables": "glue", "GetRole": "iam",
    "ListRolePolicies": "iam", "GetRolePolicy": "iam", "ListAttachedRolePolicies": "iam",
}  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_call_that_is_denied_names_the_permission_that_is_missing(operation: str) -> None:
    answers: dict[str, Any] = {
        "GetDatabases": {"DatabaseList": [DATABASE]}, "GetRole": {"Role": role("reader")},
        "ListRolePolicies": {"PolicyNames": ["one"]}, "ListAttachedRolePolicies": {"AttachedPolicies": []},
        "GetRolePolicy": {"RoleName": "r", "PolicyName": "p", "PolicyDocument": "{}"},
    }  # fmt: skip
    code = "AccessDenied" if OPERATIONS[operation] == "iam" else "AccessDeniedException"
    line = Aws(**{**answers, operation: Refusal(code, "not authorized")}).refusal(READER)
    needed = f"{OPERATIONS[operation]}:{operation}"
    assert line.startswith(f"account {ACCOUNT}: the deploy role may not call {needed}; allow it"), line
    assert ("data lake administrator" in line) == (OPERATIONS[operation] in ("lakeformation", "glue"))


@pytest.mark.parametrize(
    "refusal, said",
    [
        (
            Refusal("ExpiredTokenException", "expired"),
            "the credentials are not valid any more; sign in again",
        ),
        (
            Refusal("InternalServiceException", "oops"),
            "lakeformation:ListPermissions failed: InternalServiceException",
        ),
    ],
)
def test_other_refusals_are_one_line_too(refusal: Refusal, said: str) -> None:
    assert said in Aws(ListPermissions=refusal).refusal()


def test_an_organization_that_may_not_be_asked_for_is_none() -> None:
    assert Aws(DescribeOrganization=Refusal("AccessDeniedException")).read().organization.accounts == ()


def test_what_is_deleted_while_it_is_read_is_left_out() -> None:
    gone = Refusal("EntityNotFoundException")
    aws = Aws(
        GetDatabases={"DatabaseList": [DATABASE]}, GetTables=gone, GetResourceLFTags=gone,
        GetRole={"Role": role("reader")}, ListRolePolicies=Refusal("NoSuchEntity"),
        ListAttachedRolePolicies=Refusal("NoSuchEntity"),
        ListPermissions={"PrincipalResourcePermissions": [entry({"Catalog": {"Id": ACCOUNT}}, "CREATE_DATABASE")]},
    )  # fmt: skip
    found = aws.read()
    assert found.catalog(ACCOUNT).databases[0].tables == ()
    assert [each.policies for each in found.roles] == [()]
    missing = Aws(GetRole=Refusal("NoSuchEntity")).read(READER)
    assert missing.roles == ()


def test_a_throttled_call_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(botocore.endpoint.time, "sleep", waits.append)
    client = boto3.client(
        "lakeformation", region_name="eu-west-1", aws_access_key_id="k", aws_secret_access_key="s",
        config=snapshots_calls.PATIENT,
    )  # fmt: skip
    bodies = [(400, {"__type": "ThrottledException", "Message": "Rate exceeded"})] * 7
    answers = [*bodies, (200, {"LFTags": []})]

    class Wire:
        def send(self, request: Any) -> AWSResponse:
            status, body = answers.pop(0)
            made = AWSResponse(request.url, status, {"Content-Type": "application/x-amz-json-1.1"}, None)
            made._content = json.dumps(body).encode()
            return made

    client._endpoint.http_session = Wire()
    assert client.list_lf_tags()["LFTags"] == []
    assert len(waits) == 7, "each time it waits"
    assert answers == []
