"""Programs that break a rule: a recording with one thing changed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

from local.engine import Recording, Resource


def first(recording: Recording, type_: str, name: str = "") -> Resource:
    """The first resource of a type whose name ends so."""
    found = [item for item in recording.of_type(type_) if item.name.endswith(name)]
    assert found, f"no {type_} ends in '{name}'"
    return found[0]


def swap(recording: Recording, old: Resource, new: Resource | None) -> Recording:
    """The recording with one resource replaced or left out."""
    rest = tuple(item for item in recording.resources if item.urn != old.urn)
    assert len(rest) == len(recording.resources) - 1
    return dataclasses.replace(recording, resources=(*rest, *([new] if new else [])))


def edited(recording: Recording, type_: str, name: str = "", **inputs: Any) -> Recording:
    """One resource with other inputs; None removes one."""
    old = first(recording, type_, name)
    merged = {key: value for key, value in {**old.inputs, **inputs}.items() if value is not None}
    return swap(recording, old, dataclasses.replace(old, inputs=merged))


def without(recording: Recording, type_: str, name: str = "") -> Recording:
    """The recording without one resource."""
    return swap(recording, first(recording, type_, name), None)


def with_copy(recording: Recording, type_: str, name: str = "", **changes: Any) -> Recording:
    """The recording with a second one of a resource, under another name."""
    old = first(recording, type_, name)
    inputs: Mapping[str, Any] = {**old.inputs, **changes.pop("inputs", {})}
    copy = dataclasses.replace(old, urn=f"{old.urn}-copy", name=f"{old.name}-copy", inputs=inputs, **changes)
    return dataclasses.replace(recording, resources=(*recording.resources, copy))


def with_statement(
    recording: Recording,
    type_: str,
    name: str,
    change: Callable[[list[dict[str, Any]]], Any],
    key: str = "policy",
) -> Recording:
    """One resource whose policy's statements are changed in place."""
    old = first(recording, type_, name)
    document = json.loads(old.inputs[key])
    change(document["Statement"])
    return edited(recording, type_, name, **{key: json.dumps(document)})


def with_provider(recording: Recording, name: str, **inputs: Any) -> Recording:
    """A provider with other inputs, which are JSON in text; None removes one."""
    texts = {key: None if value is None else json.dumps(value) for key, value in inputs.items()}
    return edited(recording, "pulumi:providers:aws", name, **texts)
