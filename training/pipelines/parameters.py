"""Parameters of the pipeline: name, type and default of everything that a run may change.

Their defaults come from the settings, so that a pipeline started without any trains what is configured. Deliberately
not here: what the steps do with them (`steps`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from training.config import TrainingConfig
from training.pipelines.settings import (
    COLUMN_LISTS,
    LONGEST_QUERY,
    LONGEST_VALUE,
    PipelineSettings,
    column_texts,
)

APPROVALS = ("PendingManualApproval", "Rejected")
"""States a run may register its model in: who starts a run does not approve what comes of it (docs/adr/0009)."""
CHAMPION = "ChampionAuc"
"""Area of the newest approved model; whoever starts a run fills it in, since no isolated container can ask."""
QUERY = "Query"
"""The query, or where it is long its beginning; `Query2` and so on go on with it."""
DATA_VERSION = "DataVersion"
"""State of the table that is read; a run on changed data gives another, so that no cached split is used."""


def parameter_name(hyperparameter: str) -> str:
    """Pipeline parameter of a hyperparameter: ``max_depth`` is ``MaxDepth``."""
    return "".join(part.capitalize() for part in hyperparameter.split("_"))


def query_parameters(query: str) -> dict[str, str]:
    """Parameters that together are the query: a value ends at 1,024 characters, a query at 4,096.

    >>> query_parameters("SELECT 1")
    {'Query': 'SELECT 1', 'Query2': '', 'Query3': '', 'Query4': ''}
    """
    starts = range(0, LONGEST_QUERY, LONGEST_VALUE)
    return _numbered(QUERY, [query[start : start + LONGEST_VALUE] for start in starts])


def column_parameters(config: TrainingConfig, kind: str) -> dict[str, str]:
    """Parameters of a list of columns: ``Exclude``, and ``Exclude2`` and so on where one argument is too short."""
    return _numbered(parameter_name(kind), column_texts(getattr(config, kind), kind))


def _numbered(name: str, texts: Sequence[str]) -> dict[str, str]:
    """The first text under the name itself, the others under the name with their number."""
    return {f"{name}{number}" if number > 1 else name: text for number, text in enumerate(texts, 1)}


def parameters(settings: PipelineSettings) -> dict[str, Any]:
    """All parameters by name, in the order they are shown."""
    from sagemaker.core.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString

    config, instances, limits = settings.config, settings.instances, settings.limits
    texts = {
        "Product": config.product,
        "Table": config.table,
        "Database": settings.database,
        "ContractVersion": settings.contract_version,
        DATA_VERSION: "unknown",
        **query_parameters(settings.query),
        **({"ProtectedQuery": settings.protected_query} if settings.protected_query else {}),
        "Target": config.target,
        "Positive": config.positive,
        **{name: text for kind in COLUMN_LISTS for name, text in column_parameters(config, kind).items()},
        "Split": ",".join(f"{fraction:g}" for fraction in config.fractions),
        "PreprocessInstanceType": instances.preprocess_type,
        "TrainInstanceType": instances.train_type,
        "EvaluateInstanceType": instances.evaluate_type,
    }
    whole: dict[str, int] = {
        "Seed": config.seed,
        "PreprocessInstanceCount": instances.preprocess_count,
        "TrainInstanceCount": instances.train_count,
    }
    numbers: dict[str, float] = {
        "AucFloor": limits.auc_floor,
        CHAMPION: 0,
        "Tolerance": limits.tolerance,
        "MinSelectionRateRatio": limits.selection_rate_ratio,
        "MaxTprGap": limits.tpr_gap,
        "MaxFprGap": limits.fpr_gap,
    }
    tuned = {entry.name for entry in config.tuning.ranges} if config.tuning else set()
    for name, value in asdict(config.hyperparameters).items():
        if name not in tuned:
            (whole if isinstance(value, int) else numbers)[parameter_name(name)] = value
    found: dict[str, Any] = {
        name: ParameterString(name, default_value=value) for name, value in texts.items()
    }
    found["ApprovalStatus"] = ParameterString(
        "ApprovalStatus", default_value=APPROVALS[0], enum_values=list(APPROVALS)
    )
    found |= {name: ParameterInteger(name, default_value=int(value)) for name, value in whole.items()}
    found |= {name: ParameterFloat(name, default_value=float(value)) for name, value in numbers.items()}
    return found
