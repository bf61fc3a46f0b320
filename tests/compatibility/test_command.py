"""`mesh contract` from the outside: what it prints and how it exits."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from governance.contracts import load_contract
from governance.contracts.odps import check_document, product_document
from governance.errors import MeshError
from mesh.cli import main

FILE = "contracts/credit-card.odcs.yaml"


@pytest.fixture
def here(shipped_project: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped project as the current folder, with no cloud of its own."""
    monkeypatch.chdir(shipped_project.folder)
    monkeypatch.setenv("MESH_HOME", str(shipped_project.folder / ".mesh"))
    return Path(shipped_project.folder)


@pytest.fixture
def variant(here: Path) -> Callable[..., str]:
    """Writes the shipped contract, changed, beside it."""

    def write(edit: Callable[[dict[str, Any]], Any], name: str = "new.yaml") -> str:
        data = yaml.safe_load((here / FILE).read_text(encoding="utf-8"))
        edit(data)
        (here / name).write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        return name

    return write


def first(data: dict[str, Any]) -> dict[str, Any]:
    return data["schema"][0]["properties"][1]


def test_check_accepts_the_shipped_contract(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contract", "check", FILE]) == 0, "it is deployed as it is"
    assert "credit-card 1.0.0, 1 tables, 22 columns" in capsys.readouterr().out, "and says what is in it"


def test_check_names_every_wrong_file_and_exits_with_2(
    variant: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    typed = variant(lambda data: first(data).update(logicalType="text"), "typed.yaml")
    keyed = variant(lambda data: data.update(colour="red"), "keyed.yaml")
    assert main(["contract", "check", typed, FILE, keyed, "gone.yaml"]) == 2, "three of four are wrong"
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert len(lines) == 3, f"one line each: {lines}"
    assert lines[0].startswith("typed.yaml: schema[0].properties[1].logicalType: unknown type 'text'"), lines[
        0
    ]
    assert lines[1].startswith("keyed.yaml: colour: is no key"), lines[1]
    assert lines[2] == "gone.yaml: no such contract file", lines[2]
    assert FILE in said.out, "the right one is reported too"


def test_diff_exits_with_1_for_a_break_under_the_old_major_version(
    variant: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    new = variant(lambda data: first(data).update(classification="restricted"))
    assert main(["contract", "diff", FILE, new]) == 1, "two roles are shut out"
    out = capsys.readouterr().out
    assert "[ml-coe/data-scientist, ml-coe/pipeline]" in out, out
    assert "raise the major version" in out, out
    assert "models were not looked up: no cloud runs here, and --live asks AWS" in out, "not in silence"
    raised = variant(
        lambda data: (first(data).update(classification="restricted"), data.update(version="2.0.0"))
    )
    assert main(["contract", "diff", FILE, raised]) == 0, "a new major version may break"
    capsys.readouterr()
    assert main(["contract", "diff", FILE, FILE]) == 0, "nothing changed"
    assert "looked up" not in capsys.readouterr().out, "what breaks nothing needs no models"


def test_diff_speaks_json_and_markdown(
    variant: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    new = variant(lambda data: data["schema"][0]["properties"].pop(1))
    assert main(["contract", "diff", FILE, new, "--json"]) == 1, "a column is gone"
    found = json.loads(capsys.readouterr().out)
    assert (found["bump"], found["refused"]) == ("major", True), found
    assert [(item["kind"], item["column"], len(item["roles"])) for item in found["changes"]] == [
        ("column-removed", "status", 3)
    ], found["changes"]
    assert main(["contract", "diff", FILE, new, "--markdown"]) == 1, "the same verdict"
    markdown = capsys.readouterr().out
    assert "| **breaking** | `credit_card.status` | the column is gone | ml-coe/auditor" in markdown, markdown
    assert "\n> registered models were not looked up" in markdown


def test_diff_reads_git_revisions(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=here, check=True)

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "one")
    path = here / FILE
    path.write_text(
        path.read_text(encoding="utf-8").replace("status: active", "status: deprecated"), encoding="utf-8"
    )
    assert main(["contract", "diff", f"HEAD:{FILE}", FILE]) == 0, "deprecation breaks nothing"
    out = capsys.readouterr().out
    assert "its status is now deprecated" in out, out
    assert "read by ml-coe/auditor, ml-coe/data-scientist, ml-coe/pipeline" in out, "consumers are listed"
    assert main(["contract", "check", FILE, "--against", "HEAD"]) == 0, "the same through check"
    assert main(["contract", "diff", f"nowhere:{FILE}", FILE]) == 2, "no such revision"
    assert main(["contract", "diff", "--", f"-x:{FILE}", FILE]) == 2, "no option slips through to git"
    assert len(capsys.readouterr().err.splitlines()) == 2, "one line each"


def test_check_against_the_deployed_state_needs_a_cloud(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["contract", "check", FILE, "--against", "deployed"]) == 2, "no cloud runs here"
    assert "mesh cloud start" in capsys.readouterr().err, "and how to get one"


def test_export_writes_a_document_for_portals(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contract", "export", "--odps", FILE, "--out", "product.yaml"]) == 0, "written"
    document = yaml.safe_load((here / "product.yaml").read_text(encoding="utf-8"))
    assert document["kind"] == "DataProduct", "an ODPS document"
    assert document["outputPorts"] == [
        {
            "name": "credit_card", "description": "Applications for consumer credit, one row each, with their outcome.",
            "type": "tables", "version": "1.0.0", "contractId": "urn:datacontract:consumer-banking:credit-card",
        }
    ], "one port per table, pointing to the contract"  # fmt: skip
    assert document["team"]["members"][0]["role"] == "Data Owner", "who answers for it"
    assert [item["channel"] for item in document["support"]] == [
        "#consumer-banking-data", "consumer-banking-data@example.com",
    ], "whom to ask"  # fmt: skip
    assert main(["contract", "export", "--odps", FILE]) == 0, "printed"
    assert yaml.safe_load(capsys.readouterr().out.split("\n", 0)[0]) == document, "the same"
    assert main(["contract", "export", "--odps", FILE, "--out", "no/where.yaml"]) == 2, "no such folder"


def test_a_support_channel_needs_an_address_in_odps(here: Path) -> None:
    text = (here / FILE).read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    data["support"] = [{"channel": "help@example.com"}, {"channel": "#nowhere"}]
    data["team"] = [{"name": "Ana", "role": "owner"}]
    document = product_document(load_contract(here / FILE), yaml.safe_dump(data))
    assert document["support"] == [{"channel": "help@example.com", "url": "mailto:help@example.com"}], (
        "a mail address"
    )
    assert document["team"] == {"members": [{"username": "Ana", "name": "Ana", "role": "owner"}]}, (
        "the older team"
    )


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda d: d.pop("id"), "ODPS needs id"),
        (lambda d: d.update(colour="red"), "colour: is no key of ODPS"),
        (lambda d: d["outputPorts"][0].pop("version"), "outputPorts: ODPS needs version"),
        (lambda d: d["team"]["members"][0].update(phone=1), "phone: is no key of ODPS"),
    ],
)
def test_a_document_that_the_standard_refuses_is_refused_here(here: Path, edit: Any, said: str) -> None:
    text = (here / FILE).read_text(encoding="utf-8")
    document = product_document(load_contract(here / FILE), text)
    check_document(document, "p.yaml")
    edit(document)
    with pytest.raises(MeshError, match=said):
        check_document(document, "p.yaml")
