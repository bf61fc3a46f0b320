"""Statements that read or change the catalog: SHOW, DESCRIBE, CREATE and DROP.

Owns their rules and the text of their answers. Changes go to the catalog of the caller's account, through a
database link if there is one. Deliberately not here: queries (run) and what is permitted
(access).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any

from local.cloud.athena import access as athena_access
from local.cloud.athena import catalog as athena_catalog
from local.cloud.athena import objects as athena_objects
from local.cloud.athena import storage as athena_storage
from local.cloud.athena.catalog import CatalogTable
from local.cloud.athena.errors import QueryFailed, named, schema_not_found
from local.cloud.athena.run import Session
from local.cloud.athena.sql import Name, Statement

Answer = tuple[list[str], list[list[str | None]]]
"""Column names and rows of text."""

PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}
TEXT = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"},
}
JSON = {**TEXT, "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"}}


def carry_out(statement: Statement, session: Session) -> Answer:
    """Return the answer of a DDL statement.

    Raises
    ------
    QueryFailed
        The statement cannot be carried out, or not by this caller.
    """
    return _RULES[statement.kind](statement, session)


def place(name: Name | None, session: Session, table: bool = True) -> tuple[str, str, str]:
    """Return catalog account, database (links followed) and table of a name to be made or dropped."""
    parts = name.parts if name else ()
    at = name.at if name else (1, 1)
    title = parts[-1] if table and parts else ""
    rest = parts[:-1] if table else parts
    database = rest[-1] if rest else session.database.lower()
    account = athena_catalog.catalog_account(
        session.caller.account, session.region, rest[0] if len(rest) > 1 else ""
    )
    found = account and athena_catalog.follow_database(account, session.region, database)
    if not found:
        raise schema_not_found(database, at)
    return (*found, title)


def _show_tables(statement: Statement, session: Session) -> Answer:
    account, database, _ = place(statement.target, session, table=False)
    shown = statement.target.parts[-1] if statement.target else session.database
    rows = []
    for title in athena_catalog.names(account, session.region, database):
        table = athena_catalog.find(session.caller.account, session.region, Name((shown.lower(), title)), "")
        if (
            _matches(title, statement.pattern)
            and athena_access.authorise(session.caller, table).missing is None
        ):
            rows.append([title])
    return ["tab_name"], [list[str | None](row) for row in rows]


def _show_databases(statement: Statement, session: Session) -> Answer:
    account = session.caller.account
    known = athena_catalog.glue(account, session.region).databases
    rows: list[list[str | None]] = [
        [title]
        for title in sorted(known)
        if _matches(title, statement.pattern)
        and athena_access.permitted(session.caller, "DESCRIBE", account, title)
    ]
    return ["database_name"], rows


def _matches(title: str, pattern: str) -> bool:
    """Hive's patterns: `*` is anything, `|` is or."""
    return not pattern or any(fnmatch.fnmatchcase(title, part) for part in pattern.lower().split("|"))


def _visible(statement: Statement, session: Session) -> tuple[CatalogTable, dict[str, str]]:
    """Return a table the caller may see, and the columns of it that the caller may see."""
    assert statement.target is not None, "the grammar asks for a name"
    table = athena_catalog.find(session.caller.account, session.region, statement.target, session.database)
    found, access = athena_access.relation(session.caller, table)
    readable = found.columns if access.grants else table.all_columns
    return table, {name: kind for name, kind in table.all_columns.items() if name in readable}


def _describe(statement: Statement, session: Session) -> Answer:
    table, columns = _visible(statement, session)

    def row(*values: str) -> list[str | None]:
        return ["\t".join(f"{value:<20}" for value in values)]

    rows = [row(name, kind, "") for name, kind in columns.items()]
    keys = [name for name in table.partition_keys if name in columns]
    if keys:
        rows += [row("", "", ""), ["# Partition Information"], row("# col_name", "data_type", "comment")]
        rows += [row(name, columns[name], "") for name in keys]
    return ["col_name", "data_type", "comment"], rows


def _show_columns(statement: Statement, session: Session) -> Answer:
    _, columns = _visible(statement, session)
    return ["field"], [[f"{name:<20}"] for name in columns]


def _show_partitions(statement: Statement, session: Session) -> Answer:
    table, _ = _visible(statement, session)
    steps = [dict(zip(table.partition_keys, values, strict=True)) for _, values in table.partitions]
    return ["partition"], [["/".join(f"{key}={value}" for key, value in step.items())] for step in steps]


def _show_create(statement: Statement, session: Session) -> Answer:
    table, columns = _visible(statement, session)
    own = [f"  `{name}` {kind}" for name, kind in columns.items() if name not in table.partition_keys]
    lines = [f"CREATE EXTERNAL TABLE `{table.database}.{table.name}`(", *_commas(own)]
    keys = [f"  `{name}` {kind}" for name, kind in columns.items() if name in table.partition_keys]
    if keys:
        lines += ["PARTITIONED BY ( ", *_commas(keys)]
    lines += [
        "ROW FORMAT SERDE ",
        f"  '{table.serde}' ",
        "LOCATION",
        f"  '{table.location}'",
        "TBLPROPERTIES (",
    ]
    lines += _commas([f"  '{key}'='{value}'" for key, value in sorted(table.parameters.items())] or ["  "])
    return ["createtab_stmt"], [[line] for line in lines]


def _commas(lines: list[str]) -> list[str]:
    return [*(f"{line}, " for line in lines[:-1]), *(f"{line})" for line in lines[-1:])]


def define(
    session: Session,
    name: Name | None,
    columns: dict[str, str],
    location: str,
    keys: dict[str, str],
    form: dict[str, Any],
    parameters: dict[str, str],
) -> tuple[str, str, str]:
    """Make a table in the catalog; QueryFailed when it is there already or the caller may not."""
    account, database, title = place(name, session)
    athena_access.demand(session.caller, "CREATE_TABLE", account, database)
    backend = athena_catalog.glue(account, session.region)
    if athena_catalog.lookup(account, database, session.region, title) is not None:
        raise named(
            "TABLE_ALREADY_EXISTS", f"Table '{database}.{title}' already exists", name.at if name else None
        )
    stored = next(known for known in backend.databases if known.lower() == database)
    backend.create_table(
        stored,
        title,
        {
            "Name": title,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", **parameters},
            "StorageDescriptor": {
                "Columns": [{"Name": column, "Type": kind} for column, kind in columns.items()],
                "Location": location,
                **form,
            },
            "PartitionKeys": [{"Name": column, "Type": kind} for column, kind in keys.items()],
        },
    )
    athena_access.created(session.caller, account, database, title)
    return account, database, title


def _create_table(statement: Statement, session: Session) -> Answer:
    options = dict(statement.options)
    if not statement.location:
        raise QueryFailed("FAILED: ParseException Missing LOCATION for an external table", "SYNTAX_ERROR")
    serde, wanted = options.pop("serde", ""), options.pop("format", "")
    form: dict[str, Any] = (
        JSON if "json" in serde.lower() else PARQUET if "parquet" in (serde + wanted).lower() else TEXT
    )
    form = {**form, "SerdeInfo": {**form["SerdeInfo"], "Parameters": options}}
    if serde:
        form["SerdeInfo"]["SerializationLibrary"] = serde
    try:
        columns, keys = dict(statement.columns), dict(statement.partitions)
        define(session, statement.target, columns, statement.location, keys, form, options)
    except QueryFailed as failure:
        if failure.name != "TABLE_ALREADY_EXISTS" or not statement.quiet:
            raise
    return [], []


def _drop_table(statement: Statement, session: Session) -> Answer:
    account, database, title = place(statement.target, session)
    backend = athena_catalog.glue(account, session.region)
    for known, found in backend.databases.items():
        for table in [each for each in found.tables if (known.lower(), each.lower()) == (database, title)]:
            athena_access.demand(session.caller, "DROP", account, database, title)
            backend.delete_table(known, table)
            athena_access.dropped(session.caller, account, database, title)
            return [], []
    if not statement.quiet:
        raise QueryFailed(
            f"FAILED: SemanticException [Error 10001]: Table not found {title}", "TABLE_NOT_FOUND"
        )
    return [], []


def _repair(statement: Statement, session: Session) -> Answer:
    table, _ = _visible(statement, session)
    athena_access.demand(session.caller, "ALTER", table.catalog, table.database, table.name)
    return [], [[f"Repair: Added partition to metastore {each}"] for each in add_partitions(table)]


def add_partitions(table: CatalogTable) -> list[str]:
    """Register the partitions at a table's location that the catalog lacks; return their paths."""
    if not table.partition_keys:
        return []
    known = {values for _, values in table.partitions}
    definition = athena_catalog.lookup(table.catalog, table.database, table.region, table.name) or {}
    storage, added = definition.get("StorageDescriptor") or {}, []
    for each in athena_objects.listing(table.location):
        values = athena_storage.hive_values(each.key, list(table.partition_keys))
        if values is None or tuple(values) in known:
            continue
        known.add(tuple(values))
        steps = "/".join(f"{key}={value}" for key, value in zip(table.partition_keys, values, strict=True))
        location = f"{each.uri.rsplit('/', 1)[0]}/"
        athena_catalog.glue(table.catalog, table.region).create_partition(
            definition["DatabaseName"],
            definition["Name"],
            {"Values": values, "StorageDescriptor": {**storage, "Location": location}},
        )
        added.append(steps)
    return added


def _create_database(statement: Statement, session: Session) -> Answer:
    assert statement.target is not None, "the grammar asks for a name"
    title, backend = statement.target.parts[-1], athena_catalog.glue(session.caller.account, session.region)
    if title in backend.databases:
        if not statement.quiet:
            raise QueryFailed(
                f"FAILED: Execution Error. Database {title} already exists", "SCHEMA_ALREADY_EXISTS"
            )
        return [], []
    athena_access.demand(session.caller, "CREATE_DATABASE", session.caller.account, "")
    backend.create_database(title, {"Name": title})
    return [], []


def _drop_database(statement: Statement, session: Session) -> Answer:
    assert statement.target is not None, "the grammar asks for a name"
    title, backend = statement.target.parts[-1], athena_catalog.glue(session.caller.account, session.region)
    if title not in backend.databases:
        if not statement.quiet:
            raise QueryFailed(f"FAILED: SemanticException [Error 10072]: Database does not exist: {title}")
        return [], []
    athena_access.demand(session.caller, "DROP", session.caller.account, title)
    backend.delete_database(title)
    return [], []


_RULES: dict[str, Callable[[Statement, Session], Answer]] = {
    "SHOW_TABLES": _show_tables,
    "SHOW_DATABASES": _show_databases,
    "SHOW_COLUMNS": _show_columns,
    "SHOW_PARTITIONS": _show_partitions,
    "SHOW_CREATE_TABLE": _show_create,
    "DESCRIBE_TABLE": _describe,
    "CREATE_TABLE": _create_table,
    "DROP_TABLE": _drop_table,
    "MSCK_REPAIR": _repair,
    "CREATE_DATABASE": _create_database,
    "DROP_DATABASE": _drop_database,
}
