"""Editing a stack file as text: what an edit does not touch stays as it is, byte for byte.

A YAML library that writes a file anew also rewrites its spacing, quotes and line breaks, and a review then shows lines
that nobody changed. So positions come from the parser, and text is inserted there. After each edit the file is read
again and must say what it said plus the new entry; a layout this fails on (anchors, say) is refused, not guessed at.
Deliberately not here: which entries a command adds (`onboard.lob` and its siblings), and writing to disk.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from governance.errors import MeshError
from governance.yaml_text import read_yaml

PREFIX = "mesh:"
STEP = 2
_PLAIN = re.compile(r"^[A-Za-z](?:[A-Za-z0-9 _./()*?@-]*[A-Za-z0-9_./()*?@-])?$")
_PLAIN_KEY = re.compile(r"^[A-Za-z][A-Za-z0-9_:.-]*[A-Za-z0-9_.-]$|^[A-Za-z]$")
_SWITCHES = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


class Inline(dict[str, Any]):
    """A mapping written on one line: `{ clearance: internal }`."""


class StackEdit:
    """One stack file in the making.

    Parameters
    ----------
    text
        What the file says.
    file
        Its name, for messages.

    Raises
    ------
    MeshError
        The text is no stack file.
    """

    def __init__(self, text: str, file: str) -> None:
        self.original = self.text = text
        self.file = file
        self.line_end = "\r\n" if "\r\n" in text else "\n"
        self.data: dict[str, Any] = self._read()

    def get(self, *path: str) -> Any:
        """Value under `config`; None where there is none. `mesh:` keys are found without their prefix too."""
        value: Any = self.data["config"]
        for step in path:
            if not isinstance(value, Mapping):
                return None
            value = value.get(_as_written(value, step))
        return value

    def add_entry(self, path: Sequence[str], key: str, value: Any) -> None:
        """Add `key: value` to the mapping at `path` under `config`, after its last entry.

        A mapping that is missing or empty is begun. MeshError when the key is there already.
        """
        found = self.get(*path)
        if (
            path
            and found is None
            and _as_written(self.get(*path[:-1]) or {}, path[-1]) not in (self.get(*path[:-1]) or {})
        ):
            self.add_entry(path[:-1], path[-1], {key: value})
            return
        where = f"{self.file}: {'.'.join((*path, key))}"
        if found is not None and not isinstance(found, Mapping):
            raise MeshError("is in something that is no mapping; correct that first", where)
        if found and _as_written(found, key) in found:
            raise MeshError("is there already; edit it by hand", where)
        expected = copy.deepcopy(self.data)
        parent, last = self._place(expected, path)
        parent[last] = {**(parent[last] or {}), key: value}
        node, column = self._node(path)
        if isinstance(node, yaml.MappingNode) and node.value:
            if node.flow_style:
                self._insert(_end(node.value[-1][1], self.text), f", {_key(key)}: {inline(value)}")
            else:
                self._insert_lines(
                    _end(node, self.text), _block(key, value, node.value[0][0].start_mark.column)
                )
        elif column is None:
            self._replace(node, f"{{ {_key(key)}: {inline(value)} }}")
        else:
            self._begin(node, _block(key, value, column + STEP))
        self._check(expected, where)

    def add_item(self, path: Sequence[str], value: Any) -> None:
        """Add an item to the list at `path` under `config`, after its last one; a missing list is begun."""
        found = self.get(*path)
        if self._missing(path):
            self.add_entry(path[:-1], path[-1], [value])
            return
        where = f"{self.file}: {'.'.join(path)}"
        if found is not None and not isinstance(found, list):
            raise MeshError("is no list; correct that first", where)
        expected = copy.deepcopy(self.data)
        parent, last = self._place(expected, path)
        parent[last] = [*(parent[last] or []), value]
        node, column = self._node(path)
        if isinstance(node, yaml.SequenceNode) and node.value:
            if node.flow_style:
                self._insert(_end(node.value[-1], self.text), f", {inline(value)}")
            else:
                self._insert_lines(_end(node, self.text), _items([value], node.start_mark.column))
        elif column is None or not isinstance(value, Mapping):
            self._replace(node, f"[{inline(value)}]")
        else:
            self._begin(node, _items([value], column + STEP))
        self._check(expected, where)

    # --- reading -------------------------------------------------------------------------------------------------

    def _read(self) -> dict[str, Any]:
        data = read_yaml(self.text, self.file)
        if not isinstance(data, dict) or not isinstance(data.get("config"), dict):
            raise MeshError("has no config; it must be a mapping of keys to values", self.file)
        return data

    def _missing(self, path: Sequence[str]) -> bool:
        """Whether the last key of `path` is not written at all; one without a value is."""
        if not path:
            return False
        parent = self.get(*path[:-1]) or {}
        return not isinstance(parent, Mapping) or _as_written(parent, path[-1]) not in parent

    def _place(self, data: dict[str, Any], path: Sequence[str]) -> tuple[dict[str, Any], str]:
        """Mapping and key in it that hold what is at `path`."""
        parent, last = data, "config"
        for step in path:
            parent = parent[last]
            last = _as_written(parent, step)
        return parent, last

    def _node(self, path: Sequence[str]) -> tuple[yaml.Node, int | None]:
        """The node at `path` and the column of its key; None for a column where line breaks mean nothing."""
        node: yaml.Node | None = yaml.compose(self.text, Loader=yaml.SafeLoader)
        column: int | None = 0
        for step in ("config", *path):
            assert isinstance(node, yaml.MappingNode), "get() found a mapping here"
            written = _as_written({name.value: None for name, _ in node.value}, step)
            name, inner = next((name, value) for name, value in reversed(node.value) if name.value == written)
            column = None if column is None or node.flow_style else name.start_mark.column
            node = inner
        assert node is not None, "it was read before"
        return node, column

    # --- writing -------------------------------------------------------------------------------------------------

    def _insert(self, index: int, text: str) -> None:
        self.text = self.text[:index] + text + self.text[index:]

    def _insert_lines(self, index: int, lines: Sequence[str]) -> None:
        """Put lines below the one that `index` is on."""
        end = self.text.find("\n", index)
        if end < 0:
            self.text += "".join(f"{self.line_end}{line}" for line in lines)
        else:
            self._insert(end + 1, "".join(f"{line}{self.line_end}" for line in lines))

    def _replace(self, node: yaml.Node, text: str) -> None:
        """Write `text` where an empty value stands."""
        start, end = node.start_mark.index, node.end_mark.index
        gap = " " if start == end and not self.text[:start].endswith(" ") else ""
        self.text = f"{self.text[:start]}{gap}{text}{self.text[end:]}"

    def _begin(self, node: yaml.Node, lines: Sequence[str]) -> None:
        """Put lines below an empty value's key; a comment beside it stays."""
        before, after = self.text[: node.start_mark.index], self.text[node.end_mark.index :]
        if not after.split("\n", 1)[0].strip():
            before = before.rstrip(" ")
        elif before.endswith(" "):
            after = after.lstrip(" ")
        self.text = before + after
        self._insert_lines(len(before), lines)

    def _check(self, expected: Mapping[str, Any], where: str) -> None:
        """The file must say what it said plus the one new entry."""
        try:
            self.data = self._read()
        except MeshError:
            self.data = {}
        if self.data != expected:
            raise MeshError("cannot be added to a file of this layout; add it by hand", where)


def document(
    comment: str,
    config: Mapping[str, Any],
    *,
    top: Mapping[str, Any] | None = None,
    notes: Mapping[str, str] | None = None,
) -> str:
    """Text of a new stack file: `top` stands before `config`, `notes` beside keys with a value on one line."""
    lines = [f"# {comment}", *(line for key, value in (top or {}).items() for line in _block(key, value, 0))]
    lines.append("config:")
    for key, value in config.items():
        entry = _block(key, value, STEP)
        if notes and key in notes:
            entry[0] += f" # {notes[key]}"
        lines += entry
    return "".join(f"{line}\n" for line in lines)


def _as_written(mapping: Mapping[Any, Any], key: str) -> str:
    """The key as the file writes it: Pulumi takes a key without its project's prefix too."""
    bare = key.removeprefix(PREFIX)
    return bare if key not in mapping and bare in mapping else key


def _end(node: yaml.Node, text: str) -> int:
    """Index just behind a node's last character; a block's own mark lies behind the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last, text)
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        return len(text[: node.end_mark.index].rstrip())
    return int(node.end_mark.index)


def _block(key: str, value: Any, column: int) -> list[str]:
    """Lines of `key: value` with the key in a column."""
    lead = f"{' ' * column}{_key(key)}:"
    if isinstance(value, Mapping) and value and not isinstance(value, Inline):
        return [lead, *(line for name, part in value.items() for line in _block(name, part, column + STEP))]
    if isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        return [lead, *_items(value, column + STEP)]
    return [f"{lead} {inline(value)}"]


def _items(values: Sequence[Any], column: int) -> list[str]:
    """Lines of list items with their dashes in a column."""
    lines = []
    for value in values:
        if isinstance(value, Mapping) and value and not isinstance(value, Inline):
            inner = [line for name, part in value.items() for line in _block(name, part, column + STEP)]
            lines += [f"{' ' * column}- {inner[0].lstrip()}", *inner[1:]]
        else:
            lines.append(f"{' ' * column}- {inline(value)}")
    return lines


def inline(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        parts = ", ".join(f"{_key(key)}: {inline(part)}" for key, part in value.items())
        return f"{{ {parts} }}" if parts else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(inline, value))}]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _key(key: str) -> str:
    return (
        key if _PLAIN_KEY.match(key) and key.lower() not in _SWITCHES else json.dumps(key, ensure_ascii=False)
    )


def _text(text: str) -> str:
    """A text as YAML: plain only where YAML 1.1 and 1.2 both read a text, else in double quotes."""
    if _PLAIN.match(text) and text.lower() not in _SWITCHES and yaml.safe_load(text) == text:
        return text
    return json.dumps(text, ensure_ascii=False)
