"""Training rows in an order that trees are quick to grow on, and in memory where they are few enough.

Rows that fall into the same node of a tree should lie side by side, so that a histogram reads memory in runs: within
each batch rows are ordered by the features that alone say most about the outcome. That takes about a quarter off the
time of a large fit and nothing but the draws of row sampling depends on it. Small fits keep their order. Deliberately
not here: reading (`model.split_batches`) and fitting (`boosting`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training.data.arrays import arrow_of, numpy_of
from training.features import codes
from training.model import Batches

FEW_ROWS = 20_000
"""Below this many rows order does not matter."""

KEPT_BYTES = 160_000_000
"""Encoded rows kept in memory, at most: XGBoost passes over them four times to make its bins."""

_FEATURES, _BINS = 3, 32


def prepared(source: Batches, rows: int, features: int) -> Batches:
    """Batches for a fit over that many rows and features."""
    if rows < FEW_ROWS:
        return source
    order = _Order()
    if 4 * rows * features > KEPT_BYTES:
        return lambda: (order(table, labels) for table, labels in source())
    kept: list[tuple[Any, Any]] = []

    def read() -> Iterator[tuple[Any, Any]]:
        if not kept:
            kept.extend(order(table, labels) for table, labels in source())
        return iter(kept)

    return read


class _Order:
    """Orders batches, all by what the first one showed."""

    def __init__(self) -> None:
        self.leading: list[tuple[str, Any, Any]] = []

    def __call__(self, table: Any, labels: Any) -> tuple[Any, Any]:
        import numpy as np

        if not self.leading:
            self.leading = _leading(table, labels)
        key = np.zeros(len(table), np.uint16)
        for name, edges, ranks in self.leading:
            key = key * np.uint16(_BINS) + ranks[_bins(table.column(name), edges)]
        places = np.argsort(key, kind="stable")
        return table.take(arrow_of(places)), labels[places]


def _leading(table: Any, labels: Any) -> list[tuple[str, Any, Any]]:
    """Name, bin edges (None for a category) and rank of each bin, for the features that say most."""
    import numpy as np
    import pyarrow as pa

    found = []
    for place, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
        category = pa.types.is_dictionary(column.type)
        edges = None
        if not category:
            values = numpy_of(column)
            values = values[np.isfinite(values)]
            quantiles = np.linspace(0, 1, _BINS - 1)[1:-1]
            edges = np.unique(np.quantile(values, quantiles)) if len(values) else np.empty(0)
        bins = _bins(column, edges)
        counts = np.bincount(bins, minlength=_BINS).astype(float)
        positive = np.bincount(bins, weights=labels, minlength=_BINS)
        rates = np.divide(positive, counts, out=np.zeros(_BINS), where=counts > 0)
        ranks = np.argsort(np.argsort(rates, kind="stable")) if category else np.arange(_BINS)
        # variance that the bins explain
        found.append((-float((positive * rates).sum()), place, (name, edges, ranks.astype(np.uint16))))
    return [entry for _, _, entry in sorted(found, key=lambda item: item[:2])[:_FEATURES]]


def _bins(column: Any, edges: Any) -> Any:
    import numpy as np

    if edges is None:
        # missing is -1; levels beyond the last bin share it
        return np.clip(codes(column), -1, _BINS - 2).astype(np.intp) + 1
    return np.searchsorted(edges, numpy_of(column), side="right")
