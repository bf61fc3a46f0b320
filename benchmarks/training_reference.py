"""The reference for the training benchmark, after the article's description of its sample, on today's libraries.

The processing script reads the table whole into pandas, one-hot encodes the categories with a featurizer that it
keeps, splits, and writes CSV without a header; the training script reads the CSV and fits XGBoost from a DMatrix,
scoring training and validation rows each round. Written for this benchmark; trees and split sizes are those of
the other side.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.training_data import CATEGORIES, KEY, TARGET

PARAMS = {
    "max_depth": 5, "eta": 0.1, "gamma": 4, "min_child_weight": 6, "subsample": 0.8,
    "objective": "binary:logistic", "eval_metric": "auc",
}  # fmt: skip


def preprocess(source: Path, work: Path) -> None:
    """Encode and split."""
    import joblib
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import LabelEncoder, OneHotEncoder

    frame = pd.concat([pd.read_parquet(file) for file in sorted(source.iterdir())])
    featurizer = make_column_transformer(
        (OneHotEncoder(sparse_output=False), list(CATEGORIES)), remainder="passthrough"
    )
    features = featurizer.fit_transform(frame.drop(columns=[KEY, TARGET]))
    labels = 1 - LabelEncoder().fit_transform(frame[TARGET])
    train, rest, train_labels, rest_labels = train_test_split(features, labels, test_size=0.3, random_state=0)
    parts = train_test_split(rest, rest_labels, test_size=0.5, random_state=0)
    work.mkdir(parents=True, exist_ok=True)
    named = {"train": (train, train_labels), "validation": (parts[0], parts[2]), "test": (parts[1], parts[3])}
    for name, (table, target) in named.items():
        pd.DataFrame(table).to_csv(work / f"{name}_features.csv", index=False, header=False)
        pd.DataFrame(target).to_csv(work / f"{name}_labels.csv", index=False, header=False)
    joblib.dump(featurizer, work / "model.joblib")


def train(work: Path) -> None:
    """Fit 100 rounds."""
    import xgboost as xgb

    train, validation = matrix(work, "train"), matrix(work, "validation")
    booster = xgb.train(
        PARAMS, train, num_boost_round=100, evals=[(train, "train"), (validation, "validation")],
        early_stopping_rounds=20, verbose_eval=False,
    )  # fmt: skip
    booster.save_model(work / "model.ubj")


def matrix(work: Path, name: str) -> Any:
    """DMatrix of a split."""
    import pandas as pd
    import xgboost as xgb

    features = pd.read_csv(work / f"{name}_features.csv", header=None)
    return xgb.DMatrix(features, label=pd.read_csv(work / f"{name}_labels.csv", header=None))


def score(work: Path) -> tuple[Any, Any]:
    """Scores and labels of the test rows."""
    import xgboost as xgb

    booster = xgb.Booster(model_file=work / "model.ubj")
    test = matrix(work, "test")
    return booster.predict(test), test.get_label()


if __name__ == "__main__":
    if sys.argv[1] == "preprocess":
        preprocess(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        train(Path(sys.argv[3]))
