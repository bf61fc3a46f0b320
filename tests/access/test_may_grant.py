"""Who may make which grant, and which grants Lake Formation refuses whoever asks."""

from __future__ import annotations

import pytest
from meshes import (
    CENTRAL,
    CENTRAL_ADMIN,
    CONSUMER,
    CONSUMER_ADMIN,
    LOCATION,
    PRODUCER,
    PRODUCT,
    SCIENTIST,
    STEWARD,
    TABLE_NAME,
    lake,
    policy,
    role,
    share,
    story,
)

from governance.access.grants import may_grant
from governance.snapshot import DataCellsFilter, LakeSettings
from governance.snapshot.build import SnapshotBuilder
from governance.snapshot.grants import (
    IAM_ALLOWED_PRINCIPALS,
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    Grant,
    LocationRes,
    Resource,
    TableRes,
    TagRes,
)

CARDS = TableRes(PRODUCT, TABLE_NAME)
ANALYST, HELPER = role(CENTRAL, "analyst"), role(CENTRAL, "helper")


def owned(principal: str, resource: Resource, *permissions: str, option: bool = False) -> Grant:
    return Grant(CENTRAL, CENTRAL, principal, resource, permissions, permissions if option else ())


def again(principal: str, resource: Resource, *permissions: str) -> Grant:
    return Grant(CONSUMER, CENTRAL, principal, resource, permissions)


def refusal(mesh: SnapshotBuilder, grantor: str, grant: Grant, **how: bool) -> str:
    reason = may_grant(mesh.build(), grantor, grant, **how)
    assert reason is not None, f"{grantor} may grant {grant}"
    assert "\n" not in reason, "a reason is one line"
    return reason


def accepted(mesh: SnapshotBuilder, grantor: str, grant: Grant, **how: bool) -> None:
    reason = may_grant(mesh.build(), grantor, grant, **how)
    assert reason is None, reason


def test_the_owners_administrator_grants_to_anybody() -> None:
    accepted(lake(), CENTRAL_ADMIN, owned(ANALYST, CARDS, "SELECT", option=True))
    accepted(lake(), CENTRAL_ADMIN, owned(CONSUMER, policy("restricted"), "SELECT", option=True))
    accepted(lake(), CENTRAL_ADMIN, owned(SCIENTIST, policy("public"), "SELECT"))


def test_nobody_grants_without_holding() -> None:
    assert "no identical TABLE policy" in refusal(
        lake(), HELPER, owned(ANALYST, policy("public"), "SELECT")
    ), "tags"
    assert "with the grant option" in refusal(lake(), HELPER, owned(ANALYST, CARDS, "SELECT")), "names"
    assert "in account" in refusal(lake(), CONSUMER_ADMIN, owned(ANALYST, CARDS, "SELECT")), (
        "in a foreign account"
    )


def test_an_identical_expression_with_grant_option_is_passed_on() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, HELPER, policy("internal"), ["SELECT"])
    assert "grant option" in refusal(mesh, HELPER, owned(ANALYST, policy("internal"), "SELECT")), (
        "no option yet"
    )
    mesh.grant(CENTRAL, HELPER, policy("internal"), [], grantable=["SELECT"])
    accepted(mesh, HELPER, owned(ANALYST, policy("internal"), "SELECT"))
    accepted(mesh, HELPER, owned(CONSUMER, policy("internal"), "SELECT", option=True))
    assert "DESCRIBE" in refusal(mesh, HELPER, owned(ANALYST, policy("internal"), "SELECT", "DESCRIBE")), (
        "not held"
    )
    for clearance in ("public", "restricted"):
        assert "no identical" in refusal(mesh, HELPER, owned(ANALYST, policy(clearance), "SELECT")), (
            "another policy"
        )


def test_columns_are_passed_on_as_far_as_they_are_held() -> None:
    mesh = lake()
    held = ColumnsRes(PRODUCT, TABLE_NAME, included=("amount", "age"))
    mesh.grant(CENTRAL, HELPER, held, ["SELECT"], grantable=["SELECT"])
    accepted(mesh, HELPER, owned(ANALYST, held, "SELECT"))
    accepted(mesh, HELPER, owned(ANALYST, ColumnsRes(PRODUCT, TABLE_NAME, included=("age",)), "SELECT"))
    more = ColumnsRes(PRODUCT, TABLE_NAME, included=("age", "note"))
    assert "note" in refusal(mesh, HELPER, owned(ANALYST, more, "SELECT")), "the column too many is named"
    assert "note" in refusal(mesh, HELPER, owned(ANALYST, CARDS, "SELECT")), "nor the whole table"


def test_columns_with_grant_option_are_listed_not_excluded() -> None:
    excluded = ColumnsRes(PRODUCT, TABLE_NAME, excluded=("age",))
    accepted(lake(), CENTRAL_ADMIN, owned(ANALYST, excluded, "SELECT"))
    assert "include" in refusal(lake(), CENTRAL_ADMIN, owned(ANALYST, excluded, "SELECT", option=True)), (
        "by AWS's rule"
    )


def test_who_is_limited_to_rows_grants_no_columns_on() -> None:
    mesh = lake()
    mesh.filter(CENTRAL, DataCellsFilter(PRODUCT, TABLE_NAME, "f", row_filter="amount > 1"))
    mesh.grant(CENTRAL, HELPER, FilterRes(PRODUCT, TABLE_NAME, "f"), ["SELECT"], grantable=["SELECT"])
    columns = ColumnsRes(PRODUCT, TABLE_NAME, included=("age",))
    assert "all rows" in refusal(mesh, HELPER, owned(ANALYST, columns, "SELECT")), "all rows are needed"


def test_a_filter_is_granted_by_who_holds_all_columns() -> None:
    mesh = lake()
    cells = FilterRes(PRODUCT, TABLE_NAME, "f")
    mesh.filter(CENTRAL, DataCellsFilter(PRODUCT, TABLE_NAME, "f", ("age",), row_filter="amount > 1"))
    mesh.grant(CENTRAL, HELPER, policy("internal"), ["SELECT"], grantable=["SELECT"])
    assert "note" in refusal(mesh, HELPER, owned(ANALYST, cells, "SELECT")), "some columns are not enough"
    mesh.grant(CENTRAL, HELPER, CARDS, ["SELECT"], grantable=["SELECT"])
    accepted(mesh, HELPER, owned(ANALYST, cells, "SELECT"))


def test_a_creator_grants_on_what_it_made_and_nothing_else() -> None:
    accepted(lake(), STEWARD, owned(ANALYST, CARDS, "SELECT", "ALTER", option=True))
    accepted(lake(), STEWARD, owned(CONSUMER, CARDS, "SELECT", option=True))
    assert "grant option" in refusal(lake(), STEWARD, owned(ANALYST, DatabaseRes(PRODUCT), "DESCRIBE")), (
        "another's"
    )
    assert "no identical" in refusal(lake(), STEWARD, owned(ANALYST, policy("public"), "SELECT")), (
        "not by tags"
    )


def test_a_tag_is_granted_on_value_by_value() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, STEWARD, TagRes("domain", ("mortgages",)), ["ASSOCIATE"], grantable=["ASSOCIATE"])
    accepted(mesh, STEWARD, owned(ANALYST, TagRes("domain", ("mortgages",)), "ASSOCIATE"))
    other = owned(ANALYST, TagRes("domain", ("consumer-banking",)), "ASSOCIATE")
    assert "ASSOCIATE" in refusal(mesh, STEWARD, other), "another value is not held"


def test_the_recipients_administrator_passes_on_the_identical_policy_only() -> None:
    mesh = story()
    accepted(mesh, CONSUMER_ADMIN, again(SCIENTIST, policy("confidential"), "SELECT", "DESCRIBE"))
    assert "no identical" in refusal(mesh, CONSUMER_ADMIN, again(SCIENTIST, policy("public"), "SELECT")), (
        "narrower"
    )
    assert "ALTER" in refusal(mesh, CONSUMER_ADMIN, again(SCIENTIST, policy("confidential"), "ALTER")), (
        "not shared"
    )
    assert "no identical" in refusal(mesh, SCIENTIST, again(SCIENTIST, policy("confidential"), "SELECT")), (
        "a role"
    )


def test_without_the_option_a_share_is_not_passed_on() -> None:
    mesh = lake()
    share(mesh, "confidential", grantable=False)
    assert "grant option" in refusal(
        mesh, CONSUMER_ADMIN, again(SCIENTIST, policy("confidential"), "SELECT")
    ), "rule 1"


def test_describing_all_values_admits_other_policies_when_asked_for() -> None:
    mesh = story()
    grant = again(SCIENTIST, policy("public"), "SELECT")
    assert refusal(mesh, CONSUMER_ADMIN, grant, by_description=True), "DESCRIBE is missing"
    for key, values in policy("public").expression:
        mesh.grant(CENTRAL, CONSUMER, TagRes(key, values), ["DESCRIBE"], grantable=["DESCRIBE"])
    accepted(mesh, CONSUMER_ADMIN, grant, by_description=True)
    assert "no identical" in refusal(mesh, CONSUMER_ADMIN, grant), "the mesh itself keeps to rule 1"


def test_a_recipient_names_what_it_holds_in_part() -> None:
    mesh = story()
    accepted(mesh, CONSUMER_ADMIN, again(SCIENTIST, CARDS, "SELECT"))
    columns = ColumnsRes(PRODUCT, TABLE_NAME, included=("amount",))
    accepted(mesh, CONSUMER_ADMIN, again(SCIENTIST, columns, "SELECT"))
    assert "ALTER" in refusal(mesh, CONSUMER_ADMIN, again(SCIENTIST, CARDS, "ALTER")), "not shared"


def test_what_was_shared_is_not_shared_on_to_a_third_account() -> None:
    for third in (PRODUCER, role(PRODUCER, "x"), "arn:aws:organizations::1:organization/o-x"):
        reason = refusal(story(), CONSUMER_ADMIN, again(third, policy("confidential"), "SELECT"))
        assert "shared on" in reason, "sharing is not transitive"


def test_iam_allowed_principals_are_cleared_before_sharing() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, IAM_ALLOWED_PRINCIPALS, CARDS, ["ALL"])
    for resource in (CARDS, policy("restricted")):
        reason = refusal(mesh, CENTRAL_ADMIN, owned(CONSUMER, resource, "SELECT", option=True))
        assert "IAMAllowedPrincipals" in reason, "the obstacle is named"
    accepted(mesh, CENTRAL_ADMIN, owned(ANALYST, CARDS, "SELECT"))


def test_hybrid_locations_are_exempt_from_that() -> None:
    mesh = lake()
    mesh.table(CENTRAL, PRODUCT, "h", location="s3://bucket/h/")
    mesh.location(CENTRAL, "arn:aws:s3:::bucket", hybrid=True)
    mesh.grant(CENTRAL, IAM_ALLOWED_PRINCIPALS, TableRes(PRODUCT, "h"), ["ALL"])
    accepted(mesh, CENTRAL_ADMIN, owned(CONSUMER, TableRes(PRODUCT, "h"), "SELECT"))


@pytest.mark.parametrize("account", [CENTRAL, CONSUMER])
def test_tags_are_shared_from_version_three_on(account) -> None:
    mesh = lake()
    mesh.settings(account, LakeSettings(admins=(role(account, "MeshDeploy"),), cross_account_version=2))
    reason = refusal(mesh, CENTRAL_ADMIN, owned(CONSUMER, policy("public"), "SELECT", option=True))
    assert account in reason, "the account to mend is named"


def test_a_tag_goes_to_an_account_with_describe_and_associate_and_the_option() -> None:
    tag = TagRes("domain", ("mortgages",))
    accepted(lake(), CENTRAL_ADMIN, owned(CONSUMER, tag, "DESCRIBE", option=True))
    assert "grant option" in refusal(lake(), CENTRAL_ADMIN, owned(CONSUMER, tag, "DESCRIBE")), (
        "it has to be there"
    )
    assert "only" in refusal(lake(), CENTRAL_ADMIN, owned(CONSUMER, tag, "ALTER", option=True)), (
        "not to alter"
    )


@pytest.mark.parametrize(
    "resource, permission",
    [
        (DatabaseRes("nope"), "DESCRIBE"),
        (TableRes(PRODUCT, "nope"), "SELECT"),
        (FilterRes(PRODUCT, TABLE_NAME, "nope"), "SELECT"),
        (LocationRes("arn:aws:s3:::nope"), "DATA_LOCATION_ACCESS"),
        (TagRes("domain", ("nope",)), "DESCRIBE"),
    ],
)
def test_nothing_is_granted_on_what_does_not_exist(resource, permission) -> None:
    assert "does not exist" in refusal(lake(), CENTRAL_ADMIN, owned(ANALYST, resource, permission)), (
        "by its name"
    )


def test_a_permission_the_resource_does_not_take_is_refused() -> None:
    assert "cannot be granted" in refusal(lake(), CENTRAL_ADMIN, owned(ANALYST, CARDS, "CREATE_TABLE")), (
        "by name"
    )
    assert "at least one" in refusal(lake(), CENTRAL_ADMIN, owned(ANALYST, CARDS)), "an empty grant"


def test_a_data_location_is_passed_on_by_the_recipient() -> None:
    mesh = lake()
    location = LocationRes(LOCATION)
    grant = again(SCIENTIST, location, "DATA_LOCATION_ACCESS")
    assert refusal(mesh, CONSUMER_ADMIN, grant), "the account holds nothing"
    mesh.grant(CENTRAL, CONSUMER, location, ["DATA_LOCATION_ACCESS"], grantable=["DATA_LOCATION_ACCESS"])
    accepted(mesh, CONSUMER_ADMIN, grant)
