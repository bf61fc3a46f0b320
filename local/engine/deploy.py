"""Whole runs: bring a stack up, take it down.

A run first records the program, with what the state knows, and refuses there what can be refused: unknown
types, missing stacks, protected resources. Only then is anything changed. Deliberately not here: one
resource's life (provisioner) and the embedded cloud's own (cloud).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from governance.errors import MeshError
from local.engine import api as apis
from local.engine import assets, runner, stackfile
from local.engine.caller import Caller
from local.engine.change import decide, ignoring
from local.engine.dynamic import PREFIX, DynamicProviders
from local.engine.model import (
    AWS_PROVIDER,
    STACK_REFERENCE,
    Plain,
    ProgressCallback,
    Provider,
    Recording,
    Registration,
    UpResult,
)
from local.engine.provisioner import PROTECTED, ProvisionBackend
from local.engine.recorder import Exports, RecordBackend, Scope, resolver
from local.engine.stackfile import StackFile
from local.engine.state import ResourceState, StackState, StateStore, deletion_order
from local.engine.tables import TABLE

READ_OUTPUTS = "pulumi:pulumi:readStackOutputs"
"""Pulumi's built-in function by which a program reads a stack's outputs; here only ever those of its own stack."""

WORKERS = 8
"""Resources made at a time."""


def record(
    project_dir: Path | str,
    stack: str,
    *,
    references: Mapping[str, Exports] | None = None,
    config_overrides: Mapping[str, Plain] | None = None,
    answers: Mapping[str, Exports] | None = None,
) -> Recording:
    """Run a stack's program without a cloud.

    Parameters
    ----------
    project_dir, stack
        Folder with `Pulumi.yaml` and `__main__.py`, and the stack in it.
    references
        Exports of other stacks, by stack name (the last segment of a reference).
    config_overrides
        Config values that win over the stack's file, by `key` or `project:key`.
    answers
        Answers of data sources (camelCase), by token; a data source without one is an error.

    Raises
    ------
    MeshError
        The program or its config is wrong; the message is one line.

    Notes
    -----
    The program finds nothing deployed of its own stack, unless `answers` has outputs for `READ_OUTPUTS`.
    """
    settings = stackfile.load(project_dir, stack, config_overrides=config_overrides)
    backend = RecordBackend(Scope(settings.config, resolver(references or {}), own_outputs({}, answers)))
    return _recorded(project_dir, settings, backend)


def up(
    project_dir: Path | str,
    stack: str,
    *,
    endpoint: str,
    store: StateStore,
    progress: ProgressCallback | None = None,
    config_overrides: Mapping[str, Plain] | None = None,
    answers: Mapping[str, Exports] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> UpResult:
    """Make the cloud what the stack's program says.

    Parameters
    ----------
    project_dir, stack, config_overrides, answers
        As for `record`.
    endpoint
        Address of the embedded cloud.
    store
        Keeps the state; exports of other stacks come from it too.
    progress
        Called after each resource, from several threads but one at a time.
    sleep
        Waits between attempts after a transient error, in seconds.

    Raises
    ------
    MeshError
        As for `record`; or a resource could not be made: type, name and the AWS error. What was made before
        is in the state, and the next run goes on from there.
    """
    begun = time.monotonic()
    settings = stackfile.load(project_dir, stack, config_overrides=config_overrides)
    state = store.load(stack) or StackState(stack=stack)

    def references(name: str) -> Exports:
        return _exports(store, name)

    answers = own_outputs(state.exports, answers)
    known = {urn: (item.id, item.outputs) for urn, item in state.resources.items()}
    plan = RecordBackend(Scope(settings.config, references, answers), known)
    _recorded(project_dir, settings, plan)
    _refuse(plan, state, stack)

    made = {registration.urn for registration, _ in plan.registrations if _is_made(registration)}
    gone = set(state.resources) - made
    caller = Caller(endpoint, sleep=sleep)
    backend = ProvisionBackend(
        Scope(settings.config, references, answers),
        caller,
        store,
        state,
        DynamicProviders(settings.config, settings.project),
        progress=progress,
        total=len(made) + len(gone),
    )
    state.complete = False
    try:
        outcome = runner.run(project_dir, settings, backend, workers=WORKERS)
        absent = (item for urn, item in state.resources.items() if urn not in backend.seen)
        for resource in deletion_order(absent):
            backend.delete(resource)
        state.exports, state.complete = dict(outcome.exports), True
    finally:
        caller.close()
        backend.save()
    return _result(stack, backend, state, time.monotonic() - begun)


def destroy(
    project_dir: Path | str,
    stack: str,
    *,
    endpoint: str,
    store: StateStore,
    progress: ProgressCallback | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> UpResult:
    """Delete all that the stack's state holds, dependents first; the program is not run.

    Raises
    ------
    MeshError
        A resource is protected (then nothing is deleted), or one could not be deleted.
    """
    begun = time.monotonic()
    state = store.load(stack)
    if state is None:
        return UpResult(stack=stack)
    settings = stackfile.load(project_dir, stack)
    for resource in state.resources.values():
        if resource.protect:
            raise MeshError(
                f"is protected; remove protect, bring stack {stack} up, then take it down",
                f"{resource.type} '{resource.name}'",
            )
    caller = Caller(endpoint, sleep=sleep)
    backend = ProvisionBackend(
        Scope(settings.config, lambda name: _exports(store, name)),
        caller,
        store,
        state,
        DynamicProviders(settings.config, settings.project),
        progress=progress,
        total=len(state.resources),
    )
    state.complete, state.exports = False, {}
    try:
        for resource in deletion_order(state.resources.values()):
            backend.delete(resource)
    finally:
        caller.close()
        backend.save()
    store.delete(stack)
    return _result(stack, backend, state, time.monotonic() - begun)


def stack_state(store: StateStore, stack: str) -> StackState | None:
    """What is made of a stack; None when nothing is."""
    return store.load(stack)


def own_outputs(
    exports: Exports, answers: Mapping[str, Exports] | None = None
) -> dict[str, Mapping[str, Plain]]:
    """Answers of data sources, with that of the stack's own last outputs among them."""
    return {READ_OUTPUTS: {"outputs": dict(exports), "secretOutputNames": []}, **(answers or {})}


def _recorded(project_dir: Path | str, settings: StackFile, backend: RecordBackend) -> Recording:
    outcome = runner.run(project_dir, settings, backend)
    return Recording(
        project=settings.project,
        stack=settings.stack,
        config=settings.config,
        resources=tuple(sorted(backend.resources, key=lambda resource: resource.urn)),
        component_outputs=outcome.component_outputs,
        exports=outcome.exports,
        invokes=tuple(backend.invokes),
    )


def _exports(store: StateStore, stack: str) -> Exports:
    state = store.load(stack)
    if state is None or not (state.complete or state.exports):
        raise MeshError(
            f"stack '{stack}' is not up; bring it up first: mesh up {stack}", f"stack reference {stack}"
        )
    return state.exports


def _is_made(registration: Registration) -> bool:
    return registration.custom and registration.type not in (AWS_PROVIDER, STACK_REFERENCE)


def _refuse(plan: RecordBackend, state: StackState, stack: str) -> None:
    """Raise for what cannot be done, before anything is changed."""
    registered = {registration.urn for registration, _ in plan.registrations}
    for registration, provider in plan.registrations:
        if not _is_made(registration):
            continue
        where = f"{registration.type} '{registration.name}'"
        if registration.read_id:
            raise MeshError(
                "the local engine only reads stacks; take the value from config or an export", where
            )
        dynamic = registration.type.startswith(PREFIX)
        if not dynamic and registration.type not in TABLE:
            raise MeshError(
                "the local engine does not know this resource type; add it to the engine's table", where
            )
        old = state.resources.get(registration.urn)
        if registration.protect and old and not dynamic and _would_replace(registration, provider, old):
            raise MeshError(PROTECTED, where)
    for urn, resource in state.resources.items():
        if urn not in registered and resource.protect:
            raise MeshError(
                f"is protected but gone from the program; put it back unprotected, bring stack {stack} up, "
                "then remove it",
                f"{resource.type} '{resource.name}'",
            )


def _would_replace(registration: Registration, provider: Provider, old: ResourceState) -> bool:
    api = TABLE[registration.type]
    full = apis.effective(api, registration.urn, registration.name, registration.inputs, provider)
    bare = assets.identity(ignoring(full, old.inputs, registration.ignore_changes))
    return decide(api, registration, provider, bare, old)[0] == "replace"


def _result(stack: str, backend: ProvisionBackend, state: StackState, seconds: float) -> UpResult:
    counts = backend.counts
    return UpResult(
        stack=stack,
        created=counts["create"],
        updated=counts["update"],
        replaced=counts["replace"],
        deleted=counts["delete"],
        unchanged=counts["same"],
        api_calls=backend.caller.calls,
        resources=len(state.resources),
        exports=state.exports,
        seconds=seconds,
    )
