"""The model: its hyperparameters, its fit on one host or several, its search, its file."""

from training.model.booster import (
    Batches,
    contributions,
    load_model,
    save_model,
    score,
    score_batches,
    sha256,
    split_batches,
    threads,
    training_metrics,
)

__all__ = [
    "Batches",
    "contributions",
    "load_model",
    "save_model",
    "score",
    "score_batches",
    "sha256",
    "split_batches",
    "threads",
    "training_metrics",
]
