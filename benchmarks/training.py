"""Preprocessing and training of a credit table, side by side with a reference; cost by size; five-fold AUC.

Both sides run as whole processes in one run, imports included; seconds are wall time, memory is the greatest
resident size of a process (``wait4``). Ratios are what counts: seconds depend on the machine and what else it does.

    python benchmarks/training.py                 1,000,000 rows against the reference
    python benchmarks/training.py --rows 200000
    python benchmarks/training.py --growth        0.5, 1 and 2 million rows, ours alone
    python benchmarks/training.py --large         10 million rows, ours alone, in memory and from disk
    python benchmarks/training.py --folds         German credit, five folds, seeds 0 to 4
"""

from __future__ import annotations

import argparse
import os
import runpy
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import training_data as data  # noqa: E402
from benchmarks import training_reference as reference  # noqa: E402

FASTER, MEMORY, FOLDS_AUC = 4.5, 0.4, 0.79
_OURS = ("--rounds", "100", "--early-stopping-rounds", "20", "--max-depth", "5", "--eta", "0.1", "--gamma", "4",
         "--min-child-weight", "6", "--subsample", "0.8", "--colsample-bytree", "1")  # fmt: skip


@dataclass(frozen=True)
class Side:
    """One side's figures: seconds per process, their processor time, and the greatest memory of one in MB."""

    preprocess: float
    train: float
    cpu: float
    memory: float
    auc: float

    @property
    def seconds(self) -> float:
        """Both processes."""
        return self.preprocess + self.train


def process(*command: str) -> tuple[float, float, float]:
    """Run a whole process; seconds, seconds of processor time, and greatest resident size in MB."""
    begun = time.perf_counter()
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, *command],
        {**os.environ, "PYTHONPATH": str(ROOT)},
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    unit = 1024 if sys.platform == "linux" else 1024 * 1024
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit


def ours(source: Path, work: Path, *flags: str) -> Side:
    """This project's scripts, as a container runs them; `flags` are more for training."""
    first = process(
        "-m", "training.preprocess", "--data", str(source), "--output", str(work), "--key", data.KEY,
        "--target", data.TARGET, "--positive", data.POSITIVE, "--split", "0.7,0.15,0.15", "--seed", "7",
    )  # fmt: skip
    folders = [f"--{name}={work / name}" for name in ("train", "validation", "features")]
    second = process("-m", "training.train", *folders, "--model-dir", str(work / "model"), *_OURS, *flags)

    from training.features import load_features
    from training.model import load_model, score_batches, split_batches

    schema = load_features(work / "model" / "features.json")
    scores, labels = score_batches(load_model(work / "model"), split_batches(work / "test", schema))
    return Side(first[0], second[0], first[1] + second[1], max(first[2], second[2]), _auc(scores, labels))


def theirs(source: Path, work: Path) -> Side:
    """The reference."""
    script = str(ROOT / "benchmarks" / "training_reference.py")
    first = process(script, "preprocess", str(source), str(work))
    second = process(script, "train", str(source), str(work))
    return Side(
        first[0], second[0], first[1] + second[1], max(first[2], second[2]), _auc(*reference.score(work))
    )


def _auc(scores: Any, labels: Any) -> float:
    from training.evaluation.metrics import summary

    return float(summary(scores, labels)["auc"])


def _line(name: str, side: Side) -> str:
    return (
        f"{name:<12} {side.preprocess:>7.2f} s + {side.train:>7.2f} s = {side.seconds:>7.2f} s "
        f"({side.cpu:>6.2f} s of CPU)   {side.memory:>7,.0f} MB   AUC {side.auc:.4f}"
    )


def compare(rows: int, place: Path) -> bool:
    """Both sides on the same rows; whether all targets are met."""
    source = place / "source"
    data.write(source, rows)
    print(f"{rows:,} rows: preprocess + train, greatest memory of a process, AUC on test rows", flush=True)
    mine = ours(source, place / "ours")
    print(_line("ours", mine), flush=True)
    other = theirs(source, place / "reference")
    print(_line("reference", other), flush=True)
    faster, memory = other.seconds / mine.seconds, mine.memory / other.memory
    met = faster >= FASTER and memory <= MEMORY and mine.auc >= other.auc - 0.001
    print(
        f"{faster:.1f} times faster (target {FASTER}; {other.cpu / mine.cpu:.1f} times by CPU), "
        f"{memory:.2f} of the memory (target {MEMORY}), "
        f"AUC {mine.auc - other.auc:+.4f}: {'met' if met else 'NOT met'}",
        flush=True,
    )
    return met


def alone(rows: int, place: Path, *flags: str) -> Side:
    """Ours on its own."""
    folder = place / str(rows)
    data.write(folder / "source", rows)
    side = ours(folder / "source", folder / "ours", *flags)
    print(_line(f"{rows:,}", side), f"  {side.seconds / rows * 1e6:.2f} us a row", *flags, flush=True)
    shutil.rmtree(folder)
    return side


def folds() -> bool:
    """Five-fold AUC of German credit without the restricted columns."""
    from training.config import load_config
    from training.model.crossval import cross_validate

    table = runpy.run_path(str(ROOT / "tests" / "training" / "tables.py"))["german_credit"]()
    found = cross_validate(table, load_config(), seeds=range(5))
    low, high = min(found.means), max(found.means)
    met = found.mean >= FOLDS_AUC
    print(
        f"German credit, five folds, seeds 0 to 4: AUC {found.mean:.4f} (target {FOLDS_AUC}: "
        f"{'met' if met else 'NOT met'}), standard deviation over seeds {found.spread:.4f}, {low:.4f} to {high:.4f}",
        flush=True,
    )
    return met


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="Benchmark preprocessing and training.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    for name in ("growth", "large", "folds"):
        parser.add_argument(f"--{name}", action="store_true")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        if flags.growth:
            sides = [alone(rows, place) for rows in (500_000, 1_000_000, 2_000_000)]
            print(f"4 times the rows take {sides[-1].seconds / sides[0].seconds:.1f} times the time")
            return 0
        if flags.large:
            for more in ((), ("--memory-mb", "64")):
                alone(10_000_000, place, *more)
            return 0
        met = True if flags.folds else compare(flags.rows, place)
        return 0 if folds() and met else 1


if __name__ == "__main__":
    raise SystemExit(main())
