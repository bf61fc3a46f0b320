"""Whatever the public model lets pass, a contract is read or refused in one line."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from open_data_contract_standard.model import OpenDataContractStandard

from governance.contracts import Contract, catalog_parameters, parse_contract
from governance.contracts.types import LOGICAL_TYPES
from governance.errors import MeshError
from tests.contracts.texts import FILE, text

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.floats(-9, 9),
    st.dates(),
    st.sampled_from(["", "a", "1", "N/A"]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda parts: st.one_of(
        st.lists(parts, max_size=2), st.dictionaries(st.sampled_from("ab"), parts, max_size=2)
    ),
    max_leaves=4,
)
OPTIONS = st.dictionaries(
    st.sampled_from(
        [
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "minLength",
            "maxLength",
            "pattern",
            "multipleOf",
            "format",
            "minItems",
            "uniqueItems",
            "required",
            "timezone",
            "vendor",
        ]
    ),
    ANYTHING,
    max_size=2,
)
QUALITY = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["library", "sql", "text", "custom"]),
        "metric": st.sampled_from(
            ["nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount"]
        ),
        "rule": st.sampled_from(["duplicateCount", "validValues"]),
        "arguments": st.dictionaries(
            st.sampled_from(["validValues", "missingValues", "pattern", "properties"]), ANYTHING, max_size=2
        ),
        "mustBe": SCALARS,
        "mustBeLessThan": st.integers(-1, 3),
        "mustBeBetween": st.lists(st.integers(0, 3), min_size=2, max_size=2),
        "unit": st.sampled_from(["rows", "percent", "%"]),
        "query": st.sampled_from(["SELECT 1", "SELECT ${property} FROM {table}", "DELETE", ""]),
        "severity": st.sampled_from(["error", "info"]),
        "description": st.text(max_size=3),
    },
)
CUSTOM = st.lists(
    st.fixed_dictionaries(
        {"property": st.sampled_from(["codes", "source", "owner", "delimiter"]), "value": ANYTHING}
    ),
    max_size=2,
)


def _properties(inner: st.SearchStrategy | None) -> st.SearchStrategy:
    nested = {}
    if inner is not None:
        both = st.fixed_dictionaries({"key": inner, "value": inner})
        nested = {"properties": st.lists(inner, max_size=2), "items": inner, "map": both}
    return st.fixed_dictionaries(
        {"name": st.sampled_from(["a", "b", "A", "c-d", "e"])},
        optional={
            "logicalType": st.sampled_from(LOGICAL_TYPES),
            "physicalType": st.sampled_from(["varchar(3)", "int", "decimal(3,1)", "array<int>", "TEXT", ""]),
            "physicalName": st.sampled_from(["x", "y z"]),
            "logicalTypeOptions": OPTIONS,
            "quality": st.lists(QUALITY, max_size=2),
            "customProperties": CUSTOM,
            "enum": st.lists(st.fixed_dictionaries({"value": ANYTHING}), max_size=2),
            "classification": st.sampled_from(["public", "Internal", "secret"]),
            "required": st.booleans(),
            "unique": st.booleans(),
            "primaryKey": st.booleans(),
            "primaryKeyPosition": st.integers(-1, 2),
            "semanticType": st.sampled_from(["column", "measure"]),
            **nested,
        },
    )


def _read(contract: str) -> Contract | str:
    """The contract, or the line that refuses it."""
    try:
        return parse_contract(contract, FILE)
    except MeshError as error:
        return str(error)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(_properties(_properties(_properties(None))), min_size=1, max_size=3),
    st.lists(QUALITY, max_size=1),
    CUSTOM,
)
def test_a_contract_is_read_whole_or_refused_in_one_line(properties, quality, custom):
    contract = text(properties, {"quality": quality, "customProperties": custom}, customProperties=custom)
    found = _read(contract)
    if isinstance(found, str):
        assert found.startswith(f"{FILE}: ")
        assert "\n" not in found
        return
    assert OpenDataContractStandard.from_string(contract)
    assert json.dumps(found.to_job_spec())
    assert all(isinstance(value, str) for value in catalog_parameters(found, found.tables[0]).values())
    names = [rule.name for rule in found.tables[0].all_rules]
    assert len(names) == len(set(names))
