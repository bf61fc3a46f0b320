"""Assets and archives as plain dicts with a content hash, and their bytes when a resource needs them.

A plain asset is `{"__asset__": "file"|"text"|"archive", "hash": ..., "path"|"text"|"assets": ...}`. Only
the hash takes part in a comparison, so that moving the project or touching a file changes nothing. Remote
assets are refused: the local engine fetches nothing.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from governance.errors import MeshError
from local.engine.model import Plain

KIND = "__asset__"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def is_asset(value: Plain) -> bool:
    """Whether a plain value is a plain asset."""
    return isinstance(value, Mapping) and KIND in value and "hash" in value


def describe(content: Mapping[str, Plain], base: Path, *, archive: bool) -> dict[str, Plain]:
    """Plain asset of what Pulumi sent: a path, a text, or an archive's members."""
    if "uri" in content:
        raise MeshError(f"remote asset {content['uri']} is not supported locally; use a file in the project")
    if "text" in content:
        text = str(content["text"])
        return {KIND: "text", "text": text, "hash": _digest(text.encode())}
    if "path" in content:
        path = base / str(content["path"])
        if not path.exists():
            raise MeshError(f"asset {path} does not exist; check the path in the program")
        described: dict[str, Plain] = {KIND: "archive" if archive else "file", "path": str(path)}
        described["hash"] = _digest_members(_members(described)) if archive else _digest(path.read_bytes())
        return described
    described = {KIND: "archive", "assets": dict(content["assets"])}
    described["hash"] = _digest_members(_members(described))
    return described


def identity(value: Plain) -> Plain:
    """The value with every asset reduced to kind and hash: what is compared and kept in state."""
    if is_asset(value):
        return {KIND: value[KIND], "hash": value["hash"]}
    if isinstance(value, Mapping):
        return {key: identity(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [identity(item) for item in value]
    return value


def read(value: Mapping[str, Plain]) -> bytes:
    """Bytes of an asset; an archive gives a zip file that is the same for the same content."""
    if value[KIND] == "text":
        return str(value["text"]).encode()
    if value[KIND] == "file":
        return Path(value["path"]).read_bytes()
    path = value.get("path")
    if path and Path(path).is_file():
        return Path(path).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in sorted(_members(value).items()):
            info = zipfile.ZipInfo(name, date_time=_EPOCH)
            info.external_attr = 0o644 << 16
            bundle.writestr(info, data)
    return buffer.getvalue()


def _members(archive: Mapping[str, Plain]) -> dict[str, bytes]:
    """Relative path to bytes for every file of an archive; compiled Python is left out."""
    path = archive.get("path")
    if path:
        root = Path(path)
        if root.is_file():
            return {root.name: root.read_bytes()}
        return {
            file.relative_to(root).as_posix(): file.read_bytes()
            for file in sorted(root.rglob("*"))
            if file.is_file() and "__pycache__" not in file.parts
        }
    members: dict[str, bytes] = {}
    for name, asset in archive["assets"].items():
        if asset[KIND] == "archive":
            members.update({f"{name}/{inner}": data for inner, data in _members(asset).items()})
        else:
            members[name] = read(asset)
    return members


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digest_members(members: Mapping[str, bytes]) -> str:
    return _digest("".join(f"{name}:{_digest(data)}\n" for name, data in sorted(members.items())).encode())
