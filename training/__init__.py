"""Credit-risk training on governed data: explore, preprocess, train, evaluate, register.

Each phase is a module with a ``run(context)`` that returns a dataclass, over pure functions that know no AWS.
Deliberately not here: Pulumi, the embedded cloud and the command line of the mesh; the package sees a
deployed consumer stack only through its outputs and reaches AWS only as a role of the consumer account.
Importing the package is cheap; pandas, pyarrow, xgboost and the AWS clients are imported where they are used.
"""

from __future__ import annotations

PHASES: tuple[str, ...] = ("explore", "preprocess", "train", "evaluate", "register")
"""The phases in the order they run."""

SPLITS: tuple[str, ...] = ("train", "validation", "test")
"""The parts that rows are split into."""

MODEL_FILE = "xgboost-model"
"""Name of the model in a model folder; what SageMaker's XGBoost container looks for."""

FEATURES_FILE = "features.json"
"""Name of the feature schema in a features folder and beside the model."""

METRICS_FILE = "metrics.json"
"""Name of the training metrics beside the model."""

EVALUATION_FILE = "evaluation.json"
"""Name of the evaluation report."""

REPORT_FILE = "evaluation.html"
"""Name of the page beside the evaluation report."""

CARD_FILE = "model-card.json"
"""Name of the model card beside the model package's metrics."""
