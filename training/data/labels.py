"""Reading a binary target: which rows are positive, and that there are exactly two values.

Deliberately not here: what the classes mean; the configuration names the positive value and the words for
both.
"""

from __future__ import annotations

from typing import Any

from governance.errors import MeshError
from training.data.arrays import numpy_of

_SHOWN = 5
_NO_NUMBER = "nan"


class LabelReader:
    """Turns a target column into 1 (positive), 0 (the other value) and -1 (null, not a number), batch by batch.

    Parameters
    ----------
    target
        Name of the column, for errors.
    positive
        The positive value as text: ``0``, ``bad``, ``true``.
    """

    def __init__(self, target: str, positive: str) -> None:
        self.target = target
        self.positive = canonical(positive)
        self.values: set[str] = set()

    def read(self, column: Any) -> Any:
        """Labels of one batch as an int8 array.

        Raises
        ------
        MeshError
            A third value turned up.
        """
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        used = set(pc.unique(encoded.indices).to_pylist()) - {None}
        texts = [canonical(value) for value in encoded.dictionary.to_pylist()]
        missing = {index for index, text in enumerate(texts) if text == _NO_NUMBER}
        self.values |= {texts[index] for index in used - missing}
        if len(self.values) > 2:
            self._refuse(f"it has {len(self.values)} or more values")
        lookup = np.array([text == self.positive for text in texts] + [-1], dtype=np.int8)
        lookup[list(missing)] = -1
        return lookup[numpy_of(encoded.indices, -1)]  # the last entry stands for null

    def finish(self) -> None:
        """Check, once all rows were read, that there were two values and the positive one was among them.

        Raises
        ------
        MeshError
            There were fewer than two values, or the positive one never came.
        """
        if len(self.values) > 2:
            self._refuse(f"it has {len(self.values)} or more values")
        if len(self.values) < 2:
            self._refuse(f"it has only {len(self.values)}")
        if self.positive not in self.values:
            raise MeshError(
                f"'{self.positive}' never occurs in '{self.target}'; its values are {self._listed()}",
                "positive",
            )

    def _refuse(self, what: str) -> None:
        raise MeshError(
            f"is not binary: {what} ({self._listed()}); a target has two values", f"target {self.target}"
        )

    def _listed(self) -> str:
        shown = sorted(self.values)
        return ", ".join(shown[:_SHOWN]) + (", ..." if len(shown) > _SHOWN else "") or "none"


def canonical(value: Any) -> str:
    """One text per value whatever type a system delivers it in: 1, 1.0, Decimal(1) and '1' are all '1'."""
    text = str(value).strip()
    if text.lower() in ("true", "false"):
        return text.lower()
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else str(number)
