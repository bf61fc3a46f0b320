"""Stack files held against each other: a fact that stands in two of them is the same in both."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.errors import MeshError
from governance.names import Names, Place
from governance.settings import Settings
from governance.settings.agreement import check_agreement
from governance.settings.load import load_settings
from local.engine import load

Stacks = dict[str, Settings]
STACKS = ("central", "producer", "consumer")


@pytest.fixture(scope="module")
def stacks(root: Path) -> Stacks:
    """The shipped stacks' settings."""
    found: Stacks = {}
    for stack in STACKS:
        config = load(root, stack).config
        values = {key[5:]: value for key, value in config.items() if key.startswith("mesh:")}
        found[stack] = load_settings(values, f"Pulumi.{stack}.yaml", root)
    return found


def test_the_shipped_files_agree(stacks: Stacks) -> None:
    check_agreement(stacks)


def put(stack: str, **change: Any) -> Callable[[Stacks], Stacks]:
    """Some settings of one stack replaced."""
    return lambda found: {**found, stack: dataclasses.replace(found[stack], **change)}


def product(**change: Any) -> Callable[[Stacks], Stacks]:
    def apply(found: Stacks) -> Stacks:
        item = dataclasses.replace(found["producer"].products[0], **change)  # type: ignore[union-attr]
        return put("producer", products=(item,))(found)

    return apply


def shared(**change: Any) -> Callable[[Stacks], Stacks]:
    def apply(found: Stacks) -> Stacks:
        (share,) = found["producer"].products[0].shares
        return product(shares=(dataclasses.replace(share, **change),))(found)

    return apply


def lob(**change: Any) -> Callable[[Stacks], Stacks]:
    def apply(found: Stacks) -> Stacks:
        item = dataclasses.replace(found["central"].lobs[0], **change)  # type: ignore[union-attr]
        return put("central", lobs=(item,))(found)

    return apply


def subscription(**change: Any) -> Callable[[Stacks], Stacks]:
    def apply(found: Stacks) -> Stacks:
        item = dataclasses.replace(found["consumer"].subscriptions[0], **change)  # type: ignore[union-attr]
        return put("consumer", subscriptions=(item,))(found)

    return apply


def copied(stack: str, name: str) -> Callable[[Stacks], Stacks]:
    return lambda found: {**found, name: found[stack]}


def left_out(stack: str) -> Callable[[Stacks], Stacks]:
    return lambda found: {name: item for name, item in found.items() if name != stack}


ELSEWHERE = Place(account_id="999999999999", region="eu-west-1")
CASES: list[tuple[Callable[[Stacks], Stacks], str]] = [
    (left_out("central"), "Pulumi.producer.yaml: mesh:centralStack: stack 'central' is no central stack here; there is none"),
    (put("producer", central_stack="centre"),
     "Pulumi.producer.yaml: mesh:centralStack: stack 'centre' is no central stack here; there is central"),
    (put("consumer", central=ELSEWHERE),
     "Pulumi.consumer.yaml: mesh:centralAccountId: is 999999999999 but 111122223333 in Pulumi.central.yaml"),
    (put("producer", place=Place(account_id="222233334444", region="us-east-1")),
     "Pulumi.producer.yaml: mesh:region: is us-east-1 but eu-west-1 in Pulumi.central.yaml"),
    (put("consumer", names=Names(namespace="lake")),
     "Pulumi.consumer.yaml: mesh:namespace: is lake but mesh in Pulumi.central.yaml"),
    (put("consumer", organization_id=None),
     "Pulumi.consumer.yaml: mesh:organizationId: is None but o-a1b2c3d4e5 in Pulumi.central.yaml"),
    (put("producer", levels=("public", "restricted")),
     "Pulumi.producer.yaml: mesh:sensitivityLevels: is ['public', 'restricted'] but ['public', 'internal', "
     "'confidential', 'restricted'] in Pulumi.central.yaml"),
    (put("producer", external_id="hush"),
     "Pulumi.producer.yaml: mesh:externalId: is not that of Pulumi.central.yaml, which the steward role asks for"),
    (lob(steward_callers=("Other",)),
     "Pulumi.producer.yaml: mesh:deployRole: 'MeshDeploy' may not act as steward; add it to "
     "mesh:lobs.consumer-banking.stewardCallers in Pulumi.central.yaml"),
    (put("producer", lob="consumer-bank"),
     "Pulumi.producer.yaml: mesh:lob: LoB 'consumer-bank' is not onboarded in Pulumi.central.yaml; "
     "did you mean 'consumer-banking'?"),
    (lob(account_id="999999999999"),
     "Pulumi.producer.yaml: mesh:accountId: is 222233334444 but Pulumi.central.yaml has 999999999999 for consumer-banking"),
    (lob(products=()),
     "Pulumi.producer.yaml: mesh:products: product 'credit-card' is not approved; add it to "
     "mesh:lobs.consumer-banking.products in Pulumi.central.yaml"),
    (put("central", consumers={}),
     "Pulumi.producer.yaml: mesh:consumers: consumer 'ml-coe' is account 333344445555 here and unknown in Pulumi.central.yaml"),
    (put("central", consumers={"ml-coe": "999999999999"}),
     "Pulumi.producer.yaml: mesh:consumers: consumer 'ml-coe' is account 333344445555 here and 999999999999 in "
     "Pulumi.central.yaml"),
    (put("producer", groups={"ml-coe": "other"}),
     "Pulumi.producer.yaml: mesh:consumers.ml-coe.modelPackageGroup: is 'other' but Pulumi.consumer.yaml has 'credit-risk'"),
    (put("consumer", consumer="risk"),
     "Pulumi.consumer.yaml: mesh:accountId: is 333344445555 but unknown for consumer 'risk' in Pulumi.central.yaml"),
    (subscription(stack="central"),
     "Pulumi.consumer.yaml: mesh:subscriptions.credit-card.stack: stack 'central' is no producer stack here"),
    (subscription(stack="nowhere"),
     "Pulumi.consumer.yaml: mesh:subscriptions.credit-card.stack: stack 'nowhere' is no producer stack here"),
    (subscription(product="credit-cards"),
     "Pulumi.consumer.yaml: mesh:subscriptions.credit-cards: Pulumi.producer.yaml has no product 'credit-cards'; "
     "did you mean 'credit-card'?"),
    (subscription(lob="wealth"),
     "Pulumi.consumer.yaml: mesh:subscriptions.credit-card.lob: is 'wealth' but Pulumi.producer.yaml is consumer-banking's"),
    (subscription(clearance="public"),
     "Pulumi.consumer.yaml: mesh:subscriptions.credit-card.clearance: is 'public' but Pulumi.producer.yaml shares it with "
     "ml-coe at 'restricted'"),
    (product(shares=()),
     "Pulumi.consumer.yaml: mesh:subscriptions.credit-card.clearance: is 'restricted' but Pulumi.producer.yaml shares it "
     "with ml-coe not at all"),
    (product(shares=(), ended={"ml-coe": dt.date(2026, 1, 31)}),
     "Pulumi.consumer.yaml: mesh:subscriptions.credit-card.until: Pulumi.producer.yaml shared it with ml-coe until "
     "2026-01-31, which is past; give both the same later day, or take both away"),
    (subscription(until=dt.date(2030, 1, 31)),
     "Pulumi.consumer.yaml: mesh:subscriptions.credit-card.until: is 2030-01-31 but Pulumi.producer.yaml names no last day"),
    (shared(until=dt.date(2030, 1, 31)),
     "Pulumi.consumer.yaml: mesh:subscriptions.credit-card.until: is missing but Pulumi.producer.yaml shares it until "
     "2030-01-31"),
    (subscription(stack="produce"),
     "Pulumi.consumer.yaml: mesh:subscriptions.credit-card.stack: stack 'produce' is no producer stack here; "
     "did you mean 'producer'?"),
    (copied("producer", "second"),
     "Pulumi.second.yaml: mesh:accountId: 222233334444 is already that of Pulumi.producer.yaml; one account, one stack"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), CASES, ids=[str(number) for number in range(len(CASES))])
def test_a_disagreement_is_one_line_with_file_and_key(
    stacks: Stacks, change: Callable[[Stacks], Stacks], message: str
) -> None:
    with pytest.raises(MeshError) as caught:
        check_agreement(change(stacks))
    assert str(caught.value) == message


def test_a_secret_is_in_no_message(stacks: Stacks) -> None:
    with pytest.raises(MeshError) as caught:
        check_agreement(put("producer", external_id="hush-hush")(stacks))
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("callers", [(), ("MeshDeploy",), ("Other", "Mesh*")])
def test_who_may_act_as_steward_may_be_left_open_or_be_a_pattern(
    stacks: Stacks, callers: tuple[str, ...]
) -> None:
    check_agreement(lob(steward_callers=callers)(stacks))


def second_mesh(stacks: Stacks, namespace: str, region: str) -> Stacks:
    """Another mesh in the same accounts."""
    other: dict[str, Any] = {}
    for name, item in stacks.items():
        place = Place(account_id=item.place.account_id, region=region)
        changes: dict[str, Any] = {"names": Names(namespace=namespace), "place": place}
        if hasattr(item, "central"):
            changes |= {"central": Place(account_id=item.central.account_id, region=region)}
            changes |= {"central_stack": "other-central"}
        other[f"other-{name}"] = dataclasses.replace(item, **changes)
    renamed = dataclasses.replace(other["other-consumer"].subscriptions[0], stack="other-producer")
    other["other-consumer"] = dataclasses.replace(other["other-consumer"], subscriptions=(renamed,))
    return {**stacks, **other}


def test_two_meshes_may_stand_in_two_regions_of_the_same_accounts(stacks: Stacks) -> None:
    check_agreement(second_mesh(stacks, "other", "eu-central-1"))


def test_two_meshes_in_one_region_would_take_the_settings_from_each_other(stacks: Stacks) -> None:
    with pytest.raises(
        MeshError, match=r"mesh:accountId: 111122223333 is already that of Pulumi\.central\.yaml"
    ):
        check_agreement(second_mesh(stacks, "other", "eu-west-1"))


def test_two_meshes_of_one_namespace_would_share_their_roles(stacks: Stacks) -> None:
    with pytest.raises(
        MeshError, match=r"would both be IAM role 'mesh-steward-consumer-banking'; rename one"
    ):
        check_agreement(second_mesh(stacks, "mesh", "eu-central-1"))


@given(st.sampled_from(range(len(CASES))), st.permutations(STACKS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_the_order_of_files_decides_nothing(stacks: Stacks, case: int, order: list[str]) -> None:
    changed = CASES[case][0](stacks)
    shuffled = {name: changed[name] for name in [*order, *changed] if name in changed}
    with pytest.raises(MeshError) as caught:
        check_agreement(shuffled)
    assert str(caught.value) == CASES[case][1], "the first mistake is the same whoever lists the folder"
