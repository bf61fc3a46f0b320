"""The house: imports run one way, `__main__.py` only wires, and no file is longer than a person reads at once."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

MAY_IMPORT = {
    "governance": set(),
    "functions": {"governance"},
    "policies": {"governance"},
    "training": {"governance"},
    "components": {"governance", "functions"},
    "local": {"governance", "components", "functions", "policies", "training"},
    "mesh": {"governance", "components", "functions", "policies", "training", "local"},
}
"""Package -> our packages that it may import besides itself."""
FORBIDDEN = {
    "governance": {"pulumi", "pulumi_aws", "boto3", "botocore", "moto"},
    "training": {"pulumi", "pulumi_aws"},
    "components": {"moto"},
    "functions": {"pulumi", "pulumi_aws", "moto"},
    "policies": {"pulumi_aws", "boto3", "botocore", "moto"},
}
"""Package -> what it never imports of others, anywhere."""
LONGEST = 300
LEAST_IMPORTS = {
    "governance": 30,
    "functions": 4,
    "policies": 10,
    "training": 20,
    "components": 30,
    "local": 60,
    "mesh": 20,
}


def files(root: Path, package: str) -> list[Path]:
    found = sorted((root / package).rglob("*.py"))
    assert found, f"{package} has modules"
    return found


def imports(path: Path, root: Path) -> Iterator[str]:
    """Full names a module imports, wherever in it the import stands; relative ones made absolute."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(root).parts[:-1]
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_run_one_way(root: Path, package: str) -> None:
    own = {
        (path.name, name)
        for path in files(root, package)
        for name in imports(path, root)
        if name.split(".")[0] in MAY_IMPORT
    }
    assert len(own) > LEAST_IMPORTS[package] or package == "functions", f"only {len(own)} imports seen"
    wrong = {item for item in own if item[1].split(".")[0] not in {package, *MAY_IMPORT[package]}}
    assert not wrong, f"{package} stands below what it imports: {sorted(wrong)}"


def test_the_order_has_no_cycle_and_knows_every_package(root: Path) -> None:
    packages = {path.parent.name for path in root.glob("*/__init__.py")}
    assert packages == set(MAY_IMPORT), "a new package gets a place in the house"
    for package, below in MAY_IMPORT.items():
        assert all(package not in MAY_IMPORT[other] for other in below), (
            f"{package} is above and below itself"
        )


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_stays_free_of_what_it_must_not_know(root: Path, package: str) -> None:
    seen = [(path.name, name) for path in files(root, package) for name in imports(path, root)]
    assert len(seen) > LEAST_IMPORTS[package], f"only {len(seen)} imports seen"
    wrong = [item for item in seen if item[1].split(".")[0] in FORBIDDEN[package]]
    assert not wrong, f"{package} imports {wrong}"


def test_components_use_of_functions_only_what_bundles_them(root: Path) -> None:
    used = {
        name
        for path in files(root, "components")
        for name in imports(path, root)
        if name.startswith("functions")
    }
    assert used, "the curation script is deployed"
    assert all(name.startswith("functions.bundle") for name in used), (
        "a component deploys a script, it never runs it"
    )


def test_the_curation_job_imports_nothing_that_glue_does_not_have(root: Path) -> None:
    scripts = [path for path in files(root, "functions") if path.stem.startswith("curation")]
    assert len(scripts) >= 3, "the job is several modules"
    roots = {name.split(".")[0] for path in scripts for name in imports(path, root)}
    known = {"functions", "boto3", "botocore", "pyarrow", "duckdb"}
    foreign = {name for name in roots if name not in sys.stdlib_module_names} - known
    assert not foreign, f"Glue's Python shell has no {foreign}"
    outside = {name for path in scripts for name in imports(path, root) if name.startswith("functions.")}
    assert all(name.split(".")[1].startswith("curation") for name in outside), (
        "the bundle carries these modules only"
    )


def test_the_program_only_wires(root: Path) -> None:
    path = root / "__main__.py"
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80, "wiring is short"
    names = [name.split(".")[0] for name in imports(path, root)]
    assert "components" in names, "it dispatches to the components"
    assert "pulumi_aws" not in names, "no resource is made here"


def test_only_the_providers_module_makes_providers(root: Path) -> None:
    makers = {
        path.name
        for path in files(root, "components")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "aws.Provider"
    }
    assert makers == {"providers.py"}, "a component gets its provider"


def test_components_read_no_configuration(root: Path) -> None:
    readers = {
        path.name
        for path in files(root, "components")
        if any(
            word in path.read_text(encoding="utf-8")
            for word in ("pulumi.Config", "get_stack()", "get_region")
        )
    }
    assert not readers, "what a component needs is in its arguments"


def test_no_resource_is_made_inside_apply(root: Path) -> None:
    calls = [
        (path.name, node)
        for path in files(root, "components")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "apply"
    ]
    assert calls, "outputs are used"
    for name, call in calls:
        assert "aws." not in ast.unparse(call.args[0]), f"{name}: a preview would not show what is made there"


@pytest.mark.parametrize("folder", [*MAY_IMPORT, "tests"])
def test_no_file_is_too_long(root: Path, folder: str) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files(root, folder)}
    long = {str(path.relative_to(root)): lines for path, lines in lengths.items() if lines > LONGEST}
    assert not long, f"more than {LONGEST} lines: {long}"


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_every_module_says_what_it_is_for(root: Path, package: str) -> None:
    bare = [
        path.name
        for path in files(root, package)
        if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert not bare, f"without docstring: {bare}"


def test_no_module_needs_one_that_needs_it(root: Path) -> None:
    """Imports inside functions and for type checkers count: two modules that know each other are one."""
    modules = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for package in MAY_IMPORT
        for path in files(root, package)
    }
    needs: dict[str, set[str]] = {}
    for name, path in modules.items():
        found = {full if full in modules else full.rpartition(".")[0] for full in imports(path, root)}
        needs[name] = (found & set(modules)) - {name}
    assert sum(map(len, needs.values())) > 1000, "the house is seen"
    while free := {name for name, below in needs.items() if not below}:
        needs = {name: below - free for name, below in needs.items() if name not in free}
    while over := set(needs) - {each for below in needs.values() for each in below}:
        needs = {name: below for name, below in needs.items() if name not in over}
    assert not needs, f"in a circle: {sorted(needs)}"
