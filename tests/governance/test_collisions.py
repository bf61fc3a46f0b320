"""Two things of one name are refused in one line that names both, before anything is registered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from governance.collisions import check_names, check_names_across, named
from governance.errors import MeshError
from governance.settings import Settings
from governance.settings.load import load_settings
from tests.governance.test_wrong_settings import STACKS

ACCOUNTS = [f"{number:012d}" for number in range(444455556666, 444455556676)]


def loaded(folder: Path, stack: str, contract: str = "", **changes: Any) -> Settings:
    """Settings of a stack of the tests with some keys changed."""
    values = {"role": stack, **STACKS[stack], **changes}
    (folder / "loans.yaml").write_text(contract or _contract("loans"))
    text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    return load_settings(text, f"Pulumi.{stack}.yaml", folder)


def _contract(product: str, table: str = "t", column: str = "c") -> str:
    return json.dumps(
        {
            "apiVersion": "v3.1.0", "kind": "DataContract", "id": product, "version": "1.0.0", "dataProduct": product,
            "schema": [{"name": table, "properties": [
                {"name": column, "logicalType": "string", "classification": "a"},
                {"name": "other", "logicalType": "string"},
            ]}],
        }
    )  # fmt: skip


def lobs(**products: list[str]) -> dict[str, Any]:
    """LoBs and their products; underscores stand for hyphens."""
    return {
        name.replace("_", "-"): {"accountId": account, "products": items}
        for (name, items), account in zip(products.items(), ACCOUNTS, strict=False)
    }


def shares(*consumers: str, **more: Any) -> dict[str, Any]:
    """Keys of a producer that shares its product with consumers."""
    known = {name: {"accountId": account} for name, account in zip(consumers, ACCOUNTS, strict=False)}
    entries = [{"consumer": name, "clearance": "z", **more} for name in consumers]
    return {"consumers": known, "products": {"loans": {"contract": "loans.yaml", "shares": entries}}}


WRONG: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "a level called as a grant is": (
        "central", {"sensitivityLevels": ["public", "own"]},
        ("mesh:lobs.retail.products", "level 'own' of product 'loans'", "the own grant", "retail-steward-loans-own"),
    ),
    "a level called database": (
        "central", {"sensitivityLevels": ["database", "b"]}, ("level 'database'", "the database grant"),
    ),
    "a level called location": (
        "central", {"sensitivityLevels": ["location", "b"]}, ("level 'location'", "the location grant"),
    ),
    "a product that ends as another's level begins": (
        "central", {"lobs": lobs(x=["a", "a-b"]), "sensitivityLevels": ["b-c", "c"]},
        ("level 'c' of product 'a-b'", "level 'b-c' of product 'a'", "rename one"),
    ),
    "two LoBs' products": (
        "central", {"lobs": lobs(a=["b-database-c"], a_database_b=["c"])},
        ("product 'c' of LoB 'a-database-b'", "product 'b-database-c' of LoB 'a'"),
    ),
    "a level of a share called as its database grant": (
        "producer", {"sensitivityLevels": ["a", "database", "z"], **shares("science")},
        ("mesh:products.loans.shares", "level 'database'", "the database grant"),
    ),
    "two filters of one name": (
        "producer", {"sensitivityLevels": ["a", "b-a", "z"], **shares("x", "x-b", columns=["c"])},
        ("level 'a' of product 'loans' shared to 'x-b'", "level 'b-a'", "shared to 'x'"),
    ),
    "a role called as the deploy role is": (
        "consumer", {"deployRole": "mesh-auditor"},
        ("mesh:roles.auditor", "role 'auditor'", "the deploy role", "IAM role 'mesh-auditor'"),
    ),
    "a steward called as the deploy role is": (
        "central", {"deployRole": "ci/mesh-steward-retail"}, ("the steward of LoB 'retail'", "the deploy role"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_two_things_of_one_name_are_refused_with_both_named(case: str, tmp_path: Path) -> None:
    stack, changes, said = WRONG[case]
    with pytest.raises(MeshError) as refused:
        loaded(tmp_path, stack, **changes)
    line = str(refused.value)
    assert line.startswith(f"Pulumi.{stack}.yaml: mesh:"), line
    for words in said:
        assert words in line, line


def test_names_that_only_look_alike_are_fine(tmp_path: Path) -> None:
    levels = ["a", "database-of", "z"]
    settings = loaded(tmp_path, "producer", sensitivityLevels=levels, **shares("x", "x-y", columns=["c"]))
    check_names(settings, "f")
    assert len([item for item in named(settings) if item.kind == "data cells filter"]) == 6


def test_two_meshes_side_by_side_are_held_apart(tmp_path: Path) -> None:
    """Namespaces too are joined by hyphens: `mesh` with `steward-x` and `mesh-steward` with `x`."""
    first = loaded(tmp_path, "consumer", roles=_roles("serving-a"))
    fine = loaded(tmp_path, "consumer", namespace="mesh-serving", region="eu-central-1", roles=_roles("b"))
    check_names_across({"one": first, "two": fine})
    clash = loaded(tmp_path, "consumer", namespace="mesh-serving", region="eu-central-1", roles=_roles("a"))
    with pytest.raises(MeshError) as refused:
        check_names_across({"one": first, "two": clash})
    assert str(refused.value) == (
        "Pulumi.two.yaml: mesh:roles.a: role 'a' and role 'serving-a' of Pulumi.one.yaml would both be IAM role "
        "'mesh-serving-a'; rename one"
    )


def _roles(more: str) -> dict[str, Any]:
    names = ("data-scientist", "pipeline", "auditor", more)
    return {name: {"clearance": "internal"} for name in names}
