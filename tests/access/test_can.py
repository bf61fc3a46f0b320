"""What a principal may do besides reading, and which LF-tags it may assign."""

from __future__ import annotations

import pytest
from meshes import (
    CENTRAL,
    CENTRAL_ADMIN,
    CONSUMER,
    CONSUMER_ADMIN,
    CURATION,
    LINK,
    LOCATION,
    PRODUCER,
    PRODUCT,
    SCIENTIST,
    STEWARD,
    TABLE_NAME,
    lake,
    role,
    share,
    story,
    tables_of_owner,
)

from governance.access.can import Decision, can
from governance.levels import expression, product_expression
from governance.snapshot import DataCellsFilter
from governance.snapshot.build import SnapshotBuilder
from governance.snapshot.grants import (
    DATABASE,
    TABLE,
    CatalogRes,
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    LocationRes,
    Resource,
    TableRes,
    TagPolicyRes,
    TagRes,
)

ANALYST = role(CENTRAL, "analyst")
CARDS = TableRes(PRODUCT, TABLE_NAME)
FULL = ("ALTER", "DROP", "INSERT", "DELETE")


def may(
    mesh: SnapshotBuilder, principal: str, action: str, resource: Resource, catalog: str = CENTRAL
) -> Decision:
    decision = can(mesh.build(), principal, action, resource, catalog)
    assert decision.allowed == bool(decision.steps), "what is allowed has steps, what is not has none"
    return decision


def allowed(
    mesh: SnapshotBuilder, principal: str, resource: Resource, *actions: str, catalog: str = CENTRAL
) -> list[str]:
    return [action for action in actions if may(mesh, principal, action, resource, catalog).allowed]


def test_select_on_a_table_brings_describe_and_nothing_else() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, CARDS, ["SELECT"])
    assert allowed(mesh, ANALYST, CARDS, "SELECT", "DESCRIBE", *FULL) == ["SELECT", "DESCRIBE"], (
        "who reads may view"
    )


def test_writing_does_not_bring_describe_or_select() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, CARDS, ["INSERT"])
    assert allowed(mesh, ANALYST, CARDS, "SELECT", "DESCRIBE", *FULL) == ["INSERT"], "AWS is silent, so no"


@pytest.mark.parametrize("action", FULL)
def test_a_policy_that_matches_some_columns_degrades_to_describe(action) -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, TagPolicyRes(TABLE, expression(sensitivity="public")), [action])
    assert allowed(mesh, ANALYST, CARDS, "SELECT", "DESCRIBE", *FULL) == ["DESCRIBE"], "full access is needed"


def test_super_on_some_columns_degrades_to_select_and_describe() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, TagPolicyRes(TABLE, expression(sensitivity="public")), ["ALL"])
    assert allowed(mesh, ANALYST, CARDS, "SELECT", "DESCRIBE", *FULL) == ["SELECT", "DESCRIBE"], (
        "no more than that"
    )


def test_a_policy_that_matches_the_whole_table_gives_what_it_says() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, tables_of_owner(), ["ALTER", "INSERT"])
    assert allowed(mesh, ANALYST, CARDS, "SELECT", "DESCRIBE", *FULL) == ["ALTER", "INSERT"], (
        "all columns match"
    )


def test_every_column_matching_without_the_table_is_taken_as_a_part() -> None:
    mesh = lake()
    mesh.tag_columns(CENTRAL, PRODUCT, TABLE_NAME, ["note"], {"sensitivity": "public"})
    levels = TagPolicyRes(TABLE, expression(sensitivity=["public", "internal", "confidential"]))
    mesh.tag_columns(CENTRAL, PRODUCT, TABLE_NAME, ["age"], {"sensitivity": "internal"})
    mesh.grant(CENTRAL, ANALYST, levels, ["ALTER"])
    assert allowed(mesh, ANALYST, CARDS, "DESCRIBE", *FULL) == ["DESCRIBE"], (
        "AWS is silent, so the table has to match"
    )


def test_select_on_columns_asks_for_all_of_them() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, ColumnsRes(PRODUCT, TABLE_NAME, included=("age", "amount")), ["SELECT"])
    assert may(mesh, ANALYST, "SELECT", ColumnsRes(PRODUCT, TABLE_NAME, included=("age",))).allowed, "a part"
    more = ColumnsRes(PRODUCT, TABLE_NAME, included=("age", "note"))
    assert not may(mesh, ANALYST, "SELECT", more).allowed, "note is not among them"
    assert not may(mesh, ANALYST, "SELECT", ColumnsRes(PRODUCT, TABLE_NAME, excluded=("note",))).allowed, (
        "nor others"
    )


def test_database_permissions_come_by_name_and_by_database_policies_only() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, TagPolicyRes(TABLE, product_expression(PRODUCT)), ["ALL"])
    everything = ("DESCRIBE", "CREATE_TABLE", "ALTER", "DROP")
    assert allowed(mesh, ANALYST, DatabaseRes(PRODUCT), *everything) == [], (
        "TABLE policies do not reach databases"
    )
    mesh.grant(CENTRAL, ANALYST, TagPolicyRes(DATABASE, product_expression(PRODUCT)), ["CREATE_TABLE"])
    assert allowed(mesh, ANALYST, DatabaseRes(PRODUCT), *everything) == ["CREATE_TABLE"], (
        "DATABASE policies do"
    )
    mesh.grant(CENTRAL, ANALYST, DatabaseRes(PRODUCT), ["ALTER"])
    assert allowed(mesh, ANALYST, DatabaseRes(PRODUCT), *everything) == ["CREATE_TABLE", "ALTER"], "and names"


def test_a_grant_on_all_tables_brings_describe_on_the_database_and_one_on_a_single_table_does_not() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, CARDS, ["SELECT"])
    assert not may(mesh, ANALYST, "DESCRIBE", DatabaseRes(PRODUCT)).allowed, "AWS is silent, so no"
    mesh.grant(CENTRAL, ANALYST, TableRes(PRODUCT), ["SELECT"])
    assert may(mesh, ANALYST, "DESCRIBE", DatabaseRes(PRODUCT)).allowed, "all tables bring it"


def test_an_administrator_describes_everything_of_its_account_and_alters_nothing() -> None:
    mesh = lake()
    mesh.database(CENTRAL, "others", creator=STEWARD)
    found = allowed(mesh, CENTRAL_ADMIN, DatabaseRes("others"), "DESCRIBE", "CREATE_TABLE", "ALTER", "DROP")
    assert found == ["DESCRIBE"], "implicit permissions of administrators"
    assert allowed(mesh, CENTRAL_ADMIN, CARDS, "SELECT", "DESCRIBE", *FULL) == ["DESCRIBE"], "on tables too"
    assert may(mesh, CENTRAL_ADMIN, "CREATE_DATABASE", CatalogRes()).allowed, "it creates databases"
    assert not may(mesh, STEWARD, "CREATE_DATABASE", CatalogRes()).allowed, "others do not"


def test_a_foreign_administrator_describes_only_what_is_shared() -> None:
    assert not may(lake(), CONSUMER_ADMIN, "DESCRIBE", CARDS).allowed, "nothing is shared"
    assert may(story(), CONSUMER_ADMIN, "DESCRIBE", CARDS).allowed, "the share describes"


def test_creators_may_do_everything_with_what_they_made() -> None:
    mesh = lake()
    assert allowed(mesh, STEWARD, CARDS, "SELECT", "DESCRIBE", *FULL) == ["SELECT", "DESCRIBE", *FULL], (
        "table creator"
    )
    found = allowed(mesh, CENTRAL_ADMIN, DatabaseRes(PRODUCT), "DESCRIBE", "CREATE_TABLE", "ALTER", "DROP")
    assert found == ["DESCRIBE", "CREATE_TABLE", "ALTER", "DROP"], "database creator"


def test_on_a_link_there_is_only_describe_and_drop() -> None:
    mesh = story()
    mesh.grant(CONSUMER, SCIENTIST, DatabaseRes(LINK), ["ALL"])
    found = allowed(
        mesh, SCIENTIST, DatabaseRes(LINK), "DESCRIBE", "CREATE_TABLE", "ALTER", "DROP", catalog=CONSUMER
    )
    assert found == ["DESCRIBE", "DROP"], "nothing else can be held on a link"


def test_a_database_permission_reaches_a_foreign_role_by_share_and_regrant() -> None:
    policy = TagPolicyRes(DATABASE, product_expression(PRODUCT))
    mesh = lake()
    mesh.grant(PRODUCER, CURATION, policy, ["CREATE_TABLE", "DESCRIBE"], catalog=CENTRAL)
    assert not may(mesh, CURATION, "CREATE_TABLE", DatabaseRes(PRODUCT)).allowed, "nothing is shared yet"
    mesh.grant(CENTRAL, PRODUCER, policy, ["CREATE_TABLE"], grantable=["CREATE_TABLE"])
    found = allowed(mesh, CURATION, DatabaseRes(PRODUCT), "DESCRIBE", "CREATE_TABLE")
    assert found == ["CREATE_TABLE"], "only what the share carries"


def test_a_named_database_regrant_is_cut_down_to_the_share() -> None:
    mesh = lake()
    mesh.grant(CONSUMER, SCIENTIST, DatabaseRes(PRODUCT), ["DESCRIBE", "ALTER"], catalog=CENTRAL)
    assert not may(mesh, SCIENTIST, "DESCRIBE", DatabaseRes(PRODUCT)).allowed, "nothing is shared"
    share(mesh, "public")
    assert allowed(mesh, SCIENTIST, DatabaseRes(PRODUCT), "DESCRIBE", "ALTER") == ["DESCRIBE"], (
        "ALTER is not shared"
    )


def test_all_tables_regranted_bring_no_describe_that_the_account_does_not_hold() -> None:
    mesh = lake()
    mesh.grant(CONSUMER, SCIENTIST, TableRes(PRODUCT), ["SELECT"], catalog=CENTRAL)
    assert not may(mesh, SCIENTIST, "DESCRIBE", DatabaseRes(PRODUCT)).allowed, "nothing is shared"
    mesh.grant(CENTRAL, CONSUMER, TableRes(PRODUCT), ["SELECT"], grantable=["SELECT"])
    assert may(mesh, SCIENTIST, "DESCRIBE", DatabaseRes(PRODUCT)).allowed, "the share of all tables brings it"


def test_a_data_location_covers_what_lies_below_it_and_nothing_beside() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, STEWARD, LocationRes(LOCATION), ["DATA_LOCATION_ACCESS"])
    for arn in (LOCATION, f"{LOCATION}/", f"{LOCATION}/credit_card"):
        assert may(mesh, STEWARD, "DATA_LOCATION_ACCESS", LocationRes(arn)).allowed, f"{arn} is covered"
    beside = may(mesh, STEWARD, "DATA_LOCATION_ACCESS", LocationRes(f"{LOCATION}2"))
    assert beside.missing is not None, "a longer name is no path below"
    assert beside.missing.code == "not-registered", "and nobody registered it"
    assert not may(mesh, ANALYST, "DATA_LOCATION_ACCESS", LocationRes(LOCATION)).allowed, (
        "others have nothing"
    )
    assert may(mesh, CENTRAL_ADMIN, "DATA_LOCATION_ACCESS", LocationRes(LOCATION)).allowed, (
        "administrators have all"
    )


def test_a_data_location_reaches_a_foreign_role_without_ram() -> None:
    mesh = lake(organization=False, version=1)
    location = LocationRes(LOCATION)
    mesh.grant(PRODUCER, CURATION, location, ["DATA_LOCATION_ACCESS"], catalog=CENTRAL)
    assert not may(mesh, CURATION, "DATA_LOCATION_ACCESS", location).allowed, "the account holds nothing"
    mesh.grant(CENTRAL, PRODUCER, location, ["DATA_LOCATION_ACCESS"])
    assert not may(mesh, CURATION, "DATA_LOCATION_ACCESS", location).allowed, "it cannot grant it on"
    mesh.grant(CENTRAL, PRODUCER, location, [], grantable=["DATA_LOCATION_ACCESS"])
    assert may(mesh, CURATION, "DATA_LOCATION_ACCESS", location).allowed, "now it can"


def test_tag_permissions_are_per_value() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, STEWARD, TagRes("sensitivity", ("public", "internal")), ["ASSOCIATE"])
    assert may(mesh, STEWARD, "ASSOCIATE", TagRes("sensitivity", ("public",))).allowed, "one of them"
    assert not may(mesh, STEWARD, "ASSOCIATE", TagRes("sensitivity", ("public", "restricted"))).allowed, (
        "not that"
    )
    mesh.grant(CENTRAL, STEWARD, TagRes("sensitivity", ("restricted",)), ["ASSOCIATE"])
    assert may(mesh, STEWARD, "ASSOCIATE", TagRes("sensitivity", ("public", "restricted"))).allowed, (
        "two grants add up"
    )


def test_an_administrator_cannot_assign_a_tag_that_another_made() -> None:
    mesh = lake()
    tag = TagRes("team", ("a",))
    mesh.tag(CENTRAL, "team", ["a"], creator=STEWARD)
    found = allowed(mesh, CENTRAL_ADMIN, tag, "DESCRIBE", "ALTER", "DROP", "ASSOCIATE")
    assert found == ["DESCRIBE", "ALTER", "DROP"], "administrators need ASSOCIATE on tags they did not make"
    assert may(mesh, STEWARD, "ASSOCIATE", tag).allowed, "its creator may"


def test_a_filter_is_granted_by_its_name() -> None:
    mesh = lake()
    mesh.filter(CENTRAL, DataCellsFilter(PRODUCT, TABLE_NAME, "f"))
    mesh.grant(CENTRAL, ANALYST, FilterRes(PRODUCT, TABLE_NAME, "f"), ["DESCRIBE"])
    assert may(mesh, ANALYST, "DESCRIBE", FilterRes(PRODUCT, TABLE_NAME, "f")).allowed, "this one"
    assert not may(mesh, ANALYST, "DESCRIBE", FilterRes(PRODUCT, TABLE_NAME, "g")).allowed, "no other"


@pytest.mark.parametrize(
    "resource",
    [DatabaseRes("nope"), TableRes("nope", "t"), TableRes(PRODUCT, "nope"), TagRes("nope", ("a",))],
)
def test_what_does_not_exist_can_be_nobodys(resource) -> None:
    decision = may(story(), CENTRAL_ADMIN, "DESCRIBE", resource)
    assert decision.missing is not None, "nothing can be done with it"
    assert decision.missing.code == "unknown-resource", "and it is said why"


def test_an_action_the_resource_does_not_take_is_named() -> None:
    decision = may(story(), SCIENTIST, "SELECT", DatabaseRes(PRODUCT))
    assert decision.missing is not None, "databases are not selected from"
    assert decision.missing.code == "no-such-action", decision.missing.text
