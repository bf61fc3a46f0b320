"""What a run spares the SDK changes nothing that a program sees."""

from __future__ import annotations

import gc
from concurrent.futures import Future
from typing import Any

import pulumi
import pulumi.runtime.resource
from hypothesis import given
from hypothesis import strategies as st
from pulumi.output import Unknown
from pulumi.runtime import resource_cycle_breaker, rpc

from local.engine.light import AtOnce, Dependencies, contains_unknowns, light_sdk, never_collected

PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.builds(Unknown)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_unknown_values_are_found_where_the_sdk_finds_them(value: Any) -> None:
    assert contains_unknowns(value) == rpc.contains_unknowns(value)


class Thing:
    """As a resource: what it depends on is kept in an attribute."""


EDGES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=20)


@given(EDGES)
def test_dependencies_are_kept_and_circles_refused_as_the_sdk_does(edges: list[tuple[int, int]]) -> None:
    ours, theirs = ([Thing() for _ in range(6)] for _ in range(2))
    declare = Dependencies()
    for dependent, on in edges:
        answer = resource_cycle_breaker.declare_dependency(theirs[dependent], theirs[on])  # type: ignore[arg-type]
        assert declare(ours[dependent], ours[on]) == answer
    for mine, other in zip(ours, theirs, strict=True):
        kept, expected = (getattr(one, "_direct_computed_dependencies", set()) for one in (mine, other))
        assert {ours.index(one) for one in kept} == {theirs.index(one) for one in expected}


class Shaped(dict[str, Any]):
    """As an output type with a property that is called like a method of dict."""

    values = (1,)  # type: ignore[assignment]


def test_a_mapping_with_a_property_named_values_is_looked_through() -> None:
    assert contains_unknowns(Shaped(at=[Unknown()]))
    assert not contains_unknowns(Shaped(at=[1]))


def test_values_that_hold_themselves_end_the_search() -> None:
    ring: list[Any] = [1]
    ring.append(ring)
    assert not contains_unknowns(ring)
    ring.append({"deep": Unknown()})
    assert contains_unknowns(ring)


def test_the_sdk_is_as_it_was_afterwards() -> None:
    before = (rpc.contains_unknowns, pulumi.runtime.resource._get_stack_trace)
    with light_sdk(), never_collected():
        assert not gc.isenabled()
        assert rpc.contains_unknowns is contains_unknowns
        assert not pulumi.runtime.resource._get_stack_trace().frames
    assert gc.isenabled()
    assert (rpc.contains_unknowns, pulumi.runtime.resource._get_stack_trace) == before


def test_what_is_submitted_is_done_at_once_and_its_error_is_kept() -> None:
    with AtOnce(1) as executor:
        done: Future[Any] = executor.submit(divmod, 7, 2)
        failed: Future[Any] = executor.submit(divmod, 7, 0)
        assert done.done()
        assert done.result() == (3, 1)
        assert isinstance(failed.exception(), ZeroDivisionError)
