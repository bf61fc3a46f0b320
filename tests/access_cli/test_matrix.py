"""`mesh access matrix`: everybody who reads anything, and every role whether it does or not."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from governance.access import matrix
from local.snapshots_program import Program
from mesh.access import matrix as access_matrix
from mesh.access.names import Names
from mesh.project import Project


class Cells(HTMLParser):
    """Counts the matrix's cells per row header, and notes what would be loaded from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, int] = {}
        self.readable: dict[str, int] = {}
        self.outside: list[str] = []
        self._row = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.outside += [value for key, value in attrs if key in ("src", "href") and value and ":" in value]
        if tag == "th" and given.get("scope") == "row" and given.get("title"):
            self._row = str(given["title"])
            self.rows[self._row] = self.readable[self._row] = 0
        elif tag == "i" and self._row and "cell" in str(given.get("class")):
            self.rows[self._row] += 1
            self.readable[self._row] += " b" in str(given["class"])
        elif tag == "div":
            self._row = ""


def test_a_line_per_principal_and_a_column_per_level(say: Any, shipped: Project) -> None:
    said = say(shipped.folder, "matrix")
    assert said.code == 0
    rows = {
        line.split("  ")[0].strip(): line.split()[-3:]
        for line in said.out.splitlines()
        if "  " in line.strip()
    }
    assert rows["auditor (ml-coe)"] == ["all", "all", "all"]
    assert rows["data-scientist (ml-coe)"] == ["all", "all", "-"]
    assert "MeshDeploy (ml-coe)" in rows, "administrators read too, and are not left out"


def test_nobody_who_reads_is_left_out_and_no_role_either(shipped: Project, intended: Program) -> None:
    names = Names(shipped, intended.snapshot)
    found = {
        (cell.principal, cell.table): cell.access for cell in access_matrix.cells(intended.snapshot, names)
    }
    reading = {key for key, access in matrix(intended.snapshot, names.principals).items() if access.allowed}
    assert reading, "somebody reads"
    assert reading <= set(found)
    assert {who for who, _ in found} >= set(names.roles)


def test_json_has_every_column_with_its_level(say: Any, shipped: Project) -> None:
    found = json.loads(say(shipped.folder, "matrix", "--json", "--product", "credit-card").out)
    assert found["levels"] == ["public", "internal", "confidential", "restricted"]
    entry = next(each for each in found["access"] if each["role"] == "pipeline")
    assert {"name": "age", "level": "restricted", "readable": False, "rows": []} in entry["columns"]
    assert len(entry["columns"]) == 22


def test_the_page_is_complete_in_itself_and_shows_the_same(
    say: Any, shipped: Project, tmp_path: Path
) -> None:
    page = tmp_path / "new" / "access.html"
    said = say(shipped.folder, "matrix", "--html", str(page))
    assert (said.code, said.out) == (0, "")
    assert str(page) in said.err
    cells = Cells()
    cells.feed(page.read_text(encoding="utf-8"))
    assert cells.readable["arn:aws:iam::333344445555:role/mesh-auditor"] == 22
    assert cells.readable["arn:aws:iam::333344445555:role/mesh-pipeline"] == 19
    assert set(cells.rows.values()) == {22}, "every row has every column"
    assert cells.outside == [], "nothing is loaded from elsewhere"
    assert list(page.parent.iterdir()) == [page], "no half-written file is left"


def test_a_row_filter_is_shown_with_who_stands_under_it(shipped_project: Any, say: Any) -> None:
    product = shipped_project.read("producer")["mesh:products"]["credit-card"]
    share = {**product["shares"][0], "rows": "purpose <> 'business'"}
    shipped_project.change("producer", products={"credit-card": {**product, "shares": [share]}})
    entry = shipped_project.read("consumer")["mesh:subscriptions"]["credit-card"]
    filtered = {**entry, "filteredTables": ["credit_card"]}
    shipped_project.change("consumer", subscriptions={"credit-card": filtered})
    said = say(shipped_project.folder, "matrix")
    assert said.code == 0, said.err
    assert "* auditor (ml-coe): only rows where purpose <> 'business'" in said.out
    assert "all *" in said.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--product", "credit-crad"], "did you mean 'credit-card'?"),
        (["--deployed"], "is not running; start it"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    say: Any, shipped: Project, arguments: list[str], expected: str
) -> None:
    said = say(shipped.folder, "matrix", *arguments)
    assert (said.code, said.out) == (2, "")
    assert expected in said.err
    assert said.err.count("\n") == 1
