"""Quality rules of a contract: from every form ODCS allows to the few checks the curation job knows.

A metric that tolerates nothing (`mustBe: 0`) judges single rows; any other comparison judges the batch. Rules
in words and for other vendors' engines are kept as notes. Deliberately not here: running a check
(`functions`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from open_data_contract_standard.model import DataQuality

from governance.contracts.literals import check_pattern, literals
from governance.contracts.model import Rule
from governance.contracts.types import GlueType
from governance.errors import MeshError

METRICS = ("nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount")
"""Library metrics of ODCS 3.1."""

_OLDER = {
    "nullCheck": "nullValues", "nullCount": "nullValues", "missingCount": "missingValues",
    "validValues": "invalidValues", "invalidCount": "invalidValues", "duplicateCount": "duplicateValues",
    "uniqueCheck": "duplicateValues", "countCheck": "rowCount",
}  # fmt: skip
"""Rule names of ODCS 3.0, before `metric`."""

_OPERATORS = {
    "mustBe": "eq", "mustNotBe": "ne", "mustBeGreaterThan": "gt", "mustBeGreaterOrEqualTo": "ge",
    "mustBeLessThan": "lt", "mustBeLessOrEqualTo": "le", "mustBeBetween": "between",
    "mustNotBeBetween": "not_between",
}  # fmt: skip

_WORDS = {
    "eq": "be", "ne": "not be", "gt": "be greater than", "ge": "be at least", "lt": "be less than",
    "le": "be at most", "between": "be between", "not_between": "not be between",
}  # fmt: skip

_WHAT = {"missing": "missing values", "invalid": "invalid values", "unique": "rows with a repeated value"}

_TABLE_WORDS = ("object", "table", "model", "schema")
_COLUMN_WORDS = ("property", "column", "field")
_PLACEHOLDER = re.compile(r"\$?\{\s*(\w+)\s*\}")


@dataclass
class Subject:
    """What a rule is about: a table, a column, or a place within a nested column."""

    table: str
    columns: tuple[str, ...] = ()
    type: GlueType | None = None
    """None for the table itself."""

    path: tuple[str, ...] = ()
    known: Sequence[str] = ()
    """All columns of the table, for rules that name several."""

    rules: list[Rule] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        steps = "".join(step if step == "[]" else f".{step}" for step in self.path)
        return (self.columns[0] + steps) if self.columns else self.table

    def add(self, check: str, text: str, value: Any = None, **more: Any) -> None:
        """Add a rule about this subject; its name is the subject and what is asked of it."""
        name = f"{self.label}: {text}"
        self.rules.append(
            Rule(name=name, check=check, columns=self.columns, path=self.path, value=value, **more)
        )


def add_quality(subject: Subject, quality: DataQuality, where: str, doubts: list[str] | None = None) -> None:
    """Add one `quality` entry of a contract to a subject's rules or notes.

    ODCS 3.0 left the names and the limits of a `rule` to whoever runs it: what is unknown here is kept as a note, and
    `doubts` is told.

    Raises
    ------
    MeshError
        For a metric nobody knows, a comparison or argument that is missing, SQL that is no query.
    """
    metric = quality.metric or quality.rule
    kind = quality.type or ("library" if metric else "sql" if quality.query else "text")
    if kind in ("text", "custom"):
        words = quality.description or quality.name or "no description"
        engine = f" (for {quality.engine}, not checked here)" if kind == "custom" else ""
        subject.notes.append(f"{subject.label}: {' '.join(words.split())}{engine}")
    elif kind == "sql":
        _add_sql(subject, quality, where)
    elif kind == "library":
        if not metric:
            raise MeshError(f"has no metric; use one of {', '.join(METRICS)}", where)
        known = _OLDER.get(metric, metric)
        if quality.metric is None and (known not in METRICS or _lacks_limit(subject, quality, known)):
            subject.notes.append(f"{subject.label}: rule {metric} (not checked here)")
            if doubts is not None:
                doubts.append(f"{where}: rule '{metric}' is kept as a note, not checked here")
            return
        if known not in METRICS:
            raise MeshError(
                f"unsupported metric '{metric}'; use one of {', '.join(METRICS)}, or type sql",
                f"{where}.metric",
            )
        _add_metric(subject, quality, known, where)
    else:
        raise MeshError(f"unknown type '{kind}'; use library, sql, text or custom", f"{where}.type")


def _lacks_limit(subject: Subject, quality: DataQuality, metric: str) -> bool:
    """Whether an older rule says too little to be checked: no limit for a row count, no column, no values."""
    limits = any(getattr(quality, key) is not None for key in _OPERATORS)
    arguments = quality.arguments or {}
    if metric == "rowCount":
        return not limits
    if metric == "duplicateValues":
        return not (subject.columns or arguments.get("properties") or arguments.get("columns"))
    valid = arguments.get("validValues") or arguments.get("pattern")
    return not subject.columns or (metric == "invalidValues" and not valid)


def _comparisons(quality: DataQuality, where: str, default: Any = None) -> tuple[tuple[str, Any], ...]:
    """The `mustBe...` of a rule as (operator, value) pairs."""
    found = []
    for key, operator in _OPERATORS.items():
        value = getattr(quality, key)
        if value is not None:
            if not all(
                isinstance(item, (int, float, str))
                for item in (value if isinstance(value, list) else [value])
            ):
                raise MeshError(
                    f"'{value}' is neither number nor text; compare dates inside the query", f"{where}.{key}"
                )
            if isinstance(value, list) and (len(value) != 2 or value[0] > value[1]):
                raise MeshError(f"{value} is no range; give the smaller number first", f"{where}.{key}")
            found.append((operator, list(value) if isinstance(value, list) else value))
    if not found and default is not None:
        return (("eq", default),)
    if not found:
        raise MeshError(
            "says no limit; add mustBe, mustBeLessThan, mustBeBetween or another comparison", where
        )
    return tuple(found)


def _tolerates_none(compare: tuple[tuple[str, Any], ...], percent: bool) -> bool:
    """Whether a count must be zero, so that each row can be judged alone."""
    for operator, value in compare:
        if operator in ("eq", "le") and value == 0:
            return True
        if operator == "lt" and not percent and 0 < value <= 1:
            return True
        if operator == "between" and value == [0, 0]:
            return True
    return False


def _limits(compare: tuple[tuple[str, Any], ...], percent: bool) -> str:
    unit = "%" if percent else ""
    words = []
    for operator, value in compare:
        shown = f"{value[0]}{unit} and {value[1]}{unit}" if isinstance(value, list) else f"{value}{unit}"
        words.append(f"{_WORDS[operator]} {shown}")
    return " and ".join(words)


def _add_metric(subject: Subject, quality: DataQuality, metric: str, where: str) -> None:
    """Add a library metric."""
    percent = (quality.unit or "").strip().lower() in ("percent", "percentage", "%")
    older = metric != "rowCount" and quality.metric is None
    compare = _comparisons(quality, where, 0 if older else None)
    for operator, value in compare:
        if isinstance(value, bool) or not isinstance(value, int | float | list):
            raise MeshError(f"'{value}' is no number, but {metric} is counted", where)
        if percent and operator in ("eq", "ge", "gt") and metric == "rowCount":
            raise MeshError("rowCount is a number of rows; leave out the unit", f"{where}.unit")
    warning = (quality.severity or "").lower() in ("info", "warning", "warn")
    arguments = quality.arguments or {}
    if metric == "rowCount":
        rows = Subject(subject.table, rules=subject.rules)
        rows.add("rows", f"number of rows must {_limits(compare, False)}", compare=compare, warning=warning)
        return
    check, text, value = _metric_check(subject, metric, arguments, where)
    columns, target = subject.columns, subject
    if check == "unique":
        columns = value or columns
        target = Subject(subject.table, tuple(columns), subject.type, rules=subject.rules)
        value = None
    if _tolerates_none(compare, percent):
        target.add(check, text, value, warning=warning)
    else:
        share = f"{_WHAT[check]} must {_limits(compare, percent)}"
        target.add(check, share, value, compare=compare, percent=percent, warning=warning)


def _metric_check(
    subject: Subject, metric: str, arguments: dict[str, Any], where: str
) -> tuple[str, str, Any]:
    """Check, text and value of a metric that is about values."""
    if metric == "duplicateValues":
        names = arguments.get("properties") or arguments.get("columns") or []
        names = [str(name).lower() for name in (names if isinstance(names, list | tuple) else [names])]
        if unknown := [name for name in names if name not in subject.known]:
            raise MeshError(
                f"no column '{unknown[0]}' in table {subject.table}", f"{where}.arguments.properties"
            )
        if not names and not subject.columns:
            raise MeshError("names no columns; list them in arguments.properties", where)
        if not names and (subject.path or (subject.type and subject.type.nested)):
            raise MeshError("duplicateValues is supported on plain columns, not within nested ones", where)
        columns = tuple(names) or subject.columns
        together = f" together with {', '.join(columns[1:])}" if len(columns) > 1 else ""
        return "unique", f"must be unique{together}", columns
    if not subject.columns or subject.type is None:
        raise MeshError(f"{metric} is about a column; put it under a property", where)
    if metric == "nullValues":
        return "missing", "must not be null", []
    if metric == "missingValues":
        texts = [text for text in arguments.get("missingValues") or [] if text not in (None, "")]
        shown = "".join(f", {text}" for text in texts)
        value = literals(texts, subject.type, f"{where}.arguments.missingValues", strict=False)
        return "missing", f"must not be missing (null{shown})" if shown else "must not be null", value
    return "invalid", *_invalid(subject, arguments, where)


def _invalid(subject: Subject, arguments: dict[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    """Text and value of `invalidValues`, which compares with a list, a pattern, or both."""
    if subject.type is None or not (arguments.get("validValues") or arguments.get("pattern")):
        raise MeshError("invalidValues needs arguments.validValues or arguments.pattern", where)
    value: dict[str, Any] = {}
    texts = []
    if valid := arguments.get("validValues"):
        if not isinstance(valid, list):
            raise MeshError("must be a list", f"{where}.arguments.validValues")
        named = [entry for entry in valid if entry is not None]  # whether null is valid, nullValues says
        value["values"] = literals(named, subject.type, f"{where}.arguments.validValues")
        texts.append(f"be one of {', '.join(value['values'])}")
    if pattern := arguments.get("pattern"):
        value["pattern"] = check_pattern(pattern, subject.type, f"{where}.arguments.pattern")
        texts.append(f"match {pattern}")
    return f"must {' and '.join(texts)}", value


def _add_sql(subject: Subject, quality: DataQuality, where: str) -> None:
    """Add a query whose one value is compared; its placeholders become the table's and the column's names."""
    query = (quality.query or "").strip().rstrip(";").strip()
    if not re.match(r"(?i)(select|with)\b", query) or ";" in query:
        raise MeshError("must be a single SELECT that gives one value", f"{where}.query")

    def name(match: re.Match[str]) -> str:
        word = match.group(1).lower()
        if word in _TABLE_WORDS:
            return f'"{subject.table}"'
        if word in _COLUMN_WORDS and subject.columns and not subject.path:
            return f'"{subject.columns[0]}"'
        raise MeshError(
            f"placeholder {match.group(0)} means nothing here; use ${{object}}"
            + (" or ${property}" if subject.columns else ""),
            f"{where}.query",
        )

    sql = _PLACEHOLDER.sub(name, query)
    compare = _comparisons(quality, where)
    text = quality.name or " ".join(sql.split())
    warning = (quality.severity or "").lower() in ("info", "warning", "warn")
    owner = Subject(subject.table, rules=subject.rules)
    owner.add("sql", f"{text} must {_limits(compare, False)}", sql, compare=compare, warning=warning)
