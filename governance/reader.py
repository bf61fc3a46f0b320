"""Reading one stack's configuration: every wrong or missing key is one line naming the key and the stack file.

Values arrive as Pulumi gives them: text, structured ones as JSON. What the keys mean is `settings`' business.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.errors import MeshError

_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]\Z")


def nearest(word: str, words: list[str]) -> str:
    """`; did you mean 'x'?` for the closest of `words`, or nothing."""
    close = difflib.get_close_matches(word, words, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


@dataclass(frozen=True)
class Reader:
    """Typed access to a stack's configuration.

    Parameters
    ----------
    values
        Configuration without the project prefix: key -> text (JSON for structured values).
    file
        Name of the stack file, for messages.
    """

    values: Mapping[str, str]
    file: str

    def where(self, key: str) -> str:
        return f"{self.file}: mesh:{key}"

    def text(self, key: str, default: str | None = None) -> str:
        value = self.values.get(key, default)
        if value is None:
            raise MeshError("is missing; add it to the stack's config", self.where(key))
        if not value.strip():
            raise MeshError("is empty", self.where(key))
        if value[0] in "[{" and (kind := _structure(value)):
            raise MeshError(f"must be a text, not {kind}", self.where(key))
        return value

    def optional(self, key: str) -> str | None:
        return self.text(key) if key in self.values else None

    def structured(self, key: str) -> Any:
        try:
            return json.loads(self.values[key])
        except json.JSONDecodeError:
            raise MeshError("must be a list or mapping, not plain text", self.where(key)) from None

    def mapping(self, key: str, *, required: bool = True) -> dict[str, Any]:
        if key not in self.values:
            if required:
                raise MeshError("is missing; add it to the stack's config", self.where(key))
            return {}
        value = self.structured(key)
        if not isinstance(value, dict):
            raise MeshError(f"must be a mapping of names, not {_kind(value)}", self.where(key))
        return value

    def strings(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        if key not in self.values:
            return default
        return as_strings(self.structured(key), self.where(key))

    def number(self, key: str, default: int, *, least: int = 1) -> int:
        if key not in self.values:
            return default
        try:
            number = int(self.values[key])
        except ValueError:
            raise MeshError(f"must be a whole number, not '{self.values[key]}'", self.where(key)) from None
        if number < least:
            raise MeshError(f"must be at least {least}, not {number}", self.where(key))
        return number

    def flag(self, key: str, default: bool) -> bool:
        value = self.values.get(key)
        if value is None:
            return default
        if value not in ("true", "false"):
            raise MeshError(f"must be true or false, not '{value}'", self.where(key))
        return value == "true"

    def account(self, key: str) -> str:
        return check_account(self.text(key), self.where(key))

    def matching(self, key: str, pattern: str, example: str) -> str:
        """Text of a form that AWS would take; `example` shows it in the message."""
        value = self.text(key)
        if not re.fullmatch(pattern, value):
            raise MeshError(f"'{value}' is nothing like {example}", self.where(key))
        return value

    def region(self, key: str) -> str:
        value = self.text(key)
        if not _REGION.match(value):
            raise MeshError(f"'{value}' is no AWS region such as eu-west-1", self.where(key))
        return value


def check_account(value: Any, where: str) -> str:
    """Return a 12-digit account id; a YAML number loses leading zeros, so only text is taken."""
    if not isinstance(value, str):
        raise MeshError("must be an account id in quotes", where)
    if not _ACCOUNT.match(value):
        raise MeshError(f"'{value}' is no account id of 12 digits", where)
    return value


def as_mapping(value: Any, known: tuple[str, ...], where: str) -> dict[str, Any]:
    """Return `value` as a mapping with no keys but `known`; None counts as empty."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MeshError(f"must be a mapping with {', '.join(known)}, not {_kind(value)}", where)
    for key in value:
        if key not in known:
            raise MeshError(f"'{key}' is not known here{nearest(str(key), list(known))}", where)
    return value


def as_list(value: Any, what: str, where: str) -> list[Any]:
    """Return a list; None counts as empty."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise MeshError(f"must be a list of {what}, not {_kind(value)}", where)
    return value


def as_text(entry: Mapping[str, Any], key: str, where: str, default: str | None = None) -> str:
    """Return a text of a mapping; without default it must be there."""
    value = entry.get(key, default)
    if value is None:
        raise MeshError(f"has no {key}; add it", where)
    if not isinstance(value, str) or not value.strip():
        raise MeshError(f"must be a text, not {_kind(value)}", f"{where}.{key}")
    return value


def as_strings(value: Any, where: str) -> tuple[str, ...]:
    """Return a list of distinct texts as a tuple."""
    for item in as_list(value, "names", where):
        if not isinstance(item, str) or not item:
            raise MeshError(f"must be a list of names, but holds {_kind(item)}", where)
    twice = {item for item in value or () if value.count(item) > 1}
    if twice:
        raise MeshError(f"names '{min(twice)}' twice", where)
    return tuple(value or ())


def _structure(text: str) -> str:
    """What a configuration value is that Pulumi hands on as JSON; empty for a text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return _kind(value) if isinstance(value, list | dict) else ""


def _kind(value: Any) -> str:
    kinds = {
        dict: "a mapping",
        list: "a list",
        str: f"the text '{value}'",
        bool: "a switch",
        type(None): "nothing",
    }
    return kinds.get(type(value), f"the number {value}")
