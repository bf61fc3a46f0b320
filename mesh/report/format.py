"""Numbers, times, names and sensitivity levels as a person reads them.

Owns the wording of single values on the report page and the order of the levels. Deliberately not here: what
is shown where (view, templates) and what is drawn (mesh, charts).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from governance.levels import DEFAULT_LEVELS

NOTHING = "–"
"""Stands where a value is not known."""

SHADES = 4
"""Level colours of the style sheet (`--l0` to `--l3`), open to closed."""


def known(value: Any) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def whole(value: Any) -> str:
    """A count with thousands separators."""
    return f"{round(value):,}" if known(value) else NOTHING


def decimal(value: Any, places: int = 3) -> str:
    """A number with fixed decimals."""
    return f"{value:.{places}f}" if known(value) else NOTHING


def percent(value: Any) -> str:
    """A fraction of 1 as a percentage; never rounded up to 100 % or down to 0 %."""
    if not known(value):
        return NOTHING
    shown = min(max(value * 100, 0.1), 99.9) if 0 < value < 1 else value * 100
    return f"{shown:.1f} %" if shown % 1 else f"{shown:.0f} %"


def seconds(value: Any) -> str:
    """A duration: milliseconds below a tenth of a second, minutes from one on."""
    if not known(value):
        return NOTHING
    if value < 0.0995:
        return f"{value * 1000:.0f} ms"
    if value < 59.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def plural(count: Any, noun: str, many: str | None = None) -> str:
    """`1 row`, `1,000 rows`."""
    return f"{whole(count)} {noun if count == 1 else many or noun + 's'}"


def moment(value: Any) -> str:
    """An ISO time as `23 Nov 2025, 18:39:05 UTC`; text that is no time stays as it is."""
    try:
        when = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    if when.tzinfo is None:
        return f"{when.day} {when:%b %Y, %H:%M:%S}"
    when = when.astimezone(UTC)
    return f"{when.day} {when:%b %Y, %H:%M:%S} UTC"


def short(name: Any) -> str:
    """What is told apart in an ARN: the role, the user, or the model package with its version."""
    text = str(name)
    if not text.startswith("arn:"):
        return text
    kind, _, rest = text.split(":", 5)[-1].partition("/")
    if kind == "assumed-role":
        return rest.partition("/")[0]
    return rest or kind


def account_of(name: Any) -> str:
    """The account id in an ARN, empty for anything else."""
    found = re.match(r"arn:[^:]*:[^:]*:[^:]*:(\d{12}):", str(name))
    return found[1] if found else ""


def slug(*parts: Any) -> str:
    """A text that can serve as an element's id."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(map(str, parts)).lower()).strip("-")


@dataclass(frozen=True)
class Levels:
    """Sensitivity levels, open to closed, with the shade each is drawn in."""

    names: tuple[str, ...]

    @classmethod
    def of(cls, report: Mapping[str, Any]) -> Levels:
        """Levels of a report: its own order if it states one, else the usual one; others follow as met."""
        stated = tuple(report.get("levels") or DEFAULT_LEVELS)
        return cls(tuple(dict.fromkeys((*stated, *_mentioned(report)))))

    def rank(self, level: str) -> int:
        """Position of a level; one that nobody named comes last."""
        return self.names.index(level) if level in self.names else len(self.names)

    def shade(self, level: str) -> int:
        """Number of the level's colour; more levels than colours share neighbouring ones."""
        last = max(len(self.names) - 1, 1)
        return min(round(self.rank(level) * (SHADES - 1) / last), SHADES - 1)

    def sort(self, levels: Iterable[str]) -> list[str]:
        """Levels in order, each once."""
        return sorted(set(levels), key=self.rank)


def _mentioned(report: Mapping[str, Any]) -> Iterable[str]:
    for entry in report.get("access") or ():
        yield from (str(column["level"]) for column in entry.get("columns") or ())
    for product in (report.get("mesh") or {}).get("products") or ():
        yield from map(str, product.get("levels") or ())
