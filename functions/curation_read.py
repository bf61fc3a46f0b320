"""Curation, reading: what a source system delivers, chunk by chunk, whatever its format.

Columns are checked before any row is read. Deliberately not here: what the values mean (`curation_values`).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from functions.curation_checks import Refused
from functions.curation_values import UNFIT, Digits, json_text

BLOCK_BYTES = 8 << 20
BLOCK_ROWS = 1 << 17
MALFORMED_MAX = 10_000
"""Rows that are no rows at all: beyond this number the file itself is taken to be wrong."""

KINDS = {".csv": ("csv", "txt"), ".json": ("json", "jsonl", "ndjson"), ".parquet": ("parquet",)}
Malformed = dict[int, tuple[str, str]]
"""Rows that could not be split into columns: number -> (what is wrong, the text)."""


def one_line(error: BaseException, limit: int = 300) -> str:
    """First line of an error's text."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:limit]


class Delivery:
    """A delivered file, read as often as needed.

    Parameters
    ----------
    table
        The table's part of the job's specification.
    path
        CSV (`.csv`, `.txt`) or JSON lines (`.json`, `.jsonl`, `.ndjson`), both also gzipped, or Parquet.

    Raises
    ------
    Refused
        If the file is of no known kind, cannot be read, or has other columns than the contract.
    """

    def __init__(self, table: dict[str, Any], path: Path) -> None:
        self.table, self.path = table, path
        self.malformed: Malformed = {}
        self.sources = list(dict.fromkeys(column["source"] for column in table["columns"]))
        self.required = {column["source"] for column in table["columns"] if column["required"]}
        self.kind = self._kind()
        try:
            self.names = self._names()
        except (*UNFIT, OSError, EOFError, LookupError) as error:
            raise self._unreadable(error) from error
        self._check_columns()
        if self.kind == ".json":  # whose keys have no order
            self.names = self.sources
        self.malformed.clear()

    def chunks(self, only: list[str] | None = None) -> Iterator[Any]:
        """Record batches with a column per source name, of `only` some columns if given; fills
        `malformed`."""
        self.malformed.clear()
        try:
            if self.kind == ".parquet":
                with pq.ParquetFile(self.path) as file:
                    yield from file.iter_batches(batch_size=BLOCK_ROWS, columns=only)
            elif self.kind == ".csv":
                yield from self._csv(only)
            else:
                yield from self._json_lines()
        except (*UNFIT, OSError, EOFError, LookupError) as error:
            raise self._unreadable(error) from error

    def _kind(self) -> str:
        name = self.path.name.lower()
        ending = (name[:-3] if name.endswith(".gz") else name).rsplit(".", 1)[-1]
        for kind, endings in KINDS.items():
            if ending in endings:
                return kind
        raise Refused(f"'.{ending}' is no kind of file that can be read; deliver .csv, .jsonl or .parquet")

    def _unreadable(self, error: BaseException) -> Refused:
        form = f"CSV separated by '{self.table['delimiter']}', in {self.table['encoding']}"
        wanted = {".csv": form, ".json": "JSON lines", ".parquet": "Parquet"}[self.kind]
        why = one_line(error)
        if len(self.malformed) > MALFORMED_MAX:
            why = f"more than {MALFORMED_MAX} rows cannot be split into columns"
        return Refused(f"cannot be read ({why}); deliver {wanted}")

    def _names(self) -> list[str]:
        """Names of the delivered columns; of JSON lines those of the first rows."""
        if self.kind == ".parquet":
            return list(pq.read_schema(self.path).names)
        if self.kind == ".csv":
            return list(self._csv(None, block=1 << 20).schema.names)
        seen: dict[str, None] = {}
        with self._lines() as lines:
            for line in islice(lines, BLOCK_ROWS):
                row = _json_object(line)
                seen.update(dict.fromkeys(row or ()))
        # keys that a row need not have are not missed
        return [*seen, *(name for name in self.sources if name not in seen and name not in self.required)]

    def _check_columns(self) -> None:
        missing = [name for name in self.sources if name not in self.names]
        extra = [name for name in self.names if name not in self.sources]
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if not (missing or extra or twice):
            return
        found = [
            f"{what}: {', '.join(names)}"
            for what, names in (
                ("missing columns", missing),
                ("unknown columns", extra),
                ("columns twice", twice),
            )
            if names
        ]
        advice = "deliver the contract's columns, or agree on a new version of the contract"
        delimiter = self.table["delimiter"]
        if self.kind == ".csv" and len(self.names) == 1 and len(self.sources) > 1:
            other = next((mark for mark in ";,\t|" if mark in self.names[0] and mark != delimiter), None)
            if other:
                found = [f"is separated by '{other}', the contract says '{delimiter}'"]
                advice = "deliver it so, or set custom property delimiter of the table in the contract"
        raise Refused(f"{'; '.join(found)}; {advice}")

    def _csv(self, only: list[str] | None, block: int | None = None) -> Any:
        """Streaming reader: all values are text, empty is null, rows of another width are set aside."""

        def set_aside(row: Any) -> str:
            reason = f"has {row.actual_columns} fields instead of {row.expected_columns}"
            self.malformed[row.number - 1] = (reason, row.text)
            return "skip" if len(self.malformed) <= MALFORMED_MAX else "error"

        return csv.open_csv(
            str(self.path),
            # one thread: only then rows have numbers
            csv.ReadOptions(
                use_threads=False, block_size=block or BLOCK_BYTES, encoding=self.table["encoding"]
            ),
            csv.ParseOptions(
                delimiter=self.table["delimiter"], newlines_in_values=True, invalid_row_handler=set_aside
            ),
            csv.ConvertOptions(
                column_types={name: pa.string() for name in self.sources},
                strings_can_be_null=True,
                null_values=[""],
                include_columns=only,
            ),
        )

    def _lines(self) -> Any:
        opened = gzip.open if self.path.name.lower().endswith(".gz") else open
        return opened(str(self.path), "rt", encoding=self.table["encoding"])

    def _json_lines(self) -> Iterator[Any]:
        """Rows of JSON lines as text: numbers keep their digits, nested values stay JSON."""
        number = 0
        schema = pa.schema([pa.field(name, pa.string()) for name in self.sources])
        with self._lines() as lines:
            while block := list(islice(lines, BLOCK_ROWS)):
                rows: dict[str, list[Any]] = {name: [] for name in self.sources}
                for line in block:
                    if not line.strip():
                        continue
                    number += 1
                    row = _json_object(line)
                    if row is None:
                        self.malformed[number] = ("is no JSON object", line.rstrip("\r\n"))
                        if len(self.malformed) > MALFORMED_MAX:
                            raise ValueError("too many rows are no JSON objects")
                        continue
                    if unknown := row.keys() - rows.keys():
                        raise Refused(
                            f"unknown columns in row {number}: {', '.join(sorted(unknown))}; deliver the "
                            "contract's columns, or agree on a new version of the contract"
                        )
                    for name, values in rows.items():
                        value = row.get(name)
                        values.append(_as_delivered(value))
                yield pa.RecordBatch.from_pydict(rows, schema=schema)


def _json_object(line: str) -> dict[str, Any] | None:
    """A line as JSON object, fractions as their digits so that none is lost; None if it is none."""
    try:
        row = json.loads(line, parse_float=Digits)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _as_delivered(value: Any) -> str | None:
    """A value of a JSON row as text; a text is itself."""
    return value if value is None or isinstance(value, str) else json_text(value)
