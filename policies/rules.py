"""All guard rules by name, and the one call that runs them over a program.

The rules are in `storage`, `documents`, `lake` and `placement`; a docstring's first line describes its rule.
"""

from __future__ import annotations

from collections.abc import Mapping

from policies import documents, lake, placement, storage
from policies.model import ResourceRule, Stack, StackRule, one_by_one

RESOURCE_RULES: Mapping[str, ResourceRule] = {
    "key-rotates": storage.key_rotates,
    "catalog-encrypted": storage.catalog_is_encrypted,
    "workgroup-enforced": storage.workgroup_is_enforced,
    "no-wildcard-principal": documents.no_wildcard_principal,
    "no-wildcard-resource": documents.no_wildcard_resource,
    "no-managed-administrator": documents.no_managed_administrator,
    "permissions-spelled-out": lake.permissions_are_spelled_out,
    "lake-settings-safe": lake.settings_are_safe,
    "tags-fit": lake.tags_fit,
}
"""Rules on one resource."""

STACK_RULES: Mapping[str, StackRule] = {
    "public-access-blocked": storage.public_access_is_blocked,
    "bucket-versioned": storage.buckets_are_versioned,
    "bucket-customer-key": storage.buckets_use_a_customer_key,
    "bucket-tls-only": storage.buckets_demand_tls,
    "trust-bounded": documents.trust_is_bounded,
    "documents-fit": documents.documents_fit,
    "one-grant-each": lake.one_grant_per_principal_and_resource,
    "no-grant-to-administrator": lake.no_grant_to_administrators,
    "lake-settings-one-owner": lake.settings_have_one_owner,
    "no-filter-with-tag-grant": lake.filters_and_tags_do_not_meet,
    "explicit-provider": placement.every_resource_has_an_explicit_provider,
    "provider-one-account": placement.providers_are_bound_to_one_account,
    "right-account": placement.resources_are_in_the_right_account,
    "required-tags": placement.providers_tag_everything,
    "has-provider": placement.program_has_providers,
}
"""Rules on a whole program."""


def violations(stack: Stack) -> dict[str, list[str]]:
    """What a program breaks.

    Returns
    -------
    dict
        Rule name -> messages, each naming the resource; rules that hold are left out.
    """
    rules = {**{name: one_by_one(rule) for name, rule in RESOURCE_RULES.items()}, **STACK_RULES}
    found = {name: rule(stack) for name, rule in rules.items()}
    return {name: messages for name, messages in found.items() if messages}


def description(rule: ResourceRule | StackRule) -> str:
    """The first line of a rule's docstring."""
    return (rule.__doc__ or "").strip().splitlines()[0]
