"""Settings, registered locations and data cells filters."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.local_cloud.world import ADMIN, CENTRAL, STEWARD, code, role, who

LOCATION = "arn:aws:s3:::lake/curated"
CELLS = {"TableCatalogId": CENTRAL, "DatabaseName": "sales", "TableName": "orders", "Name": "few"}


def test_putting_settings_replaces_all_but_the_parameters(world):
    lake = world.client("lakeformation")
    lake.put_data_lake_settings(
        DataLakeSettings={
            "DataLakeAdmins": [who(role(CENTRAL, ADMIN))],
            "Parameters": {"CROSS_ACCOUNT_VERSION": "4"},
            "TrustedResourceOwners": ["222233334444"],
        }
    )
    first = lake.get_data_lake_settings()["DataLakeSettings"]
    assert first["CreateTableDefaultPermissions"] == [], "what is left out is cleared"
    assert first["Parameters"] == {"CROSS_ACCOUNT_VERSION": "4", "SET_CONTEXT": "TRUE"}, "parameters add up"
    lake.put_data_lake_settings(DataLakeSettings={"DataLakeAdmins": []})
    second = lake.get_data_lake_settings()["DataLakeSettings"]
    assert second["TrustedResourceOwners"] == [], "also when it was set before"
    assert second["Parameters"]["CROSS_ACCOUNT_VERSION"] == "4", "the version stays"


def test_settings_belong_to_one_account(world):
    world.govern(CENTRAL)
    other = world.client("lakeformation", "999988887777").get_data_lake_settings()["DataLakeSettings"]
    assert other["DataLakeAdmins"] == [], "another account has its own"


def test_locations_are_registered_described_changed_and_deregistered(world):
    lake = world.client("lakeformation")
    lake.register_resource(ResourceArn=LOCATION, RoleArn=role(CENTRAL, "reg"), HybridAccessEnabled=True)
    found = lake.describe_resource(ResourceArn=LOCATION)["ResourceInfo"]
    assert (found["RoleArn"], found["HybridAccessEnabled"]) == (role(CENTRAL, "reg"), True), "as registered"
    with pytest.raises(ClientError) as caught:
        lake.register_resource(ResourceArn=LOCATION, RoleArn=role(CENTRAL, "reg"))
    assert code(caught) == "AlreadyExistsException", "once"
    lake.update_resource(ResourceArn=LOCATION, RoleArn=role(CENTRAL, "new"), WithFederation=True)
    found = lake.describe_resource(ResourceArn=LOCATION)["ResourceInfo"]
    changed = (found["RoleArn"], found["WithFederation"], found["HybridAccessEnabled"])
    assert changed == (role(CENTRAL, "new"), True, False), "as updated"
    assert [each["ResourceArn"] for each in lake.list_resources()["ResourceInfoList"]] == [LOCATION], "listed"
    lake.deregister_resource(ResourceArn=LOCATION)
    with pytest.raises(ClientError) as caught:
        lake.describe_resource(ResourceArn=LOCATION)
    assert code(caught) == "EntityNotFoundException", "gone"


def test_filters_are_made_changed_listed_and_deleted(governed):
    lake = governed.client("lakeformation")
    name = {key: value for key, value in CELLS.items() if key != "TableName"} | {"TableName": "orders"}
    lake.create_data_cells_filter(
        TableData={**CELLS, "ColumnNames": ["id", "amount"], "RowFilter": {"FilterExpression": "amount > 5"}}
    )
    found = lake.get_data_cells_filter(**name)["DataCellsFilter"]
    assert found["ColumnNames"] == ["amount", "id"], "columns as a set"
    assert found["RowFilter"] == {"FilterExpression": "amount > 5"}, "rows by expression"
    wildcard = {"ExcludedColumnNames": ["age"]}
    lake.update_data_cells_filter(
        TableData={**CELLS, "ColumnWildcard": wildcard, "RowFilter": {"AllRowsWildcard": {}}}
    )
    found = lake.get_data_cells_filter(**name)["DataCellsFilter"]
    assert (found["ColumnWildcard"], "AllRowsWildcard" in found["RowFilter"]) == (wildcard, True), (
        "as changed"
    )
    table = {"CatalogId": CENTRAL, "DatabaseName": "sales", "Name": "orders"}
    assert [each["Name"] for each in lake.list_data_cells_filter(Table=table)["DataCellsFilters"]] == [
        "few"
    ], "listed by table"
    lake.delete_data_cells_filter(**name)
    with pytest.raises(ClientError) as caught:
        lake.get_data_cells_filter(**name)
    assert code(caught) == "EntityNotFoundException", "gone"


@pytest.mark.parametrize(
    "shape",
    [
        {"ColumnNames": ["shoe"], "RowFilter": {"AllRowsWildcard": {}}},
        {"RowFilter": {"AllRowsWildcard": {}}},
        {"ColumnNames": ["id"], "RowFilter": {"FilterExpression": " "}},
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(governed, shape):
    with pytest.raises(ClientError) as caught:
        governed.client("lakeformation").create_data_cells_filter(TableData={**CELLS, **shape})
    assert code(caught) == "InvalidInputException", "nothing is made"


def test_filters_are_for_those_who_may_grant_on_the_table(governed):
    shape = {**CELLS, "ColumnNames": ["id"], "RowFilter": {"AllRowsWildcard": {}}}
    steward = governed.client("lakeformation", name=STEWARD)
    with pytest.raises(ClientError) as caught:
        steward.create_data_cells_filter(TableData=shape)
    assert code(caught) == "AccessDeniedException", "a stranger to the table"
    table = {"Table": {"DatabaseName": "sales", "Name": "orders"}}
    governed.grant(role(CENTRAL, STEWARD), table, "SELECT", option=True)
    steward.create_data_cells_filter(TableData=shape)
    assert steward.list_data_cells_filter()["DataCellsFilters"], "with the grant option it may"
