"""The report of a run: one HTML page, and the numbers behind it as JSON.

Owns the page as a whole and the two files. The page is complete in itself: no other file, no network, and all
of it there without JavaScript. Deliberately not here: gathering the facts (the demo hands them over).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from mesh.files import write_whole
from mesh.report import format as report_format
from mesh.report import view as report_view
from mesh.report.access import grids
from mesh.report.format import Levels, known
from mesh.report.mesh_draw import draw

TEMPLATES = Path(__file__).parent / "templates"
JSON_NAME, HTML_NAME = "report.json", "report.html"


def render(report: Mapping[str, Any]) -> str:
    """The report as one self-contained HTML page.

    Parameters
    ----------
    report
        Facts of the run: `phases`, `resources`, `rows`, `queries`, `denials` and `model`, and where known
        `mesh`, `access`, `quality`, `curves`, `audit`, `levels`, `generated` and `seconds`. A section without
        its facts is left out. Every value is escaped.
    """
    facts = plain(report)
    levels = Levels.of(facts)
    mesh = facts.get("mesh") or {}
    page = _environment().get_template("report.html.j2")
    return page.render(
        report=facts,
        levels=levels,
        tiles=report_view.headline(facts),
        phases=report_view.phases(facts),
        drawing=draw(mesh, levels) if mesh.get("accounts") or mesh.get("products") else None,
        products=report_view.shared_with(facts),
        grids=grids(facts, levels),
        asked=report_view.asked(facts),
        other_records=report_view.other_records(facts),
        batches=report_view.batches(facts),
        model=report_view.model(facts, levels),
        total=report_view.total(facts),
    )


def write(report: Mapping[str, Any], folder: Path) -> Path:
    """Write report.json and report.html into a folder; return the path of the page.

    Both are written whole or not at all: a reader never sees half a file, and a report that cannot be
    rendered leaves those of an earlier run as they were.
    """
    facts = plain(report)
    page = render(facts)
    text = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / JSON_NAME, text)
    write_whole(folder / HTML_NAME, page)
    return folder / HTML_NAME


def plain(value: Any) -> Any:
    """JSON's own types only: tuples become lists, NaN and infinities null, anything unknown its text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in (value if isinstance(value, list | tuple) else sorted(value))]
    if value is None or isinstance(value, str | bool):
        return value
    item = getattr(value, "item", None)  # NumPy's scalars
    number = item() if callable(item) else value
    if isinstance(number, int | float):
        return number if known(number) or isinstance(number, bool) else None
    return str(value)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("whole", "decimal", "percent", "seconds", "moment", "short", "account_of", "plural"):
        environment.filters[name] = getattr(report_format, name)
    environment.filters["anchor"] = report_view.anchor
    return environment
