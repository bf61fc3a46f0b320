"""A consumer's training pipeline as its stack file configures it, and the facts that the stack adds.

Owns the keys of `mesh:pipeline` with their ranges. Deliberately not here: what is trained (a file of its own, which
`training.config` reads) and the pipeline itself (`training.pipeline`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from governance.errors import MeshError
from governance.reader import Reader, as_mapping, as_text

DEFAULT_CONFIG = "training/credit-risk.yaml"
_INSTANCE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+\Z")
_DAYS = 28
"""Longest a SageMaker job may run."""


@dataclass(frozen=True, kw_only=True)
class Instances:
    """Instances of the steps, and what a run may take.

    Parameters
    ----------
    preprocess_type, train_type, evaluate_type
        SageMaker instance types; defaults of pipeline parameters.
    preprocess_count, train_count
        Instances of the two steps that share their work; defaults of pipeline parameters.
    volume_gb
        Size of each instance's volume in GB, which holds data, model and scratch files.
    max_hours
        Hours after which SageMaker stops a job.
    spot
        Train on spot capacity, with checkpoints. No pipeline parameter: only with it may a request name a longest
        wait (SageMaker API, StoppingCondition).
    spot_wait_hours
        Hours that waiting for spot capacity and training may take together.
    """

    preprocess_type: str = "ml.m5.xlarge"
    preprocess_count: int = 1
    train_type: str = "ml.m5.xlarge"
    train_count: int = 1
    evaluate_type: str = "ml.m5.xlarge"
    volume_gb: int = 30
    max_hours: int = 4
    spot: bool = False
    spot_wait_hours: int = 8


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a model must meet to be registered, each from 0 to 1; defaults of pipeline parameters.

    Parameters
    ----------
    auc_floor
        Least area under the ROC curve on the test rows.
    tolerance
        How far the area may lie below the approved champion's.
    selection_rate_ratio
        Least ratio of the lowest to the highest rate of the favourable decision between groups. 0.8 is the
        four-fifths rule of the US Uniform Guidelines on Employee Selection Procedures (29 CFR 1607.4 D).
    tpr_gap, fpr_gap
        Greatest difference between groups in true and false positive rate. Like the ratio, held against what chance
        does not explain (95 %): a test split with few people of a group proves little about it.
    """

    auc_floor: float = 0.7
    tolerance: float = 0.01
    selection_rate_ratio: float = 0.8
    tpr_gap: float = 0.2
    fpr_gap: float = 0.2


@dataclass(frozen=True, kw_only=True)
class PipelineConfig:
    """The key `mesh:pipeline` of a consumer's stack file."""

    config: str = DEFAULT_CONFIG
    """Training configuration, relative to the project."""
    instances: Instances = field(default_factory=Instances)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, kw_only=True)
class PipelineFacts:
    """What a deployed consumer stack knows: names, roles, places, network. All are plain texts."""

    name: str
    region: str
    role_arn: str
    auditor_role_arn: str
    key_arn: str
    results_bucket: str
    models_bucket: str
    workgroup: str
    auditor_workgroup: str
    database: str
    contract_version: str
    model_package_group: str
    source_uri: str
    code_uri: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


def read_pipeline(reader: Reader) -> PipelineConfig | None:
    """Read `mesh:pipeline`; None where the stack has none.

    Raises
    ------
    MeshError
        A key is unknown, of the wrong kind or out of its range.
    """
    if "pipeline" not in reader.values:
        return None
    where = reader.where("pipeline")
    known = ("config", "instances", "limits", "spot")
    given = as_mapping(reader.mapping("pipeline"), known, where)
    instances = _instances(given.get("instances"), f"{where}.instances")
    return PipelineConfig(
        config=as_text(given, "config", where, DEFAULT_CONFIG),
        instances=Instances(**instances, **_spot(given.get("spot"), instances, f"{where}.spot")),
        limits=_limits(given.get("limits"), f"{where}.limits"),
    )


def _instances(value: Any, where: str) -> dict[str, Any]:
    given = as_mapping(value, ("preprocess", "train", "evaluate", "volumeGb", "maxHours"), where)
    found: dict[str, Any] = {}
    for step, keys in {
        "preprocess": ("type", "count"),
        "train": ("type", "count"),
        "evaluate": ("type",),
    }.items():
        entry = as_mapping(given.get(step), keys, f"{where}.{step}")
        if "type" in entry:
            found[f"{step}_type"] = kind = as_text(entry, "type", f"{where}.{step}")
            if not _INSTANCE.match(kind):
                raise MeshError(f"'{kind}' is nothing like ml.m5.xlarge", f"{where}.{step}.type")
        if "count" in entry:
            found[f"{step}_count"] = _whole(entry["count"], 100, f"{where}.{step}.count")
    if "volumeGb" in given:
        found["volume_gb"] = _whole(given["volumeGb"], 16_384, f"{where}.volumeGb")
    if "maxHours" in given:
        found["max_hours"] = _whole(given["maxHours"], 24 * _DAYS, f"{where}.maxHours")
    return found


def _spot(value: Any, instances: Mapping[str, Any], where: str) -> dict[str, Any]:
    """`true`, or how long to wait: `{waitHours: 12}`."""
    if value is None or isinstance(value, bool):
        found: dict[str, Any] = {"spot": bool(value)}
    else:
        entry = as_mapping(value, ("waitHours",), where)
        wait = _whole(entry.get("waitHours", Instances.spot_wait_hours), 24 * _DAYS, f"{where}.waitHours")
        found = {"spot": True, "spot_wait_hours": wait}
    longest = instances.get("max_hours", Instances.max_hours)
    if (
        found["spot"]
        and found.setdefault("spot_wait_hours", max(longest, Instances.spot_wait_hours)) < longest
    ):
        raise MeshError(f"must not be below maxHours, {longest}", f"{where}.waitHours")
    return found


def _limits(value: Any, where: str) -> Limits:
    names = {
        "aucFloor": "auc_floor", "tolerance": "tolerance", "selectionRateRatio": "selection_rate_ratio",
        "tprGap": "tpr_gap", "fprGap": "fpr_gap",
    }  # fmt: skip
    given = as_mapping(value, tuple(names), where)
    for key, number in given.items():
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1:
            raise MeshError(f"'{number}' must be a number from 0 to 1", f"{where}.{key}")
    found = asdict(Limits()) | {names[key]: float(number) for key, number in given.items()}
    return Limits(**found)


def _whole(value: Any, most: int, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise MeshError(f"'{value}' must be a whole number from 1 to {most}", where)
    return value
