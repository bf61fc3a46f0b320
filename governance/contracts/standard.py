"""What the standard's JSON schema asks beyond the public model: keys that must or must not be there, known versions.

The public model takes a half-written contract, as an editor needs it; `mesh contract check` does not. Required keys are
those of odcs-json-schema-v3.1.0.json that 3.0 has too. Deliberately not here: types (`odcs`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from open_data_contract_standard.model import (
    OpenDataContractStandard,
    SchemaObject,
    SchemaProperty,
    Team,
)
from pydantic import BaseModel

from governance.errors import MeshError

VERSIONS = ("v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0", "v3.2.0")
"""Released versions of the standard that the public model reads."""

_REQUIRED = {
    "servers": ("server", "type"),
    "schema": ("name",),
    "properties": ("name",),
    "customProperties": ("property", "value"),
    "authoritativeDefinitions": ("url", "type"),
    "support": ("channel",),
    "members": ("username",),
    "roles": ("role",),
    "slaProperties": ("property", "value"),
}
_FREE = ("value", "arguments", "logicalTypeOptions", "implementation", "examples")
"""Keys whose content is the author's own."""

_QUALITY = {"sql": ("query",), "custom": ("engine", "implementation")}


def check_standard(data: Any, file: str) -> None:
    """Refuse a contract that lacks what the standard's schema asks for.

    Parameters
    ----------
    data
        The contract's YAML as plain values; the public model has accepted it.
    file
        Its name, for messages.

    Raises
    ------
    MeshError
        One line with file and path for the first key that is unknown or missing.
    """
    if data.get("apiVersion") not in VERSIONS:
        raise MeshError(
            f"'{data.get('apiVersion')}' is no released version; use one of {', '.join(VERSIONS)}",
            f"{file}: apiVersion",
        )
    if data.get("status") in (None, ""):
        raise MeshError("is missing; the standard asks for it, such as draft or active", f"{file}: status")
    loose = data["apiVersion"].startswith("v3.0.")
    for path, key, keys in _unknown(data, OpenDataContractStandard, "", loose):
        close = difflib.get_close_matches(key, keys, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise MeshError(f"is no key of the Open Data Contract Standard{hint}", f"{file}: {path}.{key}")
    for path, key in _missing(data, ""):
        raise MeshError("is missing; the standard asks for it", f"{file}: {path}.{key}")


def _unknown(
    node: Any, kind: type[BaseModel], path: str, loose: bool
) -> Iterator[tuple[str, str, Iterable[str]]]:
    """Paths of objects, the keys they must not have, and those they may; `loose`: only tables and columns tell."""
    fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
    if not loose or issubclass(kind, (SchemaObject, SchemaProperty)):
        yield from ((path, str(key), fields) for key in node if key not in fields)
    for key, value in node.items():
        inner = [one for one in _models(fields.get(key)) if not isinstance(value, list) or one is not Team]
        place = f"{path}.{key}" if path else str(key)
        if len(inner) != 1 and isinstance(value, dict) and Team in inner:
            inner = [Team]
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            here = f"{place}[{index}]" if isinstance(value, list) else place
            if inner and isinstance(item, dict):
                yield from _unknown(item, inner[0], here, loose)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation such as `list[Team] | None` speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _missing(node: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Paths of objects and the keys they lack, in the file's order."""
    for key, value in node.items():
        place = f"{path}.{key}" if path else str(key)
        if key in _FREE:
            continue
        if isinstance(value, dict):
            yield from _missing(value, place)
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if not isinstance(item, dict):
                continue
            asked = _QUALITY.get(str(item.get("type")), ()) if key == "quality" else _REQUIRED.get(key, ())
            here = f"{place}[{index}]"
            yield from ((here, name) for name in asked if name not in item)
            yield from _missing(item, here)
