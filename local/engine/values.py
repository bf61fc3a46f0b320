"""Plain values out of Pulumi's protobuf structs and back, without the SDK's per-thread event loops.

Secrets become plain values (the local engine keeps no passphrase), resource references become ids, whole
numbers become ints, assets become small dicts that carry the hash of their content (see `assets`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]

from local.engine import assets
from local.engine.model import Plain

SIGNATURE = "4dabf18193072939515e22adb298388d"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  marks a value, is none
REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def from_struct(struct: struct_pb2.Struct, base: Path) -> dict[str, Plain]:
    """Plain dict of a struct; relative asset paths are taken from `base`."""
    return {key: _plain(value, base) for key, value in struct.fields.items()}


def _plain(value: struct_pb2.Value, base: Path) -> Plain:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return None if value.string_value == UNKNOWN else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_plain(item, base) for item in value.list_value.values]
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields:
            return _special(fields[SIGNATURE].string_value, value.struct_value, base)
        return {key: _plain(item, base) for key, item in fields.items()}
    return None


def _special(signature: str, struct: struct_pb2.Struct, base: Path) -> Plain:
    fields = struct.fields
    if signature == SECRET:
        return _plain(fields["value"], base)
    if signature == REFERENCE:
        identity = _plain(fields["id"], base) if "id" in fields else None
        return identity or _plain(fields["urn"], base)
    if signature in (ASSET, ARCHIVE):
        content = {key: _plain(item, base) for key, item in fields.items() if key != SIGNATURE}
        return assets.describe(content, base, archive=signature == ARCHIVE)
    raise ValueError(f"unknown Pulumi value signature {signature}")


def to_struct(values: Mapping[str, Plain]) -> struct_pb2.Struct:
    """Struct of a plain dict; assets go back as text so that outputs of a resource echo them harmlessly."""
    struct = struct_pb2.Struct()
    struct.update({key: _echo(value) for key, value in values.items()})
    return struct


def _echo(value: Plain) -> Any:
    if assets.is_asset(value):
        kind = ARCHIVE if value[assets.KIND] == "archive" else ASSET
        path = str(value.get("path") or "")
        if kind == ASSET:
            return {SIGNATURE: ASSET, **({"path": path} if path else {"text": str(value.get("text") or "")})}
        if path:
            return {SIGNATURE: ARCHIVE, "path": path}
        return {
            SIGNATURE: ARCHIVE,
            "assets": {name: _echo(item) for name, item in (value.get("assets") or {}).items()},
        }
    if isinstance(value, Mapping):
        return {key: _echo(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_echo(item) for item in value]
    return value


def deep_merge(base: Mapping[str, Plain], over: Mapping[str, Plain]) -> dict[str, Plain]:
    """`over` on top of `base`, dict by dict; None in `over` does not hide a value of `base`."""
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = deep_merge(merged[key], value)
        elif value is not None:
            merged[key] = value
    return merged
