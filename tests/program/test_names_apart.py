"""Whatever names the configuration gives, the program never gives one name twice: such a configuration is refused first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.errors import MeshError
from local.engine import Recording

WORDS = [
    "a",
    "b",
    "own",
    "database",
    "location",
    "share",
    "steward",
    "catalog",
    "tag",
    "producer",
    "logs",
    "read",
]
NAME = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map("-".join)
PHYSICAL = {
    "aws:s3/bucket:Bucket": ("", "bucket"),
    "aws:iam/role:Role": ("account", "name"),
    "aws:glue/job:Job": ("account", "name"),
    "aws:glue/crawler:Crawler": ("account", "name"),
    "aws:glue/catalogDatabase:CatalogDatabase": ("account", "name"),
    "aws:athena/workgroup:Workgroup": ("account", "name"),
    "aws:kms/alias:Alias": ("account", "name"),
}


@pytest.fixture(scope="module")
def project(make_project: Callable[[], Any]) -> Any:
    """A copy of the shipped project, written anew by every example."""
    return make_project()


@st.composite
def meshes(draw: st.DrawFn) -> dict[str, Any]:
    """LoBs with products, consumers and levels out of words that names of the program are made of."""
    lobs = draw(st.lists(NAME, min_size=1, max_size=2, unique=True))
    products = draw(st.lists(NAME, min_size=len(lobs), max_size=3, unique=True))
    return {
        "levels": draw(st.lists(NAME, min_size=2, max_size=3, unique=True)),
        "lobs": {lob: products[index :: len(lobs)] for index, lob in enumerate(lobs)},
        "consumers": draw(st.lists(NAME, min_size=1, max_size=2, unique=True)),
        "roles": draw(st.lists(NAME, max_size=2, unique=True)),
        "filtered": draw(st.booleans()),
    }


def write(project: Any, mesh: dict[str, Any]) -> tuple[str, str, str]:
    """Stack files of a mesh: central, the first LoB, the first consumer."""
    levels, (lob, *_), (consumer, *_) = mesh["levels"], mesh["lobs"], mesh["consumers"]
    accounts = {name: f"{500000000000 + index}" for index, name in enumerate(mesh["consumers"])}
    known = {name: {"accountId": account} for name, account in accounts.items()}
    project.change(
        "central", sensitivityLevels=levels, consumers=known,
        lobs={name: {"accountId": f"{600000000000 + index}", "products": products}
              for index, (name, products) in enumerate(mesh["lobs"].items())},
    )  # fmt: skip
    column = [{"name": "c", "logicalType": "string", "classification": levels[0]}]
    tables = [{"name": name, "properties": column} for name in ("a", "b")]
    narrow = {"columns": ["c"]} if mesh["filtered"] else {}
    shares = [{"consumer": name, "clearance": levels[-1], **narrow} for name in accounts]
    products = {
        name: {"contract": project.contract(name, name, lob, schema=tables), "shares": shares}
        for name in mesh["lobs"][lob]
    }
    project.change(
        "producer",
        sensitivityLevels=levels,
        accountId="600000000000",
        lob=lob,
        consumers=known,
        products=products,
    )
    roles = ["data-scientist", "pipeline", "auditor", *mesh["roles"]]
    filtered = {"filteredTables": ["a", "b"]} if mesh["filtered"] else {}
    project.change(
        "consumer", sensitivityLevels=levels, accountId=accounts[consumer], consumer=consumer, pipeline=None,
        roles={name: {"clearance": levels[-1]} for name in roles},
        subscriptions={name: {"lob": lob, "clearance": levels[-1], "stack": "producer", **filtered}
                       for name in mesh["lobs"][lob]},
    )  # fmt: skip
    return "central", "producer", "consumer"


def twice(recordings: dict[str, Recording]) -> list[tuple[str, ...]]:
    """Names that two resources of one kind share."""
    found: Counter[tuple[str, ...]] = Counter()
    for recording in recordings.values():
        for item in recording:
            scope, key = PHYSICAL.get(item.type, ("", ""))
            if key:
                found[(item.type, item.account if scope else "", str(item.inputs[key]))] += 1
            table = item.inputs.get("tableData")
            if table:
                found[("filter", table["databaseName"], table["tableName"], table["name"])] += 1
    assert found, "the program names things"
    return [name for name, count in found.items() if count > 1]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mesh=meshes())
def test_a_mesh_is_refused_in_one_line_or_names_nothing_twice(project: Any, mesh: dict[str, Any]) -> None:
    stacks = write(project, mesh)
    try:
        recordings = project.record(*stacks)
    except MeshError as error:
        line = str(error)
        assert "registered twice" not in line, f"found only half way: {line}"
        assert "would both be" in line, line
        return
    assert twice(recordings) == []


def test_awkward_names_that_stay_apart_are_no_reason_to_refuse(project: Any) -> None:
    mesh = {
        "levels": ["a", "a-b", "share"], "lobs": {"own": ["database", "own-location"]},
        "consumers": ["producer", "steward"], "roles": ["read"], "filtered": True,
    }  # fmt: skip
    recordings = project.record(*write(project, mesh))
    assert twice(recordings) == []
    filters = recordings["producer"].of_type("aws:lakeformation/dataCellsFilter:DataCellsFilter")
    assert len(filters) == 24, "two products, two tables, two consumers, three levels"
