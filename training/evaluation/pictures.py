"""Pictures of an evaluation as inline SVG: lines, bars, calibration and the summary of contributions.

Each function takes plain numbers and returns one ``<svg>`` element with a title for screen readers. Deliberately
not here: the page they stand on (`report`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 340, 260, 46, 40, 12, 12
_INK, _PALE, _ACCENT, _SECOND = "#1f2937", "#d1d5db", "#1d4ed8", "#c2410c"
_MISSING = "#9ca3af"


def curve(
    title: str, points: Sequence[tuple[float, float]], x: str, y: str, *, diagonal: bool = False
) -> str:
    """A curve in the unit square."""
    reference = _line([(0, 0), (1, 1)], _PALE, "4 3") if diagonal else ""
    return _svg(title, _axes(x, y) + reference + _line(points, _ACCENT))


def calibration(title: str, table: Sequence[Mapping[str, float]]) -> str:
    """Observed rate against mean score, with intervals; on the diagonal a score is what it says."""
    marks = []
    for row in table:
        px = _x(row["mean_score"])
        marks.append(
            f'<line x1="{px:.1f}" x2="{px:.1f}" y1="{_y(row["low"]):.1f}" y2="{_y(row["high"]):.1f}" '
            f'stroke="{_ACCENT}"/><circle cx="{px:.1f}" cy="{_y(row["observed"]):.1f}" r="3.5" '
            f'fill="{_ACCENT}"><title>{row["rows"]} rows: score {row["mean_score"]:.3f}, '
            f"observed {row['observed']:.3f}</title></circle>"
        )
    line = _line([(0, 0), (1, 1)], _PALE, "4 3")
    return _svg(title, _axes("mean score", "observed rate") + line + "".join(marks))


def histogram(title: str, bins: Sequence[Mapping[str, float]], threshold: float) -> str:
    """Share of each class per band of scores, and the threshold."""
    parts = []
    totals = {name: sum(row[name] for row in bins) or 1 for name in ("negative", "positive")}
    top = max(row[name] / totals[name] for row in bins for name in totals) or 1
    for name, colour in (("negative", _ACCENT), ("positive", _SECOND)):
        for row in bins:
            height = row[name] / totals[name] / top
            left, right = _x(row["low"]), _x(row["high"])
            parts.append(
                f'<rect x="{left:.1f}" y="{_y(height):.1f}" width="{right - left:.1f}" '
                f'height="{_y(0) - _y(height):.1f}" fill="{colour}" fill-opacity="0.45"/>'
            )
    mark = _line([(threshold, 0), (threshold, 1)], _INK, "2 2")
    return _svg(title, _axes("score", "share of class", y_top=f"{top:.0%}") + "".join(parts) + mark)


def bars(title: str, rows: Sequence[tuple[str, float]]) -> str:
    """Horizontal bars, longest first as given."""
    top = max((value for _, value in rows), default=0) or 1
    parts = []
    for index, (name, value) in enumerate(rows):
        at = 8 + index * 20
        parts.append(
            f'<text x="150" y="{at + 12}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="158" y="{at}" width="{value / top * 420:.1f}" height="14" fill="{_ACCENT}"/>'
            f'<text x="{164 + value / top * 420:.1f}" y="{at + 12}">{value:.3f}</text>'
        )
    return _svg(title, "".join(parts), 640, 16 + 20 * len(rows))


def swarm(title: str, features: Sequence[Mapping[str, Any]]) -> str:
    """One line of points per feature: contribution across, colour from low (blue) to high (orange) value."""
    values = [abs(point[0]) for row in features for point in row["points"]]
    reach = max(values, default=0) or 1
    parts = [f'<line x1="400" x2="400" y1="4" y2="{len(features) * 26 + 6}" stroke="{_PALE}"/>']
    for index, row in enumerate(features):
        middle = 18 + index * 26
        parts.append(f'<text x="150" y="{middle + 4}" text-anchor="end">{escape(row["feature"])}</text>')
        seen: dict[int, int] = {}
        for contribution, rank in row["points"]:
            at = 400 + contribution / reach * 235
            cell = round(at / 3)
            count = seen[cell] = seen.get(cell, -1) + 1
            # points at one place spread up and down in turn
            shift = min((count + 1) // 2, 5) * 2 * (1 if count % 2 else -1)
            parts.append(f'<circle cx="{at:.1f}" cy="{middle + shift}" r="1.8" fill="{_mix(rank)}"/>')
    end = len(features) * 26 + 24
    parts.append(f'<text x="400" y="{end}" text-anchor="middle">contribution in log odds</text>')
    return _svg(title, "".join(parts), 660, end + 8)


def _mix(rank: float | None) -> str:
    if rank is None:
        return _MISSING
    low, high = (29, 78, 216), (234, 88, 12)
    red, green, blue = (round(a + (b - a) * rank) for a, b in zip(low, high, strict=True))
    return f"#{red:02x}{green:02x}{blue:02x}"


def _svg(title: str, body: str, width: int = _WIDTH, height: int = _HEIGHT) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>{body}</svg>'
    )


def _axes(x: str, y: str, y_top: str = "1") -> str:
    left, right, low, high = _x(0), _x(1), _y(0), _y(1)
    return (
        f'<path d="M{left} {high}V{low}H{right}" fill="none" stroke="{_INK}"/>'
        f'<text x="{left}" y="{low + 14}">0</text><text x="{right}" y="{low + 14}" text-anchor="end">1</text>'
        f'<text x="{left - 6}" y="{high + 10}" text-anchor="end">{escape(y_top)}</text>'
        f'<text x="{(left + right) / 2}" y="{low + 28}" text-anchor="middle">{escape(x)}</text>'
        f'<text transform="translate(14 {(low + high) / 2}) rotate(-90)" text-anchor="middle">{escape(y)}</text>'
    )


def _line(points: Sequence[tuple[float, float]], colour: str, dash: str = "") -> str:
    path = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    style = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"{style}/>'


def _x(value: float) -> float:
    return _LEFT + value * (_WIDTH - _LEFT - _RIGHT)


def _y(value: float) -> float:
    return _HEIGHT - _BOTTOM - value * (_HEIGHT - _BOTTOM - _TOP)
