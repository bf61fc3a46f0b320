"""The train phase: boosted trees with native categories and real early stopping; then the threshold.

``main`` is a SageMaker script-mode entry point (channels, model folder and hyperparameters as flags with SM_*
defaults) and what the command line runs; ``train`` is the pure function inside. Deliberately not here:
XGBoost's objects (`model`) and the final metrics (`evaluate`: nothing here looks at the test rows).
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance.errors import MeshError
from training import FEATURES_FILE, METRICS_FILE, bundle, job
from training.config import TrainingConfig
from training.data.parts import read_schema
from training.data.rows import prepared
from training.evaluation.metrics import cheapest_threshold, summary
from training.features import FeatureSchema, count_rows
from training.model import Batches, save_model, score_batches, sha256, split_batches, threads
from training.model.boosting import Checkpoint, Fit, fit
from training.model.cluster import Cluster, leave, port_of
from training.model.hyperparameters import Hyperparameters, add_flags, from_flags
from training.model.memory import megabytes, scratch

if TYPE_CHECKING:
    from training.session import Context

_TRAIN_SCORED = 50_000
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
    rows: Any,
    labels: Any,
    validation_rows: Any,
    validation_labels: Any,
    params: Hyperparameters,
    seed: int,
    *,
    nthread: int = 1,
) -> Fit:
    """Fit a model on rows in memory.

    Parameters
    ----------
    rows, validation_rows
        Arrow tables as `features.encode` makes them: float32 columns and dictionaries with fixed levels.
    labels, validation_labels
        1 for the positive class, 0 for the other, one per row.
    params, seed, nthread
        Together with the data they determine the model, byte for byte.
    """
    return fit(_once(rows, labels), _once(validation_rows, validation_labels), params, seed, nthread)


def train_folders(
    train_folder: str | Path,
    validation_folder: str | Path,
    schema: FeatureSchema,
    config: TrainingConfig,
    model_folder: Path,
    say: Callable[[str], None] = lambda _: None,
    *,
    cluster: Cluster | None = None,
    checkpoints: Path | None = None,
    sharded: tuple[bool, bool] = (False, False),
    extra: Mapping[str, Any] | None = None,
    memory_mb: int | None = None,
) -> Trained | None:
    """Fit a model on splits on disk, choose its threshold on the validation split, write the model folder.

    The folder gets the model, the feature schema that encodes rows for it, the training metrics, and ``code/``,
    which serves it in SageMaker's container.

    Parameters
    ----------
    cluster
        The hosts that fit the model together, joined already; only the first one writes and returns something.
    checkpoints
        Folder to keep the state of the run in, and to go on from.
    sharded
        Whether train and validation rows differ from host to host; if not, each host takes its share of all.
    extra
        More for the metrics.
    memory_mb
        Megabytes that the training rows may take in memory, else they lie on disk (`memory.scratch`).
    """
    start = time.perf_counter()
    cluster = cluster or Cluster()
    folders = (train_folder, validation_folder)
    shares = [(0, 1) if apart else (cluster.index, cluster.size) for apart in sharded]
    training, validation = (
        split_batches(folder, schema, config.chunk_rows, share)
        for folder, share in zip(folders, shares, strict=True)
    )
    rows = _check_rows(folders, shares, cluster)
    params = config.hyperparameters
    checkpoint = Checkpoint(folder=checkpoints, run=_run_of(schema, config), say=say) if checkpoints else None
    mine, features = rows // cluster.size, len(schema.features)
    with scratch(mine, features, params.max_bin, memory_mb) as folder:
        if folder:
            say("the training rows lie on disk: they take more memory than they may")
        fitted = fit(
            prepared(training, mine, features), validation, params, config.seed, threads(rows),
            cluster=cluster, checkpoint=checkpoint, scratch=folder,
        )  # fmt: skip
    held_scores, held_labels = _gathered(cluster, fitted.held_out)
    seen = _gathered(cluster, score_batches(fitted.booster, training, _TRAIN_SCORED // cluster.size))
    if cluster.index:
        return None
    threshold = cheapest_threshold(
        held_scores, held_labels, config.cost_false_negative, config.cost_false_positive
    )
    metrics: dict[str, Any] = {
        "model_sha256": sha256(save_model(fitted.booster, model_folder)),
        "features_sha256": hashlib.sha256(schema.to_json().encode()).hexdigest(),
        "best_iteration": fitted.best_iteration,
        "rounds_run": fitted.rounds_run,
        "stopped_early": fitted.rounds_run < params.rounds,
        "validation_logloss": fitted.best_score,
        "threshold": threshold,
        "seed": config.seed,
        "hosts": cluster.size,
        "hyperparameters": asdict(params),
        "train": summary(*seen),
        "validation": summary(held_scores, held_labels),
        "history": fitted.history,
        **(extra or {}),
    }
    (model_folder / FEATURES_FILE).write_text(schema.to_json(), encoding="utf-8")
    (model_folder / METRICS_FILE).write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    bundle.write_code(model_folder / "code")
    say(
        f"best round {fitted.best_iteration + 1} of {fitted.rounds_run} run; "
        f"AUC {metrics['validation']['auc']:.4f} on validation, {metrics['train']['auc']:.4f} on train; "
        f"threshold {threshold:.3f}"
    )
    return Trained(
        fit=fitted,
        threshold=threshold,
        metrics=metrics,
        folder=model_folder,
        seconds=time.perf_counter() - start,
    )


def run(context: Context) -> Trained:
    """Train on the splits of the context's work folder, after a search where the configuration has one."""
    work = context.work
    splits = {name: work / name for name in ("train", "validation")}
    schema = read_schema(work / "features", splits)
    config, folders = context.config, (splits["train"], splits["validation"])
    extra: dict[str, Any] = {}
    if config.tuning:
        from training.model.search import search

        found = search(*folders, schema, config, config.tuning, context.say)
        config = replace(config, hyperparameters=found.best.hyperparameters)
        extra = {"tuning": found.to_json(config.tuning)} if config.tuning else {}
    made = train_folders(*folders, schema, config, work / "model", context.say, extra=extra)
    assert made is not None, "one host is the first one"
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Train as a SageMaker training job does; every path and hyperparameter is a flag.

    Hosts share the rows of a channel that all of them got whole (``FullyReplicated``).
    """
    cluster = Cluster(job.hosts(), port_of(os.environ.get("TRAINING_JOB_NAME", "")))
    code = job.told("train", job.FAILURE, lambda: _main(argv, cluster))
    if code and cluster.joined:
        leave(code)
    return code


def _main(argv: Sequence[str] | None, cluster: Cluster) -> None:
    parser = job.Parser(prog="train", description=main.__doc__)
    for name in ("train", "validation"):
        parser.add_argument(f"--{name}", default=job.channel(name), help="folder of Parquet files")
    parser.add_argument("--features", default=job.channel("features"), help="the preprocess step's features")
    parser.add_argument("--model-dir", default=job.folder("SM_MODEL_DIR", "model"))
    parser.add_argument(
        "--output-data-dir", type=Path, default=job.folder("SM_OUTPUT_DATA_DIR", "output/data")
    )
    parser.add_argument("--checkpoint-dir", type=Path, default=job.folder("", "checkpoints"))
    parser.add_argument("--name", help="name of the model")
    for name in ("seed", "chunk-rows"):
        parser.add_argument(f"--{name}", type=int)
    for name in ("cost-false-negative", "cost-false-positive"):
        parser.add_argument(f"--{name}", f"--{name.replace('-', '_')}", type=float)
    parser.add_argument("--memory-mb", type=megabytes, help="memory for the rows; default: a quarter of all")
    add_flags(parser)
    flags = job.parsed(parser, argv)
    from_flags(flags)  # a mistake in a flag is told before any file is read
    for name in ("train", "validation", "features", "model_dir"):
        if not getattr(flags, name):
            shown = name.replace("_", "-")
            raise MeshError("is needed; give it or run inside a SageMaker training job", f"--{shown}")
    schema = read_schema(flags.features, {"train": flags.train, "validation": flags.validation})
    config = _configured(flags, schema)
    apart = (job.sharded("train"), job.sharded("validation"))
    try:
        with cluster:
            trained = train_folders(
                flags.train, flags.validation, schema, config, Path(flags.model_dir), _print,
                cluster=cluster, checkpoints=flags.checkpoint_dir, sharded=apart, memory_mb=flags.memory_mb,
            )  # fmt: skip
    except Exception as error:
        # XGBoost's own errors are many lines long; among hosts the usual one is that a peer is gone
        if type(error).__name__ != "XGBoostError" or cluster.size == 1:
            raise
        raise MeshError("lost the other hosts; see the log of the one that failed first", "hosts") from error
    if trained is None:
        return
    print(metric_lines(trained.metrics), flush=True)
    if flags.output_data_dir:
        flags.output_data_dir.mkdir(parents=True, exist_ok=True)
        text = (trained.folder / METRICS_FILE).read_text(encoding="utf-8")
        (flags.output_data_dir / METRICS_FILE).write_text(text, encoding="utf-8")


def metric_lines(metrics: dict[str, Any]) -> str:
    """Lines such as ``validation-auc=0.81;`` that a training job's metric definitions find."""
    found = {f"{name}-auc": metrics[name]["auc"] for name in ("train", "validation")}
    found |= {f"validation-{name}": metrics["validation"][name] for name in ("pr_auc", "ks", "gini", "brier")}
    found["validation-logloss"] = metrics["validation_logloss"]
    found["best-round"] = metrics["best_iteration"] + 1
    return "\n".join(f"{name.replace('_', '-')}={value:.6g};" for name, value in found.items())


def _configured(flags: Any, schema: FeatureSchema) -> TrainingConfig:
    kept = Path(flags.features) / job.CONFIG_FILE
    names = ("name", "seed", "chunk_rows", "cost_false_negative", "cost_false_positive")
    config = job.configured(kept if kept.is_file() else None, flags, names, schema.facts)
    return replace(config, hyperparameters=from_flags(flags, asdict(config.hyperparameters)))


def _check_rows(folders: Sequence[str | Path], shares: Sequence[tuple[int, int]], cluster: Cluster) -> int:
    """Rows of train in all; refused on every host alike when one of them would get none."""
    found = cluster.gather([count_rows(folder) for folder in folders])
    total = 0
    for at, name in enumerate(("train", "validation")):
        counts = [here[at] for here in found]
        apart = shares[at] == (0, 1) and cluster.size > 1
        idle = [host for host, rows in zip(cluster.hosts.names, counts, strict=True) if not rows]
        if cluster.size == 1 and idle:
            raise MeshError("holds no rows; run the preprocess phase first", f"channel {name}")
        if idle or (not apart and counts[0] < cluster.size):
            raise MeshError(
                f"leaves {idle[0] if idle else cluster.hosts.names[-1]} without rows; use fewer hosts, or "
                "FullyReplicated",
                f"channel {name}",
            )
        total += (sum(counts) if apart else counts[0]) if name == "train" else 0
    return total


def _gathered(cluster: Cluster, scored: tuple[Any, Any]) -> tuple[Any, Any]:
    import numpy as np

    scores, labels = zip(*cluster.gather(scored), strict=True)
    return np.concatenate(scores), np.concatenate(labels)


def _run_of(schema: FeatureSchema, config: TrainingConfig) -> str:
    """Digest of what determines a model; a checkpoint of another one is not gone on from."""
    text = schema.to_json() + json.dumps(asdict(config.hyperparameters)) + str(config.seed)
    return hashlib.sha256(text.encode()).hexdigest()


def _once(rows: Any, labels: Any) -> Batches:
    return lambda: iter([(rows, labels)])


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
