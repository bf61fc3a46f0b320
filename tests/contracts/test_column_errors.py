"""What is wrong with a column or its rules is one line that names file, place and remedy."""

from __future__ import annotations

import re

import pytest

from governance.errors import MeshError
from tests.contracts.texts import FILE, column, read


def quality(**rule):
    return column(quality=[rule])


P = "schema[0].properties[0]"
Q = f"{P}.quality[0]"

COLUMNS = {
    "an unknown logical type": (
        column("text"),
        f"{P}.logicalType: unknown type 'text'; use one of string, integer",
    ),
    "an unknown physical type alone": (
        column(None, physicalType="GEOMETRY"),
        f"{P}.physicalType: unknown type 'GEOMETRY'",
    ),
    "no type at all": (column(None), f"{P}: has no type; give it a logicalType"),
    "an unknown type of items": (
        column("array", items={"logicalType": "foo"}),
        f"{P}.items.logicalType: unknown type",
    ),
    "an unknown type of a field": (
        column("object", properties=[{"name": "a", "logicalType": "foo"}]),
        f"{P}.properties[0].logicalType: unknown type 'foo'",
    ),
    "a field twice": (
        column("object", properties=[{"name": n, "logicalType": "date"} for n in ("a", "A")]),
        f"{P}.properties[1]: field 'a' appears twice",
    ),
    "no letter in the name": (
        {"name": "列", "logicalType": "string"},
        f"{P}.name: '列' cannot be a column name in Athena; use only letters a-z, digits",
    ),
    "no name": ({"logicalType": "string"}, f"{P}: has no name; give it one"),
    "a classification that is no level": (
        column(classification="secret"),
        f"{P}.classification: 'secret' is no sensitivity level; use one of public, internal, confidential",
    ),
    "a nested classification that is no level": (
        column(
            "object",
            classification="public",
            properties=[{"name": "a", "logicalType": "date", "classification": "5"}],
        ),
        f"{P}.properties[0].classification: '5' is no sensitivity level",
    ),
    "an unknown metric": (
        quality(metric="freshness", mustBe=1),
        f"{Q}.metric: unsupported metric 'freshness'; use one of",
    ),
    "a library rule without metric": (quality(type="library", mustBe=1), f"{Q}: has no metric"),
    "an unknown kind of rule": (quality(type="dbt", mustBe=1), f"{Q}.type: unknown type 'dbt'"),
    "no comparison": (quality(metric="nullValues"), f"{Q}: says no limit; add mustBe"),
    "a comparison with text": (quality(metric="nullValues", mustBe="none"), f"{Q}: 'none' is no number"),
    "a range the wrong way round": (
        quality(metric="nullValues", mustBeBetween=[5, 1]),
        f"{Q}.mustBeBetween: [5, 1] is no range",
    ),
    "invalidValues without arguments": (
        quality(metric="invalidValues", mustBe=0),
        f"{Q}: invalidValues needs arguments",
    ),
    "valid values that are no list": (
        quality(metric="invalidValues", mustBe=0, arguments={"validValues": "a"}),
        f"{Q}.arguments.validValues: must be a list",
    ),
    "valid values of another type": (
        column(
            "integer",
            quality=[{"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": [1, "two"]}}],
        ),
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
        column(
            "array", items={"logicalType": "string", "quality": [{"metric": "duplicateValues", "mustBe": 0}]}
        ),
        f"{P}.items.quality[0]: duplicateValues is supported on plain columns",
    ),
    "SQL that is no query": (
        quality(type="sql", query="DROP TABLE x", mustBe=0),
        f"{Q}.query: must be a single SELECT",
    ),
    "two statements": (
        quality(type="sql", query="SELECT 1; SELECT 2", mustBe=0),
        f"{Q}.query: must be a single SELECT",
    ),
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
    "a flag that is the limit": (
        column("integer", logicalTypeOptions={"minimum": True}),
        f"{P}.logicalTypeOptions.minimum: 'true' is no bigint",
    ),
    "a limit on what has no order": (
        column("boolean", logicalTypeOptions={"minimum": 1}),
        f"{P}.logicalTypeOptions.minimum: a boolean has no order",
    ),
    "a length of numbers": (
        column("integer", logicalTypeOptions={"maxLength": 3}),
        f"{P}.logicalTypeOptions.maxLength: is for a column of type string, not bigint",
    ),
    "a length below zero": (
        column(logicalTypeOptions={"minLength": -1}),
        f"{P}.logicalTypeOptions.minLength: '-1' is no length",
    ),
    "items of text": (
        column(logicalTypeOptions={"minItems": 1}),
        "minItems: is for a column of type array, not string",
    ),
    "multiples of nothing": (
        column("integer", logicalTypeOptions={"multipleOf": 0}),
        f"{P}.logicalTypeOptions.multipleOf: '0' must be a number above 0",
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
    "an enumeration of another type": (
        column("date", enum=[{"value": "soon"}]),
        f"{P}.enum[0]: 'soon' is no date",
    ),
    "an enumeration of nested values": (
        column("array", enum=[{"value": 1}]),
        f"{P}.enum: an enumeration needs",
    ),
    "a nested key": (
        column("array", primaryKey=True),
        "schema[0].properties: nested column 'x' cannot be a key",
    ),
}


@pytest.mark.parametrize(("prop", "message"), COLUMNS.values(), ids=COLUMNS.keys())
def test_a_wrong_column_is_refused_in_one_line_that_names_it(prop, message):
    with pytest.raises(MeshError, match=re.escape(message)) as caught:
        read([prop])
    assert str(caught.value).startswith(f"{FILE}: "), "the line begins with the file"
    assert "\n" not in str(caught.value)
