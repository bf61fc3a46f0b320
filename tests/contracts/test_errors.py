"""What is wrong with a contract as a whole is one line that names file, key and remedy."""

from __future__ import annotations

import re

import pytest

from governance.contracts import load_contract, parse_contract
from governance.errors import MeshError
from tests.contracts.texts import FILE, column, text

TABLES = {
    "a column twice": (
        text([{"name": n, "logicalType": "date"} for n in ("a", "b", "A")]),
        "schema[0].properties[2].name: column 'a' is also properties[0]; Glue does not tell upper",
    ),
    "no columns": (text([]), "schema[0].properties: table 'orders' has no columns; list its properties"),
    "a table name for nobody": (
        text(table={"name": "訂單"}),
        "schema[0].name: '訂單' cannot be a table name",
    ),
    "a table without name": (text(table={"name": None}), "schema[0].name: '' cannot be a table name"),
    "no tables": (text(schema=[]), "schema: has no tables; describe at least one"),
    "no schema": (text(schema=None), "schema: has no tables; describe at least one"),
    "a table twice": (
        text(schema=[{"name": n, "properties": [column()]} for n in ("orders", "ORDERS")]),
        "schema[1]: table 'orders' appears twice",
    ),
    "a row count in percent": (
        text(table={"quality": [{"metric": "rowCount", "mustBeGreaterThan": 5, "unit": "percent"}]}),
        "schema[0].quality[0].unit: rowCount is a number of rows; leave out the unit",
    ),
    "a column's metric on the table": (
        text(table={"quality": [{"metric": "nullValues", "mustBe": 0}]}),
        "schema[0].quality[0]: nullValues is about a column; put it under a property",
    ),
    "duplicates of nothing": (
        text(table={"quality": [{"metric": "duplicateValues", "mustBe": 0}]}),
        "schema[0].quality[0]: names no columns; list them in arguments.properties",
    ),
    "a placeholder for a column on the table": (
        text(
            table={
                "quality": [{"type": "sql", "query": "SELECT max(${property}) FROM ${object}", "mustBe": 1}]
            }
        ),
        "schema[0].quality[0].query: placeholder ${property} means nothing here; use ${object}",
    ),
    "a delimiter of two characters": (
        text(table={"customProperties": [{"property": "delimiter", "value": "::"}]}),
        "schema[0].customProperties delimiter: '::' must be one character",
    ),
    "an encoding nobody knows": (
        text(table={"customProperties": [{"property": "encoding", "value": "klingon"}]}),
        "schema[0].customProperties encoding: 'klingon' is no encoding",
    ),
    "no letter in any name": (
        text(dataProduct="訂單", id="訂單"),
        "name: is missing; write dataProduct: my-product",
    ),
    "another kind": (text(kind="DataProduct"), "kind: 'DataProduct' must be DataContract"),
    "an older standard": (
        text(apiVersion="v2.2.2"),
        "apiVersion: 'v2.2.2' is not supported; use Open Data Contract Standard v3",
    ),
    "a version of the standard with a tail": (text(apiVersion="v3.1.0x"), "'v3.1.0x' is not supported"),
    "no version of the standard": (text(apiVersion=None), "apiVersion: '' is not supported"),
    "no version": (text(version=None), "version: is missing"),
    "no id": (text(id=None), "id: is missing"),
    "a version that is a number": (text(version=1.0), "version: input should be a valid string"),
    "a key nobody knows": (text(owner="me"), "owner: is no key of the Open Data Contract Standard"),
    "a column that is none": (text(["id"]), "schema[0].properties[0]: input should be a valid dictionary"),
    "a flag that is none": (
        text([column(required="perhaps")]),
        "schema[0].properties[0].required: input should be a valid boolean",
    ),
    "a wrong team": (text(team=[{"username": 5}]), "team[0].username: input should be a valid string"),
    "a list": (
        "- a\n- b\n",
        "is no data contract; a mapping with kind, apiVersion, id, version and schema is",
    ),
    "nothing": ("", "is no data contract"),
    "keys that are no text": ("1: a\n", "is no data contract"),
    "no YAML": ("kind: [DataContract\nid: 1\n", "is not YAML at line 2"),
    "a control character": ("kind: \x07\n", "is not YAML"),
}


@pytest.mark.parametrize(("contract", "message"), TABLES.values(), ids=TABLES.keys())
def test_a_wrong_contract_is_refused_in_one_line_that_names_the_key(contract, message):
    with pytest.raises(MeshError, match=re.escape(message)) as caught:
        parse_contract(contract, FILE)
    assert str(caught.value).startswith(f"{FILE}: "), "the line begins with the file"
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MeshError, match=r"nowhere\.yaml: no such contract file"):
        load_contract(tmp_path / "nowhere.yaml")


def test_a_folder_or_a_binary_file_is_no_contract(tmp_path):
    with pytest.raises(MeshError, match="cannot be read"):
        load_contract(tmp_path)
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MeshError, match=r"x\.yaml: cannot be read"):
        load_contract(tmp_path / "x.yaml")


def test_levels_are_those_of_the_mesh_and_not_fixed():
    contract = text([column(classification="green"), {"name": "y", "logicalType": "date"}])
    found = parse_contract(contract, FILE, levels=("green", "red")).tables[0].columns
    assert [one.classification for one in found] == ["green", "red"], (
        "without classification: the most restricted"
    )
    with pytest.raises(MeshError, match="use one of blue, red"):
        parse_contract(contract, FILE, levels=("blue", "red"))
