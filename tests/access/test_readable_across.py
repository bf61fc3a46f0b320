"""Reading across accounts and through resource links: refusals as much as grants."""

from __future__ import annotations

import pytest
from meshes import (
    CENTRAL,
    CONSUMER,
    CONSUMER_ADMIN,
    CURATION,
    HERE,
    LINK,
    PRODUCT,
    SCIENTIST,
    TABLE_NAME,
    VIA,
    lake,
    policy,
    regrant,
    role,
    share,
    story,
    tables_of_owner,
)

from governance.access import Access, readable, resolve
from governance.levels import expression
from governance.snapshot import Column, DataCellsFilter, LakeSettings, LinkTarget, Organization
from governance.snapshot.build import SnapshotBuilder
from governance.snapshot.grants import (
    TABLE,
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    TableRes,
    TagPolicyRes,
    TagRes,
)

ANALYST = role(CENTRAL, "analyst")
ALL = ("customer_id", "amount", "credit_risk", "age", "note")


def consumer(mesh: SnapshotBuilder, principal: str = SCIENTIST) -> Access:
    return readable(mesh.build(), principal, CONSUMER, *HERE, VIA)


def central(mesh: SnapshotBuilder, principal: str = ANALYST) -> Access:
    return readable(mesh.build(), principal, CENTRAL, *HERE)


def code(access: Access) -> str:
    assert not access.allowed, f"access was given: {access.chain}"
    assert access.columns == (), "a refusal names no columns"
    assert access.missing is not None, "a refusal says what is missing"
    assert "\n" not in access.missing.text, "a refusal is one line"
    return access.missing.code


def tagged(**tags: str | list[str]) -> TagPolicyRes:
    return TagPolicyRes(TABLE, expression(**tags))


# Across accounts


def test_an_account_level_grant_alone_reaches_no_role() -> None:
    mesh = lake()
    share(mesh, "restricted")
    mesh.grant(CONSUMER, SCIENTIST, DatabaseRes(LINK), ["DESCRIBE"])
    assert code(consumer(mesh)) == "no-regrant", "the account's administrator has to grant on"
    assert consumer(mesh, CONSUMER_ADMIN).columns == ALL, "the administrator itself is reached"


def test_a_regrant_without_a_share_opens_nothing() -> None:
    mesh = lake()
    regrant(mesh, SCIENTIST, "confidential")
    assert code(consumer(mesh)) == "no-share", "a re-grant does not outlive the share"


def test_a_share_without_grant_option_cannot_be_passed_on() -> None:
    mesh = lake()
    share(mesh, "confidential", grantable=False)
    regrant(mesh, SCIENTIST, "confidential")
    assert code(consumer(mesh)) == "not-grantable", "the grant option is missing"


def test_a_regrant_of_another_expression_opens_nothing() -> None:
    mesh = lake()
    share(mesh, "restricted")
    regrant(mesh, SCIENTIST, "confidential")
    assert code(consumer(mesh)) == "not-identical", "even a narrower policy is not the identical one"


def test_describe_on_all_tag_values_lets_another_expression_through() -> None:
    mesh = lake()
    share(mesh, "confidential", grantable=False)
    for key, values in policy("restricted").expression:
        mesh.grant(CENTRAL, CONSUMER, TagRes(key, values), ["DESCRIBE"], grantable=["DESCRIBE"])
    regrant(mesh, SCIENTIST, "restricted")
    assert consumer(mesh).columns == ("customer_id", "amount", "credit_risk"), "but no further than the share"


def test_a_role_can_be_granted_to_directly() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, SCIENTIST, policy("internal"), ["SELECT"])
    mesh.grant(CONSUMER, SCIENTIST, DatabaseRes(LINK), ["DESCRIBE"])
    assert consumer(mesh).columns == ("customer_id", "amount"), "no share to the account is needed"
    assert code(consumer(mesh, CONSUMER_ADMIN)) == "no-share", "and its administrator is not reached"


def test_the_organization_can_be_granted_to() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, "arn:aws:organizations::1:organization/o-x", policy("internal"), ["SELECT"])
    assert code(consumer(mesh, CONSUMER_ADMIN)) == "unknown-organization", "another organization is not ours"
    mesh.organization = Organization("arn:aws:organizations::1:organization/o-x", (CENTRAL, CONSUMER))
    assert consumer(mesh, CONSUMER_ADMIN).columns == ("customer_id", "amount"), "its accounts are reached"


def test_outside_an_organization_the_ram_share_must_be_accepted() -> None:
    mesh = lake(organization=False)
    share(mesh, "confidential")
    regrant(mesh, SCIENTIST, "confidential")
    assert code(consumer(mesh)) == "share-not-accepted", "an invitation waits"
    mesh.accept(CONSUMER, CENTRAL)
    assert code(consumer(mesh)) == "share-not-accepted", "acceptance has a direction"
    mesh.accept(CENTRAL, CONSUMER)
    assert consumer(mesh).allowed, "once accepted it arrives"


@pytest.mark.parametrize("account", [CENTRAL, CONSUMER])
def test_a_tag_share_needs_version_three_on_both_sides(account) -> None:
    mesh = story()
    mesh.settings(account, LakeSettings(admins=(role(account, "MeshDeploy"),), cross_account_version=2))
    access = consumer(mesh)
    assert code(access) == "cross-account-version", "tag shares do not reach below version 3"
    assert access.missing is not None, "a refusal says what is missing"
    assert account in access.missing.text, "the account to mend is named"


def test_a_named_share_to_an_account_works_below_version_three() -> None:
    mesh = lake(version=1)
    mesh.grant(CENTRAL, CONSUMER, TableRes(PRODUCT, TABLE_NAME), ["SELECT"], grantable=["SELECT"])
    assert consumer(mesh, CONSUMER_ADMIN).columns == ALL, "only tags and direct grants need version 3"
    mesh.grant(CENTRAL, SCIENTIST, TableRes(PRODUCT, TABLE_NAME), ["SELECT"])
    mesh.grant(CONSUMER, SCIENTIST, DatabaseRes(LINK), ["DESCRIBE"])
    assert code(consumer(mesh)) == "cross-account-version", "a direct grant to a foreign role does not arrive"


def test_a_named_regrant_shows_no_more_than_the_account_holds() -> None:
    mesh = lake()
    columns = ColumnsRes(PRODUCT, TABLE_NAME, included=("amount", "age"))
    mesh.grant(CENTRAL, CONSUMER, columns, ["SELECT"], grantable=["SELECT"])
    mesh.grant(CONSUMER, SCIENTIST, TableRes(PRODUCT, TABLE_NAME), ["SELECT"], catalog=CENTRAL)
    mesh.grant(CONSUMER, SCIENTIST, DatabaseRes(LINK), ["DESCRIBE"])
    access = consumer(mesh)
    assert access.columns == ("amount", "age"), "visibility only on the account's columns"
    assert len(access.chain) == 3, "share, re-grant and link are named"


def test_a_row_filter_of_the_share_holds_for_every_regrant() -> None:
    mesh = lake()
    mesh.filter(CENTRAL, DataCellsFilter(PRODUCT, TABLE_NAME, "f", row_filter="amount > 10"))
    mesh.filter(CENTRAL, DataCellsFilter(PRODUCT, TABLE_NAME, "g", ("age",), row_filter="age < 30"))
    mesh.grant(CENTRAL, CONSUMER, FilterRes(PRODUCT, TABLE_NAME, "f"), ["SELECT"], grantable=["SELECT"])
    mesh.grant(CONSUMER, SCIENTIST, FilterRes(PRODUCT, TABLE_NAME, "g"), ["SELECT"], catalog=CENTRAL)
    mesh.grant(CONSUMER, SCIENTIST, DatabaseRes(LINK), ["DESCRIBE"])
    assert consumer(mesh).row_filters == {"(age < 30) AND (amount > 10)": ("age",)}, "both filters apply"


def test_an_owner_in_an_organization_is_not_enough() -> None:
    mesh = story()
    mesh.organization = Organization("o-mesh", (CENTRAL,))
    assert code(consumer(mesh)) == "share-not-accepted", "both accounts have to be in it"


def test_what_is_shared_with_an_account_reaches_no_third_one() -> None:
    mesh = story()
    mesh.grant(CONSUMER, CURATION, policy("confidential"), ["SELECT"], catalog=CENTRAL)
    access = readable(mesh.build(), CURATION, CURATION.split(":")[4], *HERE)
    assert code(access) == "no-share", "sharing is not transitive"


def test_a_foreign_creator_has_nothing_by_having_created() -> None:
    mesh = lake()
    mesh.table(CENTRAL, PRODUCT, "made", [Column("a")], creator=CURATION)
    access = readable(mesh.build(), CURATION, CURATION.split(":")[4], CENTRAL, PRODUCT, "made")
    assert code(access) == "no-share", "AWS is silent, so the answer is no"


def test_the_owners_policy_reaches_the_producers_own_role() -> None:
    mesh = lake()
    producer = CURATION.split(":")[4]
    mesh.grant(CENTRAL, producer, tables_of_owner(), ["SELECT", "ALTER"], grantable=["SELECT", "ALTER"])
    mesh.grant(producer, CURATION, tables_of_owner(), ["SELECT", "ALTER"], catalog=CENTRAL)
    assert readable(mesh.build(), CURATION, producer, *HERE).columns == ALL, (
        "all columns whatever their level"
    )


# Resource links


def test_without_describe_on_the_link_nothing_is_read_through_it() -> None:
    mesh = lake()
    share(mesh, "confidential")
    regrant(mesh, SCIENTIST, "confidential", link=False)
    assert code(consumer(mesh)) == "no-describe-on-link", "permission on the target alone is not enough"
    direct = readable(mesh.build(), SCIENTIST, CONSUMER, *HERE)
    assert direct.columns == ("customer_id", "amount", "credit_risk"), "named directly no link is asked for"


def test_drop_on_the_link_is_not_describe() -> None:
    mesh = lake()
    share(mesh, "confidential")
    regrant(mesh, SCIENTIST, "confidential", link=False)
    mesh.grant(CONSUMER, SCIENTIST, DatabaseRes(LINK), ["DROP"])
    assert code(consumer(mesh)) == "no-describe-on-link", "the link cannot be seen by DROP"


def test_the_link_alone_gives_nothing() -> None:
    mesh = lake()
    mesh.grant(CONSUMER, SCIENTIST, DatabaseRes(LINK), ["DESCRIBE", "DROP"])
    assert code(consumer(mesh)) == "no-share", "a grant on the link is none on its target"


def test_a_link_that_is_not_there_or_leads_elsewhere_is_named() -> None:
    mesh = story()
    mesh.database(CONSUMER, "rl_other", link=LinkTarget(CENTRAL, "other"))
    for via in (("nope", TABLE_NAME), ("rl_other", TABLE_NAME)):
        access = readable(mesh.build(), SCIENTIST, CONSUMER, *HERE, via)
        assert code(access) == "no-link", f"{via} leads elsewhere"


def test_a_link_to_a_single_table_works_like_one_to_its_database() -> None:
    mesh = story()
    mesh.database(CONSUMER, "local")
    mesh.table(CONSUMER, "local", "cards", link=LinkTarget(CENTRAL, PRODUCT, TABLE_NAME))
    via = ("local", "cards")
    assert code(readable(mesh.build(), SCIENTIST, CONSUMER, *HERE, via)) == "no-describe-on-link", "not yet"
    mesh.grant(CONSUMER, SCIENTIST, TableRes("local", "cards"), ["DESCRIBE"])
    assert readable(mesh.build(), SCIENTIST, CONSUMER, *HERE, via).allowed, "DESCRIBE on the link is there"
    assert resolve(mesh.build(), CONSUMER, "local", "cards") == (HERE, via), "the name leads to the table"


def test_names_are_resolved_as_a_query_writes_them() -> None:
    snapshot = story().build()
    assert resolve(snapshot, CONSUMER, LINK.upper(), TABLE_NAME.upper()) == (HERE, VIA), "through the link"
    assert resolve(snapshot, CENTRAL, PRODUCT, TABLE_NAME) == (HERE, None), "in its own account"
    assert resolve(snapshot, CONSUMER, LINK, "nope") is None, "no such table behind the link"
    assert resolve(snapshot, CONSUMER, "nope", TABLE_NAME) is None, "no such database"
