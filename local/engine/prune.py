"""Deleting what a stack's program no longer declares, before anything is made.

Several stacks come up owners first, but what one of them gives up is still in use by those after it: a grant is revoked
before the share it passes on, a table deleted before its database. So a run over several stacks first prunes them
in reverse order. Pulumi has no such run; on AWS the stacks are brought up in reverse order by hand for a removal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from governance.errors import MeshError
from local.engine import stackfile
from local.engine.caller import Caller
from local.engine.deploy import _exports, _is_made, _recorded, _refuse, _result, own_outputs
from local.engine.dynamic import DynamicProviders
from local.engine.model import Plain, ProgressCallback, UpResult
from local.engine.provisioner import ProvisionBackend
from local.engine.recorder import Exports, RecordBackend, Scope
from local.engine.state import StateStore, deletion_order


def prune(
    project_dir: Path | str,
    stack: str,
    *,
    endpoint: str,
    store: StateStore,
    progress: ProgressCallback | None = None,
    config_overrides: Mapping[str, Plain] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> UpResult:
    """Delete the resources in a stack's state that its program does not declare any more.

    A program that cannot be recorded yet, because it needs an export that the run is still to make, is left alone:
    `up` deletes what is left over.

    Raises
    ------
    MeshError
        A resource is protected (then nothing is deleted), or one could not be deleted.
    """
    begun = time.monotonic()
    state = store.load(stack)
    if state is None:
        return UpResult(stack=stack)
    settings = stackfile.load(project_dir, stack, config_overrides=config_overrides)

    def references(name: str) -> Exports:
        return _exports(store, name)

    known = {urn: (item.id, item.outputs) for urn, item in state.resources.items()}
    scope = Scope(settings.config, references, own_outputs(state.exports))
    plan = RecordBackend(scope, known)
    try:
        _recorded(project_dir, settings, plan)
    except MeshError:
        return UpResult(stack=stack)
    declared = {registration.urn for registration, _ in plan.registrations if _is_made(registration)}
    gone = [item for urn, item in state.resources.items() if urn not in declared]
    if not gone:
        return UpResult(stack=stack, unchanged=len(state.resources), resources=len(state.resources))
    _refuse(plan, state, stack)
    caller = Caller(endpoint, sleep=sleep)
    providers = DynamicProviders(settings.config, settings.project)
    backend = ProvisionBackend(scope, caller, store, state, providers, progress=progress, total=len(gone))
    try:
        for resource in deletion_order(gone):
            backend.delete(resource)
    finally:
        caller.close()
        backend.save()
    return _result(stack, backend, state, time.monotonic() - begun)
