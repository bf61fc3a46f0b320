"""What must not be done to a live mesh: taking away what others stand on, and moving it by editing a stack file.

Both would stop half way, with some stacks changed and others not. They are found in the state of what is up, before
anything is changed. Deliberately not here: whether the stack files agree with each other (`governance.settings.agreement`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from governance.errors import MeshError
from governance.names import LINK_PREFIX
from governance.settings import (
    CentralSettings,
    ConsumerSettings,
    ProducerSettings,
    ProductionSettings,
    Settings,
)
from local.engine.state import StackState, StateStore
from mesh.project import Project

_BUS = "aws:cloudwatch/eventBus:EventBus"
_LINK = "aws:glue/catalogDatabase:CatalogDatabase"
_SUFFIX = "-events"


def states(store: StateStore, names: Iterable[str]) -> dict[str, StackState]:
    """State of each stack of which something is up."""
    found = {name: store.load(name) for name in names}
    return {name: state for name, state in found.items() if state is not None and state.resources}


def refuse_down(project: Project, store: StateStore, chosen: Sequence[str]) -> None:
    """Refuse to take a stack down while another that stays is up and stands on it.

    Raises
    ------
    MeshError
        Naming who still stands on it, and how to go on.
    """
    up = states(store, {*project.stacks, *store.stacks()})
    for stack in reversed(chosen):
        if stack not in up:
            continue
        left = [name for name in up if name not in chosen and _stands_on(name, stack, project.stacks, up)]
        strays = [name for name in left if name not in project.stacks]
        if strays:
            raise MeshError(
                f"is still stood on by {', '.join(strays)}, which is up and has no stack file here; put "
                f"Pulumi.{strays[0]}.yaml back and take it down first",
                f"stack {stack}",
            )
        if left:
            rest = [name for name in project.stacks if name in left]
            raise MeshError(
                f"is still needed by {', '.join(rest)}; take all of it down with 'mesh down {' '.join(rest)} {stack}', "
                "or the whole mesh with 'mesh down'",
                f"stack {stack}",
            )


def _stands_on(name: str, stack: str, stacks: Mapping[str, Settings], up: Mapping[str, StackState]) -> bool:
    """Whether one stack that is up needs another: by its stack file, or by what is still made of it."""
    settings, item = stacks.get(name), stacks[stack]
    if isinstance(item, CentralSettings):
        members = (ProducerSettings, ConsumerSettings)
        return settings is None or (isinstance(settings, members) and settings.central_stack == stack)
    if isinstance(item, ConsumerSettings):
        return isinstance(settings, ProductionSettings) and settings.consumer_stack == stack
    if not isinstance(item, ProducerSettings) or isinstance(settings, ProducerSettings):
        return False
    if isinstance(settings, ConsumerSettings) and stack in {each.stack for each in settings.subscriptions}:
        return True
    exported = up[stack].exports.get("products")
    products = set(exported) if isinstance(exported, Mapping) else set()
    return bool(products & _linked(up[name]))


def _linked(state: StackState) -> set[str]:
    """Products that a stack has resource links to."""
    names = (str(item.inputs.get("name")) for item in state.resources.values() if item.type == _LINK)
    return {name.removeprefix(LINK_PREFIX) for name in names if name.startswith(LINK_PREFIX)}


def refuse_moved(project: Project, store: StateStore) -> None:
    """Refuse stack files that give a live mesh another account, region or namespace.

    Nothing moves in AWS: everything would be made anew under another name or elsewhere, and what is there belongs to
    roles and accounts that the program no longer names.

    Raises
    ------
    MeshError
        With what the file says, what is up, and what to do.
    """
    for stack, state in states(store, project.stacks).items():
        settings = project.stacks[stack]
        for key, now, was in _facts(settings, state):
            if was and now not in was:
                raise MeshError(
                    f"is '{now}', but what is up was made with '{' and '.join(sorted(was))}'; put that back, or take "
                    "the mesh down first with 'mesh down', which deletes its data",
                    f"Pulumi.{stack}.yaml: mesh:{key}",
                )


def _facts(settings: Settings, state: StackState) -> Iterable[tuple[str, str, set[str]]]:
    """Key, what the file says, and what the state knows of it; nothing known where nothing was made yet."""
    exported = state.exports.get("accountId")
    central = settings.central.account_id if isinstance(settings, ProducerSettings | ConsumerSettings) else ""
    accounts = {item.account for item in state.resources.values()} - {"", central}
    yield "accountId", settings.place.account_id, {str(exported)} if exported else accounts
    yield "region", settings.place.region, {item.region for item in state.resources.values()} - {""}
    buses = {str(item.inputs.get("name")) for item in state.resources.values() if item.type == _BUS}
    yield "namespace", settings.names.namespace, {name.removesuffix(_SUFFIX) for name in buses}
