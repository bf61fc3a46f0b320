"""Renames by the standard's ids: the same element under another name, whatever else changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from contract_versions import LEVELS, column, contract, drop
from hypothesis import given
from hypothesis import strategies as st

from governance.compatibility import Change, compare
from governance.contracts.record import read_record, write_record
from governance.errors import MeshError

Edit = Callable[[dict[str, Any]], None]


def with_ids(data: dict[str, Any]) -> None:
    """Give every table and column an id."""
    for table in data["schema"]:
        table["id"] = f"t-{table['name']}"
        for item in table["properties"]:
            item["id"] = f"c-{item['name']}"


def changes(edit: Edit, before: Edit = with_ids) -> list[tuple[str, str, bool]]:
    """What an edit of the contract with ids changes."""

    def both(data: dict[str, Any]) -> None:
        before(data)
        edit(data)

    found = compare(contract(before), contract(both), LEVELS)
    return [(change.kind, change.place, change.breaking) for change in found]


def test_the_same_id_under_another_name_is_a_rename_also_from_another_source() -> None:
    def rename(data: dict[str, Any]) -> None:
        column(data, "note").update(name="remark")

    assert changes(rename) == [("column-renamed", "orders.note", True), ("delivery", "orders.note", False)]
    without = changes(rename, before=lambda data: None)
    assert [kind for kind, _, _ in without] == ["column-removed", "column-added"], (
        "without ids it cannot be told"
    )


def test_a_rename_keeps_its_rules_and_says_how_it_was_known() -> None:
    def rename(data: dict[str, Any]) -> None:
        column(data, "amount").update(
            name="total", customProperties=[{"property": "source", "value": "amount"}]
        )

    def both(data: dict[str, Any]) -> None:
        with_ids(data)
        rename(data)

    found = compare(contract(with_ids), contract(both), LEVELS)
    assert [change.kind for change in found] == ["column-renamed"], "minimum and maximum moved with it"
    assert found[0].sentence == "the column is now called total (both have the id 'c-amount')"
    assert (found[0].before, found[0].after) == ("amount", "total")


def test_two_columns_that_swap_names_are_two_renames() -> None:
    def swap(data: dict[str, Any]) -> None:
        first, second = column(data, "note"), column(data, "kind")
        first["id"], second["id"] = second["id"], first["id"]

    found = changes(swap)
    assert ("column-renamed", "orders.note", True) in found
    assert ("column-renamed", "orders.kind", True) in found
    assert not [kind for kind, _, _ in found if kind in ("column-added", "column-removed")], (
        "both are still there"
    )


def test_a_name_taken_over_by_another_column_is_a_rename_and_a_loss() -> None:
    def take_over(data: dict[str, Any]) -> None:
        drop(data, "kind")
        column(data, "note")["name"] = "kind"

    found = changes(take_over)
    assert ("column-renamed", "orders.note", True) in found
    assert ("column-removed", "orders.kind", True) in found, "what was called kind is gone"


def test_a_new_column_under_a_name_that_moved_away_is_new() -> None:
    def refill(data: dict[str, Any]) -> None:
        column(data, "note")["name"] = "remark"
        fresh = {"id": "c-fresh", "name": "note", "logicalType": "string", "classification": "internal"}
        data["schema"][0]["properties"].append(fresh)

    found = changes(refill)
    assert ("column-renamed", "orders.note", True) in found
    assert ("column-added", "orders.note", False) in found


def test_another_id_is_no_rename_although_the_source_is_the_same() -> None:
    def replace(data: dict[str, Any]) -> None:
        drop(data, "note")
        source = [{"property": "source", "value": "note"}]
        fresh = {"id": "c-other", "name": "remark", "logicalType": "string", "customProperties": source}
        data["schema"][0]["properties"].append(fresh)

    kinds = [kind for kind, _, _ in changes(replace)]
    assert kinds == ["column-removed", "column-added"], "ids decide where both sides have one"


def test_ids_that_were_given_anew_change_nothing_while_names_stay() -> None:
    def anew(data: dict[str, Any]) -> None:
        for table in data["schema"]:
            table["id"] += "-2"
            for item in table["properties"]:
                item["id"] += "-2"

    assert changes(anew) == [], "queries ask for names"


def test_a_renamed_table_is_compared_under_its_new_name() -> None:
    def rename(data: dict[str, Any]) -> None:
        data["schema"][0]["name"] = "purchases"
        column(data, "amount")["physicalType"] = "bigint"

    found = changes(rename)
    assert ("table-renamed", "orders", True) in found, "its readers must write another name"
    assert [kind for kind, place, _ in found if place == "orders.amount"] == ["retyped"]
    assert not [kind for kind, _, _ in found if kind in ("table-removed", "table-added")]


def test_what_was_deployed_still_knows_its_ids() -> None:
    def rename(data: dict[str, Any]) -> None:
        with_ids(data)
        column(data, "note").update(name="remark")
        data["schema"][1]["name"] = "refunds"

    old = read_record(write_record(contract(with_ids)), "stack producer")
    kinds = {change.kind for change in compare(old, contract(rename), LEVELS)}
    assert {"column-renamed", "table-renamed"} <= kinds


@pytest.mark.parametrize(
    "edit, where",
    [
        (lambda data: column(data, "note").update(id="c-kind"), "schema[0].properties[3].id: 'c-kind'"),
        (lambda data: data["schema"][1].update(id="t-orders"), "schema[1].id: 't-orders'"),
    ],
)
def test_an_id_given_twice_is_refused(edit: Edit, where: str) -> None:
    def both(data: dict[str, Any]) -> None:
        with_ids(data)
        edit(data)

    with pytest.raises(MeshError) as refused:
        contract(both)
    assert where in str(refused.value)
    assert "an id is given once" in str(refused.value)


NAMES = ["id", "amount", "note", "kind", "address"]


@given(st.permutations(NAMES), st.sets(st.sampled_from(NAMES), max_size=3))
def test_with_ids_every_permutation_of_names_is_renames_and_nothing_is_lost(
    names: list[str], fresh: set[str]
) -> None:
    new = dict(zip(NAMES, (f"new_{name}" if name in fresh else name for name in names), strict=True))

    def shuffle(data: dict[str, Any]) -> None:
        with_ids(data)
        for item in data["schema"][0]["properties"]:
            item["customProperties"] = [{"property": "source", "value": item["name"]}]
            item["name"] = new[item["name"]]

    found: tuple[Change, ...] = compare(contract(with_ids), contract(shuffle), LEVELS)
    renamed = {change.column: change.after for change in found if change.kind == "column-renamed"}
    assert renamed == {old: name for old, name in new.items() if old != name}
    assert not [change for change in found if change.kind in ("column-added", "column-removed")]
