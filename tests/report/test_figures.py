"""Figures, charts, colours and the written files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mesh.report import page as report_module
from mesh.report import plain, write
from mesh.report.charts import MOST_POINTS, calibration, interval, points_of, precision_recall, roc, scores
from mesh.report.format import Levels, moment, percent, plural, seconds, short, whole
from tests.report.facts import LEVELS, curves
from tests.report.pages import Page

STYLE = (report_module.TEMPLATES / "style.css").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (whole(1234567), "1,234,567"),
        (whole(None), "–"),
        (percent(0.99996), "99.9 %"),
        (percent(1), "100 %"),
        (percent(0.00001), "0.1 %"),
        (percent(0), "0 %"),
        (percent(float("nan")), "–"),
        (seconds(0.0421), "42 ms"),
        (seconds(20.44), "20.4 s"),
        (seconds(59.96), "1 min 0 s"),
        (seconds(133), "2 min 13 s"),
        (plural(1, "row"), "1 row"),
        (plural(1000, "row"), "1,000 rows"),
        (moment("2025-11-23T20:39:05+02:00"), "23 Nov 2025, 18:39:05 UTC"),
        (moment("yesterday"), "yesterday"),
        (short("arn:aws:iam::333344445555:role/mesh-auditor"), "mesh-auditor"),
        (short("arn:aws:sts::333344445555:assumed-role/mesh-auditor/ana"), "mesh-auditor"),
        (
            short("arn:aws:sagemaker:eu-west-1:333344445555:model-package/mesh-credit-risk/3"),
            "mesh-credit-risk/3",
        ),
        (short("auditor"), "auditor"),
    ],
)
def test_values_read_as_people_write_them(shown: str, wanted: str) -> None:
    assert shown == wanted


def test_levels_keep_their_order_and_unknown_ones_follow() -> None:
    assert Levels.of({}).names == LEVELS
    found = Levels.of({"access": [{"columns": [{"name": "a", "level": "secret"}]}]})
    assert found.names == (*LEVELS, "secret")
    assert Levels.of({"levels": ["low", "high"]}).names == ("low", "high")
    assert [Levels.of({}).shade(level) for level in LEVELS] == [0, 1, 2, 3], "four levels, four colours"
    assert Levels(("low", "high")).shade("high") == 3, "the most closed level has the strongest colour"


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    curve = [[n / 9999, (n / 9999) ** 0.5] for n in range(10_000)]
    found = points_of(curve)
    assert len(found) == MOST_POINTS
    assert (found[0], found[-1]) == ((0.0, 0.0), (1.0, 1.0))


def test_points_without_a_number_are_left_out() -> None:
    assert points_of([[0, 0], [None, 1], [0.5, float("nan")], [1, 1]]) == [(0.0, 0.0), (1.0, 1.0)]
    assert roc([[0, 0]]) is None, "one point is no curve"
    assert precision_recall(None) is None
    assert calibration([]) is None
    assert scores([]) is None


def test_charts_stay_inside_their_frame() -> None:
    data = curves()
    drawn = [
        roc(data["roc"], 0.8),
        precision_recall(data["pr"], 0.9, 0.7),
        calibration(data["calibration"]),
        scores(data["scores"]),
        interval(0.8, [0.7, 0.9], "AUC"),
    ]
    for svg in drawn:
        assert svg is not None
        page = Page(svg)
        left, top, width, height = map(float, page.all("svg")[0]["attrs"]["viewbox"].split())
        for item in page.elements:
            attrs = item["attrs"]
            for key in ("x", "cx"):
                assert left <= float(attrs.get(key, left)) <= left + width, f"{item} is outside"
            for key in ("y", "cy"):
                assert top <= float(attrs.get(key, top)) <= top + height, f"{item} is outside"


def test_the_roc_curve_marks_the_largest_gap() -> None:
    svg = roc([[0, 0], [0.2, 0.7], [0.6, 0.8], [1, 1]], 0.75)
    assert svg is not None
    assert "KS 0.50" in svg
    assert "AUC 0.750" in svg


def test_colours_have_enough_contrast_in_light_and_dark() -> None:
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    assert len(blocks) == 2, "one palette for light, one for dark"
    for block in blocks:
        colour = dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{6})", block))
        text = [(name, ground) for name in ("ink", "muted") for ground in ("bg", "panel", "soft")]
        text += [(name, "bg") for name in ("accent", "yes", "no")] + [("no", "nobg"), ("accent", "soft")]
        text += [(f"on{n}", f"l{n}") for n in range(4)]
        marks = [(f"l{n}", ground) for n in range(4) for ground in ("bg", "panel", "soft")]
        for pairs, least in ((text, 4.5), (marks, 3.0)):
            for name, ground in pairs:
                found = contrast(colour[name], colour[ground])
                assert found >= least, f"{name} on {ground} has {found:.2f}, WCAG 2.2 AA asks for {least}"


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two colours."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_both_files_are_written_and_the_numbers_are_the_ones_given(
    small: dict[str, Any], tmp_path: Path
) -> None:
    page = write(small, tmp_path / "build" / "demo")
    assert page == tmp_path / "build" / "demo" / "report.html"
    assert json.loads((page.parent / "report.json").read_text(encoding="utf-8")) == small
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(path.name for path in page.parent.iterdir()) == ["report.html", "report.json"], (
        "no leftovers"
    )
    write(small, page.parent)
    assert len(list(page.parent.iterdir())) == 2, "writing twice is fine"


def test_a_report_that_cannot_be_rendered_leaves_the_earlier_files(
    small: dict[str, Any], tmp_path: Path
) -> None:
    page = write(small, tmp_path)
    before = {path.name: path.read_bytes() for path in page.parent.iterdir()}
    with pytest.raises(KeyError):
        write({**small, "mesh": {"products": [{"lob": "without a name"}]}}, tmp_path)
    assert {path.name: path.read_bytes() for path in page.parent.iterdir()} == before


def test_the_same_report_gives_the_same_page(small: dict[str, Any]) -> None:
    assert report_module.render(small) == report_module.render(small)


def test_numbers_that_json_cannot_hold_become_null() -> None:
    class Scalar:
        def item(self) -> float:
            return 0.5

    given = {
        "a": float("nan"),
        "b": (1, float("inf")),
        "c": Scalar(),
        "d": Path("x"),
        "e": True,
        1: None,
        "f": {"z", "y"},
    }
    assert plain(given) == {
        "a": None,
        "b": [1, None],
        "c": 0.5,
        "d": "x",
        "e": True,
        "1": None,
        "f": ["y", "z"],
    }
