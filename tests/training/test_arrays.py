"""Arrow arrays and numpy ones over the same memory, in processes that never load pandas."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.tables import loans
from training.data.arrays import arrow_of, numpy_of, texts
from training.data.writing import SplitFiles

KINDS = [pa.int8(), pa.int32(), pa.uint16(), pa.int64(), pa.float32(), pa.float64()]


@given(
    st.sampled_from(KINDS),
    st.lists(st.lists(st.none() | st.integers(0, 100), max_size=12), max_size=4),
    st.integers(0, 5),
)
def test_values_and_nulls_come_as_arrow_itself_gives_them(kind: Any, chunks: list[Any], cut: int) -> None:
    array = pa.chunked_array([pa.array(chunk, kind).slice(cut) for chunk in chunks], kind)
    expected = [99 if value is None else value for value in array.to_pylist()]
    found = numpy_of(array, 99)
    assert found.tolist() == expected
    assert found.dtype == np.dtype(kind.to_pandas_dtype())


@given(st.lists(st.tuples(st.integers(-128, 127), st.booleans()), max_size=20))
def test_numbers_and_what_is_absent_come_back(rows: list[tuple[int, bool]]) -> None:
    values = np.array([value for value, _ in rows], np.int8)
    absent = np.array([gone for _, gone in rows], bool)
    expected = [None if gone else value for value, gone in rows]
    assert arrow_of(values, absent).to_pylist() == expected
    arrow_of(values, absent).validate(full=True)
    assert arrow_of(absent).to_pylist() == absent.tolist()


@given(st.lists(st.text(), max_size=10))
def test_texts_come_back(values: list[str]) -> None:
    made = texts(values)
    made.validate(full=True)
    assert made.to_pylist() == values


def test_a_view_with_steps_is_taken_as_its_values() -> None:
    assert arrow_of(np.arange(10)[::3]).to_pylist() == [0, 3, 6, 9]


def test_no_job_loads_pandas(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    pq.write_table(loans(400), tmp_path / "data" / "loans.parquet")
    code = """
import sys
from training import evaluate_job, preprocess, train
folder = sys.argv[1]
sys.argv[1:] = []
first = preprocess.main(["--data", f"{folder}/data", "--output", folder, "--key", "loan", "--target", "defaulted",
                         "--positive", "yes"])
second = train.main([*(f"--{name}={folder}/{name}" for name in ("train", "validation", "features")),
                     "--model-dir", f"{folder}/model", "--rounds", "3"])
third = evaluate_job.main(["--model", f"{folder}/model", "--test", f"{folder}/test", "--train", f"{folder}/train",
                           "--protected", f"{folder}/data", "--output", f"{folder}/evaluation", "--groups",
                           '[{"name": "grade", "column": "grade"}]'])
sys.exit(first or second or third or 3 * ("pandas" in sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_writing_thread_meets_reaches_the_caller(tmp_path: Path) -> None:
    (tmp_path / "train").write_text("in the way")
    rows = pa.table({"a": [1]})
    for batches in (1, 20):
        with pytest.raises(FileExistsError):
            _written(tmp_path, rows, batches)


def test_a_failure_is_told_before_much_more_is_taken(tmp_path: Path) -> None:
    (tmp_path / "train").write_text("in the way")
    taken: list[int] = []
    with pytest.raises(FileExistsError):
        _written(tmp_path, pa.table({"a": [1]}), 20, taken=taken)
    assert len(taken) < 5


def test_an_error_between_two_batches_is_the_one_that_is_told(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="mine"):
        _written(tmp_path, pa.table({"a": [1]}), 2, RuntimeError("mine"))


def _written(
    folder: Path, rows: pa.Table, batches: int, then: Exception | None = None, taken: list[int] | None = None
) -> None:
    with SplitFiles(folder, "part.parquet") as files:
        for number in range(batches):
            files.write("train", rows, [])
            (taken if taken is not None else []).append(number)
        if then:
            raise then
