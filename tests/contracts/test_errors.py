"""What is wrong with a contract is one line that names file, place and remedy."""

from __future__ import annotations

import re

import pytest

from governance.contracts import load_contract, parse_contract
from governance.errors import MeshError
from tests.contracts.texts import FILE, column, read, text


def quality(**rule):
    return column(quality=[rule])


P = "schema[0].properties[0]"
Q = f"{P}.quality[0]"

COLUMNS = {
    "an unknown logical type": (column("text"), f"{P}.logicalType: unknown type 'text'; use one of string, integer"),
    "an unknown physical type alone": (column(None, physicalType="GEOMETRY"), f"{P}.physicalType: unknown type 'GEOMETRY'"),
    "no type at all": (column(None), f"{P}: has no type; give it a logicalType"),
    "an unknown type of items": (column("array", items={"logicalType": "foo"}), f"{P}.items.logicalType: unknown type"),
    "an unknown type of a field": (
        column("object", properties=[{"name": "a", "logicalType": "foo"}]),
        f"{P}.properties[0].logicalType: unknown type 'foo'",
    ),
    "a field twice": (
        column("object", properties=[{"name": n, "logicalType": "date"} for n in ("a", "A")]),
        f"{P}.properties[1]: field 'a' appears twice",
    ),
    "a hyphen in the name": (
        {"name": "order-id", "logicalType": "string"},
        f"{P}.name: 'order-id' cannot be a column name in Athena; use only letters a-z, digits and underscores",
    ),
    "a blank in the name": ({"name": "order id", "logicalType": "string"}, f"{P}.name: 'order id' cannot be"),
    "no name": ({"logicalType": "string"}, f"{P}: has no name; give it one"),
    "a classification that is no level": (
        column(classification="secret"),
        f"{P}.classification: 'secret' is no sensitivity level; use one of public, internal, confidential, restricted",
    ),
    "a nested classification that is no level": (
        column("object", classification="public", properties=[{"name": "a", "logicalType": "date", "classification": "5"}]),
        f"{P}.properties[0].classification: '5' is no sensitivity level",
    ),
    "an unknown metric": (quality(metric="freshness", mustBe=1), f"{Q}.metric: unsupported metric 'freshness'; use one of"),
    "a library rule without metric": (quality(type="library", mustBe=1), f"{Q}: has no metric"),
    "an unknown kind of rule": (quality(type="dbt", mustBe=1), f"{Q}.type: unknown type 'dbt'"),
    "no comparison": (quality(metric="nullValues"), f"{Q}: says no limit; add mustBe"),
    "a comparison with text": (quality(metric="nullValues", mustBe="none"), f"{Q}: 'none' is no number"),
    "a range the wrong way round": (
        quality(metric="nullValues", mustBeBetween=[5, 1]),
        f"{Q}.mustBeBetween: [5, 1] is no range",
    ),
    "invalidValues without arguments": (quality(metric="invalidValues", mustBe=0), f"{Q}: invalidValues needs arguments"),
    "valid values that are no list": (
        quality(metric="invalidValues", mustBe=0, arguments={"validValues": "a"}),
        f"{Q}.arguments.validValues: must be a list",
    ),
    "valid values of another type": (
        column("integer", quality=[{"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": [1, "two"]}}]),
        f"{Q}.arguments.validValues[1]: 'two' is no bigint",
    ),
    "a pattern that is none": (
        quality(metric="invalidValues", mustBe=0, arguments={"pattern": "("}),
        f"{Q}.arguments.pattern: '(' is no regular expression",
    ),
    "a pattern with look-ahead": (
        column(logicalTypeOptions={"pattern": "^(?!x)"}),
        f"{P}.logicalTypeOptions.pattern: '^(?!x)' uses look-around or back references",
    ),
    "duplicates of unknown columns": (
        quality(metric="duplicateValues", mustBe=0, arguments={"properties": ["y"]}),
        f"{Q}.arguments.properties: no column 'y' in table orders",
    ),
    "duplicates within a nested column": (
        column("array", items={"logicalType": "string", "quality": [{"metric": "duplicateValues", "mustBe": 0}]}),
        f"{P}.items.quality[0]: duplicateValues is supported on plain columns",
    ),
    "SQL that is no query": (quality(type="sql", query="DROP TABLE x", mustBe=0), f"{Q}.query: must be a single SELECT"),
    "two statements": (quality(type="sql", query="SELECT 1; SELECT 2", mustBe=0), f"{Q}.query: must be a single SELECT"),
    "a strange placeholder": (
        quality(type="sql", query="SELECT count(*) FROM ${tabel}", mustBe=0),
        f"{Q}.query: placeholder ${{tabel}} means nothing here; use ${{object}} or ${{property}}",
    ),
    "SQL without comparison": (quality(type="sql", query="SELECT 1"), f"{Q}: says no limit"),
    "a minimum of another type": (
        column("integer", logicalTypeOptions={"minimum": "many"}),
        f"{P}.logicalTypeOptions.minimum: 'many' is no bigint",
    ),
    "a date that is none": (
        column("date", logicalTypeOptions={"maximum": "2024-02-30"}),
        f"{P}.logicalTypeOptions.maximum: '2024-02-30' is no date",
    ),
    "a flag for a limit": (
        column("integer", logicalTypeOptions={"exclusiveMinimum": True}),
        f"{P}.logicalTypeOptions.exclusiveMinimum: must be the limit itself",
    ),
    "a limit on what has no order": (
        column("boolean", logicalTypeOptions={"minimum": 1}),
        f"{P}.logicalTypeOptions.minimum: a boolean has no order",
    ),
    "a length of numbers": (
        column("integer", logicalTypeOptions={"maxLength": 3}),
        f"{P}.logicalTypeOptions.maxLength: is for a column of type string, not bigint",
    ),
    "a length below zero": (column(logicalTypeOptions={"minLength": -1}), f"{P}.logicalTypeOptions.minLength: '-1' is no length"),
    "items of text": (column(logicalTypeOptions={"minItems": 1}), "minItems: is for a column of type array, not string"),
    "multiples of nothing": (
        column("integer", logicalTypeOptions={"multipleOf": 0}),
        f"{P}.logicalTypeOptions.multipleOf: '0' must be a number above 0",
    ),
    "a required field that is not there": (
        column("object", properties=[{"name": "a", "logicalType": "date"}], logicalTypeOptions={"required": ["b"]}),
        f"{P}.logicalTypeOptions.required: 'b' is no field of it",
    ),
    "a date format nobody can read": (
        column("date", logicalTypeOptions={"format": "yyyy-ww"}),
        f"{P}.logicalTypeOptions.format: 'ww' in 'yyyy-ww' is not supported",
    ),
    "a time format nobody can read": (
        column("time", logicalTypeOptions={"format": "kk:mm"}),
        f"{P}.logicalTypeOptions.format: 'kk' in 'kk:mm' is not supported",
    ),
    "codes that are no mapping": (
        column(customProperties=[{"property": "codes", "value": ["a"]}]),
        f"{P}.customProperties codes: must map source codes to values",
    ),
    "codes of another type": (
        column("boolean", customProperties=[{"property": "codes", "value": {"J": "yes"}}]),
        f"{P}.customProperties codes[J]: 'yes' is no boolean",
    ),
    "an enumeration of another type": (column("date", enum=[{"value": "soon"}]), f"{P}.enum[0]: 'soon' is no date"),
    "an enumeration of nested values": (column("array", enum=[{"value": 1}]), f"{P}.enum: an enumeration needs"),
    "a nested key": (column("array", primaryKey=True), "schema[0].properties: nested column 'x' cannot be a key"),
}  # fmt: skip


@pytest.mark.parametrize(("prop", "message"), COLUMNS.values(), ids=COLUMNS.keys())
def test_a_wrong_column_is_refused_in_one_line_that_names_it(prop, message):
    with pytest.raises(MeshError, match=re.escape(message)) as caught:
        read([prop])
    assert str(caught.value).startswith(f"{FILE}: "), "the line begins with the file"
    assert "\n" not in str(caught.value)


TABLES = {
    "a column twice": (
        text([{"name": n, "logicalType": "date"} for n in ("a", "b", "A")]),
        "schema[0].properties[2].name: column 'a' is also properties[0]; Glue does not tell upper from lower case",
    ),
    "no columns": (text([]), "schema[0].properties: table 'orders' has no columns; list its properties"),
    "a table name for nobody": (text(table={"name": "my-orders"}), "schema[0].name: 'my-orders' cannot be a table name"),
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
        text(table={"quality": [{"type": "sql", "query": "SELECT max(${property}) FROM ${object}", "mustBe": 1}]}),
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
    "a product name with blanks": (
        text(dataProduct="Orders & Returns"),
        "dataProduct: data product 'Orders & Returns' must be 1 to 39 lower-case letters",
    ),
    "a title for a product name": (text(dataProduct=None, name="Latest Orders"), "write name: latest-orders"),
    "a long product name": (text(dataProduct="o" * 60), "must be 1 to 39 lower-case letters"),
    "no product name": (text(dataProduct=None), "name: data product '' must be"),
    "another kind": (text(kind="DataProduct"), "kind: 'DataProduct' must be DataContract"),
    "an older standard": (text(apiVersion="v2.2.2"), "apiVersion: 'v2.2.2' is not supported; use Open Data Contract Standard v3"),
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
    "a list": ("- a\n- b\n", "is no data contract; a mapping with kind, apiVersion, id, version and schema is"),
    "nothing": ("", "is no data contract"),
    "keys that are no text": ("1: a\n", "is no data contract"),
    "no YAML": ("kind: [DataContract\nid: 1\n", "is not YAML at line 2"),
    "a control character": ("kind: \x07\n", "is not YAML"),
}  # fmt: skip


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
    assert [one.classification for one in found] == ["green", "red"], "without classification: the most restricted"
    with pytest.raises(MeshError, match="use one of blue, red"):
        parse_contract(contract, FILE, levels=("blue", "red"))
