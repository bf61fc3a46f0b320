"""Other meshes by stack files alone: a second LoB, several products and consumers, levels, regions, protection."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from governance.settings.agreement import check_agreement
from governance.settings.load import load_settings
from local.engine import Recording, load
from policies.rules import violations

PERMISSIONS = "aws:lakeformation/permissions:Permissions"
REGRANT = "pulumi-python:dynamic/lakeformation:Regrant"
STANDING_IN = ("aws:iam/role:Role", "aws:kms/key:Key", "aws:athena/workgroup:Workgroup")
"""Resources whose ARN another one's policy takes as an output."""
LEVELS = ["open", "team", "bank", "personal", "secret"]


def agree(project: Any, stacks: Iterable[str]) -> None:
    """Hold the stack files against each other, as the command does."""
    settings = {}
    for stack in stacks:
        config = load(project.folder, stack).config
        values = {key[5:]: value for key, value in config.items() if key.startswith("mesh:")}
        settings[stack] = load_settings(values, f"Pulumi.{stack}.yaml", project.folder)
    check_agreement(settings)


def sound(recordings: dict[str, Recording]) -> None:
    for stack, recording in recordings.items():
        assert len(recording.resources) > 20, f"{stack} declares something"
        assert violations(recording) == {}, f"{stack} breaks a guard rule"


@pytest.fixture(scope="module")
def two_lobs(make_project: Callable[[], Any]) -> dict[str, Recording]:
    """A second LoB with two products, and a second consumer, by stack files alone."""
    project = make_project()
    lobs = {**project.read("central")["mesh:lobs"]}
    lobs["wealth"] = {"accountId": "555566667777", "products": ["funds", "funds-logs"]}
    consumers = {"ml-coe": {"accountId": "333344445555"}, "risk": {"accountId": "666677778888"}}
    project.change("central", lobs=lobs, consumers=consumers)
    share = [{"consumer": "risk", "clearance": "internal"}, {"consumer": "ml-coe", "clearance": "public"}]
    products = {
        name: {"contract": project.contract(name, name, "wealth"), "shares": share}
        for name in ("funds", "funds-logs")
    }
    second = {
        **project.read("producer"),
        "mesh:accountId": "555566667777",
        "mesh:lob": "wealth",
        "mesh:owner": "wealth-data",
        "mesh:consumers": consumers,
        "mesh:products": products,
    }
    project.write("second", second)
    subscription = {"lob": "wealth", "stack": "second"}
    risk = {
        **project.read("consumer"),
        "mesh:accountId": "666677778888",
        "mesh:consumer": "risk",
        "mesh:subscriptions": {"funds": {**subscription, "clearance": "internal"}},
        "mesh:pipeline": None,
    }
    project.write("risk", risk)
    both = {
        **project.read("consumer")["mesh:subscriptions"],
        "funds-logs": {**subscription, "clearance": "public"},
    }
    project.change("consumer", subscriptions=both)
    stacks = ("central", "producer", "second", "consumer", "risk")
    agree(project, stacks)
    return project.record(*stacks)


def test_a_second_lob_is_one_more_stack_file(two_lobs: dict[str, Recording]) -> None:
    sound(two_lobs)
    assert two_lobs["second"].exports["lob"] == "wealth"
    assert set(two_lobs["second"].exports["products"]) == {"funds", "funds-logs"}
    assert set(two_lobs["central"].exports["databases"]) == {"credit-card", "funds", "funds-logs"}


def test_physical_names_of_all_stacks_together_are_distinct(two_lobs: dict[str, Recording]) -> None:
    keys = {"aws:s3/bucket:Bucket": "bucket", "aws:iam/role:Role": "name", "aws:kms/alias:Alias": "name",
            "aws:glue/job:Job": "name", "aws:glue/crawler:Crawler": "name", "aws:athena/workgroup:Workgroup": "name"}  # fmt: skip
    for token, key in keys.items():
        everywhere = token == "aws:s3/bucket:Bucket"
        names = [
            ("" if everywhere else item.account, item.inputs[key])
            for recording in two_lobs.values()
            for item in recording.of_type(token)
        ]
        assert names, f"there is a {token}"
        assert len(set(names)) == len(names), f"{token} names collide"


def test_a_lob_s_steward_and_shares_know_nothing_of_another_lob(two_lobs: dict[str, Recording]) -> None:
    grants = two_lobs["central"].of_type(PERMISSIONS)
    wealth = [item for item in grants if item.inputs["principal"].endswith("steward-wealth")]
    assert wealth, "the second LoB has its steward"
    assert "credit-card" not in json.dumps([dict(item.inputs) for item in wealth])
    shares = [item for item in two_lobs["second"] if item.type in (PERMISSIONS, REGRANT)]
    assert shares
    assert "credit-card" not in json.dumps([dict(item.inputs) for item in shares])


def test_each_consumer_gets_its_own_clearance(two_lobs: dict[str, Recording]) -> None:
    opened: dict[str, set[str]] = {}
    for item in two_lobs["second"].of_type(PERMISSIONS):
        policy = item.inputs.get("lfTagPolicy") or {}
        for tag in policy.get("expressions", []):
            if tag["key"] == "sensitivity":
                opened.setdefault(item.inputs["principal"], set()).update(tag["values"])
    assert opened == {"666677778888": {"public", "internal"}, "333344445555": {"public"}}


def test_each_lob_looks_at_the_models_of_the_consumers_it_shares_with(two_lobs: dict[str, Recording]) -> None:
    kind = "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy"
    looks: dict[str, list[str]] = {}
    for stack, recording in two_lobs.items():
        for item in recording.of_type(kind):
            for statement in json.loads(item.inputs["resourcePolicy"])["Statement"]:
                if statement["Sid"] == "LobsLook":
                    looks[stack] = statement["Principal"]["AWS"]
    accounts = [
        f"arn:aws:iam::{two_lobs[stack].exports['accountId']}:root" for stack in ("producer", "second")
    ]
    assert looks["consumer"] == accounts, "one principal each"
    assert {stack: arns for stack, arns in looks.items() if stack != "consumer"} == {"risk": accounts[1:]}


def test_a_consumer_s_links_are_of_several_lobs(two_lobs: dict[str, Recording]) -> None:
    products = two_lobs["consumer"].exports["products"]
    assert {name: item["lob"] for name, item in products.items()} == {
        "credit-card": "consumer-banking",
        "funds-logs": "wealth",
    }
    references = {
        item.name.rsplit("/")[-1] for item in two_lobs["consumer"].of_type("pulumi:pulumi:StackReference")
    }
    assert references == {"central", "producer", "second"}


def test_onboarding_a_lob_changes_nothing_of_another(
    mesh: dict[str, Recording], two_lobs: dict[str, Recording]
) -> None:
    before = {item.urn: dict(item.inputs) for item in mesh["producer"]}
    after = {item.urn: dict(item.inputs) for item in two_lobs["producer"]}
    before.pop("", None)
    assert before == after, "the first LoB's stack has nothing to update"


def test_without_an_organization_shares_are_accepted_and_events_are_the_members(shipped_project: Any) -> None:
    for stack in ("central", "producer", "consumer"):
        shipped_project.change(stack, organizationId=None)
    agree(shipped_project, ("central", "producer", "consumer"))
    recordings = shipped_project.record("central", "producer", "consumer")
    sound(recordings)
    assert len(recordings["consumer"].of_type("pulumi-python:dynamic/ram:ShareAcceptance")) == 1
    policy = recordings["central"].get(
        "aws:cloudwatch/eventBusPolicy:EventBusPolicy", "catalog-events-policy"
    )
    assert "aws:PrincipalOrgID" not in policy.inputs["policy"]


def test_five_levels_of_other_names_go_through_the_whole_mesh(shipped_project: Any) -> None:
    contract = shipped_project.folder / "contracts/credit-card.odcs.yaml"
    text = contract.read_text(encoding="utf-8")
    for old, new in (
        ("public", "open"),
        ("internal", "team"),
        ("confidential", "bank"),
        ("restricted", "secret"),
    ):
        text = text.replace(f"classification: {old}", f"classification: {new}")
    contract.write_text(text, encoding="utf-8")
    for stack in ("central", "producer", "consumer"):
        shipped_project.change(stack, sensitivityLevels=LEVELS)
    products = shipped_project.read("producer")["mesh:products"]
    products["credit-card"]["shares"][0]["clearance"] = "personal"
    shipped_project.change("producer", products=products)
    roles = {name: {"clearance": level} for name, level in
             (("data-scientist", "bank"), ("pipeline", "team"), ("auditor", "secret"))}  # fmt: skip
    subscription = {"credit-card": {"lob": "consumer-banking", "clearance": "personal"}}
    shipped_project.change("consumer", roles=roles, subscriptions=subscription)
    agree(shipped_project, ("central", "producer", "consumer"))
    recordings = shipped_project.record("central", "producer", "consumer")
    sound(recordings)
    read = {}
    for item in recordings["consumer"].of_type(REGRANT):
        policy = json.loads(item.inputs["resource"])["LFTagPolicy"]
        if policy["ResourceType"] == "TABLE":
            tags = {tag["TagKey"]: tag["TagValues"] for tag in policy["Expression"]}
            read[item.inputs["principal"].rsplit("/")[-1]] = set(tags["sensitivity"])
    assert read == {
        "mesh-data-scientist": set(LEVELS[:3]),
        "mesh-pipeline": set(LEVELS[:2]),
        "mesh-auditor": set(LEVELS[:4]),
    }, "the auditor is cleared for more than is shared, so the share decides"


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("ap-southeast-2", "aws")],
)
def test_another_region_and_namespace_go_through_the_whole_mesh(
    shipped_project: Any, region: str, partition: str
) -> None:
    for stack in ("central", "producer", "consumer"):
        shipped_project.change(stack, region=region, namespace="lake")
    recordings = shipped_project.record("central", "producer", "consumer")
    every = [item for recording in recordings.values() for item in recording]
    made_up = {str(item.outputs["arn"]) for item in every if item.type in STANDING_IN}
    for stack, recording in recordings.items():
        text = json.dumps([item.inputs["policy"] for item in recording if "policy" in item.inputs])
        for arn in made_up:  # AWS's to give, and the recording knows one partition only
            text = text.replace(arn, "")
        assert f"arn:{partition}:" in text, f"{stack} writes ARNs of the region's partition"
        if partition != "aws":
            assert "arn:aws:" not in text, f"{stack} names something of the commercial partition"
        assert "eu-west-1" not in json.dumps([dict(item.inputs) for item in recording]), (
            "no region is built in"
        )
        assert violations(recording) == {}
    bucket = recordings["producer"].exports["products"]["credit-card"]["bucket"]
    assert bucket == f"lake-credit-card-222233334444-{region}"
    assert set(recordings["consumer"].exports["workgroups"].values()) == {
        f"lake-ml-coe-{role}" for role in ("data-scientist", "pipeline", "auditor")
    }


def test_protect_keeps_what_holds_data_and_the_keys_to_it(shipped_project: Any) -> None:
    for stack in ("central", "producer", "consumer"):
        shipped_project.change(stack, protect=None)
    recordings = shipped_project.record("central", "producer", "consumer")
    for stack, recording in recordings.items():
        kept = [item for item in recording if item.type in ("aws:s3/bucket:Bucket", "aws:kms/key:Key")]
        assert kept, f"{stack} has keys"
        assert all(item.protect for item in kept), (
            f"{stack} could lose data, which is not what the default says"
        )
        others = [item.name for item in recording if item.protect and item not in kept]
        assert others == [], "grants and links must go when a product does"
