"""The hyperparameters of the model: defaults, ranges and the flags they become.

Owns what may be tuned and in which range. Deliberately not here: how they are used (`train`) and the settings
that are no choice: objective, tree method and evaluation metric are fixed by what the model is.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from governance.errors import MeshError

_RANGES: dict[str, tuple[float, float, bool]] = {
    # name: lowest, highest, lowest itself allowed
    "rounds": (1, 100_000, True),
    "early_stopping_rounds": (1, 10_000, True),
    "max_depth": (1, 20, True),
    "eta": (0, 1, False),
    "min_child_weight": (0, math.inf, True),
    "subsample": (0, 1, False),
    "colsample_bytree": (0, 1, False),
    "reg_lambda": (0, math.inf, True),
    "reg_alpha": (0, math.inf, True),
    "gamma": (0, math.inf, True),
    "max_cat_to_onehot": (1, 100_000, True),
    "max_bin": (2, 65_536, True),
}


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """Tunable settings of the gradient-boosted trees.

    The defaults come from a study on the German credit data (see the comment in ``credit-risk.yaml``); they
    are cautious ones: shallow trees, strong sampling of rows and columns, and a number of rounds that early
    stopping decides.

    Raises
    ------
    MeshError
        A value is not a number or lies outside its range.
    """

    rounds: int = 1500
    early_stopping_rounds: int = 50
    max_depth: int = 3
    eta: float = 0.03
    min_child_weight: float = 2.0
    subsample: float = 0.6
    colsample_bytree: float = 0.3
    reg_lambda: float = 1.0
    reg_alpha: float = 0.0
    gamma: float = 0.5
    max_cat_to_onehot: int = 4
    max_bin: int = 64

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            object.__setattr__(self, field.name, _checked(field.name, value, field.type == "int"))

    def booster_params(self, seed: int, threads: int) -> dict[str, Any]:
        """Parameters for ``xgboost.train``; rounds and early stopping are arguments there, not parameters."""
        params = asdict(self)
        del params["rounds"], params["early_stopping_rounds"]
        return {
            **params,
            "objective": "binary:logistic",
            "eval_metric": "logloss",
            "tree_method": "hist",
            "seed": seed,
            # each round draws from (seed, round), so that a run that was cut off goes on as it would have
            "seed_per_iteration": True,
            "nthread": threads,
        }


def _checked(name: str, value: object, whole: bool) -> float:
    low, high, closed = _RANGES[name]
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    inside = (low <= number if closed else low < number) and number <= high and not isinstance(value, bool)
    if not inside or math.isinf(number) or (whole and number != int(number)):
        kind = "a whole number" if whole else "a number"
        bounds = f"{'from' if closed else 'above'} {low:g}" + ("" if math.isinf(high) else f" up to {high:g}")
        raise MeshError(f"'{value}' is out of range; give {kind} {bounds}", f"hyperparameters.{name}")
    return int(number) if whole else number


def is_whole(name: str) -> bool:
    """Whether a hyperparameter takes whole numbers only."""
    return isinstance(getattr(Hyperparameters, name), int)


def limits(name: str, where: str) -> tuple[float, float, bool]:
    """Lowest and highest value of a hyperparameter, and whether the lowest itself is allowed.

    Raises
    ------
    MeshError
        There is no such hyperparameter; `where` is named.
    """
    if name not in _RANGES:
        raise MeshError(f"no such hyperparameter; use one of {', '.join(_RANGES)}", where)
    return _RANGES[name]


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add one flag per hyperparameter, in both spellings (SageMaker passes names with underscores)."""
    group = parser.add_argument_group("hyperparameters (default: from the configuration)")
    for name, (low, high, _) in _RANGES.items():
        flags = {f"--{name}", f"--{name.replace('_', '-')}"}
        upper = "" if math.isinf(high) else f" to {high:g}"
        group.add_argument(*sorted(flags), dest=name, metavar="N", help=f"{low:g}{upper or ' or more'}")


def from_flags(flags: argparse.Namespace, defaults: Mapping[str, Any] | None = None) -> Hyperparameters:
    """Hyperparameters from parsed flags over ``defaults``; flags not given leave the default."""
    given = {name: getattr(flags, name) for name in _RANGES if getattr(flags, name, None) is not None}
    return from_mapping({**(defaults or {}), **given}, "hyperparameters")


def from_mapping(values: Mapping[str, Any], where: str) -> Hyperparameters:
    """Hyperparameters from a mapping; a name that does not exist is an error naming it."""
    unknown = sorted(set(values) - set(_RANGES))
    if unknown:
        raise MeshError(f"no such hyperparameter; use one of {', '.join(_RANGES)}", f"{where}.{unknown[0]}")
    return Hyperparameters(**values)
