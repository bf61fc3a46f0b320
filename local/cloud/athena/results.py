"""Results of statements: the objects Athena leaves in S3 and the answers of GetQueryResults.

Owns the CSV and text files, their `.metadata` companions, manifests, and paging. The `.metadata` file is a
Protocol Buffers message without a published schema; the field numbers are those that the open JDBC driver of
burtcorp reads (`AthenaMetaDataParser`): 1 the query id, 4 one message per column. Deliberately not here:
running (run).
"""

from __future__ import annotations

import datetime
import gzip
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from local.cloud.athena import objects as athena_objects
from local.cloud.athena.errors import QueryFailed, named
from local.cloud.athena.types import column_info, text_of

_GZIP = b"\x1f\x8b"
_NULLABLE = {"NOT_NULL": 1, "NULLABLE": 2, "UNKNOWN": 3}


def rows_of(table: pa.Table) -> list[list[str | None]]:
    """Return the rows as text, column by column."""
    columns = [_texts(column) for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)] if columns else []


def _texts(column: Any) -> list[str | None]:
    """Return a column as text; the types whose text Arrow writes like Athena are done by Arrow at once."""
    kind = column.type
    if any(
        test(kind)
        for test in (pa.types.is_integer, pa.types.is_boolean, pa.types.is_date, pa.types.is_string)
    ):
        found: list[str | None] = column.cast(pa.string()).to_pylist()
        return found
    return [text_of(value) for value in column.to_pylist()]


def infos_of(table: pa.Table) -> list[dict[str, Any]]:
    """Return the ColumnInfo of each column."""
    return [column_info(field.name, field.type) for field in table.schema]


def csv_of(names: list[str], rows: list[list[str | None]]) -> bytes:
    """Return the result file: a header, every value in quotes, a null as nothing at all."""
    lines = [",".join(_quoted(name) for name in names)]
    lines += [",".join(_quoted(value) for value in row) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def _quoted(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def text_file(rows: list[list[str | None]]) -> bytes:
    """Return the result file of DDL: tab-separated, without a header."""
    return "".join("\t".join(value or "" for value in row) + "\n" for row in rows).encode()


def metadata_of(query_id: str, infos: list[dict[str, Any]]) -> bytes:
    """Return the `.metadata` companion."""
    body = _bytes(1, query_id.encode())
    for info in infos:
        column = _bytes(1, info["CatalogName"].encode())
        column += (
            _bytes(4, info["Name"].encode())
            + _bytes(5, info["Label"].encode())
            + _bytes(6, info["Type"].encode())
        )
        column += _varint(7, info["Precision"]) + _varint(8, info["Scale"])
        column += _varint(9, _NULLABLE[info["Nullable"]]) + _varint(10, int(info["CaseSensitive"]))
        body += _bytes(4, column)
    return body


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _varint(field: int, value: int) -> bytes:
    return _number(field << 3) + _number(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _number(field << 3 | 2) + _number(len(value)) + value


def page(
    infos: list[dict[str, Any]], rows: list[list[str | None]], header: bool, start: int, size: int
) -> dict[str, Any]:
    """Return one page of GetQueryResults; the header counts as the first row of the first page."""
    names: list[list[str | None]] = [[str(info["Name"]) for info in infos]] if header else []
    every = names + rows
    data = [
        {"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
        for row in every[start : start + size]
    ]
    answer: dict[str, Any] = {
        "ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": infos}},
        "UpdateCount": 0,
    }
    if start + size < len(every):
        answer["NextToken"] = str(start + size)
    return answer


def write_data(
    location: str, table: pa.Table, options: dict[str, str], query_id: str, account: str | None = None
) -> list[str]:
    """Write rows as UNLOAD and CREATE TABLE AS do, one object per partition; return the URIs.

    Parameters
    ----------
    location
        `s3://bucket/prefix/`; must be empty unless Lake Formation gives the credentials (`account` None).
    options
        `format` (parquet, textfile, csv, json), `compression`, `field_delimiter`, `partitioned_by`.
    """
    location = location.rstrip("/") + "/"
    if account is not None and athena_objects.listing(location):
        raise named(
            "HIVE_PATH_ALREADY_EXISTS", f"Target directory for table already exists: {location.rstrip('/')}"
        )
    keys = [key for key in options.get("partitioned_by", "").lower().split(",") if key]
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d_%H%M%S")
    name = f"{stamp}_00000_{query_id[:5]}_{query_id}"
    written = []
    for steps, part in _split(table, keys):
        body = encoded(part, options)
        uri = f"{location}{steps}{name}{'.gz' if body[:2] == _GZIP else ''}"
        athena_objects.write(uri, body, account)
        written.append(uri)
    return written


def _split(table: pa.Table, keys: list[str]) -> list[tuple[str, pa.Table]]:
    if not keys:
        return [("", table)]
    if table.schema.names[-len(keys) :] != keys:
        raise named(
            "INVALID_TABLE_PROPERTY", f"Partition columns must be the last columns of the query: {keys}"
        )
    parts = []
    for values in table.select(keys).group_by(keys).aggregate([]).to_pylist():
        mask = None
        for key, value in values.items():
            test = pc.equal(table[key], pa.scalar(value, table[key].type))
            mask = test if mask is None else pc.and_(mask, test)
        steps = "".join(f"{key}={text_of(value)}/" for key, value in values.items())
        parts.append((steps, table.filter(mask).drop_columns(keys)))
    return parts


def encoded(table: pa.Table, options: dict[str, str]) -> bytes:
    """Return rows in the wanted format.

    Text is compressed by gzip as in Athena. Parquet is compressed by snappy unless the statement says
    otherwise; Athena takes gzip, which readers do not notice and which costs seconds here.
    """
    form = options.get("format", "parquet").lower()
    chosen = (options.get("compression") or options.get("write_compression") or "").lower()
    plain = chosen in ("none", "uncompressed")
    if form == "parquet":
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="none" if plain else chosen or "snappy")
        return sink.getvalue()
    if form in ("textfile", "csv"):
        delimiter = options.get("field_delimiter", "\x01" if form == "textfile" else ",")
        lines = [delimiter.join("\\N" if value is None else value for value in row) for row in rows_of(table)]
    elif form == "json":
        rows = ({key: value for key, value in row.items() if value is not None} for row in table.to_pylist())
        lines = [json.dumps(row, default=text_of) for row in rows]
    else:
        raise QueryFailed(f"NOT_SUPPORTED: format {form.upper()} is not served here", "NOT_SUPPORTED")
    body = "".join(f"{line}\n" for line in lines).encode()
    return body if plain else gzip.compress(body, mtime=0)
