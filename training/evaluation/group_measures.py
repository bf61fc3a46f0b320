"""Measures of a decision per group of people, and the greatest differences between groups.

Deliberately not here: reading the attributes that make the groups (`groups`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from training.data.protected import Protected
from training.evaluation.curves import wilson

SMALL = 20
"""Groups of fewer rows get no rates: they would say little, and much about single people."""

_NORMAL = 1.959963984540054
"""Quantile of the normal distribution for 95 % intervals."""


def by_group(
    entry: Protected, groups: Sequence[str], scores: Any, labels: Any, taken: Any, *, favourable: str
) -> dict[str, Any]:
    """Measures per group of one attribute, and the greatest differences between groups.

    Parameters
    ----------
    groups, scores, labels, taken
        Per row its group, score, outcome (1 positive) and whether it is taken for positive.
    favourable
        ``positive`` or ``negative``: the class whose prediction is good for the person.

    Returns
    -------
    dict
        Each rate has `value`, the bounds of its 95 % interval (Wilson) and `of`, the rows it is a share of;
        it is None without such rows and in a small group. Differences leave small groups out.
    """
    import numpy as np

    names = np.array(groups, dtype=object)
    table = []
    for group in sorted(set(groups), key=entry.order):
        chosen = names == group
        table.append({"group": group, **_measures(scores[chosen], labels[chosen], taken[chosen], favourable)})
    return {"name": entry.name, "column": entry.column, "groups": table, "differences": differences(table)}


def differences(table: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Greatest differences between the groups that are large enough.

    Each has a bound beside it: the part of the difference that chance does not explain (`_low`), or the best
    ratio that the data still allow (`_high`); with few rows a great difference may prove nothing.

    Demographic parity: of selection rates. Equal opportunity: of true positive rates (Hardt et al. 2016).
    Equalised odds: the greater of those of true and false positive rates. Disparate impact: lowest by highest
    rate of the favourable decision; below 0.8 it fails the four-fifths rule.
    """

    def values(measure: str) -> list[float]:
        return [row[measure]["value"] for row in table if row.get(measure)]

    def spread(measure: str) -> float | None:
        found = values(measure)
        return max(found) - min(found) if len(found) > 1 else None

    odds = [found for found in (spread("tpr"), spread("fpr")) if found is not None]
    good = values("favourable_rate")
    ratio = min(good) / max(good) if len(good) > 1 and max(good) > 0 else None
    return {
        "demographic_parity_difference": spread("selection_rate"),
        "equal_opportunity_difference": spread("tpr"),
        "equal_opportunity_difference_low": _proven(table, "tpr"),
        "false_positive_rate_difference": spread("fpr"),
        "false_positive_rate_difference_low": _proven(table, "fpr"),
        "equalised_odds_difference": max(odds) if odds else None,
        "disparate_impact_ratio": ratio,
        "disparate_impact_ratio_high": _possible_ratio(table),
    }


def _proven(table: Sequence[Mapping[str, Any]], measure: str) -> float | None:
    """Greatest lower bound (95 %) of the difference between two groups' rates, at least 0; None with one group.

    The interval of a difference of two proportions from their Wilson intervals: Newcombe 1998, method 10.
    """
    rates = [row[measure] for row in table if row.get(measure)]
    bounds = [
        (high["value"] - low["value"]) - math.hypot(high["value"] - high["low"], low["high"] - low["value"])
        for high in rates
        for low in rates
        if high is not low
    ]
    return max(0.0, *bounds) if bounds else None


def _possible_ratio(table: Sequence[Mapping[str, Any]]) -> float | None:
    """Least upper bound (95 %) of the ratio of two groups' favourable rates, at most 1; None with one group.

    The interval of a ratio of two proportions on its logarithm, with half a case added to each count so that no
    count is 0: Katz et al. 1978, Walter 1975.
    """
    rates = [row["favourable_rate"] for row in table if row.get("favourable_rate")]
    found = []
    for low in rates:
        for high in rates:
            if high is low:
                continue
            a, b = low["value"] * low["of"] + 0.5, high["value"] * high["of"] + 0.5
            n, m = low["of"] + 0.5, high["of"] + 0.5
            error = math.sqrt(max(0.0, 1 / a - 1 / n + 1 / b - 1 / m))
            found.append(a / n / (b / m) * math.exp(_NORMAL * error))
    return min(1.0, *found) if found else None


def _measures(scores: Any, labels: Any, taken: Any, favourable: str) -> dict[str, Any]:
    rows, positive = len(labels), labels == 1
    if rows < SMALL:
        return {"rows": rows, "small": True}
    good = taken if favourable == "positive" else ~taken
    return {
        "rows": rows,
        "small": False,
        "selection_rate": _rate(taken.sum(), rows),
        "favourable_rate": _rate(good.sum(), rows),
        "tpr": _rate((taken & positive).sum(), positive.sum()),
        "fpr": _rate((taken & ~positive).sum(), (~positive).sum()),
        "precision": _rate((taken & positive).sum(), taken.sum()),
        "mean_score": float(scores.mean()),
        "observed": _rate(positive.sum(), rows),
    }


def _rate(count: Any, of: Any) -> dict[str, float] | None:
    if not of:
        return None
    low, high = wilson(float(count), float(of))
    return {"value": float(count) / float(of), "low": low, "high": high, "of": int(of)}


def worst(groups: Mapping[str, Any] | None) -> dict[str, float]:
    """The greatest differences over all attributes, as numbers that a condition can compare.

    `selection_rate_ratio` is the lowest ratio of the groups' rates of the favourable decision, 1 at best; the gaps
    are the greatest between the groups' true and false positive rates, 0 at best. The same with `_proven` are what
    chance does not explain (95 %), and what a limit is held against. What was not measured has the best value;
    `attributes` is how many were.
    """
    attributes = groups["attributes"] if groups else []
    found = [attribute["differences"] for attribute in attributes]

    def values(name: str) -> list[float]:
        return [entry[name] for entry in found if entry.get(name) is not None]

    return {
        "selection_rate_ratio": min(values("disparate_impact_ratio"), default=1.0),
        "tpr_gap": max(values("equal_opportunity_difference"), default=0.0),
        "fpr_gap": max(values("false_positive_rate_difference"), default=0.0),
        "selection_rate_ratio_proven": min(values("disparate_impact_ratio_high"), default=1.0),
        "tpr_gap_proven": max(values("equal_opportunity_difference_low"), default=0.0),
        "fpr_gap_proven": max(values("false_positive_rate_difference_low"), default=0.0),
        "attributes": len(attributes),
    }
