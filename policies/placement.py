"""Rules on where things are made: explicit provider, right account, and tags that say whose they are."""

from __future__ import annotations

from policies.model import AWS_PROVIDER, Stack, named, providers, setting

REQUIRED_TAGS = ("owner", "lob", "data-product", "environment", "cost-centre")
CATALOG_SERVICES = ("glue", "lakeformation")
"""What a LoB's stack makes in the governance account through its steward; all else is its own account's."""


def every_resource_has_an_explicit_provider(stack: Stack) -> list[str]:
    """Nothing lands in whatever account the caller's credentials happen to be of."""
    known = providers(stack)
    return [
        f"{named(resource)}: has no explicit AWS provider"
        for resource in stack.resources
        if resource.type.startswith("aws:") and resource.provider not in known
    ]


def providers_are_bound_to_one_account(stack: Stack) -> list[str]:
    """A provider allows one account and assumes a role of that account."""
    found = []
    for provider in providers(stack).values():
        if not provider.account:
            found.append(
                f"provider '{provider.name}': allows {len(provider.accounts)} accounts instead of one"
            )
        elif not provider.roles or not provider.roles[-1]:
            found.append(f"provider '{provider.name}': assumes no role")
        elif provider.roles[-1].split(":")[4:5] != [provider.account]:
            found.append(f"provider '{provider.name}': {provider.roles[-1]} is no role of {provider.account}")
    return found


def resources_are_in_the_right_account(stack: Stack) -> list[str]:
    """A stack makes things in its own account; in the governance account only catalog entries and grants."""
    known = providers(stack)
    own, central = setting(stack, "accountId"), setting(stack, "centralAccountId")
    found = []
    for resource in stack.resources:
        if not resource.type.startswith("aws:") or resource.provider not in known:
            continue
        account = known[resource.provider].account
        service = resource.type.split(":")[1].split("/")[0]
        if account != own and not (account == central and service in CATALOG_SERVICES):
            found.append(f"{named(resource)}: is made in account {account}, not in {own}")
        catalog = resource.inputs.get("catalogId")
        if catalog and catalog != account:
            found.append(f"{named(resource)}: is for the catalog of {catalog} but made in account {account}")
    return found


def providers_tag_everything(stack: Stack) -> list[str]:
    """Default tags name owner, LoB, data product, environment and cost centre."""
    found = []
    for provider in providers(stack).values():
        if missing := [key for key in REQUIRED_TAGS if not provider.tags.get(key)]:
            found.append(f"provider '{provider.name}': default tags lack {', '.join(missing)}")
    return found


def program_has_providers(stack: Stack) -> list[str]:
    """A program without AWS provider passes every other rule here by having nothing to hold."""
    made = any(resource.type.startswith("aws:") for resource in stack.resources)
    return ["the program has AWS resources and no AWS provider"] if made and not _has_provider(stack) else []


def _has_provider(stack: Stack) -> bool:
    return any(resource.type == AWS_PROVIDER for resource in stack.resources)
