"""A share that narrows columns or rows, through the whole mesh: filters instead of tag grants, on both sides alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from local.engine import Recording
from policies.rules import violations

FILTER = "aws:lakeformation/dataCellsFilter:DataCellsFilter"
PERMISSIONS = "aws:lakeformation/permissions:Permissions"
REGRANT = "pulumi-python:dynamic/lakeformation:Regrant"


@pytest.fixture(scope="module")
def narrowed(make_project: Callable[[], Any]) -> dict[str, Recording]:
    """The shipped mesh with a share of some rows."""
    project = make_project()
    products = project.read("producer")["mesh:products"]
    products["credit-card"]["shares"][0]["rows"] = "foreign_worker IS NOT NULL"
    project.change("producer", products=products)
    subscriptions = project.read("consumer")["mesh:subscriptions"]
    subscriptions["credit-card"]["filteredTables"] = ["credit_card"]
    project.change("consumer", subscriptions=subscriptions)
    return project.record("central", "producer", "consumer")


def test_the_guard_rules_hold(narrowed: dict[str, Recording]) -> None:
    for recording in narrowed.values():
        assert violations(recording) == {}


def test_no_tag_grant_stands_beside_a_filter(narrowed: dict[str, Recording]) -> None:
    to_consumer = [
        item
        for item in narrowed["producer"].of_type(PERMISSIONS)
        if item.inputs["principal"] == "333344445555"
    ]
    assert to_consumer, "the product is shared"
    policies = [item for item in to_consumer if "lfTagPolicy" in item.inputs]
    assert [item.inputs["lfTagPolicy"]["resourceType"] for item in policies] == ["DATABASE"], (
        "to see the database"
    )
    cells = [item for item in to_consumer if "dataCellsFilter" in item.inputs]
    assert len(cells) == len(narrowed["producer"].of_type(FILTER)) >= 3, "a grant per filter"
    assert all(item.inputs["permissions"] == ["SELECT"] for item in cells)


def test_a_filter_opens_more_columns_the_higher_its_level_and_the_same_rows(
    narrowed: dict[str, Recording],
) -> None:
    filters = [item.inputs["tableData"] for item in narrowed["producer"].of_type(FILTER)]
    opened = sorted((set(item["columnNames"]) for item in filters), key=len)
    assert len(opened) >= 3
    assert all(lower < higher for lower, higher in pairwise(opened)), "each holds the one below"
    assert {json.dumps(item["rowFilter"]) for item in filters} == {
        json.dumps({"filterExpression": "foreign_worker IS NOT NULL"})
    }


def test_a_role_is_passed_on_a_filter_that_its_account_was_given(narrowed: dict[str, Recording]) -> None:
    given = {item.inputs["tableData"]["name"] for item in narrowed["producer"].of_type(FILTER)}
    passed = {}
    for item in narrowed["consumer"].of_type(REGRANT):
        resource = json.loads(item.inputs["resource"])
        if "DataCellsFilter" in resource:
            passed[item.inputs["principal"].rsplit("/")[-1]] = resource["DataCellsFilter"]["Name"]
        else:
            assert resource["LFTagPolicy"]["ResourceType"] == "DATABASE", "a tag grant would undo the filter"
    assert set(passed) == {"mesh-data-scientist", "mesh-pipeline", "mesh-auditor"}
    assert set(passed.values()) <= given
    assert passed["mesh-auditor"] != passed["mesh-pipeline"], "clearances differ"


@pytest.mark.parametrize(("until", "shared"), [("2020-01-31", False), ("2999-12-31", True)])
def test_a_share_that_has_ended_is_not_made(shipped_project: Any, until: str, shared: bool) -> None:
    products = shipped_project.read("producer")["mesh:products"]
    products["credit-card"]["shares"][0]["until"] = until
    shipped_project.change("producer", products=products)
    producer = shipped_project.record("central", "producer")["producer"]
    principals = {item.inputs["principal"] for item in producer.of_type(PERMISSIONS)}
    assert ("333344445555" in principals) is shared
    assert "222233334444" in principals, "the LoB keeps its own product"
