"""The lake of all accounts as one snapshot, and what a caller may read of it.

Owns building `governance.snapshot.Snapshot` from the backends, keeping it until something changes, and the
question of the query engine. Deliberately not here: the answer, which is the access evaluator's
(governance.access).

A snapshot lives until a request that may change something was served (the server tells `watch`) or until code
of ours that changes a backend without a request calls :func:`touch`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from moto.glue.models import glue_backends
from moto.iam.models import iam_backends
from moto.lakeformation.models import lakeformation_backends

from governance.access import Access, Missing
from governance.access import readable as _readable
from governance.snapshot import Organization, Role, Snapshot
from local.cloud import server
from local.cloud.lake_catalog import catalog
from local.cloud.lakeformation.state import state
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
        Columns, row filters and the chain of grants, or the first missing link. The root of the owning
        account, which is who calls without assuming a role, reads everything.
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
    lakes = [state(account, region) for account in _accounts(region)]
    organization, accepted = Organization(), accepted_pairs(region)
    for number, (arn, members) in enumerate(organizations()):
        if number == 0:
            organization = Organization(arn, members)
        else:  # a snapshot knows one organization; inside a further one every share counts as accepted
            accepted |= {(owner, recipient) for owner in members for recipient in members}
    return Snapshot(
        catalogs=tuple(catalog(lake, region) for lake in lakes),
        grants=tuple(sorted((grant for lake in lakes for grant in lake.grants), key=str)),
        roles=tuple(role for account in sorted(iam_backends) for role in _roles(account)),
        organization=organization,
        accepted=tuple(sorted(accepted)),
    )


def _accounts(region: str) -> list[str]:
    return sorted(
        {
            account
            for backends in (lakeformation_backends, glue_backends)
            for account in list(backends)
            if region in list(backends[account].keys())
        }
    )


def _roles(account: str) -> Iterator[Role]:
    found = list(iam_backends[account]["aws"].roles.values())
    for role in sorted(found, key=lambda each: str(each.arn)):
        inline = [_text(document) for document in role.policies.values()]
        attached = [
            _text(version.document)
            for policy in list(role.managed_policies.values())
            for version in policy.versions
            if version.version_id == policy.default_version_id
        ]
        yield Role(role.arn, (*inline, *attached), role.permissions_boundary_arn or None)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def watch(environ: Mapping[str, Any]) -> None:
    """Note that a request was served; forgets the snapshots unless it could only have read."""
    path = str(environ.get("PATH_INFO") or "")
    if path.startswith("/moto-api"):
        touch()
        return
    credential = str(environ.get("HTTP_AUTHORIZATION") or "").split(",")[0]
    service = credential.split("/")[3].lower() if credential.count("/") == 4 else ""
    if service not in _WATCHED:
        return
    action = str(environ.get("HTTP_X_AMZ_TARGET") or "").rsplit(".", 1)[-1]
    action = action or path.strip("/")
    if not action.startswith(_READS):
        touch()


def install() -> None:
    """Have the server tell of the requests it served."""
    if watch not in server.watchers:
        server.watchers.append(watch)
