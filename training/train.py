"""The train phase: boosted trees with native categories and real early stopping; then the threshold.

``main`` is a SageMaker script-mode entry point (channels, model folder and hyperparameters as flags with SM_*
defaults) and what the command line runs; ``train`` is the pure function inside. Deliberately not here:
XGBoost's objects (`model`) and the final metrics (`evaluate`: nothing here looks at the test rows).
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training import FEATURES_FILE, METRICS_FILE
from training.config import TrainingConfig, load_config
from training.features import FeatureSchema, load_features
from training.hyperparameters import Hyperparameters, add_flags, from_flags
from training.metrics import cheapest_threshold, summary
from training.model import Batches, Fit, fit, save_model, score_batches, sha256, split_batches, threads
from training.session import Context

_TRAIN_SCORED = 100_000
"""Training rows scored once more, at most, to show how far the model fits them better than others."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """Result of the phase; `metrics` is what ``metrics.json`` holds."""

    fit: Fit
    threshold: float
    metrics: dict[str, Any]
    folder: Path
    seconds: float


def train(
    frame: Any,
    labels: Any,
    validation_frame: Any,
    validation_labels: Any,
    params: Hyperparameters,
    seed: int,
    *,
    nthread: int = 1,
) -> Fit:
    """Fit a model on frames in memory.

    Parameters
    ----------
    frame, validation_frame
        pandas frames as `features.encode` makes them: float32 columns and categories with fixed levels.
    labels, validation_labels
        1 for the positive class, 0 for the other, one per row.
    params, seed, nthread
        Together with the data they determine the model, byte for byte.
    """
    return fit(_once(frame, labels), _once(validation_frame, validation_labels), params, seed, nthread)


def train_folders(
    train_folder: str | Path,
    validation_folder: str | Path,
    schema: FeatureSchema,
    config: TrainingConfig,
    model_folder: Path,
    say: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Fit a model on splits on disk, choose its threshold on the validation split, write the model folder.

    The folder gets the model, the feature schema that encodes rows for it, and the training metrics.
    """
    start = time.perf_counter()
    training = split_batches(train_folder, schema, config.chunk_rows)
    validation = split_batches(validation_folder, schema, config.chunk_rows)
    params = config.hyperparameters
    fitted = fit(training, validation, params, config.seed, threads(schema.rows["train"]["rows"]))
    scores, labels = score_batches(fitted.booster, validation)
    threshold = cheapest_threshold(scores, labels, config.cost_false_negative, config.cost_false_positive)
    seen = summary(*score_batches(fitted.booster, training, _TRAIN_SCORED))
    held_out = summary(scores, labels)
    metrics: dict[str, Any] = {
        "model_sha256": sha256(save_model(fitted.booster, model_folder)),
        "best_iteration": fitted.best_iteration,
        "rounds_run": fitted.rounds_run,
        "stopped_early": fitted.rounds_run < params.rounds,
        "validation_logloss": fitted.best_score,
        "threshold": threshold,
        "seed": config.seed,
        "hyperparameters": asdict(params),
        "train": seen,
        "validation": held_out,
        "history": fitted.history,
    }
    (model_folder / FEATURES_FILE).write_text(schema.to_json(), encoding="utf-8")
    (model_folder / METRICS_FILE).write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    say(
        f"best round {fitted.best_iteration + 1} of {fitted.rounds_run} run; AUC {held_out['auc']:.4f} on "
        f"validation, {seen['auc']:.4f} on train; threshold {threshold:.3f}"
    )
    return Trained(
        fit=fitted,
        threshold=threshold,
        metrics=metrics,
        folder=model_folder,
        seconds=time.perf_counter() - start,
    )


def run(context: Context) -> Trained:
    """Train on the splits of the context's work folder."""
    work = context.work
    schema = load_features(work / "features" / FEATURES_FILE)
    return train_folders(
        work / "train", work / "validation", schema, context.config, work / "model", context.say
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Train as a SageMaker training job does; every path and hyperparameter is a flag."""
    parser = argparse.ArgumentParser(prog="training.train", description=main.__doc__)
    channel = os.environ.get
    parser.add_argument("--train", default=channel("SM_CHANNEL_TRAIN"), help="folder of Parquet files")
    parser.add_argument(
        "--validation", default=channel("SM_CHANNEL_VALIDATION"), help="folder of Parquet files"
    )
    parser.add_argument(
        "--features", default=channel("SM_CHANNEL_FEATURES"), help="folder with features.json"
    )
    parser.add_argument("--model-dir", type=Path, default=channel("SM_MODEL_DIR"))
    parser.add_argument("--output-data-dir", type=Path, default=channel("SM_OUTPUT_DATA_DIR"))
    parser.add_argument("--config", help="training configuration; default: the credit-risk model's")
    parser.add_argument("--seed", type=int)
    add_flags(parser)
    flags, _ = parser.parse_known_args(argv)
    try:
        for name in ("train", "validation", "features", "model_dir"):
            if not getattr(flags, name):
                raise MeshError("is needed; give it or run inside a SageMaker training job", f"--{name}")
        config = load_config(flags.config, seed=flags.seed)
        config = _with(config, from_flags(flags, asdict(config.hyperparameters)))
        schema = load_features(Path(flags.features) / FEATURES_FILE)
        trained = train_folders(flags.train, flags.validation, schema, config, Path(flags.model_dir), _print)
    except MeshError as error:
        parser.exit(2, f"{error}\n")
    if flags.output_data_dir:
        flags.output_data_dir.mkdir(parents=True, exist_ok=True)
        text = (trained.folder / METRICS_FILE).read_text(encoding="utf-8")
        (flags.output_data_dir / METRICS_FILE).write_text(text, encoding="utf-8")
    return 0


def _with(config: TrainingConfig, params: Hyperparameters) -> TrainingConfig:
    return replace(config, hyperparameters=params)


def _once(frame: Any, labels: Any) -> Batches:
    return lambda: iter([(frame, labels)])


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
