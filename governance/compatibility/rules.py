"""Which rule keeps another's promise, so that a contract's rules can be compared.

A rule that is gone, or that lets through what it refused before, weakens a promise that readers may rely on. Where
two rules cannot be compared (a pattern, a query), the new one counts as no substitute for the old. Deliberately not
here: null or not and the length that a type brings with it; those are the column's (`compatibility`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from governance.contracts.model import Column, Rule, Table

_LOWER, _UPPER = {"minimum": False, "above": True}, {"maximum": False, "below": True}
_AT_LEAST, _AT_MOST = ("min_length", "min_items"), ("max_length", "max_items")


@dataclass(frozen=True, kw_only=True)
class RuleChange:
    """One difference between the rules of two tables."""

    kind: str
    """`rule-added`, `rule-tightened` or `rule-weakened`."""

    columns: tuple[str, ...]
    """Columns the rule looks at, under their old names where they have one."""

    before: str
    after: str
    breaking: bool


def not_null(table: Table, column: Column) -> bool:
    """Whether the contract promises that a column has a value in every row."""
    return (
        column.required
        or column.primary_key
        or any(_is_not_null(rule, column.name) for rule in table.all_rules)
    )


def _is_not_null(rule: Rule, column: str) -> bool:
    return (
        rule.check == "missing"
        and rule.columns == (column,)
        and not (rule.path or rule.compare or rule.warning)
    )


def rule_changes(old: Table, new: Table, renamed: Mapping[str, str]) -> list[RuleChange]:
    """Differences between the rules of two versions of a table.

    Parameters
    ----------
    renamed
        Old -> new name of columns that go by another name; rules on columns that are gone are left out.
    """
    present = {column.name for column in new.columns}
    kept = [rule for rule in _stated(old) if all(renamed.get(name, name) in present for name in rule.columns)]
    theirs = new.all_rules
    changes: list[RuleChange] = []
    heirs: list[str] = []
    for rule in kept:
        moved = replace(rule, columns=tuple(renamed.get(name, name) for name in rule.columns))
        if _print(moved) in {_print(other) for other in theirs}:
            continue
        if heir := next((other for other in theirs if implies(other, moved)), None):
            heirs.append(_print(heir))
            changes.append(_change("rule-tightened", rule, rule.name, heir.name))
        else:
            near = next((other for other in theirs if _place(other) == _place(moved)), None)
            heirs += [_print(near)] if near else []
            after = near.name if near and near.name != rule.name else ""
            changes.append(_change("rule-weakened", rule, rule.name, after, breaking=not rule.warning))
    former = {column.name for column in old.columns} | set(renamed.values())
    known = {
        _print(replace(rule, columns=tuple(renamed.get(name, name) for name in rule.columns)))
        for rule in old.all_rules
    }
    for rule in _stated(new):
        fresh = any(name not in former for name in rule.columns)
        if not fresh and _print(rule) not in known and _print(rule) not in heirs:
            changes.append(_change("rule-added", rule, "", rule.name))
    return changes


def _change(kind: str, rule: Rule, before: str, after: str, *, breaking: bool = False) -> RuleChange:
    return RuleChange(kind=kind, columns=rule.columns, before=before, after=after, breaking=breaking)


def _stated(table: Table) -> list[Rule]:
    """Rules without those that merely repeat the key, `required` or the length of a type."""
    types = {column.name: column.type for column in table.columns}
    stated = []
    for rule in table.all_rules:
        if rule.check == "unique" and rule.columns == table.primary_key and not rule.compare:
            continue
        if rule.check == "missing" and not (rule.value or rule.path or rule.compare or rule.warning):
            continue
        if rule.check == "max_length" and not rule.compare and len(rule.columns) == 1:
            kind = types.get(rule.columns[0])
            for step in rule.path:
                kind = dict(kind.fields).get("element" if step == "[]" else step) if kind else None
            if kind and kind.sizes == (rule.value,):
                continue
        stated.append(rule)
    return stated


def implies(new: Rule, old: Rule) -> bool:
    """Whether data that keeps the new rule keeps the old one.

    Transitive, so that compatible steps make a compatible way.
    """
    if (new.columns, new.path) != (old.columns, old.path) or (new.warning and not old.warning):
        return False
    if old.compare:
        if not new.compare:  # no row may break it now, where some might before
            return _at_most(old) and _row(
                replace(new, warning=False), replace(old, warning=False, compare=())
            )
        same = (new.check, new.percent) == (old.check, old.percent) and _json(new.value) == _json(old.value)
        return same and all(any(_within(mine, theirs) for mine in new.compare) for theirs in old.compare)
    return not new.compare and _row(new, old)


def _row(new: Rule, old: Rule) -> bool:
    """Compare two rules on single rows of one place."""
    for side, sign in ((_LOWER, 1), (_UPPER, -1)):
        if new.check in side and old.check in side:
            mine, theirs = _number(new.value), _number(old.value)
            if mine is None or theirs is None:
                return new.check == old.check and bool(new.value == old.value)
            return sign * (mine - theirs) > 0 or (mine == theirs and side[new.check] >= side[old.check])
    if new.check != old.check:
        return False
    if new.check in _AT_LEAST:
        return bool(new.value >= old.value)
    if new.check in _AT_MOST:
        return bool(new.value <= old.value)
    if new.check == "multiple":
        mine, theirs = _number(new.value), _number(old.value)
        return mine is not None and bool(theirs) and mine % theirs == 0  # type: ignore[operator]
    if new.check == "missing":
        return set(old.value or ()) <= set(new.value or ())
    if new.check == "invalid":
        return _valid(new.value or {}, old.value or {})
    return _json(new.value) == _json(old.value)


def _valid(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Fewer valid values, and the pattern as it was or one more."""
    if "values" in old and not ("values" in new and set(new["values"]) <= set(old["values"])):
        return False
    return "pattern" not in old or new.get("pattern") == old["pattern"]


def _at_most(rule: Rule) -> bool:
    """Whether a comparison holds for zero rows."""
    return rule.check != "rows" and all(
        operator in ("lt", "le") or (operator == "between" and value[0] <= 0)
        for operator, value in rule.compare
    )


def _within(mine: tuple[str, Any], theirs: tuple[str, Any]) -> bool:
    """Whether numbers that meet one comparison meet the other."""
    new, old = _range(mine), _range(theirs)
    if new is None or old is None:
        return _json(mine) == _json(theirs)
    (low, low_open), (high, high_open) = new
    (least, least_open), (most, most_open) = old
    above = low > least or (low == least and low_open >= least_open)
    return above and (high < most or (high == most and high_open >= most_open))


_Edge = tuple[float, bool]


def _range(compared: tuple[str, Any]) -> tuple[_Edge, _Edge] | None:
    """A comparison as an interval; None for those that are none."""
    operator, value = compared
    bottom, top = (float("-inf"), False), (float("inf"), False)
    if operator == "between":
        return (float(value[0]), False), (float(value[1]), False)
    if operator in ("lt", "le"):
        return bottom, (float(value), operator == "lt")
    if operator in ("gt", "ge"):
        return (float(value), operator == "gt"), top
    return ((float(value), False), (float(value), False)) if operator == "eq" else None


def _number(value: Any) -> Decimal | None:
    """A limit as a number; dates count their digits, which order alike."""
    try:
        number = Decimal(str(value).replace("-", "") if _dated(str(value)) else str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _dated(text: str) -> bool:
    return len(text) == 10 and text[4] == text[7] == "-"


def _place(rule: Rule) -> tuple[Any, ...]:
    side = next(
        (name for name, checks in (("low", _LOWER), ("high", _UPPER)) if rule.check in checks), rule.check
    )
    return side, rule.columns, rule.path, bool(rule.compare)


def _print(rule: Rule) -> str:
    """A rule without its name, comparable."""
    return _json({**rule.to_json(), "name": ""})


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
