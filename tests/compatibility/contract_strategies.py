"""Contracts that Hypothesis makes up: few names, so that two of them have much in common and differ somewhere."""

from __future__ import annotations

import copy
from typing import Any

import yaml
from contract_versions import BASE, LEVELS
from hypothesis import strategies as st

from governance.contracts import Contract, parse_contract

TYPES = ["tinyint", "int", "bigint", "float", "double", "decimal(8,2)", "decimal(10,4)", "varchar(4)", "varchar(8)",
         "string", "date", "array<int>", "array<bigint>", "struct<a:int>", "struct<a:bigint,b:string>"]  # fmt: skip


@st.composite
def properties(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.lists(st.sampled_from("abcd"), min_size=1, unique=True))
    return [draw(property_(name)) for name in names]


@st.composite
def property_(draw: st.DrawFn, name: str, kinds: list[str] = TYPES) -> dict[str, Any]:
    kind = draw(st.sampled_from(kinds))
    found: dict[str, Any] = {
        "name": name,
        "physicalType": kind,
        "classification": draw(st.sampled_from(LEVELS)),
    }
    found["required"] = draw(st.booleans())
    if kind == "string":
        found["logicalTypeOptions"] = draw(
            st.dictionaries(st.sampled_from(["minLength", "maxLength"]), st.integers(0, 3))
        )
        if draw(st.booleans()):
            values = draw(st.lists(st.sampled_from("xyz"), min_size=1, unique=True))
            found["customProperties"] = [{"property": "codes", "value": {value: value for value in values}}]
    elif kind == "int":
        keys = ["minimum", "exclusiveMinimum", "maximum", "multipleOf"]
        found["logicalTypeOptions"] = draw(st.dictionaries(st.sampled_from(keys), st.integers(1, 4)))
    return found


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A contract as it would stand in a file."""
    data = copy.deepcopy(BASE)
    data["version"] = f"{draw(st.integers(0, 3))}.{draw(st.integers(0, 2))}.0"
    data["schema"] = [
        {"name": name, "properties": draw(properties())}
        for name in draw(st.lists(st.sampled_from(["t", "u"]), min_size=1, unique=True))
    ]
    return data


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    """The same, read."""
    return parse_contract(yaml.safe_dump(draw(documents())), "any.yaml", levels=LEVELS)
