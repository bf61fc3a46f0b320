"""Project and stack files, read as Pulumi reads them: one flat mapping of `project:key` to text.

Owns defaults, the type check against the schema in `Pulumi.yaml`, and the line a user sees when a file or
key is wrong. Deliberately not here: what a key means (governance settings), and decryption; the local
engine has no passphrase and takes secrets from the environment.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from governance.errors import MeshError
from governance.settings import KEYS
from governance.yaml_text import read_yaml
from local.engine.model import Plain

SECRET_VARIABLE = "MESH_SECRET_"  # noqa: S105  the prefix of a variable's name, not a secret
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "array": (list,),
    "object": (dict,),
}
_STACK_FILE = re.compile(r"Pulumi\.([A-Za-z0-9_.-]+)\.yaml")


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """A stack as its files describe it."""

    project: str
    stack: str
    config: Mapping[str, str]
    """`namespace:key` to text; structured values are JSON."""
    path: Path


def stacks(project_dir: Path | str) -> tuple[str, ...]:
    """Names of the stacks that have a file in the project folder, sorted."""
    matches = (_STACK_FILE.fullmatch(path.name) for path in Path(project_dir).glob("Pulumi.*.yaml"))
    return tuple(sorted(match.group(1) for match in matches if match))


def load(
    project_dir: Path | str, stack: str, *, config_overrides: Mapping[str, Plain] | None = None
) -> StackFile:
    """Read `Pulumi.yaml` and `Pulumi.<stack>.yaml`.

    Parameters
    ----------
    project_dir
        Folder with `Pulumi.yaml`.
    stack
        Stack to load.
    config_overrides
        Values that win over the files, by `key` or `project:key`; checked like the files' own.

    Raises
    ------
    MeshError
        A file is missing or invalid, a key unknown, of the wrong type, or encrypted.
    """
    folder = Path(project_dir)
    project_path, path = folder / "Pulumi.yaml", folder / f"Pulumi.{stack}.yaml"
    project_file = _read(project_path, f"no Pulumi project in {folder}")
    known = ", ".join(stacks(folder)) or "none"
    stack_file = _read(path, f"no stack '{stack}'; stacks with a file here: {known}")
    project = project_file.get("name")
    if not isinstance(project, str) or not project:
        raise MeshError("add the project's name", f"{project_path.name}: name")

    schema = _section(project_file, "config", project_path)
    given: dict[str, Plain] = {}
    for key, value in _section(stack_file, "config", path).items():
        if _qualified(key, project) in given:
            raise MeshError(f"is given with and without '{project}:'; keep one", f"{path.name}: {key}")
        given[_qualified(key, project)] = value
    for key, value in (config_overrides or {}).items():
        given[_qualified(key, project)] = value
    declared = {_qualified(key, project): entry for key, entry in schema.items()}

    # Pulumi demands every declared key of every stack, so the keys of one role stand in the settings only.
    known_keys = [*declared, *(f"{project}:{key}" for key in KEYS)]
    values: dict[str, Plain] = {}
    for key, entry in declared.items():
        if not isinstance(entry, Mapping):
            values[key] = entry
        elif "default" in entry or "value" in entry:
            values[key] = entry.get("default", entry.get("value"))
    for key, value in given.items():
        where = f"{path.name}: {key}"
        if key.startswith(f"{project}:") and key not in known_keys:
            raise MeshError(f"unknown key{_nearest(key, known_keys)}", where)
        values[key] = _secret(key, value, where)
    for key, value in values.items():
        _check(value, declared.get(key), f"{path.name if key in given else project_path.name}: {key}")
    return StackFile(
        project=project,
        stack=stack,
        config={key: _text(value) for key, value in values.items() if value is not None},
        path=path,
    )


def _read(path: Path, missing: str) -> Mapping[str, Plain]:
    if not path.is_file():
        raise MeshError(missing, path.name)
    content = read_yaml(path.read_text(encoding="utf-8"), path.name)
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise MeshError("must be a mapping of keys to values", path.name)
    return content


def _section(content: Mapping[str, Plain], name: str, path: Path) -> Mapping[str, Plain]:
    section = content.get(name) or {}
    if not isinstance(section, Mapping):
        raise MeshError("must be a mapping of keys to values", f"{path.name}: {name}")
    return section


def _qualified(key: Plain, project: str) -> str:
    return str(key) if ":" in str(key) else f"{project}:{key}"


def _nearest(key: str, declared: Iterable[str]) -> str:
    short = {name.split(":", 1)[1]: name for name in declared}
    close = difflib.get_close_matches(key.split(":", 1)[1], short, n=1, cutoff=0.0)
    return f"; the nearest known key is {short[close[0]]}" if close else "; declare it in Pulumi.yaml"


def _secret(key: str, value: Plain, where: str) -> Plain:
    if not (isinstance(value, Mapping) and set(value) == {"secure"}):
        return value
    short = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.split(":", 1)[1])
    variable = SECRET_VARIABLE + re.sub(r"[^A-Za-z0-9]", "_", short).upper()
    if variable not in os.environ:
        raise MeshError(
            f"is encrypted and the local engine has no passphrase; set the environment variable {variable}",
            where,
        )
    return os.environ[variable]


def _check(value: Plain, entry: Plain, where: str) -> None:
    """Hold a value against the type its schema entry declares; numbers and booleans may come as text."""
    declared = entry.get("type") if isinstance(entry, Mapping) else None
    if declared is None or value is None:
        return
    if declared not in _TYPES:
        raise MeshError(f"type '{declared}' is unknown; use one of {', '.join(_TYPES)}", where)
    if not _fits(value, declared):
        raise MeshError(f"must be {_article(declared)}, not {_described(value)}", where)
    items = entry.get("items")
    if declared == "array" and isinstance(items, Mapping) and isinstance(value, list):
        for index, item in enumerate(value):
            _check(item, items, f"{where}[{index}]")


def _fits(value: Plain, declared: str) -> bool:
    if isinstance(value, bool):
        return declared == "boolean"
    if isinstance(value, str) and declared == "boolean":
        return value in ("true", "false")
    if isinstance(value, str) and declared == "integer":
        return re.fullmatch(r"-?\d+", value) is not None
    return isinstance(value, _TYPES[declared])


def _article(declared: str) -> str:
    return f"an {declared}" if declared[0] in "aeiou" else f"a {declared}"


def _described(value: Plain) -> str:
    names = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object", float: "number"}
    text = json.dumps(value, default=str)
    return f"the {names.get(type(value), 'value')} {text if len(text) <= 40 else text[:37] + '...'}"


def _text(value: Plain) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str)
