"""Rows that memory does not hold: on disk while a model is fitted, and the same model for it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.tables import loans, loans_config
from training import train
from training.data.split import split_table
from training.model import memory
from training.model.hyperparameters import Hyperparameters


@pytest.mark.parametrize("bins", [64, 512])
def test_rows_on_disk_give_the_same_model_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bins: int
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    schema = split_table([loans(900)], loans_config(), tmp_path)
    params = Hyperparameters(rounds=120, early_stopping_rounds=200, max_bin=bins)
    config = replace(loans_config(chunk_rows=100), hyperparameters=params)
    folders = (tmp_path / "train", tmp_path / "validation")
    said: list[str] = []
    models = {}
    for megabytes in (None, 0):
        made = train.train_folders(
            *folders, schema, config, tmp_path / f"model-{megabytes}", said.append, memory_mb=megabytes
        )
        assert made
        models[megabytes] = made
    assert sum("lie on disk" in line for line in said) == 1, "only the second one"
    files = [(tmp_path / f"model-{megabytes}" / "xgboost-model").read_bytes() for megabytes in models]
    assert files[0] == files[1], "byte for byte, over more than one segment of rounds"
    assert models[None].metrics == models[0].metrics, "scores of the validation rows too"
    assert not list((tmp_path / "tmp").iterdir())


def test_the_folder_comes_where_bins_take_more_than_they_may_and_goes_when_a_fit_fails() -> None:
    with memory.scratch(1000, 10, 64, memory_mb=1) as folder:
        assert folder is None
    with memory.scratch(1_000_000, 10, 64, memory_mb=19) as folder:
        assert folder, "twenty bytes a row"
    with memory.scratch(1_000_000, 10, 64, memory_mb=20) as folder:
        assert folder is None
    with memory.scratch(1_000_000, 10, 257, memory_mb=20) as folder:
        assert folder, "more bins than a byte can number take two"
    made: list[Path] = []
    with pytest.raises(RuntimeError):
        _fails(made)
    assert [folder.exists() for folder in made] == [False]


def test_a_quarter_of_what_the_container_has_is_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = memory.available()
    assert machine > 2**28
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "_LIMITS", (str(limit), str(tmp_path / "none")))
    limit.write_text("max\n")
    assert memory.available() >= machine, "no limit"
    limit.write_text(f"{8 * 2**20}\n")
    assert memory.available() == 8 * 2**20
    with memory.scratch(100_000, 10, 64) as folder:
        assert folder is None
    with memory.scratch(110_000, 10, 64) as folder:
        assert folder, "2.2 million bytes are more than two megabytes"


def _fails(made: list[Path]) -> None:
    with memory.scratch(10, 10, 64, memory_mb=0) as folder:
        assert folder
        made.append(folder)
        (folder / "part").write_text("rows")
        raise RuntimeError


@pytest.mark.parametrize("value", ["-1", "1.5", "much", "٣"])
def test_a_memory_that_is_no_number_is_one_line(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--memory-mb", value]) == 2
    assert f"'{value}' must be a whole number from 0" in capsys.readouterr().err
