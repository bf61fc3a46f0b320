"""From the types of a contract to those of Glue and Athena."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.contracts.types import GlueType, parse_glue_type
from tests.contracts.texts import column, read

LOGICAL = [
    (column("string"), "string"),
    (column("string", logicalTypeOptions={"maxLength": 5}), "string"),
    (column("integer"), "bigint"),
    (column("integer", logicalTypeOptions={"format": "i32"}), "int"),
    (column("integer", logicalTypeOptions={"format": "u8"}), "smallint"),
    (column("integer", logicalTypeOptions={"format": "u64"}), "decimal(20,0)"),
    (column("number"), "double"),
    (column("number", logicalTypeOptions={"format": "f32"}), "float"),
    (column("boolean"), "boolean"),
    (column("date"), "date"),
    (column("timestamp"), "timestamp"),
    (column("time"), "string"),
    (column("object"), "string"),
    (column("array"), "array<string>"),
    (column("vector", logicalTypeOptions={"dimensions": 3}), "array<float>"),
    (column("map"), "map<string,string>"),
]

PHYSICAL = [
    ("varchar(20)", "string", "varchar(20)"),
    ("CHAR(3)", "string", "char(3)"),
    ("decimal(12, 2)", "number", "decimal(12,2)"),
    ("NUMERIC(9)", "number", "decimal(9,0)"),
    ("INTEGER", "integer", "int"),
    ("smallint", "integer", "smallint"),
    ("TINYINT", "integer", "tinyint"),
    ("bigint", None, "bigint"),
    ("double precision", "number", "double"),
    ("real", "number", "float"),
    ("binary", "string", "binary"),
    ("struct<Zip:varchar(5),geo:array<double>>", "object", "struct<zip:varchar(5),geo:array<double>>"),
    ("map<string,array<int>>", "object", "map<string,array<int>>"),
    ("VARCHAR", "string", "string"),
    ("varchar(70000)", "string", "string"),
    ("decimal", "number", "double"),
    ("decimal(50,2)", "number", "double"),
    ("timestamp_ntz", "timestamp", "timestamp"),
    ("TEXT", None, "string"),
    ("NVARCHAR(20)", None, "string"),
    ("timestamptz", None, "timestamp"),
    ("int64", None, "bigint"),
]


@pytest.mark.parametrize(("prop", "expected"), LOGICAL)
def test_every_logical_type_of_the_standard_has_a_glue_type(prop, expected):
    assert read([prop]).tables[0].columns[0].glue_type == expected


@pytest.mark.parametrize(("physical", "logical", "expected"), PHYSICAL)
def test_a_physical_type_wins_if_glue_has_it_and_the_logical_one_otherwise(physical, logical, expected):
    found = read([column(logical, physicalType=physical)]).tables[0].columns[0].glue_type
    assert found == expected, f"{physical} with {logical}"


def test_nested_objects_and_arrays_become_structs_and_arrays_with_lower_case_fields():
    address = column(
        "object",
        properties=[
            {"name": "Zip", "logicalType": "string", "physicalType": "char(5)"},
            {
                "name": "visits",
                "logicalType": "array",
                "items": {
                    "logicalType": "object",
                    "properties": [{"name": "at", "logicalType": "timestamp"}],
                },
            },
            {
                "name": "tags",
                "logicalType": "map",
                "map": {"key": {"logicalType": "string"}, "value": {"logicalType": "integer"}},
            },
        ],
    )
    assert (
        read([address]).tables[0].columns[0].glue_type
        == "struct<zip:char(5),visits:array<struct<at:timestamp>>,tags:map<string,bigint>>"
    )


def test_a_type_without_logical_type_but_with_properties_is_a_struct():
    prop = column(None, properties=[{"name": "a", "logicalType": "date"}])
    assert read([prop]).tables[0].columns[0].glue_type == "struct<a:date>"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "table",
        "int int",
        "int(3)",
        "varchar(0)",
        "decimal(2,3)",
        "array<int",
        "array<int,int>",
        "map<int>",
        "struct<>",
        "struct<a:int,a:int>",
        "struct<a-b:int>",
        "varchar(-1)",
        "int>",
        "decimal(1,1,1)",
        "struct<a>",
        "char(256)",
    ],
)
def test_what_is_no_glue_type_is_not_taken_for_one(text):
    assert parse_glue_type(text) is None


def _trees() -> st.SearchStrategy[GlueType]:
    plain = st.sampled_from(
        ["string", "int", "bigint", "double", "boolean", "date", "timestamp", "binary"]
    ).map(GlueType)
    sized = st.integers(1, 255).map(lambda size: GlueType("char", (size,)))
    decimals = st.integers(1, 38).flatmap(
        lambda p: st.integers(0, p).map(lambda scale: GlueType("decimal", (p, scale)))
    )

    def deeper(parts: st.SearchStrategy[GlueType]) -> st.SearchStrategy[GlueType]:
        names = st.lists(
            st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True), min_size=1, max_size=3, unique=True
        )
        return st.one_of(
            parts.map(lambda part: GlueType("array", fields=(("element", part),))),
            st.tuples(parts, parts).map(
                lambda both: GlueType("map", fields=(("key", both[0]), ("value", both[1])))
            ),
            names.flatmap(
                lambda found: st.tuples(*(parts for _ in found)).map(
                    lambda fields: GlueType("struct", fields=tuple(zip(found, fields, strict=True)))
                )
            ),
        )

    return st.recursive(st.one_of(plain, sized, decimals), deeper, max_leaves=6)


@given(_trees())
def test_reading_a_types_text_gives_the_type_back(tree):
    assert parse_glue_type(str(tree)) == tree
    assert tree.nested == ("<" in str(tree))


def test_a_type_goes_to_the_job_as_plain_json():
    tree = parse_glue_type("struct<a:decimal(5,2),b:array<char(3)>>")
    assert tree is not None
    assert tree.to_json() == {
        "kind": "struct",
        "fields": [
            ["a", {"kind": "decimal", "sizes": [5, 2]}],
            ["b", {"kind": "array", "fields": [["element", {"kind": "char", "sizes": [3]}]]}],
        ],
    }
