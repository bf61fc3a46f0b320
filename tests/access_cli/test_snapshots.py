"""One snapshot type, three sources: what the program says is what the cloud holds once it is up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from governance.access import matrix
from governance.snapshot import Catalog, Database, Snapshot, Table
from governance.snapshot.grants import (
    CatalogRes,
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    LocationRes,
    TableRes,
    TagPolicyRes,
    TagRes,
)
from local import snapshots_live, snapshots_record
from local.snapshots_program import Program, read
from local.snapshots_resources import from_api, from_pulumi, to_api
from mesh.access import sources as access_sources
from mesh.access.names import Names
from mesh.project import Project

CENTRAL, PRODUCER, CONSUMER = "111122223333", "222233334444", "333344445555"


def uncreated(snapshot: Snapshot) -> tuple[Catalog, ...]:
    """Catalogs without who made what, which the APIs do not all tell."""

    def table(item: Table) -> Table:
        return replace(item, creator=None)

    def database(item: Database) -> Database:
        return replace(item, creator=None, tables=tuple(table(each) for each in item.tables))

    return tuple(
        replace(
            catalog,
            databases=tuple(database(each) for each in catalog.databases),
            tags=tuple(replace(each, creator=None) for each in catalog.tags),
        )
        for catalog in snapshot.catalogs
    )


def test_the_program_alone_says_what_is_granted_shared_and_linked(intended: Program) -> None:
    snapshot = intended.snapshot
    assert [catalog.account for catalog in snapshot.catalogs] == [CENTRAL, PRODUCER, CONSUMER]
    central = snapshot.catalog(CENTRAL)
    database = central.database("credit-card")
    assert database is not None
    assert dict(database.tags) == {
        "domain": "consumer-banking", "data-product": "credit-card", "sensitivity": "restricted",
    }  # fmt: skip
    table = database.table("credit_card")
    assert table is not None
    assert {column.name for column in table.columns if dict(column.tags)["sensitivity"] == "restricted"} == {
        "age", "foreign_worker", "personal_status_sex",
    }  # fmt: skip
    link = snapshot.catalog(CONSUMER).database("rl_credit-card")
    assert link is not None
    assert link.link is not None
    assert (link.link.catalog, link.link.database) == (CENTRAL, "credit-card")
    assert snapshot.organization.accounts == (CENTRAL, PRODUCER, CONSUMER)
    assert {catalog.settings.cross_account_version for catalog in snapshot.catalogs} == {4}
    assert central.locations[0].arn.endswith("/curated")


def test_every_grant_says_which_stack_makes_it_as_whom(intended: Program) -> None:
    assert len(intended.snapshot.grants) > 30, "there are grants to look at"
    for grant in intended.snapshot.grants:
        maker = intended.makers[grant.account, grant.catalog, grant.principal, grant.resource]
        assert maker.role.split(":")[4] == grant.account, f"made where it is kept: {grant}"
        shared = grant.account == CENTRAL and maker.stack == "producer"
        assert ("mesh-steward" in maker.role) is shared, f"the LoB shares as its steward: {grant}"


def test_without_an_organization_the_accepted_shares_are_in_it(shipped_project: Any) -> None:
    for stack in ("central", "producer", "consumer", "production"):
        shipped_project.change(stack, organizationId=None)
    snapshot = access_sources.intended(Project(shipped_project.folder)).snapshot
    assert snapshot.organization.accounts == ()
    assert snapshot.accepted == ((CENTRAL, PRODUCER), (CENTRAL, CONSUMER))


def test_recorded_stacks_survive_the_way_through_another_process(intended: Program) -> None:
    again = snapshots_record.from_json(snapshots_record.to_json(intended.stacks))
    assert read(again).snapshot == intended.snapshot


def test_the_cloud_holds_what_the_program_says(cloud: Any, intended: Program) -> None:
    sessions = cloud.sessions
    held = access_sources.held(cloud.project, intended, sessions).snapshot
    sessions.close()
    assert set(held.grants) == set(intended.snapshot.grants)
    assert uncreated(held) == uncreated(intended.snapshot)
    principals = Names(cloud.project, intended.snapshot).principals
    assert len(principals) >= 10, "all roles and administrators are asked for"
    said, found = matrix(intended.snapshot, principals), matrix(held, principals)
    assert {key: (access.row_filters, access.missing) for key, access in found.items()} == {
        key: (access.row_filters, access.missing) for key, access in said.items()
    }


def test_the_deployed_state_knows_the_policies_and_keys_of_the_cloud(cloud: Any, intended: Program) -> None:
    program = access_sources.deployed(cloud.project, endpoint=cloud.endpoint)
    assert {role.arn for role in program.snapshot.roles} == {role.arn for role in intended.snapshot.roles}
    assert all(role.policies for role in program.snapshot.roles)
    assert [stack.name for stack in program.stacks] == ["central", "producer", "consumer"]
    assert program.stacks[2].exports["keyArn"] != intended.stacks[2].exports["keyArn"], "made, not made up"


class Narrow:
    """A client whose lists come in pages of two."""

    def __init__(self, client: Any) -> None:
        self.client, self.calls = client, 0

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls += name == "list_permissions"
            more = {"MaxResults": 2} if name in ("list_permissions", "list_lf_tags") else {}
            return getattr(self.client, name)(**more, **arguments)

        return call


def test_lists_are_read_to_their_last_page(cloud: Any, intended: Program) -> None:
    sessions = cloud.sessions
    made: dict[tuple[str, str], Narrow] = {}

    def clients(account: str, service: str) -> Any:
        if (account, service) not in made:
            made[account, service] = Narrow(sessions.client(account, service))
        return made[account, service]

    held = snapshots_live.read(clients, [CENTRAL, PRODUCER, CONSUMER])
    sessions.close()
    assert made[CENTRAL, "lakeformation"].calls > 5, "there were pages to turn"
    assert set(held.grants) == set(intended.snapshot.grants)


def test_what_a_recipient_lists_of_the_owners_grants_is_not_taken_for_its_own(
    cloud: Any, intended: Program
) -> None:
    sessions = cloud.sessions
    owners: Mapping[str, Any] = sessions.client(CENTRAL, "lakeformation").list_permissions()
    received = [
        entry
        for entry in owners["PrincipalResourcePermissions"]
        if entry["Principal"]["DataLakePrincipalIdentifier"] == CONSUMER
    ]
    assert received, "the owner shares with the consumer"

    class Repeating:
        def __init__(self, client: Any) -> None:
            self.client = client

        def __getattr__(self, name: str) -> Any:
            return getattr(self.client, name)

        def list_permissions(self, **arguments: Any) -> Any:
            answer = self.client.list_permissions(**arguments)
            return {
                **answer,
                "PrincipalResourcePermissions": answer["PrincipalResourcePermissions"] + received,
            }

    def clients(account: str, service: str) -> Any:
        client = sessions.client(account, service)
        return Repeating(client) if (account, service) == (CONSUMER, "lakeformation") else client

    held = snapshots_live.read(clients, [CENTRAL, PRODUCER, CONSUMER])
    sessions.close()
    assert set(held.grants) == set(intended.snapshot.grants)


RESOURCES = [
    CatalogRes(),
    DatabaseRes("sales"),
    TableRes("sales"),
    TableRes("sales", "orders"),
    ColumnsRes("sales", "orders", included=("id", "amount")),
    ColumnsRes("sales", "orders", excluded=("name",)),
    FilterRes("sales", "orders", "eu"),
    LocationRes("arn:aws:s3:::bucket/curated"),
    TagRes("sensitivity", ("public", "internal")),
    TagPolicyRes("TABLE", (("data-product", ("sales",)), ("sensitivity", ("public",)))),
    TagPolicyRes("DATABASE", (("data-product", ("sales",)),)),
]


@pytest.mark.parametrize("resource", RESOURCES, ids=str)
def test_every_kind_of_resource_goes_to_the_api_and_back(resource: Any) -> None:
    assert from_api(to_api(CENTRAL, resource), CONSUMER) == (CENTRAL, resource)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"catalogResource": True}, CatalogRes()),
        ({"table": {"databaseName": "sales", "wildcard": True}}, TableRes("sales")),
        ({"tableWithColumns": {"databaseName": "sales", "name": "orders", "wildcard": True}}, TableRes("sales", "orders")),
        (
            {"tableWithColumns": {"databaseName": "sales", "name": "orders", "wildcard": True, "excludedColumnNames": ["x"]}},
            ColumnsRes("sales", "orders", excluded=("x",)),
        ),
        (
            {"dataCellsFilter": {"databaseName": "sales", "tableName": "orders", "name": "eu", "tableCatalogId": CENTRAL}},
            FilterRes("sales", "orders", "eu"),
        ),
        ({"dataLocation": {"arn": "arn:aws:s3:::b/c"}}, LocationRes("arn:aws:s3:::b/c")),
        ({"lfTag": {"key": "k", "values": ["v"]}}, TagRes("k", ("v",))),
    ],
)  # fmt: skip
def test_every_shape_of_the_pulumi_resource_is_read(inputs: dict[str, Any], expected: Any) -> None:
    assert from_pulumi({**inputs, "catalogId": CENTRAL}, CONSUMER) == (CENTRAL, expected)


def test_a_kind_of_grant_that_is_not_known_is_not_guessed_at() -> None:
    assert from_api({"LFTagExpression": {"Name": "x"}}, CENTRAL) is None


def test_a_refused_call_is_one_line_with_account_and_operation() -> None:
    class Refused:
        def __getattr__(self, name: str) -> Any:
            def call(**_: Any) -> Any:
                raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no\nway"}}, name)

            return call

    with pytest.raises(
        ValueError, match=rf"^account {CONSUMER}: .* may not call get_data_lake_settings; .*no way\)$"
    ):
        snapshots_live.read(lambda *_: Refused(), [CONSUMER])


def test_tags_on_a_table_nobody_makes_are_an_error_that_names_it(intended: Program) -> None:
    stacks = tuple(
        replace(
            stack,
            resources=tuple(each for each in stack.resources if "catalogTable" not in each.type),
        )
        for stack in intended.stacks
    )
    with pytest.raises(ValueError, match=r"credit-card\.credit_card"):
        read(stacks)


def test_the_recording_file_imports_nothing_of_ours_before_the_path_is_set() -> None:
    lines = Path(snapshots_record.__file__).read_text(encoding="utf-8").splitlines()
    top = [line for line in lines if line.startswith(("import ", "from "))]
    assert top, "it imports something"
    assert not [line for line in top if line.split()[1].split(".")[0] in ("governance", "local", "mesh")]
