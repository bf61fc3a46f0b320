"""The rows of a Glue table as an Arrow dataset, whatever format its objects have.

Owns file formats (Parquet, delimited text, JSON lines), Hive partitions and the count of scanned bytes.
Parquet is read lazily: only the columns and partitions that the engine asks for. Deliberately not here: which
columns may be asked for (plan) and object access (objects).
"""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import duckdb
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.dataset as pads
import pyarrow.json as pajson
import pyarrow.parquet as pq

from local.cloud.athena import objects as athena_objects
from local.cloud.athena.catalog import CatalogTable
from local.cloud.athena.errors import QueryCancelled, QueryFailed, named
from local.cloud.athena.objects import S3Object
from local.cloud.athena.types import arrow_type, lowered

SCAN_LIMIT = "Bytes scanned limit was exceeded"


class Meter:
    """Bytes scanned by one query; cancels it over the workgroup's limit.

    Parameters
    ----------
    limit
        BytesScannedCutoffPerQuery, or None.
    """

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.bytes = 0
        self.cancelled = False
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        """Count bytes; QueryCancelled over the limit, at which the count is held as Athena reports it."""
        with self._lock:
            self.bytes += count
            if self.limit is not None and self.bytes > self.limit:
                self.bytes, self.cancelled = self.limit, True
        if self.cancelled:
            raise QueryCancelled(SCAN_LIMIT)


def dataset(table: CatalogTable, columns: Sequence[str], meter: Meter, only: str = "") -> Any:
    """Return an Arrow dataset of the table's columns.

    Parquet files are handed to Arrow as buffers: its own threads must never have to wait for Python's lock, since
    the engine may hold that lock while it waits for them.

    Parameters
    ----------
    table
        The table in its owner's catalog.
    columns
        Columns that will be read, partition keys included; only these are counted.
    meter
        Counts the bytes that reading them takes.
    only
        Condition on partition keys, as DuckDB's SQL; other partitions are not opened.
    """
    types = {name: arrow_type(kind) for name, kind in table.all_columns.items() if name in columns}
    parts = _chosen(table, _partitions(table), only)
    if table.format != "parquet":
        tables = [
            _with_keys(_text(table, each, types, meter), keys, types)
            for location, keys in parts
            for each in athena_objects.listing(location)
        ]
        return pads.dataset(pa.concat_tables(tables) if tables else _schema(types).empty_table())
    return _parquet(table, parts, types, meter)


def _schema(types: Mapping[str, Any]) -> Any:
    """Return the schema of the columns; a table of no columns still has rows, which `?` stands for."""
    return pa.schema([pa.field(name, kind) for name, kind in types.items()] or [pa.field("?", pa.bool_())])


def _parquet(
    table: CatalogTable, parts: list[tuple[str, dict[str, str]]], types: dict[str, Any], meter: Meter
) -> Any:
    types, form = dict(types), pads.ParquetFileFormat()
    fragments, renamed = [], []
    for location, keys in parts:
        where = _expression(keys, types)
        for each in athena_objects.listing(location):
            body = athena_objects.read(each.bucket, each.key)
            size, names, plain = _inspect(body, each, table, types)
            meter.add(size)
            if plain:
                fragments.append(form.make_fragment(pa.py_buffer(body), partition_expression=where))
            else:
                rows = pq.read_table(pa.BufferReader(body), columns=names)
                lower = pa.schema([(field.name.lower(), lowered(field.type)) for field in rows.schema])
                chunks = [
                    [part.view(field.type) for part in column.chunks]
                    for field, column in zip(lower, rows.columns, strict=True)
                ]
                rows = pa.table(
                    [pa.chunked_array(parts, field.type) for field, parts in zip(lower, chunks, strict=True)],
                    schema=lower,
                )
                renamed.append((rows, keys))
    schema = _schema(types)
    files = pads.FileSystemDataset(fragments, schema, form)
    if not renamed:
        return files
    tables = [_with_keys(rows, keys, types) for rows, keys in renamed]
    return pads.UnionDataset(schema, [files, *(pads.dataset(each) for each in tables)])


def _chosen(
    table: CatalogTable, parts: list[tuple[str, dict[str, str]]], only: str
) -> list[tuple[str, dict[str, str]]]:
    """Return the partitions that a condition on the partition keys lets through."""
    if not only or not table.partition_keys or not parts:
        return parts
    types = {name: arrow_type(kind) for name, kind in table.partition_keys.items()}
    values = {name: pa.array([keys[name] for _, keys in parts]).cast(kind) for name, kind in types.items()}
    connection = duckdb.connect(":memory:")
    try:
        connection.register("parts", pa.table({**values, "?": range(len(parts))}))
        found = connection.execute(f'SELECT "?" FROM parts WHERE {only}').fetchall()
    finally:
        connection.close()
    return [parts[number] for (number,) in sorted(found)]


def _inspect(
    body: bytes, each: S3Object, table: CatalogTable, schema: dict[str, Any]
) -> tuple[int, list[str], bool]:
    """Return the compressed bytes, the file's names of the wanted columns, and whether all names are lower case.

    The schema is given the file's unit of time where a timestamp is declared; incompatible types are refused.
    """
    footer = pq.ParquetFile(pa.BufferReader(body))
    found = {field.name.lower(): field for field in footer.schema_arrow}
    for name, kind in schema.items():
        if name in found and name in table.columns:
            schema[name] = _agreed(name, kind, found[name].type, each)
    data = footer.metadata
    total = 0
    for group in range(data.num_row_groups):
        chunks = data.row_group(group)
        for index in range(chunks.num_columns):
            chunk = chunks.column(index)
            if chunk.path_in_schema.split(".")[0].lower() in schema:
                total += chunk.total_compressed_size
    fields = [field for name, field in found.items() if name in schema]
    plain = all(field.name == field.name.lower() and field.type == lowered(field.type) for field in fields)
    return total, [field.name for field in fields], plain


def _agreed(name: str, wanted: Any, found: Any, each: S3Object) -> Any:
    if pa.types.is_dictionary(found):
        found = found.value_type
    if pa.types.is_timestamp(wanted) and pa.types.is_timestamp(found):
        return found
    text = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    if any(test(wanted) for test in text) != any(test(found) for test in text) and not pa.types.is_null(
        found
    ):
        raise named(
            "HIVE_BAD_DATA",
            f"Field {name}'s type {found} in parquet file {each.uri} is incompatible with type {wanted} "
            "defined in table schema",
        )
    return wanted


def _expression(keys: Mapping[str, str], types: Mapping[str, Any]) -> Any:
    where = None
    for name, value in keys.items():
        if name in types:
            test = pads.field(name) == pa.scalar(value).cast(types[name])
            where = test if where is None else where & test
    return where


def _partitions(table: CatalogTable) -> list[tuple[str, dict[str, str]]]:
    """Return location and key values of each registered partition; one without keys if unpartitioned."""
    if not table.partition_keys:
        return [(table.location, {})]
    return [
        (location or _hive_location(table, values), dict(zip(table.partition_keys, values, strict=True)))
        for location, values in table.partitions
    ]


def _hive_location(table: CatalogTable, values: Sequence[str]) -> str:
    steps = "/".join(f"{key}={value}" for key, value in zip(table.partition_keys, values, strict=True))
    return f"{table.location.rstrip('/')}/{steps}"


def hive_values(key: str, names: Sequence[str]) -> list[str] | None:
    """Return the partition values in a key such as `.../dt=2020/a.parquet`, or None when some lack."""
    found = dict(step.split("=", 1) for step in key.split("/")[:-1] if "=" in step)
    lowered = {name.lower(): unquote(value) for name, value in found.items()}
    return [lowered[name] for name in names] if all(name in lowered for name in names) else None


def _with_keys(rows: Any, keys: Mapping[str, str], types: Mapping[str, Any]) -> Any:
    """Return rows with the partition's values as columns, in the schema of `types`; nulls where a file lacks one."""
    known = {name: rows[name] for name in rows.schema.names}
    known.update({name: pa.array([value] * len(rows), pa.string()) for name, value in keys.items()})
    schema = _schema(types)
    columns = [
        known[field.name].cast(field.type) if field.name in known else pa.nulls(len(rows), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _text(table: CatalogTable, each: S3Object, types: Mapping[str, Any], meter: Meter) -> Any:
    """Return the rows of one text or JSON object; a value that does not parse is null, as in Hive."""
    meter.add(each.size)
    body = athena_objects.read(each.bucket, each.key)
    source = pa.input_stream(
        io.BytesIO(body), compression="gzip" if each.key.endswith(".gz") else None
    ).read()
    own = [name for name in types if name in table.columns]
    if table.format == "json":
        schema = pa.schema([(name, arrow_type(kind)) for name, kind in table.columns.items()])
        options = pajson.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        return pajson.read_json(io.BytesIO(source), parse_options=options).select(own or [])
    names = list(table.columns)
    skip = int(table.parameters.get("skip.header.line.count", "0"))
    quote = table.serde_parameters.get("quoteChar", '"') if "OpenCSV" in table.serde else False
    separator = (
        table.serde_parameters.get("separatorChar") or table.serde_parameters.get("field.delim") or ","
    )
    try:
        rows = pacsv.read_csv(
            io.BytesIO(source),
            read_options=pacsv.ReadOptions(column_names=names, skip_rows=skip),
            parse_options=pacsv.ParseOptions(
                delimiter=separator, quote_char=quote, newlines_in_values=bool(quote)
            ),
            convert_options=pacsv.ConvertOptions(column_types={name: pa.string() for name in names}),
        )
    except pa.ArrowInvalid as error:
        raise QueryFailed(f"HIVE_BAD_DATA: Error parsing {each.uri}: {error}", "HIVE_BAD_DATA") from None
    if not own:
        return pa.table({"?": pa.nulls(rows.num_rows, pa.bool_())})
    return pa.table({name: _lenient(rows.column(name), types[name]) for name in own})


def _lenient(column: Any, kind: Any) -> Any:
    """Return text as a type; what does not parse is null."""
    if kind == pa.string():
        return column
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        values = []
        for value in column.to_pylist():
            try:
                values.append(pa.scalar(value).cast(kind).as_py() if value else None)
            except pa.ArrowInvalid:
                values.append(None)
        return pa.array(values, kind)
