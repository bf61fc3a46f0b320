"""The program's own check, before it registers anything: what a producer promises against what it last promised.

What was last deployed comes from the stack's own outputs, read with the engine's built-in function that stack references
stand on. So `pulumi preview` and `pulumi up` refuse a breaking change without a new major version, wherever they are run.
A break also names the models that were trained on what it takes away, as far as the consumers' registries can be asked;
that is the only call to AWS here, and is made for nothing else. Deliberately not here: what breaks
(`governance.contracts.difference`) and what a registry says (`registered_models`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from components.registered_models import trained_on
from governance.compatibility.sunset import DEPRECATED, notices
from governance.contracts.difference import SHOWN, Difference, Refusal, difference, within
from governance.contracts.readers import consumers_beside, readers_of
from governance.contracts.record import changed_since
from governance.errors import MeshError
from governance.settings import ProducerSettings, Settings

READ_OUTPUTS = "pulumi:pulumi:readStackOutputs"
"""Function of Pulumi's built-in provider: `name` (organization/project/stack) -> `outputs` of its last state.

It answers at once, also in a preview and with nothing deployed yet, and leaves no resource behind, unlike a
StackReference to the stack itself.
"""


def check_contracts(settings: Settings, stack: str, folder: Path) -> None:
    """Refuse a producer's contracts that break their readers under the old major version.

    To be called before anything is registered. Changes that are allowed, whom they break, and deprecated contracts with
    their readers, are logged.

    Parameters
    ----------
    settings
        The stack's; only a producer's contracts are checked.
    stack
        Its name.
    folder
        The project's folder, whose other stack files say which roles read a product.

    Raises
    ------
    MeshError
        One line per break, and one for each registry that could not be asked; or one line when the last state cannot
        be read.
    """
    if not isinstance(settings, ProducerSettings):
        return
    contracts = [product.contract for product in settings.products]
    before = changed_since(last_outputs(stack), stack, contracts)
    said = [
        contract
        for contract in contracts
        if contract.product in before or contract.status.lower() == DEPRECATED
    ]
    if not said:
        return
    consumers, wrong = consumers_beside(folder, settings.levels)
    for line in wrong:
        pulumi.log.warn(line)
    stacks: dict[str, Settings] = {stack: settings, **consumers}
    readers = {contract.product: readers_of(stacks, contract.product) for contract in said}
    found = {
        contract.product: difference(
            before[contract.product], within(folder, contract), settings.levels, readers[contract.product]
        )
        for contract in said
        if contract.product in before
    }
    broken = [product for product, item in found.items() if item.breaks]
    models, unread = trained_on(settings, stacks, broken) if broken else ((), ())
    refused: list[str] = []
    for contract in said:
        reading = readers[contract.product]
        lines = notices(contract, reading, dt.date.today())
        if item := found.get(contract.product):
            told = difference(item.old, item.new, settings.levels, reading, models) if models else item
            refused += told.refusal
            lines += [told.summary] if told.summary else []
            lines += [] if told.refused else _rows(told)
        for line in lines:
            pulumi.log.info(line)
    if refused:
        raise Refusal([*refused, *unread])
    for line in unread:
        pulumi.log.warn(line)


def _rows(found: Difference) -> list[str]:
    """A line per change of a contract that may be deployed, as many as a refusal would have."""
    lines = [
        f"{mark}: {change.place} {change.sentence}" + (f" [{who}]" if who else "")
        for mark, change, who in found.rows
    ]
    more = len(lines) - SHOWN
    return lines[:SHOWN] + ([f"and {more} more changes"] if more > 0 else [])


def last_outputs(stack: str) -> Mapping[str, Any]:
    """Outputs of this project's stack in its last state; empty when it has none, or where no state is kept."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
    try:
        answer = pulumi.runtime.invoke(READ_OUTPUTS, {"name": name}).value
    except MeshError:
        raise
    except Exception as error:
        raise MeshError(f"its last state cannot be read ({error}); try again", f"stack {name}") from error
    outputs = answer.get("outputs") if isinstance(answer, Mapping) else None
    return outputs if isinstance(outputs, Mapping) else {}
