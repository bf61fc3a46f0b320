"""Tables and configurations that the training tests share."""

from __future__ import annotations

import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from governance.contracts import load_contract
from training.config import TrainingConfig, load_config, with_hyperparameters

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT / "contracts" / "credit-card.odcs.yaml"


def loans(rows: int = 600, seed: int = 1) -> pa.Table:
    """A made-up table with every type of column; `grade` and `income` say something about `defaulted`."""
    rng = np.random.default_rng(seed)
    grade = rng.choice(list("ABCD"), rows)
    income = np.round(rng.lognormal(3, 0.5, rows), 2)
    odds = -1.5 + 0.8 * (np.searchsorted(list("ABCD"), grade) - 1) - 0.6 * (np.log(income) - 3)
    bad = rng.random(rows) < 1 / (1 + np.exp(-odds))
    start = datetime.date(2020, 1, 1)
    return pa.table(
        {
            "loan": pa.array([f"L{i:06d}" for i in range(rows)]),
            "grade": pa.array([None if rng.random() < 0.05 else str(g) for g in grade]),
            "income": pa.array([Decimal(str(v)) for v in income], pa.decimal128(12, 2)),
            "months": pa.array(rng.integers(6, 60, rows), pa.int32(), mask=rng.random(rows) < 0.1),
            "score": pa.array(rng.normal(size=rows)),
            "owner": pa.array(rng.random(rows) < 0.5),
            "opened": pa.array([start + datetime.timedelta(days=int(d)) for d in rng.integers(0, 900, rows)]),
            "seen": pa.array(rng.integers(1.6e15, 1.7e15, rows), pa.timestamp("us")),
            "defaulted": pa.array(["yes" if b else "no" for b in bad]),
        }
    )


def loans_config(**changes: object) -> TrainingConfig:
    """Configuration for `loans`, quick to train."""
    values = {
        "name": "loans",
        "product": "lending",
        "table": "loans",
        "target": "defaulted",
        "positive": "yes",
        "key": "loan",
        "contract": "",
    }
    config = load_config(**{**values, **changes})
    return with_hyperparameters(config, rounds=200, eta=0.1, early_stopping_rounds=10)


@cache
def german_credit() -> pa.Table:
    """The real delivery, decoded by its contract, without the columns that a data scientist may not read."""
    table = load_contract(CONTRACT).table("credit_card")
    text = csv.ConvertOptions(column_types={column.source: pa.string() for column in table.columns})
    delivery = ROOT / "contracts" / "data" / "credit-card" / "credit_card" / "credit_card.csv"
    raw = csv.read_csv(delivery, convert_options=text)
    columns = {}
    for column in table.columns:
        if column.classification == "restricted":
            continue
        values = raw.column(column.source).to_pylist()
        codes = {str(code): value for code, value in column.codes}
        decoded = [codes[value] for value in values] if codes else values
        whole = column.glue_type in ("tinyint", "smallint", "int", "bigint")
        columns[column.name] = pa.array([int(value) for value in decoded] if whole else decoded)
    return pa.table(columns)
