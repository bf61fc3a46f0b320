"""A credit table of any size for the benchmark, generated: columns and words as German credit, rows our own.

Written as Athena unloads a query: Parquet files of equal size with Snappy. Who defaults follows a score over
categories and numbers with two interactions, so that trees have something to find and cannot find all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

CATEGORIES: dict[str, tuple[str, ...]] = {
    "status": ("below 0 DM", "0 to 200 DM", "no checking account", "200 DM or more"),
    "credit_history": ("critical account", "paid back duly till now", "delay in the past", "all paid here", "none"),
    "purpose": ("radio or television", "education", "furniture", "car (new)", "car (used)", "business",
                "domestic appliances", "repairs", "others", "retraining"),
    "savings": ("unknown or none", "below 100 DM", "500 to 1000 DM", "1000 DM or more", "100 to 500 DM"),
    "employment_duration": ("7 years or more", "1 to 4 years", "4 to 7 years", "unemployed", "below 1 year"),
    "other_debtors": ("none", "guarantor", "co-applicant"),
    "property": ("real estate", "savings or life insurance", "unknown or none", "car or other"),
    "other_installment_plans": ("none", "bank", "stores"),
    "housing": ("own", "for free", "rent"),
    "job": ("skilled employee", "unskilled resident", "management", "unemployed or non-resident"),
    "telephone": ("true", "false"),
}  # fmt: skip
NUMBERS = ("duration", "amount", "installment_rate", "present_residence", "number_credits", "people_liable")
KEY, TARGET, POSITIVE = "application_id", "credit_risk", "0"
_ROWS_PER_FILE = 125_000


def write(folder: Path, rows: int, seed: int = 11) -> None:
    """Write `rows` rows into Parquet files of a folder."""
    import numpy as np
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    for number, start in enumerate(range(0, rows, _ROWS_PER_FILE)):
        count = min(_ROWS_PER_FILE, rows - start)
        table = _table(generator, start, count)
        pq.write_table(table, folder / f"unloaded_{number:05d}", compression="snappy")


def _table(generator: Any, start: int, count: int) -> Any:
    import numpy as np
    import pyarrow as pa

    columns: dict[str, Any] = {KEY: pa.array([f"A-{row:09d}" for row in range(start, start + count)])}
    score = np.full(count, -1.1)
    codes = {}
    for place, (name, levels) in enumerate(CATEGORIES.items()):
        weights = 1 / np.arange(1, len(levels) + 1)
        code = generator.choice(len(levels), count, p=weights / weights.sum())
        effects = np.cos(np.arange(len(levels)) * (place + 1.3)) * (0.6 if place < 4 else 0.25)
        score += effects[code] - effects.mean()
        codes[name] = code
        columns[name] = pa.DictionaryArray.from_arrays(pa.array(code, pa.int32()), list(levels)).cast(
            pa.string()
        )
    duration = np.round(np.exp(generator.normal(2.9, 0.5, count))).clip(4, 72)
    amount = np.round(duration * np.exp(generator.normal(5, 0.6, count))).clip(250, 40_000)
    numbers = {"duration": duration, "amount": amount}
    numbers |= {name: generator.integers(1, 5, count) for name in NUMBERS[2:5]}
    numbers["people_liable"] = generator.integers(1, 3, count)
    score += 0.5 * np.log(duration / 18) + 0.3 * np.log(amount / 2500) * (codes["purpose"] % 2)
    score += 0.15 * (numbers["installment_rate"] - 2.5) * (codes["savings"] == 1)
    columns |= {name: pa.array(np.asarray(values, dtype=np.int64)) for name, values in numbers.items()}
    bad = generator.random(count) < 1 / (1 + np.exp(-score))
    columns[TARGET] = pa.array(np.where(bad, 0, 1))
    return pa.table(columns)
