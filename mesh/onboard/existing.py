"""Sharing a product that exists with consumers that exist: a share at the LoB and the subscription that answers it.

Owns finding where a product is declared, for whoever shares it. Deliberately not here: what a share may say (`share`), and
changing one that is there, which is an edit of its lines.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from governance.contracts import Contract
from governance.errors import MeshError
from mesh.onboard.draft import Draft, central_of, known_name, option_pairs, producers_of, stack_file
from mesh.onboard.share import Narrowing, Opened
from mesh.project import Project

TO = "--to"


@dataclass(frozen=True, kw_only=True)
class ShareRequest:
    """What `mesh onboard share` was asked."""

    product: str
    consumers: Sequence[str]
    """`CONSUMER=CLEARANCE`, as typed."""
    narrowing: Narrowing = field(default_factory=Narrowing)
    """`CONSUMER=...`, as typed."""


@dataclass(frozen=True)
class Home:
    """Where a product is declared."""

    stack: str
    lob: str
    contract: Contract


def homes_of(project: Project, products: Sequence[str], option: str) -> dict[str, Home]:
    """Product -> where it is declared; MeshError for one that is unknown or named twice.

    Parameters
    ----------
    option
        The option that named them, for messages.
    """
    owners = {
        product.name: Home(stack, item.lob, product.contract)
        for stack, item in producers_of(project).items()
        for product in item.products
    }
    homes: dict[str, Home] = {}
    for product in products:
        known_name(product, list(owners), "product", option)
        if product in homes:
            raise MeshError(f"names '{product}' twice; keep one", option)
        homes[product] = owners[product]
    return homes


def share(project: Project, request: ShareRequest) -> Draft:
    """Draft the lines that share a product with more consumers.

    Raises
    ------
    MeshError
        Product, consumer or clearance is unknown, the share is there already, or what narrows it is wrong.
    """
    _, central = central_of(project)
    name = request.product
    home = homes_of(project, [name], "mesh onboard share")[name]
    pairs = option_pairs(request.consumers, TO, "CONSUMER=CLEARANCE, such as ml-coe=internal", central.levels)
    draft = Draft(project)
    for consumer, _ in pairs:
        known_name(consumer, list(central.consumers), "consumer", TO)
        _not_yet(draft, home.stack, name, consumer)
    for each in Opened.to_all(pairs, TO, request.narrowing, home.contract, central):
        each.add(draft, home.stack, name)
        each.answer(draft, name, home.lob, home.stack)
    return draft


def _not_yet(draft: Draft, stack: str, product: str, consumer: str) -> None:
    """Refuse a second share to a consumer, whether the first still runs or has ended."""
    entries = draft.edit(stack).get("mesh:products", product, "shares") or []
    for entry in entries:
        if isinstance(entry, Mapping) and entry.get("consumer") == consumer:
            raise MeshError(
                f"{product} is shared with {consumer} already{_until(entry)}; edit the share there, and the "
                f"subscription of {consumer}",
                f"{stack_file(stack)}: mesh:products.{product}.shares",
            )


def _until(entry: Mapping[str, Any]) -> str:
    """What the file says of the share: its level, and its last day if it has one."""
    day = entry.get("until")
    ends = ", ended" if isinstance(day, dt.date) and day < dt.datetime.now(dt.UTC).date() else ", until"
    return f" (clearance {entry.get('clearance')}{f'{ends} {day}' if day else ''})"
