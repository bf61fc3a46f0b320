"""GrantPermissions, RevokePermissions, their batch forms and ListPermissions.

Owns the order of one grant: read, check that it exists, authorise, keep, share. Deliberately not here: each
of those steps. A grant is kept in the caller's account, whichever account's catalog it is on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.core.responses import BaseResponse

from governance.snapshot.grants import (
    CatalogRes,
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    Grant,
    LocationRes,
    Resource,
    TableRes,
    TagPolicyRes,
    TagRes,
)
from local.cloud import identity
from local.cloud.lakeformation.authority import check_grant, check_revoke
from local.cloud.lakeformation.checks import check_exists, check_principal
from local.cloud.lakeformation.errors import LakeError, invalid
from local.cloud.lakeformation.shapes import entries, parse, permissions
from local.cloud.lakeformation.state import LakeState, state, states
from local.cloud.ram_shares import offer, shares_of, withdraw

Document = Mapping[str, Any]
PAGE = 100


class LakeCall(BaseResponse):  # type: ignore[misc]
    """What every call needs: its document, its caller and the state of the caller's account."""

    @property
    def document(self) -> dict[str, Any]:
        """Body of the request."""
        read: dict[str, Any] = json.loads(self.body or "{}")
        return read

    @property
    def caller(self) -> identity.Caller:
        """Who is calling."""
        return identity.current() or identity.root_of(self.current_account)

    @property
    def lake(self) -> LakeState:
        """State of the caller's own account."""
        return state(self.caller.account, self.region)

    @property
    def catalog(self) -> str:
        """Catalog the request is about unless its resource names another."""
        return str(self.document.get("CatalogId") or self.caller.account).split(":")[0]


class GrantCalls(LakeCall):
    """The calls about grants."""

    def grant_permissions(self) -> str:
        """Serve GrantPermissions."""
        self._grant(self.document)
        return "{}"

    def revoke_permissions(self) -> str:
        """Serve RevokePermissions."""
        self._revoke(self.document)
        return "{}"

    def batch_grant_permissions(self) -> str:
        """Serve BatchGrantPermissions."""
        return self._batch(self._grant)

    def batch_revoke_permissions(self) -> str:
        """Serve BatchRevokePermissions."""
        return self._batch(self._revoke)

    def _batch(self, act: Callable[[Document], None]) -> str:
        failures = []
        for entry in self.document.get("Entries") or []:
            try:
                act({"CatalogId": self.catalog, **entry})
            except LakeError as problem:
                failures.append({"RequestEntry": entry, "Error": problem.failure()})
        return json.dumps({"Failures": failures})

    def _grant(self, document: Document) -> None:
        wanted = self._read(document)
        check_exists(self.region, wanted.catalog, wanted.resource)
        check_grant(self.caller, self.region, wanted)
        self.lake.grants.add(wanted)
        account = identity.account_of(wanted.principal)
        shared = wanted.catalog == self.caller.account and not isinstance(wanted.resource, LocationRes)
        if shared and account and account != wanted.catalog:
            version = self.lake.cross_account_version
            offer(wanted.catalog, account, self.region, version, _shared_arn(self.region, wanted))

    def _revoke(self, document: Document) -> None:
        unwanted = self._read(document)
        check_revoke(self.caller, self.region, unwanted)
        self.lake.grants.take(unwanted)
        account = identity.account_of(unwanted.principal)
        if account in shares_of(self.caller.account, self.region) and not any(
            identity.account_of(grant.principal) == account and not isinstance(grant.resource, LocationRes)
            for grant in self.lake.grants
        ):
            withdraw(self.caller.account, str(account), self.region)

    def _read(self, document: Document) -> Grant:
        principal = identity.iam_form(
            str((document.get("Principal") or {}).get("DataLakePrincipalIdentifier") or "")
        )
        check_principal(principal)
        named = str(document.get("CatalogId") or self.caller.account).split(":")[0]
        catalog, resource = parse(document.get("Resource") or {}, named)
        held = permissions(document.get("Permissions"), resource, principal)
        option = permissions(document.get("PermissionsWithGrantOption"), resource, principal)
        if not held and not option:
            raise invalid("Permissions must not be empty.")
        return Grant(self.caller.account, catalog, principal, resource, tuple(held), tuple(option))

    def list_permissions(self) -> str:
        """Serve ListPermissions: grants made in the caller's account, and to it by the owner asked for.

        Without a resource, grants that the account made on other accounts' catalogs are among its own.
        """
        document = self.document
        principal = (document.get("Principal") or {}).get("DataLakePrincipalIdentifier")
        kind = document.get("ResourceType")
        catalog: str | None = None if self.catalog == self.caller.account else self.catalog
        wanted: Resource | None = None
        if document.get("Resource"):
            catalog, wanted = parse(document["Resource"], self.catalog)
            if isinstance(wanted, DatabaseRes | TableRes | ColumnsRes):
                check_exists(self.region, catalog, wanted)
        elif principal and not kind:
            raise invalid("Resource is mandatory if Principal is set in the input.")
        found = [
            entry
            for grant in self._visible(catalog)
            if _about(grant.resource, wanted) and (not principal or grant.principal == principal)
            for entry in entries(grant)
            if not kind or _of_kind(entry["Resource"], kind)
        ]
        return json.dumps(page(document, "PrincipalResourcePermissions", found))

    def _visible(self, catalog: str | None) -> Iterable[Grant]:
        if catalog is None:
            return self.lake.grants
        own = [grant for grant in self.lake.grants if grant.catalog == catalog]
        if catalog == self.caller.account:
            return own
        foreign = [lake for lake in states(self.region) if lake.account == catalog]
        return own + [
            grant
            for lake in foreign
            for grant in lake.grants
            if grant.catalog == catalog and identity.account_of(grant.principal) == self.caller.account
        ]


def page(document: Document, key: str, items: list[Any]) -> dict[str, Any]:
    """One page of a list, with the token of the next."""
    start = int(document.get("NextToken") or 0)
    end = start + int(document.get("MaxResults") or PAGE)
    more = {"NextToken": str(end)} if end < len(items) else {}
    return {key: items[start:end], **more}


def _about(granted: Resource, wanted: Resource | None) -> bool:
    """Whether a grant is about the resource asked for; for a table also those on its columns and filters."""
    match granted, wanted:
        case _, None:
            return True
        case ((ColumnsRes(database, table) | FilterRes(database, table)), TableRes(of, named)):
            return (database, table) == (of, named)
        case ((ColumnsRes(database, table) | TableRes(database, table)), ColumnsRes(of, named)):
            return (database, table) == (of, named)
        case _:
            return granted == wanted


_KINDS: dict[str, tuple[str, ...]] = {
    "CATALOG": ("Catalog",),
    "DATABASE": ("Database",),
    "TABLE": ("Table", "TableWithColumns", "DataCellsFilter"),
    "DATA_LOCATION": ("DataLocation",),
    "LF_TAG": ("LFTag",),
    "LF_TAG_POLICY": ("LFTagPolicy",),
    "LF_TAG_POLICY_DATABASE": ("LFTagPolicy",),
    "LF_TAG_POLICY_TABLE": ("LFTagPolicy",),
    "LF_NAMED_TAG_EXPRESSION": ("LFTagExpression",),
}


def _of_kind(document: Document, kind: str) -> bool:
    if kind not in _KINDS:
        raise invalid(f"Unknown resource type {kind}.")
    of = next(iter(document))
    suffix = kind.removeprefix("LF_TAG_POLICY_")
    return of in _KINDS[kind] and (suffix == kind or document[of]["ResourceType"] == suffix)


def _shared_arn(region: str, grant: Grant) -> str:
    prefix = f"arn:aws:glue:{region}:{grant.catalog}:"
    match grant.resource:
        case DatabaseRes(name) | TableRes(name, None):
            return f"{prefix}database/{name}"
        case TableRes(database, table) | ColumnsRes(database, table) | FilterRes(database, table):
            return f"{prefix}table/{database}/{table}"
        case TagPolicyRes() | TagRes() | CatalogRes() | LocationRes():
            return f"{prefix}catalog"
