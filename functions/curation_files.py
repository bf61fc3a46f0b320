"""Curation, files: one delivered file becomes a Parquet file to publish and one to quarantine.

Files are read in chunks, so memory is bounded by the chunk and, where a rule asks for uniqueness, by the
keys. Deliberately not here: where files come from and go to (`curation`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from functions.curation_checks import Refused, check_batch, check_rows, key_of, repeated_keys, row_rules
from functions.curation_read import Delivery, Malformed, one_line
from functions.curation_values import arrow_schema, decode


@dataclass
class Outcome:
    """What became of one delivered file."""

    read: int = 0
    curated: int = 0
    quarantined: int = 0
    rules: dict[str, int] = field(default_factory=dict)
    """Rule -> rows that break it; a row may break several."""

    warnings: dict[str, int] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)
    """Column -> published rows that have a value there."""

    good: Path | None = None
    """Parquet file to publish; None if no row is fit."""

    bad: Path | None = None
    """Parquet file of rows with their original values, `_row` (first data row is 1), `_rule`, and `_raw` for
    rows that could not even be split into columns; None if all rows are fit."""


def curate_file(
    table: dict[str, Any], delivered: Path, folder: Path, notes: dict[str, str] | None = None
) -> Outcome:
    """Decode and check a delivered file; write what is fit and what is not into `folder`.

    Parameters
    ----------
    table
        The table's part of the job's specification.
    delivered
        CSV (`.csv`, `.txt`), JSON lines (`.json`, `.jsonl`, `.ndjson`), the former also gzipped, or Parquet.
    notes
        Key-value metadata for the Parquet files.

    Raises
    ------
    Refused
        If the file cannot be read, has other columns than the contract, or breaks a rule on the batch.
    """
    delivery = Delivery(table, delivered)
    outcome, malformed = Outcome(), delivery.malformed
    schema = arrow_schema(table).with_metadata(notes or {})
    repeated = _repeated(table, delivery)
    good, bad = _Writer(folder / "good.parquet", schema), _Writer(folder / "bad.parquet")
    first, offset = 1, 0
    try:
        for chunk in delivery.chunks():
            rows = list(islice((row for row in count(first) if row not in malformed), chunk.num_rows))
            first = rows[-1] + 1 if rows else first
            masks = {name: mask[offset : offset + chunk.num_rows] for name, mask in repeated.items()}
            offset += chunk.num_rows
            checked = check_rows(table, chunk, masks)
            fit = checked.values.filter(pc.invert(checked.bad)) if checked.broken else checked.values
            good.write(fit.cast(schema))
            for column in fit.column_names:
                filled = len(fit.column(column)) - fit.column(column).null_count
                outcome.filled[column] = outcome.filled.get(column, 0) + filled
            for name, mask in checked.broken:
                outcome.rules[name] = outcome.rules.get(name, 0) + pc.sum(mask).as_py()
            for name, number in checked.warned.items():
                outcome.warnings[name] = outcome.warnings.get(name, 0) + number
            if checked.broken:
                numbers = pa.array(rows, pa.int64()).filter(checked.bad)
                bad.write(_quarantine(chunk.filter(checked.bad), numbers, checked.reasons()))
        if malformed:
            bad.write(_malformed(delivery.names, malformed, outcome.rules))
    finally:
        good.close()
        bad.close()
    outcome.curated, outcome.quarantined = good.rows, bad.rows
    outcome.read = good.rows + bad.rows
    outcome.good, outcome.bad = (good.path if good.rows else None), (bad.path if bad.rows else None)
    if not good.rows:
        pq.write_table(schema.empty_table(), good.path)
    outcome.warnings.update(check_batch(table, good.rows, *_published(table, good.path)))
    return outcome


class _Writer:
    """Parquet file that comes into being with its first rows."""

    def __init__(self, path: Path, schema: Any = None) -> None:
        self.path, self.schema, self.rows = path, schema, 0
        self.file: Any = None

    def write(self, table: Any) -> None:
        if table.num_rows:
            if self.file is None:
                self.schema = self.schema or table.schema
                self.file = pq.ParquetWriter(self.path, self.schema, compression="zstd")
            self.file.write_table(table.cast(self.schema))
            self.rows += table.num_rows

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


def _quarantine(rows: Any, numbers: Any, reasons: Any) -> Any:
    """Rows as they were delivered, with their number and the rules they break."""
    table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
    table = table.append_column("_row", numbers).append_column("_rule", reasons)
    return table.append_column("_raw", pa.nulls(table.num_rows, pa.string()))


def _malformed(names: list[str], malformed: Malformed, rules: dict[str, int]) -> Any:
    """Quarantine table of the rows that could not be split into columns."""
    for reason, _ in malformed.values():
        name = f"row: {reason}"
        rules[name] = rules.get(name, 0) + 1
    columns = {name: pa.nulls(len(malformed), pa.string()) for name in names}
    reasons = pa.array([f"row: {reason}" for reason, _ in malformed.values()], pa.string())
    rows = pa.table(columns).append_column("_row", pa.array(list(malformed), pa.int64()))
    return rows.append_column("_rule", reasons).append_column(
        "_raw", pa.array([text for _, text in malformed.values()], pa.string())
    )


def _repeated(table: dict[str, Any], delivery: Delivery) -> dict[str, Any]:
    """Masks over the whole file for the rules on uniqueness; reads the columns of the keys only."""
    rules = [rule for rule in row_rules(table) if rule["check"] == "unique"]
    names = {name for rule in rules for name in rule["columns"]}
    columns = [column for column in table["columns"] if column["name"] in names]
    keys: dict[str, list[Any]] = {rule["name"]: [] for rule in rules}
    if not rules:
        return {}
    for chunk in delivery.chunks(sorted({column["source"] for column in columns})):
        values = {column["name"]: decode(column, chunk.column(column["source"]))[0] for column in columns}
        for rule in rules:
            keys[rule["name"]].append(key_of(rule, values))
    nothing = pa.array([], pa.bool_())
    return {
        name: repeated_keys(pa.chunked_array(found)) if found else nothing for name, found in keys.items()
    }


def _published(table: dict[str, Any], good: Path) -> tuple[Any, Any]:
    """How rules on the batch look at what would be published: by column, and by SQL under the table's
    name."""

    def query(sql: str) -> Any:
        import duckdb  # only contracts with SQL rules need it
        import pyarrow.dataset

        with duckdb.connect(config={"enable_external_access": "false"}) as connection:
            connection.register(table["name"], pyarrow.dataset.dataset(str(good)))
            try:
                row = connection.execute(sql).fetchone()
            except duckdb.Error as error:
                raise Refused(
                    f"cannot be checked: {one_line(error)} in {sql}; mend the contract's query"
                ) from None
        return row[0] if row else None

    return lambda columns: pq.read_table(good, columns=columns), query
