"""Hyperparameter search by configuration: which ranges, how many trials, what is to get better.

Owns the ``tuning`` section of a training configuration and the seeded draw of trials; the pipeline's tuning step
takes the same ranges. Deliberately not here: fitting a trial (`search`). Nothing of either looks at test rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from governance.errors import MeshError
from training.model.hyperparameters import Hyperparameters, is_whole, limits

OBJECTIVES = {"validation-auc": "Maximize", "validation-logloss": "Minimize"}
"""Metric lines that training prints and that a search may follow, and which way is better."""

SCALES = ("linear", "logarithmic")


@dataclass(frozen=True, kw_only=True)
class Range:
    """Values of one hyperparameter to be tried: from `low` to `high`, both included."""

    name: str
    low: float
    high: float
    scale: str = "linear"

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are tried."""
        return is_whole(self.name)

    def at(self, share: float) -> float:
        """The value a share in [0, 1) of the way through the range."""
        if self.whole:
            # each whole number gets an equal part of the range
            low, high = self.low - 0.5, self.high + 0.5
            return float(min(max(round(self._between(low, high, share)), self.low), self.high))
        return self._between(self.low, self.high, share)

    def _between(self, low: float, high: float, share: float) -> float:
        if self.scale == "logarithmic":
            low, high = math.log(max(low, 0.5) if self.whole else low), math.log(high)
            return math.exp(low + share * (high - low))
        return low + share * (high - low)


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """A search.

    Parameters
    ----------
    ranges
        What is varied; everything else stays as the configuration has it.
    trials
        Models fitted, the configuration's own hyperparameters among them.
    parallel
        Training jobs side by side, where the search runs as jobs.
    objective
        One of `OBJECTIVES`.
    """

    ranges: tuple[Range, ...]
    trials: int = 20
    parallel: int = 2
    objective: str = "validation-auc"

    @property
    def direction(self) -> str:
        """``Maximize`` or ``Minimize``."""
        return OBJECTIVES[self.objective]

    def draw(self, base: Hyperparameters, seed: int) -> list[Hyperparameters]:
        """The trials: `base` first, then points of the ranges, evenly spread.

        A shifted Halton sequence (Halton 1960; one prime per range, the shift from the seed): unlike independent
        draws it leaves no part of a range untried by chance.
        """
        import random

        shifts = [random.Random(f"{seed}:{entry.name}").random() for entry in self.ranges]  # noqa: S311
        found = [base]
        for index in range(1, self.trials):
            changes = {
                entry.name: entry.at((_radical_inverse(index, prime) + shift) % 1)
                for entry, prime, shift in zip(self.ranges, _PRIMES, shifts, strict=False)
            }
            found.append(Hyperparameters(**(asdict(base) | changes)))
        return found


_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)


def _radical_inverse(index: int, base: int) -> float:
    value, weight = 0.0, 1.0
    while index:
        weight /= base
        value += weight * (index % base)
        index //= base
    return value


def read_tuning(given: Any) -> Tuning:
    """The ``tuning`` section of a configuration file.

    Raises
    ------
    MeshError
        A key is unknown, a range is empty, leaves what the hyperparameter allows, or is logarithmic from 0.
    """
    if isinstance(given, Tuning):
        return given
    if not isinstance(given, Mapping):
        raise MeshError("must be a mapping with 'ranges'", "tuning")
    unknown = sorted(str(key) for key in set(given) - {"ranges", "trials", "parallel", "objective"})
    if unknown:
        raise MeshError("unknown key; known are objective, parallel, ranges, trials", f"tuning.{unknown[0]}")
    ranges = given.get("ranges")
    if not isinstance(ranges, Mapping) or not ranges:
        raise MeshError("must map hyperparameters to {min, max}", "tuning.ranges")
    objective = given.get("objective", Tuning.objective)
    if objective not in OBJECTIVES:
        raise MeshError(f"'{objective}' is none of {', '.join(OBJECTIVES)}", "tuning.objective")
    counts = {}
    for name, default in (("trials", Tuning.trials), ("parallel", Tuning.parallel)):
        value = given.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1000:
            raise MeshError(f"'{value}' must be a whole number from 1 to 1000", f"tuning.{name}")
        counts[name] = value
    return Tuning(
        ranges=tuple(_range(str(name), ranges[name]) for name in sorted(ranges)),
        objective=objective,
        **counts,
    )


def _range(name: str, given: Any) -> Range:
    where = f"tuning.ranges.{name}"
    lowest, highest, closed = limits(name, where)
    if not isinstance(given, Mapping) or not {"min", "max"} <= set(given) <= {"min", "max", "scale"}:
        raise MeshError("must be {min: .., max: .., scale: linear or logarithmic}", where)
    low, high, scale = given["min"], given["max"], given.get("scale", "linear")
    for bound in (low, high):
        if isinstance(bound, bool) or not isinstance(bound, int | float) or not math.isfinite(bound):
            raise MeshError(f"'{bound}' is no number", where)
        if not (lowest <= bound if closed else lowest < bound) or bound > highest:
            raise MeshError(f"'{bound}' is outside what {name} allows", where)
        if is_whole(name) and bound != int(bound):
            raise MeshError(f"'{bound}' must be a whole number", where)
    if low >= high:
        raise MeshError(f"min {low} must be below max {high}", where)
    if scale not in SCALES:
        raise MeshError(f"'{scale}' is none of {', '.join(SCALES)}", f"{where}.scale")
    if scale == "logarithmic" and low <= 0:
        raise MeshError("a logarithmic range begins above 0", where)
    return Range(name=name, low=float(low), high=float(high), scale=scale)
