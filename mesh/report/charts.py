"""Curves of the model as SVG: ROC, precision and recall, calibration, score distribution, intervals.

Owns axes, scales and marks; colours come from the page's style sheet by class. Deliberately not here: how the
numbers were measured (training.evaluate).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from mesh.report.format import decimal, known, percent, plural, whole
from mesh.report.svg import el, num

WIDTH, HEIGHT = 320.0, 292.0
LEFT, TOP, SIDE = 44.0, 10.0, 240.0
MOST_POINTS = 300
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)

Point = tuple[float, float]


def _x(value: float) -> float:
    return LEFT + value * SIDE


def _y(value: float) -> float:
    return TOP + (1 - value) * SIDE


def points_of(curve: Any) -> list[Point]:
    """Usable points of a curve, thinned evenly to what a screen can show; both ends stay."""
    found = [(float(a), float(b)) for a, b in curve or () if known(a) and known(b)]
    if len(found) <= MOST_POINTS:
        return found
    step = (len(found) - 1) / (MOST_POINTS - 1)
    return [found[round(n * step)] for n in range(MOST_POINTS)]


def _path(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{num(_x(a))} {num(_y(b))}" for a, b in points)


def _frame(name: str, what: str, across: str, up: str, *marks: Markup, most: float = 1.0) -> Markup:
    """Axes from 0 to 1 across and from 0 to `most` upwards, around some marks."""
    parts = [el("title", what)]
    for tick in TICKS:
        shown = f"{tick:g}"
        parts += [
            el("path", d=f"M{num(_x(0))} {num(_y(tick))}H{num(_x(1))}", class_="grid"),
            el("text", f"{tick * most:g}", x=_x(0) - 6, y=_y(tick) + 3.5, text_anchor="end", class_="tick"),
            el("text", shown, x=_x(tick), y=_y(0) + 15, text_anchor="middle", class_="tick"),
        ]
    middle = f"rotate(-90 11 {num(_y(0.5))})"
    parts += [
        *marks,
        el("path", d=f"M{num(_x(0))} {num(_y(0))}H{num(_x(1))}", class_="axis"),
        el("text", across, x=_x(0.5), y=_y(0) + 31, text_anchor="middle", class_="tick name"),
        el("text", up, x=11.0, y=_y(0.5), text_anchor="middle", class_="tick name", transform=middle),
    ]
    return el(
        "svg",
        *parts,
        class_=f"chart {name}",
        viewBox=f"0 0 {num(WIDTH)} {num(HEIGHT)}",
        role="img",
        aria_label=what,
    )


def _note(x: float, y: float, text: str, anchor: str = "start") -> Markup:
    return el("text", text, x=x, y=y, text_anchor=anchor, class_="note")


def roc(curve: Any, auc: Any = None) -> Markup | None:
    """The ROC curve with the diagonal of a coin and the point where KS is measured."""
    points = points_of(curve)
    if len(points) < 2:
        return None
    whole_curve = [(a, b) for a, b in curve if known(a) and known(b)]
    at, best = max(whole_curve, key=lambda point: point[1] - point[0])
    area = f"{_path(points)}L{num(_x(points[-1][0]))} {num(_y(0))}L{num(_x(points[0][0]))} {num(_y(0))}Z"
    marks = [
        el("path", d=area, class_="area"),
        el("path", d=_path([(0, 0), (1, 1)]), class_="chance"),
        el("path", d=_path([(at, at), (at, best)]), class_="ks"),
        el("path", d=_path(points), class_="curve"),
        el("circle", cx=_x(at), cy=_y(best), r="3.5", class_="dot"),
        _note(_x(at) + 6, _y((at + best) / 2) + 4, f"KS {decimal(best - at, 2)}"),
        _note(_x(1) - 4, _y(0) - 8, f"AUC {decimal(auc)}", "end"),
    ]
    what = f"ROC curve, AUC {decimal(auc)}, largest gap to the diagonal {decimal(best - at, 2)}"
    return _frame("roc", what, "False positive rate", "True positive rate", *marks[: 7 if known(auc) else 6])


def precision_recall(curve: Any, pr_auc: Any = None, share: float | None = None) -> Markup | None:
    """Precision over recall, with the share of positives as the line of a model that knows nothing."""
    points = points_of(curve)
    if len(points) < 2:
        return None
    marks = []
    if share is not None:
        marks.append(el("path", d=_path([(0, share), (1, share)]), class_="chance"))
        marks.append(_note(_x(0) + 4, _y(share) + 13, f"share of positives {percent(share)}"))
    marks.append(el("path", d=_path(points), class_="curve"))
    if known(pr_auc):
        marks.append(_note(_x(1) - 4, _y(0) - 8, f"PR-AUC {decimal(pr_auc)}", "end"))
    what = f"Precision-recall curve, area {decimal(pr_auc)}"
    return _frame("pr", what, "Recall", "Precision", *marks)


def positives(bins: Any) -> float | None:
    """Share of positives in the test rows, from the calibration bins."""
    usable = [b for b in bins or () if known(b.get("observed")) and known(b.get("count"))]
    total = sum(b["count"] for b in usable)
    return float(sum(b["observed"] * b["count"] for b in usable) / total) if total else None


def calibration(bins: Any) -> Markup | None:
    """Observed rate over mean prediction; a dot's area is its number of rows."""
    usable = [b for b in bins or () if known(b.get("mean_predicted")) and known(b.get("observed"))]
    if not usable:
        return None
    most = max((b.get("count") or 0 for b in usable), default=0) or 1
    marks = [el("path", d=_path([(0, 0), (1, 1)]), class_="chance")]
    if len(usable) > 1:
        marks.append(
            el("path", d=_path([(b["mean_predicted"], b["observed"]) for b in usable]), class_="curve thin")
        )
    for b in usable:
        count = b.get("count") or 0
        predicted, observed = decimal(b["mean_predicted"]), decimal(b["observed"])
        title = f"predicted {predicted}, observed {observed}, {plural(count, 'row')}"
        radius = 2.0 + 4 * (count / most) ** 0.5
        marks.append(
            el(
                "circle",
                el("title", title),
                cx=_x(b["mean_predicted"]),
                cy=_y(b["observed"]),
                r=radius,
                class_="dot soft",
            )
        )
    return _frame("calibration", "Calibration", "Mean prediction", "Observed rate", *marks)


def scores(bins: Any) -> Markup | None:
    """Score distribution of the two classes: bins of {from, to, positive, negative} counts."""
    usable = [b for b in bins or () if known(b.get("from")) and known(b.get("to")) and b["to"] > b["from"]]
    totals = {kind: sum(b.get(kind) or 0 for b in usable) for kind in ("negative", "positive")}
    top = max(
        ((b.get(kind) or 0) / totals[kind] for b in usable for kind in totals if totals[kind]), default=0.0
    )
    if not top:
        return None
    most = next((step for step in (0.1, 0.2, 0.4, 0.6, 0.8) if step >= top * 1.12), 1.0)
    marks: list[Markup] = []
    for kind, total in totals.items():
        for b in usable if total else ():
            share = (b.get(kind) or 0) / total
            width = (b["to"] - b["from"]) / 2 * SIDE - 1
            left = _x(b["from"]) + 0.5 + (width + 1 if kind == "positive" else 0)
            title = el("title", f"{kind}, {b['from']:g} to {b['to']:g}: {whole(b.get(kind) or 0)} rows")
            height = share / most * SIDE
            marks.append(
                el("rect", title, x=left, y=_y(0) - height, width=max(width, 0.5), height=height, class_=kind)
            )
    marks += [
        el("rect", x=_x(0) + 6, y=TOP + 2, width="9", height="9", class_="negative"),
        _note(_x(0) + 20, TOP + 10.5, f"negative ({whole(totals['negative'])})"),
        el("rect", x=_x(0) + 116, y=TOP + 2, width="9", height="9", class_="positive"),
        _note(_x(0) + 130, TOP + 10.5, f"positive ({whole(totals['positive'])})"),
    ]
    return _frame("scores", "Score distribution by class", "Score", "Share of the class", *marks, most=most)


def interval(value: Any, bounds: Any, name: str) -> Markup | None:
    """A value on a line from 0 to 1 with its confidence interval."""
    if not known(value):
        return None
    width, middle = 200.0, 9.0
    bounded = isinstance(bounds, Sequence) and len(bounds) == 2 and all(map(known, bounds))
    parts = [el("path", d=f"M0 {num(middle)}H{num(width)}", class_="axis")]
    parts += [el("path", d=f"M{num(t * width)} 6V12", class_="axis") for t in TICKS]
    said = f"{name} {decimal(value)}"
    if bounded:
        low, high = bounds
        parts.append(el("path", d=f"M{num(low * width)} {num(middle)}H{num(high * width)}", class_="range"))
        said += f", 95 % interval {decimal(low)} to {decimal(high)}"
    parts.append(el("circle", cx=value * width, cy=middle, r="4", class_="dot"))
    return el("svg", *parts, class_="interval", viewBox="-5 0 210 18", role="img", aria_label=said)


def draw(curves: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Markup]:
    """All charts there is data for, by name."""
    bins = curves.get("calibration")
    found = {
        "ROC": roc(curves.get("roc"), model.get("auc")),
        "Precision and recall": precision_recall(curves.get("pr"), model.get("pr_auc"), positives(bins)),
        "Calibration": calibration(bins),
        "Scores": scores(curves.get("scores")),
    }
    return {name: chart for name, chart in found.items() if chart is not None}
