"""Preprocessing and training as jobs: what bad input gets, and columns and targets of any type."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.training.tables import loans
from training import preprocess, serving_entry, train
from training.features import load_features

FLAGS = ["--target", "defaulted", "--positive", "yes", "--key", "loan", "--table", "loans"]


def split_of(table: pa.Table, place: Path, *flags: str) -> int:
    """Run the preprocess job on a table; a flag given twice counts as given last."""
    (place / "data").mkdir(exist_ok=True, parents=True)
    pq.write_table(table, place / "data" / "file")
    return preprocess.main(["--data", str(place / "data"), "--output", str(place / "out"), *FLAGS, *flags])


TABLE = loans()
PREPROCESS = {
    "a target of three values": (
        TABLE.set_column(8, "defaulted", pa.array([["a", "b", "yes"][i % 3] for i in range(600)])), (),
        "preprocess: target defaulted: is not binary: it has 3 or more values"),
    "a key with duplicates": (
        pa.concat_tables([TABLE, TABLE.slice(3, 2)]), (),
        "preprocess: key column loan: 2 values occur more than once, for example L000003"),
    "an empty split": (TABLE.slice(0, 20), ("--split", "0.98,0.01,0.01"), "preprocess: split "),
    "shares that do not add up": (TABLE, ("--split", "0.5,0.1,0.1"), "preprocess: split: fractions 0.5, 0.1, 0.1"),
    "a column the role cannot read": (
        TABLE, ("--target", "income_tax"), "preprocess: target: the query returns no column 'income_tax'; this role"),
    "a query that returns nothing": (TABLE.slice(0, 0), (), "preprocess: loans: there are no rows to split; does the query"),
    "a flag that does not exist": (TABLE, ("--colour", "red"), "preprocess: there is no --colour; see --help"),
}  # fmt: skip


@pytest.mark.parametrize("case", PREPROCESS)
def test_bad_rows_are_one_line_with_step_and_field_also_in_the_jobs_message(
    base: Path, tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table, flags, expected = PREPROCESS[case]
    assert split_of(table, tmp_path, *flags) == 2
    told = capsys.readouterr().err
    assert told.startswith(expected)
    assert told.count("\n") == 1
    assert (base / "output" / "message").read_text() == told.strip(), "what describes the job quotes it"
    assert not (tmp_path / "out" / "train").exists(), "nothing is half done"


def test_an_input_without_any_file_is_a_query_that_returned_nothing(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = ["--output", str(tmp_path / "out"), *FLAGS]
    told = "preprocess: loans: there are no rows to split; does the query return any?\n"
    assert preprocess.main(output) == 2, "SageMaker makes no folder for an input without objects"
    assert capsys.readouterr().err == told
    (tmp_path / "empty").mkdir()
    assert preprocess.main(["--data", str(tmp_path / "empty"), *output]) == 2
    assert capsys.readouterr().err == told
    assert preprocess.main(["--data", str(tmp_path / "dta"), *output]) == 2
    assert "dta: no such folder; give the one with the Parquet files" in capsys.readouterr().err


def test_columns_may_be_told_in_several_flags(tmp_path: Path) -> None:
    assert split_of(TABLE, tmp_path, "--exclude", "grade,income", "--exclude", "", "--exclude", "score") == 0
    assert load_features(tmp_path / "out" / "features" / "features.json").names == (
        "months", "owner", "opened", "seen",
    )  # fmt: skip


def scalar(values: list[object], kind: pa.DataType) -> pa.Array:
    return pa.array([values[i % len(values)] for i in range(600)], kind)


MOMENT = datetime.datetime(2024, 5, 6, 7, 8, 9)
SCALARS = {
    "string": scalar(["a", "b", None], pa.string()), "large string": scalar(["a", "b"], pa.large_string()),
    "boolean": scalar([True, False, None], pa.bool_()), "tinyint": scalar([1, 2], pa.int8()),
    "smallint": scalar([1, None], pa.int16()), "int": scalar([1, 2], pa.int32()),
    "bigint": scalar([1, 2**40], pa.int64()), "float": scalar([1.5, None], pa.float32()),
    "double": scalar([1.5, float("nan")], pa.float64()),
    "decimal": scalar([Decimal("1.25"), None], pa.decimal128(12, 2)),
    "date": scalar([MOMENT.date(), None], pa.date32()), "timestamp": scalar([MOMENT, None], pa.timestamp("ns")),
    "timestamp with zone": scalar([MOMENT], pa.timestamp("us", "UTC")), "all null": scalar([None], pa.string()),
}  # fmt: skip


def test_every_scalar_type_of_a_contract_trains_and_is_served(tmp_path: Path) -> None:
    table = TABLE
    for name, column in SCALARS.items():
        table = table.append_column(name.replace(" ", "_"), column)
    assert split_of(table, tmp_path) == 0
    out = tmp_path / "out"
    folders = [f"--{name}={out / name}" for name in ("train", "validation", "features")]
    assert train.main([*folders, "--model-dir", str(tmp_path / "model"), "--rounds", "5"]) == 0
    schema = load_features(tmp_path / "model" / "features.json")
    expected = {name.replace(" ", "_") for name in SCALARS} - {"all_null"}
    assert expected <= set(schema.names)
    assert "all_null" not in schema.names, "a text without any value has nothing to learn from"
    row = {name: table[name][0].as_py() for name in schema.names}
    body = json.dumps(row, default=str).replace("NaN", "null")
    model = serving_entry.model_fn(tmp_path / "model")
    text, _ = serving_entry.output_fn(serving_entry.predict_fn(serving_entry.input_fn(body), model))
    assert 0 < json.loads(text)["score"] < 1


@pytest.mark.parametrize(
    "values, positive",
    [
        (["good", "bad"], "bad"),
        ([True, False], "true"),
        ([1, 0], "0"),
        ([0.0, 1.0], "1"),
        ([datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)], "2021-01-01"),
    ],
)
def test_a_target_of_any_type_with_two_values_trains(
    tmp_path: Path, values: list[object], positive: str
) -> None:
    table = TABLE.set_column(8, "defaulted", pa.array([values[i % 3 == 0] for i in range(600)]))
    assert split_of(table, tmp_path, "--positive", positive) == 0
    rows = load_features(tmp_path / "out" / "features" / "features.json").rows
    assert sum(counts["positive"] for counts in rows.values()) in (200, 400)


def test_a_mistake_in_a_request_is_answered_with_status_400_and_the_line(trained: Path) -> None:
    model = serving_entry.model_fn(trained / "model")
    answer = serving_entry.output_fn(serving_entry.predict_fn(serving_entry.input_fn('{"colour": 1}'), model))
    assert answer.status_code == 400
    assert json.loads(answer.get_data())["error"].startswith("payload row 1: lacks grade, ")
    assert serving_entry.output_fn({"predictions": [], "single": False}, "image/png").status_code == 400
