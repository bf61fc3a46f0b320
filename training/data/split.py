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
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training import SPLITS
from training.config import TrainingConfig
from training.data.arrays import arrow_of
from training.data.hashing import hash_keys, unit_interval
from training.data.labels import LabelReader
from training.data.parts import Part, duplicates, equal_neighbours, merge, refuse_duplicates
from training.data.writing import SplitFiles
from training.features import (
    CATEGORY,
    LABEL,
    FeatureSchema,
    as_category,
    as_number,
    check_name,
    check_once,
    kind_of,
)  # fmt: skip

_SHOWN = 30
"""Columns that an error lists, at most."""

_TRACKED = 100_000
"""Different values of a category counted at a time; beyond it the rarest are forgotten."""


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
    with _partial(destination) as partial:
        part, _ = _split(tables, config, partial, "00000", 1, origin or {}, say)
        schema = merge([part])
        for name in SPLITS:
            _place(partial / name, destination / name, "*.parquet")
    return schema


def split_part(
    tables: Iterable[Any],
    config: TrainingConfig,
    destination: Path,
    *,
    host: str,
    hosts: int,
    origin: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Part:
    """Split one host's share of the rows; like `split_table`, but for one of several hosts.

    The folders get files with the host's name, and ``features/`` its part of the schema; `parts.read_schema`
    merges them. What only all rows can show (classes, empty splits, keys on two hosts) is checked there.
    """
    with _partial(destination) as partial:
        part, hashes = _split(tables, config, partial, host, hosts, origin or {}, say)
        for name in SPLITS:
            _place(partial / name, destination / name, f"part-{host}.parquet")
    part.write(destination / "features", hashes)
    return part


@contextlib.contextmanager
def _partial(destination: Path) -> Iterator[Path]:
    partial = destination / ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _place(source: Path, destination: Path, replaced: str) -> None:
    """Put files where they belong; the folder itself stays, since in a container it may be a mount of its own."""
    destination.mkdir(parents=True, exist_ok=True)
    for old in destination.glob(replaced):
        old.unlink()
    for file in sorted(source.glob("*.parquet")):
        shutil.move(file, destination / file.name)


def _split(
    tables: Iterable[Any],
    config: TrainingConfig,
    partial: Path,
    host: str,
    hosts: int,
    origin: Mapping[str, Any],
    say: Callable[[str], None],
) -> tuple[Part, Any]:
    with SplitFiles(partial, f"part-{host}.parquet") as files:
        splitter = _Splitter(config, partial, files, host)
        for table in tables:
            splitter.add(table)
            say(f"{splitter.total:,} rows split")
    return splitter.finish(hosts, origin)


class _Splitter:
    """Takes batches, writes three files and keeps counts, categories and hashes, but no rows."""

    def __init__(self, config: TrainingConfig, folder: Path, files: SplitFiles, host: str) -> None:
        self.config = config
        self.host = host
        self.folder = folder
        self.files = files
        self.total = 0
        self.unlabelled = 0
        self.kinds: dict[str, str] = {}
        self.columns: tuple[str, ...] = ()
        self.levels: dict[str, Counter[str]] = {}
        self.hashes: list[Any] = []
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
            chosen = output.filter(arrow_of(labelled & (part == index)))
            if len(chosen):
                self._write(name, chosen)

    def finish(self, hosts: int, origin: Mapping[str, Any]) -> tuple[Part, Any]:
        """Check the keys, and give the part and the hashes of its keys, ascending."""
        config = self.config
        hashes = self._checked_hashes()
        described = {
            "key": list(config.key),
            "target": config.target,
            "positive": config.positive,
            "positive_label": config.positive_label,
            "negative_label": config.negative_label,
            "seed": config.seed,
            "table": config.table,
            **{name: list(value) if isinstance(value, tuple) else value for name, value in origin.items()},
        }
        part = Part(
            host=self.host,
            hosts=hosts,
            described=described,
            columns=self.columns,
            kinds=self.kinds,
            values=tuple(sorted(self.labels.values)),
            levels={name: dict(counter) for name, counter in self.levels.items()},
            rows=self.rows,
            unlabelled=self.unlabelled,
            total=self.total,
            max_levels=config.max_levels,
        )
        return part, hashes

    def _start(self, schema: Any) -> None:
        names = list(schema.names)
        for what, wanted in (("target", [self.config.target]), ("key", self.config.key)):
            for name in wanted:
                if name not in names:
                    seen = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
                    raise MeshError(f"the query returns no column '{name}'; this role sees {seen}", what)
        for name in self.config.categorical:
            if name not in names:
                raise MeshError(f"the query returns no column '{name}'", "categorical")
        unused = {self.config.target, *self.config.key, *self.config.exclude}
        for name in (self.config.target, *self.config.key):
            check_once(name, names)
        self.columns = tuple(names)
        for name in names:
            if name not in unused:
                check_name(name, names)
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
        columns[LABEL] = arrow_of(label.astype("int8"))
        return pa.table(columns).unify_dictionaries()

    def _write(self, name: str, rows: Any) -> None:
        import pyarrow.compute as pc

        self.files.write(name, rows, [*self.levels, *self.config.key])
        self.rows[name]["rows"] += len(rows)
        self.rows[name]["positive"] += int(pc.sum(rows.column(LABEL)).as_py())
        if name == "train":
            for column, counter in list(self.levels.items()):
                for pair in pc.value_counts(rows.column(column)).to_pylist():
                    if pair["values"] is not None:
                        counter[pair["values"]] += pair["counts"]
                if len(counter) > _TRACKED:
                    self.levels[column] = Counter(dict(counter.most_common(_TRACKED // 2)))

    def _check_keys(self, table: Any) -> None:
        import pyarrow.compute as pc

        for name in self.config.key:
            nulls = pc.sum(pc.is_null(table.column(name), nan_is_null=True)).as_py()
            if nulls:
                raise MeshError(
                    f"has {nulls} rows without a value; every row needs its key", f"key column {name}"
                )

    def _checked_hashes(self) -> Any:
        import numpy as np

        hashes = np.concatenate(self.hashes) if self.hashes else np.empty(0, np.uint64)
        self.hashes.clear()
        hashes.sort()
        twice = equal_neighbours(hashes)
        if len(twice):
            folders = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
            chunk = self.config.chunk_rows
            found = duplicates(folders, self.config.key, self.config.seed, twice, chunk)
            refuse_duplicates(found or [], self.config.key)
        return hashes
