"""Splitting a table into train, validation and test by the hash of its key, one bounded batch after another.

Why a hash of (seed, key). A row's split depends on its own key and on nothing else, so the three splits are
disjoint for the same reason that a function has one value; adding, removing or reordering rows moves no other
row. The hash is independent of the label, so each class is split in the same proportions in expectation (n
rows of a class put n x share of them into a split, give or take sqrt(n x share x (1 - share))): stratified
without a look at the label. An exact quota per class would need to know all rows, and a new row could then
move an old one from test to train.

Categories are collected from the training rows alone. Deliberately not here: where the batches come from.
"""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training.config import SPLITS, TrainingConfig
from training.features import (
    CATEGORY,
    LABEL,
    Feature,
    FeatureSchema,
    as_category,
    as_number,
    batches,
    kind_of,
)
from training.hashing import hash_keys, unit_interval
from training.labels import LabelReader


def split_table(
    tables: Iterable[Any],
    config: TrainingConfig,
    destination: Path,
    *,
    origin: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> FeatureSchema:
    """Split batches of rows into Parquet files and fit the feature schema on the training rows.

    Parameters
    ----------
    tables
        Arrow tables or record batches of one schema.
    config
        Target, key, columns, fractions and seed.
    destination
        Folder that gets ``train/``, ``validation/`` and ``test/``, each with one Parquet file: the key, the
        features and the label. Written beside and moved into place when all is well.
    origin
        Fields of the schema that say where the rows came from (product, table, query ids, contract version).
    say
        Receives a progress line per batch.

    Returns
    -------
    FeatureSchema
        With row counts; the caller writes it to disk.

    Raises
    ------
    MeshError
        A column is missing or of no usable type, the target is not binary, a key is null or occurs twice,
        a split is empty or lacks a class, or there are no rows.
    """
    partial = destination / ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with contextlib.ExitStack() as files:
            splitter = _Splitter(config, partial, files)
            for table in tables:
                splitter.add(table)
                say(f"{splitter.total:,} rows split")
        schema = splitter.finish(origin or {})
        for name in SPLITS:
            shutil.rmtree(destination / name, ignore_errors=True)
            (partial / name).rename(destination / name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return schema


class _Splitter:
    """Takes batches, writes three files and keeps counts, categories and hashes, but no rows."""

    def __init__(self, config: TrainingConfig, folder: Path, files: contextlib.ExitStack) -> None:
        self.config = config
        self.folder = folder
        self.files = files
        self.total = 0
        self.unlabelled = 0
        self.kinds: dict[str, str] = {}
        self.columns: tuple[str, ...] = ()
        self.levels: dict[str, Counter[str]] = {}
        self.hashes: list[Any] = []
        self.writers: dict[str, Any] = {}
        self.rows = {name: {"rows": 0, "positive": 0} for name in SPLITS}
        self.labels = LabelReader(config.target, config.positive)

    def add(self, table: Any) -> None:
        """Split one batch."""
        import numpy as np
        import pyarrow as pa

        if not self.kinds:
            self._start(table.schema)
        if isinstance(table, pa.RecordBatch):
            table = pa.Table.from_batches([table])
        self._check_keys(table)
        self.total += len(table)
        label = self.labels.read(table.column(self.config.target))
        labelled = label >= 0
        self.unlabelled += int((~labelled).sum())
        hashes = hash_keys([table.column(name) for name in self.config.key], self.config.seed)
        self.hashes.append(hashes)
        bounds = np.cumsum(self.config.fractions)[:-1]
        part = np.searchsorted(bounds, unit_interval(hashes), side="right")

        output = self._output(table, label)
        for index, name in enumerate(SPLITS):
            chosen = output.filter(pa.array(labelled & (part == index)))
            if len(chosen):
                self._write(name, chosen)

    def finish(self, origin: Mapping[str, Any]) -> FeatureSchema:
        """Check what only all rows together can show, and give the schema."""
        if self.total == 0:
            raise MeshError("there are no rows to split", self.config.table)
        self.labels.finish()
        self._check_duplicates()
        for name, counts in self.rows.items():
            self._check_split(name, counts)
        features = tuple(
            Feature(name=name, kind=kind, levels=self._kept_levels(name) if kind == CATEGORY else ())
            for name, kind in self.kinds.items()
        )
        return FeatureSchema(
            features=features,
            key=self.config.key,
            target=self.config.target,
            positive=self.config.positive,
            positive_label=self.config.positive_label,
            negative_label=self.config.negative_label,
            columns_seen=self.columns,
            rows=self.rows,
            unlabelled=self.unlabelled,
            seed=self.config.seed,
            **origin,
        )

    def _start(self, schema: Any) -> None:
        names = list(schema.names)
        for what, wanted in (("target", [self.config.target]), ("key", self.config.key)):
            for name in wanted:
                if name not in names:
                    seen = ", ".join(names)
                    raise MeshError(f"the query returns no column '{name}'; this role sees {seen}", what)
        for name in self.config.categorical:
            if name not in names:
                raise MeshError(f"the query returns no column '{name}'", "categorical")
        unused = {self.config.target, *self.config.key, *self.config.exclude}
        self.columns = tuple(names)
        for name in names:
            if name not in unused:
                forced = name in self.config.categorical
                self.kinds[name] = kind_of(name, schema.field(name).type, categorical=forced)
        if not self.kinds:
            raise MeshError("no column is left to learn from", "exclude")
        self.levels = {name: Counter() for name, kind in self.kinds.items() if kind == CATEGORY}

    def _output(self, table: Any, label: Any) -> Any:
        import pyarrow as pa

        columns = {name: table.column(name) for name in self.config.key}
        for name, kind in self.kinds.items():
            column = table.column(name)
            columns[name] = as_category(column) if kind == CATEGORY else as_number(column, kind)
        columns[LABEL] = pa.array(label.astype("int8"))
        return pa.table(columns).unify_dictionaries()

    def _write(self, name: str, rows: Any) -> None:
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        if name not in self.writers:
            path = self.folder / name / "part-00000.parquet"
            path.parent.mkdir(parents=True)
            texts = [*self.levels, *self.config.key]
            # floating point numbers rarely repeat: a dictionary for them costs time and saves nothing
            writer = pq.ParquetWriter(path, rows.schema, use_dictionary=texts, compression="lz4")
            self.writers[name] = self.files.enter_context(writer)
        self.writers[name].write_table(rows)
        self.rows[name]["rows"] += len(rows)
        self.rows[name]["positive"] += int(pc.sum(rows.column(LABEL)).as_py())
        if name == "train":
            for column, counter in self.levels.items():
                for pair in pc.value_counts(rows.column(column)).to_pylist():
                    if pair["values"] is not None:
                        counter[pair["values"]] += pair["counts"]

    def _kept_levels(self, name: str) -> tuple[str, ...]:
        ranked = sorted(self.levels[name].items(), key=lambda item: (-item[1], item[0]))
        return tuple(sorted(level for level, _ in ranked[: self.config.max_levels]))

    def _check_keys(self, table: Any) -> None:
        for name in self.config.key:
            nulls = table.column(name).null_count
            if nulls:
                raise MeshError(
                    f"has {nulls} rows without a value; every row needs its key", f"key column {name}"
                )

    def _check_duplicates(self) -> None:
        import numpy as np

        hashes = np.sort(np.concatenate(self.hashes))
        twice = hashes[1:][hashes[1:] == hashes[:-1]]
        if not len(twice):
            return
        # equal hashes are almost surely equal keys; "almost" is not good enough for an error message
        counts: Counter[tuple[Any, ...]] = Counter()
        keys = list(self.config.key)
        for folder in sorted(self.folder.iterdir()):
            for batch in batches(folder, keys, self.config.chunk_rows, plain=keys):
                columns = [batch.column(name) for name in keys]
                suspect = np.isin(hash_keys(columns, self.config.seed), twice)
                found = batch.filter(suspect).to_pydict()
                counts.update(zip(*(found[name] for name in keys), strict=True))
        doubled = sorted((key for key, count in counts.items() if count > 1), key=str)
        if doubled:
            example = ", ".join(str(part) for part in doubled[0])
            many = f"{len(doubled)} values occur" if len(doubled) > 1 else "one value occurs"
            where = f"key column {', '.join(keys)}"
            raise MeshError(f"{many} more than once, for example {example}; a key names one row", where)

    def _check_split(self, name: str, counts: Mapping[str, int]) -> None:
        rows, positive = counts["rows"], counts["positive"]
        where = f"split {name}"
        if rows == 0:
            raise MeshError(f"is empty: {self.total} rows are too few for this share; enlarge it", where)
        if positive in (0, rows):
            missing = self.config.positive_label if positive == 0 else self.config.negative_label
            raise MeshError(f"has {rows} rows and none of class '{missing}'; enlarge it or add rows", where)
