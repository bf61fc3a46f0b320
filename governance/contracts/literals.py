"""Values, patterns and formats in a contract: checked, and brought into the form the curation job takes.

Values travel as text and are cast to the column's type there, so that JSON's few types lose nothing.
Deliberately not here: which rule a value belongs to.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from governance.contracts.types import INTEGRAL, NUMERIC, GlueType
from governance.errors import MeshError

_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
_BEYOND_RE2 = re.compile(r"\(\?(=|!|<=|<!|>|\()|(?<!\\)(?:\\\\)*\\[1-9]|\\k<")

_STRPTIME = {
    "yyyy": "%Y", "uuuu": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%m", "dd": "%d",
    "d": "%d", "DDD": "%j", "HH": "%H", "H": "%H", "hh": "%I", "h": "%I", "mm": "%M", "m": "%M", "ss": "%S",
    "s": "%S", "a": "%p", "EEEE": "%A", "EEE": "%a", "X": "%z", "XX": "%z", "XXX": "%z", "x": "%z",
    "xx": "%z", "xxx": "%z", "Z": "%z",
}  # fmt: skip
"""Letters of the JDK's DateTimeFormatter, which ODCS prescribes, as strptime knows them."""

_CLOCK = {
    "HH": "([01][0-9]|2[0-3])", "H": "([01]?[0-9]|2[0-3])", "hh": "(0[1-9]|1[0-2])", "h": "(0?[1-9]|1[0-2])",
    "mm": "[0-5][0-9]", "m": "[0-5]?[0-9]", "ss": "[0-5][0-9]", "s": "[0-5]?[0-9]", "a": "[AaPp][Mm]",
    "X": "(Z|[+-][0-9]{2}([0-9]{2})?)", "XXX": "(Z|[+-][0-9]{2}:[0-9]{2})", "Z": "[+-][0-9]{4}",
}  # fmt: skip

ANY_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?$"
"""Time of day in ISO 8601."""

_ISO = re.compile(
    r"(?:yyyy|uuuu)-MM-dd"
    r"(?:(?: |'?T'?)HH:mm(?::ss(?:[.]S+|\[[.]S+\])?)?(?:X{1,3}|x{1,3}|'?Z'?|\[X+\])?)?$"
)
_ISO_NAMES = ("", "date", "date-time", "datetime", "iso8601", "iso-8601", "iso", "rfc3339")


def plain_text(value: Any) -> str:
    """A YAML scalar as text: `true`, `12`, `2024-01-31`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def literal(value: Any, glue_type: GlueType, where: str) -> str:
    """One value of a column's type, as text.

    Raises
    ------
    MeshError
        If the column can never hold that value, as a word in a column of numbers.
    """
    text = plain_text(value)
    kind = glue_type.kind
    try:
        if value is None or isinstance(value, list | dict) or glue_type.nested:
            raise ValueError(text)
        if isinstance(value, bool) and kind in NUMERIC:
            raise ValueError(text)
        if kind in INTEGRAL:
            number, limit = int(text), 1 << (_BITS[kind] - 1)
            if not -limit <= number < limit:
                raise ValueError(text)
        elif kind in ("float", "double"):
            float(text)
        elif kind == "decimal":
            Decimal(text)
        elif kind == "boolean" and text.lower() not in ("true", "false"):
            raise ValueError(text)
        elif kind == "date":
            dt.date.fromisoformat(text)
        elif kind == "timestamp":
            dt.datetime.fromisoformat(text)
    except (ValueError, InvalidOperation):
        raise MeshError(f"'{text}' is no {glue_type}", where) from None
    return text


def literals(values: Iterable[Any], glue_type: GlueType, where: str, *, strict: bool = True) -> list[str]:
    """Values of a column's type, as text; with `strict=False` those the column cannot hold are left out."""
    found = []
    for index, value in enumerate(values):
        try:
            found.append(literal(value, glue_type, f"{where}[{index}]"))
        except MeshError:
            if strict:
                raise
    return found


def bound(value: Any, glue_type: GlueType, check: str, where: str) -> str:
    """Limit of a range as text; on whole numbers a fraction becomes the whole number that means the same."""
    if glue_type.kind in INTEGRAL and isinstance(value, float) and not value.is_integer():
        floor = int(value // 1)
        value = floor + 1 if check in ("minimum", "below") else floor
    return literal(value, glue_type, where)


def check_pattern(pattern: Any, glue_type: GlueType, where: str) -> str:
    """A regular expression that the curation job's engine (RE2) can run in linear time."""
    if not isinstance(pattern, str) or glue_type.nested:
        raise MeshError("a pattern is text, and for a column of plain values", where)
    try:
        re.compile(pattern)
    except re.error as error:
        raise MeshError(f"'{pattern}' is no regular expression ({error})", where) from None
    if _BEYOND_RE2.search(pattern):
        raise MeshError(
            f"'{pattern}' uses look-around or back references, which the curation job cannot run",
            where,
        )
    return pattern


_PIECE = re.compile(
    r"'(?P<quoted>[^']*)'|(?P<letters>(?P<letter>[A-Za-z])(?P=letter)*)|(?P<other>.)", re.DOTALL
)


def _pieces(pattern: str, known: dict[str, str], where: str) -> Iterator[tuple[str, str]]:
    """Split a JDK pattern into (letters, what `known` makes of them) and ("", text as it stands)."""
    for match in _PIECE.finditer(pattern):
        letters = match["letters"]
        if not letters:
            yield "", match["other"] or match["quoted"] or "'"
        elif letters in known:
            yield letters, known[letters]
        else:
            raise MeshError(
                f"'{letters}' in '{pattern}' is not supported; use yyyy MM dd HH mm ss SSS XXX, 'text'",
                where,
            )


def time_pattern(pattern: str, where: str) -> str:
    """Regular expression for a column of times of day, which Glue can only hold as text."""
    if pattern.lower() in (*_ISO_NAMES, "time"):
        return ANY_TIME
    parts = []
    fractions = {"S" * digits: f"[0-9]{{{digits}}}" for digits in range(1, 10)}
    for letters, piece in _pieces(pattern, {**_CLOCK, **fractions}, where):
        parts.append(piece if letters else re.escape(piece))
    return f"^{''.join(parts)}$"


def strptime_format(pattern: str, where: str) -> str:
    """strptime form of a date format; empty for ISO 8601, which is read faster without."""
    if pattern.lower() in _ISO_NAMES or _ISO.match(pattern):
        return ""
    if "%" in pattern:
        return pattern
    fractions = {"S" * digits: "%f" for digits in range(1, 7)}
    pieces = _pieces(pattern, {**_STRPTIME, **fractions}, where)
    return "".join(piece if letters else piece.replace("%", "%%") for letters, piece in pieces)
