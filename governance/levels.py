"""Sensitivity levels, clearances and the LF-tag expressions they become.

A clearance is a level and means that level and all below it. Deliberately not here: who holds which clearance
(settings) and what a grant opens (access).
"""

from __future__ import annotations

from collections.abc import Sequence

from governance.errors import MeshError

DOMAIN = "domain"
DATA_PRODUCT = "data-product"
SENSITIVITY = "sensitivity"

DEFAULT_LEVELS: tuple[str, ...] = ("public", "internal", "confidential", "restricted")
"""Ordered from open to closed; a stack file may name others."""

Expression = tuple[tuple[str, tuple[str, ...]], ...]
"""LF-tag expression: AND over (key, values) pairs, OR over the values of one key. Keys and values are sorted."""


def check_level(level: str, levels: Sequence[str], where: str) -> str:
    """Return `level` if it is one of `levels`; raise MeshError naming `where` otherwise."""
    if level not in levels:
        raise MeshError(f"'{level}' is no sensitivity level; use one of {', '.join(levels)}", where)
    return level


def cleared_levels(clearance: str, levels: Sequence[str]) -> tuple[str, ...]:
    """Levels that a clearance opens: itself and all below, in the order of `levels`."""
    return tuple(levels[: levels.index(clearance) + 1])


def lowest(first: str, second: str, levels: Sequence[str]) -> str:
    """The lower of two clearances."""
    return min(first, second, key=levels.index)


def expression(**tags: str | Sequence[str]) -> Expression:
    """Build an expression from keyword tags; underscores in keys become hyphens (`data_product`)."""
    pairs = ((key.replace("_", "-"), value) for key, value in tags.items())
    return tuple(
        sorted(
            (key, (value,) if isinstance(value, str) else tuple(sorted(set(value)))) for key, value in pairs
        )
    )


def product_expression(product: str) -> Expression:
    """Expression that matches a product's database and everything in it."""
    return expression(data_product=product)


def owner_expression(lob: str, product: str) -> Expression:
    """Expression a LoB works on its own product with: all columns, whatever their level."""
    return expression(domain=lob, data_product=product)


def clearance_expression(product: str, clearance: str, levels: Sequence[str]) -> Expression:
    """Expression that opens a product's columns up to a clearance."""
    return expression(data_product=product, sensitivity=cleared_levels(clearance, levels))
