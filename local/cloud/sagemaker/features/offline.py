"""The offline store of the embedded Feature Store: Parquet files by the hour of the event time.

Owns the files' names, columns and types. Deliberately not here: which records come (records). Files are
there when the call returns, one per call and hour; AWS buffers and writes within fifteen minutes.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from local.cloud.athena import objects as athena_objects
from local.cloud.sagemaker.features.group import Group
from local.cloud.sagemaker.features.values import Record, typed

_TYPES = {"Integral": pa.int64(), "Fractional": pa.float64(), "String": pa.string()}
_LETTERS = string.ascii_letters + string.digits


def append(group: Group, records: Iterable[Record], invoked: datetime) -> None:
    """Write records, each into the folder of its event time's hour."""
    hours: dict[str, list[Record]] = {}
    for record in records:
        hours.setdefault(record.at.strftime("year=%Y/month=%m/day=%d/hour=%H"), []).append(record)
    for folder, found in hours.items():
        newest = max(record.at for record in found).strftime("%Y%m%dT%H%M%SZ")
        mark = "".join(secrets.choice(_LETTERS) for _ in range(16))
        uri = f"{group.offline}/{folder}/{newest}_{mark}.parquet"
        athena_objects.write(uri, _parquet(group, found, invoked))


def _parquet(group: Group, records: list[Record], invoked: datetime) -> bytes:
    columns: dict[str, Any] = {}
    for name, kind in group.kinds.items():
        values = [
            typed(name, record.values[name], kind) if name in record.values else None for record in records
        ]
        columns[name] = pa.array(values, type=_TYPES[kind])
    clock = pa.timestamp("ms")
    now = datetime.now(UTC).replace(tzinfo=None)
    columns["write_time"] = pa.array([now] * len(records), type=clock)
    columns["api_invocation_time"] = pa.array([invoked.replace(tzinfo=None)] * len(records), type=clock)
    columns["is_deleted"] = pa.array([record.deleted for record in records], type=pa.bool_())
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, compression="snappy")
    return bytes(sink.getvalue())
