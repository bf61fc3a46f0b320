"""One delivered file becomes a file to publish and one to quarantine, or is refused as a whole."""

from __future__ import annotations

import gzip
import io
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from functions import curation_read
from functions.curation_checks import Refused
from functions.curation_values import arrow_schema
from mesh.demo.faulty_batch import FAULTS, REPEATED, expected_quarantine, make_faulty_batch
from tests.curation.specs import CREDIT_DATA, credit_spec, csv_text, curate, prop, rows_of, table

SPEC = table(prop("id", "integer", primaryKey=True), prop("name", required=True), prop("paid", "date"))
GOOD = "id,name,paid\n1,ann,2024-01-31\n2,bob,\n"


def test_good_rows_are_written_in_exactly_the_contracts_schema(tmp_path):
    outcome = curate(SPEC, "paid,name,id\n2024-01-31,ann,1\n,bob,2\n", tmp_path)
    assert (outcome.read, outcome.curated, outcome.quarantined, outcome.bad) == (2, 2, 0, None)
    found = pq.read_schema(outcome.good)
    assert found.remove_metadata() == arrow_schema(SPEC), (
        "columns in the contract's order, not the delivery's"
    )
    assert outcome.filled == {"id": 2, "name": 2, "paid": 1}


def test_bad_rows_keep_their_original_values_number_and_rules(tmp_path):
    outcome = curate(SPEC, "id,name,paid\n1,ann,soon\nx,,2024-01-31\n3,carl,\n", tmp_path)
    assert [row["name"] for row in rows_of(outcome.good)] == ["carl"]
    assert rows_of(outcome.bad) == [
        {
            "id": "1",
            "name": "ann",
            "paid": "soon",
            "_row": 1,
            "_rule": "paid: must be of type date",
            "_raw": None,
        },
        {
            "id": "x",
            "name": None,
            "paid": "2024-01-31",
            "_row": 2,
            "_rule": "id: must be of type bigint; name: must not be null",
            "_raw": None,
        },
    ]
    assert outcome.rules == {
        "paid: must be of type date": 1,
        "id: must be of type bigint": 1,
        "name: must not be null": 1,
    }


def test_rows_of_another_width_are_set_aside_with_their_text_and_right_numbers(tmp_path):
    outcome = curate(SPEC, "id,name,paid\n1,ann,\n2,bob\n3,carl,,,\n4,,\n5,eve,\n", tmp_path)
    assert [row["id"] for row in rows_of(outcome.good)] == [1, 5]
    assert [(row["_row"], row["_rule"], row["_raw"]) for row in rows_of(outcome.bad)] == [
        (4, "name: must not be null", None),
        (2, "row: has 2 fields instead of 3", "2,bob"),
        (3, "row: has 5 fields instead of 3", "3,carl,,,"),
    ]
    assert (outcome.read, outcome.curated, outcome.quarantined) == (5, 2, 3)


def test_quoted_separators_and_line_breaks_are_values(tmp_path):
    outcome = curate(SPEC, 'id,name,paid\n1,"a,""b""\nc",\n2,bob\n3,,\n', tmp_path)
    assert rows_of(outcome.good)[0]["name"] == 'a,"b"\nc'
    assert [row["_row"] for row in rows_of(outcome.bad)] == [3, 2]


def test_uniqueness_holds_across_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(curation_read, "BLOCK_BYTES", 64)
    rows = [[number, "x", ""] for number in range(100)]
    rows[97][0] = 3
    outcome = curate(SPEC, csv_text(["id", "name", "paid"], *rows), tmp_path)
    assert [row["_row"] for row in rows_of(outcome.bad)] == [4, 98], (
        "both, since nobody knows which one is right"
    )
    assert outcome.curated == 98
    assert pq.ParquetFile(outcome.good).num_row_groups > 5, "there were many chunks"


def test_json_lines_are_read_with_nested_values_and_without_optional_keys(tmp_path):
    spec = table(prop("id", "integer"), prop("tags", "array"), prop("price", physicalType="decimal(20,15)"))
    lines = [
        '{"id": 1, "tags": ["a", 2], "price": 0.123456789012345}',
        "",
        "oops",
        '{"tags": null, "id": "2"}',
        "[1]",
    ]
    outcome = curate(spec, "\n".join(lines), tmp_path, "delivered.jsonl")
    good = rows_of(outcome.good)
    assert [(row["id"], row["tags"], str(row["price"])) for row in good] == [
        (1, ["a", "2"], "0.123456789012345"),
        (2, None, "None"),
    ]
    assert [(row["_row"], row["_rule"], row["_raw"]) for row in rows_of(outcome.bad)] == [
        (2, "row: is no JSON object", "oops"),
        (4, "row: is no JSON object", "[1]"),
    ]


def test_parquet_is_read_with_its_own_types(tmp_path):
    content = io.BytesIO()
    pq.write_table(
        pa.table({"name": ["ann", None], "id": pa.array([1, 2], pa.int16()), "paid": [None, None]}), content
    )
    outcome = curate(SPEC, content.getvalue(), tmp_path, "delivered.parquet")
    assert rows_of(outcome.good) == [{"id": 1, "name": "ann", "paid": None}]
    assert rows_of(outcome.bad)[0]["id"] == 2


@pytest.mark.parametrize("name", ["delivered.csv.gz", "delivered.jsonl.gz"])
def test_text_may_be_gzipped(tmp_path, name):
    content = (
        GOOD if "csv" in name else "\n".join(json.dumps({"id": n, "name": "x", "paid": None}) for n in (1, 2))
    )
    assert curate(SPEC, gzip.compress(content.encode()), tmp_path, name).curated == 2


def test_delimiter_and_encoding_are_the_contracts(tmp_path):
    spec = table(
        prop("a"),
        prop("b"),
        customProperties=[
            {"property": "delimiter", "value": "semicolon"},
            {"property": "encoding", "value": "latin-1"},
        ],
    )
    outcome = curate(spec, "a;b\ngrün;1,5\n".encode("latin-1"), tmp_path)
    assert rows_of(outcome.good) == [{"a": "grün", "b": "1,5"}]


ADVICE = "deliver the contract's columns, or agree on a new version of the contract"
REFUSED = {
    "a missing column": ("id,paid\n1,\n", "delivered.csv", f"missing columns: name; {ADVICE}"),
    "an extra column": ("id,name,paid,vip\n1,a,,x\n", "delivered.csv", f"unknown columns: vip; {ADVICE}"),
    "another case": (
        "ID,name,paid\n",
        "delivered.csv",
        f"missing columns: id; unknown columns: ID; {ADVICE}",
    ),
    "a column twice": ("id,name,paid,id\n", "delivered.csv", f"columns twice: id; {ADVICE}"),
    "another separator": (
        "id;name;paid\n1;a;\n",
        "delivered.csv",
        "is separated by ';', the contract says ','",
    ),
    "an empty file": (
        "",
        "delivered.csv",
        "cannot be read (Empty CSV file); deliver CSV separated by ',', in utf-8",
    ),
    "another encoding": (
        "id,name,paid\n1,grün,\n".encode("latin-1"),
        "delivered.csv",
        "cannot be read (In CSV column #1",
    ),
    "no gzip": ("id,name,paid\n", "delivered.csv.gz", "cannot be read ("),
    "half a gzip": (
        gzip.compress(b'{"id": 1, "name": "a"}\n' * 999)[:60],
        "delivered.json.gz",
        "cannot be read (",
    ),
    "no Parquet": (GOOD, "delivered.parquet", "cannot be read ("),
    "another kind": (
        GOOD,
        "delivered.xlsx",
        "'.xlsx' is no kind of file that can be read; deliver .csv, .jsonl or .parquet",
    ),
    "JSON without a required key": ('{"id": 1}\n', "delivered.json", f"missing columns: name; {ADVICE}"),
    "JSON with another key": (
        '{"id": 1, "name": "a", "vip": 2}\n',
        "delivered.json",
        f"unknown columns: vip; {ADVICE}",
    ),
}


@pytest.mark.parametrize(("content", "name", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_delivery_that_breaks_the_schema_is_refused_in_one_line(tmp_path, content, name, message):
    with pytest.raises(Refused, match=re.escape(message)) as caught:
        curate(SPEC, content, tmp_path, name)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "good.parquet").exists(), "nothing to publish came into being"


def test_json_with_a_new_key_after_the_first_rows_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(curation_read, "BLOCK_ROWS", 2)
    lines = ['{"id": 1, "name": "a"}'] * 2 + ['{"id": 2, "name": "a", "vip": 1}']
    with pytest.raises(Refused, match="unknown columns in row 3: vip"):
        curate(SPEC, "\n".join(lines), tmp_path, "delivered.json")


@pytest.mark.parametrize("name", ["delivered.csv", "delivered.json"])
def test_a_file_of_nothing_but_torn_rows_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setattr(curation_read, "MALFORMED_MAX", 3)
    first = "id,name,paid\n" if name.endswith("csv") else '{"id": 1, "name": "a"}\n'
    with pytest.raises(Refused, match="more than 3 rows cannot be split into columns"):
        curate(SPEC, first + "torn\n" * 9, tmp_path, name)


def test_rules_in_sql_see_only_what_would_be_published(tmp_path):
    rule = {"type": "sql", "query": "SELECT count(*) FROM ${object} WHERE name = 'bob'", "mustBe": 0}
    spec = table(prop("id", "integer"), prop("name"), quality=[rule])
    outcome = curate(spec, "id,name\nx,bob\n1,ann\n", tmp_path)
    assert outcome.curated == 1
    with pytest.raises(Refused, match=r"must be 0 \(found 1\)"):
        curate(spec, "id,name\n2,bob\n1,ann\n", tmp_path)


@pytest.mark.parametrize(
    "query", ["SELECT count(*) FROM nowhere", "SELECT count(*) FROM read_csv('/etc/hostname')"]
)
def test_rules_in_sql_see_nothing_else_and_fail_in_one_line(tmp_path, query):
    spec = table(prop("id", "integer"), quality=[{"type": "sql", "query": query, "mustBe": 0}])
    with pytest.raises(Refused, match=r"cannot be checked: .*; mend the contract's query") as caught:
        curate(spec, "id\n1\n", tmp_path)
    assert "\n" not in str(caught.value)


def test_a_batch_without_a_fit_row_publishes_no_file(tmp_path):
    outcome = curate(SPEC, "id,name,paid\n1,,\n", tmp_path)
    assert (outcome.good, outcome.curated, outcome.quarantined) == (None, 0, 1)
    assert curate(SPEC, "id,name,paid\n", tmp_path).read == 0


def test_curating_the_same_file_twice_gives_the_same_bytes(tmp_path):
    contents = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        outcome = curate(SPEC, GOOD + "x,y,z\n", folder)
        contents.append((outcome.good.read_bytes(), outcome.bad.read_bytes()))
    assert contents[0] == contents[1]


def test_the_true_credit_data_is_all_fit_and_decoded(tmp_path):
    spec = credit_spec()["tables"]["credit_card"]
    outcome = curate(spec, CREDIT_DATA.read_bytes(), tmp_path)
    assert (outcome.read, outcome.curated, outcome.quarantined, outcome.rules) == (1000, 1000, 0, {})
    rows = rows_of(outcome.good)
    assert sum(row["credit_risk"] for row in rows) == 700
    assert {
        name: rows[0][name] for name in ("application_id", "status", "duration", "purpose", "foreign_worker")
    } == {
        "application_id": "A-000001",
        "status": "below 0 DM",
        "duration": 6,
        "purpose": "radio or television",
        "foreign_worker": True,
    }


@pytest.mark.parametrize(("seed", "per_fault"), [(0, 1), (1, 3), (7, 0)])
def test_a_faulty_batch_breaks_just_the_rules_it_says(tmp_path, seed, per_fault):
    text = CREDIT_DATA.read_text(encoding="utf-8")
    faulty = make_faulty_batch(text, seed, rows=80, per_fault=per_fault)
    assert faulty == make_faulty_batch(text, seed, rows=80, per_fault=per_fault), "same seed, same batch"
    outcome = curate(credit_spec()["tables"]["credit_card"], faulty, tmp_path)
    expected = {rule: per_fault for rule, _ in FAULTS} | {REPEATED: 2 * per_fault}
    assert outcome.rules == {rule: number for rule, number in expected.items() if number}
    assert (outcome.read, outcome.quarantined) == (80, expected_quarantine(per_fault))


def test_a_faulty_batch_needs_room_for_its_faults():
    with pytest.raises(ValueError, match="a batch with 10 faulty rows needs at least so many rows, not 5"):
        make_faulty_batch(CREDIT_DATA.read_text(encoding="utf-8"), 0, rows=5)
