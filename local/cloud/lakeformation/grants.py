"""The grants made in one account and Region.

Owns keeping, merging and taking away. A grant is one row per catalog, principal and resource; granting again
adds to the row. Deliberately not here: whether the caller may grant (authority) and the wire
form (shapes). A re-grant on another account's catalog is kept here too, with the account that
made it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from governance.snapshot.grants import ColumnsRes, DatabaseRes, FilterRes, Grant, Resource, TableRes
from local.cloud.lakeformation.errors import nothing_revoked

Key = tuple[str, str, Resource]


class GrantBook:
    """Grants by catalog, principal and resource."""

    def __init__(self, account: str) -> None:
        self.account = account
        self._rows: dict[Key, Grant] = {}
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Grant]:
        return iter(list(self._rows.values()))

    def get(self, catalog: str, principal: str, resource: Resource) -> Grant | None:
        """The row of that key."""
        return self._rows.get((catalog, principal, resource))

    def add(self, grant: Grant) -> Grant:
        """Grant; what the principal held on the resource before stays."""
        key = (grant.catalog, grant.principal, grant.resource)
        with self._lock:
            row = self._rows.get(key, grant)
            merged = self._rows[key] = replace(
                row,
                permissions=(*row.permissions, *grant.permissions),
                grantable=(*row.grantable, *grant.grantable),
            )
        return merged

    def take(self, unwanted: Grant) -> None:
        """Revoke; the grant option goes with the permission. InvalidInputException if there is nothing."""
        key = (unwanted.catalog, unwanted.principal, unwanted.resource)
        held, option = set(unwanted.permissions), set(unwanted.grantable)
        with self._lock:
            row = self._rows.get(key)
            if row is None or not (held & set(row.permissions) or option & set(row.grantable)):
                raise nothing_revoked()
            held |= {"ALL"} if held else set()
            option |= held | ({"ALL"} if option else set())
            left = replace(
                row,
                permissions=tuple(set(row.permissions) - held),
                grantable=tuple(set(row.grantable) - option),
            )
            if left.permissions or left.grantable:
                self._rows[key] = left
            else:
                del self._rows[key]

    def forget(self, unwanted: Callable[[Grant], bool]) -> None:
        """Drop every row for which `unwanted` holds."""
        with self._lock:
            for key in [key for key, row in self._rows.items() if unwanted(row)]:
                del self._rows[key]

    def forget_database(self, catalog: str, database: str) -> None:
        """Drop what was granted on a database that is no more, and on anything in it by name."""
        self.forget(lambda row: row.catalog == catalog and named(row.resource)[:1] == (database,))

    def forget_table(self, catalog: str, database: str, table: str) -> None:
        """Drop what was granted on a table that is no more, or on its columns or filters."""
        self.forget(lambda row: row.catalog == catalog and named(row.resource) == (database, table))


def named(resource: Resource) -> tuple[str, ...]:
    """Database, or database and table, that a resource names; nothing for tags, locations and the catalog."""
    match resource:
        case DatabaseRes(name) | TableRes(name, None):
            return (name,)
        case TableRes(database, table) if table is not None:
            return (database, table)
        case ColumnsRes(database, table) | FilterRes(database, table):
            return (database, table)
        case _:
            return ()
