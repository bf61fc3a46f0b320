"""The drawing of the mesh: boxes and edges of a computed layout as one SVG.

Owns how each kind of box and edge looks; colours come from the page's style sheet by class. Deliberately not
here: positions (mesh) and the same facts as a table (templates).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from mesh.report.format import Levels, plural
from mesh.report.mesh import HEAD, NODE, PAD, PILL_HEIGHT, PILL_WIDTH, Box, Edge, plan
from mesh.report.svg import BOLD, MONO, SANS, el, label, num

ARROW = 5.0


def draw(mesh: Mapping[str, Any], levels: Levels) -> Markup:
    """The mesh as an SVG element.

    Parameters
    ----------
    mesh
        The report's `mesh` block.
    levels
        Order and shades of the levels; edges and pills take the shade of their clearance.
    """
    layout = plan(mesh)
    parts: list[Markup] = [
        el("title", "The mesh", id="mesh-title"),
        el("desc", _summary(mesh), id="mesh-desc"),
        *(el("text", name, x=x, y=13.0, class_="lane", font_size="12") for x, name in layout.lanes),
        *(_card(card) for card in layout.cards),
        *(_edge(edge, levels) for edge in layout.edges if edge.kind != "share"),
        *(_edge(edge, levels) for edge in layout.edges if edge.kind == "share"),
        *(_pill(edge, levels) for edge in layout.edges if edge.kind == "share"),
        *(_node(node, levels) for node in layout.nodes),
    ]
    return el(
        "svg",
        *parts,
        class_="mesh",
        viewBox=f"0 0 {num(layout.width)} {num(layout.height)}",
        role="img",
        aria_labelledby="mesh-title mesh-desc",
        style=f"min-width:{num(layout.width * 0.8)}px",
    )


def _summary(mesh: Mapping[str, Any]) -> str:
    products, shares = mesh.get("products") or (), mesh.get("shares") or ()
    owned = ", ".join(f"{p['name']} of {p.get('lob', 'an unnamed owner')}" for p in products) or "no products"
    given = ", ".join(
        f"{s['product']} to {s['consumer']} at {s.get('clearance', 'no clearance')}" for s in shares
    )
    return f"Data products: {owned}. Shares: {given or 'none'}."


def _rect(box: Box, class_: str, radius: float = 4) -> Markup:
    return el(
        "rect",
        x=box.x,
        y=box.y,
        width=box.width,
        height=box.height,
        rx=num(radius),
        class_=class_,
        data_box=box.kind,
    )


def _card(card: Box) -> Markup:
    """An account: its name, id and stack, and the headings of what stands in it."""
    data, inner = card.data, card.width - 2 * PAD
    x, y = card.x + PAD, card.y
    account = str(data.get("account_id", "")) or "no account in this run"
    stack = f"stack {data['stack']}" if data.get("stack") else ""
    parts = [
        _rect(card, f"card {card.kind}", 6),
        label(x, y + 19, card.name, inner, size=13.5, class_="strong"),
        label(x, y + 34, account, inner / 2, size=10.5, class_="quiet", mono=True),
        label(
            card.right - PAD,
            y + 34,
            stack,
            inner - len(account) * 10.5 * MONO - 12,
            size=10.5,
            class_="quiet",
            text_anchor="end",
        ),
    ]
    if card.kind == "central":
        text = "Lake Formation, Glue catalog"
        parts.append(
            label(card.right - PAD, y + 19, text, inner / 1.7, size=10.5, class_="quiet", text_anchor="end")
        )
    if card.kind == "consumer" and (data["links"] or data["roles"]):
        heads = y + HEAD + 9
        if data["links"]:
            parts.append(
                label(x, heads, plural(data["links"], "resource link"), inner, size=10.5, class_="quiet")
            )
        if data["roles"]:
            text = (
                f"re-granted to {plural(data['roles'], 'role')}"
                if data["links"]
                else plural(data["roles"], "role")
            )
            parts.append(
                label(card.right - PAD, heads, text, inner, size=10.5, class_="quiet", text_anchor="end")
            )
    return el("g", *parts)


def _edge(edge: Edge, levels: Levels) -> Markup:
    if edge.kind == "share":
        shade = f"s{levels.shade(edge.label)}"
        return el("path", d=_share_path(edge), class_=f"edge share {shade}", data_p=edge.product)
    line = f"M{num(edge.x1)} {num(edge.y1)}L{num(edge.x2)} {num(edge.y2)}"
    parts = [el("path", d=line, class_=f"edge {edge.kind}")]
    if edge.kind == "curate":
        parts.append(el("path", d=_arrow(edge.x2, edge.y2, 0, -1), class_="head"))
    elif edge.kind == "register" or edge.label == "to role":
        parts.append(el("path", d=_arrow(edge.x2, edge.y2, 1, 0), class_="head"))
    if edge.kind == "register":
        middle = (edge.x1 + edge.x2) / 2
        parts.append(
            label(middle, edge.y1 - 5, edge.label, 80, size=10, class_="quiet", text_anchor="middle")
        )
    return el("g", *parts, data_p=edge.product or None)


def _pill_x(edge: Edge) -> float:
    return edge.x2 - PAD - 10 - PILL_WIDTH


def _share_path(edge: Edge) -> str:
    """Out of the card, across the gap, then straight under its own pill: so no edge runs under another's."""
    start, end = edge.x1 + PAD, _pill_x(edge) - 4
    bend = (end - start) * 0.55
    y1, y2 = num(edge.y1), num(edge.y2)
    curve = f"{num(start + bend)} {y1} {num(end - bend)} {y2} {num(end)} {y2}"
    return f"M{num(edge.x1)} {y1}H{num(start)}C{curve}H{num(edge.x2)}"


def _pill(edge: Edge, levels: Levels) -> Markup:
    x, y = _pill_x(edge), edge.y2 - PILL_HEIGHT / 2
    shade = levels.shade(edge.label)
    text = label(
        x + PILL_WIDTH / 2,
        edge.y2 + 3.6,
        edge.label or "share",
        PILL_WIDTH - 8,
        size=10.5,
        text_anchor="middle",
    )
    box = el(
        "rect",
        x=x,
        y=y,
        width=PILL_WIDTH,
        height=PILL_HEIGHT,
        rx="9",
        class_=f"pill s{shade}",
        data_box="pill",
    )
    arrow = el("path", d=_arrow(edge.x2, edge.y2, 1, 0), class_=f"head f{shade}")
    return el("g", box, text, arrow, data_p=edge.product)


def _arrow(x: float, y: float, dx: int, dy: int) -> str:
    """A triangle with its tip at a point, pointing along (dx, dy)."""
    back_x, back_y, side = x - dx * ARROW, y - dy * ARROW, ARROW * 0.6
    return (
        f"M{num(x)} {num(y)}L{num(back_x - dy * side)} {num(back_y - dx * side)}"
        f"L{num(back_x + dy * side)} {num(back_y + dx * side)}Z"
    )


def _node(node: Box, levels: Levels) -> Markup:
    shapes = {"bucket": _store, "job": _store, "database": _database, "link": _link, "role": _role}
    return el("g", *shapes[node.kind](node, levels), data_p=node.product or None, class_="node")


def _two_lines(node: Box, first: str, second: str, mono: bool = True) -> list[Markup]:
    width = node.width - 16
    return [
        _rect(node, "box"),
        label(node.x + 8, node.y + 15, first, width, size=11, mono=mono),
        label(node.x + 8, node.y + 28.5, second, width, size=10, class_="quiet"),
    ]


def _store(node: Box, levels: Levels) -> list[Markup]:
    """The bucket with the product's name and owner above it, or the job that fills it."""
    data = node.data
    if node.kind == "job":
        return _two_lines(
            node, node.name or f"curation of {node.product}", "Glue job: raw to curated, or quarantine"
        )
    owner = str(data.get("owner", ""))
    room = node.width - len(node.product) * 12 * BOLD - 10
    return [
        label(node.x, node.y - 7, node.product, node.width, size=12, class_="strong"),
        label(
            node.right,
            node.y - 7,
            owner if room > 60 else "",
            room,
            size=10.5,
            class_="quiet",
            text_anchor="end",
        ),
        *_two_lines(node, node.name or "bucket", "S3 bucket, own key"),
    ]


def _database(node: Box, levels: Levels) -> list[Markup]:
    data, x, width = node.data, node.x + 10, node.width - 20
    version = f"contract {data['contract_version']}" if data.get("contract_version") else ""
    room = len(version) * 10.5 * SANS
    tags = data.get("tags") or {"domain": data.get("lob", ""), "data-product": data["name"]}
    tables = [str(table) for table in data.get("tables") or ()]
    listed = f"{plural(len(tables), 'table')}: {', '.join(tables)}" if tables else "no tables"
    return [
        _rect(node, "box database"),
        label(x, node.y + 17, node.name, width - room - 8, size=12, class_="strong", mono=True),
        label(node.right - 10, node.y + 17, version, room + 10, size=10.5, class_="quiet", text_anchor="end"),
        *_tags(node, {key: value for key, value in tags.items() if value}),
        label(x, node.y + 80, listed, width, size=10.5),
        *_strip(x, node.y + 90, width, data.get("levels") or {}, levels),
    ]


def _tags(node: Box, tags: Mapping[str, Any]) -> list[Markup]:
    """LF-tags, one a line; a fourth and further ones share the third line."""
    words = [f"{key}={value}" for key, value in tags.items()]
    lines = [*words[:2], "  ".join(words[2:])]
    return [
        label(
            node.x + 10, node.y + 34 + 13.5 * n, line, node.width - 20, size=10, class_="quiet tag", mono=True
        )
        for n, line in enumerate(lines)
    ]


def _strip(x: float, y: float, width: float, counts: Mapping[str, Any], levels: Levels) -> list[Markup]:
    """Columns per level as one bar; the number stands in its segment where it fits."""
    present = [(level, int(counts[level])) for level in levels.sort(counts) if counts[level]]
    total = sum(count for _, count in present)
    parts: list[Markup] = []
    for level, count in present:
        size = width * count / total
        title = el("title", f"{plural(count, 'column')} {level}")
        parts.append(
            el("rect", title, x=x, y=y, width=size, height=14.0, class_=f"f{levels.shade(level)} seg")
        )
        if size > len(str(count)) * 7 + 4:
            parts.append(
                el(
                    "text",
                    count,
                    x=x + size / 2,
                    y=y + 10.6,
                    class_=f"o{levels.shade(level)}",
                    text_anchor="middle",
                    font_size="10",
                )
            )
        x += size
    return parts


def _link(node: Box, levels: Levels) -> list[Markup]:
    data = node.data
    name = str(data.get("link") or f"rl_{data.get('database', data['product'])}")
    return _two_lines(node, name, f"to {data['product']}")


def _role(node: Box, levels: Levels) -> list[Markup]:
    clearance = str(node.data.get("clearance", ""))
    dot = el("circle", cx=node.x + 12, cy=node.y + NODE - 10.8, r="4", class_=f"f{levels.shade(clearance)}")
    return [
        _rect(node, "box"),
        label(node.x + 8, node.y + 15, node.name, node.width - 16, size=11.5),
        dot,
        label(
            node.x + 20, node.y + 28.5, clearance or "no clearance", node.width - 28, size=10, class_="quiet"
        ),
    ]
