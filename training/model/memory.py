"""How much of the rows a fit keeps in memory: all of their bins, or one batch at a time from disk.

XGBoost holds each value of the training rows as its bin, twice. Where that is more than a share of the machine's memory,
bins and validation rows lie in a folder of their own while the fit runs: the model is the same, byte for byte, and a
round takes about twice as long. What is left in memory is some fifty bytes a row, however many features there are.
Deliberately not here: the matrices themselves (`booster`, `boosting`).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

SHARE = 4
"""Bins may take one part of the memory in so many."""

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@contextlib.contextmanager
def scratch(rows: int, features: int, max_bin: int, memory_mb: int | None = None) -> Iterator[Path | None]:
    """A folder for bins that memory does not hold, gone at the end; None when it holds them.

    Parameters
    ----------
    rows, features, max_bin
        What this host fits.
    memory_mb
        Megabytes that bins may take; by default `SHARE` of what this machine, or the container, has.
    """
    room = available() // SHARE if memory_mb is None else memory_mb * 2**20
    if taken(rows, features, max_bin) <= room:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="bins-") as folder:
        yield Path(folder)


def taken(rows: int, features: int, max_bin: int) -> int:
    """Bytes of the bins: by row and by column, a byte each or two."""
    return 2 * rows * features * (1 if max_bin <= 256 else 2)


def available() -> int:
    """Bytes of memory of this machine, or of the container where that has fewer."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in _LIMITS:
        with contextlib.suppress(OSError, ValueError):
            physical = min(physical, int(Path(path).read_text(encoding="ascii")))
    return physical


def megabytes(text: str) -> int:
    """A flag's value."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' must be a whole number from 0")
    return int(text)
