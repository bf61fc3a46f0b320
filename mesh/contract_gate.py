"""The check before any stack changes: contracts of the working tree against those last deployed.

The deployed contract is in the stack's own resources (`governance.compatibility_deployed`): here the engine's state, on
AWS a stack export. So nothing has to be kept beside the deployment, and the two can never disagree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from governance.compatibility_deployed import deployed_contracts
from governance.compatibility_sunset import notices
from governance.compatibility_who import check_bump
from governance.contracts import Contract
from governance.settings import ProducerSettings
from local import engine
from mesh.contract import Difference, difference, readers_of
from mesh.contract_models import registered
from mesh.project import Project


def deployed(
    project: Project, store: engine.StateStore, stacks: Sequence[str] | None = None
) -> dict[str, Contract]:
    """Contracts that the producers' stacks were last deployed with, by product."""
    found: dict[str, Contract] = {}
    for stack, settings in project.stacks.items():
        if isinstance(settings, ProducerSettings) and (stacks is None or stack in stacks):
            state = engine.stack_state(store, stack)
            if state:
                found |= deployed_contracts(state.resources.values(), settings.levels)
    return found


def gate(
    project: Project,
    endpoint: str,
    stacks: Sequence[str] | None = None,
    *,
    store: engine.StateStore | None = None,
) -> list[str]:
    """Refuse contracts that break their readers; say what else changes.

    Parameters
    ----------
    endpoint
        Cloud whose deployed stacks are compared with.
    stacks
        Stacks about to change; None for all.
    store
        Where the stacks' state is; the cloud's own by default.

    Returns
    -------
    list of str
        One line per changed or deprecated contract, to be shown.

    Raises
    ------
    MeshError
        What breaks for whom, when the major version did not rise.
    """
    kept = store or engine.S3StateStore(endpoint)
    before = deployed(project, kept, stacks)
    lines: list[str] = []
    models = None
    for stack, settings in project.stacks.items():
        if not isinstance(settings, ProducerSettings) or (stacks is not None and stack not in stacks):
            continue
        for product in settings.products:
            readers = readers_of(project.stacks, product.name)
            lines += notices(product.contract, readers, dt.date.today())
            old = before.get(product.name)
            if old is None:
                continue
            found = difference(old, product.contract, settings.levels, readers)
            if any(change.breaking for change in found.changes):
                models = registered(project, endpoint, kept) if models is None else models
                found = difference(old, product.contract, settings.levels, readers, models)
                check_bump(old, product.contract, found.changes, found.losses)
            lines += _line(found)
    return lines


def _line(found: Difference) -> list[str]:
    """What a contract's deployment will change, or nothing when it changes nothing."""
    if not found.changes:
        return []
    old, new = found.old.version, found.new.version
    versions = f"{old} -> {new}" if old != new else old
    count = f"{len(found.changes)} change{'s' if len(found.changes) > 1 else ''}"
    text = f"contract {found.new.product} {versions}: {count}, {len(found.breaks) or 'none'} breaking"
    if old == new and found.bump in ("major", "minor"):
        text += f"; it is a {found.bump} change, so raise the version"
    return [text]
