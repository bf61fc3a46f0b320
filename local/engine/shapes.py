"""Converts Pulumi properties (camelCase) into the parameters of an API operation, guided by botocore's own
model.

Names match without regard to case and plural; a single block may be a dict, a one-element list, a plain
string or `true`; tags may be a dict. What does not match comes back by name, so that nothing is dropped in
silence. Deliberately not here: which operation and which renames a resource type needs (tables).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore import xform_name
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from local.engine import clients
from local.engine.model import Plain

_OMIT = object()


@functools.cache
def _operations(service: str) -> dict[str, OperationModel]:
    model = clients.session()._session.get_service_model(service)
    return {xform_name(name): model.operation_model(name) for name in model.operation_names}


def operation(service: str, name: str) -> OperationModel:
    """Model of an operation by its boto3 method name; KeyError when the service has no such operation."""
    return _operations(service)[name]


def build(
    service: str,
    name: str,
    properties: Mapping[str, Plain],
    *,
    wrap: str = "",
    top: Sequence[str] = (),
    rename: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], list[str]]:
    """Parameters of an operation for the given properties.

    Parameters
    ----------
    service, name
        boto3 service and method, such as `glue`, `create_table`.
    properties
        camelCase Pulumi properties.
    wrap
        Dotted member that all properties go into, except those in `top`.
    top
        Properties that stay at the top in spite of `wrap`.
    rename
        Property path to dotted member, for what does not match by name; a leading `/` ignores `wrap`.

    Returns
    -------
    tuple
        The parameters, and the dotted paths of properties that the operation has no member for.
    """
    shape = operation(service, name).input_shape
    builder = _Builder(rename or {})
    params: dict[str, Any] = {}
    outer = wrap.split(".") if wrap else []
    for key, value in properties.items():
        if value is None:
            continue
        target = builder.rename.get(key, "")
        base = [] if key in top or target.startswith("/") else outer
        inner = target.lstrip("/").split(".") if target else builder.match(_walk(shape, base), key, (key,))
        if inner:
            builder.place(shape, params, [*base, *inner], value, (key,))
    return params, builder.unplaced


class _Builder:
    def __init__(self, rename: Mapping[str, str]) -> None:
        self.rename = rename
        self.unplaced: list[str] = []

    def match(self, shape: Shape | None, key: str, path: tuple[str, ...]) -> list[str]:
        """Member of a structure that a property means, as a path of one; empty (and noted) if none."""
        if isinstance(shape, MapShape):
            return [key]
        if isinstance(shape, StructureShape):
            members = {name.lower(): name for name in shape.members}
            for candidate in _spellings(key.lower()):
                if candidate in members:
                    return [members[candidate]]
        self.unplaced.append(".".join(path))
        return []

    def place(
        self,
        shape: Shape | None,
        into: dict[str, Any],
        members: list[str],
        value: Plain,
        path: tuple[str, ...],
    ) -> None:
        """Convert `value` and put it at `members` below `into`."""
        head, rest = members[0], members[1:]
        inner = _child(shape, head)
        if inner is None:
            self.unplaced.append(".".join(path))
        elif rest:
            if isinstance(inner, ListShape):
                self.place(inner.member, into.setdefault(head, [{}])[0], rest, value, path)
            else:
                self.place(inner, into.setdefault(head, {}), rest, value, path)
        else:
            converted = self.convert(inner, value, path)
            if converted is _OMIT:
                return
            if isinstance(converted, dict) and isinstance(into.get(head), dict):
                into[head].update(converted)
            else:
                into[head] = converted

    def convert(self, shape: Shape, value: Plain, path: tuple[str, ...]) -> Any:
        """One Pulumi value as the shape wants it."""
        if isinstance(shape, StructureShape):
            return self._structure(shape, value, path)
        if isinstance(shape, ListShape):
            pair = _pair(shape.member) if isinstance(value, Mapping) else None
            if pair and {key.lower() for key in value} != {name.lower() for name in pair}:
                return [{pair[0]: str(key), pair[1]: _text(item)} for key, item in sorted(value.items())]
            items = value if isinstance(value, list | tuple) else [value]
            converted = (self.convert(shape.member, item, path) for item in items if item is not None)
            return [item for item in converted if item is not _OMIT]
        if isinstance(shape, MapShape):
            if isinstance(value, list | tuple):
                value = value[0] if value else {}
            return {
                str(key): self.convert(shape.value, item, (*path, str(key))) for key, item in value.items()
            }
        return _scalar(shape.type_name, value)

    def _structure(self, shape: StructureShape, value: Plain, path: tuple[str, ...]) -> Any:
        if isinstance(value, list | tuple):
            return self._structure(shape, value[0], path) if value else _OMIT
        if isinstance(value, bool):
            return {} if value else _OMIT
        if not isinstance(value, Mapping):
            names = shape.required_members or list(shape.members)
            if len(names) != 1:
                self.unplaced.append(".".join(path))
                return _OMIT
            return {names[0]: self.convert(shape.members[names[0]], value, path)}
        result: dict[str, Any] = {}
        for key, item in value.items():
            if item is None:
                continue
            here = (*path, key)
            target = self.rename.get(".".join(here))
            members = target.split(".") if target else self.match(shape, key, here)
            if members:
                self.place(shape, result, members, item, here)
        return result


def _walk(shape: Shape | None, members: Sequence[str]) -> Shape | None:
    for member in members:
        shape = _child(shape, member)
        if isinstance(shape, ListShape):
            shape = shape.member
    return shape


def _child(shape: Shape | None, member: str) -> Shape | None:
    if isinstance(shape, MapShape):
        return shape.value
    if isinstance(shape, StructureShape):
        return shape.members.get(member)
    return None


def _spellings(key: str) -> Iterator[str]:
    """The key, then its plural and singular forms; Pulumi pluralises lists and unwraps single blocks."""
    yield key
    yield f"{key}s"
    if key.endswith("ies"):
        yield f"{key[:-3]}y"
    if key.endswith("es"):
        yield key[:-2]
    if key.endswith("s"):
        yield key[:-1]
    if key.endswith("y"):
        yield f"{key[:-1]}ies"


def _pair(shape: Shape) -> tuple[str, str] | None:
    """Names of the key and value members when a structure is a tag or a dimension."""
    names = list(shape.members) if isinstance(shape, StructureShape) else []
    keys = [name for name in names if name.lower() in ("key", "tagkey", "name")]
    texts = [name for name in names if name.lower() in ("value", "tagvalue")]
    return (keys[0], texts[0]) if len(names) == 2 and keys and texts else None


def _text(value: Plain) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value)
    return str(value)


def _scalar(kind: str, value: Plain) -> Any:
    if kind == "string":
        return _text(value)
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("double", "float"):
        return float(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "blob":
        return value.encode() if isinstance(value, str) else value
    return value
