"""A keyed hash of row keys, vectorised: the number in [0, 1) that decides a row's split.

Owns the hash and the text a key is hashed as; both are fixed for good, since another hash would move rows
between splits (a test pins values). Deliberately not here: what the number is compared with (`split`).

The hash walks over the UTF-8 text of a key in words of eight bytes and puts each through the 64-bit finaliser
of MurmurHash3 (A. Appleby, public domain), which lets every input bit change every output bit with
probability of about one half. It is meant for spreading keys evenly, not for hiding them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xFF51AFD7ED558CCD
_SECOND = 0xC4CEB9FE1A85EC53


def key_text(column: Any) -> Any:
    """The text of a key column as an Arrow large_string array.

    Whole numbers read the same whether they come as integers, decimals or floating point, so that a change of
    the column's type moves no row.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if (pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)) and bool(
        pc.all(pc.or_kleene(pc.equal(pc.floor(column), column), pc.is_null(column))).as_py()
    ):
        column = column.cast(pa.int64())
    return column.cast(pa.large_string())


def hash_keys(columns: Sequence[Any], seed: int) -> Any:
    """Hash rows of one or more key columns to 64 bits.

    Parameters
    ----------
    columns
        Arrow arrays of equal length n without nulls; several columns make one key together.
    seed
        Another seed is another, independent hash.

    Returns
    -------
    numpy.ndarray
        n values of type uint64.
    """
    import numpy as np

    start = int.from_bytes(hashlib.blake2b(str(seed).encode(), digest_size=8).digest(), "little")
    state = np.full(len(columns[0]), start, dtype=np.uint64)
    for column in columns:
        state = _absorb(key_text(column), state)
    return state


def unit_interval(hashes: Any) -> Any:
    """Map 64-bit hashes to floating point numbers in [0, 1), by their upper 53 bits."""
    import numpy as np

    return (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _absorb(text: Any, state: Any) -> Any:
    import numpy as np

    rows = len(text)
    if rows == 0:
        return state
    _, offset_buffer, data_buffer = text.buffers()
    offsets = np.frombuffer(offset_buffer, dtype=np.int64)[text.offset : text.offset + rows + 1]
    data = np.frombuffer(data_buffer, dtype=np.uint8) if data_buffer is not None else np.empty(0, np.uint8)
    padded = np.zeros(int(offsets[-1] - offsets[0]) + 8, dtype=np.uint8)
    padded[:-8] = data[offsets[0] : offsets[-1]]
    # every run of eight bytes as one little-endian word, overlapping: words[i] starts at byte i
    words = np.ndarray(shape=(len(padded) - 7,), dtype="<u8", buffer=padded, strides=(1,))
    keep = np.array([(1 << (8 * count)) - 1 for count in range(9)], dtype=np.uint64)

    begin = offsets[:-1] - offsets[0]
    length = np.diff(offsets)
    state = _mix(state ^ (length.astype(np.uint64) * np.uint64(_GOLDEN)))
    for position in range(0, int(length.max()), 8):
        active = slice(None) if int(length.min()) > position else np.flatnonzero(length > position)
        left = np.minimum(length[active] - position, 8)
        word = words[begin[active] + position] & keep[left]
        state[active] = _mix((state[active] ^ word) + np.uint64(_GOLDEN))
    return state


def _mix(value: Any) -> Any:
    import numpy as np

    value = value ^ (value >> np.uint64(33))
    value = value * np.uint64(_FIRST)
    value = value ^ (value >> np.uint64(33))
    value = value * np.uint64(_SECOND)
    return value ^ (value >> np.uint64(33))
