"""What a pipeline reads of an evaluation besides its measures: the distance to the champion, and the columns.

A condition compares two numbers and cannot subtract, and a value of a model package's metadata is short, so both are
made here. Runs in the container. Deliberately not here: the conditions themselves (`pipelines.register`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"[\w.:/=+@-]+")
"""What a value may hold beside the blank (SageMaker API, CustomerMetadataProperties)."""
SLOTS = 4
"""Values of the metadata that name columns."""
LONGEST = 256
"""Characters of one value (SageMaker API, CustomerMetadataProperties)."""
NOTHING = "-"
"""Value of a slot that names no column, since SageMaker takes no empty one."""


def gate_values(report: Mapping[str, Any], columns: Sequence[str], champion_auc: float) -> dict[str, Any]:
    """`champion` and `columns` for an evaluation.

    Parameters
    ----------
    report
        The evaluation, with ``metrics.auc.value``.
    columns
        What the model was made of: key, target and features.
    champion_auc
        Area under the ROC curve of the approved model; 0 when there is none.

    Returns
    -------
    dict
        ``champion.worse_by`` is how far the area lies below the champion's, 0 where it does not; ``columns`` maps
        slot numbers to names separated by blanks.
    """
    auc = report["metrics"]["auc"]["value"]
    return {
        "champion": {"auc": champion_auc, "worse_by": max(0.0, champion_auc - auc)},
        "columns": {str(slot): text for slot, text in enumerate(in_slots(columns))},
    }


def in_slots(columns: Sequence[str]) -> list[str]:
    """Column names in as many texts as there are slots; none at all where they do not fit, or a name has a blank
    or a sign that metadata may not hold.

    Half a list would pass for a whole one; without any, readers turn to the lineage in the evaluation.
    """
    texts = [""]
    for name in columns:
        joined = f"{texts[-1]} {name}".strip()
        if len(joined) > LONGEST:
            texts.append(name)
        else:
            texts[-1] = joined
    fit = len(texts) <= SLOTS and all(len(name) <= LONGEST and _PLAIN.fullmatch(name) for name in columns)
    return [*(texts if fit else []), *[NOTHING] * SLOTS][:SLOTS]
