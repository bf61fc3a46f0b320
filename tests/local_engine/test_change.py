"""The comparison of program and state, and the order of deletion, without a cloud."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.engine.api import ALL, Api
from local.engine.change import decide, ignoring
from local.engine.model import Provider, Registration
from local.engine.state import ResourceState, StackState, deletion_order

HERE = Provider(account="1", region="r")
REGISTRATION = Registration(urn="u", type="t", name="n", property_dependencies={"bucket": ("other",)})


def _old(**inputs: object) -> ResourceState:
    return ResourceState(
        urn="u", type="t", name="n", id="i", sequence=1, inputs=dict(inputs), account="1", region="r"
    )


@pytest.mark.parametrize(
    ("api", "new", "old", "expected"),
    [
        (Api(service="s", create="c", update="u"), {"a": 1}, {"a": 1}, "same"),
        (Api(service="s", create="c", update="u"), {"a": 1.0}, {"a": 1}, "same"),
        (Api(service="s", create="c", update="u"), {"a": 2}, {"a": 1}, "update"),
        (Api(service="s", create="c", update="u"), {}, {"a": 1}, "update"),
        (Api(service="s", create="c"), {"a": 2}, {"a": 1}, "replace"),
        (Api(service="s", create="c", update="u", replace=frozenset({"a"})), {"a": 2}, {"a": 1}, "replace"),
        (Api(service="s", create="c", replace=ALL, tags="glue"), {"tags": {"x": "1"}}, {}, "update"),
        (Api(service="s", create="c", replace=ALL), {"forceDestroy": True}, {}, "update"),
    ],
)
def test_the_decision_follows_what_changed(api: Api, new: dict, old: dict, expected: str) -> None:
    assert decide(api, REGISTRATION, HERE, new, _old(**old))[0] == expected


def test_what_is_not_in_the_state_is_created() -> None:
    assert decide(Api(service="s", create="c"), REGISTRATION, HERE, {}, None)[0] == "create"


def test_a_half_made_resource_is_replaced() -> None:
    old = _old(a=1)
    old.tainted = True
    assert decide(Api(service="s", create="c", update="u"), REGISTRATION, HERE, {"a": 1}, old)[0] == "replace"


def test_another_region_replaces() -> None:
    there = Provider(account="1", region="other")
    assert decide(Api(service="s", create="c", update="u"), REGISTRATION, there, {}, _old())[0] == "replace"


@pytest.mark.parametrize(("replace", "expected"), [({"bucket"}, "replace"), ({"name"}, "same")])
def test_a_replaced_dependency_replaces_only_through_a_replace_property(replace: set, expected: str) -> None:
    api = Api(service="s", create="c", update="u", replace=frozenset(replace))
    assert decide(api, REGISTRATION, HERE, {"a": 1}, _old(a=1), {"other"})[0] == expected


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["a"], {"a": 1, "p": {"x": 9, "y": 9}, "l": [{"k": 9}]}),
        (["p.x"], {"a": 9, "p": {"x": 1, "y": 9}, "l": [{"k": 9}]}),
        (['p["x"]', "gone"], {"a": 9, "p": {"x": 1, "y": 9}, "l": [{"k": 9}]}),
        (["p.old"], {"a": 9, "p": {"x": 9, "y": 9, "old": 1}, "l": [{"k": 9}]}),
        (["p.y"], {"a": 9, "p": {"x": 9}, "l": [{"k": 9}]}),
        (["l[0].k"], {"a": 9, "p": {"x": 9, "y": 9}, "l": [{"k": 1}]}),
        (["*"], {"a": 1, "p": {"x": 1, "old": 1}, "l": [{"k": 1}]}),
    ],
)
def test_an_ignored_path_keeps_the_value_of_the_state(paths: list[str], expected: dict) -> None:
    new = {"a": 9, "p": {"x": 9, "y": 9}, "l": [{"k": 9}]}
    old = {"a": 1, "p": {"x": 1, "old": 1}, "l": [{"k": 1}]}
    assert ignoring(new, old, paths) == expected
    assert new == {"a": 9, "p": {"x": 9, "y": 9}, "l": [{"k": 9}]}, "the program's value is left alone"


@given(st.lists(st.lists(st.integers(0, 30), max_size=4), min_size=1, max_size=30), st.randoms())
def test_dependents_are_always_deleted_first(edges: list[list[int]], random: object) -> None:
    numbers = list(range(len(edges)))
    random.shuffle(numbers)  # an update may make an old resource depend on a younger one
    resources = [
        ResourceState(
            urn=str(index),
            type="t",
            name=str(index),
            id="i",
            sequence=numbers[index],
            dependencies=[str(edge) for edge in targets if edge < index],
        )
        for index, targets in enumerate(edges)
    ]
    order = [item.urn for item in deletion_order(resources)]
    assert sorted(order) == sorted(item.urn for item in resources)
    for item in resources:
        for dependency in item.dependencies:
            assert order.index(item.urn) < order.index(dependency)


def test_the_independent_are_deleted_youngest_first() -> None:
    resources = [ResourceState(urn=str(i), type="t", name="n", id="i", sequence=i) for i in (2, 1, 3)]
    assert [item.sequence for item in deletion_order(resources)] == [3, 2, 1]


def test_a_state_reads_back_as_it_was_written() -> None:
    state = StackState(stack="dev", exports={"a": [1, {"b": None}]}, complete=True)
    state.resources["u"] = _old(a={"nested": [1.5, "x"]})
    assert StackState.from_json(state.to_json()) == state
