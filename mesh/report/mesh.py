"""Where everything in the drawing of the mesh goes.

Owns the geometry: three lanes (producers, central, consumers), the boxes in them and the edges between,
computed from the `mesh` block for any number of accounts, products, shares and roles; boxes never overlap.
Deliberately not here: how a box or an edge looks (mesh_draw).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PRODUCER_WIDTH, CENTRAL_WIDTH, CONSUMER_WIDTH = 300.0, 316.0, 384.0
REGISTER_GAP = 84.0
SHARE_GAP_MIN, SHARE_GAP_MAX = 164.0, 300.0
PILL_WIDTH, PILL_HEIGHT = 86.0, 18.0
TOP, PAD, HEAD, CARD_GAP = 30.0, 12.0, 46.0, 18.0
ROW, ROW_GAP, TITLE = 114.0, 18.0, 18.0
NODE, NODE_GAP, COLUMN_HEAD = 36.0, 8.0, 18.0
LINK_WIDTH, BUS = 176.0, 34.0


@dataclass(frozen=True)
class Box:
    """A rectangle of the drawing. Cards hold nodes; nodes of one drawing never overlap."""

    kind: str
    name: str
    x: float
    y: float
    width: float
    height: float
    data: Mapping[str, Any] = field(default_factory=dict)
    product: str = ""

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


@dataclass(frozen=True)
class Edge:
    """A line from (x1, y1) to (x2, y2); kinds are curate, register, share and regrant."""

    kind: str
    x1: float
    y1: float
    x2: float
    y2: float
    label: str = ""
    product: str = ""


@dataclass
class Layout:
    """A computed drawing: its size, lane headings, boxes (cards first) and edges."""

    width: float = 0.0
    height: float = 0.0
    lanes: list[tuple[float, str]] = field(default_factory=list)
    cards: list[Box] = field(default_factory=list)
    nodes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)


def plan(mesh: Mapping[str, Any]) -> Layout:
    """Lay a mesh out.

    Parameters
    ----------
    mesh
        The report's `mesh` block: accounts, products, shares, roles. Owners and consumers that are named but
        have no account get a card all the same, so that nothing that is shared goes undrawn.
    """
    products = list(mesh.get("products") or ())
    shares = list(mesh.get("shares") or ())
    producers = _accounts(mesh, "producer", [str(p.get("lob", "")) for p in products])
    named = [str(item["consumer"]) for item in (*shares, *(mesh.get("roles") or ()))]
    consumers = _accounts(mesh, "consumer", named)
    groups = [
        (account, [p for p in products if p.get("lob", "") == account["name"]]) for account in producers
    ]
    order = {str(p["name"]): n for n, p in enumerate(p for _, owned in groups for p in owned)}
    cards = [_consumer(account, mesh, order) for account in consumers]

    left = sum(_producer_height(len(owned)) for _, owned in groups) + CARD_GAP * max(len(groups) - 1, 0)
    left = max(left, HEAD + PAD)
    right = sum(card.height for card in cards) + CARD_GAP * max(len(cards) - 1, 0)
    gap = min(max(SHARE_GAP_MIN, 110 + 9.0 * len(shares)), SHARE_GAP_MAX)
    central_x = PRODUCER_WIDTH + REGISTER_GAP
    consumer_x = central_x + CENTRAL_WIDTH + gap
    body = max(left, right)
    layout = Layout(width=consumer_x + CONSUMER_WIDTH, height=TOP + body + 1)
    layout.lanes = [(0.0, "Producers"), (central_x, "Central governance"), (consumer_x, "Consumers")]

    top = TOP + (body - left) / 2
    central = next((a for a in mesh.get("accounts") or () if a.get("role") == "central"), {"name": "central"})
    layout.cards.append(
        Box(
            "central",
            str(central["name"]),
            central_x,
            top,
            CENTRAL_WIDTH,
            left,
            {**central, "products": len(products)},
        )
    )
    databases = _producers(layout, groups, central_x, top)
    _consumers(layout, cards, consumer_x, TOP + (body - right) / 2)
    _shares(layout, shares, databases)
    return layout


def _accounts(mesh: Mapping[str, Any], role: str, named: Sequence[str]) -> list[Mapping[str, Any]]:
    found = [account for account in mesh.get("accounts") or () if account.get("role") == role]
    stated = {account["name"] for account in found}
    return [*found, *({"role": role, "name": name} for name in dict.fromkeys(named) if name not in stated)]


def _producer_height(products: int) -> float:
    return HEAD + PAD + max(products * (ROW + ROW_GAP) - ROW_GAP, 0.0)


def _producers(
    layout: Layout, groups: Sequence[tuple[Mapping[str, Any], list[Any]]], central_x: float, top: float
) -> dict[str, Box]:
    """Producer cards with bucket and job per product, and the database on the same height in the middle."""
    databases: dict[str, Box] = {}
    y = top
    for account, owned in groups:
        name = str(account["name"])
        layout.cards.append(
            Box(
                "producer",
                name,
                0.0,
                y,
                PRODUCER_WIDTH,
                _producer_height(len(owned)),
                {**account, "owns": owned},
            )
        )
        for position, product in enumerate(owned):
            key, row = str(product["name"]), y + HEAD + position * (ROW + ROW_GAP)
            width = PRODUCER_WIDTH - 2 * PAD
            bucket = Box(
                "bucket", str(product.get("bucket", "")), PAD, row + TITLE, width, NODE, product, key
            )
            job = Box("job", str(product.get("job", "")), PAD, row + ROW - NODE, width, NODE, product, key)
            database = Box(
                "database",
                str(product.get("database", key)),
                central_x + PAD,
                row,
                CENTRAL_WIDTH - 2 * PAD,
                ROW,
                product,
                key,
            )
            layout.nodes += [bucket, job, database]
            databases[key] = database
            centre = PAD + width / 2
            layout.edges.append(Edge("curate", centre, job.y, centre, bucket.bottom, product=key))
            layout.edges.append(
                Edge("register", bucket.right, bucket.middle, database.x, bucket.middle, "registers", key)
            )
        y += _producer_height(len(owned)) + CARD_GAP
    return databases


@dataclass(frozen=True)
class _Card:
    """A consumer account before it has a place."""

    account: Mapping[str, Any]
    links: list[Mapping[str, Any]]
    roles: list[Mapping[str, Any]]

    @property
    def height(self) -> float:
        rows = max(len(self.links), len(self.roles))
        return HEAD + PAD + (COLUMN_HEAD + rows * (NODE + NODE_GAP) - NODE_GAP if rows else 0.0)


def _consumer(account: Mapping[str, Any], mesh: Mapping[str, Any], order: Mapping[str, int]) -> _Card:
    """A consumer's links, in the order their databases stand in, and its roles."""
    name = account["name"]
    links = [share for share in mesh.get("shares") or () if share["consumer"] == name]
    links.sort(key=lambda share: order.get(str(share["product"]), len(order)))
    return _Card(account, links, [role for role in mesh.get("roles") or () if role["consumer"] == name])


def _consumers(layout: Layout, cards: Sequence[_Card], x: float, y: float) -> None:
    for card in cards:
        name = str(card.account["name"])
        data = {**card.account, "links": len(card.links), "roles": len(card.roles)}
        layout.cards.append(Box("consumer", name, x, y, CONSUMER_WIDTH, card.height, data))
        rows, height = max(len(card.links), len(card.roles)), NODE + NODE_GAP
        start = y + HEAD + COLUMN_HEAD
        roles_x = x + PAD + LINK_WIDTH + BUS
        bus = x + PAD + LINK_WIDTH + BUS / 2
        ends: list[float] = []
        for n, share in enumerate(card.links):
            at = start + (rows - len(card.links)) * height / 2 + n * height
            key = str(share["product"])
            layout.nodes.append(Box("link", name, x + PAD, at, LINK_WIDTH, NODE, share, key))
            if card.roles:
                layout.edges.append(
                    Edge("regrant", x + PAD + LINK_WIDTH, at + NODE / 2, bus, at + NODE / 2, product=key)
                )
                ends.append(at + NODE / 2)
        for n, role in enumerate(card.roles):
            at = start + (rows - len(card.roles)) * height / 2 + n * height
            width = x + CONSUMER_WIDTH - PAD - roles_x
            layout.nodes.append(Box("role", str(role["name"]), roles_x, at, width, NODE, role))
            if card.links:
                layout.edges.append(Edge("regrant", bus, at + NODE / 2, roles_x, at + NODE / 2, "to role"))
                ends.append(at + NODE / 2)
        if ends:
            layout.edges.append(Edge("regrant", bus, min(ends), bus, max(ends)))
        y += card.height + CARD_GAP


def _shares(layout: Layout, shares: Sequence[Mapping[str, Any]], databases: Mapping[str, Box]) -> None:
    """Edges from a database to each link on it, leaving the database in the order of their ends."""
    links = [node for node in layout.nodes if node.kind == "link"]
    for key, database in databases.items():
        ends = sorted((link for link in links if link.product == key), key=lambda link: link.y)
        step = min(database.height / (len(ends) + 1), 14.0)
        first = database.middle - step * (len(ends) - 1) / 2
        for n, link in enumerate(ends):
            clearance = str(link.data.get("clearance", ""))
            layout.edges.append(
                Edge("share", database.right, first + n * step, link.x, link.middle, clearance, key)
            )
