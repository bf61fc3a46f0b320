"""The check before any stack changes: contracts of the working tree against those last deployed.

The program refuses a breaking change by itself, under any engine, but it is run for one stack and knows the readers from
stack files only. Here, before the first stack, the models that were trained on a product are named too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from governance.compatibility.sunset import notices
from governance.contracts import Contract
from governance.contracts.difference import Refusal, difference, within
from governance.contracts.readers import readers_of
from governance.contracts.record import read_records
from governance.settings import ProducerSettings
from local import engine
from mesh.contract.models import registered
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
                found |= read_records(state.exports, stack)
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
        What breaks for whom, a line each, when the major version did not rise.
    """
    kept = store or engine.S3StateStore(endpoint)
    before = deployed(project, kept, stacks)
    lines: list[str] = []
    refused: list[str] = []
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
            new = within(project.folder, product.contract)
            found = difference(old, new, settings.levels, readers)
            if any(change.breaking for change in found.changes):
                models = registered(project, endpoint, kept) if models is None else models
                found = difference(old, new, settings.levels, readers, models)
                refused += found.refusal
            lines += [found.summary] if found.summary else []
    if refused:
        raise Refusal(refused)
    return lines
