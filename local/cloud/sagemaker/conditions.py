"""Conditions of a condition step.

Owns every type of the pipeline definition schema, those that only hand-written definitions have (`NotEquals`,
`NotIn`) included, and which values compare with which: numbers with numbers, texts with texts, truth values
with truth values. Deliberately not here: what the values are (values).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from local.cloud.sagemaker.values import Source, Unknown, resolve

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
_SAME: dict[str, Callable[[Any, Any], bool]] = {"Equals": operator.eq, "NotEquals": operator.ne}
KINDS = (*_ORDER, *_SAME, "In", "NotIn", "Not", "Or")


def holds(condition: dict[str, Any], source: Source) -> bool:
    """Whether a condition holds.

    Raises
    ------
    Unknown
        A value is missing, or two values do not compare.
    """
    kind = condition["Type"]
    if kind == "Not":
        return not holds(
            condition["Condition"] if "Condition" in condition else condition["Expression"], source
        )
    if kind == "Or":
        return any(holds(each, source) for each in condition["Conditions"])
    if kind in ("In", "NotIn"):
        value = resolve(condition.get("QueryValue", condition.get("Value")), source)
        among = resolve(condition.get("Values", condition.get("In")), source)
        inside = any(_family(value) == _family(each) and value == each for each in among)
        return bool(inside == (kind == "In"))
    left, right = resolve(condition["LeftValue"], source), resolve(condition["RightValue"], source)
    test = {**_ORDER, **_SAME}.get(kind)
    if test is None:
        raise Unknown(f"Condition type '{kind}' is unknown")
    if _family(left) != _family(right) or (kind in _ORDER and _family(left) in ("truth value", "structure")):
        raise Unknown(
            f"Condition {kind} cannot compare {left!r} ({_family(left)}) with {right!r} ({_family(right)})"
        )
    return test(left, right)


def _family(value: Any) -> str:
    if isinstance(value, bool):
        return "truth value"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else "structure"
