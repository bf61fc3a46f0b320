"""One create, change or delete of one resource through its API, as its table entry says.

Deliberately not here: whether to do it (change), and what is kept of it (provisioner).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from governance.errors import MeshError
from local.engine import api as apis
from local.engine import errors, shapes, tagging
from local.engine.api import Api
from local.engine.caller import Caller
from local.engine.change import ENGINE_ONLY
from local.engine.model import Plain, Provider
from local.engine.state import ResourceState
from local.engine.tables import TABLE


@dataclass
class Operation:
    """One create, update or delete in progress: what hooks see (`api.Action`)."""

    api: Api
    caller: Caller
    provider: Provider
    urn: str
    kind: str
    inputs: Mapping[str, Plain]
    old_inputs: Mapping[str, Plain] = field(default_factory=dict)
    outputs: dict[str, Plain] = field(default_factory=dict)
    id: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    response: Mapping[str, Any] = field(default_factory=dict)
    differs: frozenset[str] = frozenset()

    @property
    def account(self) -> str:
        return self.provider.account

    @property
    def region(self) -> str:
        return self.provider.region

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.caller.call(self.provider, self.api.service, operation, **params)

    def changed(self, *names: str) -> bool:
        return self.kind == "create" or any(name in self.differs for name in names)

    def fill(self, template: str) -> str:
        filled = apis.fill(template, self.fields())
        if filled is None:
            raise MeshError(f"nothing to fill {template} with")
        return filled

    def fields(self) -> dict[str, Plain]:
        fields = apis.context(self.urn, self.inputs, self.outputs, self.account, self.region)
        return {**fields, "id": self.id}

    def filled(self, templates: Mapping[str, str]) -> dict[str, str]:
        values = {member: apis.fill(template, self.fields()) for member, template in templates.items()}
        return {member: value for member, value in values.items() if value is not None}

    def build(self, method: str, wrap: str, rename: Mapping[str, str]) -> list[str]:
        """Set `params` of a method from the properties; gives the properties it has no member for."""
        ignored = self.api.ignore | {"region"}
        properties = {key: value for key, value in self.inputs.items() if key not in ignored}
        self.params, unplaced = shapes.build(
            self.api.service, method, properties, wrap=wrap, top=self.api.top, rename=rename
        )
        return unplaced

    def known(self) -> dict[str, Plain]:
        """Outputs that the API's answer tells."""
        return {key: _dig(self.response, path) for key, path in self.api.response.items()}

    def create(self, bare: Mapping[str, Plain], made: Callable[[], None]) -> None:
        """Create the resource; `made` is called as soon as it exists, before any follow-up call.

        `bare` are the properties as the state keeps them.
        """
        api = self.api
        unplaced = self.build(api.create, api.wrap, api.rename)
        if unplaced:
            names = ", ".join(unplaced)
            raise MeshError(
                f"the local engine cannot set {names}; leave it out or add it to the engine's table"
            )
        for member, value in self.filled(api.constants).items():
            self.params.setdefault(member, value)
        if api.prepare:
            api.prepare(self)
        self.response = self.call(api.create, **self.params)
        self.id, self.outputs = apis.computed(api, self.urn, bare, self.known(), self.account, self.region)
        if api.finish:
            made()
            api.finish(self)
        self.id, self.outputs = apis.computed(
            api, self.urn, bare, {"id": self.id, **_said(self.known())}, self.account, self.region
        )

    def update(self, bare: Mapping[str, Plain]) -> bool:
        """Change the resource in place; False when the API has no way to change what changed."""
        differs = set(self.differs) - ENGINE_ONLY
        if differs and not self._apply(differs):
            return False
        told = {key: self.outputs.get(key) for key in self.api.response if key != "id"}
        known = {**_said(told), **_said(self.known()), "id": self.id}
        self.id, self.outputs = apis.computed(self.api, self.urn, bare, known, self.account, self.region)
        return True

    def _apply(self, differs: set[str]) -> bool:
        api = self.api
        if api.on_update:
            api.on_update(self)
            return True
        style = tagging.STYLES.get(api.tags)
        if style and "tags" in differs:
            tagging.retag(self, style)
            differs = differs - {"tags"}
        if not differs:
            return True
        wrap = api.wrap if api.update_wrap is None else api.update_wrap
        rename = api.rename if api.update_rename is None else api.update_rename
        unplaced = {path.split(".")[0] for path in self.build(api.update, wrap, rename)}
        if differs & unplaced:
            return False
        self.params.update(self.filled(api.update_keys))
        if api.prepare:
            api.prepare(self)
        self.response = self.call(api.update, **self.params)
        if api.finish:
            api.finish(self)
        return True


def delete(resource: ResourceState, caller: Caller) -> None:
    """Delete a resource of the state; one that is gone already is fine."""
    api = TABLE[resource.type]
    provider = Provider(
        account=resource.account,
        region=resource.region,
        roles=tuple(tuple(sorted(role.items())) for role in resource.roles),
    )
    operation = Operation(
        api=api,
        caller=caller,
        provider=provider,
        urn=resource.urn,
        kind="delete",
        inputs=resource.inputs,
        outputs=dict(resource.outputs),
        id=resource.id,
    )
    try:
        operation.params = dict(operation.filled(api.delete_keys))
        if api.on_delete:
            api.on_delete(operation)
        if api.delete:
            operation.call(api.delete, **operation.params)
    except ClientError as error:
        if not errors.of(errors.GONE, error):
            raise


def _said(values: Mapping[str, Plain]) -> dict[str, Plain]:
    return {key: value for key, value in values.items() if value not in (None, "")}


def _dig(answer: Mapping[str, Any], path: str) -> Plain:
    value: Any = answer
    for member in path.split("."):
        value = value.get(member) if isinstance(value, Mapping) else None
    return value if isinstance(value, str | int | float | bool) else None
