"""Whether readers of a type can read another one, and what differs within nested types.

Widening keeps every value and its meaning: a wider whole number, a longer text, more digits. Everything else breaks
somebody's SQL or features, be it as plain as a date that becomes a timestamp. Deliberately not here: what differs
beside the type (`compatibility`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from governance.contracts.types import GlueType

_WHOLE = ("tinyint", "smallint", "int", "bigint")


@dataclass(frozen=True, kw_only=True)
class TypeChange:
    """One difference between two types; `path` leads to it from the column: fields, `[]` for elements."""

    kind: str
    """`retyped`, `field-added` or `field-removed`."""

    path: tuple[str, ...]
    before: str
    after: str
    breaking: bool

    @property
    def label(self) -> str:
        """The path as people write it: `.address.zip`, `[].zip`, empty for the column itself."""
        return "".join(step if step == "[]" else f".{step}" for step in self.path)


def widens(old: GlueType, new: GlueType) -> bool:
    """Whether every value of a plain type is one of the other, and means the same.

    Parameters
    ----------
    old, new
        Types that are not nested.
    """
    if old == new:
        return True
    if old.kind in _WHOLE and new.kind in _WHOLE:
        return _WHOLE.index(old.kind) <= _WHOLE.index(new.kind)
    if (old.kind, new.kind) == ("float", "double"):
        return True
    if old.kind == "varchar" and new.kind == "string":
        return True
    if old.kind == new.kind == "varchar":
        return old.sizes[0] <= new.sizes[0]
    if old.kind == new.kind == "decimal":
        (precision, scale), (wider, finer) = old.sizes, new.sizes
        return finer >= scale and wider - finer >= precision - scale
    return False


def type_changes(old: GlueType, new: GlueType, path: tuple[str, ...] = ()) -> Iterator[TypeChange]:
    """All differences between two types, from the outside in; equal types have none."""
    if old == new:
        return
    if old.kind != new.kind or not (old.nested and new.nested):
        plain = not (old.nested or new.nested)
        yield TypeChange(
            kind="retyped",
            path=path,
            before=str(old),
            after=str(new),
            breaking=not (plain and widens(old, new)),
        )
        return
    before, after = dict(old.fields), dict(new.fields)
    for name, part in old.fields:
        step = "[]" if old.kind == "array" else name
        if name in after:
            yield from type_changes(part, after[name], (*path, step))
        else:
            yield TypeChange(
                kind="field-removed", path=(*path, step), before=str(part), after="", breaking=True
            )
    for name, part in new.fields:
        if name not in before:
            yield TypeChange(
                kind="field-added", path=(*path, name), before="", after=str(part), breaking=False
            )
