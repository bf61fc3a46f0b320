"""Keys given twice, and physical types that nobody knows: nothing is passed over without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from governance.contracts import parse_contract
from governance.contracts.types_elsewhere import KNOWN
from governance.errors import MeshError
from governance.yaml_text import read_yaml
from local import engine
from mesh.stack_edit import StackEdit
from tests.contracts.texts import FILE, column, read, text


def refusal(content: str) -> str:
    with pytest.raises(MeshError) as refused:
        read_yaml(content, "f.yaml")
    return str(refused.value)


@pytest.mark.parametrize(
    "content, said",
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml: a: is given in line 1 and again in line 3; keep one"),
        (
            "x:\n  - y: 1\n  - y: 1\n    z: {k: 1, k: 2}\n",
            "f.yaml: x[1].z.k: is given in line 4 and again in line 4",
        ),
        ('x:\n  "a": 1\n  a: 2\n', "f.yaml: x.a: is given in line 2 and again in line 3"),
        ("base: &b {k: 1, k: 2}\nother: *b\n", "f.yaml: base.k: is given"),
        ("a: [1\nb: 2", "f.yaml: is not YAML at line 2"),
        ("a: 2027-02-30", "f.yaml: is not YAML (day is out of range"),
    ],
)
def test_a_key_given_twice_is_named_with_both_lines(content: str, said: str) -> None:
    assert refusal(content).startswith(said)


def test_merged_keys_may_be_overridden_and_texts_differ_from_numbers() -> None:
    content = "base: &b {k: 1, l: 2}\nown:\n  <<: *b\n  k: 3\n1: a\n'1': b\n"
    assert read_yaml(content, "f.yaml") == {
        "base": {"k": 1, "l": 2}, "own": {"k": 3, "l": 2}, 1: "a", "1": "b",
    }  # fmt: skip


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(_VALUES)
def test_any_text_without_doubles_reads_as_it_always_did(value: object) -> None:
    content = yaml.safe_dump(value, allow_unicode=True)
    assert read_yaml(content, "f.yaml") == yaml.safe_load(content)


def test_a_contract_with_a_key_twice_is_refused() -> None:
    content = text([column()]) + "version: 2.0.0\n"
    with pytest.raises(MeshError, match=r"version: is given in line \d+ and again in line \d+; keep one"):
        parse_contract(content, FILE)


@pytest.mark.parametrize(
    "physical, logical, said, glue",
    [
        ("varchr(5)", "string", "(did you mean varchar?)", "string"),
        ("bigitn", "integer", "(did you mean bigint?)", "bigint"),
        ("mystery(3)", "number", "is the name of no type known here", "double"),
        ("decimal(50,2)", "number", "at most 38 digits", "double"),
        ("decimal(12,", "number", "does not fit a decimal of Glue", "double"),
    ],
)
def test_a_physical_type_that_is_passed_over_is_pointed_out(
    physical: str, logical: str, said: str, glue: str
) -> None:
    contract = read([column(logical, physicalType=physical)])
    assert contract.tables[0].columns[0].glue_type == glue, "the logical type decides"
    (doubt,) = contract.doubts
    assert doubt.startswith(f"{FILE}: schema[0].properties[0].physicalType: '{physical}'"), "file and key"
    assert said in doubt
    assert f"logicalType {logical} decides: {glue}" in doubt, "and what comes of it"


def test_a_doubt_deep_in_a_column_names_its_place() -> None:
    inner = {
        "logicalType": "object",
        "properties": [{"name": "a", "logicalType": "date", "physicalType": "dat"}],
    }
    contract = read([column("array", items=inner)])
    assert "schema[0].properties[0].items.properties[0].physicalType: 'dat'" in contract.doubts[0]


@pytest.mark.parametrize(
    "physical",
    ["VARCHAR", "varchar(70000)", "NVARCHAR2(20 CHAR)", "jsonb", "TIMESTAMP_NTZ(9)", "timestamp with time zone",
     "LowCardinality(String)", "STRUCT<a INT64>", "double precision", "Nullable(Int32)", "uuid", "", None],
)  # fmt: skip
def test_a_name_that_some_system_has_needs_no_word(physical: str | None) -> None:
    assert read([column("string", physicalType=physical)]).doubts == (), (
        "the standard leaves it to the source"
    )


def test_without_a_logical_type_nobody_can_decide() -> None:
    with pytest.raises(MeshError, match=r"physicalType: unknown type 'varchr\(5\)'; give a logicalType"):
        read([column(None, physicalType="varchr(5)")])


def test_the_list_of_names_is_of_single_words() -> None:
    assert len(KNOWN) > 100
    assert all(name == name.lower() and name.replace("_", "").isalnum() for name in KNOWN)


@pytest.mark.parametrize(
    "content, said",
    [
        (
            "config:\n  mesh:role: central\n  mesh:region: eu-west-1\n  mesh:role: producer\n",
            "Pulumi.dev.yaml: config.mesh:role: is given in line 2 and again in line 4; keep one",
        ),
        (
            "config:\n  mesh:lobs:\n    retail: {products: [a]}\n    retail: {products: []}\n",
            "Pulumi.dev.yaml: config.mesh:lobs.retail: is given in line 3 and again in line 4; keep one",
        ),
        (
            "config:\n  mesh:role: central\n  role: producer\n",
            "Pulumi.dev.yaml: role: is given with and without 'mesh:'; keep one",
        ),
    ],
)
def test_a_stack_file_with_a_key_twice_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: mesh\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(content)
    with pytest.raises(MeshError) as refused:
        engine.load(tmp_path, "dev")
    assert str(refused.value) == said


def test_a_file_with_a_key_twice_is_not_edited_either() -> None:
    with pytest.raises(MeshError, match=r"config\.mesh:lobs\.a: is given in line 3 and again in line 4"):
        StackEdit("config:\n  mesh:lobs:\n    a: {}\n    a: {}\n", "Pulumi.central.yaml")
