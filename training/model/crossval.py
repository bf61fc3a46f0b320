"""Cross-validation of a configuration: how good is it beyond one split, and how much does that vary.

Each fold's model is fitted as the train phase fits it: categories from its training rows, early stopping on
rows held out of its training part. The fold that is scored is seen by neither. Deliberately not here: the
search for hyperparameters; its outcome is in the configuration file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from governance.errors import MeshError
from training.config import TrainingConfig
from training.data.labels import LabelReader
from training.evaluation.metrics import auc, count_scores
from training.features import CATEGORY, Feature, FeatureSchema, as_category, encode, kind_of
from training.model.booster import score
from training.train import train


@dataclass(frozen=True, kw_only=True)
class CrossValidation:
    """AUC per seed (rows) and fold (columns), and the rounds that early stopping chose."""

    folds: tuple[tuple[float, ...], ...]
    rounds: tuple[tuple[int, ...], ...]

    @property
    def means(self) -> tuple[float, ...]:
        """Mean AUC over the folds, per seed."""
        return tuple(sum(row) / len(row) for row in self.folds)

    @property
    def mean(self) -> float:
        """Mean of the means."""
        return sum(self.means) / len(self.means)

    @property
    def spread(self) -> float:
        """Standard deviation of the means over seeds; 0 for one seed."""
        if len(self.means) == 1:
            return 0.0
        return float((sum((value - self.mean) ** 2 for value in self.means) / (len(self.means) - 1)) ** 0.5)


def cross_validate(
    table: Any,
    config: TrainingConfig,
    *,
    folds: int = 5,
    seeds: Sequence[int] = (0,),
    held_out: float = 0.15,
    nthread: int = 1,
) -> CrossValidation:
    """Cross-validate a configuration on a table in memory.

    Parameters
    ----------
    table
        Arrow table with target and features as a query returns them; key and excluded columns are not used.
    config
        What to train.
    folds, seeds
        Stratified folds per seed; a seed shuffles rows and seeds the model.
    held_out
        Share of a fold's training rows that early stopping watches.

    Raises
    ------
    MeshError
        The target is missing or not binary, or a class has fewer rows than there are folds.
    """
    if config.target not in table.column_names:
        raise MeshError(f"the table has no column '{config.target}'", "target")
    reader = LabelReader(config.target, config.positive)
    labels = reader.read(table.column(config.target))
    reader.finish()
    table, labels = table.filter(labels >= 0), labels[labels >= 0]
    if min(labels.sum(), len(labels) - labels.sum()) < folds:
        raise MeshError(f"a class has fewer rows than the {folds} folds", f"target {config.target}")
    areas, rounds = [], []
    for seed in seeds:
        found = [
            _fold(table, labels, parts, config, seed, held_out, nthread)
            for parts in stratified_folds(labels, folds, seed)
        ]
        areas.append(tuple(area for area, _ in found))
        rounds.append(tuple(best for _, best in found))
    return CrossValidation(folds=tuple(areas), rounds=tuple(rounds))


def stratified_folds(labels: Any, folds: int, seed: int) -> Iterator[tuple[Any, Any]]:
    """Row numbers of (training, scored) per fold; every fold gets its share of each class, to one row."""
    import numpy as np

    generator = np.random.default_rng(seed)
    fold = np.empty(len(labels), dtype=np.int64)
    for value in (0, 1):
        rows = generator.permutation(np.flatnonzero(labels == value))
        fold[rows] = np.arange(len(rows)) % folds
    for index in range(folds):
        yield generator.permutation(np.flatnonzero(fold != index)), np.flatnonzero(fold == index)


def _fold(
    table: Any,
    labels: Any,
    parts: tuple[Any, Any],
    config: TrainingConfig,
    seed: int,
    held_out: float,
    nthread: int,
) -> tuple[float, int]:
    import numpy as np

    rest, scored = parts
    # the rest is shuffled; take the held-out rows class by class
    watched = np.concatenate(
        [
            rows[: max(1, round(len(rows) * held_out))]
            for rows in (rest[labels[rest] == value] for value in (0, 1))
        ]
    )
    fitted_on = np.setdiff1d(rest, watched)
    schema = schema_of(table.take(fitted_on), config)
    frames = {name: encode(table.take(rows), schema) for name, rows in
              (("fit", fitted_on), ("watch", watched), ("score", scored))}  # fmt: skip
    result = train(
        frames["fit"],
        labels[fitted_on],
        frames["watch"],
        labels[watched],
        config.hyperparameters,
        seed,
        nthread=nthread,
    )
    counts = count_scores(score(result.booster, frames["score"]), labels[scored])
    return float(auc(counts.positive, counts.negative)), result.best_iteration + 1


def schema_of(table: Any, config: TrainingConfig) -> FeatureSchema:
    """Feature schema of a table in memory, with the categories that occur in it."""
    import pyarrow.compute as pc

    unused = {config.target, *config.key, *config.exclude}
    features = []
    for field in table.schema:
        if field.name in unused:
            continue
        kind = kind_of(field.name, field.type, categorical=field.name in config.categorical)
        levels: tuple[str, ...] = ()
        if kind == CATEGORY:
            values = pc.unique(as_category(table.column(field.name)).cast("string")).to_pylist()
            levels = tuple(sorted(value for value in values if value is not None))
            if not levels:
                continue  # nothing to learn from, as in `parts.merge`
        features.append(Feature(name=field.name, kind=kind, levels=levels))
    return FeatureSchema(
        features=tuple(features),
        key=config.key,
        target=config.target,
        positive=config.positive,
        positive_label=config.positive_label,
        negative_label=config.negative_label,
    )
