"""What a run in this process spares the SDK: work that only Pulumi's own engine has a use for, and circles of garbage.

Nothing a program can see changes. Measured on a thousand products, all of it together takes a third off a recording.
Deliberately not here: running a program (`runner`).
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from unittest import mock

from pulumi.output import Unknown
from pulumi.runtime import resource_cycle_breaker
from pulumi.runtime.proto import source_pb2


class AtOnce(ThreadPoolExecutor):
    """An executor that does what it is given when it is given it, for calls that wait for nothing.

    A thread for each would cost more than the call: it wakes the event loop through a socket.
    """

    def submit(self, call: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        """A future that is done already."""
        future: Future[Any] = Future()
        try:
            future.set_result(call(*args, **named))
        except BaseException as error:
            future.set_exception(error)
        return future


@contextlib.contextmanager
def light_sdk() -> Iterator[None]:
    """Spare the SDK three things while a program runs.

    Source positions of every frame of the stack, for each resource: nobody shows them here. The search for unknown values
    by a function that holds itself: that alone is nearly all of the garbage that only a collection finds. And the search
    for circles among dependencies where there can be none.
    """
    with (
        mock.patch("pulumi.runtime.rpc.declare_dependency", Dependencies()),
        mock.patch("pulumi.runtime.resource._get_stack_trace", source_pb2.StackTrace),
        mock.patch("pulumi.runtime.rpc.contains_unknowns", contains_unknowns),
    ):
        yield


class Dependencies:
    """Keeps dependencies as `resource_cycle_breaker.declare_dependency` does, and looks for a circle only if there can be one.

    Nothing leads to a resource that no other one depends on, and most new ones are such.
    """

    def __init__(self) -> None:
        self._relied_on: set[Any] = set()

    def __call__(self, dependent: Any, on: Any) -> bool:
        """Whether a dependency was added; False if it would close a circle."""
        if dependent is on:
            return False
        if dependent in self._relied_on:
            added = resource_cycle_breaker.declare_dependency(dependent, on)
        else:
            added = True
            resource_cycle_breaker._add_dep(dependent, on)
        if added:
            self._relied_on.add(on)
        return added


def contains_unknowns(value: Any) -> bool:
    """Whether a value or anything in its lists and mappings is unknown; as `pulumi.contains_unknowns` says."""
    if isinstance(value, Unknown):
        return True
    if not isinstance(value, dict | list):
        return False
    seen: set[int] = set()
    open_ = [value]
    while open_:
        found = open_.pop()
        if isinstance(found, Unknown):
            return True
        if isinstance(found, dict | list) and id(found) not in seen:
            seen.add(id(found))
            # an output type is a dict that may have a property called "values"
            open_ += dict.values(found) if isinstance(found, dict) else found
    return False


@contextlib.contextmanager
def never_collected() -> Iterator[None]:
    """No search for circles: all outputs live to the end, and `light_sdk` leaves next to none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
