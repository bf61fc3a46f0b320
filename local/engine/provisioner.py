"""The backend that makes resources in the embedded cloud, driven by the tables, with state.

Owns the life of one resource: create, change in place, replace, delete, and what is kept of it.
Deliberately not here: the order of a whole run (deploy) and irregular APIs (hooks).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from threading import RLock

from botocore.exceptions import ClientError

from governance.errors import MeshError
from local.engine import api as apis
from local.engine import assets, errors
from local.engine.api import Api
from local.engine.caller import Caller
from local.engine.change import decide, ignoring
from local.engine.dynamic import PREFIX, PROVIDER_KEY, DynamicProviders
from local.engine.model import (
    AWS_PROVIDER,
    STACK_REFERENCE,
    Invoke,
    Plain,
    Progress,
    ProgressCallback,
    Provider,
    Registration,
)
from local.engine.operation import Operation, delete
from local.engine.recorder import Scope
from local.engine.state import ResourceState, StackState, StateStore, deletion_order
from local.engine.tables import TABLE

PROTECTED = "is protected and this change would replace it; remove protect or undo the change"
_SAVE_EVERY = 0.5  # seconds; a killed run loses at most what it made in this time


class ProvisionBackend:
    """Makes what the program registers; safe to use from several threads."""

    def __init__(
        self,
        scope: Scope,
        caller: Caller,
        store: StateStore,
        state: StackState,
        dynamic: DynamicProviders,
        *,
        progress: ProgressCallback | None = None,
        total: int = 0,
    ) -> None:
        self.scope, self.caller, self.state = scope, caller, state
        self.counts = {"create": 0, "update": 0, "replace": 0, "delete": 0, "same": 0, "retain": 0}
        self.total = total
        self.seen: set[str] = set()
        self._store, self._dynamic, self._progress = store, dynamic, progress
        self._replaced: set[str] = set()
        self._lock = RLock()
        self._sequence = state.next_sequence()
        self._saved = time.monotonic()

    def register(self, registration: Registration) -> tuple[str, Mapping[str, Plain]]:
        if registration.type == AWS_PROVIDER:
            return self.scope.add_provider(registration)
        if registration.type == STACK_REFERENCE:
            return self.scope.stack_reference(registration)
        if not registration.custom:
            return "", {}
        provider = self.scope.provider_of(registration)
        with self._lock:
            self.seen.add(registration.urn)
            old = self.state.resources.get(registration.urn)
        try:
            if registration.type.startswith(PREFIX):
                return self._dynamic_resource(registration, provider, old)
            return self._resource(TABLE[registration.type], registration, provider, old)
        except Exception as error:
            raise errors.mesh_error(
                error, registration.type, registration.name, self.caller.endpoint
            ) from error

    def invoke(self, call: Invoke) -> Mapping[str, Plain]:
        return self.scope.answer(call)

    def delete(self, resource: ResourceState) -> None:
        """Delete a resource of the state from the cloud and the state; one that is gone already is fine."""
        action = "retain" if resource.retain_on_delete else "delete"
        try:
            if not resource.retain_on_delete:
                self._delete(resource)
        except Exception as error:
            raise errors.mesh_error(error, resource.type, resource.name, self.caller.endpoint) from error
        self._forget(resource.urn)
        self.done(action, resource.type, resource.name)

    def done(self, action: str, type_: str, name: str) -> None:
        """Count and report a finished step."""
        with self._lock:
            self.counts[action] += 1
            finished = sum(self.counts.values())
            if self._progress is not None:
                step = Progress(action=action, type=type_, name=name, done=finished, total=self.total)
                self._progress(step)

    def save(self) -> None:
        """Keep the state now."""
        with self._lock:
            self._store.save(self.state)
            self._saved = time.monotonic()

    def _resource(
        self, api: Api, registration: Registration, provider: Provider, old: ResourceState | None
    ) -> tuple[str, Mapping[str, Plain]]:
        full = apis.effective(api, registration.urn, registration.name, registration.inputs, provider)
        if old is not None:
            full = ignoring(full, old.inputs, registration.ignore_changes)
        bare = assets.identity(full)
        action, differs = decide(api, registration, provider, bare, old, self._replaced)
        if old is not None and action == "same":
            self._keep(registration, provider, old, bare, old.id, old.outputs)
            self.done("same", registration.type, registration.name)
            return old.id, old.outputs
        operation = Operation(
            api=api,
            caller=self.caller,
            provider=provider,
            urn=registration.urn,
            kind="create",
            inputs=full,
            differs=frozenset(differs),
        )
        if old is not None and action == "update":
            operation.kind, operation.old_inputs = "update", old.inputs
            operation.outputs, operation.id = dict(old.outputs), old.id
            if not operation.update(bare):
                action, operation.kind, operation.old_inputs = "replace", "create", {}
        if old is not None and action == "replace":
            self._clear(registration, old)
        if action in ("create", "replace"):

            def made() -> None:
                self._keep(registration, provider, None, bare, operation.id, operation.outputs, tainted=True)

            operation.create(bare, made)
        kept = old if action == "update" else None
        self._keep(registration, provider, kept, bare, operation.id, operation.outputs)
        self.done(action, registration.type, registration.name)
        return operation.id, operation.outputs

    def _clear(self, registration: Registration, old: ResourceState) -> None:
        """Take the old resource away so that its replacement can be made."""
        if registration.protect:
            raise MeshError(PROTECTED)
        if not old.retain_on_delete:
            try:
                self._delete(old)
            except ClientError as error:
                if not errors.of(errors.IN_USE, error):
                    raise
                self._clear_dependents(old)
                self._delete(old)
        self._forget(old.urn)
        with self._lock:
            self._replaced.add(old.urn)

    def _clear_dependents(self, old: ResourceState) -> None:
        """Delete what stands on a resource that AWS will not delete before; the program makes it again."""
        with self._lock:
            state = dict(self.state.resources)
        reached = {old.urn}
        for _ in state:
            more = {
                urn for urn, item in state.items() if urn not in reached and reached & set(item.dependencies)
            }
            if not more:
                break
            reached |= more
        dependents = [state[urn] for urn in reached - {old.urn}]
        for item in dependents:
            if item.protect or item.retain_on_delete:
                raise MeshError(f"is in use by {item.type} '{item.name}', which is kept")
        for item in deletion_order(dependents):
            self._delete(item)
            self._forget(item.urn)
            with self._lock:
                self._replaced.add(item.urn)

    def _delete(self, resource: ResourceState) -> None:
        if resource.type.startswith(PREFIX):
            self._dynamic.delete(resource.id, resource.outputs)
        else:
            delete(resource, self.caller)

    def _dynamic_resource(
        self, registration: Registration, provider: Provider, old: ResourceState | None
    ) -> tuple[str, Mapping[str, Plain]]:
        news = dict(registration.inputs)
        if old is not None:
            news = ignoring(news, old.inputs, registration.ignore_changes)
        news = self._dynamic.check(old.inputs if old else {}, news)
        action = "create"
        if old is not None:
            action = self._dynamic.diff(old.id, old.outputs, news, old.inputs)
            action = "replace" if old.tainted else action
            if action == "replace":
                self._clear(registration, old)
        if old is not None and action in ("same", "update"):
            identity, outputs = old.id, {**old.outputs, PROVIDER_KEY: news[PROVIDER_KEY]}
            if action == "update":
                outputs = self._dynamic.update(old.id, old.outputs, news)
        else:
            identity, outputs = self._dynamic.create(news)
        kept = old if action in ("same", "update") else None
        self._keep(registration, provider, kept, news, identity, outputs)
        self.done(action, registration.type, registration.name)
        return identity, outputs

    def _keep(
        self,
        registration: Registration,
        provider: Provider,
        old: ResourceState | None,
        inputs: Mapping[str, Plain],
        identity: str,
        outputs: Mapping[str, Plain],
        *,
        tainted: bool = False,
    ) -> None:
        """Put a resource into the state."""
        with self._lock:
            present = old or self.state.resources.get(registration.urn)
            sequence = present.sequence if present else self._sequence
            if not present:
                self._sequence += 1
            self.state.resources[registration.urn] = ResourceState(
                urn=registration.urn,
                type=registration.type,
                name=registration.name,
                id=identity,
                sequence=sequence,
                inputs=dict(inputs),
                outputs=dict(assets.identity(outputs)),
                dependencies=list(registration.dependencies),
                account=provider.account,
                region=provider.region,
                roles=[dict(role) for role in provider.roles],
                protect=registration.protect,
                retain_on_delete=registration.retain_on_delete,
                tainted=tainted,
            )
            self._save_sometimes()

    def _forget(self, urn: str) -> None:
        with self._lock:
            self.state.resources.pop(urn, None)
            self._save_sometimes()

    def _save_sometimes(self) -> None:
        if time.monotonic() - self._saved > _SAVE_EVERY:
            self.save()
