"""Measures of a score against a binary outcome, over counts per distinct score, so that they vectorise.

Every measure takes counts of positives and negatives per group of equal scores (best score first) and works
along the last axis: one row of counts gives the value, a matrix of resampled counts gives the bootstrap
distribution in the same few array operations, whatever the number of rows. Deliberately not here: what is
reported (`evaluate`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_GROUPS = 2048
"""Groups of scores kept for the bootstrap; more distinct scores are merged into this many, by rank."""

_CELLS = 4_000_000
"""Counts held at a time while resampling: about 32 MB per array."""

MEASURES = ("auc", "pr_auc", "ks", "gini", "brier")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Rows grouped by score, highest first; `score` is the mean score of a group."""

    score: Any
    positive: Any
    negative: Any


def count_scores(scores: Any, labels: Any) -> Counts:
    """Group rows by equal score."""
    import numpy as np

    values, group = np.unique(np.asarray(scores, dtype=np.float64), return_inverse=True)
    labels = np.asarray(labels, dtype=np.float64)
    total = np.bincount(group, minlength=len(values)).astype(np.float64)
    positive = np.bincount(group, weights=labels, minlength=len(values))
    return Counts(score=values[::-1], positive=positive[::-1], negative=(total - positive)[::-1])


def auc(positive: Any, negative: Any) -> Any:
    """Area under the ROC curve: share of (positive, negative) pairs ranked rightly, ties for half."""
    import numpy as np

    above = np.cumsum(positive, axis=-1) - positive
    pairs = positive.sum(axis=-1) * negative.sum(axis=-1)
    return _divide((negative * (above + positive / 2)).sum(axis=-1), pairs)


def pr_auc(positive: Any, negative: Any) -> Any:
    """Average precision: precision at each threshold, weighted by the recall gained, not interpolated."""
    import numpy as np

    found = np.cumsum(positive, axis=-1)
    taken = found + np.cumsum(negative, axis=-1)
    return _divide((positive * _divide(found, taken)).sum(axis=-1), positive.sum(axis=-1))


def ks(positive: Any, negative: Any) -> Any:
    """Kolmogorov-Smirnov statistic: greatest distance between true and false positive rate."""
    import numpy as np

    tpr = np.cumsum(positive, axis=-1) / np.maximum(positive.sum(axis=-1, keepdims=True), 1)
    fpr = np.cumsum(negative, axis=-1) / np.maximum(negative.sum(axis=-1, keepdims=True), 1)
    return np.abs(tpr - fpr).max(axis=-1)


def brier(positive: Any, negative: Any, score: Any) -> Any:
    """Brier score: mean squared distance between probability and outcome."""
    total = positive.sum(axis=-1) + negative.sum(axis=-1)
    return _divide((positive * (1 - score) ** 2 + negative * score**2).sum(axis=-1), total)


def measures(counts: Counts) -> dict[str, Any]:
    """All measures; arrays where the counts have a leading axis."""
    area = auc(counts.positive, counts.negative)
    return {
        "auc": area,
        "pr_auc": pr_auc(counts.positive, counts.negative),
        "ks": ks(counts.positive, counts.negative),
        "gini": 2 * area - 1,
        "brier": brier(counts.positive, counts.negative, counts.score),
    }


def summary(scores: Any, labels: Any) -> dict[str, float]:
    """The measures as plain numbers, with the number of rows."""
    counts = count_scores(scores, labels)
    return {"rows": len(labels), **{name: float(value) for name, value in measures(counts).items()}}


def bootstrap(
    counts: Counts, replicates: int, seed: int, level: float = 0.95
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap intervals of all measures (Efron 1979).

    Resampling n rows with replacement is drawing the counts of the groups from a multinomial distribution, so
    the work does not depend on n. Replicates that drew one class only are left out.
    """
    import numpy as np

    merged = merge(counts, _GROUPS)
    cells = np.concatenate([merged.positive, merged.negative])
    total = int(cells.sum())
    width = len(merged.score)
    generator = np.random.default_rng(seed)
    found: dict[str, list[Any]] = {name: [] for name in MEASURES}
    step = max(1, _CELLS // len(cells))
    for start in range(0, replicates, step):
        size = min(step, replicates - start)
        drawn = generator.multinomial(total, cells / total, size=size).astype(np.float64)
        sample = Counts(score=merged.score, positive=drawn[:, :width], negative=drawn[:, width:])
        for name, values in measures(sample).items():
            found[name].append(values)
    tails = [(1 - level) / 2 * 100, (1 + level) / 2 * 100]
    intervals: dict[str, tuple[float, float]] = {}
    for name, parts in found.items():
        values = np.concatenate(parts)
        low, high = np.percentile(values[np.isfinite(values)], tails)
        intervals[name] = (float(low), float(high))
    return intervals


def merge(counts: Counts, groups: int) -> Counts:
    """Merge neighbouring groups of scores until at most `groups` are left, each with about as many rows."""
    import numpy as np

    if len(counts.score) <= groups:
        return counts
    rows = counts.positive + counts.negative
    ends = np.cumsum(rows)
    group = np.minimum((ends - rows / 2) / ends[-1] * groups, groups - 1).astype(np.int64)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    total = np.add.reduceat(rows, starts)
    return Counts(
        score=np.add.reduceat(rows * counts.score, starts) / total,
        positive=np.add.reduceat(counts.positive, starts),
        negative=np.add.reduceat(counts.negative, starts),
    )


def cheapest_threshold(scores: Any, labels: Any, false_negative: float, false_positive: float) -> float:
    """The score from which on a row counts as positive so that errors cost least; midway between two scores.

    0.5 at the ends would be arbitrary: "all positive" is below the lowest score, "none" above the highest
    one.
    """
    import numpy as np

    counts = count_scores(scores, labels)
    missed = counts.positive.sum() - np.concatenate([[0], np.cumsum(counts.positive)])
    alarms = np.concatenate([[0], np.cumsum(counts.negative)])
    best = int(np.argmin(false_negative * missed + false_positive * alarms))
    edges = np.concatenate([[1.0], counts.score, [0.0]])
    return float((edges[best] + edges[best + 1]) / 2)


def _divide(top: Any, bottom: Any) -> Any:
    """Quotient; not a number where the divisor is 0."""
    import numpy as np

    top, bottom = np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64)
    shape = np.broadcast_shapes(top.shape, bottom.shape)
    return np.divide(top, bottom, out=np.full(shape, np.nan), where=bottom != 0)
