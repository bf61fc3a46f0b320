"""Reading within the owner account: one sentence per rule, refusals as much as grants."""

from __future__ import annotations

import pytest
from meshes import (
    AUDITOR,
    CENTRAL,
    CENTRAL_ADMIN,
    CONSUMER,
    HERE,
    LINK,
    PRODUCT,
    SCIENTIST,
    STEWARD,
    TABLE_NAME,
    VIA,
    lake,
    role,
    story,
)

from governance.access import Access, opened_by_iam, readable
from governance.levels import expression
from governance.snapshot import DataCellsFilter
from governance.snapshot.build import SnapshotBuilder
from governance.snapshot.grants import (
    DATABASE,
    IAM_ALLOWED_PRINCIPALS,
    TABLE,
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    TableRes,
    TagPolicyRes,
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


# LF-tags


def test_a_clearance_opens_its_columns_in_the_tables_order() -> None:
    access = consumer(story())
    assert access.columns == ("customer_id", "amount", "credit_risk"), "confidential and below"
    assert access.row_filters == {None: access.columns}, "all rows of them"
    assert len(access.chain) == 3, "share, re-grant, link"


def test_an_untagged_column_inherits_the_restricted_database() -> None:
    assert "note" not in consumer(story()).columns, "what nobody classified is closed"
    assert consumer(story(), AUDITOR).columns == ALL, "who is cleared for restricted reads it"


def test_all_keys_of_an_expression_must_match() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, tagged(domain="mortgages", sensitivity="public"), ["SELECT"])
    assert code(central(mesh)) == "tags-do-not-match", "AND over keys"


def test_one_value_of_a_key_is_enough() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, tagged(sensitivity=["public", "internal"]), ["SELECT"])
    assert central(mesh).columns == ("customer_id", "amount"), "OR over values"


def test_a_key_the_resource_lacks_does_not_match() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, tagged(sensitivity="public", team="x"), ["SELECT"])
    assert code(central(mesh)) == "tags-do-not-match", "an absent key is no wildcard"


def test_a_columns_own_value_overrides_that_of_its_table() -> None:
    mesh = lake()
    mesh.tag_table(CENTRAL, PRODUCT, TABLE_NAME, {"sensitivity": "public"})
    mesh.grant(CENTRAL, ANALYST, tagged(sensitivity="public"), ["SELECT"])
    assert central(mesh).columns == ("amount", "note"), (
        "the tables value reaches only columns without their own"
    )


def test_a_tables_value_overrides_that_of_its_database() -> None:
    mesh = lake()
    mesh.tag_table(CENTRAL, PRODUCT, TABLE_NAME, {"domain": "mortgages"})
    mesh.grant(CENTRAL, ANALYST, tagged(domain="consumer-banking"), ["SELECT"])
    assert code(central(mesh)) == "tags-do-not-match", "the database's value is overridden"
    mesh.grant(CENTRAL, ANALYST, tagged(domain="mortgages"), ["SELECT"])
    assert central(mesh).columns == ALL, "and the table's is inherited by all columns"


def test_a_policy_on_databases_opens_no_table() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, TagPolicyRes(DATABASE, expression(data_product=PRODUCT)), ["ALL"])
    assert code(central(mesh)) == "no-grant", "DATABASE and TABLE policies are apart"


def test_describe_by_tags_opens_no_cell() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, tagged(data_product=PRODUCT), ["DESCRIBE"])
    assert code(central(mesh)) == "no-select", "metadata is not data"


# Named resources


@pytest.mark.parametrize("resource", [TableRes(PRODUCT, TABLE_NAME), TableRes(PRODUCT)])
def test_select_on_a_table_or_all_tables_opens_every_column(resource) -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, resource, ["SELECT"])
    assert central(mesh).columns == ALL, "no column is left out"


def test_a_grant_on_another_table_opens_nothing() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, TableRes(PRODUCT, "other"), ["SELECT"])
    mesh.grant(CENTRAL, ANALYST, TableRes("other", TABLE_NAME), ["SELECT"])
    assert code(central(mesh)) == "no-grant", "database and table both count"


def test_included_columns_open_and_unknown_ones_are_ignored() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, ColumnsRes(PRODUCT, TABLE_NAME, included=("age", "gone")), ["SELECT"])
    assert central(mesh).columns == ("age",), "only what is listed and exists"


def test_excluded_columns_stay_closed() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, ColumnsRes(PRODUCT, TABLE_NAME, excluded=("age", "note")), ["SELECT"])
    assert central(mesh).columns == ("customer_id", "amount", "credit_risk"), "all but those excluded"


def test_another_principals_grant_is_nobody_elses() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, TableRes(PRODUCT, TABLE_NAME), ["SELECT"])
    assert code(central(mesh, role(CENTRAL, "analyst2"))) == "no-grant", "ARNs are compared whole"


def test_grants_are_a_union() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, tagged(sensitivity="public"), ["SELECT"])
    mesh.grant(CENTRAL, ANALYST, ColumnsRes(PRODUCT, TABLE_NAME, included=("age",)), ["SELECT"])
    access = central(mesh)
    assert access.columns == ("amount", "age"), "tag and named grants add up"
    assert len(access.chain) == 2, "and both are named"


# Data cells filters


def filtered(rows: str | None, *columns: str, name: str = "f") -> SnapshotBuilder:
    mesh = lake()
    cells = DataCellsFilter(PRODUCT, TABLE_NAME, name, columns or None, row_filter=rows)
    mesh.filter(CENTRAL, cells)
    mesh.grant(CENTRAL, ANALYST, FilterRes(PRODUCT, TABLE_NAME, name), ["SELECT"])
    return mesh


def test_a_filter_limits_columns_and_rows() -> None:
    access = central(filtered("amount > 10", "amount", "age"))
    assert access.row_filters == {"amount > 10": ("amount", "age")}, "both columns, only those rows"


def test_a_filter_of_all_columns_limits_rows_only() -> None:
    assert central(filtered("amount > 10")).row_filters == {"amount > 10": ALL}, "row filtering"


def test_a_filter_without_rows_limits_columns_only() -> None:
    assert central(filtered(None, "amount")).row_filters == {None: ("amount",)}, "column filtering"


def test_two_filters_are_a_union_of_cells() -> None:
    mesh = filtered("amount > 10", "amount", "age")
    mesh.filter(CENTRAL, DataCellsFilter(PRODUCT, TABLE_NAME, "g", ("amount", "note"), row_filter="age < 30"))
    mesh.grant(CENTRAL, ANALYST, FilterRes(PRODUCT, TABLE_NAME, "g"), ["SELECT"])
    expected = {"amount > 10": ("amount", "age"), "age < 30": ("amount", "note")}
    assert central(mesh).row_filters == expected, "each filter opens its own cells"
    assert central(mesh).columns == ("amount", "age", "note"), "columns of both"


def test_a_tag_grant_undoes_a_row_filter() -> None:
    mesh = filtered("amount > 10", "amount", "age")
    mesh.grant(CENTRAL, ANALYST, tagged(sensitivity="public"), ["SELECT"])
    assert central(mesh).row_filters == {None: ("amount",), "amount > 10": ("age",)}, "a union has no limits"


def test_a_filter_that_is_gone_opens_nothing() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, ANALYST, FilterRes(PRODUCT, TABLE_NAME, "gone"), ["SELECT"])
    assert code(central(mesh)) == "no-filter", "a dangling filter grant is named"


# Administrators, creators, IAMAllowedPrincipals


def test_a_data_lake_administrator_reads_nothing_without_a_grant() -> None:
    assert code(central(story(), CENTRAL_ADMIN)) == "no-grant", (
        "administrators may describe and grant, not select"
    )


def test_the_creator_of_a_table_reads_all_of_it() -> None:
    assert central(lake(), STEWARD).columns == ALL, "table creators have all permissions"


def test_the_creator_of_a_database_reads_no_table_that_others_made() -> None:
    mesh = lake()
    assert code(central(mesh, CENTRAL_ADMIN)) == "no-grant", "database creators get nothing on others' tables"


def test_iam_allowed_principals_open_a_table_to_its_own_account() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, IAM_ALLOWED_PRINCIPALS, TableRes(PRODUCT, TABLE_NAME), ["ALL"])
    assert central(mesh).columns == ALL, "whoever IAM allows reads it"
    assert opened_by_iam(mesh.build(), HERE), "and that can be asked"


def test_iam_allowed_principals_open_nothing_to_another_account() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, IAM_ALLOWED_PRINCIPALS, TableRes(PRODUCT, TABLE_NAME), ["ALL"])
    mesh.grant(CONSUMER, SCIENTIST, DatabaseRes(LINK), ["DESCRIBE"])
    assert code(consumer(mesh)) == "no-share", "the group is of the catalog's account"
    assert not opened_by_iam(lake().build(), HERE), "without the grant nothing is open"


def test_all_principals_of_the_account_can_be_granted_to() -> None:
    mesh = lake()
    mesh.grant(CENTRAL, f"{CENTRAL}:IAMPrincipals", tagged(sensitivity="public"), ["SELECT"])
    assert central(mesh).columns == ("amount",), "every role of the account is meant"
