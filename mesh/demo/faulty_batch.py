"""A faulty delivery made of a good one, to show what curation does with rows that break the contract.

Pure text in, text out: it knows the loan system's CSV (German attribute names, coded values) and no AWS. The
true data in `contracts/data` stays as it is. Deliberately not here: delivering it, and what becomes of it.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Sequence

Row = dict[str, str]
Fault = Callable[[Row], None]

KEY = "antragsnr"


def _set(column: str, value: str) -> Fault:
    def fault(row: Row) -> None:
        row[column] = value

    return fault


FAULTS: tuple[tuple[str, Fault], ...] = (
    ("purpose: must be a known code", _set("verw", "A99")),
    ("amount: must be of type int", _set("hoehe", "12O0")),  # letter O
    ("amount: must be at least 100", _set("hoehe", "-500")),
    ("duration: must not be null", _set("laufzeit", "")),
    ("age: must be at least 18", _set("alter", "7")),
    ("installment_rate: must be one of 1, 2, 3, 4", _set("rate", "9")),
    ("application_id: must match ^A-[0-9]{6}$", _set(KEY, "unbekannt")),
    ("credit_risk: must be a known code", _set("kredit", "3")),
)
"""Rule of the contract -> what is done to a row to break it and no other rule."""

REPEATED = "application_id: must be unique"
"""Rule broken by the last kind of fault: two rows with the same application number."""


def make_faulty_batch(csv_text: str, seed: int, *, rows: int = 60, per_fault: int = 1) -> str:
    """Draw rows from a good delivery, number them anew and break some of them.

    Parameters
    ----------
    csv_text
        Good delivery with a header and the columns of the contract's sources.
    seed
        Same seed, same batch.
    rows
        Rows of the new batch, the faulty ones among them.
    per_fault
        Rows broken in each of the ways of `FAULTS`; as many pairs of rows share an application number.

    Returns
    -------
    str
        CSV with the same header. Its application numbers follow the highest of the good delivery, so that
        both can be curated into one table. :func:`expected_quarantine` says how many of its rows are broken.

    Raises
    ------
    ValueError
        If the batch would have fewer rows than are to be broken.
    """
    reader = csv.DictReader(io.StringIO(csv_text))
    header: Sequence[str] = reader.fieldnames or ()
    good = list(reader)
    broken = expected_quarantine(per_fault)
    if rows < broken or not good:
        raise ValueError(f"a batch with {broken} faulty rows needs at least so many rows, not {rows}")
    generator = random.Random(seed)  # noqa: S311 (a sample, no secret)
    first = max(int(row[KEY].rpartition("-")[2]) for row in good) + 1
    batch = [
        {**row, KEY: f"A-{first + place:06d}"} for place, row in enumerate(generator.choices(good, k=rows))
    ]
    places = iter(generator.sample(range(rows), broken))
    for _, fault in FAULTS:
        for _ in range(per_fault):
            fault(batch[next(places)])
    for _ in range(per_fault):
        batch[next(places)][KEY] = batch[next(places)][KEY]
    for number, row in enumerate(row for row in batch if row[KEY] == "unbekannt"):
        row[KEY] = f"unbekannt-{number}"  # different from each other, so that they break one rule only
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(batch)
    return text.getvalue()


def expected_quarantine(per_fault: int = 1) -> int:
    """Rows of a faulty batch that curation sets aside: one per fault, both of each pair with one number."""
    return per_fault * (len(FAULTS) + 2)
