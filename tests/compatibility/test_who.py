"""Whom a change breaks, and the one line that refuses it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from contract_versions import LEVELS, column, contract, drop

from governance.compatibility import compare, major
from governance.compatibility.sunset import notices, sunset
from governance.compatibility.who import Model, Reader, breaking_for, broken
from governance.contracts.difference import SHOWN, difference
from governance.errors import MeshError

SCIENTIST = Reader(consumer="coe", role="scientist", clearance="internal")
AUDITOR = Reader(consumer="coe", role="auditor", clearance="restricted")
OTHER = Reader(consumer="partner", role="", clearance="confidential", columns=frozenset({"id", "note"}))
READERS = [SCIENTIST, AUDITOR, OTHER]


def model(package: str, *columns: str, **more: Any) -> Model:
    known = {"consumer": "coe", "product": "orders", "table": "orders", "contract_version": "1.0.0", **more}
    return Model(package=package, columns=frozenset(columns) or None, **known)


def losses(edit: Any, models: list[Model] | None = None) -> Any:
    changes = compare(contract(), contract(edit), LEVELS)
    return changes, breaking_for(changes, READERS, models or [], LEVELS)


def test_a_column_that_goes_is_missed_by_those_who_could_read_it() -> None:
    _, found = losses(lambda data: drop(data, "note"))
    assert [loss.roles for loss in found] == [("account partner", "coe/auditor")], (
        "the scientist never saw it"
    )


def test_a_share_of_some_columns_is_broken_by_those_only() -> None:
    _, found = losses(lambda data: drop(data, "amount"))
    assert found[0].roles == ("coe/auditor", "coe/scientist"), "the partner's share has no such column"


def test_a_raised_sensitivity_shuts_out_those_below_it() -> None:
    _, found = losses(lambda data: column(data, "amount").update(classification="confidential"))
    assert found[0].roles == ("coe/scientist",), "the auditor is still cleared"


def test_a_raise_that_shuts_nobody_out_breaks_nothing() -> None:
    changes, found = losses(lambda data: column(data, "note").update(classification="restricted"))
    assert broken(changes, found), "the partner is shut out"
    changes = compare(
        contract(lambda data: column(data, "amount").update(classification="confidential")),
        contract(lambda data: column(data, "amount").update(classification="restricted")),
        LEVELS,
    )
    found = breaking_for(changes, [AUDITOR], [], LEVELS)
    assert broken(changes, found) == (), "the only reader is cleared for both"
    assert broken(changes, None) == changes, "with readers unknown, it may break one"


def test_models_trained_on_a_column_are_named() -> None:
    models = [
        model("risk/1", "amount"), model("risk/2", "kind"), model("risk/3"), model("else/1", "amount", table="returns"),
    ]  # fmt: skip
    _, found = losses(lambda data: drop(data, "amount"), models)
    assert found[0].models == ("risk/1",), "risk/2 does not use the column, else/1 another table"
    assert found[0].unsure == ("risk/3",), "a package without columns may be trained on it"


def test_a_model_minds_a_raise_only_where_its_consumer_is_shut_out() -> None:
    def edit(data: dict[str, Any]) -> None:
        column(data, "amount").update(classification="confidential")

    models = [model("risk/1", "amount"), model("far/1", "amount", consumer="partner")]
    assert losses(edit, models)[1][0].models == ("risk/1",), (
        "the partner keeps reading, and never had the column"
    )


def test_a_refusal_is_one_line_per_break_that_names_what_and_whom() -> None:
    def edit(data: dict[str, Any]) -> None:
        drop(data, "amount")
        drop(data, "note")

    lines = difference(contract(), contract(edit), LEVELS, READERS, [model("risk/1", "amount")]).refusal
    assert lines == (
        "orders.odcs.yaml: version: 1.0.0 -> 1.0.0 breaks readers: orders.amount the column is gone "
        "(breaks coe/auditor, coe/scientist; model risk/1); raise it to 2.0.0 or take the change back",
        "orders.odcs.yaml: version: 1.0.0 -> 1.0.0 breaks readers: orders.note the column is gone "
        "(breaks account partner, coe/auditor); raise it to 2.0.0 or take the change back",
    )


@pytest.mark.parametrize(
    ("version", "passes"), [("1.0.0", False), ("1.9.0", False), ("2.0.0", True), ("v3", True)]
)
def test_only_a_new_major_version_may_break(version: str, passes: bool) -> None:
    def edit(data: dict[str, Any]) -> None:
        drop(data, "amount")
        data["version"] = version

    found = difference(contract(), contract(edit), LEVELS, [])
    assert found.refused is not passes, "a break without readers breaks whoever comes to read"
    assert bool(found.refusal) is not passes, "with a line, or none"


def test_many_breaks_are_counted_and_not_all_named() -> None:
    def wide(data: dict[str, Any]) -> None:
        data["schema"][0]["properties"] += [{"name": f"c{n}", "logicalType": "string"} for n in range(30)]

    lines = difference(contract(wide), contract(), LEVELS, READERS).refusal
    assert len(lines) == SHOWN + 1, "thirty columns are gone"
    assert "breaks readers in 10 more ways" in lines[-1], lines[-1]


def test_a_version_without_a_number_is_refused_when_it_matters() -> None:
    with pytest.raises(MeshError, match="starts with no number"):
        major("latest", "x.yaml: version")


def test_a_deprecated_contract_lists_its_readers_and_last_day() -> None:
    def edit(data: dict[str, Any]) -> None:
        data.update(status="deprecated", customProperties=[{"property": "sunset", "value": "2027-03-31"}])

    lines = notices(contract(edit), READERS, dt.date(2027, 3, 1))
    assert lines == [
        "orders 1.0.0 is deprecated until 2027-03-31 (30 days); read by account partner, coe/auditor, coe/scientist"
    ], "until when, and by whom"
    assert "its last day was" in notices(contract(edit), READERS, dt.date(2027, 4, 1))[0], "the day is over"
    assert notices(contract(), READERS, dt.date(2027, 3, 1)) == [], "an active contract needs no notice"
    bare = contract(lambda data: data.update(status="deprecated"))
    assert "add the custom property sunset" in notices(bare, [], dt.date(2027, 3, 1))[0], (
        "nobody knows until when"
    )


@pytest.mark.parametrize(
    ("status", "value", "said"),
    [("deprecated", "soon", "'soon' is no date"), ("active", "2027-03-31", "the status is active")],
)
def test_a_sunset_that_means_nothing_is_refused(status: str, value: str, said: str) -> None:
    wrong = contract(
        lambda data: data.update(status=status, customProperties=[{"property": "sunset", "value": value}])
    )
    with pytest.raises(MeshError, match=said):
        sunset(wrong)


def test_of_many_models_the_approved_and_the_newest_are_named_and_the_rest_counted() -> None:
    many = [model(f"risk/{number}", "amount", status="PendingManualApproval") for number in range(1, 13)]
    many[3] = model("risk/4", "amount", status="Approved")
    (loss, *_) = losses(lambda data: drop(data, "amount"), many)[1]
    assert loss.models == tuple(f"risk/{number}" for number in range(1, 13)), "all are known, in order"
    pending = "; ".join(f"model risk/{number} of coe (PendingManualApproval)" for number in (12, 11, 10, 9))
    assert loss.who == (
        f"coe/auditor, coe/scientist; model risk/4 of coe (Approved); {pending}; and 7 more models"
    )
