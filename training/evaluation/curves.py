"""Curves and tables of an evaluation: ROC, precision-recall, calibration and the confusion at a threshold.

Everything is plain numbers ready for JSON. Deliberately not here: the measures that sum a curve up
(`metrics`).
"""

from __future__ import annotations

from typing import Any

from training.evaluation.metrics import Counts, merge

POINTS = 200
"""Points a curve is thinned to; enough for a picture, small in a report."""

_Z95 = 1.959963984540054


def roc_points(counts: Counts) -> list[dict[str, float]]:
    """ROC curve from (0, 0) to (1, 1): fpr, tpr and the threshold from which on rows count as positive."""
    thinned = merge(counts, POINTS)
    tpr, fpr = _share(thinned.positive), _share(thinned.negative)
    points = [{"fpr": 0.0, "tpr": 0.0, "threshold": 1.0}]
    rows = zip(fpr, tpr, thinned.score, strict=True)
    points += [{"fpr": float(f), "tpr": float(t), "threshold": float(s)} for f, t, s in rows]
    return points


def pr_points(counts: Counts) -> list[dict[str, float]]:
    """Precision-recall curve, from the highest threshold down."""
    import numpy as np

    thinned = merge(counts, POINTS)
    found, taken = np.cumsum(thinned.positive), np.cumsum(thinned.positive + thinned.negative)
    rows = zip(_share(thinned.positive), found / taken, thinned.score, strict=True)
    return [{"recall": float(r), "precision": float(p), "threshold": float(s)} for r, p, s in rows]


def distribution(counts: Counts, bins: int = 25) -> list[dict[str, float]]:
    """Rows of each class per band of scores; the bands are equally wide and span 0 to 1."""
    import numpy as np

    edges = np.linspace(0, 1, bins + 1)
    positive, _ = np.histogram(counts.score, edges, weights=counts.positive)
    negative, _ = np.histogram(counts.score, edges, weights=counts.negative)
    rows = zip(edges, edges[1:], positive, negative, strict=False)
    return [
        {"low": float(low), "high": float(high), "positive": int(p), "negative": int(n)}
        for low, high, p, n in rows
    ]


def calibration(counts: Counts, bins: int = 10) -> list[dict[str, float]]:
    """Calibration table in bins of about equal size, lowest scores first.

    Each has its number of rows, mean score, observed rate and the rate's 95 % interval (Wilson 1927).
    """
    grouped = merge(counts, bins)
    table = []
    for score, positive, negative in zip(
        grouped.score[::-1], grouped.positive[::-1], grouped.negative[::-1], strict=True
    ):
        rows = positive + negative
        low, high = wilson(float(positive), float(rows))
        table.append(
            {
                "rows": int(rows),
                "mean_score": float(score),
                "observed": float(positive / rows),
                "low": low,
                "high": high,
            }
        )
    return table


def calibration_error(table: list[dict[str, float]]) -> float:
    """Expected calibration error: distance of mean score and observed rate, weighted by rows."""
    total = sum(row["rows"] for row in table)
    return sum(row["rows"] * abs(row["mean_score"] - row["observed"]) for row in table) / total


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """95 % interval of a rate (Wilson 1927)."""
    rate, square = successes / trials, _Z95**2
    centre = (rate + square / (2 * trials)) / (1 + square / trials)
    half = _Z95 / (1 + square / trials) * (rate * (1 - rate) / trials + square / (4 * trials**2)) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def confusion(counts: Counts, threshold: float) -> dict[str, float]:
    """Counts and rates when scores from `threshold` on are taken for positive; rates without a case are 0."""
    taken = counts.score >= threshold
    tp, fp = float(counts.positive[taken].sum()), float(counts.negative[taken].sum())
    fn, tn = float(counts.positive[~taken].sum()), float(counts.negative[~taken].sum())
    total = tp + fp + fn + tn
    return {
        "threshold": threshold,
        "true_positive": int(tp),
        "false_positive": int(fp),
        "true_negative": int(tn),
        "false_negative": int(fn),
        "accuracy": (tp + tn) / total if total else 0.0,
        "precision": tp / (tp + fp) if tp + fp else 0.0,
        "recall": tp / (tp + fn) if tp + fn else 0.0,
        "false_positive_rate": fp / (fp + tn) if fp + tn else 0.0,
        "selection_rate": (tp + fp) / total if total else 0.0,
    }


def _share(values: Any) -> Any:
    import numpy as np

    return np.cumsum(values) / max(values.sum(), 1)
