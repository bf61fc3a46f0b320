"""Values that a tuning job tries.

Owns drawing from `ParameterRanges` and walking a grid. Random draws follow the scaling types; they come from
one seeded generator, so the same `RandomSeed` gives the same trials. Deliberately not here: a model of the
objective; strategies that need one (Bayesian, Hyperband) are drawn at random here.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from typing import Any

from local.cloud.sagemaker.errors import invalid


def demand(ranges: dict[str, Any], strategy: str) -> None:
    """Refuse ranges that cannot be drawn from (ValidationException)."""
    if strategy == "Grid" and (
        ranges.get("IntegerParameterRanges") or ranges.get("ContinuousParameterRanges")
    ):
        raise invalid("Grid search supports only categorical parameter ranges.")
    if not any(ranges.get(kind) for kind in _DRAWS) and strategy != "Grid":
        raise invalid("At least one hyperparameter range must be given.")
    for kind in ("IntegerParameterRanges", "ContinuousParameterRanges"):
        for each in ranges.get(kind) or []:
            try:
                least, most = float(each["MinValue"]), float(each["MaxValue"])
            except ValueError:
                raise invalid(f"The range of {each['Name']} is not of numbers.") from None
            scaling = each.get("ScalingType") or "Auto"
            if least > most:
                raise invalid(f"MinValue of {each['Name']} is above its MaxValue.")
            if scaling == "Logarithmic" and least <= 0:
                raise invalid(f"The range of {each['Name']} must be above 0 for logarithmic scaling.")
            if scaling == "ReverseLogarithmic" and not 0 <= least <= most < 1:
                raise invalid(
                    f"The range of {each['Name']} must lie in [0, 1) for reverse logarithmic scaling."
                )


def trials(ranges: dict[str, Any], strategy: str, seed: int | None) -> Iterator[dict[str, str]]:
    """Yield hyperparameters, without an end unless the strategy is Grid."""
    if strategy == "Grid":
        named = ranges.get("CategoricalParameterRanges") or []
        for values in itertools.product(*(each["Values"] for each in named)):
            yield dict(zip((each["Name"] for each in named), values, strict=True))
        return
    chance = random.Random(seed)  # noqa: S311 - trials, no secrets
    while True:
        yield {
            each["Name"]: draw(each, chance)
            for kind, draw in _DRAWS.items()
            for each in ranges.get(kind) or []
        }


def _scaled(each: dict[str, Any], chance: random.Random) -> float:
    least, most, part = float(each["MinValue"]), float(each["MaxValue"]), chance.random()
    scaling = each.get("ScalingType") or "Auto"
    if scaling == "Logarithmic":
        return math.exp(math.log(least) + part * (math.log(most) - math.log(least)))
    if scaling == "ReverseLogarithmic":
        low, high = math.log(1 - most), math.log(1 - least)
        return 1 - math.exp(low + part * (high - low))
    return least + part * (most - least)


def _integer(each: dict[str, Any], chance: random.Random) -> str:
    value = round(_scaled(each, chance))
    return str(min(max(value, math.ceil(float(each["MinValue"]))), math.floor(float(each["MaxValue"]))))


def _continuous(each: dict[str, Any], chance: random.Random) -> str:
    return repr(_scaled(each, chance))


def _categorical(each: dict[str, Any], chance: random.Random) -> str:
    return str(chance.choice(each["Values"]))


_DRAWS = {
    "IntegerParameterRanges": _integer,
    "ContinuousParameterRanges": _continuous,
    "CategoricalParameterRanges": _categorical,
}
