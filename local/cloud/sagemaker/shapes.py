"""Requests held to the constraints of the service's model, which the client side does not check.

Owns lengths, patterns, ranges, enumerations and required members, in the words in which AWS services report
them. The model is botocore's. Deliberately not here: what only one call knows (unique names, roles, quotas).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import botocore.session

from local.cloud.sagemaker.errors import invalid


@lru_cache(maxsize=1)
def _model() -> Any:
    return botocore.session.get_session().get_service_model("sagemaker")


@lru_cache(maxsize=64)
def _shape(operation: str) -> Any:
    return _model().operation_model(operation).input_shape


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Return a pattern of the model, or None for one in Java's dialect alone."""
    try:
        return re.compile(pattern.replace(r"\p{L}", r"\w").replace(r"\p{N}", r"\d").replace(r"\p{Z}", r"\s"))
    except re.error:
        return None


def check(operation: str, request: dict[str, Any]) -> None:
    """Refuse a request that breaks constraints of the model (ValidationException, all of them at once)."""
    faults = list(_faults(_shape(operation), request, ""))
    if faults:
        many = "s" if len(faults) > 1 else ""
        raise invalid(f"{len(faults)} validation error{many} detected: {'; '.join(faults)}")


def picked(operation: str, found: dict[str, Any]) -> dict[str, Any]:
    """Return the members that the answer of an operation has."""
    members = _model().operation_model(operation).output_shape.members
    return {key: value for key, value in found.items() if key in members and value is not None}


def _faults(shape: Any, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        for name in shape.required_members:
            if value.get(name) is None and name != "ClientRequestToken":
                yield _fault(None, _below(path, name), "Member must not be null")
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _faults(member, value[name], _below(path, name))
    elif kind == "list" and isinstance(value, list):
        yield from _size(shape, len(value), value, path)
        for index, each in enumerate(value, 1):
            yield from _faults(shape.member, each, f"{path}.{index}.member")
    elif kind == "map" and isinstance(value, dict):
        yield from _size(shape, len(value), value, path)
        for key, each in value.items():
            yield from _faults(shape.key, key, path)
            yield from _faults(shape.value, each, f"{path}.{key}.member")
    elif kind == "string" and isinstance(value, str):
        yield from _text(shape, value, path)
    elif kind in ("integer", "long") and isinstance(value, int):
        yield from _range(shape.metadata, value, path)


def _below(path: str, name: str) -> str:
    camel = name[:1].lower() + name[1:]
    return f"{path}.{camel}" if path else camel


def _text(shape: Any, value: str, path: str) -> Iterator[str]:
    yield from _size(shape, len(value), value, path)
    pattern = shape.metadata.get("pattern")
    test = _compiled(pattern) if pattern else None
    if test is not None and not test.fullmatch(value):
        yield _fault(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    if shape.enum and value not in shape.enum:
        yield _fault(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")


def _size(shape: Any, size: int, value: Any, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _fault(value, path, f"Member must have length greater than or equal to {least}")
    if most is not None and size > most:
        yield _fault(value, path, f"Member must have length less than or equal to {most}")


def _range(metadata: dict[str, Any], value: int, path: str) -> Iterator[str]:
    least, most = metadata.get("min"), metadata.get("max")
    if least is not None and value < least:
        yield _fault(value, path, f"Member must have value greater than or equal to {least}")
    if most is not None and value > most:
        yield _fault(value, path, f"Member must have value less than or equal to {most}")


def _fault(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"
