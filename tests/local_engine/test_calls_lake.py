"""The very calls that Lake Formation's types make, checked by boto3's own validation instead of a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from governance.errors import MeshError

if TYPE_CHECKING:
    from .conftest import Bench

CENTRAL = "111122223333"
LAKE = "aws:lakeformation/"
EXPRESSION = [
    {"key": "data-product", "values": ["credit-card"]},
    {"key": "sensitivity", "values": ["internal", "public"]},
]


@pytest.mark.parametrize(
    ("inputs", "resource"),
    [
        ({"catalogResource": True}, {"Catalog": {}}),
        ({"database": {"name": "d", "catalogId": "9"}}, {"Database": {"Name": "d", "CatalogId": "9"}}),
        ({"dataLocation": {"arn": "arn:aws:s3:::b"}}, {"DataLocation": {"ResourceArn": "arn:aws:s3:::b"}}),
        (
            {"table": {"databaseName": "d", "wildcard": True}},
            {"Table": {"DatabaseName": "d", "TableWildcard": {}}},
        ),
        ({"table": {"databaseName": "d", "name": "t"}}, {"Table": {"DatabaseName": "d", "Name": "t"}}),
        (
            {"tableWithColumns": {"databaseName": "d", "name": "t", "columnNames": ["a"]}},
            {"TableWithColumns": {"DatabaseName": "d", "Name": "t", "ColumnNames": ["a"]}},
        ),
        (
            {"tableWithColumns": {"databaseName": "d", "name": "t", "wildcard": True,
                                  "excludedColumnNames": ["a"], "columnNames": []}},
            {"TableWithColumns": {"DatabaseName": "d", "Name": "t",
                                  "ColumnWildcard": {"ExcludedColumnNames": ["a"]}}},
        ),
        (
            {"lfTag": {"key": "domain", "values": ["cards"]}},
            {"LFTag": {"TagKey": "domain", "TagValues": ["cards"]}},
        ),
        (
            {"lfTagPolicy": {"resourceType": "TABLE", "catalogId": "9", "expressions": EXPRESSION}},
            {"LFTagPolicy": {
                "ResourceType": "TABLE",
                "CatalogId": "9",
                "Expression": [
                    {"TagKey": "data-product", "TagValues": ["credit-card"]},
                    {"TagKey": "sensitivity", "TagValues": ["internal", "public"]},
                ],
            }},
        ),
        (
            {"dataCellsFilter": {"databaseName": "d", "name": "f", "tableCatalogId": "9", "tableName": "t"}},
            {"DataCellsFilter": {"DatabaseName": "d", "Name": "f", "TableCatalogId": "9", "TableName": "t"}},
        ),
    ],
)  # fmt: skip
def test_a_permission_is_granted_and_revoked_on_the_right_resource(
    bench: Bench, inputs: Mapping[str, Any], resource: Mapping[str, Any]
) -> None:
    type_ = LAKE + "permissions:Permissions"
    ((operation, granted),) = bench.make(
        type_,
        principal="arn:aws:iam::1:role/r",
        permissions=["DESCRIBE"],
        permissionsWithGrantOptions=["DESCRIBE"],
        **inputs,
    )
    assert operation == "grant_permissions"
    assert granted == {
        "CatalogId": CENTRAL,
        "Principal": {"DataLakePrincipalIdentifier": "arn:aws:iam::1:role/r"},
        "Permissions": ["DESCRIBE"],
        "PermissionsWithGrantOption": ["DESCRIBE"],
        "Resource": resource,
    }
    assert bench.delete() == [("revoke_permissions", granted)], "revoked in the words it was granted in"


def test_a_changed_permission_is_revoked_and_granted(bench: Bench) -> None:
    type_ = LAKE + "permissions:Permissions"
    given = {"principal": "111", "database": {"name": "d"}}
    bench.make(type_, permissions=["DESCRIBE"], **given)
    made = bench.make(type_, permissions=["ALTER"], **given)
    assert [(operation, params["Permissions"]) for operation, params in made] == [
        ("revoke_permissions", ["DESCRIBE"]),
        ("grant_permissions", ["ALTER"]),
    ]


def test_settings_say_what_is_empty_too(bench: Bench) -> None:
    ((_, params),) = bench.make(
        LAKE + "dataLakeSettings:DataLakeSettings",
        admins=["arn:a"],
        createTableDefaultPermissions=[{"principal": "IAM_ALLOWED_PRINCIPALS", "permissions": ["ALL"]}],
        createDatabaseDefaultPermissions=[{}],
        parameters={"CROSS_ACCOUNT_VERSION": "4"},
    )
    assert params["CatalogId"] == CENTRAL
    assert params["DataLakeSettings"] == {
        "DataLakeAdmins": [{"DataLakePrincipalIdentifier": "arn:a"}],
        "ReadOnlyAdmins": [],
        "CreateDatabaseDefaultPermissions": [],
        "CreateTableDefaultPermissions": [
            {
                "Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"},
                "Permissions": ["ALL"],
            }
        ],
        "TrustedResourceOwners": [],
        "Parameters": {"CROSS_ACCOUNT_VERSION": "4"},
    }
    ((_, reset),) = bench.delete()
    assert reset["DataLakeSettings"]["DataLakeAdmins"] == []


TAGGED = {"database": {"name": "d"}, "lfTags": [{"key": "domain", "value": "cards"}]}


def test_tags_are_put_on_a_resource_changed_and_taken_off(bench: Bench) -> None:
    type_ = LAKE + "resourceLfTags:ResourceLfTags"
    ((operation, params),) = bench.make(type_, **TAGGED)
    assert operation == "add_lf_tags_to_resource"
    assert params["Resource"] == {"Database": {"Name": "d"}}
    assert params["LFTags"] == [{"TagKey": "domain", "TagValues": ["cards"]}]
    changed = bench.make(type_, **{**TAGGED, "lfTags": [{"key": "level", "value": "public"}]})
    assert [operation for operation, _ in changed] == [
        "remove_lf_tags_from_resource",
        "add_lf_tags_to_resource",
    ]
    assert changed[0][1]["LFTags"][0]["TagKey"] == "domain"
    assert changed[1][1]["LFTags"][0]["TagKey"] == "level"
    assert [operation for operation, _ in bench.delete()] == ["remove_lf_tags_from_resource"]


def test_failures_in_an_answer_of_200_are_failures(bench: Bench) -> None:
    tag = {"TagKey": "domain", "TagValues": ["cards"]}
    error = {"ErrorCode": "AccessDeniedException", "ErrorMessage": "no ASSOCIATE"}
    bench.calls.answers["add_lf_tags_to_resource"] = {"Failures": [{"LFTag": tag, "Error": error}]}
    with pytest.raises(MeshError, match="domain=cards: AccessDeniedException: no ASSOCIATE"):
        bench.make(LAKE + "resourceLfTags:ResourceLfTags", **TAGGED)


def test_tag_values_are_added_and_deleted(bench: Bench) -> None:
    type_ = LAKE + "lfTag:LfTag"
    bench.make(type_, key="domain", values=["a", "b"])
    ((operation, params),) = bench.make(type_, key="domain", values=["b", "c"])
    assert operation == "update_lf_tag"
    assert (params["TagValuesToAdd"], params["TagValuesToDelete"]) == (["c"], ["a"])


def test_a_cells_filter_has_its_nested_members(bench: Bench) -> None:
    ((_, params),) = bench.make(
        LAKE + "dataCellsFilter:DataCellsFilter",
        tableData={
            "databaseName": "d", "name": "f", "tableCatalogId": CENTRAL, "tableName": "t",
            "columnWildcard": {"excludedColumnNames": ["sex"]},
            "rowFilter": {"filterExpression": "age > 30"},
        },
    )  # fmt: skip
    assert params["TableData"]["RowFilter"] == {"FilterExpression": "age > 30"}
    assert params["TableData"]["ColumnWildcard"] == {"ExcludedColumnNames": ["sex"]}
    ((operation, keys),) = bench.delete()
    assert operation == "delete_data_cells_filter"
    assert keys == {"TableCatalogId": CENTRAL, "DatabaseName": "d", "TableName": "t", "Name": "f"}


def test_a_location_without_role_uses_the_service_linked_one(bench: Bench) -> None:
    ((_, params),) = bench.make(LAKE + "resource:Resource", arn="arn:aws:s3:::b/curated")
    assert params == {"ResourceArn": "arn:aws:s3:::b/curated", "UseServiceLinkedRole": True}
