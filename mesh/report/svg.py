"""SVG elements as escaped markup, and how wide a text will be.

Owns escaping and number formatting inside drawings. Deliberately not here: any layout (mesh) or chart
(charts).
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

MONO = 0.602
"""Advance of a monospaced glyph, in ems; true of every face in the style sheet's list."""

SANS = 0.56
"""Mean advance of a proportional glyph, in ems; generous, so that a text does not outgrow its box."""


def num(value: float) -> str:
    """A coordinate with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")


def el(tag: str, *children: Any, **attributes: Any) -> Markup:
    """One element; children are escaped unless they are markup, attributes that are None are left out.

    A trailing underscore of an attribute's name is dropped (`class_`), others become hyphens.
    """
    words = [tag]
    for name, value in attributes.items():
        if value is not None:
            shown = num(value) if isinstance(value, float) else value
            words.append(f'{name.rstrip("_").replace("_", "-")}="{escape(shown)}"')
    inner = Markup("").join(children)
    head = " ".join(words)
    return Markup(f"<{head}>{inner}</{tag}>" if inner else f"<{head}/>")  # noqa: S704 - every part is escaped


BOLD = 0.64
"""As SANS, for the heavy weight."""


def clip(text: str, width: float, size: float, em: float = SANS) -> str:
    """Shorten a text in its middle to a width; both ends tell names apart, so both stay."""
    room = max(int(width / (size * em)), 3)
    if len(text) <= room:
        return text
    tail = (room - 1) // 2
    return f"{text[: room - 1 - tail]}…{text[len(text) - tail :]}"


def label(
    x: float,
    y: float,
    text: str,
    width: float,
    *,
    size: float,
    class_: str = "",
    mono: bool = False,
    **more: Any,
) -> Markup:
    """One line of text that stays within a width; if shortened, the whole text is its tooltip."""
    if not text:
        return Markup("")
    shown = clip(text, width, size, MONO if mono else BOLD if class_ == "strong" else SANS)
    whole = el("title", text) if shown != text else Markup("")
    names = " ".join(filter(None, ("mono" if mono else "", class_))) or None
    return el("text", whole, shown, x=float(x), y=float(y), font_size=num(size), class_=names, **more)
