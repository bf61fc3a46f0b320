"""Condition blocks of IAM policies.

Follows the IAM User Guide, reference_policies_elements_condition_operators and
reference_policies_multi-value-conditions. Deliberately not here: which statement a condition belongs to
(iam).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

Context = Mapping[str, str | tuple[str, ...]]
"""Condition keys of a request; several values for keys that take several."""


def holds(block: Mapping[str, Mapping[str, Any]], context: Context) -> tuple[bool, str]:
    """Whether all conditions of a block hold, and the first operator that is not known here ("" if all are).

    Operators are joined by AND, so are the keys of one; the values of one key by OR (for negated operators
    none may match).
    """
    all_hold = True
    for name, keys in block.items():
        operator, quantifier, optional = _parts(name)
        if operator not in _OPERATORS and operator != "Null":
            return False, name
        for key, wanted in keys.items():
            values = (wanted,) if not isinstance(wanted, list | tuple) else tuple(wanted)
            texts = tuple(_text(value) for value in values)
            all_hold = all_hold and _holds(operator, quantifier, optional, key, texts, context)
    return all_hold, ""


def _parts(name: str) -> tuple[str, str, bool]:
    quantifier, _, operator = name.rpartition(":")
    optional = operator.endswith("IfExists")
    return operator.removesuffix("IfExists"), quantifier, optional


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _holds(
    operator: str, quantifier: str, optional: bool, key: str, wanted: tuple[str, ...], context: Context
) -> bool:
    found = _value(context, key)
    if operator == "Null":
        return any((found is None) == (each.lower() == "true") for each in wanted)
    compare, negated = _OPERATORS[operator]
    if found is None:
        return optional or negated or quantifier == "ForAllValues"
    values = (found,) if isinstance(found, str) else found

    def one(value: str) -> bool:
        return any(compare(value, each) for each in wanted) != negated

    if quantifier == "ForAllValues":
        return all(one(value) for value in values)
    if quantifier == "ForAnyValue" or not negated:
        return any(one(value) for value in values)
    return all(one(value) for value in values)


def _value(context: Context, key: str) -> str | tuple[str, ...] | None:
    """Value of a condition key; key names are compared without case."""
    if key in context:
        return context[key]
    return next((value for name, value in context.items() if name.lower() == key.lower()), None)


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    text = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(text, re.DOTALL)


def like(pattern: str, value: str) -> bool:
    """IAM's wildcards: `*` stands for any characters, `?` for one."""
    return pattern == "*" or _pattern(pattern).fullmatch(value) is not None


def _like(value: str, pattern: str) -> bool:
    return like(pattern, value)


def _arn_like(value: str, pattern: str) -> bool:
    """Each of the six parts of an ARN is compared by itself, so a star does not reach over a colon."""
    values, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(values) == len(patterns) and all(map(_like, values, patterns))


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def numbers(value: str, wanted: str) -> bool:
        try:
            return compare(float(value), float(wanted))
        except ValueError:
            return False

    return numbers


def _date(compare: Callable[[datetime, datetime], bool]) -> Callable[[str, str], bool]:
    def dates(value: str, wanted: str) -> bool:
        try:
            return compare(datetime.fromisoformat(value), datetime.fromisoformat(wanted))
        except (ValueError, TypeError):
            return False

    return dates


def _address(value: str, wanted: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _equal(value: str, wanted: str) -> bool:
    return value == wanted


def _same(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


_OPERATORS: Mapping[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (_equal, False),
    "StringNotEquals": (_equal, True),
    "StringEqualsIgnoreCase": (_same, False),
    "StringNotEqualsIgnoreCase": (_same, True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_arn_like, False),
    "ArnLike": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnNotLike": (_arn_like, True),
    "Bool": (_same, False),
    "IpAddress": (_address, False),
    "NotIpAddress": (_address, True),
    "NumericEquals": (_number(lambda a, b: a == b), False),
    "NumericNotEquals": (_number(lambda a, b: a == b), True),
    "NumericLessThan": (_number(lambda a, b: a < b), False),
    "NumericLessThanEquals": (_number(lambda a, b: a <= b), False),
    "NumericGreaterThan": (_number(lambda a, b: a > b), False),
    "NumericGreaterThanEquals": (_number(lambda a, b: a >= b), False),
    "DateEquals": (_date(lambda a, b: a == b), False),
    "DateNotEquals": (_date(lambda a, b: a == b), True),
    "DateLessThan": (_date(lambda a, b: a < b), False),
    "DateLessThanEquals": (_date(lambda a, b: a <= b), False),
    "DateGreaterThan": (_date(lambda a, b: a > b), False),
    "DateGreaterThanEquals": (_date(lambda a, b: a >= b), False),
}
"""Operator to (comparison, whether it is negated)."""
