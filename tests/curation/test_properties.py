"""What curation keeps to, whatever is delivered."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.curation_checks import check_rows
from functions.curation_values import arrow_schema
from tests.curation.specs import batch, coded, csv_text, curate, prop, rows_of, table

SPEC = table(
    prop("key", primaryKey=True, logicalTypeOptions={"pattern": "^[a-d]{1,2}$"}),
    prop(
        "number",
        "integer",
        physicalType="smallint",
        logicalTypeOptions={"minimum": -5, "exclusiveMaximum": 300},
    ),
    prop("amount", physicalType="decimal(4,1)", logicalTypeOptions={"multipleOf": 0.5}),
    prop("day", "date", required=True, logicalTypeOptions={"minimum": "2000-01-01"}),
    prop("flag", "boolean", customProperties=coded({"J": True, "N": False})),
    prop("word", quality=[{"metric": "missingValues", "mustBe": 0, "arguments": {"missingValues": ["?"]}}]),
)
HEADER = [column["source"] for column in SPEC["columns"]]


def _cells() -> st.SearchStrategy[list[str]]:
    """A row of text that is often good and sometimes anything."""
    anything = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=5)
    good = [
        st.text("abcd", min_size=1, max_size=2),
        st.integers(-6, 301).map(str),
        st.decimals(-999, 999, places=1).map(str),
        st.dates().map(str),
        st.sampled_from("JN"),
        st.sampled_from(["word", "?", "ä"]),
    ]
    return st.tuples(*(st.one_of(one, one, one, st.just(""), anything) for one in good)).map(list)


ROWS = st.lists(_cells(), max_size=12)


def _curated(rows: list[list[str]], folder: Path):
    return curate(SPEC, csv_text(HEADER, *rows), folder)


def _ours(text: str | None) -> str | None:
    return text or None


@settings(max_examples=80, deadline=None)
@given(ROWS)
def test_no_row_is_lost_and_none_is_in_both_places(rows):
    with tempfile.TemporaryDirectory() as name:
        outcome = _curated(rows, Path(name))
        good, bad = rows_of(outcome.good), rows_of(outcome.bad)
    assert (outcome.curated, outcome.quarantined) == (len(good), len(bad))
    assert outcome.read == outcome.curated + outcome.quarantined == len(rows)
    kept = Counter(row["key"] for row in good) + Counter(row["key"] for row in bad)
    assert kept == Counter(_ours(row[0]) for row in rows)


@settings(max_examples=80, deadline=None)
@given(ROWS)
def test_a_quarantined_row_is_the_delivered_one_and_says_why(rows):
    with tempfile.TemporaryDirectory() as name:
        bad = rows_of(_curated(rows, Path(name)).bad)
    for row in bad:
        delivered = rows[row["_row"] - 1]
        assert [row[column] for column in HEADER] == [_ours(cell) for cell in delivered]
        assert row["_rule"]


@settings(max_examples=80, deadline=None)
@given(ROWS)
def test_curated_rows_satisfy_every_rule(rows):
    with tempfile.TemporaryDirectory() as name:
        outcome = _curated(rows, Path(name))
        if outcome.good is None:
            return
        published = pq.read_table(outcome.good)
    assert published.schema.remove_metadata() == arrow_schema(SPEC)
    for row in published.to_pylist():
        assert row["key"]
        assert row["day"].year >= 2000
        assert row["word"] not in (None, "?")
        assert row["number"] is None or -5 <= row["number"] < 300
        assert row["amount"] is None or row["amount"] * 2 % 1 == 0
    keys = published.column("key").to_pylist()
    assert len(keys) == len(set(keys))


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_what_was_curated_is_fit_if_it_is_delivered_again(rows):
    plain = table(*(prop(name) for name in ("key", "word")))  # without codes, values are their own source
    with tempfile.TemporaryDirectory() as name:
        first = curate(plain, csv_text(["key", "word"], *([row[0], row[5]] for row in rows)), Path(name))
        again = [[row["key"] or "", row["word"] or ""] for row in rows_of(first.good)]
        second = curate(plain, csv_text(["key", "word"], *again), Path(name))
        assert (second.curated, second.quarantined) == (first.curated, 0)


@settings(max_examples=40, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(rows, random):
    shuffled = rows[:]
    random.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first, second = _curated(rows, Path(one)), _curated(shuffled, Path(other))
        assert first.rules == second.rules
        assert Counter(map(str, rows_of(first.good))) == Counter(map(str, rows_of(second.good)))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.one_of(st.none(), st.text(max_size=4), st.integers().map(str), st.floats().map(str)), max_size=40
    )
)
def test_a_chunk_is_judged_as_its_rows_are_one_by_one(values):
    spec = table(prop("x", "number", logicalTypeOptions={"minimum": 0}))
    whole = check_rows(spec, batch(x=pa.array(values, pa.string())))
    alone = [check_rows(spec, batch(x=pa.array([value], pa.string()))) for value in values]
    assert whole.bad.to_pylist() == [one.bad[0].as_py() for one in alone]
    found = whole.values.column("x").to_pylist()
    assert [v for v, bad in zip(found, whole.bad.to_pylist(), strict=True) if not bad] == [
        one.values.column("x")[0].as_py() for one in alone if not one.bad[0].as_py()
    ]
