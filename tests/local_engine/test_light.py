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
from pulumi.runtime import rpc

from local.engine.light import AtOnce, contains_unknowns, light_sdk, never_collected

PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.builds(Unknown)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_unknown_values_are_found_where_the_sdk_finds_them(value: Any) -> None:
    assert contains_unknowns(value) == rpc.contains_unknowns(value)


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
