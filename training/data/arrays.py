"""Arrow arrays as numpy ones and back, over the same memory.

Arrow's own ways (``to_numpy``, ``pyarrow.array``) import pandas to see whether it is meant, which takes longer than
preprocessing a hundred thousand rows; nothing in a job needs pandas. Deliberately not here: what the values mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_NAMES = {"halffloat": "float16", "float": "float32", "double": "float64"}
"""Arrow's names of types where numpy has others."""


def numpy_of(column: Any, missing: Any = None) -> Any:
    """Values of an Arrow array or chunked array of whole or floating point numbers.

    Parameters
    ----------
    column
        Its values are not to be written to: they may be Arrow's own.
    missing
        What stands for null, in the column's own type.
    """
    import numpy as np
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    dtype = np.dtype(_NAMES.get(str(column.type), str(column.type)))
    buffer = column.buffers()[1]
    values = np.frombuffer(buffer, dtype)[column.offset :][: len(column)] if buffer else np.empty(0, dtype)
    if not column.null_count:
        return values
    return np.where(numpy_of(column.is_null().cast(pa.uint8())), dtype.type(missing), values)


def arrow_of(values: Any, absent: Any = None) -> Any:
    """Arrow array of a numpy array of numbers or booleans; null where `absent` is true."""
    import numpy as np
    import pyarrow as pa

    logical = values.dtype == np.bool_
    data = _bits(values) if logical else pa.py_buffer(np.ascontiguousarray(values))
    validity = None if absent is None or not absent.any() else _bits(~absent)
    kind = pa.bool_() if logical else pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [validity, data])


def scalar_of(value: float, dtype: str = "float64") -> Any:
    """Arrow scalar of a number."""
    import numpy as np

    return arrow_of(np.array([value], dtype))[0]


def texts(values: Sequence[str]) -> Any:
    """Arrow array of texts."""
    import numpy as np
    import pyarrow as pa

    content = [value.encode() for value in values]
    offsets = np.concatenate([[0], np.cumsum([len(value) for value in content])]).astype(np.int32)
    return pa.StringArray.from_buffers(len(content), pa.py_buffer(offsets), pa.py_buffer(b"".join(content)))


def _bits(flags: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    return pa.py_buffer(np.packbits(flags, bitorder="little"))
