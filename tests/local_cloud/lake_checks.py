"""The lake as a snapshot: what it holds, when it is made anew, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from governance.snapshot.grants import TagPolicyRes
from local.cloud import lake, server
from tests.local_cloud.world import (
    ADMIN,
    ANALYST,
    CENTRAL,
    CONSUMER,
    REGION,
    World,
    columns,
    policy,
    role,
    tag,
    who,
)

POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


@pytest.fixture(scope="module")
def here() -> Iterator[World]:
    """A cloud in this process, since the snapshot is asked for without a request."""
    with server.start() as cloud:
        yield World(cloud.endpoint)


@pytest.fixture
def shared(here: World) -> World:
    """Central shares the internal columns of `sales.orders`; the consumer has a link and an analyst."""
    from moto.core.base_backend import BackendDict

    BackendDict.reset()
    lake.touch()
    world = World(here.endpoint)
    world.together(CENTRAL, CONSUMER)
    for account in (CENTRAL, CONSUMER):
        world.govern(account)
    formation, glue = world.client("lakeformation"), world.client("glue")
    formation.create_lf_tag(TagKey="sensitivity", TagValues=["internal", "restricted"])
    glue.create_database(DatabaseInput={"Name": "sales"})
    glue.create_table(DatabaseName="sales", TableInput={"Name": "orders", **columns("id", "age")})
    tag(formation, {"Database": {"Name": "sales"}}, sensitivity="restricted")
    one = {"TableWithColumns": {"DatabaseName": "sales", "Name": "orders", "ColumnNames": ["id"]}}
    tag(formation, one, sensitivity="internal")
    resource = policy("TABLE", sensitivity=["internal"])
    world.grant(CONSUMER, resource, "SELECT", "DESCRIBE", option=True)
    world.client("glue", CONSUMER).create_database(
        DatabaseInput={
            "Name": "rl_sales",
            "TargetDatabase": {"CatalogId": CENTRAL, "DatabaseName": "sales"},
        }
    )
    consumer = world.client("lakeformation", CONSUMER)
    analyst = who(role(CONSUMER, ANALYST))
    consumer.grant_permissions(Principal=analyst, Resource=resource, Permissions=["SELECT", "DESCRIBE"])
    link = {"Database": {"Name": "rl_sales"}}
    consumer.grant_permissions(Principal=analyst, Resource=link, Permissions=["DESCRIBE"])
    return world


def ask(name, **further):
    return lake.readable(role(CONSUMER, name), CENTRAL, "sales", "orders", region=REGION, **further)


def test_a_role_reads_the_columns_its_re_grant_opens(shared):
    through = ask(ANALYST, via_link=("rl_sales", "orders"))
    assert through.columns == ("id",), "the restricted column stays closed"
    assert len(through.chain) == 3, "by the share, the re-grant and the link"
    assert ask("other").missing is not None, "another role reads nothing"


def test_the_snapshot_is_kept_until_something_changes(shared):
    first = lake.snapshot(REGION)
    shared.client("glue").get_table(DatabaseName="sales", Name="orders")
    shared.client("lakeformation").list_permissions()
    assert lake.snapshot(REGION) is first, "reading changes nothing"
    formation = shared.client("lakeformation", CONSUMER)
    formation.revoke_permissions(
        Principal=who(role(CONSUMER, ANALYST)),
        Resource=policy("TABLE", sensitivity=["internal"]),
        Permissions=["SELECT", "DESCRIBE"],
    )
    assert lake.snapshot(REGION) is not first, "a revoke does"
    assert ask(ANALYST).columns == (), "and is felt at once"


def test_the_snapshot_holds_what_the_accounts_hold(shared):
    iam = shared.client("iam", CONSUMER)
    iam.create_role(RoleName=ANALYST, AssumeRolePolicyDocument="{}")
    iam.put_role_policy(RoleName=ANALYST, PolicyName="p", PolicyDocument=POLICY)
    attached = iam.create_policy(PolicyName="q", PolicyDocument=POLICY)["Policy"]["Arn"]
    provided = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
    for arn in (attached, provided):
        iam.attach_role_policy(RoleName=ANALYST, PolicyArn=arn)
    cells = {"TableCatalogId": CENTRAL, "DatabaseName": "sales", "TableName": "orders", "Name": "few"}
    formation = shared.client("lakeformation")
    formation.create_data_cells_filter(
        TableData={**cells, "ColumnNames": ["id"], "RowFilter": {"FilterExpression": "id > 5"}}
    )
    formation.register_resource(ResourceArn="arn:aws:s3:::lake/curated", RoleArn=role(CENTRAL, "reg"))
    now = lake.snapshot(REGION)
    central, consumer = now.catalog(CENTRAL), now.catalog(CONSUMER)
    table = central.database("sales").table("orders")
    assert dict(table.column("id").tags) == {"sensitivity": "internal"}, "tags on columns"
    assert dict(central.database("sales").tags) == {"sensitivity": "restricted"}, "tags on databases"
    assert table.creator == role(CENTRAL, ADMIN), "who made a table"
    assert central.filters[0].row_filter == "id > 5", "filters"
    assert central.locations[0].arn == "arn:aws:s3:::lake/curated", "registered locations"
    assert central.settings.admins == (role(CENTRAL, ADMIN),), "administrators"
    assert consumer.database("rl_sales").link.catalog == CENTRAL, "links"
    kinds = {
        (grant.account, grant.catalog) for grant in now.grants if isinstance(grant.resource, TagPolicyRes)
    }
    assert kinds == {(CENTRAL, CENTRAL), (CONSUMER, CENTRAL)}, "shares and re-grants with who made them"
    assert now.organization.accounts == (CENTRAL, CONSUMER), "the organization"
    found = next(each for each in now.roles if each.arn == role(CONSUMER, ANALYST))
    assert found.policies[:2] == (POLICY, POLICY), "roles with inline and attached policies"
    assert "glue:*" in found.policies[2], "and with those that AWS provides"


def test_the_root_of_the_owner_reads_everything_and_another_root_nothing(shared):
    own = lake.readable(f"arn:aws:iam::{CENTRAL}:root", CENTRAL, "sales", "orders", region=REGION)
    assert own.columns == ("id", "age"), "whoever assumes no role in the owning account"
    other = lake.readable(f"arn:aws:iam::{CONSUMER}:root", CENTRAL, "sales", "orders", region=REGION)
    assert not other.allowed, "no account is root of another's catalog"
    gone = lake.readable(f"arn:aws:iam::{CENTRAL}:root", CENTRAL, "sales", "nothing", region=REGION)
    assert gone.missing is not None, "what is not there cannot be read"
