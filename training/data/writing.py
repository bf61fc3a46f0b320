"""Parquet files of the splits, written by a thread beside the one that splits.

Writing is half the work of a split and leaves Python's lock free, so that two processors share it. At most one batch of
each split waits; the files are the same as if they were written at once. Deliberately not here: which row goes where.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from training import SPLITS


class SplitFiles:
    """One file a split, which appears with its first rows; a context whose end has all of them written.

    Parameters
    ----------
    folder
        Gets a folder for each split.
    name
        Name of the file in each.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.writers: dict[str, Any] = {}
        self.pending: deque[Future[None]] = deque()
        self.thread = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> SplitFiles:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self.thread.shutdown(cancel_futures=kind is not None)
            while self.pending and kind is None:
                self.pending.popleft().result()
        finally:
            for writer in self.writers.values():
                writer.close()

    def write(self, split: str, rows: Any, texts: Sequence[str]) -> None:
        """Append rows to a split; `texts` are the columns whose values repeat.

        Raises
        ------
        OSError
            These or earlier rows cannot be written.
        """
        self.pending.append(self.thread.submit(self._write, split, rows, texts))
        while len(self.pending) > len(SPLITS):
            self.pending.popleft().result()

    def _write(self, split: str, rows: Any, texts: Sequence[str]) -> None:
        import pyarrow.parquet as pq

        if split not in self.writers:
            path = self.folder / split / self.name
            path.parent.mkdir(parents=True)
            # floating point numbers rarely repeat: a dictionary for them costs time and saves nothing
            self.writers[split] = pq.ParquetWriter(
                path, rows.schema, use_dictionary=list(texts), compression="lz4"
            )
        self.writers[split].write_table(rows)
