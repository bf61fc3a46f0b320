"""The drawing of the mesh: nothing overlaps, nothing is left out, whatever the size."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import pytest

from mesh.report import render
from mesh.report.format import Levels
from mesh.report.mesh import PILL_HEIGHT, Box, plan
from mesh.report.mesh_draw import draw
from tests.report.facts import mesh_of
from tests.report.pages import Page

SIZES = [(1, 1, 1), (1, 0, 1), (2, 1, 3), (3, 3, 4), (6, 1, 4), (6, 4, 4), (6, 8, 1), (1, 8, 4)]
SIZES_SHARED = [size for size in SIZES if size[1]]


def boxes_of(svg: str) -> list[tuple[str, float, float, float, float]]:
    found = []
    for item in Page(svg).all("rect"):
        attrs = item["attrs"]
        if attrs.get("data-box"):
            place = (float(attrs[key]) for key in ("x", "y", "width", "height"))
            found.append((attrs["data-box"], *place))
    return found  # type: ignore[return-value]


def overlap(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    (_, ax, ay, aw, ah), (_, bx, by, bw, bh) = a, b
    return bool(ax < bx + bw and bx < ax + aw and ay < by + bh and by < ay + ah)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("roles", [0, 3])
def test_no_two_boxes_overlap_and_nodes_stay_in_one_account(size: tuple[int, int, int], roles: int) -> None:
    mesh = mesh_of(*size, roles)
    boxes = boxes_of(draw(mesh, Levels.of({})))
    cards = [box for box in boxes if box[0] in ("producer", "central", "consumer")]
    nodes = [box for box in boxes if box not in cards]
    assert len(cards) == len(mesh["accounts"])
    assert not [pair for pair in combinations(cards, 2) if overlap(*pair)], "two accounts overlap"
    assert not [pair for pair in combinations(nodes, 2) if overlap(*pair)], "two nodes overlap"
    for node in nodes:
        homes = [card for card in cards if overlap(node, card)]
        assert len(homes) == (0 if node[0] == "pill" else 1), f"{node} is not in exactly one account"
        for _, x, y, width, height in homes:
            inside = x <= node[1] and y <= node[2] and node[1] + node[3] <= x + width
            assert (inside, node[2] + node[4] <= y + height) == (True, True), f"{node} sticks out"


@pytest.mark.parametrize("size", SIZES)
def test_everything_of_the_mesh_is_drawn_once(size: tuple[int, int, int]) -> None:
    mesh = mesh_of(*size)
    layout = plan(mesh)
    kinds = [node.kind for node in layout.nodes]
    assert kinds.count("database") == kinds.count("bucket") == kinds.count("job") == len(mesh["products"])
    assert kinds.count("link") == len(mesh["shares"])
    assert kinds.count("role") == len(mesh["roles"])
    edges = [edge.kind for edge in layout.edges]
    assert edges.count("register") == len(mesh["products"])
    assert edges.count("share") == len(mesh["shares"])


@pytest.mark.parametrize("size", SIZES_SHARED)
def test_a_share_runs_from_its_database_to_its_link_and_names_its_clearance(
    size: tuple[int, int, int],
) -> None:
    mesh = mesh_of(*size)
    layout = plan(mesh)
    nodes = {(node.kind, node.x, round(node.middle, 3)): node for node in layout.nodes}
    databases = {node.product: node for node in layout.nodes if node.kind == "database"}
    drawn = []
    for edge in (edge for edge in layout.edges if edge.kind == "share"):
        link = nodes["link", edge.x2, round(edge.y2, 3)]
        start = databases[edge.product]
        assert link.product == edge.product, "a share ends at a link to another product"
        assert edge.x1 == start.right, "a share leaves its own database"
        assert start.y < edge.y1 < start.bottom, "a share leaves its own database"
        drawn.append((edge.product, link.name, edge.label))
    stated = [(share["product"], share["consumer"], share["clearance"]) for share in mesh["shares"]]
    assert stated, "there are shares to draw"
    assert sorted(drawn) == sorted(stated)


@pytest.mark.parametrize("size", SIZES_SHARED)
def test_labels_of_shares_have_room_between_them(size: tuple[int, int, int]) -> None:
    ends = sorted({edge.y2 for edge in plan(mesh_of(*size)).edges if edge.kind == "share"})
    assert ends
    assert all(b - a > PILL_HEIGHT for a, b in pairwise(ends)), "two labels would touch"


@pytest.mark.parametrize("size", SIZES)
def test_the_picture_holds_all_of_its_boxes(size: tuple[int, int, int]) -> None:
    layout = plan(mesh_of(*size))
    boxes: list[Box] = [*layout.cards, *layout.nodes]
    assert min(box.x for box in boxes) >= 0
    assert min(box.y for box in boxes) >= 0
    assert max(box.right for box in boxes) <= layout.width
    assert max(box.bottom for box in boxes) <= layout.height


def test_owners_and_consumers_without_an_account_are_drawn_all_the_same() -> None:
    mesh = mesh_of(2, 1, 2)
    mesh["accounts"] = []
    layout = plan(mesh)
    assert [card.kind for card in layout.cards].count("producer") == 2
    assert [card.kind for card in layout.cards].count("consumer") == 2
    assert [edge.kind for edge in layout.edges].count("share") == len(mesh["shares"])


def test_names_too_long_for_their_box_keep_their_ends_and_whole_text() -> None:
    mesh = mesh_of(1, 1, 1)
    bucket = "mesh-" + "a-very-long-product-name-" * 3 + "222233334444-eu-west-1"
    mesh["products"][0]["bucket"] = bucket
    svg = Page(draw(mesh, Levels.of({})))
    shown = [item["text"].removeprefix(bucket) for item in svg.all("text") if bucket in item["text"]]
    assert len(shown) == 1, "the whole name is there, as a tooltip"
    assert shown[0].startswith("mesh-")
    assert shown[0].endswith("eu-west-1")
    assert "…" in shown[0]
    assert len(shown[0]) < 48, "what is shown fits its box"


def test_the_drawing_has_a_table_that_says_the_same(large: dict[str, Any]) -> None:
    page = Page(render(large))
    table = next(item["text"] for item in page.all("details") if "The same as a table" in item["text"])
    products = large["mesh"]["products"]
    assert len(products) == 8
    for product in products:
        for key in ("name", "lob", "owner", "database", "bucket"):
            assert product[key] in table, f"{key} of {product['name']} is missing"
