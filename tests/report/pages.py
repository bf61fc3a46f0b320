"""A reader of pages, strict about what is opened and closed."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class Page(HTMLParser):
    """A page as a list of elements, each with its tag, attributes, path of ancestors and own text."""

    VOID = frozenset({"meta", "link", "br", "input", "col", "hr", "img"})

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[dict[str, Any]] = []
        self._open: list[dict[str, Any]] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {[item['tag'] for item in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        item = {"tag": tag, "attrs": dict(attrs), "path": [o["tag"] for o in self._open], "text": ""}
        self.elements.append(item)
        if tag not in self.VOID:
            self._open.append(item)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(
            {"tag": tag, "attrs": dict(attrs), "path": [o["tag"] for o in self._open], "text": ""}
        )

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1]["tag"] == tag, f"</{tag}> closes <{self._open[-1]['tag']}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for item in self._open:
            item["text"] += data

    def all(self, tag: str, **attrs: str) -> list[dict[str, Any]]:
        """Elements of a tag whose attributes have these values (`class_` matches one of the classes)."""
        return [item for item in self.elements if item["tag"] == tag and _has(item["attrs"], attrs)]

    def ids(self) -> list[str]:
        return [item["attrs"]["id"] for item in self.elements if item["attrs"].get("id")]


def _has(found: dict[str, str | None], wanted: dict[str, str]) -> bool:
    for name, value in wanted.items():
        actual = found.get(name.rstrip("_").replace("_", "-")) or ""
        if value not in (actual.split() if name == "class_" else [actual]):
            return False
    return True
