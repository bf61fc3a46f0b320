"""What the gate reads of an evaluation: the distance to the champion, and columns short enough for metadata."""

from __future__ import annotations

import pytest

from training.evaluation.gate import LONGEST, NOTHING, SLOTS, gate_values, in_slots


def report(auc: float) -> dict[str, object]:
    return {"metrics": {"auc": {"value": auc}}}


@pytest.mark.parametrize(("auc", "champion", "worse"), [(0.75, 0.8, 0.05), (0.8, 0.75, 0.0), (0.7, 0.0, 0.0)])
def test_worse_is_counted_and_better_is_not(auc: float, champion: float, worse: float) -> None:
    found = gate_values(report(auc), ["key", "target"], champion)
    assert found["champion"]["auc"] == champion
    assert found["champion"]["worse_by"] == pytest.approx(worse)


def test_columns_fill_slots_and_the_rest_says_nothing() -> None:
    found = gate_values(report(0.7), ["id", "target", "age"], 0)["columns"]
    assert found == {"0": "id target age", "1": NOTHING, "2": NOTHING, "3": NOTHING}


def test_many_columns_spread_over_slots_whole() -> None:
    columns = [f"column_number_{index:03d}" for index in range(50)]
    slots = in_slots(columns)
    assert len(slots) == SLOTS
    assert all(len(slot) <= LONGEST for slot in slots)
    assert [name for slot in slots for name in slot.split() if name != NOTHING] == columns


@pytest.mark.parametrize("columns", [
    [f"column_number_{index:03d}" for index in range(80)], ["id", "two words"], ["x" * (LONGEST + 1)], ["id", ""],
])  # fmt: skip
def test_half_a_list_is_never_given(columns: list[str]) -> None:
    assert in_slots(columns) == [NOTHING] * SLOTS
