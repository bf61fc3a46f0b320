"""The query engine over tables in memory, without a cloud: for tests of meaning rather than of access."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.dataset as pads

from local.cloud.athena import access as athena_access
from local.cloud.athena import catalog as athena_catalog
from local.cloud.athena import results as athena_results
from local.cloud.athena import run as athena_run
from local.cloud.athena import storage as athena_storage
from local.cloud.athena.catalog import CatalogTable
from local.cloud.athena.rights import Access, Caller, CellGrant
from local.cloud.athena.run import Running, Session
from local.cloud.athena.statements import parse
from local.cloud.athena.storage import Meter
from local.cloud.athena.types import hive_type

CALLER = Caller("333344445555", "arn:aws:iam::333344445555:role/scientist", "eu-west-1")


def run(sql: str, rows: pa.Table, grants: tuple[CellGrant, ...] | None = None) -> pa.Table:
    """Rows of a query over the table `t`, read with the grants (all of it unless said)."""
    columns = {field.name: hive_type(field.type) for field in rows.schema}
    table = CatalogTable("111122223333", "eu-west-1", "db", "t", columns=columns)
    access = Access(grants if grants is not None else (CellGrant(frozenset(columns)),), governed=False)

    def dataset(_: CatalogTable, wanted: list[str], __: Meter, ___: str) -> Any:
        return pads.dataset(
            rows.select(wanted) if wanted else pa.table({"?": pa.nulls(len(rows), pa.bool_())})
        )

    find: Callable[..., CatalogTable] = lambda *_: table  # noqa: E731
    authorise: Callable[..., Access] = lambda *_: access  # noqa: E731
    with (
        mock.patch.object(athena_catalog, "find", find),
        mock.patch.object(athena_storage, "dataset", dataset),
        mock.patch.object(athena_access, "authorise", authorise),
    ):
        query = parse(sql).query
        assert query is not None, "these tests run queries"
        return athena_run.run(query, sql, Session(CALLER, "db"), Meter(None), Running())


def text(sql: str, rows: pa.Table, grants: tuple[CellGrant, ...] | None = None) -> list[list[str | None]]:
    """Rows of a query as Athena prints them, without the header."""
    return athena_results.rows_of(run(sql, rows, grants))
