"""YAML text to plain values; what YAML's own rules forbid is one line with file and line number.

A key given twice in one mapping is forbidden (YAML 1.2, 3.2.1.3), but the usual readers silently keep the last: of two
shares or two classifications one would vanish unseen. Deliberately not here: what the values mean.
"""

from __future__ import annotations

from typing import Any

import yaml

from governance.errors import MeshError

_MERGE = "tag:yaml.org,2002:merge"
_MOST_LEVELS = 4000


def read_yaml(text: str, file: str) -> Any:
    """The values of a text of one document.

    Parameters
    ----------
    text
        YAML 1.1, as PyYAML reads it.
    file
        Its name, for messages.

    Raises
    ------
    MeshError
        The text is no YAML, or a mapping has a key twice.
    """
    if _fast(text):
        try:
            return yaml.load(text, _Fast)  # noqa: S506 - a safe loader
        except (yaml.YAMLError, ValueError, RecursionError):
            pass  # read once more by PyYAML's own reader, which says better what is wrong
    try:
        return _values(yaml.SafeLoader(text), file)
    except MeshError:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or error
        raise MeshError(f"is not YAML{line} ({problem})", file) from None
    except (
        ValueError,
        RecursionError,
    ) as error:  # a date such as 2027-02-30, or a text of thousands of levels
        raise MeshError(f"is not YAML ({error})", file) from None


class _Fast(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The loader on libyaml, nine times faster, which only notices that a key may be there twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        values: dict[Any, Any] = super().construct_mapping(node, deep)
        if len(values) != len(node.value):
            raise yaml.YAMLError("a key is there twice, or overrides a merged one")
        return values


def _fast(text: str) -> bool:
    """Whether libyaml may read a text: not if it may have too many levels.

    libyaml's reader calls itself once per level and has no limit but the stack's end. A level needs a bracket, or a column
    more than the one around it (a list may stand in its key's column).
    """
    widest = max(map(len, text.splitlines()), default=0)
    return text.count("[") + text.count("{") + 2 * widest <= _MOST_LEVELS


def _values(loader: Any, file: str) -> Any:
    """What a loader reads, when no mapping has a key twice."""
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _distinct_keys(node, file)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _distinct_keys(root: yaml.Node, file: str) -> None:
    """Refuse the first key that its mapping has already."""
    open_: list[tuple[yaml.Node, str]] = [(root, "")]
    seen: set[int] = set()
    while open_:
        node, path = open_.pop()
        if id(node) in seen:
            continue  # an alias of what was looked at under its anchor
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            open_ += [(item, f"{path}[{index}]") for index, item in enumerate(node.value)][::-1]
        if not isinstance(node, yaml.MappingNode):
            continue
        first: dict[tuple[str, str], int] = {}
        inner: list[tuple[yaml.Node, str]] = []
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            place = f"{path}.{name}" if path else name
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                line = key.start_mark.line + 1
                if (key.tag, name) in first:
                    lines = f"in line {first[key.tag, name]} and again in line {line}"
                    raise MeshError(f"is given {lines}; keep one", f"{file}: {place}")
                first[key.tag, name] = line
            inner.append((value, place))
        open_ += inner[::-1]
