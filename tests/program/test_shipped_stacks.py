"""The three shipped stacks, recorded one after the other, each with the exports of those before it."""

from __future__ import annotations

from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from governance.exports import CentralExports, ConsumerExports, ProducerExports
from local.engine import Recording
from policies.rules import violations

CONTRACTS = {"central": CentralExports, "producer": ProducerExports, "consumer": ConsumerExports}
ACCOUNTS = {"central": "111122223333", "producer": "222233334444", "consumer": "333344445555"}
STACKS = tuple(CONTRACTS)
PROVIDER = "pulumi:providers:aws"
MAY_BE_EMPTY = {"exports.featureGroups"}
"""Mappings that a stack may have nothing to say in."""


def mismatch(value: Any, declared: Any, where: str = "exports") -> list[str]:
    """Where a value is not of its declared type; every key of a TypedDict and no other must be there."""
    if is_typeddict(declared):
        if not isinstance(value, dict):
            return [f"{where} is no mapping"]
        hints = get_type_hints(declared)
        odd = [f"{where}.{key}" for key in hints.keys() ^ value.keys()]
        return odd + [
            text
            for key in hints.keys() & value.keys()
            for text in mismatch(value[key], hints[key], f"{where}.{key}")
        ]
    if get_origin(declared) is dict:
        inner = get_args(declared)[1]
        items = value.items() if isinstance(value, dict) else []
        fine = items or (value == {} and where in MAY_BE_EMPTY)
        empty = [] if fine else [f"{where} is empty or no mapping"]
        return empty + [text for key, item in items for text in mismatch(item, inner, f"{where}.{key}")]
    if get_origin(declared) is list:
        if not isinstance(value, list) or not value:
            return [f"{where} is no list or empty"]
        return [text for item in value for text in mismatch(item, get_args(declared)[0], f"{where}[]")]
    return (
        []
        if isinstance(value, declared) and value != ""
        else [f"{where} is {value!r}, not a {declared.__name__}"]
    )


@pytest.mark.parametrize("stack", STACKS)
def test_exports_are_exactly_the_contract(mesh: dict[str, Recording], stack: str) -> None:
    assert mismatch(dict(mesh[stack].exports), CONTRACTS[stack]) == []


def test_the_check_of_exports_sees_what_is_wrong() -> None:
    right = {"lob": "a", "accountId": "1", "region": "r", "products": {}, "contracts": {"p": "c"}}
    wrong = {"lob": 3, "region": "", "products": {"p": {"database": "p"}}, "extra": 1}
    assert mismatch(right, ProducerExports) == ["exports.products is empty or no mapping"]
    found = " ".join(mismatch(wrong, ProducerExports))
    for part in ("exports.accountId", "exports.extra", "exports.lob", "exports.region", "products.p.tables"):
        assert part in found, f"{part} is not noticed"


@pytest.mark.parametrize("stack", STACKS)
def test_every_aws_resource_has_an_explicit_provider_of_the_right_account(
    mesh: dict[str, Recording], stack: str
) -> None:
    made = [item for item in mesh[stack] if item.type.startswith("aws:")]
    assert made, "a stack has resources"
    explicit = {item.urn for item in mesh[stack].of_type(PROVIDER)}
    assert {item.provider for item in made} <= explicit, "default providers are switched off"
    elsewhere = {item.type.split("/")[0] for item in made if item.account != ACCOUNTS[stack]}
    allowed = {"aws:glue", "aws:lakeformation"} if stack == "producer" else set()
    assert elsewhere == allowed, "only a LoB's steward works in another account, and only in its catalog"


@pytest.mark.parametrize("stack", STACKS)
def test_dynamic_resources_act_in_the_stack_s_own_account(mesh: dict[str, Recording], stack: str) -> None:
    roles = {item.inputs["role_arn"] for item in mesh[stack] if item.type.startswith("pulumi-python:")}
    expected = set() if stack == "central" else {f"arn:aws:iam::{ACCOUNTS[stack]}:role/MeshDeploy"}
    assert roles == expected, "they have no provider, so the role is what places them"


def test_a_producer_reaches_the_central_account_through_its_steward_role_only(
    mesh: dict[str, Recording],
) -> None:
    providers = {item.name: item for item in mesh["producer"].of_type(PROVIDER)}
    assert set(providers) == {"producer", "steward"}
    import json

    (role,) = json.loads(providers["steward"].inputs["assumeRoles"])
    assert role["roleArn"] == mesh["central"].exports["stewardRoleArns"]["consumer-banking"]
    assert "role_arn" not in role, (
        "a role in snake case is ignored by the provider, which would act as the caller"
    )
    assert json.loads(providers["steward"].inputs["allowedAccountIds"]) == ["111122223333"]
    assert "assumeRole" not in providers["steward"].inputs, "version 7 of the provider knows only the list"


@pytest.mark.parametrize("stack", STACKS)
def test_default_tags_say_whose_the_account_is(mesh: dict[str, Recording], stack: str) -> None:
    import json

    providers = mesh[stack].of_type(PROVIDER)
    assert providers
    for item in providers:
        tags = json.loads(item.inputs["defaultTags"])["tags"]
        assert {"owner", "lob", "data-product", "environment", "cost-centre"} <= set(tags)
        assert all(tags.values()), "an empty tag says nothing"


@pytest.mark.parametrize("stack", STACKS)
def test_every_taggable_resource_ends_up_with_the_required_tags(
    mesh: dict[str, Recording], stack: str
) -> None:
    tagged = [item for item in mesh[stack] if "tagsAll" in item.outputs]
    assert len(tagged) >= 3, "the stack has taggable resources"
    for item in tagged:
        lacks = {"owner", "lob", "data-product", "environment", "cost-centre"} - set(item.outputs["tagsAll"])
        assert not lacks, f"{item.name} lacks {lacks}"


@pytest.mark.parametrize("stack", STACKS)
def test_every_resource_hangs_below_a_component_but_the_few_that_are_the_account_s(
    mesh: dict[str, Recording], stack: str
) -> None:
    loose = {
        item.type
        for item in mesh[stack]
        if not item.parent and item.type.startswith(("aws:", "pulumi-python"))
    }
    expected = {"aws:lakeformation/dataLakeSettings:DataLakeSettings"} if stack == "producer" else set()
    assert loose == expected, "a producer's settings belong to no single product"


@pytest.mark.parametrize("stack", STACKS)
def test_the_guard_rules_hold(mesh: dict[str, Recording], stack: str) -> None:
    assert len(mesh[stack].resources) > 20, "an empty program breaks no rule"
    assert violations(mesh[stack]) == {}


@pytest.mark.parametrize("stack", STACKS)
def test_data_sources_are_not_asked(mesh: dict[str, Recording], stack: str) -> None:
    own = ["pulumi:pulumi:readStackOutputs"] if stack == "producer" else []
    assert [call.token for call in mesh[stack].invokes] == own, (
        "everything is configuration or another stack's export, but what a producer last promised"
    )
    names = {call.arguments["name"] for call in mesh[stack].invokes}
    assert names == ({"organization/mesh/producer"} if own else set()), "and that it asks of its own stack"


def test_a_sandbox_is_disposable(mesh: dict[str, Recording]) -> None:
    protected = [item.name for recording in mesh.values() for item in recording if item.protect]
    assert protected == [], "the shipped stacks say protect: false"


def test_stack_references_are_full_names(mesh: dict[str, Recording]) -> None:
    found = {
        stack: {item.name for item in mesh[stack].of_type("pulumi:pulumi:StackReference")} for stack in STACKS
    }
    assert found == {
        "central": set(),
        "producer": {"organization/mesh/central"},
        "consumer": {"organization/mesh/central", "organization/mesh/producer"},
    }
