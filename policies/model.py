"""What a rule sees of a program, and the few things many rules ask of it.

Protocols, so that a recording of the engine fits as it is and a policy pack fits through a small adapter.
Nothing here knows Pulumi or AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

AWS_PROVIDER = "pulumi:providers:aws"
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
ACCOUNT_KEYS = ("accountId", "centralAccountId", "lobs", "consumers", "production")
"""Keys of the configuration that name accounts."""


class Resource(Protocol):
    """One resource; property names are camelCase, `provider` is a URN or empty."""

    @property
    def urn(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...
    @property
    def outputs(self) -> Mapping[str, Any]: ...
    @property
    def retain_on_delete(self) -> bool | None:
        """None where the caller cannot know."""


class Stack(Protocol):
    """A whole program."""

    @property
    def resources(self) -> Sequence[Resource]: ...
    @property
    def config(self) -> Mapping[str, str]:
        """`project:key` to text."""


ResourceRule = Callable[[Resource], list[str]]
StackRule = Callable[[Stack], list[str]]


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Where and as whom an explicit AWS provider acts."""

    urn: str
    name: str
    accounts: tuple[str, ...] = ()
    """Accounts it allows."""
    roles: tuple[str, ...] = ()
    """Role ARNs it assumes, the last one acts."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Default tags."""

    @property
    def account(self) -> str:
        """The one account it may act in; empty when that is not settled."""
        return self.accounts[0] if len(self.accounts) == 1 else ""


def of_type(stack: Stack, *types: str) -> list[Resource]:
    """Resources of some types, in the stack's order."""
    return [resource for resource in stack.resources if resource.type in types]


def providers(stack: Stack) -> dict[str, Provider]:
    """Explicit AWS providers by URN."""
    found: dict[str, Provider] = {}
    for resource in of_type(stack, AWS_PROVIDER):
        roles = plain(resource.inputs.get("assumeRoles")) or []
        tags = (plain(resource.inputs.get("defaultTags")) or {}).get("tags") or {}
        found[resource.urn] = Provider(
            urn=resource.urn,
            name=resource.name,
            accounts=tuple(str(item) for item in plain(resource.inputs.get("allowedAccountIds")) or []),
            roles=tuple(str(role.get("roleArn") or "") for role in roles),
            tags={str(key): str(value) for key, value in tags.items()},
        )
    return found


def setting(stack: Stack, key: str) -> str:
    """A config value of the project, without its prefix; empty when it is not set."""
    return next((value for name, value in stack.config.items() if name.split(":", 1)[-1] == key), "")


def known_accounts(stack: Stack) -> frozenset[str]:
    """Account ids that the stack's configuration names, and those its providers act in."""
    named = [account for key in ACCOUNT_KEYS for account in _ACCOUNT.findall(setting(stack, key))]
    return frozenset(named) | {provider.account for provider in providers(stack).values() if provider.account}


def plain(value: Any) -> Any:
    """A value that may have come as JSON in a string: provider inputs and policies do."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        return json.loads(value)
    return value


def listed(value: Any) -> list[Any]:
    """One or many, as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def named(resource: Resource) -> str:
    """How a message calls a resource."""
    return f"{resource.type.rsplit(':', 1)[-1]} '{resource.name}'"


def one_by_one(rule: ResourceRule) -> StackRule:
    """The rule over all resources of a stack, each message naming its resource."""

    def over_all(stack: Stack) -> list[str]:
        return [f"{named(resource)}: {text}" for resource in stack.resources for text in rule(resource)]

    return over_all


def pairs(values: Mapping[str, Any], *keys: str) -> Iterator[tuple[str, Any]]:
    """The given keys that have a value."""
    return ((key, values[key]) for key in keys if values.get(key) not in (None, "", [], {}))
