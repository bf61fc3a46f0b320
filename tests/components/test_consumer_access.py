"""ConsumerAccess: a role gets the lower of its clearance and the share's, in the words its account was given."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import component_parts as parts
import pytest

from components.data_product import DataProduct
from components.ml_consumer import MLConsumer
from governance.levels import cleared_levels, lowest
from local.engine import Recording

LINK = "aws:glue/catalogDatabase:CatalogDatabase"


def declare_consumer(declare: Callable[..., Recording], **more: Any) -> Recording:
    return declare(
        lambda: MLConsumer("science", parts.consumer_args(**more), opts=parts.within("k", parts.CONSUMER))
    )


def tables_of(recording: Recording, role: str) -> list[Any]:
    """Re-grants on tables that a role holds."""
    found = [
        item
        for item in recording.of_type(parts.REGRANT)
        if item.inputs["principal"].endswith(f"/mesh-{role}")
        and json.loads(item.inputs["resource"])["LFTagPolicy"]["ResourceType"] == "TABLE"
    ]
    assert found, f"{role} reads nothing"
    return found


@pytest.mark.parametrize("shared", parts.LEVELS)
def test_a_role_never_gets_more_than_its_clearance_nor_than_the_share(
    declare: Callable[..., Recording], shared: str
) -> None:
    clearances = {"data_scientist": "internal", "pipeline": "public", "auditor": "restricted"}
    recording = declare_consumer(
        declare, roles=parts.roles(**clearances), subscriptions=[parts.subscription(clearance=shared)]
    )
    for name, clearance in clearances.items():
        (grant,) = tables_of(recording, name.replace("_", "-"))
        expected = cleared_levels(lowest(clearance, shared, parts.LEVELS), parts.LEVELS)
        assert parts.expression(grant)["sensitivity"] == sorted(expected)
        assert grant.inputs["permissions"] == ["DESCRIBE", "SELECT"], "a consumer never changes a product"


@pytest.mark.parametrize("shared", parts.LEVELS)
def test_what_a_role_is_passed_on_is_to_the_letter_what_its_account_was_given(
    declare: Callable[..., Recording], make_product: Callable[..., DataProduct], shared: str
) -> None:
    owner = declare(lambda: make_product(shares=[parts.share(shared)]))
    given = [
        json.dumps([item.inputs["lfTagPolicy"]["resourceType"], parts.expression(item)], sort_keys=True)
        for item in owner.of_type(parts.PERMISSIONS)
        if item.inputs["principal"] == parts.CONSUMER.account_id
    ]
    recording = declare_consumer(declare, subscriptions=[parts.subscription(clearance=shared)])
    regrants = recording.of_type(parts.REGRANT)
    assert regrants
    for item in regrants:
        kind = json.loads(item.inputs["resource"])["LFTagPolicy"]["ResourceType"]
        told = json.dumps([kind, parts.expression(item)], sort_keys=True)
        assert told in given, f"the account does not hold {told}, so it cannot pass it on"


def test_each_product_has_one_link_and_every_role_sees_it(consumer: Recording) -> None:
    link = consumer.get(LINK, "science-access-link-loans")
    assert link.inputs["name"] == "rl_loans"
    assert link.inputs["targetDatabase"] == {"catalogId": parts.CENTRAL.account_id, "databaseName": "loans"}
    grants = [
        item for item in consumer.of_type(parts.PERMISSIONS) if item.inputs["database"]["name"] == "rl_loans"
    ]
    assert {item.inputs["principal"].rsplit("/")[-1] for item in grants} == {
        "mesh-data-scientist",
        "mesh-pipeline",
        "mesh-auditor",
    }
    assert all(item.inputs["permissions"] == ["DESCRIBE"] for item in grants)
    assert all(item.inputs["catalogId"] == parts.CONSUMER.account_id for item in grants), "the link is local"


def test_several_products_are_several_links_each_with_its_own_grants(
    declare: Callable[..., Recording],
) -> None:
    subscriptions = [parts.subscription(), parts.subscription("cards", "internal")]
    recording = declare_consumer(declare, subscriptions=subscriptions, shared={"loans": [], "cards": []})
    links = {item.inputs["name"] for item in recording.of_type(LINK) if "targetDatabase" in item.inputs}
    assert links == {"rl_loans", "rl_cards"}
    levels = {}
    for item in tables_of(recording, "auditor"):
        tags = parts.expression(item)
        levels[tags["data-product"][0]] = tags["sensitivity"]
    assert levels == {"loans": sorted(parts.LEVELS), "cards": ["internal", "public"]}


def test_names_of_products_and_roles_that_run_together_do_not_collide(
    declare: Callable[..., Recording],
) -> None:
    roles = parts.roles(b_c="public", c="public")
    subscriptions = [parts.subscription("a"), parts.subscription("a-b")]
    recording = declare_consumer(
        declare, roles=roles, subscriptions=subscriptions, shared={"a": [], "a-b": []}
    )
    assert len(recording.of_type(parts.REGRANT)) == 2 * 2 * len(roles), (
        "database and tables, per product and role"
    )


def test_grants_wait_for_settings_link_and_accepted_shares(declare: Callable[..., Recording]) -> None:
    recording = declare_consumer(declare, organization_id=None)
    (acceptance,) = recording.of_type(parts.ACCEPTANCE)
    settings = recording.get("aws:lakeformation/dataLakeSettings:DataLakeSettings", "science-lake")
    link = recording.get(LINK, "science-access-link-loans")
    regrants = recording.of_type(parts.REGRANT)
    assert regrants
    for item in regrants:
        assert {acceptance.urn, settings.urn, link.urn} <= parts.waits_for(recording, item)


def test_without_subscriptions_there_is_no_link_and_no_grant(declare: Callable[..., Recording]) -> None:
    recording = declare_consumer(declare, subscriptions=[], shared={})
    assert not recording.of_type(parts.REGRANT)
    assert not [item for item in recording.of_type(LINK) if "targetDatabase" in item.inputs]
    assert recording.of_type(parts.ROLE), "the roles are there for the first subscription"
