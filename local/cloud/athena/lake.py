"""Answers of the cloud's Lake Formation to the query engine's questions.

Owns nothing but the translation between the engine's words (`rights`) and the lake's (`local.cloud.lake`, authority,
lifecycle).
"""

from __future__ import annotations

from governance.snapshot.grants import CatalogRes, DatabaseRes, Resource, TableRes
from local.cloud import identity, lake
from local.cloud.athena.catalog import CatalogTable
from local.cloud.athena.errors import QueryFailed
from local.cloud.athena.objects import backend_of, split_uri
from local.cloud.athena.rights import Access, Caller, CellGrant
from local.cloud.lakeformation.authority import check_catalog_call
from local.cloud.lakeformation.errors import LakeError
from local.cloud.lakeformation.lifecycle import table_created, table_dropped
from local.cloud.lakeformation.state import covering_location, s3_arn, state


def authorise(caller: Caller, table: CatalogTable) -> Access:
    """Return what the caller may read of a table, by way of the links that the query followed."""
    found = lake.readable(
        caller.arn,
        table.catalog,
        table.database,
        table.name,
        region=table.region,
        account=caller.account,
        via_link=_via(table),
    )
    for link in table.links[:1]:
        if not permitted(caller, "DESCRIBE", link.catalog, link.database, link.table):
            return Access(missing=("Describe", link.table or link.database))
    registered = _registered(table)
    if found.missing is None:
        if not registered:
            _check_storage(caller, table)
        grants = [CellGrant(frozenset(columns), rows) for rows, columns in found.row_filters.items()]
        return Access(tuple(grants), governed=registered)
    if not permitted(caller, "DESCRIBE", table.catalog, table.database, table.name):
        return Access(missing=("Describe", table.name))
    return Access()


def _via(table: CatalogTable) -> tuple[str, str] | None:
    if not table.links:
        return None
    link = table.links[0]
    return link.database, link.table or table.name


def _registered(table: CatalogTable) -> bool:
    """Whether Lake Formation vends the credentials for the table's location."""
    if not table.location:
        return False
    return covering_location(state(table.catalog, table.region), s3_arn(table.location)) is not None


def _check_storage(caller: Caller, table: CatalogTable) -> None:
    """Refuse a location that is not registered and lies in an account that is not the caller's.

    Without registration Athena reads with the caller's own credentials, which other accounts' buckets do not
    let in.
    """
    if not table.location or caller.arn.endswith(":root"):
        return
    backend = backend_of(split_uri(table.location)[0])
    if backend is not None and backend.account_id != caller.account:
        raise QueryFailed(
            f"Insufficient permissions to execute the query. Amazon S3 access denied on {table.location}",
            "PERMISSION_DENIED",
        )


def permitted(caller: Caller, permission: str, catalog: str, database: str, table: str | None = None) -> bool:
    """Return whether the caller holds a permission on the catalog, a database or a table."""
    target: Resource = (
        TableRes(database, table) if table else DatabaseRes(database) if database else CatalogRes()
    )
    region = caller.region
    try:
        check_catalog_call(identity.Caller(caller.account, caller.arn), region, catalog, target, permission)
    except LakeError:
        return False
    return True


def created(caller: Caller, catalog: str, database: str, table: str) -> None:
    """Note a table that a statement made: its creator holds every permission on it."""
    table_created(identity.Caller(caller.account, caller.arn), caller.region, catalog, database, table)
    lake.touch()


def dropped(caller: Caller, catalog: str, database: str, table: str) -> None:
    """Forget a table that a statement dropped, and with it the grants on it."""
    table_dropped(caller.region, catalog, database, table)
    lake.touch()


def changed() -> None:
    """Forget what was kept of the catalog."""
    lake.touch()
