"""The page as a whole: well formed, complete, self-contained, accessible, and safe with any text."""

from __future__ import annotations

import copy
import re
from itertools import pairwise
from typing import Any

import pytest

from mesh.report import render
from tests.report.facts import COLUMNS, LEVELS
from tests.report.pages import Page

SECTIONS = {
    "mesh": ("mesh",),
    "access": ("access",),
    "queries": ("queries", "denials", "audit"),
    "quality": ("quality",),
    "model": ("model",),
}
EVIL = "<script>alert('x')</script> & \"quoted\" </pre> {{ 7 * 7 }}"


def section_ids(page: Page) -> list[str]:
    return [item["attrs"]["id"] for item in page.all("section")]


def text_of(page: Page, section: str) -> str:
    return str(next(item["text"] for item in page.all("section") if item["attrs"]["id"] == section))


@pytest.mark.parametrize("name", ["small", "large"])
def test_the_page_is_well_formed_and_its_ids_are_unique(name: str, request: pytest.FixtureRequest) -> None:
    page = Page(render(request.getfixturevalue(name)))
    ids = page.ids()
    assert len(ids) > 6, "the page has ids to link to"
    assert len(ids) == len(set(ids)), (
        "an id that stands twice makes links and labels point at the wrong element"
    )
    targets = [item["attrs"]["href"][1:] for item in page.all("a")]
    assert targets, "the page links to its sections"
    assert set(targets) <= set(ids), "a link leads nowhere"
    named = [word for item in page.elements for word in (item["attrs"].get("aria-labelledby") or "").split()]
    assert named, "sections are named by their headings"
    assert set(named) <= set(ids), "a label points at nothing"


def test_all_sections_stand_in_order_when_all_facts_are_there(small: dict[str, Any]) -> None:
    assert section_ids(Page(render(small))) == ["account", *SECTIONS, "limits"]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_without_its_facts_is_left_out_with_its_link(section: str, small: dict[str, Any]) -> None:
    for key in SECTIONS[section]:
        del small[key]
    page = Page(render(small))
    assert section_ids(page) == ["account", *(name for name in SECTIONS if name != section), "limits"]
    assert not page.all("a", href=f"#{section}"), "a link to a section that is not there"


def test_an_empty_report_is_a_page_all_the_same() -> None:
    assert section_ids(Page(render({}))) == ["account", "limits"]


def test_every_optional_key_of_an_entry_may_be_missing() -> None:
    page = Page(
        render(
            {
                "phases": [{"name": "all", "seconds": 1}],
                "resources": {"central": 1},
                "rows": {"curated": 0, "quarantined": 0},
                "queries": [{"principal": "a", "sql": "SELECT 1", "query_id": "q", "columns": []}],
                "denials": [{"principal": "b", "sql": "SELECT 2", "query_id": None, "error": "no"}],
                "model": {"auc": 0.5, "pr_auc": None, "ks": float("nan")},
                "access": [{"principal": "a", "product": "p", "table": "t", "columns": [], "chain": []}],
                "mesh": {"products": [{"name": "p"}], "shares": [{"product": "p", "consumer": "c"}]},
                "quality": [{"batch": "b", "read": 1, "curated": 1, "quarantined": 0}],
                "curves": {"roc": [], "calibration": []},
                "audit": [{"event": "GetDataAccess", "query_id": "other"}],
            }
        )
    )
    assert section_ids(page) == ["account", *SECTIONS, "limits"]
    assert not [item for item in page.elements if "None" in item["attrs"].values()], (
        "None reached an attribute"
    )
    assert "None" not in page.all("main")[0]["text"], "None reached the reader"


def test_nothing_is_loaded_from_anywhere(small: dict[str, Any]) -> None:
    html = render(small)
    page = Page(html)
    loading = {"src", "srcset", "data", "action", "poster"}
    assert not [item for item in page.elements if loading & set(item["attrs"])], "an element loads something"
    assert not page.all("link"), "a style sheet or icon is loaded"
    assert not re.findall(r"https?://|//[a-z]|@import|url\(", html.replace("  // ", "")), (
        "an address is on the page"
    )
    assert not re.findall(r"fetch\(|XMLHttpRequest|import\(", html), "the script loads something"


def test_the_content_is_there_without_javascript(small: dict[str, Any]) -> None:
    html = render(small)
    script = html[html.index("<script>") : html.index("</script>")]
    for word in ("innerHTML", "createElement", "textContent", "insertAdjacent"):
        assert word not in script, "the script writes content, which a reader without JavaScript would miss"
    hidden = [item["tag"] for item in Page(html).elements if "hidden" in item["attrs"]]
    assert hidden == ["label"], "only the filter, useless without JavaScript, is hidden until there is some"


def test_hostile_text_in_every_value_stays_text(large: dict[str, Any]) -> None:
    clean = Page(render(large))
    hostile = poison(copy.deepcopy(large))
    html = render(hostile)
    page = Page(html)
    assert len(page.all("script")) == len(clean.all("script")) == 1, "a script came in with the data"
    assert "{{ 7 * 7 }}" in html, "the data is not a template"
    assert html.count("<script>") == 1
    for item in hostile["queries"] + hostile["denials"]:
        assert item["sql"] in page.all("section")[3]["text"], "SQL is shown as it was"
    for item in hostile["denials"]:
        assert item["error"] in page.all("section")[3]["text"], "errors are verbatim"


def poison(value: Any) -> Any:
    """Every text value with hostile text behind it; names stay consistent, and so do levels."""
    if isinstance(value, dict):
        kept = {"role"} if "account_id" in value else {"level", "clearance"}
        return {
            (f"{key}{EVIL}" if key == "producer" else key): item if key in kept else poison(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [poison(item) for item in value]
    return f"{value}{EVIL}" if isinstance(value, str) else value


def test_every_principal_and_column_is_in_the_matrix_under_its_level(small: dict[str, Any]) -> None:
    page = Page(render(small))
    matrix = [item for item in page.elements if "table" in item["path"] and "thead" in item["path"]]
    names = [item["text"] for item in matrix if item["tag"] == "span" and item["text"] in COLUMNS]
    assert sorted(names) == sorted(COLUMNS), "a column is missing from the matrix or stands twice"
    ranks = [LEVELS.index(COLUMNS[name]) for name in names]
    assert all(a <= b for a, b in pairwise(ranks)), "columns are grouped by level, open to closed"
    groups = [(item["text"], item["attrs"]["colspan"]) for item in page.all("th", scope="colgroup")]
    counts = [(level, str(list(COLUMNS.values()).count(level))) for level in LEVELS]
    assert groups == counts, "the heading of a level spans its columns"
    rows = [item["attrs"]["title"] for item in page.all("th", scope="row") if "title" in item["attrs"]]
    assert rows == [entry["principal"] for entry in small["access"]], "every principal is a row"


@pytest.mark.parametrize("name", ["small", "large"])
def test_a_cell_is_filled_exactly_when_the_column_is_readable(
    name: str, request: pytest.FixtureRequest
) -> None:
    report = request.getfixturevalue(name)
    page = Page(render(report))
    filled = [
        item for item in page.all("i", class_="cell") if "tbody" in item["path"] and "class" in item["attrs"]
    ]
    said = [item["text"] for item in page.all("span", class_="vh") if item["text"].endswith("readable")]
    readable = sum(column["readable"] for entry in report["access"] for column in entry["columns"])
    assert len(filled) == len(said) == sum(len(entry["columns"]) for entry in report["access"])
    assert sum(item["attrs"]["class"] != "cell" for item in filled) == readable, (
        "colour says what is readable"
    )
    assert said.count("readable") == readable, "words say it to those who see no colour"


def test_a_principal_that_reads_nothing_shows_what_is_missing(small: dict[str, Any]) -> None:
    page = Page(render(small))
    details = [item["text"] for item in page.all("details")]
    for entry in small["access"]:
        own = [text for text in details if entry["principal"] in text]
        assert len(own) == 1, "one list of grants for each principal"
        for step in entry["chain"]:
            assert step in own[0], "each step of the chain is listed"
        if entry["missing"]:
            assert entry["missing"] in own[0], "the missing link is named"


def test_a_query_stands_beside_its_own_audit_record(small: dict[str, Any]) -> None:
    small["audit"] = [
        record for record in small["audit"] if record["query_id"] != small["denials"][0]["query_id"]
    ]
    articles = Page(render(small)).all("article")
    items = small["queries"] + small["denials"]
    assert len(articles) == len(items)
    for article, item in zip(articles, items, strict=True):
        records = [record for record in small["audit"] if record["query_id"] == item["query_id"]]
        assert item["query_id"] in article["text"]
        assert all(record["event"] in article["text"] for record in records)
        missing = "No audit record carries this query id" in article["text"]
        assert missing == (not records), "a query without a record must say so, and no other"
    assert small["audit"][-1]["query_id"] in text_of(Page(render(small)), "queries"), (
        "records of others are kept"
    )


def test_quality_shows_what_a_refused_batch_did_wrong(small: dict[str, Any]) -> None:
    text = text_of(Page(render(small)), "quality")
    for batch in small["quality"]:
        assert batch["batch"] in text
        assert (batch.get("message") or "") in text
        for rule in batch["rules"]:
            assert rule["rule"] in text
    assert re.search(r"1,000\s+991\s.*99.1 %", text, re.DOTALL), "figures are written for people"


def test_the_model_shows_lineage_metrics_and_what_it_never_saw(small: dict[str, Any]) -> None:
    text = text_of(Page(render(small)), "model")
    model = small["model"]
    for word in (
        "0.793",
        "0.886",
        "0.475",
        "0.726 to 0.853",
        "credit-card",
        "contract 1.0.0",
        "as mesh-pipeline",
    ):
        assert word in text, f"{word} is missing"
    for word in (model["query_id"], model["package_arn"], "793", *model["features"], *model["unseen"]):
        assert word in text, f"{word} is missing"


def test_headers_and_headings_carry_the_structure(large: dict[str, Any]) -> None:
    page = Page(render(large))
    assert all(item["attrs"].get("scope") for item in page.all("th")), "a header without scope heads nothing"
    levels = [int(item["tag"][1]) for item in page.elements if re.fullmatch(r"h[1-6]", item["tag"])]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), "a heading level is skipped"
    drawings = page.all("svg")
    assert len(drawings) > 5
    for item in drawings:
        attrs = item["attrs"]
        assert attrs.get("role") == "img", "a drawing is an image to a screen reader"
        assert attrs.get("aria-label") or attrs.get("aria-labelledby"), "an image has a name"
    assert all(item["attrs"].get("aria-label") for item in page.all("div", role="region"))
