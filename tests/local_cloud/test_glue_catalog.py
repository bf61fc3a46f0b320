"""The Data Catalog across accounts: whose catalog a call is about, and who may make it."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.local_cloud.world import (
    ADMIN,
    ANALYST,
    CENTRAL,
    CONSUMER,
    PRODUCER,
    STEWARD,
    code,
    columns,
    policy,
    role,
    who,
)

LOCATION = "arn:aws:s3:::lake/curated"
PLACED = {"StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://lake/curated/t"}}


def denied(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert code(caught) == "AccessDeniedException", "Lake Formation refuses"
    return caught.value.response["Error"]["Message"]


@pytest.fixture
def linked(governed):
    """Producer and consumer share an organization with central and have links to its database."""
    governed.together(CENTRAL, PRODUCER, CONSUMER)
    for account in (PRODUCER, CONSUMER):
        governed.govern(account)
        governed.client("glue", account).create_database(
            DatabaseInput={
                "Name": "rl_sales",
                "TargetDatabase": {"CatalogId": CENTRAL, "DatabaseName": "sales"},
            }
        )
    return governed


def give(world, account, principal, resource, *permissions):
    world.client("lakeformation", account).grant_permissions(
        Principal=who(principal), Resource=resource, Permissions=list(permissions)
    )


def test_a_governed_table_is_hidden_from_who_has_nothing_on_it(governed):
    stranger = governed.client("glue", name="stranger")
    assert "Required Describe on orders" in denied(stranger.get_table, DatabaseName="sales", Name="orders"), (
        "the refusal names the permission and the table"
    )
    assert stranger.get_tables(DatabaseName="sales")["TableList"] == [], "lists leave it out"
    assert stranger.get_databases()["DatabaseList"] == [], "and the database with it"


def test_creating_altering_and_dropping_ask_for_their_permission(governed):
    glue, database = governed.client("glue", name=STEWARD), {"Database": {"Name": "sales"}}
    table = {"DatabaseName": "sales", "TableInput": {"Name": "new", **columns("a")}}
    assert "Create Table" in denied(glue.create_table, **table), "not without CREATE_TABLE"
    governed.grant(role(CENTRAL, STEWARD), database, "CREATE_TABLE")
    glue.create_table(**table)
    glue.update_table(**table)
    glue.delete_table(DatabaseName="sales", Name="new")
    assert "Alter" in denied(
        glue.update_table, DatabaseName="sales", TableInput={"Name": "orders", **columns("id")}
    ), "its own table it may change, another's it may not"
    assert "Drop" in denied(glue.delete_table, DatabaseName="sales", Name="orders"), "nor drop"
    errors = glue.batch_delete_table(DatabaseName="sales", TablesToDelete=["orders"])["Errors"]
    assert [error["TableName"] for error in errors] == ["orders"], "nor drop among others"
    assert "Drop" in denied(glue.delete_database, Name="sales"), "nor the database"


def test_no_database_is_made_in_another_accounts_catalog(governed):
    glue = governed.client("glue", CONSUMER)
    denied(glue.create_database, CatalogId=CENTRAL, DatabaseInput={"Name": "intruder"})
    names = [each["Name"] for each in governed.client("glue").get_databases()["DatabaseList"]]
    assert names == ["sales"], "central has what it had"
    assert glue.get_databases()["DatabaseList"] == [], "and the caller's own catalog did not get it instead"


def test_a_registered_location_asks_for_its_own_permission(governed):
    governed.client("lakeformation").register_resource(ResourceArn=LOCATION, RoleArn=role(CENTRAL, "reg"))
    arn, glue = role(CENTRAL, STEWARD), governed.client("glue", name=STEWARD)
    governed.grant(arn, {"Database": {"Name": "sales"}}, "CREATE_TABLE")
    table = {"DatabaseName": "sales", "TableInput": {"Name": "placed", **PLACED}}
    assert "s3://lake/curated/t" in denied(glue.create_table, **table), "the location is governed"
    governed.grant(arn, {"DataLocation": {"ResourceArn": LOCATION}}, "DATA_LOCATION_ACCESS")
    glue.create_table(**table)
    found = glue.get_table(DatabaseName="sales", Name="placed")["Table"]
    assert found["IsRegisteredWithLakeFormation"], "and Glue says that it is"


def test_a_table_is_seen_with_the_columns_that_may_be_read(governed):
    some = {"TableWithColumns": {"DatabaseName": "sales", "Name": "orders", "ColumnNames": ["id", "amount"]}}
    governed.grant(role(CENTRAL, "reader"), some, "SELECT")
    table = governed.client("glue", name="reader").get_table(DatabaseName="sales", Name="orders")["Table"]
    seen = [column["Name"] for column in table["StorageDescriptor"]["Columns"]]
    assert seen == ["id", "amount"], "the rest does not exist for the reader"


def test_a_foreign_catalog_is_reached_by_its_id_when_it_was_shared(linked):
    resource = policy("TABLE", product=["sales"], sensitivity=["internal"])
    linked.grant(CONSUMER, resource, "SELECT", "DESCRIBE", option=True)
    give(linked, CONSUMER, role(CONSUMER, ANALYST), resource, "SELECT", "DESCRIBE")
    glue = linked.client("glue", CONSUMER, ANALYST)
    table = glue.get_table(CatalogId=CENTRAL, DatabaseName="sales", Name="orders")["Table"]
    assert table["CatalogId"] == CENTRAL, "it is central's table"
    assert [each["Name"] for each in table["StorageDescriptor"]["Columns"]] == ["id", "amount"], (
        "as re-granted"
    )
    other = linked.client("glue", CONSUMER, "other")
    denied(other.get_table, CatalogId=CENTRAL, DatabaseName="sales", Name="orders")
    producer = linked.client("glue", PRODUCER)
    denied(producer.get_table, CatalogId=CENTRAL, DatabaseName="sales", Name="orders")


def test_a_link_leads_to_the_targets_tables_and_needs_describe_itself(linked):
    resource = policy("TABLE", product=["sales"])
    linked.grant(CONSUMER, resource, "SELECT", "DESCRIBE", option=True)
    analyst = role(CONSUMER, ANALYST)
    give(linked, CONSUMER, analyst, resource, "SELECT", "DESCRIBE")
    glue = linked.client("glue", CONSUMER, ANALYST)
    assert "rl_sales" in denied(glue.get_table, DatabaseName="rl_sales", Name="orders"), "the link is closed"
    give(linked, CONSUMER, analyst, {"Database": {"Name": "rl_sales"}}, "DESCRIBE")
    table = glue.get_table(DatabaseName="rl_sales", Name="orders")["Table"]
    assert (table["CatalogId"], table["DatabaseName"]) == (CENTRAL, "sales"), "the target's table"
    assert [each["Name"] for each in glue.get_tables(DatabaseName="rl_sales")["TableList"]] == ["orders"], (
        "lists follow the link too"
    )
    link = glue.get_database(Name="rl_sales")["Database"]
    assert link["TargetDatabase"] == {"CatalogId": CENTRAL, "DatabaseName": "sales"}, (
        "the link itself is a link"
    )


def test_a_crawler_role_writes_through_the_link_into_the_owners_catalog(linked):
    crawler = role(PRODUCER, "crawler")
    on_database, on_tables = policy("DATABASE", product=["sales"]), policy("TABLE", product=["sales"])
    linked.grant(PRODUCER, on_database, "CREATE_TABLE", "DESCRIBE", option=True)
    linked.grant(PRODUCER, on_tables, "ALTER", "DESCRIBE", option=True)
    give(linked, PRODUCER, crawler, {"Database": {"Name": "rl_sales"}}, "DESCRIBE")
    give(linked, PRODUCER, crawler, on_database, "CREATE_TABLE", "DESCRIBE")
    give(linked, PRODUCER, crawler, on_tables, "ALTER", "DESCRIBE")
    glue = linked.client("glue", PRODUCER, "crawler")
    glue.create_table(DatabaseName="rl_sales", TableInput={"Name": "crawled", **columns("a")})
    glue.update_table(
        DatabaseName="rl_sales", TableInput={"Name": "orders", **columns("id", "amount", "age", "b")}
    )
    glue.create_partition(DatabaseName="rl_sales", TableName="orders", PartitionInput={"Values": ["1"]})
    owner = linked.client("glue")
    names = {table["Name"] for table in owner.get_tables(DatabaseName="sales")["TableList"]}
    assert names == {"orders", "crawled"}, "the table was made in central"
    table = owner.get_table(DatabaseName="sales", Name="orders")["Table"]
    assert len(table["StorageDescriptor"]["Columns"]) == 4, "and changed there"
    assert owner.get_partitions(DatabaseName="sales", TableName="orders")["Partitions"], "with its partition"
    assert linked.client("glue", PRODUCER).get_databases()["DatabaseList"][0]["Name"] == "rl_sales", (
        "only a link"
    )


def test_deleting_a_link_leaves_its_target(linked):
    linked.client("glue", CONSUMER).delete_database(Name="rl_sales")
    assert linked.client("glue").get_database(Name="sales")["Database"]["Name"] == "sales", (
        "the owner keeps it"
    )


def test_shared_databases_are_listed_on_request(linked):
    admin = linked.client("glue", CONSUMER)
    assert admin.get_databases(ResourceShareType="FOREIGN")["DatabaseList"] == [], "nothing was shared yet"
    linked.grant(CONSUMER, policy("DATABASE", product=["sales"]), "DESCRIBE", option=True)
    found = admin.get_databases(ResourceShareType="FOREIGN")["DatabaseList"]
    assert [(each["CatalogId"], each["Name"]) for each in found] == [(CENTRAL, "sales")], "now it is"
    assert {each["Name"] for each in admin.get_databases(ResourceShareType="ALL")["DatabaseList"]} == {
        "sales",
        "rl_sales",
    }, "with its own on request"


def test_the_database_keeps_the_table_defaults_it_was_made_with(world):
    glue = world.client("glue")
    glue.create_database(DatabaseInput={"Name": "old"})
    world.govern(CENTRAL)
    glue.create_table(DatabaseName="old", TableInput={"Name": "t", **columns("a")})
    stranger = world.client("glue", name="stranger")
    assert stranger.get_table(DatabaseName="old", Name="t")["Table"]["Name"] == "t", (
        "changed settings reach new databases only"
    )
    lake = world.client("lakeformation")
    for resource in ({"Table": {"DatabaseName": "old", "Name": "t"}}, {"Database": {"Name": "old"}}):
        lake.revoke_permissions(
            Principal=who("IAM_ALLOWED_PRINCIPALS"), Resource=resource, Permissions=["ALL"]
        )
    denied(stranger.get_table, DatabaseName="old", Name="t")
    assert world.client("glue", name=ADMIN).get_table(DatabaseName="old", Name="t"), "its creator still may"
