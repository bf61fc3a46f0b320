"""A snapshot prepared for many questions: grants by grantee, tables by shape, links by target.

Owns what is looked up again and again, built once per snapshot and kept with it. Deliberately not here: any
rule about what a grant means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from governance.access.holdings import Holdings, Missing
from governance.access.principals import is_organization, role_arn
from governance.access.tags import Shape, TagSets, shape
from governance.snapshot import Database, LinkTarget, Snapshot, TableId
from governance.snapshot.grants import Grant

_KEPT = "_access_index"


class Link(NamedTuple):
    """A resource link: where it is and, for a link to a table, its name there."""

    account: str
    database: str
    table: str | None


class Index:
    """One snapshot, prepared. Get it by :func:`index_of`."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.sets = TagSets()
        self.shapes: dict[TableId, Shape] = {}
        self.database_tags: dict[tuple[str, str], int] = {}
        self.links: dict[tuple[str, LinkTarget], list[Link]] = {}
        self.admins = {each.account: frozenset(each.settings.admins) for each in snapshot.catalogs}
        self.links_to: dict[tuple[str, TableId], list[Link]] = {}
        self.holdings: dict[tuple[str, str], Holdings] = {}
        self.link_steps: dict[tuple[str, Link], tuple[tuple[Grant | str, ...], Missing | None]] = {}
        for catalog in snapshot.catalogs:
            for database in catalog.databases:
                self._database(catalog.account, database)
        self._grants: dict[tuple[str, str, str], list[Grant]] = {}
        self._organization: dict[str, list[Grant]] = {}
        for grant in sorted(set(snapshot.grants), key=str):
            principal = role_arn(grant.principal)
            self._grants.setdefault((grant.account, grant.catalog, principal), []).append(grant)
            if is_organization(grant.principal) and grant.account == grant.catalog:
                self._organization.setdefault(grant.catalog, []).append(grant)

    def grants(self, account: str, catalog: str, *principals: str) -> list[Grant]:
        """Grants made in an account on resources of a catalog to any of the principals, in a fixed order."""
        return [
            grant for principal in principals for grant in self._grants.get((account, catalog, principal), ())
        ]

    def organization_grants(self, catalog: str) -> Sequence[Grant]:
        """Grants of a catalog's owner to organizations and units."""
        return self._organization.get(catalog, ())

    def is_admin(self, principal: str, account: str) -> bool:
        """Whether the principal is a data lake administrator of the account."""
        return principal in self.admins.get(account, frozenset())

    def version(self, account: str) -> int:
        """Cross-account version of an account; of one nobody described, the version of a fresh account."""
        return self.snapshot.catalog(account).settings.cross_account_version

    def _database(self, account: str, database: Database) -> None:
        if database.link is not None:
            self.links.setdefault((account, database.link), []).append(Link(account, database.name, None))
            return
        self.database_tags[account, database.name] = self.sets.intern(database.tags)
        for table in database.tables:
            if table.link is not None:
                link = Link(account, database.name, table.name)
                self.links.setdefault((account, table.link), []).append(link)
            else:
                made = shape(account, database, table, self.sets)
                self.shapes[made.where] = made


def index_of(snapshot: Snapshot) -> Index:
    """The prepared form of a snapshot, made on the first question and kept in the snapshot itself."""
    kept = vars(snapshot)
    found: Index | None = kept.get(_KEPT)
    if found is None:
        found = kept[_KEPT] = Index(snapshot)
    return found
