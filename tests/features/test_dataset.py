"""Training sets know no future: the SQL against a naive reference in pandas, on generated histories."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "local_cloud_athena"))

import engine_case

from governance.errors import MeshError
from training.feature_store import Group, as_of, features_of, instant, iso, latest, pick

GROUP = Group(
    name="claims", group="mesh-claims", product="p", table="t", database="db", offline_table="t", record_id="id",
    event_time="at", ingestion_time=False, online=False, role="pipeline",
    columns={"id": "bigint", "at": "timestamp", "amount": "decimal(10,2)", "small": "smallint", "open": "boolean",
             "day": "date", "word": "varchar(9)"},
)  # fmt: skip
START = dt.datetime(2026, 1, 1)
SCHEMA = pa.schema(
    [("id", pa.int64()), ("at", pa.string()), ("amount", pa.float64()), ("small", pa.int64()), ("open", pa.int64()),
     ("day", pa.string()), ("word", pa.string()), ("write_time", pa.timestamp("ms")),
     ("api_invocation_time", pa.timestamp("ms")), ("is_deleted", pa.bool_())]
)  # fmt: skip


def moment(half_seconds: int) -> dt.datetime:
    return START + dt.timedelta(milliseconds=500 * half_seconds)


def stored_time(half_seconds: int) -> str:
    """Whole seconds are written without milliseconds, as the service allows: text order would be wrong."""
    text = iso(moment(half_seconds))
    return text.replace(".000Z", "Z")


@st.composite
def histories(draw: Any) -> list[dict[str, Any]]:
    """Records in the order they arrived: corrections, late ones, deletions and plain duplicates."""
    found = []
    for arrival in range(draw(st.integers(0, 14))):
        deleted = draw(st.booleans()) and draw(st.booleans())
        at = draw(st.integers(0, 8))
        row = {"id": draw(st.integers(1, 3)), "at": at, "arrival": arrival, "is_deleted": deleted, "amount": None,
               "small": None, "open": None, "day": None, "word": None}  # fmt: skip
        if not deleted:
            row |= {"amount": float(arrival), "small": draw(st.none() | st.integers(-3, 3)), "open": arrival % 2,
                    "day": "2026-02-03", "word": f"w{arrival}"}  # fmt: skip
        found.append(row)
    return found


def offline(rows: list[dict[str, Any]]) -> pa.Table:
    """The records as Feature Store writes them; those of one call share the time of invocation."""
    stored = [
        {
            **{key: value for key, value in row.items() if key != "arrival"},
            "at": stored_time(row["at"]),
            "write_time": START + dt.timedelta(days=1, seconds=row["arrival"]),
            "api_invocation_time": START + dt.timedelta(days=1, seconds=row["arrival"] // 3),
        }
        for row in rows
    ]
    return pa.Table.from_pylist(stored, schema=SCHEMA)


def newest(rows: list[dict[str, Any]], identifier: int, at: int, by: int) -> dict[str, Any] | None:
    """The naive reference: of an identifier's records, known by then, the last by event time, then by arrival."""
    frame = pd.DataFrame(rows, columns=["id", "at", "arrival", "is_deleted", "word"])
    frame = frame[(frame["id"] == identifier) & (frame["at"] <= at) & (frame["arrival"] <= by)]
    if frame.empty:
        return None
    last = frame.sort_values(["at", "arrival"]).iloc[-1]
    return None if last["is_deleted"] else dict(last)


EVER = 10_000


@settings(max_examples=60, deadline=None)
@given(rows=histories(), at=st.integers(-1, 9), by=st.integers(-1, 15))
def test_a_point_in_time_is_what_was_known_then(rows: list[dict[str, Any]], at: int, by: int) -> None:
    written_by = iso(START + dt.timedelta(days=1, seconds=by))
    made = latest(GROUP, at=iso(moment(at)), written_by=written_by, columns=["id", "word"])
    answer = {row["id"]: row["word"] for row in engine_case.run(made.query, offline(rows)).to_pylist()}
    expected = {one: found["word"] for one in (1, 2, 3) if (found := newest(rows, one, at, by))}
    assert answer == expected


@settings(max_examples=40, deadline=None)
@given(rows=histories())
def test_without_a_time_it_is_the_newest_of_all(rows: list[dict[str, Any]]) -> None:
    answer = engine_case.run(latest(GROUP, columns=["id", "word"]).query, offline(rows)).to_pylist()
    expected = {one: found["word"] for one in (1, 2, 3) if (found := newest(rows, one, EVER, EVER))}
    assert {row["id"]: row["word"] for row in answer} == expected
    assert len(answer) == len(expected), "one row per identifier"


@settings(max_examples=60, deadline=None)
@given(
    rows=histories(),
    labels=st.lists(
        st.tuples(st.integers(1, 4), st.integers(0, 9), st.integers(0, 1)), min_size=1, max_size=6
    ),
)
def test_each_label_gets_what_was_known_at_its_own_time(
    rows: list[dict[str, Any]], labels: list[tuple[int, int, int]]
) -> None:
    spine = " UNION ALL ".join(
        f"SELECT CAST({one} AS bigint) AS id, TIMESTAMP '{moment(at)}' AS decided, {label} AS label"
        for one, at, label in labels
    )
    made = as_of(GROUP, spine, "decided", ("id", "decided", "label"), columns=["word", "id"])
    answer = engine_case.run(made.query, offline(rows)).to_pylist()
    expected = [
        (one, moment(at), label, found["word"])
        for one, at, label in labels
        if (found := newest(rows, one, at, EVER))
    ]
    got = [(row["id"], row["decided"].replace(tzinfo=None), row["label"], row["word"]) for row in answer]
    assert sorted(got) == sorted(expected), "also where two labels are alike"


def test_columns_come_back_in_the_types_of_the_product() -> None:
    row = {"id": 1, "at": 1, "arrival": 0, "is_deleted": False, "amount": 12.5, "small": 3, "open": 1,
           "day": "2026-02-03", "word": "w"}  # fmt: skip
    (answer,) = engine_case.run(latest(GROUP).query, offline([row])).to_pylist()
    assert str(answer["amount"]) == "12.50", "two decimals again"
    assert answer["open"] is True
    assert answer["day"] == dt.date(2026, 2, 3)
    assert answer["at"].replace(tzinfo=None) == moment(1)
    assert answer["small"] == 3


def test_a_training_set_names_its_table_in_full_and_its_database() -> None:
    made = latest(GROUP, columns=["word"])
    assert '"db"."t"' in made.query, "so it runs from any database"
    assert made.database == "db"
    assert ";" not in made.query


def test_an_event_time_that_ingestion_made_is_no_feature() -> None:
    made_up = Group(**{**GROUP.__dict__, "ingestion_time": True})
    assert "at" not in features_of(made_up)
    assert "at" in features_of(GROUP), "one of the product's own is"


@pytest.mark.parametrize(
    ("text", "meant"),
    [("2026-03-31", "2026-03-31T00:00:00.000Z"), ("2026-03-31T12:00:00Z", "2026-03-31T12:00:00.000Z"),
     ("2026-03-31T12:00:00.5+02:00", "2026-03-31T10:00:00.500Z")],
)  # fmt: skip
def test_times_may_be_written_as_people_do(text: str, meant: str) -> None:
    assert instant(text, "--at") == meant


def test_what_cannot_be_asked_is_one_line() -> None:
    with pytest.raises(MeshError, match="--at: 'soon' is no time"):
        instant("soon", "--at")
    with pytest.raises(MeshError, match=r"--at: '0001-01-01T00:00:00.14:00' is no time"):
        instant("0001-01-01T00:00:00+14:00", "--at")
    for wrong in ("x", None, {"columns": ["a"]}, {"columns": {"a": 1}}):
        with pytest.raises(MeshError, match=r"featureGroups.claims: .*bring the consumer's stack up again"):
            pick({"claims": wrong}, "claims")  # type: ignore[dict-item]
    with pytest.raises(MeshError, match="did you mean 'word'"):
        latest(GROUP, columns=["words"])
    with pytest.raises(MeshError, match="gives no column 'id'"):
        as_of(GROUP, "SELECT 1 AS a", "a", ("a",))
    with pytest.raises(MeshError, match="nothing is left to look up"):
        as_of(GROUP, "SELECT 1", "at", tuple(GROUP.columns))
    with pytest.raises(MeshError, match="no feature group; add mesh:features"):
        pick({}, None)
    with pytest.raises(MeshError, match="name one of a, b"):
        pick({"a": {}, "b": {}}, None)
    with pytest.raises(MeshError, match="did you mean 'claims'"):
        pick({"claims": {}}, "claim")
    with pytest.raises(MeshError, match="bring the consumer's stack up again"):
        pick({"claims": {}}, "claims")
