"""Every kind of change, there and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from contract_versions import LEVELS, both_ways, column, contract, drop

from governance.compatibility import compare
from governance.errors import MeshError

Edit = Callable[[dict[str, Any]], Any]


def _rename(data: dict[str, Any]) -> None:
    column(data, "note").update(name="remark", customProperties=[{"property": "source", "value": "note"}])


def _no_key(data: dict[str, Any]) -> None:
    column(data, "id").update(primaryKey=False, required=True)


CASES: dict[str, tuple[Edit, tuple[str, str, bool], tuple[str, str, bool]]] = {
    "a column goes, or comes": (
        lambda data: drop(data, "note"),
        ("column-removed", "orders.note", True), ("column-added", "orders.note", False),
    ),
    "a table goes, or comes": (
        lambda data: data["schema"].pop(),
        ("table-removed", "returns", True), ("table-added", "returns", False),
    ),
    "a name changes and the source stays": (
        _rename, ("column-renamed", "orders.note", True), ("column-renamed", "orders.remark", True),
    ),
    "the physical name alone changes": (
        lambda data: column(data, "note").update(physicalName="remark"),
        ("column-renamed", "orders.note", True), ("column-renamed", "orders.remark", True),
    ),
    "a whole number widens, or narrows": (
        lambda data: column(data, "amount").update(physicalType="bigint"),
        ("retyped", "orders.amount", False), ("retyped", "orders.amount", True),
    ),
    "a text gets longer, or shorter": (
        lambda data: column(data, "note").update(physicalType="varchar(20)"),
        ("retyped", "orders.note", False), ("retyped", "orders.note", True),
    ),
    "a length is lifted, or set": (
        lambda data: column(data, "note").update(physicalType="string"),
        ("retyped", "orders.note", False), ("retyped", "orders.note", True),
    ),
    "a text becomes a date, or a date text": (
        lambda data: column(data, "note").update(logicalType="date", physicalType="date"),
        ("retyped", "orders.note", True), ("retyped", "orders.note", True),
    ),
    "a field goes, or comes": (
        lambda data: column(data, "address")["properties"].pop(),
        ("field-removed", "orders.address", True), ("field-added", "orders.address", False),
    ),
    "a field widens, or narrows": (
        lambda data: column(data, "address")["properties"][1].update(physicalType="bigint"),
        ("retyped", "orders.address", False), ("retyped", "orders.address", True),
    ),
    "a sensitivity rises, or falls": (
        lambda data: column(data, "amount").update(classification="restricted"),
        ("raised", "orders.amount", True), ("lowered", "orders.amount", False),
    ),
    "a column may be null, or may not": (
        lambda data: column(data, "amount").update(required=False),
        ("nullable", "orders.amount", True), ("required", "orders.amount", False),
    ),
    "a limit loosens, or tightens": (
        lambda data: column(data, "amount")["logicalTypeOptions"].update(maximum=200),
        ("rule-weakened", "orders.amount", True), ("rule-tightened", "orders.amount", False),
    ),
    "a rule goes, or comes": (
        lambda data: column(data, "amount")["logicalTypeOptions"].pop("minimum"),
        ("rule-weakened", "orders.amount", True), ("rule-added", "orders.amount", False),
    ),
    "a decoded value comes, or goes": (
        lambda data: column(data, "kind")["customProperties"][0]["value"].update(C="huge"),
        ("values-added", "orders.kind", True), ("values-removed", "orders.kind", False),
    ),
    "decoding ends, or begins": (
        lambda data: column(data, "kind").pop("customProperties"),
        ("values-added", "orders.kind", True), ("values-added", "orders.kind", True),
    ),
    "a code is delivered otherwise": (
        lambda data: column(data, "kind")["customProperties"][0].update(value={"X": "small", "B": "large"}),
        ("delivery", "orders.kind", False), ("delivery", "orders.kind", False),
    ),
    "the key goes, or comes": (_no_key, ("key", "orders", True), ("key", "orders", False)),
    "files are delivered otherwise": (
        lambda data: data["schema"][0].update(customProperties=[{"property": "delimiter", "value": ";"}]),
        ("delivery", "orders", False), ("delivery", "orders", False),
    ),
    "the status changes": (
        lambda data: data.update(status="deprecated"),
        ("status", "contract", False), ("status", "contract", False),
    ),
    "the id changes": (
        lambda data: data.update(id="orders-2"), ("identity", "contract", False), ("identity", "contract", False),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_change_is_found_and_judged_in_both_directions(case: str) -> None:
    edit, there, back = CASES[case]
    forward, backward = both_ways(edit)
    assert [(c.kind, c.place, c.breaking) for c in forward] == [there], f"{case}, there: {forward}"
    assert [(c.kind, c.place, c.breaking) for c in backward] == [back], f"{case}, back: {backward}"


def test_words_alone_change_nothing() -> None:
    def reword(data: dict[str, Any]) -> None:
        data["description"] = {"purpose": "Orders."}
        data["tags"] = ["new"]
        column(data, "note")["description"] = "What the customer says."
        data["schema"][0]["properties"].reverse()

    assert both_ways(reword) == ((), ()), "nobody's query depends on descriptions, tags or order"


def test_a_column_that_takes_over_a_name_is_no_rename() -> None:
    def swap(data: dict[str, Any]) -> None:
        column(data, "note")["customProperties"] = [{"property": "source", "value": "kind"}]

    kinds = {change.kind for change in both_ways(swap)[0]}
    assert kinds == {"delivery"}, "both names are still there, so only the delivery changed"


def test_two_columns_of_one_source_are_not_guessed_to_be_a_rename() -> None:
    def split(data: dict[str, Any]) -> None:
        drop(data, "note")
        for name in ("remark", "comment"):
            data["schema"][0]["properties"].append(
                {
                    "name": name, "logicalType": "string", "classification": "confidential",
                    "customProperties": [{"property": "source", "value": "note"}],
                }
            )  # fmt: skip

    kinds = sorted(change.kind for change in both_ways(split)[0])
    assert kinds == ["column-added", "column-added", "column-removed"], (
        "which of the two it became is unknown"
    )


def test_the_place_within_a_nested_type_is_named() -> None:
    changes = both_ways(lambda data: column(data, "address")["properties"].pop())[0]
    assert ".floor" in changes[0].sentence, "the reader must know which field is gone"


def test_a_key_that_grows_breaks_whoever_joins_on_it() -> None:
    def grow(data: dict[str, Any]) -> None:
        column(data, "amount").update(primaryKey=True, primaryKeyPosition=2)
        column(data, "id").update(primaryKeyPosition=1)

    keys = [change for change in both_ways(grow)[0] if change.kind == "key"]
    assert [change.breaking for change in keys] == [True], "id alone is no longer unique"


def test_contracts_of_two_products_cannot_be_compared() -> None:
    other = contract(lambda data: data.update(dataProduct="refunds"))
    with pytest.raises(MeshError, match="is of product 'refunds', not 'orders'"):
        compare(contract(), other, LEVELS)
