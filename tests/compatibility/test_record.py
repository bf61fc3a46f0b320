"""The text in which a stack keeps a contract: what is compared comes back from it, and damage is noticed."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from contract_strategies import contracts
from contract_versions import LEVELS, column, contract
from hypothesis import given
from hypothesis import strategies as st

from governance.compatibility import compare
from governance.contracts import Column, Contract, Rule, Table, load_contract
from governance.contracts.record import EXPORT, FORM, changed_since, read_record, read_records, write_record
from governance.errors import MeshError

FORGOTTEN = {
    Contract: {"domain", "owner", "description", "tags", "custom", "doubts", "file"},
    Table: {"description", "notes", "custom"},
    Column: {"logical_type", "description", "unique", "tags", "rules"},
    Rule: set(),
}
"""What nobody's query depends on, and what is kept elsewhere: columns' rules among the table's."""


def rich() -> Contract:
    """A contract with something to say in every field."""

    def edit(data: dict[str, Any]) -> None:
        table, amount = data["schema"][0], column(data, "amount")
        table["id"], amount["id"] = "orders-table", "orders-amount"
        amount["customProperties"] = [{"property": "source", "value": "betrag"}]
        due = {"name": "due", "logicalType": "date", "logicalTypeOptions": {"format": "dd.MM.yyyy"}}
        table["properties"].append(due)
        table["customProperties"] = [
            {"property": "delimiter", "value": ";"},
            {"property": "encoding", "value": "latin-1"},
        ]
        table["quality"] = [
            {"type": "library", "metric": "rowCount", "mustBeBetween": [1, 5000], "severity": "warning"},
            {"type": "library", "metric": "duplicateValues", "arguments": {"properties": ["id", "amount"]},
             "mustBeLessThan": 5, "unit": "percent"},
        ]  # fmt: skip

    return contract(edit)


@given(contracts(), contracts())
def test_what_is_compared_comes_back(old: Contract, new: Contract) -> None:
    kept = read_record(write_record(old), "here")
    assert compare(kept, new, LEVELS) == compare(old, new, LEVELS), "word for word the same changes"
    assert compare(new, kept, LEVELS) == compare(new, old, LEVELS), "and back"
    assert write_record(kept) == write_record(old), "what was kept is kept the same"


@pytest.mark.parametrize("part", FORGOTTEN)
def test_every_field_is_kept_or_named_as_forgotten(part: Any) -> None:
    before = rich()
    after = read_record(write_record(before), "here")
    pairs = {
        Contract: [(before, after)],
        Table: list(zip(before.tables, after.tables, strict=True)),
        Column: list(zip(before.tables[0].columns, after.tables[0].columns, strict=True)),
        Rule: list(zip(before.tables[0].all_rules, after.tables[0].all_rules, strict=True)),
    }[part]
    assert pairs, "there are some"
    compared = [item.name for item in fields(part) if item.name not in FORGOTTEN[part]]
    if part is Contract:
        compared.remove("tables")
    if part is Table:
        compared.remove("columns")
        compared[compared.index("rules")] = "all_rules"
    for name in compared:
        values = [(getattr(one, name), getattr(other, name)) for one, other in pairs]
        assert all(one == other for one, other in values), f"{part.__name__}.{name}: {values}"
        default = next((item.default for item in fields(part) if item.name == name), None)
        assert any(one != default for one, _ in values), f"{part.__name__}.{name}: the example says nothing"


def test_the_shipped_contract_takes_little_room(root: Path) -> None:
    text = write_record(load_contract(root / "contracts/credit-card.odcs.yaml"))
    assert len(text) < 4000, "22 columns with their codes and rules"
    assert re.fullmatch(r"[!-~]+", text), "one line that the CLI may cut short"


@given(contracts(), st.data())
def test_a_damaged_text_is_never_read_as_another_contract(made: Contract, data: st.DataObject) -> None:
    text = write_record(made)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("Az09+/=:! é"))
    broken = data.draw(st.sampled_from([text[:place], text[:place] + other + text[place + 1 :]]))
    try:
        said, found = "", read_record(broken, "output x")
    except MeshError as error:
        said, found = str(error), made
    assert said == "" or (said.startswith("output x: is ") and "\n" not in said), (
        "one line that names the place"
    )
    assert write_record(found) == text, "bits that base64 leaves unused may differ"


@pytest.mark.parametrize("body", [[], {}, "x", 5, None, {"id": "a", "product": "p", "version": "1", "status": "",
                                  "tables": [{"name": "t"}]}])  # fmt: skip
def test_a_text_of_another_making_is_refused(body: Any) -> None:
    text = f"{FORM}:{base64.b64encode(zlib.compress(json.dumps(body).encode())).decode()}"
    with pytest.raises(MeshError, match="is damaged; restore the output"):
        read_record(text, "output x")


def test_outputs_without_contracts_are_no_promise() -> None:
    assert read_records({}, "producer") == {}, "never deployed"
    assert read_records({EXPORT: {}}, "producer") == {}, "deployed without a product"


def test_only_what_changed_is_read() -> None:
    one, kept = contract(), {"orders": write_record(contract()), "gone": "of another making"}
    assert changed_since({EXPORT: kept}, "producer", [one]) == {}, (
        "the same again, and what is gone does not matter"
    )
    other = contract(lambda data: data.update(version="1.1.0"))
    found = changed_since({EXPORT: kept}, "producer", [other])
    assert {name: item.version for name, item in found.items()} == {"orders": "1.0.0"}, "what was deployed"
    assert changed_since({EXPORT: {}}, "producer", [other]) == {}, "a new product was never promised"
    with pytest.raises(MeshError, match="orders: is no record"):
        changed_since({EXPORT: {"orders": "of another making"}}, "producer", [one])


def test_a_record_under_another_products_name_is_refused() -> None:
    with pytest.raises(MeshError, match="stack producer: loans: is of product 'orders'"):
        read_records({EXPORT: {"loans": write_record(contract())}}, "producer")
