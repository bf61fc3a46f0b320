"""The program's own check, before it registers anything: what a producer promises against what it last promised.

What was last deployed comes from the stack's own outputs, read with the engine's built-in function that stack references
stand on. So `pulumi preview` and `pulumi up` refuse a breaking change without a new major version, wherever they are run.
Deliberately not here: what breaks (`governance.contracts.difference`) and which models were trained on it, since those
are in the consumers' accounts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from governance.compatibility.sunset import DEPRECATED, notices
from governance.contracts.difference import Refusal, difference, within
from governance.contracts.readers import consumers_beside, readers_of
from governance.contracts.record import changed_since
from governance.errors import MeshError
from governance.settings import ProducerSettings, Settings

READ_OUTPUTS = "pulumi:pulumi:readStackOutputs"
"""Function of Pulumi's built-in provider: `name` (organization/project/stack) -> `outputs` of its last state.

It answers at once, also in a preview and with nothing deployed yet, and leaves no resource behind, unlike a
StackReference to the stack itself.
"""

MODELS = (
    "registered models are in the consumers' accounts and not looked for here; "
    "'mesh contract check --against deployed' names those of the embedded cloud"
)


def check_contracts(settings: Settings, stack: str, folder: Path) -> None:
    """Refuse a producer's contracts that break their readers under the old major version.

    To be called before anything is registered. Changes that are allowed, and deprecated contracts with their readers,
    are logged.

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
        One line per break; or one line when the last state cannot be read.
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
    refused: list[str] = []
    for contract in said:
        readers = readers_of(stacks, contract.product)
        lines = notices(contract, readers, dt.date.today())
        if contract.product in before:
            old, new = before[contract.product], within(folder, contract)
            found = difference(old, new, settings.levels, readers)
            refused += found.refusal
            lines += [found.summary] if found.summary else []
        for line in lines:
            pulumi.log.info(line)
    if refused:
        raise Refusal([*refused, MODELS])


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
