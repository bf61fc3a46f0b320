"""Shapes in which AWS says the same, or what is none of the mesh's: grants, links, filters and deleted principals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from live_aws import ACCOUNT, DATABASE, GHOST, OTHER, READER, Aws, Refusal, entry, granted

from governance.snapshot import DataCellsFilter
from governance.snapshot.grants import ColumnsRes, DatabaseRes, TableRes, TagPolicyRes
from local.snapshots_program import Program
from mesh.access import verify as access_verify
from mesh.project import Project


def test_the_same_grant_in_two_shapes_is_one() -> None:
    table = {"CatalogId": ACCOUNT, "DatabaseName": "cards", "Name": "t"}
    found = granted(
        entry({"Table": table}, "DESCRIBE"),
        entry({"TableWithColumns": {**table, "ColumnWildcard": {}}}, "SELECT"),
        entry({"Table": {**table, "Name": "ALL_TABLES", "TableWildcard": {}}}, "DESCRIBE"),
        entry({"TableWithColumns": {**table, "ColumnNames": ["b", "a"]}}, "SELECT"),
        entry({"TableWithColumns": {**table, "ColumnWildcard": {"ExcludedColumnNames": ["z"]}}}, "SELECT"),
    )
    assert set(found) == {
        (READER, TableRes("cards", "t"), ("DESCRIBE", "SELECT")),
        (READER, TableRes("cards"), ("DESCRIBE",)),
        (READER, ColumnsRes("cards", "t", ("a", "b")), ("SELECT",)),
        (READER, ColumnsRes("cards", "t", None, ("z",)), ("SELECT",)),
    }


def test_a_saved_expression_is_read_for_what_it_says() -> None:
    policy = {"LFTagPolicy": {"CatalogId": ACCOUNT, "ResourceType": "TABLE", "ExpressionName": "open"}}
    saved = {"Name": "open", "Expression": [{"TagKey": "level", "TagValues": ["public"]}]}
    assert granted(entry(policy, "SELECT"), GetLFTagExpression=saved) == [
        (READER, TagPolicyRes("TABLE", (("level", ("public",)),)), ("SELECT",))
    ]
    assert granted(entry(policy, "SELECT"), GetLFTagExpression=Refusal("EntityNotFoundException")) == []


def test_catalogs_within_an_account_and_kinds_nobody_knows_are_left_alone() -> None:
    inner = f"{ACCOUNT}:s3tablescatalog/bucket"
    assert granted(
        entry({"Catalog": {"Id": inner}}, "ALL"),
        entry({"Database": {"CatalogId": inner, "Name": "n"}}, "ALL"),
        entry({"LFTagExpression": {"CatalogId": ACCOUNT, "Name": "open"}}, "DESCRIBE"),
        entry({"Database": {"Name": "cards"}}, "DESCRIBE", principal="IAM_ALLOWED_PRINCIPALS"),
        entry({"Database": {"CatalogId": OTHER, "Name": "theirs"}}, "DESCRIBE"),
    ) == [
        ("IAM_ALLOWED_PRINCIPALS", DatabaseRes("cards"), ("DESCRIBE",)),
        (READER, DatabaseRes("theirs"), ("DESCRIBE",)),
    ]


def test_links_lead_where_they_say_and_are_asked_for_nothing() -> None:
    target = {"CatalogId": OTHER, "DatabaseName": "credit-card", "Region": "eu-west-1"}
    table = {
        "Name": "l",
        "TargetTable": {"CatalogId": OTHER, "DatabaseName": "d", "Name": "t", "Region": "eu-west-1"},
    }
    aws = Aws(
        GetDatabases={"DatabaseList": [{"Name": "rl_credit-card", "TargetDatabase": target}, DATABASE]},
        GetTables={"TableList": [table, {"Name": "bare"}]},
    )
    catalog = aws.read().catalog(ACCOUNT)
    link, own = catalog.database("rl_credit-card"), catalog.database("cards")
    assert link.link.catalog == OTHER
    assert own.table("l").link.table == "t"
    assert own.table("bare").columns == ()
    asked = [params["DatabaseName"] for name, params in aws.asked if name == "GetTables"]
    assert asked == ["cards"], "a link's tables are its target's"


@pytest.mark.parametrize(
    "rows, predicate",
    [
        ({"FilterExpression": "TRUE", "AllRowsWildcard": {}}, None),
        ({"FilterExpression": "true"}, None),
        ({"AllRowsWildcard": {}}, None),
        ({"FilterExpression": "amount > 1"}, "amount > 1"),
    ],
)
def test_all_rows_may_be_said_in_three_ways(rows: dict[str, Any], predicate: str | None) -> None:
    cells = {
        "TableCatalogId": ACCOUNT, "DatabaseName": "cards", "TableName": "t", "Name": "f",
        "ColumnWildcard": {"ExcludedColumnNames": []}, "RowFilter": rows,
    }  # fmt: skip
    (found,) = Aws(ListDataCellsFilter={"DataCellsFilters": [cells]}).read().catalog(ACCOUNT).filters
    assert (found.included, found.row_filter) == (None, predicate)


def test_a_deleted_principal_is_said_to_be_one(shipped: Project, intended: Program) -> None:
    grant = replace(intended.snapshot.grants[0], principal=GHOST)
    held = replace(intended.snapshot, grants=(*intended.snapshot.grants, grant))
    (found,) = access_verify.compare(shipped, intended, held).found
    assert str(found).startswith("unmanaged grant: ")
    assert GHOST in str(found)
    assert str(found).endswith("; that is a role that was deleted"), str(found)


def test_the_order_of_a_filters_columns_is_no_difference(shipped: Project, intended: Program) -> None:
    def with_filter(*columns: str) -> Any:
        cells = DataCellsFilter("credit-card", "credit_card", "f", included=columns)
        catalogs = [
            replace(each, filters=(cells,)) if each.account == ACCOUNT else each
            for each in intended.snapshot.catalogs
        ]
        return replace(intended.snapshot, catalogs=tuple(catalogs))

    program = replace(intended, snapshot=with_filter("age", "amount"))
    assert not access_verify.compare(shipped, program, with_filter("amount", "age")).any
    assert access_verify.compare(shipped, program, with_filter("amount")).any
