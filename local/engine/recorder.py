"""The backend that makes nothing: plausible ids and ARNs, and a list of what was registered.

Known names give true ARNs, so a recorded program can be read for who may do what. Deliberately not here:
whether a real API would accept the properties.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from governance.errors import MeshError
from local.engine.api import computed, digest, effective
from local.engine.model import AWS_PROVIDER, STACK_REFERENCE, Invoke, Plain, Provider, Registration, Resource
from local.engine.tables import TABLE

Exports = Mapping[str, Plain]
References = Callable[[str], Exports]
PROVIDER_KEY = "__provider"
DISABLE_KEY = "pulumi:disable-default-providers"


def resolver(references: Mapping[str, Exports]) -> References:
    """Stack references out of a mapping keyed by the stack's name, the reference's last segment."""

    def resolve(stack: str) -> Exports:
        if stack not in references:
            raise MeshError(f"stack '{stack}' is not up; bring it up first", f"stack reference {stack}")
        return references[stack]

    return resolve


class Scope:
    """What both backends share: providers, stack references, invokes, the rule about default providers."""

    def __init__(
        self, config: Mapping[str, str], references: References, answers: Mapping[str, Exports] | None = None
    ) -> None:
        self._references, self._answers = references, dict(answers or {})
        self._default_region = config.get("aws:region", "us-east-1")
        self._no_default = "aws" in _json_list(config.get(DISABLE_KEY))
        self._providers: dict[str, Provider] = {}

    def add_provider(self, registration: Registration) -> tuple[str, Mapping[str, Plain]]:
        """Remember an explicit AWS provider."""
        provider = Provider.of(registration.urn, registration.inputs, self._default_region)
        self._providers[registration.urn] = provider
        return f"{registration.name}-{digest(registration.urn)}", registration.inputs

    def provider_of(self, registration: Registration) -> Provider:
        """Provider of a resource; MeshError when it has none and default ones are disabled."""
        if registration.provider in self._providers:
            provider = self._providers[registration.provider]
            region = registration.inputs.get("region")
            if not isinstance(region, str) or not region or region == provider.region:
                return provider
            return Provider(
                urn=provider.urn,
                account=provider.account,
                region=region,
                roles=provider.roles,
                allowed_accounts=provider.allowed_accounts,
                default_tags=provider.default_tags,
            )
        if self._no_default and registration.type.startswith("aws:"):
            raise MeshError(
                "has no provider, and default providers are disabled; pass one by opts or the parent",
                f"{registration.type} '{registration.name}'",
            )
        return Provider(region=self._default_region)

    def stack_reference(self, registration: Registration) -> tuple[str, Mapping[str, Plain]]:
        """State of another stack: `organization/project/stack` is known by its last segment."""
        name = str(registration.inputs.get("name") or registration.read_id or registration.name)
        outputs = dict(self._references(name.rsplit("/", 1)[-1]))
        return name, {"name": name, "outputs": outputs, "secretOutputNames": []}

    def answer(self, call: Invoke) -> Exports:
        """Answer of a data source; MeshError naming the token when there is none."""
        if call.token not in self._answers:
            raise MeshError(
                "data source has no answer here; take the value from config or a resource", call.token
            )
        return self._answers[call.token]


@dataclass
class RecordBackend:
    """Records every registration; safe to use from several threads."""

    scope: Scope
    known: Mapping[str, tuple[str, Mapping[str, Plain]]] = field(default_factory=dict)
    """Ids and outputs of resources that exist, by URN; they win over made-up ones."""
    resources: list[Resource] = field(default_factory=list)
    registrations: list[tuple[Registration, Provider]] = field(default_factory=list)
    invokes: list[Invoke] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def register(self, registration: Registration) -> tuple[str, Mapping[str, Plain]]:
        provider = Provider(account="", region="")
        outputs: Mapping[str, Plain]
        if registration.type == AWS_PROVIDER:
            identity, outputs = self.scope.add_provider(registration)
        elif registration.type == STACK_REFERENCE:
            identity, outputs = self.scope.stack_reference(registration)
        elif not registration.custom:
            identity, outputs = "", {}
        else:
            provider = self.scope.provider_of(registration)
            identity, outputs = self._plausible(registration, provider)
        inputs = {key: value for key, value in registration.inputs.items() if key != PROVIDER_KEY}
        resource = Resource(
            urn=registration.urn,
            type=registration.type,
            name=registration.name,
            id=identity,
            parent=registration.parent,
            provider=registration.provider,
            custom=registration.custom,
            inputs=inputs,
            outputs={key: value for key, value in outputs.items() if key != PROVIDER_KEY},
            dependencies=registration.dependencies,
            protect=registration.protect,
            retain_on_delete=registration.retain_on_delete,
            ignore_changes=registration.ignore_changes,
            delete_before_replace=registration.delete_before_replace,
            account=provider.account,
            region=provider.region,
        )
        with self._lock:
            self.resources.append(resource)
            self.registrations.append((registration, provider))
        return identity, outputs

    def invoke(self, call: Invoke) -> Mapping[str, Plain]:
        with self._lock:
            self.invokes.append(call)
        return self.scope.answer(call)

    def _plausible(self, registration: Registration, provider: Provider) -> tuple[str, dict[str, Plain]]:
        known_id, known = self.known.get(registration.urn, ("", {}))
        inputs = dict(registration.inputs)
        if registration.read_id:
            return registration.read_id, inputs
        api = TABLE.get(registration.type)
        if api is None:
            if not registration.type.startswith("aws:"):
                return known_id or f"{registration.name}-{digest(registration.urn)}", {**known, **inputs}
            service, name = registration.type.split(":")[1].split("/")[0], registration.name
            arn = f"arn:aws:{service}:{provider.region}:{provider.account}:{name}"
            return known_id or name, {"arn": arn, **known, **inputs}
        full = effective(api, registration.urn, registration.name, inputs, provider)
        identity, outputs = computed(
            api, registration.urn, full, {"id": known_id}, provider.account, provider.region
        )
        return identity, {**outputs, **known, **inputs}


def _json_list(text: str | None) -> list[str]:
    value = json.loads(text) if text else []
    return value if isinstance(value, list) else [value]
