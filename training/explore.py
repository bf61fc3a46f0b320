"""The explore phase: what a data scientist sees of a product, and what they do not.

Reads a sample through Athena as the role, profiles it, and names the columns of the contract that stay
hidden. Deliberately not here: the profile itself (`profile`) and why a column is hidden by which grant
(access explain).
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training.config import TrainingConfig
from training.data.profile import profile_table, render
from training.data.query import run_query
from training.session import Context

DEFAULT_ROWS = 10_000
"""Rows read for the profile, at most."""

PROFILE_FILE = "profile.json"


@dataclass(frozen=True, kw_only=True)
class Explored:
    """Result of the phase.

    `hidden` maps columns that the contract has and the role does not see to their sensitivity; it is None
    when there is no contract file to compare with.
    """

    query_id: str
    columns: tuple[str, ...]
    hidden: dict[str, str] | None
    profile: dict[str, Any]
    path: Path
    seconds: float


def run(context: Context, *, rows: int = DEFAULT_ROWS) -> Explored:
    """Profile up to `rows` rows of the table as the context's role and write ``explore/profile.json``.

    Raises
    ------
    MeshError
        `rows` is not above 0, or Athena refused or failed the query.
    """
    import pyarrow as pa

    start = time.perf_counter()
    if rows < 1:
        raise MeshError(f"'{rows}' must be above 0", "--rows")
    config = context.config
    query, tables = run_query(context, sample_sql(config, rows), "explore", others=None)
    table = pa.concat_tables(tables)
    told = profile_table(table, config.target, config.positive)
    for entry in told["columns"]:
        if entry["kind"] == "other":
            entry["type"] = query.columns[entry["column"]]
    profile = {
        "product": config.product,
        "table": config.table,
        "database": query.database,
        "role": context.role,
        "query_id": query.query_id,
        "sql": query.sql,
        **told,
    }
    hidden = hidden_columns(config, tuple(table.column_names))
    profile["hidden"] = hidden
    path = context.folder("explore") / PROFILE_FILE
    path.write_text(json.dumps(profile, indent=2, default=str) + "\n", encoding="utf-8")
    context.say(f"query {query.query_id}: {len(table):,} rows, {table.num_columns} columns as {context.role}")
    context.say(render(profile))
    context.say(_told(hidden))
    return Explored(
        query_id=query.query_id,
        columns=tuple(table.column_names),
        hidden=hidden,
        profile=profile,
        path=path,
        seconds=time.perf_counter() - start,
    )


def sample_sql(config: TrainingConfig, rows: int) -> str:
    """The configured query, limited; one that may have a limit or an order of its own is put in brackets."""
    if config.query == TrainingConfig.query:
        return f"{config.sql} LIMIT {rows}"
    # the SQL is the user's own, as it is in a notebook
    return f"SELECT * FROM ({config.sql.rstrip('; ')}) AS sample LIMIT {rows}"


def hidden_columns(config: TrainingConfig, seen: tuple[str, ...]) -> dict[str, str] | None:
    """Columns of the table's contract that are not among those seen, with their sensitivity.

    None if no contract of the product is configured or its file is not here (the catalog shows a role only
    what it may read, so nothing else can tell).
    """
    if not config.contract or not Path(config.contract).is_file():
        return None
    from governance.contracts.read import load_named

    contract = load_named(config.contract)
    if contract.product != config.product:
        return None
    tables = {entry.name: entry for entry in contract.tables}
    if config.table not in tables:
        raise MeshError(f"has no table '{config.table}'; it has {', '.join(tables)}", config.contract)
    return {
        column.name: column.classification
        for column in tables[config.table].columns
        if column.name not in seen
    }


def _told(hidden: dict[str, str] | None) -> str:
    if hidden is None:
        return "columns of the contract that stay hidden: unknown (no contract file here)"
    if not hidden:
        return "the role sees every column of the contract"
    return "hidden from this role: " + ", ".join(f"{name} ({level})" for name, level in hidden.items())
