"""Why a score is what it is: SHAP contributions summed up per feature, and reason codes per row.

Contributions are XGBoost's own exact tree SHAP values (Lundberg and Lee 2017) in log odds. Deliberately not
here: pictures (`report`) and the payloads of a service (`inference`).
"""

from __future__ import annotations

from typing import Any

from training.data.arrays import numpy_of
from training.features import CATEGORY, FeatureSchema
from training.model import contributions, score


def importance(booster: Any, table: Any, schema: FeatureSchema) -> list[dict[str, Any]]:
    """Features by mean absolute contribution over the rows of `table`, most important first."""
    import numpy as np

    values = np.abs(contributions(booster, table)[:, :-1]).mean(axis=0)
    order = np.argsort(-values, kind="stable")
    total = float(values.sum()) or 1.0
    return [
        {
            "feature": schema.names[i],
            "mean_abs_contribution": float(values[i]),
            "share": float(values[i]) / total,
        }
        for i in order
    ]


def reason_codes(booster: Any, table: Any, schema: FeatureSchema, top: int = 4) -> list[dict[str, Any]]:
    """Per row the score and the features that raised it most, each with its value and contribution.

    Only contributions that speak for the positive class are reasons; a row may have fewer than `top`, or
    none.
    """
    import numpy as np

    values = contributions(booster, table)
    scores = score(booster, table)
    order = np.argsort(-values[:, :-1], axis=1, kind="stable")[:, :top]
    result = []
    for row in range(len(table)):
        reasons = [
            {
                "feature": schema.names[i],
                "value": _plain(table.column(int(i))[row].as_py(), schema.features[i].kind),
                "contribution": float(values[row, i]),
            }
            for i in order[row]
            if values[row, i] > 0
        ]
        result.append({"score": float(scores[row]), "bias": float(values[row, -1]), "reasons": reasons})
    return result


def signed_reasons(booster: Any, table: Any, schema: FeatureSchema, top: int = 4) -> list[dict[str, Any]]:
    """Per row the score and the features that moved it most, whichever way, each with sign and contribution.

    `effect` is ``raises`` or ``lowers``: what the value does to the probability of the positive class.
    """
    import numpy as np

    values = contributions(booster, table)
    scores = score(booster, table)
    order = np.argsort(-np.abs(values[:, :-1]), axis=1, kind="stable")[:, :top]
    return [
        {
            "score": float(scores[row]),
            "reasons": [
                {
                    "feature": schema.names[i],
                    "value": _plain(table.column(int(i))[row].as_py(), schema.features[i].kind),
                    "contribution": float(values[row, i]),
                    "effect": "raises" if values[row, i] > 0 else "lowers",
                }
                for i in order[row]
                if values[row, i] != 0
            ],
        }
        for row in range(len(table))
    ]


def shap_points(
    booster: Any, table: Any, schema: FeatureSchema, features: int = 10, rows: int = 200
) -> list[dict[str, Any]]:
    """Contributions of the most important features in the first rows, for a summary picture.

    Each point is [contribution, rank of the row's value from 0 to 1]; the rank is None for a category or a
    missing value, since neither is high or low.
    """
    import numpy as np

    shown = table.slice(0, rows)
    values = contributions(booster, shown)[:, :-1]
    result = []
    for i in np.argsort(-np.abs(values).mean(axis=0), kind="stable")[:features]:
        numeric = schema.features[i].kind != CATEGORY
        ranks = _ranks(numpy_of(shown.column(int(i)))) if numeric else np.full(len(shown), np.nan)
        points = [
            [round(float(value), 5), None if rank != rank else round(float(rank), 3)]
            for value, rank in zip(values[:, i], ranks, strict=True)
        ]
        result.append({"feature": schema.names[i], "points": points})
    return result


def _ranks(values: Any) -> Any:
    """Rank of each number among those that are there, from above 0 to 1; equal ones share the mean of theirs."""
    import numpy as np

    there = ~np.isnan(values)
    _, place, counts = np.unique(values[there], return_inverse=True, return_counts=True)
    ranks = np.full(len(values), np.nan)
    ranks[there] = ((np.cumsum(counts) - (counts - 1) / 2) / max(1, there.sum()))[place]
    return ranks


def _plain(value: Any, kind: str) -> Any:
    if value is None or value != value:  # not a number is the one value that differs from itself
        return None
    if kind == CATEGORY:
        return str(value)
    number = float(value)
    if kind == "boolean":
        return bool(number)
    return int(number) if number.is_integer() else number
