"""The policy pack: the same functions behind CrossGuard's callbacks, without its package and without its server."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.engine import Recording
from policies.rules import RESOURCE_RULES, STACK_RULES


@pytest.fixture
def pack(root: Path) -> Any:
    """The pack's module, loaded as Pulumi would but not run."""
    spec = importlib.util.spec_from_file_location("mesh_policy_pack", root / "policies/__main__.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A stand-in for `pulumi_policy` that keeps what the pack is made of."""
    found: dict[str, Any] = {"pack": None, "ResourceValidationPolicy": [], "StackValidationPolicy": []}

    def policy(kind: str) -> Any:
        def make(**options: Any) -> dict[str, Any]:
            found[kind].append(options)
            return options

        return make

    stand_in = types.SimpleNamespace(
        EnforcementLevel=types.SimpleNamespace(MANDATORY="mandatory"),
        PolicyPack=lambda **options: found.update(pack=options),
        ResourceValidationPolicy=policy("ResourceValidationPolicy"),
        StackValidationPolicy=policy("StackValidationPolicy"),
    )
    monkeypatch.setitem(sys.modules, "pulumi_policy", stand_in)
    return found


def shown(recording: Recording) -> list[types.SimpleNamespace]:
    """The recording's resources as CrossGuard shows them."""
    providers = {
        item.urn: types.SimpleNamespace(
            resource_type=item.type, props=item.inputs, urn=item.urn, name=item.name
        )
        for item in recording.of_type("pulumi:providers:aws")
    }
    return [
        types.SimpleNamespace(
            urn=item.urn,
            resource_type=item.type,
            name=item.name,
            props={**item.outputs, **item.inputs},
            provider=providers.get(item.provider),
        )
        for item in recording
        if item.type != "pulumi:providers:aws"
    ]


def run(
    pack: Any, made: dict[str, Any], recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> dict[str, list[str]]:
    """What every validation of the pack reports on a program."""
    monkeypatch.setattr(pack, "stack_config", lambda: dict(recording.config))
    pack.main()
    found: dict[str, list[str]] = {}
    resources = shown(recording)
    for policy in made["ResourceValidationPolicy"]:
        for resource in resources:
            policy["validate"](resource, found.setdefault(policy["name"], []).append)
    for policy in made["StackValidationPolicy"]:
        arguments = types.SimpleNamespace(resources=resources)
        policy["validate"](arguments, found.setdefault(policy["name"], []).append)
    return found


def test_the_pack_has_every_rule_and_is_mandatory(pack: Any, made: dict[str, Any]) -> None:
    pack.main()
    assert [item["name"] for item in made["ResourceValidationPolicy"]] == list(RESOURCE_RULES)
    assert [item["name"] for item in made["StackValidationPolicy"]] == list(STACK_RULES)
    assert made["pack"]["enforcement_level"] == "mandatory"
    assert len(made["pack"]["policies"]) == len(RESOURCE_RULES) + len(STACK_RULES)


@pytest.mark.parametrize("stack", ["central", "producer", "consumer"])
def test_the_pack_passes_the_shipped_stacks(
    pack: Any, made: dict[str, Any], mesh: dict[str, Recording], stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run(pack, made, mesh[stack], monkeypatch)
    assert len(found) == len(RESOURCE_RULES) + len(STACK_RULES), "every rule ran"
    assert {name: messages for name, messages in found.items() if messages} == {}


def test_the_pack_reports_what_the_rules_find(
    pack: Any, made: dict[str, Any], mesh: dict[str, Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    from seeded import edited, without

    block = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    broken = without(edited(mesh["producer"], "aws:kms/key:Key", "", enableKeyRotation=False), block)
    found = {name: messages for name, messages in run(pack, made, broken, monkeypatch).items() if messages}
    assert set(found) == {"key-rotates", "public-access-blocked"}


def test_the_stack_s_configuration_is_read_when_a_stack_is_validated(pack: Any) -> None:
    import pulumi

    named = {f"mesh:{key}": f"of {key}" for key in ("accountId", "consumers", "production")}
    pulumi.runtime.set_all_config({**named, "mesh:owner": "x"}, secret_keys=[])
    try:
        assert pack.stack_config() == named, "every key that names accounts, since trust is judged by them"
    finally:
        pulumi.runtime.set_all_config({}, secret_keys=[])


def test_the_rules_need_no_policy_package(root: Path) -> None:
    for path in (root / "policies").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        imports = [line for line in text.splitlines() if line.lstrip().startswith(("import ", "from "))]
        outside = [line for line in imports if "pulumi_policy" in line and not line.startswith(" ")]
        assert outside == [], f"{path.name} could not be imported without the package"


def test_the_pack_s_project_file_says_python_and_the_project_s_environment(root: Path) -> None:
    project = yaml.safe_load((root / "policies/PulumiPolicy.yaml").read_text(encoding="utf-8"))
    assert project["runtime"] == {"name": "python", "options": {"virtualenv": "../.venv"}}
