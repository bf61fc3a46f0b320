"""Values of a pipeline definition that are known only while it runs.

Owns the expressions `Get`, `Std:Join` and `Std:JsonGet`: which steps they refer to, and what they are worth.
Paths follow the property files' and properties' syntax (`a.b`, `['key']`, `[0]`); a key into a list picks the
element that has that name. Deliberately not here: conditions (conditions) and where values come from
(execution).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Protocol

GET, JOIN, JSON_GET = "Get", "Std:Join", "Std:JsonGet"
_STEP = re.compile(r"([^.\[]+)")
_PART = re.compile(r"\.?([^.\[\]]+)|\[\s*(?:'([^']*)'|\"([^\"]*)\"|(-?\d+))\s*\]")
_NAMES = ("OutputName", "InputName", "ChannelName", "MetricName", "Name")


class Unknown(Exception):
    """An expression has no value; the text is for the step's FailureReason."""


class Source(Protocol):
    """What expressions are evaluated against."""

    def parameter(self, name: str) -> Any:
        """Value of a parameter."""

    def execution(self, name: str) -> Any:
        """Value of a variable of the execution."""

    def properties(self, step: str) -> Any:
        """Properties of a step that has run."""

    def property_file(self, step: str, name: str) -> bytes:
        """Content of a property file of a processing step."""

    def read(self, uri: str) -> bytes:
        """Content of an object in S3."""


def expression(value: Any) -> str | None:
    """Return the kind of an expression, or None for any other value."""
    if isinstance(value, dict) and len(value) == 1:
        key = next(iter(value))
        if key in (GET, JOIN, JSON_GET):
            return str(key)
    return None


def gets(value: Any) -> Iterator[str]:
    """Yield the path of every `Get` in a value, however deep."""
    if expression(value) == GET:
        yield value[GET]
    elif isinstance(value, dict):
        for each in value.values():
            yield from gets(each)
    elif isinstance(value, list):
        for each in value:
            yield from gets(each)


def referred(path: str) -> str | None:
    """Return the step that a path of `Get` refers to, if it does."""
    if not path.startswith("Steps."):
        return None
    found = _STEP.match(path, len("Steps."))
    return found[1] if found else None


def parts(path: str) -> list[str | int]:
    """Return the steps of a path.

    Raises
    ------
    Unknown
        The text is no path.
    """
    found: list[str | int] = []
    at = 0
    while at < len(path):
        match = _PART.match(path, at)
        if match is None or match.end() == at:
            raise Unknown(f"'{path}' is not a valid path")
        plain, single, double, index = match.groups()
        key = next((each for each in (plain, single, double) if each is not None), None)
        found.append(int(index) if key is None else key)
        at = match.end()
    return found


def follow(value: Any, path: str, whole: str) -> Any:
    """Return what lies at a path; Unknown, naming the whole expression, when nothing does."""
    for part in parts(path):
        value = _below(value, part)
        if value is None:
            raise Unknown(f"{whole} has no value: there is nothing at '{part}'")
    return value


def _below(value: Any, part: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(part, value.get(str(part)))
    if isinstance(value, list):
        index = int(part) if isinstance(part, int) or part.isdigit() else None
        if index is not None:
            return value[index] if -len(value) <= index < len(value) else None
        named = (each for each in value if isinstance(each, dict))
        return next((each for each in named if part in (each.get(name) for name in _NAMES)), None)
    return None


def resolve(value: Any, source: Source) -> Any:
    """Return a value with every expression in it replaced by what it is worth."""
    kind = expression(value)
    if kind is not None:
        return _RULES[kind](value[kind], source)
    if isinstance(value, dict):
        return {key: resolve(each, source) for key, each in value.items()}
    return [resolve(each, source) for each in value] if isinstance(value, list) else value


def _get(path: Any, source: Source) -> Any:
    root, _, rest = str(path).partition(".")
    if root == "Parameters":
        return source.parameter(rest)
    if root == "Execution":
        return source.execution(rest)
    step = referred(str(path))
    if step is None:
        raise Unknown(f"'{path}' refers to nothing that a pipeline has")
    below = str(path)[len("Steps.") + len(step) :]
    return follow(source.properties(step), below, str(path))


def _join(given: Any, source: Source) -> str:
    return str(given.get("On", "")).join(text(resolve(each, source)) for each in given["Values"])


def text(value: Any) -> str:
    """Return a value as it stands in a joined text."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)


def _json_get(given: Any, source: Source) -> Any:
    if "S3Uri" in given:
        where = text(resolve(given["S3Uri"], source))
        content = source.read(where)
    else:
        where = given["PropertyFile"][GET]
        step = referred(where) or ""
        name = where[len(f"Steps.{step}.PropertyFiles.") :]
        content = source.property_file(step, name)
    try:
        document = json.loads(content)
    except ValueError:
        raise Unknown(f"{where} is not valid JSON") from None
    path = str(resolve(given["Path"], source)).removeprefix("$").removeprefix(".")
    return follow(document, path, f"JsonGet of '{path}' in {where}")


_RULES: dict[str, Callable[[Any, Source], Any]] = {GET: _get, JOIN: _join, JSON_GET: _json_get}
