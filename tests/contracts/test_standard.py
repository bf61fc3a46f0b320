"""`mesh contract check` holds a contract against the standard's schema: one line with file, path and reason, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mesh.cli import main
from tests.contracts.texts import FULL, text

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no status": ({"status": None}, "status: is missing"),
    "no id": ({"id": None}, "id: is missing"),
    "no version": ({"version": None}, "version: is missing"),
    "another kind": ({"kind": "Contract"}, "kind: 'Contract' must be DataContract"),
    "a version nobody released": ({"apiVersion": "v3.7.1"}, "apiVersion: 'v3.7.1' is no released version"),
    "an older standard": ({"apiVersion": "v2.2.2"}, "apiVersion: 'v2.2.2' is not supported"),
    "an unknown key": ({"flavour": 1}, "flavour: is no key of the Open Data Contract Standard"),
    "an unknown key of the team": (
        {"team": {"name": "a", "memebers": []}},
        "team.memebers: is no key of the Open Data Contract Standard (did you mean members?)",
    ),
    "an unknown key of a member": ({"team": [{"username": "a", "rolle": "b"}]}, "team[0].rolle: is no key of"),
    "a service level without value": ({"slaProperties": [{"property": "x"}]}, "slaProperties[0].value: is missing"),
    "an unknown key of a service level": (
        {"slaProperties": [{"property": "x", "value": 1, "units": "d"}]},
        "slaProperties[0].units: is no key of",
    ),
    "support without channel": ({"support": [{"url": "https://a.b"}]}, "support[0].channel: is missing"),
    "a server without type": ({"servers": [{"server": "x"}]}, "servers[0].type: is missing"),
    "a role without name": ({"roles": [{"access": "read"}]}, "roles[0].role: is missing"),
    "a custom property without value": (
        {"customProperties": [{"property": "x"}]},
        "customProperties[0].value: is missing",
    ),
    "tags that are no list": ({"tags": "a"}, "tags: input should be a valid list"),
    "a table that is none": ({"schema": ["a"]}, "schema[0]: input should be a valid dictionary"),
    "a schema that is no list": ({"schema": {"name": "a"}}, "schema: input should be a valid list"),
}  # fmt: skip
PROPERTIES: dict[str, tuple[dict[str, Any], str]] = {
    "a slip in a key": ({"clasification": "public"}, ".clasification: is no key of the Open Data Contract Standard "
                        "(did you mean classification?)"),
    "a slip within a struct": (
        {"logicalType": "object", "properties": [{"name": "a", "logicalType": "date", "requierd": True}]},
        ".properties[0].requierd: is no key of",
    ),
    "a slip in items": (
        {"logicalType": "array", "items": {"logicalType": "string", "lenght": 3}},
        ".items.lenght: is no key of",
    ),
    "a slip in a rule": (
        {"quality": [{"metric": "nullValues", "mustBe": 0, "serverity": "error"}]},
        ".quality[0].serverity: is no key of",
    ),
    "an engine without rule": (
        {"quality": [{"type": "custom", "engine": "soda"}]},
        ".quality[0].implementation: is missing",
    ),
    "a type nobody knows": ({"logicalType": "strin"}, ".logicalType: unknown type 'strin'"),
    "a flag that is none": ({"required": "perhaps"}, ".required: input should be a valid boolean"),
}  # fmt: skip


def check(content: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    file = folder / "c.odcs.yaml"
    file.write_text(content, encoding="utf-8")
    code = main(["contract", "check", str(file)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def refused(content: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = check(content, folder, capsys)
    assert (code, out) == (2, ""), err
    assert len(err.splitlines()) == 1, err
    assert err.startswith(f"{folder / 'c.odcs.yaml'}: "), err
    assert said in err


@pytest.mark.parametrize(("changes", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_the_standard_does_not_allow_is_one_line(changes, said, tmp_path, capsys):
    refused(text(**{"status": "active", **changes}), f"c.odcs.yaml: {said}", tmp_path, capsys)


@pytest.mark.parametrize(("more", "said"), PROPERTIES.values(), ids=PROPERTIES.keys())
def test_a_column_that_the_standard_does_not_allow_is_one_line(more, said, tmp_path, capsys):
    content = text([{"name": "x", "logicalType": "string", **more}], status="active")
    refused(content, f": schema[0].properties[0]{said}", tmp_path, capsys)


@pytest.mark.parametrize("content", [FULL, text(status="draft", apiVersion="v3.0.0"), text(status="active")])
def test_what_it_allows_is_accepted(content, tmp_path, capsys):
    code, out, err = check(content, tmp_path, capsys)
    assert (code, err) == (0, ""), err
    assert "1 tables" in out or "tables" in out


def test_the_older_standard_left_objects_outside_the_schema_open(tmp_path, capsys):
    changes = {"support": [{"channel": "a", "url": "https://a.b", "room": 1}], "status": "active"}
    assert check(text(apiVersion="v3.0.2", **changes), tmp_path, capsys)[0] == 0
    assert check(text(apiVersion="v3.1.0", **changes), tmp_path, capsys)[0] == 2
    column = [{"name": "x", "logicalType": "date", "clasification": "public"}]
    assert check(text(column, apiVersion="v3.0.2", status="active"), tmp_path, capsys)[0] == 2


@pytest.mark.parametrize("schema", [None, [], [{"name": "topic", "logicalType": "object"}]])
def test_a_contract_that_describes_no_table_is_accepted_and_said_to_give_none(schema, tmp_path, capsys):
    code, out, err = check(text(schema=schema, status="active"), tmp_path, capsys)
    assert (code, err) == (0, "")
    assert "nothing can be deployed" in out
    assert "note: " in out
    lacking = yaml.safe_load(text(schema=schema))
    assert check(yaml.safe_dump(lacking), tmp_path, capsys)[0] == 2, (
        "it is held against the schema all the same"
    )
