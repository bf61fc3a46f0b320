"""What the engine says about a program: resources, exports, invokes, and the outcome of a run.

Deliberately not here: how a program is run (runner) and how resources are made (provisioner).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Plain = Any
"""A JSON-like value: dict, list, str, int, float, bool or None."""

STACK_REFERENCE = "pulumi:pulumi:StackReference"
AWS_PROVIDER = "pulumi:providers:aws"
NO_ACCOUNT = "000000000000"


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One resource as the program asked for it, before any backend has seen it."""

    urn: str
    type: str
    name: str
    parent: str = ""
    provider: str = ""
    custom: bool = True
    inputs: Mapping[str, Plain] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protect: bool = False
    retain_on_delete: bool = False
    ignore_changes: tuple[str, ...] = ()
    delete_before_replace: bool = False
    read_id: str = ""
    """Id of a resource that is read (`X.get`, StackReference) instead of registered; else empty."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of a recorded program. `provider` is a URN or empty; property names are camelCase."""

    urn: str
    type: str
    name: str
    id: str
    parent: str
    provider: str
    custom: bool
    inputs: Mapping[str, Plain]
    outputs: Mapping[str, Plain]
    dependencies: tuple[str, ...]
    protect: bool
    retain_on_delete: bool
    ignore_changes: tuple[str, ...]
    delete_before_replace: bool
    account: str
    """Account id of the resource's provider; empty for components and providers-to-nowhere."""
    region: str
    """Region the resource is made in; empty where `account` is."""


@dataclass(frozen=True, kw_only=True)
class Invoke:
    """A data source call of the program."""

    token: str
    arguments: Mapping[str, Plain]
    provider: str


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A whole program, run without a cloud. `resources` are sorted by URN: registration has no order."""

    project: str
    stack: str
    config: Mapping[str, str]
    resources: tuple[Resource, ...]
    component_outputs: Mapping[str, Mapping[str, Plain]]
    """Outputs that each component registered, by URN."""
    exports: Mapping[str, Plain]
    invokes: tuple[Invoke, ...]

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def of_type(self, type_: str) -> tuple[Resource, ...]:
        """All resources of a type token such as `aws:s3/bucket:Bucket`."""
        return tuple(resource for resource in self.resources if resource.type == type_)

    def get(self, type_: str, name: str) -> Resource:
        """The one resource with this type and name; KeyError when there is none or more than one."""
        found = [resource for resource in self.resources if (resource.type, resource.name) == (type_, name)]
        if len(found) != 1:
            raise KeyError(f"{len(found)} resources are {type_} '{name}' in stack {self.stack}")
        return found[0]

    def by_urn(self, urn: str) -> Resource:
        """The resource with this URN; KeyError when there is none."""
        return self._index[urn]

    @functools.cached_property
    def _index(self) -> Mapping[str, Resource]:
        return {resource.urn: resource for resource in self.resources}


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Where and as whom a resource is made."""

    urn: str = ""
    account: str = NO_ACCOUNT
    region: str = "us-east-1"
    roles: tuple[tuple[tuple[str, str], ...], ...] = ()
    """Chain of roles to assume, each as (option, value) pairs: roleArn, externalId, sessionName."""
    allowed_accounts: tuple[str, ...] = ()
    default_tags: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, urn: str, inputs: Mapping[str, Plain], default_region: str = "us-east-1") -> Provider:
        """Read the JSON-in-string inputs of a `pulumi:providers:aws` resource."""
        allowed = tuple(str(account) for account in decoded(inputs.get("allowedAccountIds")) or ())
        roles = decoded(inputs.get("assumeRoles")) or ()
        chain = tuple(tuple(sorted((k, str(v)) for k, v in role.items() if v is not None)) for role in roles)
        account = allowed[0] if allowed else NO_ACCOUNT
        if not allowed and chain:
            account = dict(chain[-1]).get("roleArn", f"::::{NO_ACCOUNT}").split(":")[4]
        tags = (decoded(inputs.get("defaultTags")) or {}).get("tags") or {}
        return cls(
            urn=urn,
            account=account,
            region=str(inputs.get("region") or default_region),
            roles=chain,
            allowed_accounts=allowed,
            default_tags={key: str(value) for key, value in tags.items()},
        )


def decoded(value: Plain) -> Plain:
    """Value of a provider input, which Pulumi sends as JSON in a string."""
    return json.loads(value) if isinstance(value, str) and value else value


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One finished step of a run; `done` counts to `total` over the stack's own resources."""

    action: str
    """create, update, replace, same, delete or retain."""
    type: str
    name: str
    done: int
    total: int


ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True, kw_only=True)
class UpResult:
    """What one `up` or `destroy` did."""

    stack: str
    created: int = 0
    updated: int = 0
    replaced: int = 0
    deleted: int = 0
    unchanged: int = 0
    api_calls: int = 0
    resources: int = 0
    """Resources that exist afterwards."""
    exports: Mapping[str, Plain] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def changed(self) -> int:
        """Number of resources the run touched."""
        return self.created + self.updated + self.replaced + self.deleted
