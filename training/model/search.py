"""The search for hyperparameters on this machine: one fit per trial, judged by the validation rows.

Deliberately not here: the trials (`tuning`), and SageMaker's own search (the pipeline's tuning step). Test rows take no
part: they are not even among the arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.config import TrainingConfig
from training.data.rows import prepared
from training.evaluation.metrics import summary
from training.features import FeatureSchema
from training.model.booster import split_batches, threads
from training.model.boosting import fit
from training.model.hyperparameters import Hyperparameters
from training.model.memory import scratch
from training.model.tuning import Tuning


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One set of hyperparameters and what the objective was."""

    hyperparameters: Hyperparameters
    value: float
    rounds: int


@dataclass(frozen=True, kw_only=True)
class Found:
    """The best trial, and all of them in the order they ran."""

    best: Trial
    trials: tuple[Trial, ...]

    def to_json(self, tuning: Tuning) -> dict[str, Any]:
        """What ``metrics.json`` holds under ``tuning``: the ranges' values of each trial, and its objective."""
        names = [entry.name for entry in tuning.ranges]
        shown = [
            {
                "value": trial.value,
                "rounds": trial.rounds,
                **{name: asdict(trial.hyperparameters)[name] for name in names},
            }
            for trial in self.trials
        ]
        return {"objective": tuning.objective, "best": self.trials.index(self.best), "trials": shown}


def search(
    train_folder: str | Path,
    validation_folder: str | Path,
    schema: FeatureSchema,
    config: TrainingConfig,
    tuning: Tuning,
    say: Callable[[str], None] = lambda _: None,
) -> Found:
    """Try a configuration's hyperparameters and points of its ranges; seed and rows determine the outcome.

    Raises
    ------
    MeshError
        A split cannot be read.
    """
    rows = schema.rows["train"]["rows"]
    training = prepared(split_batches(train_folder, schema, config.chunk_rows), rows, len(schema.features))
    validation = split_batches(validation_folder, schema, config.chunk_rows)
    better = 1 if tuning.direction == "Maximize" else -1
    trials: list[Trial] = []
    for number, params in enumerate(tuning.draw(config.hyperparameters, config.seed), 1):
        with scratch(rows, len(schema.features), params.max_bin) as folder:
            made = fit(training, validation, params, config.seed, threads(rows), scratch=folder)
        area = tuning.objective == "validation-auc"
        value = summary(*made.held_out)["auc"] if area else made.best_score
        trials.append(Trial(hyperparameters=params, value=value, rounds=made.rounds_run))
        tried = ", ".join(f"{entry.name} {asdict(params)[entry.name]:g}" for entry in tuning.ranges)
        say(f"trial {number} of {tuning.trials}: {tuning.objective} {value:.4f} with {tried}")
    # of equals the first: the configuration's own values stay unless something is better
    best = max(trials, key=lambda trial: better * trial.value)
    return Found(best=best, trials=tuple(trials))
