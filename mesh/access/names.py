"""Principals, tables and levels by the names people use for them.

Owns finding what a command line names, with the nearest names when nothing is found, and how principals and
accounts are shown. Deliberately not here: what they may do (governance.access).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from governance.access import ViaLink, resolve
from governance.access.principals import role_arn
from governance.access.tags import inherit
from governance.errors import MeshError
from governance.levels import DATA_PRODUCT, SENSITIVITY
from governance.reader import nearest
from governance.settings import ConsumerSettings, ProducerSettings
from governance.snapshot import Snapshot, TableId
from mesh.project import Project

_PRINCIPAL = re.compile(r"arn:aws[\w-]*:iam::\d{12}:(?:role|user)/.+")


@dataclass(frozen=True)
class RoleOf:
    """A role that a consumer's configuration names."""

    arn: str
    stack: str
    consumer: str
    name: str
    clearance: str


@dataclass(frozen=True)
class Names:
    """What a project and a snapshot call things."""

    project: Project
    snapshot: Snapshot

    @cached_property
    def roles(self) -> dict[str, RoleOf]:
        """Roles of consumers by ARN, in the order of the stack files."""
        return {
            (arn := item.place.role_arn(item.names.consumer_role(role.name))): RoleOf(
                arn, stack, item.consumer, role.name, role.clearance
            )
            for stack, item in self.project.stacks.items()
            if isinstance(item, ConsumerSettings)
            for role in item.roles
        }

    @cached_property
    def accounts(self) -> dict[str, str]:
        """Account -> what it is called: central, the LoB or the consumer."""
        found = {}
        for stack, item in self.project.stacks.items():
            name = stack
            if isinstance(item, ProducerSettings):
                name = item.lob
            elif isinstance(item, ConsumerSettings):
                name = item.consumer
            found[item.place.account_id] = name
        return found

    @cached_property
    def principals(self) -> tuple[str, ...]:
        """Every role or user the snapshot knows: consumers' roles first, then the others sorted."""
        known = {role.arn for role in self.snapshot.roles}
        known.update(role_arn(grant.principal) for grant in self.snapshot.grants)
        known.update(admin for catalog in self.snapshot.catalogs for admin in catalog.settings.admins)
        people = {arn for arn in known if _PRINCIPAL.fullmatch(arn)}
        first = [arn for arn in self.roles if arn in people]
        return (*first, *sorted(people - set(first), key=lambda arn: (arn.split(":")[4], arn)))

    def account(self, account: str) -> str:
        """An account as people say it."""
        return self.accounts.get(account, account)

    def shown(self, principal: str) -> str:
        """A principal as people say it: `auditor (ml-coe)`."""
        if principal in self.roles:
            return f"{self.roles[principal].name} ({self.roles[principal].consumer})"
        if _PRINCIPAL.fullmatch(principal):
            return f"{principal.rsplit('/', 1)[-1]} ({self.account(principal.split(':')[4])})"
        name = self.accounts.get(principal)
        return f"account {name} ({principal})" if name else principal

    @cached_property
    def _arns(self) -> re.Pattern[str]:
        longest = sorted(self.principals, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest)) or "(?!)")

    def plain(self, text: str) -> str:
        """A sentence of the evaluator with ARNs of known principals replaced by their names."""
        return self._arns.sub(lambda found: self.shown(found[0]), text)

    def principal(self, given: str) -> str:
        """ARN of a principal named by ARN, role name, `role@consumer` or the role's name in AWS.

        Raises
        ------
        MeshError
            When nothing or more than one thing is named so.
        """
        if given.startswith("arn:"):
            arn = role_arn(given, self.principals)
            if arn not in self.principals:
                raise MeshError(f"is no role or user of this mesh{nearest(arn, [*self.principals])}", given)
            return arn
        found = self._named(given)
        if not found:
            words = sorted({word for arn in self.principals for word in self._words(arn)})
            close = nearest(given, words)
            if not close:
                close = f"; there are {', '.join(sorted({role.name for role in self.roles.values()}))}"
            raise MeshError(f"is no role here{close}", given)
        if len(found) > 1:
            raise MeshError(f"is more than one role; say which: {', '.join(found)}", given)
        return found[0]

    def _named(self, given: str) -> list[str]:
        configured = [
            arn for arn, role in self.roles.items() if given in (role.name, f"{role.name}@{role.consumer}")
        ]
        known = [arn for arn in configured if arn in self.principals]
        return known or [arn for arn in self.principals if given in self._words(arn)]

    def _words(self, arn: str) -> tuple[str, ...]:
        name = arn.rsplit("/", 1)[-1]
        words = (name, f"{name}@{self.account(arn.split(':')[4])}")
        return (*words, self.roles[arn].name) if arn in self.roles else words

    def table(self, given: str, account: str) -> tuple[TableId, ViaLink | None]:
        """A table named `DATABASE.TABLE`, by a link of the account or by the product's own database."""
        database, _, table = given.partition(".")
        if not database or not table or "." in table:
            raise MeshError("must be DATABASE.TABLE, such as credit-card.credit_card", f"table '{given}'")
        found = resolve(self.snapshot, account, database, table)
        if found is not None:
            return found
        same = [
            where
            for where in self.snapshot.table_ids
            if (where.database, where.name) == (database.lower(), table.lower())
        ]
        if len(same) == 1:
            return same[0], None
        if same:
            places = ", ".join(where.catalog for where in same)
            raise MeshError(f"is in several accounts ({places}); name it by a resource link", given)
        raise MeshError(f"there is no such table{nearest(given.lower(), self._tables(account))}", given)

    def _tables(self, account: str) -> list[str]:
        """Names of all tables, also through the account's links."""
        names = {f"{where.database}.{where.name}" for where in self.snapshot.table_ids}
        for database in self.snapshot.catalog(account).databases:
            if database.link is not None:
                target = self.snapshot.catalog(database.link.catalog).database(database.link.database)
                names.update(f"{database.name}.{table.name}" for table in (target.tables if target else ()))
        return sorted(names)

    def column(self, where: TableId, given: str) -> str:
        """A column of a table."""
        columns = list(columns_of(self.snapshot, where))
        if given.lower() not in columns:
            shown = f"{where.database}.{where.name}"
            raise MeshError(
                f"{shown} has no such column{nearest(given.lower(), columns)}", f"column '{given}'"
            )
        return given.lower()

    def levels(self) -> tuple[str, ...]:
        """Sensitivity levels of the mesh from open to closed."""
        return next(iter(self.project.stacks.values())).levels


def columns_of(snapshot: Snapshot, where: TableId) -> dict[str, str]:
    """Column -> its level as the tags say it, inherited where it has none of its own; empty where none says."""
    database = snapshot.catalog(where.catalog).database(where.database)
    table = snapshot.table(where)
    if database is None or table is None:
        return {}
    outer = inherit(database.tags, table.tags)
    return {column.name: dict(inherit(outer, column.tags)).get(SENSITIVITY, "") for column in table.columns}


def product_of(snapshot: Snapshot, where: TableId) -> str:
    """The product a table belongs to: its database's tag, or the database's name."""
    database = snapshot.catalog(where.catalog).database(where.database)
    return dict(database.tags).get(DATA_PRODUCT, where.database) if database else where.database


def by_level(levels: Iterable[str], columns: dict[str, str]) -> dict[str, list[str]]:
    """Columns under their level, levels in order; a level that nobody declared comes last."""
    order = [*levels]
    found: dict[str, list[str]] = {}
    for level in (*order, *sorted(set(columns.values()) - set(order))):
        names = [name for name, its in columns.items() if its == level]
        if names:
            found[level] = names
    return found
