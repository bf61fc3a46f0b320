"""What SageMaker's requests can hold: long lists take several arguments, and what fits nowhere is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pipeline_parts as parts
import pytest
import request_shapes

from governance.errors import MeshError
from training.data.protected import Protected
from training.pipeline import definition


def values_of(step: dict[str, Any], flag: str) -> list[Any]:
    words = step["Arguments"]["AppSpecification"]["ContainerArguments"]
    return [value for name, value in zip(words[::2], words[1::2], strict=True) if name == flag]


def test_lists_that_one_argument_is_too_short_for_take_several() -> None:
    columns = tuple(f"a_rather_long_column_name_{number}" for number in range(40))
    groups = tuple(Protected(column=name, name=f"a rather long name of {name}") for name in columns[:6])
    given = parts.settings()
    config = replace(given.config, exclude=columns, groups=groups, key=("one", "two"))
    found = parts.made(replace(given, config=config))
    steps, declared = parts.steps(found), parts.parameters(found)
    names = [
        value["Get"].removeprefix("Parameters.") for value in values_of(steps["Preprocess"], "--exclude")
    ]
    assert names == ["Exclude", "Exclude2", "Exclude3", "Exclude4", "Exclude5"], "each a parameter of its own"
    texts = [declared[name]["DefaultValue"] for name in names]
    assert ",".join(texts) == ",".join(columns), "all of them, in their order"
    assert values_of(steps["Preprocess"], "--key") == [{"Get": "Parameters.Key"}], "short lists stay one"
    written = values_of(steps["Evaluate"], "--groups")
    assert [json.loads(text)["column"] for text in written] == list(columns[:6])
    assert max(map(len, [*texts, *written])) <= 256
    assert all(
        request_shapes.problems(step, declared) == []
        for step in steps.values()
        if step["Type"] in request_shapes.INPUTS
    ), "and SageMaker takes the requests"


@pytest.mark.parametrize(("change", "message"), [
    ({"exclude": ("x" * 257,)}, "exclude: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' has 257 characters and SageMaker passes 256"),
    ({"categorical": tuple(f"{n:0>200}" for n in range(11))}, "categorical: takes 11 arguments of a job"),
    ({"groups": (Protected(column="c", name="n" * 240),)}, r"groups\.c: .* characters and SageMaker passes 256 on"),
    ({"query": "SELECT " + "a" * 4090}, "query: 'SELECT aaa.*' has 4,097 characters and SageMaker passes 4,096 on"),
    ({"query": "SELECT " + "a" * 4065 + ' FROM "{table}"'}, "query: .* has 4,1.. characters"),
    ({"positive": "p" * 300}, "positive: .* has 300 characters"),
])  # fmt: skip
def test_what_no_request_can_hold_is_refused_in_one_line(change: dict[str, Any], message: str) -> None:
    given = parts.settings()
    with pytest.raises(MeshError, match=message) as caught:
        definition(replace(given, config=replace(given.config, **change)))
    assert "\n" not in str(caught.value)


def test_a_long_query_is_whole_again_in_the_request() -> None:
    given = parts.settings()
    query = "SELECT " + ", ".join(f"column_{number}" for number in range(150)) + ' FROM "{table}"'
    found = parts.made(replace(given, config=replace(given.config, query=query)))
    declared = parts.parameters(found)
    inputs = parts.steps(found)["Preprocess"]["Arguments"]["ProcessingInputs"]
    text = inputs[0]["DatasetDefinition"]["AthenaDatasetDefinition"]["QueryString"]["Std:Join"]
    values = [declared[value["Get"].removeprefix("Parameters.")]["DefaultValue"] for value in text["Values"]]
    assert text["On"].join(values) == query.replace('"{table}"', '"rl_credit-card"."credit_card"')
    assert max(map(len, values)) == 1024, "a parameter's value is no longer"
