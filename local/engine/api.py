"""The form of a table entry: how one Pulumi resource type is made with an AWS API.

Templates are format strings over the resource's properties (with defaults), its outputs and `id`,
`account`, `region`, `catalogId`, `hash` (7 hex digits of the URN) and `uuid`; a template whose field is
missing is left out. Deliberately not here: the entries themselves (tables) and the calls (provisioner).
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from local.engine.model import Plain, Provider
from local.engine.values import deep_merge

ALL = frozenset({"*"})
"""Value of `replace`: every change replaces."""


class Action(Protocol):
    """What a hook sees of the create, update or delete in progress."""

    api: Api
    """The type's own entry."""
    kind: str
    inputs: Mapping[str, Plain]
    old_inputs: Mapping[str, Plain]
    outputs: dict[str, Plain]
    id: str
    params: dict[str, Any]
    response: Mapping[str, Any]

    @property
    def account(self) -> str:
        """Account id it is made in."""

    @property
    def region(self) -> str:
        """Region it is made in."""

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        """Call an operation of the entry's service."""

    def changed(self, *names: str) -> bool:
        """Whether one of these properties differs from the state; always true on create."""

    def fill(self, template: str) -> str:
        """A template filled in for this resource."""


Hook = Callable[[Action], None]


@dataclass(frozen=True, kw_only=True)
class Api:
    """How one resource type is created, updated and deleted."""

    service: str
    """boto3 service."""
    create: str
    """boto3 method that creates (or puts) the resource."""
    update: str = ""
    """Method for a change in place; empty when `on_update` does it, or every change replaces."""
    delete: str = ""
    """Method that deletes; empty when `on_delete` does it, or nothing is to be done."""
    name: str = ""
    """Property that is named automatically when the program leaves it out."""
    prefix: str = ""
    """Put in front of an automatic name."""
    id: str = "{name}"
    """Template of the resource's id."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Output (dotted: inside a property) to template; used by both backends."""
    response: Mapping[str, str] = field(default_factory=dict)
    """Output (or `id`) to dotted member of the create response; wins over a template."""
    rename: Mapping[str, str] = field(default_factory=dict)
    wrap: str = ""
    top: tuple[str, ...] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    """Member to template, added to create."""
    update_rename: Mapping[str, str] | None = None
    update_wrap: str | None = None
    update_keys: Mapping[str, str] = field(default_factory=dict)
    delete_keys: Mapping[str, str] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    """Properties that are the engine's own or handled by a hook."""
    defaults: Mapping[str, Plain] = field(default_factory=dict)
    """Values the provider fills in."""
    replace: frozenset[str] = frozenset()
    """Properties whose change replaces the resource."""
    tags: str = ""
    """Key into `tagging.STYLES`; empty when the type has no tags."""
    prepare: Hook | None = None
    """May change `params` before create and update."""
    finish: Hook | None = None
    """Runs after create and update: checks the response, makes follow-up calls."""
    on_update: Hook | None = None
    """Does the whole update."""
    on_delete: Hook | None = None
    """Runs before the delete method."""

    def replaces(self, changed: set[str]) -> bool:
        """Whether a change of these properties means delete and create."""
        return bool(changed) and (self.replace == ALL or bool(changed & self.replace))


def digest(urn: str, length: int = 7) -> str:
    """Stable hex digits of a URN, so that automatic names are the same in every run."""
    return hashlib.sha256(urn.encode()).hexdigest()[:length]


def effective(
    api: Api, urn: str, logical_name: str, inputs: Mapping[str, Plain], provider: Provider
) -> dict[str, Plain]:
    """Properties as they are made: defaults, automatic name and default tags added."""
    filled = deep_merge(api.defaults, inputs)
    filled.pop("__provider", None)
    prefix = filled.pop(f"{api.name}Prefix", None) if api.name else None
    if api.name and not filled.get(api.name):
        filled[api.name] = f"{prefix}{digest(urn)}" if prefix else f"{api.prefix}{logical_name}-{digest(urn)}"
    if api.tags:
        tags = {**provider.default_tags, **(filled.get("tags") or {})}
        filled["tags"] = tags or None
    return {key: value for key, value in filled.items() if value is not None}


def context(
    urn: str, inputs: Mapping[str, Plain], outputs: Mapping[str, Plain], account: str, region: str
) -> dict[str, Plain]:
    """Fields a template may use."""
    whole = digest(urn, 32)
    bus = str(inputs.get("eventBusName") or "default").rsplit("/", 1)[-1]
    return {
        "busPath": "" if bus == "default" else f"{bus}/",
        "account": account,
        "catalogId": account,
        "region": region,
        "hash": whole[:7],
        "uuid": f"{whole[:8]}-{whole[8:12]}-{whole[12:16]}-{whole[16:20]}-{whole[20:32]}",
        **{key: value for key, value in inputs.items() if value not in (None, "")},
        **outputs,
    }


def fill(template: str, fields: Mapping[str, Plain]) -> str | None:
    """A filled template; None when a field is missing."""
    try:
        return string.Formatter().vformat(template, (), fields)
    except (KeyError, IndexError, TypeError):
        return None


def computed(
    api: Api, urn: str, inputs: Mapping[str, Plain], known: Mapping[str, Plain], account: str, region: str
) -> tuple[str, dict[str, Plain]]:
    """Id and outputs: the inputs, what the API said (`known`), and the templates for the rest."""
    said = {key: value for key, value in known.items() if value not in (None, "")}
    fields = context(urn, inputs, said, account, region)
    outputs: dict[str, Plain] = {**inputs}
    identity = str(said.get("id") or "")
    for _ in range(2):  # an id may be made of an output, and an output of the id
        for key, template in api.outputs.items():
            value = said.get(key) or fill(template, fields)
            if value is None:
                continue
            if "." in key:
                _put(outputs, key, value)
            else:
                outputs[key] = fields[key] = value
        identity = identity or fill(api.id, fields) or fields["hash"]
        fields["id"] = identity
    for key, value in said.items():
        if "." in key:
            _put(outputs, key, value)
        elif key != "id":
            outputs[key] = value
    outputs.setdefault("region", region)
    if api.tags:
        outputs["tagsAll"] = dict(inputs.get("tags") or {})
    return identity, outputs


def _put(outputs: dict[str, Plain], path: str, value: Plain) -> None:
    """Set a member inside a property, on copies: the properties themselves stay as the program gave them."""
    *parents, last = path.split(".")
    node = outputs
    for name in parents:
        inner = node.get(name)
        if not isinstance(inner, Mapping):
            return
        node[name] = dict(inner)
        node = node[name]
    node[last] = value
