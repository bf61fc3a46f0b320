"""Deprecated contracts: until when they hold, and who still reads them.

A contract says so by its status `deprecated` and the custom property `sunset`, the last day on which the version is
served. Nothing is taken away on that day by itself; whoever is listed has that long to move on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from governance.compatibility.who import Reader
from governance.contracts.model import Contract
from governance.errors import MeshError

DEPRECATED = "deprecated"
SUNSET = "sunset"


def sunset(contract: Contract) -> dt.date | None:
    """The last day of a contract's version, or None where it names none.

    Raises
    ------
    MeshError
        The custom property is no date, or the contract that has it is not deprecated.
    """
    value = contract.custom.get(SUNSET)
    if value is None:
        return None
    where = f"{contract.file or contract.product}: customProperties {SUNSET}"
    try:
        day = value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    except ValueError:
        raise MeshError(f"'{value}' is no date such as 2027-03-31", where) from None
    if contract.status.lower() != DEPRECATED:
        raise MeshError(
            f"is for a deprecated version, and the status is {contract.status or 'unsaid'}; write status: {DEPRECATED}",
            where,
        )
    return day.date() if isinstance(day, dt.datetime) else day


def notices(contract: Contract, readers: Sequence[Reader], today: dt.date) -> list[str]:
    """Lines on a deprecated contract: until when, and who reads it; none for any other contract."""
    day = sunset(contract)
    if contract.status.lower() != DEPRECATED:
        return []
    if day is None:
        until = f"deprecated without a last day; add the custom property {SUNSET}"
    elif day < today:
        until = f"deprecated, and its last day was {day}"
    else:
        until = f"deprecated until {day} ({(day - today).days} days)"
    names = ", ".join(sorted(reader.label for reader in readers)) or "nobody known here"
    return [f"{contract.product} {contract.version} is {until}; read by {names}"]
