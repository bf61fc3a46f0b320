"""A cloud in a process of its own for all tests here, emptied before each of them."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator

import pytest

from local.cloud import server
from tests.local_cloud.world import CENTRAL, World, columns, tag


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with server.spawn() as cloud:
        yield cloud.endpoint


@pytest.fixture
def world(endpoint: str) -> World:
    with urllib.request.urlopen(f"{endpoint}/moto-api/reset", data=b"") as answer:
        assert answer.status == 200, "the cloud has to forget the test before"
    return World(endpoint)


@pytest.fixture
def governed(world: World) -> World:
    """Central governs `sales.orders` (id, amount, age) with tags: the table is internal, age restricted."""
    world.govern(CENTRAL)
    lake, glue = world.client("lakeformation"), world.client("glue")
    lake.create_lf_tag(TagKey="sensitivity", TagValues=["internal", "restricted"])
    lake.create_lf_tag(TagKey="product", TagValues=["sales", "other"])
    glue.create_database(DatabaseInput={"Name": "sales"})
    glue.create_table(DatabaseName="sales", TableInput={"Name": "orders", **columns("id", "amount", "age")})
    tag(lake, {"Database": {"Name": "sales"}}, product="sales", sensitivity="restricted")
    tag(lake, {"Table": {"DatabaseName": "sales", "Name": "orders"}}, sensitivity="internal")
    tag(
        lake,
        {"TableWithColumns": {"DatabaseName": "sales", "Name": "orders", "ColumnNames": ["age"]}},
        sensitivity="restricted",
    )
    return world
