"""What callers send to a served model: JSON, JSON Lines and CSV, read against the model's features.

Owns parsing, the check of a request's fields, and reading each value as its feature's kind. A mistake is one line that
names the row and the field. Deliberately not here: scoring, and what is answered (`inference`).
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

from governance.errors import MeshError
from training.data.labels import canonical
from training.features import CATEGORY, Feature, FeatureSchema

JSON_TYPE, LINES_TYPE, CSV_TYPE = "application/json", "application/jsonlines", "text/csv"
TYPES = (CSV_TYPE, JSON_TYPE, LINES_TYPE)
"""Content types that are read and answered."""

_UTC = timezone.utc  # noqa: UP017 - the container's Python is 3.10
_SHOWN, _NAMED = 60, 10
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})([T ]00:00(:00(\.0+)?)?)?")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_ADVICE = {
    "boolean": "; send true or false",
    "date": "; send one such as 2026-11-24",
    "timestamp": "; send one such as 2026-11-24T08:30:00",
}


class PayloadError(MeshError):
    """A request that cannot be scored, by fault of the caller."""

    status_code = 400


@dataclass(frozen=True, kw_only=True)
class Payload:
    """A request as parsed, before anything is known of the model.

    `rows` are mappings (JSON) or lists of texts (CSV); `header` says whether the first list holds names, None
    that nobody said so; `single` that one object was sent, and one is expected back.
    """

    rows: Sequence[Mapping[str, Any] | Sequence[str]]
    single: bool = False
    header: bool | None = None


def parse(body: str | bytes, content_type: str) -> Payload:
    """Parse a request's body.

    Raises
    ------
    PayloadError
        The content type is none of `TYPES`, or the body cannot be read as it.
    """
    kind, _, parameters = content_type.lower().partition(";")
    kind = kind.strip()
    if kind not in TYPES:
        raise PayloadError(f"'{shown(content_type)}' is not served; {offered('send')}", "content type")
    text = _text(body)
    if not text.strip():
        raise PayloadError("has no rows; it is empty", "payload")
    if kind == JSON_TYPE:
        return _json(text)
    if kind == LINES_TYPE:
        lines = [line for line in text.split("\n") if line.strip()]
        return Payload(rows=[_object(_loaded(line, at), at) for at, line in enumerate(lines, 1)])
    given = parameters.replace(" ", "").replace('"', "")
    header = True if "header=present" in given else False if "header=absent" in given else None
    return Payload(rows=_cells(text), header=header)


def offered(verb: str) -> str:
    """What is served, as advice."""
    return f"{verb} {CSV_TYPE} or {JSON_TYPE} ({LINES_TYPE} for an object a line)"


def shown(value: Any) -> str:
    """A value as it goes into a message: on one line, and not longer than one reads."""
    try:
        text = value if isinstance(value, str) else json.dumps(value, default=str)
    except (ValueError, RecursionError):
        text = type(value).__name__
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def records(payload: Payload, schema: FeatureSchema) -> list[Mapping[str, Any]]:
    """The rows by name, once all of them are known to have the model's features and no others.

    Raises
    ------
    PayloadError
        Fields are missing, not known or there twice, or a line has more or fewer cells than there are features.
    """
    known, rows = set(schema.names), list(payload.rows)
    named: list[Mapping[str, Any]] = []
    if isinstance(rows[0], Mapping):
        named = [row for row in rows if isinstance(row, Mapping)]
        for at, row in enumerate(named, 1):
            _check_fields(list(row), known, schema, f"payload row {at}")
        return named
    names = [str(cell).strip() for cell in rows[0]]
    header = payload.header
    if header is None:
        header = 2 * len(known & set(names)) > len(names)
    if header:
        _check_fields(names, known, schema, "payload header")
        rows = rows[1:]
        if not rows:
            raise PayloadError("has no rows after its header", "payload")
    else:
        names = list(schema.names)
    for at, cells in enumerate(rows, 1):
        if len(cells) != len(names):
            raise PayloadError(
                f"has {len(cells)} values for the {len(names)} features {', '.join(names)}",
                f"payload row {at}",
            )
        named.append(dict(zip(names, cells, strict=True)))
    return named


def read(value: Any, feature: Feature, row: int) -> Any:
    """A value as its feature's number or text; None if it is missing, which is null or an empty text.

    Raises
    ------
    PayloadError
        The value cannot be read as the feature's kind. A number that is none (NaN) or infinite is refused rather than
        taken for a missing one: JSON has no such numbers, and a score would change without a word.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, dict | list) or (isinstance(value, float) and not math.isfinite(value)):
            raise ValueError(value)
        return _level(value, feature.levels) if feature.kind == CATEGORY else _number(value, feature.kind)
    except (TypeError, ValueError, OverflowError) as error:
        number = isinstance(value, float) or shown(value).lower() in ("nan", "na", "null", "none")
        advice = (
            "; send null, or nothing in CSV, for a missing value" if number else _ADVICE.get(feature.kind, "")
        )
        raise PayloadError(
            f"'{shown(value)}' cannot be read as {feature.kind}{advice}",
            f"payload row {row}, field {feature.name}",
        ) from error


def _text(body: str | bytes) -> str:
    """The body as text; the container replaces what is no UTF-8 before anybody sees it (Werkzeug, `get_data`)."""
    try:
        text = body if isinstance(body, str) else body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PayloadError("is no UTF-8 text", "payload") from error
    if "\N{REPLACEMENT CHARACTER}" in text:
        raise PayloadError("is no UTF-8 text", "payload")
    return text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")


def _json(text: str) -> Payload:
    content = _loaded(text)
    single = isinstance(content, dict) and "instances" not in content
    if isinstance(content, dict) and not single:
        others = sorted(set(content) - {"instances"})
        if others:
            raise PayloadError(f"has {_listed(others)} beside 'instances'; send one or the other", "payload")
        content = content["instances"]
    rows = [content] if single else content
    if not isinstance(rows, list) or not rows:
        raise PayloadError(
            "must be an object of features, or a list of such objects that is not empty", "payload"
        )
    return Payload(rows=[_object(row, at) for at, row in enumerate(rows, 1)], single=single)


def _object(row: Any, at: int) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise PayloadError(f"'{shown(row)}' is no object of features", f"payload row {at}")
    return row


def _loaded(text: str, row: int = 0) -> Any:
    where = f"payload row {row}" if row else "payload"
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise PayloadError(f"is no JSON ({error})", where) from error
    except PayloadError:
        raise
    except RecursionError as error:
        raise PayloadError("is nested too deeply; send rows of plain values", where) from error
    except ValueError as error:  # Python reads no integers of thousands of digits
        raise PayloadError("has a number with too many digits to be read", where) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are there once; of two values JSON's readers would silently take the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise PayloadError(f"has twice {_listed(_doubled(names))} in one object", "payload")
    return found


def _cells(text: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise PayloadError(f"is no CSV ({error})", f"payload line {reader.line_num}") from error
    if not rows:
        raise PayloadError("has no rows", "payload")
    return rows


def _check_fields(names: Sequence[str], known: set[str], schema: FeatureSchema, where: str) -> None:
    told = [
        f"{what} {', '.join(found) if what == 'lacks' else _listed(found)}"
        for what, found in (
            ("lacks", [name for name in schema.names if name not in names]),
            ("has the unknown", sorted({name for name in names if name not in known})),
            ("has twice", _doubled(names)),
        )
        if found
    ]
    if told:
        raise PayloadError(f"{' and '.join(told)}; send exactly the model's features", where)


def _doubled(names: Sequence[str]) -> list[str]:
    return (
        sorted({name for name in names if list(names).count(name) > 1})
        if len(set(names)) < len(names)
        else []
    )


def _listed(names: Iterable[str]) -> str:
    every = [shown(name) for name in names]
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return ", ".join(every[:_NAMED]) + more


def _level(value: Any, levels: tuple[str, ...]) -> str:
    """A text is a level as it stands; 1, and `1.0` where that is no level, are the level `1`."""
    if isinstance(value, str) and value in levels:
        return value
    text = canonical(value)
    return text if text in levels or not isinstance(value, str) else value


def _number(value: Any, kind: str) -> float:
    """Dates and timestamps in days since 1970, as `features.as_number` has them."""
    text = value.strip() if isinstance(value, str) else value
    if kind == "boolean":
        truth = {"true": 1.0, "1": 1.0, "false": 0.0, "0": 0.0}.get(canonical(text))
        if truth is None:
            raise ValueError(text)
        return truth
    if kind == "number":
        if isinstance(text, bool) or (isinstance(text, str) and not _NUMBER.fullmatch(text)):
            raise ValueError(text)
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(text)
        return number
    # a number would be days or seconds or milliseconds, and each a plausible one
    if not isinstance(text, str):
        raise ValueError(text)
    if kind == "date":
        found = _DATE.fullmatch(text)
        if found is None:
            raise ValueError(text)
        return float((date.fromisoformat(found[1]) - date(1970, 1, 1)).days)
    if not _MOMENT.fullmatch(text):
        raise ValueError(text)
    moment = datetime.fromisoformat(_padded(text))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=_UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=_UTC)).total_seconds() / 86400


def _padded(text: str) -> str:
    """A moment as Python 3.10 reads it too: no Z, a colon in the offset, and a fraction of six digits."""
    text = re.sub("[Zz]$", "+00:00", text)
    text = re.sub(r"(:.*[+-][0-9]{2})([0-9]{2})$", r"\1:\2", text)
    return re.sub(r"\.(\d+)", lambda found: f".{found[1][:6]:0<6}", text)
