"""The training benchmark at a tiny size: both sides run, on the same rows, and its lines say what it promises.

Seconds and ratios are for the full size; at this one they mean nothing and are not looked at.
"""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import training as benchmark
from benchmarks import training_data as data

ROWS = 4_000
SIDE = r"{} +[\d.]+ s \+ +[\d.]+ s = +[\d.]+ s \( *[\d.]+ s of CPU\) +[\d,]+ MB   AUC 0\.(\d+)"


def test_both_sides_are_measured_on_the_same_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sides: list[benchmark.Side] = []
    for name in ("ours", "theirs"):
        run = getattr(benchmark, name)
        monkeypatch.setattr(benchmark, name, lambda *given, run=run: sides.append(run(*given)) or sides[-1])
    met = benchmark.compare(ROWS, tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("4,000 rows: preprocess + train")
    for line, name in zip(lines[1:3], ("ours", "reference"), strict=True):
        found = re.fullmatch(SIDE.format(name), line)
        assert found, line
        assert int(found[1]) > 6000, "a model that has learnt something, on either side"
    assert lines[3].endswith("NOT met" if not met else ": met"), (
        "the verdict is the last word, and what is returned"
    )
    assert all(min(side.preprocess, side.train, side.cpu, side.memory) > 0 for side in sides)
    own, other = (tmp_path / "ours", tmp_path / "reference")
    rows = {name: pq.read_table(own / name).num_rows for name in ("train", "validation", "test")}
    assert sum(rows.values()) == ROWS
    for name, count in rows.items():
        held = len((other / f"{name}_labels.csv").read_text().splitlines())
        assert abs(count - held) < 0.05 * ROWS, "parts of about the same size"


def test_a_size_alone_tells_its_cost_by_the_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    side = benchmark.alone(ROWS, tmp_path)
    assert re.search(r"^4,000 .* us a row$", capsys.readouterr().out)
    assert side.seconds == side.preprocess + side.train
    assert not any(tmp_path.iterdir()), "ten million rows are not left behind"


def test_a_process_that_fails_ends_the_benchmark_with_its_command() -> None:
    with pytest.raises(SystemExit, match="failed: -c raise SystemExit"):
        benchmark.process("-c", "raise SystemExit(3)")


def test_generated_rows_are_the_same_each_time_and_keys_are_unique(tmp_path: Path) -> None:
    for name in ("one", "two"):
        data.write(tmp_path / name, 300)
    one, two = (pq.read_table(tmp_path / name) for name in ("one", "two"))
    assert one.equals(two)
    assert len(one[data.KEY].unique()) == 300
    assert set(one[data.TARGET].to_pylist()) == {0, 1}
    assert {field.type for field in one.schema if field.name in data.CATEGORIES} == {pa.string()}
