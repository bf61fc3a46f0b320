"""What Lake Formation does when databases and tables come and go.

Owns the rights of creators, the default grants to IAMAllowedPrincipals, and forgetting grants, tags and
filters of what was dropped. Deliberately not here: the calls that cause it (glue.catalog). A dropped resource
takes along what other accounts re-granted on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.glue.models import glue_backends

from governance.snapshot.grants import DatabaseRes, Grant, Resource, TableRes
from local.cloud.identity import Caller
from local.cloud.lakeformation.state import glue_columns, glue_table, state, states


def database_created(caller: Caller, region: str, catalog: str, described: Mapping[str, Any]) -> None:
    """Record a new database or link."""
    name = str(described["Name"]).lower()
    lake = state(catalog, region)
    lake.creators[(name,)] = caller.arn
    if not described.get("TargetDatabase"):
        _default(region, catalog, DatabaseRes(name), lake.settings.get("CreateDatabaseDefaultPermissions"))


def table_created(caller: Caller, region: str, catalog: str, database: str, name: str) -> None:
    """Record a new table; the defaults are those its database was created with."""
    database, name = database.lower(), name.lower()
    state(catalog, region).creators[(database, name)] = caller.arn
    defaults = glue_backends[catalog][region].databases[database].input.get("CreateTableDefaultPermissions")
    _default(region, catalog, TableRes(database, name), defaults)


def _default(
    region: str, catalog: str, resource: Resource, defaults: Iterable[Mapping[str, Any]] | None
) -> None:
    for default in defaults or ():
        principal = (default.get("Principal") or {}).get("DataLakePrincipalIdentifier")
        given = tuple(default.get("Permissions") or ())
        if principal and given:
            state(catalog, region).grants.add(Grant(catalog, catalog, str(principal), resource, given))


def database_dropped(region: str, catalog: str, name: str) -> None:
    """Forget a database or link and all that was in it."""
    state(catalog, region).forget_database(name)
    for lake in states(region):
        lake.grants.forget_database(catalog, name)


def table_updated(region: str, catalog: str, database: str, name: str) -> None:
    """Take the tags off columns that a table no longer has."""
    tags = state(catalog, region).tags
    where = (database.lower(), name.lower())
    columns = {column["Name"].lower() for column in glue_columns(glue_table(catalog, region, *where))}
    for target in list(tags.assigned):
        if len(target) == 3 and target[:2] == where and target[2] not in columns:
            tags.forget(target)


def table_dropped(region: str, catalog: str, database: str, name: str) -> None:
    """Forget a table."""
    state(catalog, region).forget_table(database, name)
    for lake in states(region):
        lake.grants.forget_table(catalog, database, name)
