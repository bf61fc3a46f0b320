"""Reading governed data: one SQL query through Athena, as the session's role, in chunks of bounded size.

Owns the call to awswrangler, the query's identity (the id that CloudTrail and the model package carry) and
the Arrow types of its columns. Deliberately not here: what is asked and what becomes of the rows.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from governance.errors import MeshError
from training.session import Context, aws_errors

_POLL_SECONDS = 0.25


@dataclass(frozen=True, kw_only=True)
class QueryRun:
    """One finished query; `columns` maps names to Athena types, in the order returned."""

    query_id: str
    sql: str
    database: str
    columns: dict[str, str] = field(default_factory=dict)
    scanned_bytes: int = 0


def run_query(
    context: Context, sql: str, phase: str, *, unload: bool = False, others: Collection[str] | None = ()
) -> tuple[QueryRun, Iterator[Any]]:
    """Run a query through the product's resource link and return it with its rows, chunk by chunk.

    Parameters
    ----------
    context
        Says product, outputs and role.
    sql
        The query; table names need no database.
    phase
        Named in errors.
    unload
        Let Athena write Parquet (UNLOAD) instead of CSV: faster for large results, and the role needs to
        write to the results bucket itself.
    others
        Columns that may be of a type no feature has (a list, a structure) and then come as bytes; None for all.

    Returns
    -------
    QueryRun, iterator of pyarrow.Table
        The chunks hold at most ``config.chunk_rows`` rows each.

    Raises
    ------
    MeshError
        Athena refused or failed the query (its reason is in the text), or no row came back.
    """
    import awswrangler as wr

    outputs, product = context.outputs, context.config.product
    database = outputs.link(product)
    where = f"{phase} as {context.role}: query on {database}"
    settings: dict[str, Any] = {"ctas_approach": False}
    if unload:
        settings |= {
            "unload_approach": True,
            # Athena unloads into an empty prefix only
            "s3_output": f"s3://{outputs.resultsBucket}/{context.role}/unload/{context.config.name}/{uuid.uuid4()}/",
            "dtype_backend": "pyarrow",
        }
    with aws_errors(where):
        session = context.session
        chunks = iter(
            wr.athena.read_sql_query(
                sql,
                database=database,
                workgroup=outputs.workgroup(context.role),
                boto3_session=session,
                chunksize=context.config.chunk_rows,
                athena_query_wait_polling_delay=_POLL_SECONDS,
                **settings,
            )
        )
        first = next(chunks, None)
        if first is None or first.empty:
            raise MeshError(
                "returned no rows; is the table published and does the role see any row of it?", where
            )
        payload = first.query_metadata
        query_id = str(payload["QueryExecutionId"])
        columns = {} if unload else wr.athena.get_query_columns_types(query_id, boto3_session=session)
    run = QueryRun(
        query_id=query_id,
        sql=sql,
        database=database,
        columns=columns,
        scanned_bytes=int(payload.get("Statistics", {}).get("DataScannedInBytes", 0)),
    )
    return run, _tables(itertools.chain([first], chunks), columns, others, where)


def _tables(
    frames: Iterator[Any], columns: dict[str, str], others: Collection[str] | None, where: str
) -> Iterator[Any]:
    import pyarrow as pa

    fields = []
    for name, kind in columns.items():
        other = _base(kind) not in _TYPES and (others is None or name in others)
        fields.append(pa.field(name, pa.binary() if other else arrow_type(kind, name)))
    schema = pa.schema(fields) if fields else None
    with aws_errors(where):
        for frame in frames:
            table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
            schema = table.schema
            yield table.replace_schema_metadata(None)


def arrow_type(kind: str, column: str = "") -> Any:
    """The Arrow type for an Athena type as ``GetQueryResults`` names it.

    Raises
    ------
    MeshError
        The type is none a table of features can hold.
    """
    import pyarrow as pa

    name = _base(kind)
    if name not in _TYPES:
        raise MeshError(
            f"has the type {kind}, which is no feature; name it under 'exclude'", f"column {column}"
        )
    if name == "decimal":
        precision, _, scale = kind.partition("(")[2].rstrip(")").partition(",")
        return pa.decimal128(int(precision or 38), int(scale or 0))
    return pa.timestamp("us") if name == "timestamp" else pa.type_for_alias(_TYPES[name])


def _base(kind: str) -> str:
    return kind.lower().partition("(")[0].strip()


_TYPES = {
    "boolean": "bool", "tinyint": "int8", "smallint": "int16", "integer": "int32", "int": "int32", "bigint": "int64",
    "float": "float32", "real": "float32", "double": "float64", "decimal": "decimal", "date": "date32",
    "timestamp": "timestamp", "varchar": "string", "string": "string", "char": "string",
}  # fmt: skip
"""Athena's types -> Arrow's."""
