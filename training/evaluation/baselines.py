"""Baselines for drift, in SageMaker Model Monitor's formats: ``statistics.json`` and ``constraints.json``.

Both describe the training rows that a model learned from; a later batch is compared with them. Owns the two
documents (the schemas are those of the Model Monitor guide) and the sketch of a number's distribution: KLL
(Karnin, Lang and Liberty 2016), which holds about `K` values whatever the number of rows. Deliberately not here:
the comparison.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from training.data.arrays import numpy_of
from training.features import CATEGORY, FeatureSchema, as_category, as_number, batches

STATISTICS_FILE, CONSTRAINTS_FILE = "statistics.json", "constraints.json"

K = 2048
_BUCKETS = 10
_DOMAIN = 100
"""Longest list of values that a constraint names."""
_TRACKED = 100_000
"""Different texts of a column counted at a time; beyond it the rarest are forgotten, and no more are told."""


class Sketch:
    """A KLL sketch: level i holds values that stand for 2**i each."""

    def __init__(self) -> None:
        self.levels: list[Any] = []
        self._odd = False

    def add(self, values: Any) -> None:
        """Take values in, an array of float64 without nulls."""
        import numpy as np

        carried, level = values, 0
        while len(carried):
            if level == len(self.levels):
                self.levels.append(np.empty(0))
            held = np.concatenate([self.levels[level], carried])
            if len(held) <= K:
                self.levels[level] = held
                return
            held.sort()
            # an odd one out stays; of each pair one goes up, the first and the second in turn
            even = len(held) // 2 * 2
            self.levels[level] = held[even:]
            carried = held[int(self._odd) : even : 2]
            self._odd = not self._odd
            level += 1

    def weighted(self) -> tuple[Any, Any]:
        """All values held, ascending, and how many rows each stands for."""
        import numpy as np

        values = np.concatenate([*self.levels, np.empty(0)])
        weights = np.concatenate(
            [*(np.full(len(level), 2.0**at) for at, level in enumerate(self.levels)), np.empty(0)]
        )
        order = np.argsort(values, kind="stable")
        return values[order], weights[order]


class _Numbers:
    def __init__(self) -> None:
        self.sketch = Sketch()
        self.present = self.missing = 0
        self.mean = self.squares = 0.0
        self.low, self.high = float("inf"), float("-inf")
        self.whole = True

    def add(self, column: Any) -> None:
        import numpy as np

        self.missing += column.null_count
        values = numpy_of(column.drop_null()).astype(np.float64)
        holes = np.isnan(values)
        if holes.any():
            self.missing += int(holes.sum())
            values = values[~holes]
        if not len(values):
            return
        # Chan, Golub and LeVeque (1979): mean and sum of squares of two parts joined
        mean, count, before = float(values.mean()), len(values), self.present
        shift = mean - self.mean
        self.present = before + count
        self.mean += shift * count / self.present
        self.squares += float(((values - mean) ** 2).sum()) + shift**2 * before * count / self.present
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        self.whole = self.whole and bool((values == np.floor(values)).all())
        self.sketch.add(values)

    def statistics(self) -> dict[str, Any]:
        common = {"num_present": self.present, "num_missing": self.missing}
        if not self.present:
            return {"common": common}
        return {
            "common": common,
            "mean": self.mean,
            "sum": self.mean * self.present,
            "std_dev": (self.squares / self.present) ** 0.5,
            "min": self.low,
            "max": self.high,
            "distribution": {
                "kll": {
                    "buckets": self._buckets(),
                    "sketch": {
                        "parameters": {"c": 0.64, "k": float(K)},
                        "data": [level.tolist() for level in self.sketch.levels],
                    },
                }
            },
        }

    def _buckets(self) -> list[dict[str, float]]:
        import numpy as np

        values, weights = self.sketch.weighted()
        high = self.high if self.high > self.low else self.low + 1
        edges = np.linspace(self.low, high, _BUCKETS + 1)
        counts, _ = np.histogram(values, edges, weights=weights)
        return [
            {"lower_bound": float(a), "upper_bound": float(b), "count": float(count)}
            for a, b, count in zip(edges, edges[1:], counts, strict=False)
        ]


class _Texts:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.missing = self.present = self.distinct = 0

    def add(self, column: Any) -> None:
        import pyarrow.compute as pc

        for pair in pc.value_counts(column).to_pylist():
            if pair["values"] is None:
                self.missing += pair["counts"]
            else:
                self.present += pair["counts"]
                self.counts[pair["values"]] += pair["counts"]
        if len(self.counts) > _TRACKED:
            self.counts = Counter(dict(self.counts.most_common(_TRACKED // 2)))
            self.distinct = max(self.distinct, _TRACKED)

    def statistics(self) -> dict[str, Any]:
        ranked = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        return {
            "common": {"num_present": self.present, "num_missing": self.missing},
            "distinct_count": float(max(self.distinct, len(self.counts))),
            "distribution": {
                "categorical": {"buckets": [{"value": v, "count": c} for v, c in ranked[:_DOMAIN]]}
            },
        }


def baselines(
    folder: str | Path, schema: FeatureSchema, rows: int = 65_536
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Statistics and constraints of the rows in a folder of Parquet files, in one pass.

    Numbers, booleans (0 and 1) and moments (days since 1970) are numerical, as the model sees them.

    Raises
    ------
    MeshError
        There is no file, or one cannot be read.
    """
    found: dict[str, Any] = {
        feature.name: _Texts() if feature.kind == CATEGORY else _Numbers() for feature in schema.features
    }
    total = 0
    for batch in batches(folder, list(schema.names), rows):
        total += len(batch)
        for feature in schema.features:
            column = batch.column(feature.name)
            texts = feature.kind == CATEGORY
            found[feature.name].add(as_category(column) if texts else as_number(column, feature.kind))
    statistics, constraints = [], []
    for feature in schema.features:
        held = found[feature.name]
        values = held.statistics()
        present = values["common"]["num_present"]
        entry = {"name": feature.name, "completeness": present / total if total else 0.0}
        if feature.kind == CATEGORY:
            kind = "String"
            statistics.append({"name": feature.name, "inferred_type": kind, "string_statistics": values})
            domain = {"domains": list(feature.levels)} if len(feature.levels) <= _DOMAIN else {}
            constraints.append(entry | {"inferred_type": kind, "string_constraints": domain})
        else:
            kind = "Unknown" if not present else "Integral" if held.whole else "Fractional"
            statistics.append({"name": feature.name, "inferred_type": kind, "numerical_statistics": values})
            limits = {"is_non_negative": bool(present and held.low >= 0)}
            constraints.append(entry | {"inferred_type": kind, "num_constraints": limits})
    return (
        {"version": 0.0, "dataset": {"item_count": total}, "features": statistics},
        {"version": 0.0, "features": constraints, "monitoring_config": _MONITORING},
    )


def write_baselines(folder: str | Path, schema: FeatureSchema, output: Path, rows: int = 65_536) -> None:
    """Write both documents into `output`."""
    names = (STATISTICS_FILE, CONSTRAINTS_FILE)
    for name, content in zip(names, baselines(folder, schema, rows), strict=True):
        (output / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


_MONITORING: dict[str, Any] = {
    "evaluate_constraints": "Enabled",
    "emit_metrics": "Enabled",
    "datatype_check_threshold": 1.0,
    "domain_content_threshold": 1.0,
    "distribution_constraints": {
        "perform_comparison": "Enabled",
        "comparison_threshold": 0.1,
        "comparison_method": "Robust",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": "LInfinity",
    },
}
