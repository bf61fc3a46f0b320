"""The lake of all accounts as one snapshot, and what a caller may read of it.

Owns building `governance.snapshot.Snapshot` from the backends, keeping it until something changes, and the question
of the query engine. Deliberately not here: the answer, which is the access evaluator's (governance.access).

A snapshot lives until a request that may change something was served (the server tells `watch`) or until code of
ours that changes a backend without a request calls :func:`touch`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from moto.glue.models import glue_backends
from moto.iam.models import iam_backends
from moto.lakeformation.models import lakeformation_backends

from governance.access import Access, Missing, readable as _readable
from governance.snapshot import Column, DataCellsFilter, LakeSettings, LinkTarget, Organization, Snapshot
from governance.snapshot_build import SnapshotBuilder
from local.cloud import server
from local.cloud.lakeformation_state import LakeState, glue_columns, state
from local.cloud.organizations import organizations
from local.cloud.ram_shares import accepted_pairs

_WATCHED = ("glue", "lakeformation", "iam", "ram", "organizations")
_READS = ("Get", "List", "Describe", "BatchGet", "Search")

_lock = threading.Lock()
_version = 0
_built: dict[str, tuple[int, Snapshot]] = {}


def touch() -> None:
    """Forget the snapshots; call after changing a backend without a request."""
    global _version
    with _lock:
        _version += 1


def snapshot(region: str) -> Snapshot:
    """The state of every account's lake in a Region."""
    version = _version
    known = _built.get(region)
    if known is None or known[0] != version:
        known = _built[region] = (version, _build(region))
    return known[1]


def readable(
    caller_arn: str,
    catalog_id: str,
    database: str,
    table: str,
    *,
    region: str,
    account: str | None = None,
    via_link: tuple[str, ...] | None = None,
) -> Access:
    """What a caller can read of a table.

    Parameters
    ----------
    caller_arn
        Role or user in IAM form, or an account's root (`local.cloud.identity.Caller.arn`).
    catalog_id
        Account that owns the table; `database` and `table` are its names there.
    account
        Account the query runs in; the caller's own unless said.
    via_link
        (link database, table), or (database, link table), when the query goes through a resource link.

    Returns
    -------
    Access
        Columns, row filters and the chain of grants, or the first missing link. The root of the owning account,
        which is who calls without assuming a role, reads everything.
    """
    now = snapshot(region)
    caller_account = caller_arn.split(":")[4]
    if caller_arn.endswith(":root"):
        return _root(now, caller_account, catalog_id, database, table)
    return _readable(now, caller_arn, account or caller_account, catalog_id, database, table, via_link)


def _root(now: Snapshot, account: str, catalog: str, database: str, table: str) -> Access:
    if account != catalog:
        text = f"root of {account} has no grant in catalog {catalog}; assume a role"
        return Access((), {}, (), Missing("other-account", text))
    holder = now.catalog(catalog).database(database)
    found = holder.table(table) if holder else None
    if found is None:
        text = f"there is no table {database}.{table} in account {catalog}"
        return Access((), {}, (), Missing("unknown-table", text))
    return Access(found.column_names, {None: found.column_names}, ("root of the account",))


def _build(region: str) -> Snapshot:
    builder = SnapshotBuilder()
    for account in _accounts(region):
        builder.account(account)
        lake = state(account, region)
        _governance(builder, lake)
        _catalog(builder, lake, region)
    for account in list(iam_backends):
        _roles(builder, account)
    for owner, recipient in accepted_pairs(region):
        builder.accept(owner, recipient)
    known = organizations()
    if known:
        builder.organization = Organization(*known[0])
        for _, members in known[1:]:
            for owner in members:
                for recipient in members:
                    builder.accept(owner, recipient)
    return builder.build()


def _accounts(region: str) -> list[str]:
    return sorted(
        {
            account
            for backends in (lakeformation_backends, glue_backends)
            for account in list(backends)
            if region in list(backends[account].keys())
        }
    )


def _governance(builder: SnapshotBuilder, lake: LakeState) -> None:
    settings = lake.settings
    builder.settings(
        lake.account,
        LakeSettings(
            admins=tuple(lake.admins),
            cross_account_version=lake.cross_account_version,
            database_defaults=_defaults(settings.get("CreateDatabaseDefaultPermissions")),
            table_defaults=_defaults(settings.get("CreateTableDefaultPermissions")),
        ),
    )
    for key, values in lake.tags.defined.items():
        builder.tag(lake.account, key, values, lake.tags.creators.get(key))
    for arn, location in lake.locations.items():
        hybrid = bool(location.get("HybridAccessEnabled"))
        builder.location(lake.account, arn, location.get("RoleArn"), hybrid=hybrid)
    for (database, table, name), cells in lake.filters.items():
        builder.filter(lake.account, _filter(database, table, name, cells))
    for grant in lake.grants:
        builder.grant(
            grant.account,
            grant.principal,
            grant.resource,
            grant.permissions,
            grantable=grant.grantable,
            catalog=grant.catalog,
        )


def _defaults(entries: Any) -> tuple[str, ...]:
    return tuple(permission for entry in entries or () for permission in entry.get("Permissions") or ())


def _filter(database: str, table: str, name: str, cells: Mapping[str, Any]) -> DataCellsFilter:
    rows = cells["RowFilter"]
    wildcard = cells.get("ColumnWildcard")
    return DataCellsFilter(
        database,
        table,
        name,
        included=None if wildcard is not None else tuple(cells["ColumnNames"]),
        excluded=tuple((wildcard or {}).get("ExcludedColumnNames") or ()),
        row_filter=None if "AllRowsWildcard" in rows else rows["FilterExpression"],
    )


def _catalog(builder: SnapshotBuilder, lake: LakeState, region: str) -> None:
    account = lake.account
    for database in list(glue_backends[account][region].databases.values()):
        name = database.name.lower()
        builder.database(
            account,
            name,
            tags_=lake.tags.on((name,)),
            location=database.input.get("LocationUri"),
            creator=lake.creators.get((name,)),
            link=_link(database.input.get("TargetDatabase")),
        )
        for table in list(database.tables.values()):
            described = table.versions[str(table._current_version)]
            where = (name, table.name.lower())
            builder.table(
                account,
                *where,
                _columns(lake, where, table),
                tags_=lake.tags.on(where),
                location=(described.get("StorageDescriptor") or {}).get("Location"),
                creator=lake.creators.get(where),
                link=_link(described.get("TargetTable")),
            )


def _columns(lake: LakeState, where: tuple[str, str], table: Any) -> Iterator[Column]:
    for column in glue_columns(table):
        own = lake.tags.on((*where, column["Name"].lower()))
        yield Column(column["Name"], column.get("Type") or "string", tuple(sorted(own.items())))


def _link(target: Mapping[str, Any] | None) -> LinkTarget | None:
    if not target:
        return None
    return LinkTarget(target["CatalogId"], target["DatabaseName"], target.get("Name"))


def _roles(builder: SnapshotBuilder, account: str) -> None:
    for role in list(iam_backends[account]["aws"].roles.values()):
        inline = [_text(document) for document in role.policies.values()]
        attached = [_text(policy.document) for policy in role.managed_policies.values()]
        builder.role(role.arn, [*inline, *attached], role.permissions_boundary_arn or None)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def watch(environ: Mapping[str, Any]) -> None:
    """Note that a request was served; forgets the snapshots unless it could only have read."""
    credential = str(environ.get("HTTP_AUTHORIZATION") or "").split(",")[0]
    service = credential.split("/")[3].lower() if credential.count("/") == 4 else ""
    if service not in _WATCHED:
        return
    action = str(environ.get("HTTP_X_AMZ_TARGET") or "").rsplit(".", 1)[-1]
    action = action or str(environ.get("PATH_INFO") or "").strip("/")
    if not action.startswith(_READS):
        touch()


def install() -> None:
    """Have the server tell of the requests it served."""
    if watch not in server.watchers:
        server.watchers.append(watch)
