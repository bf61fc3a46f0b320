"""What the program intends against what the catalogs hold, grant by grant and thing by thing.

Owns what counts as missing, unmanaged or different, and what is none of the mesh's business. Deliberately not
here: putting it right (repair).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.snapshot import Catalog, Database, DataCellsFilter, Snapshot, Table
from governance.snapshot.grants import Grant
from local.snapshots_program import Program
from mesh.access.names import Names
from mesh.access.verify_grants import compare_grants
from mesh.project import Project

_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}")
MISSING, UNMANAGED, DIFFERENT = "missing", "unmanaged", "different"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One difference.

    Attributes
    ----------
    what
        grant, role, database, table, link, column, tags, filter, location, administrator, settings, share.
    name
        The thing's names from outside in, for programs.
    grant
        For a grant: only the permissions that are missing, or that nobody intends.
    """

    kind: str
    what: str
    account: str
    text: str
    name: tuple[str, ...] = ()
    grant: Grant | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.what}: {self.text}"


@dataclass(frozen=True, kw_only=True)
class Findings:
    """All differences, and how many grants in the same accounts are not the mesh's."""

    found: tuple[Finding, ...] = ()
    grants: int = 0
    elsewhere: int = 0

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return bool(self.found)

    def of(self, kind: str, what: str) -> tuple[Finding, ...]:
        """Findings of one kind about one sort of thing."""
        return tuple(each for each in self.found if (each.kind, each.what) == (kind, what))


def compare(project: Project, program: Program, held: Snapshot) -> Findings:
    """Compare what is intended with what is held."""
    intended = program.snapshot
    names = Names(project, intended)
    found = [*_roles(names, intended, held)]
    for catalog in intended.catalogs:
        found += _catalog(catalog, held.catalog(catalog.account))
    accepted = set(held.accepted)
    members = set(held.organization.accounts)
    for owner, recipient in intended.accepted:
        if (owner, recipient) not in accepted and not {owner, recipient} <= members:
            text = f"account {recipient} has not accepted what {owner} shares"
            found.append(
                Finding(kind=MISSING, what="share", account=recipient, text=text, name=(owner, recipient))
            )
    missing, unmanaged, elsewhere = compare_grants(intended, held)
    found += [_grant(names, MISSING, grant) for grant in missing]
    found += [_grant(names, UNMANAGED, grant) for grant in unmanaged]
    return Findings(found=tuple(found), grants=len(intended.grants), elsewhere=elsewhere)


def _grant(names: Names, kind: str, grant: Grant) -> Finding:
    text = names.plain(str(grant)) + _deleted(grant.principal)
    return Finding(kind=kind, what="grant", account=grant.account, text=text, grant=grant)


def _deleted(principal: str) -> str:
    """What a principal's unique id means: its role or user is gone, and the id is what is left of it."""
    kind = {"AROA": "role", "AIDA": "user"}.get(principal[:4], "") if _UNIQUE_ID.fullmatch(principal) else ""
    return f"; that is a {kind} that was deleted" if kind else ""


def _roles(names: Names, intended: Snapshot, held: Snapshot) -> Iterator[Finding]:
    there = {role.arn for role in held.roles}
    for role in intended.roles:
        if role.arn not in there:
            account = role.arn.split(":")[4]
            yield Finding(
                kind=MISSING, what="role", account=account, text=names.shown(role.arn), name=(role.arn,)
            )


def _catalog(want: Catalog, have: Catalog) -> Iterator[Finding]:
    """Everything of one account but its grants."""

    def found(kind: str, what: str, text: str, *name: str) -> Finding:
        text = f"{text} in account {want.account}"
        return Finding(kind=kind, what=what, account=want.account, text=text, name=name)

    for admin in sorted(set(want.settings.admins) - set(have.settings.admins)):
        yield found(MISSING, "administrator", admin, admin)
    for admin in sorted(set(have.settings.admins) - set(want.settings.admins)):
        yield found(UNMANAGED, "administrator", admin + _deleted(admin), admin)
    if have.settings.cross_account_version != want.settings.cross_account_version:
        versions = f"{have.settings.cross_account_version}, not {want.settings.cross_account_version}"
        yield found(DIFFERENT, "settings", f"cross-account version is {versions},")
    for kind in ("database_defaults", "table_defaults"):
        if getattr(have.settings, kind) != getattr(want.settings, kind):
            of = kind.split("_")[0]
            yield found(DIFFERENT, "settings", f"IAMAllowedPrincipals receive permissions on every new {of}")
    tags = {tag.key: set(tag.values) for tag in have.tags}
    for tag in want.tags:
        for value in sorted(set(tag.values) - tags.get(tag.key, set())):
            yield found(MISSING, "tag", f"{tag.key}={value}", tag.key, value)
    places = {each.arn for each in have.locations}
    for location in want.locations:
        if location.arn not in places:
            yield found(MISSING, "location", location.arn, location.arn)
    for key, cells in want.filter_by_name.items():
        held = have.filter_by_name.get(key)
        if held is None:
            yield found(MISSING, "filter", f"{cells.name} of {cells.database}.{cells.table}", *key)
        elif _comparable(held) != _comparable(cells):
            yield found(DIFFERENT, "filter", f"{cells.name} of {cells.database}.{cells.table}", *key)
    for key, cells in have.filter_by_name.items():
        if key not in want.filter_by_name and want.database(cells.database) is not None:
            yield found(UNMANAGED, "filter", f"{cells.name} of {cells.database}.{cells.table}", *key)
    for database in want.databases:
        other = have.database(database.name)
        what = "link" if database.link else "database"
        if other is None:
            yield found(MISSING, what, database.name, database.name)
        elif other.link != database.link:
            yield found(DIFFERENT, what, f"{database.name} leads elsewhere,", database.name)
        elif database.link is None:
            yield from _database(want.account, database, other)
    targets = {each.link for each in want.databases if each.link}
    for database in have.databases:
        if database.link in targets and want.database(database.name) is None:
            yield found(UNMANAGED, "link", database.name, database.name)


def _comparable(cells: DataCellsFilter) -> tuple[object, ...]:
    """A filter without the order of its columns, which Lake Formation does not keep."""
    included = None if cells.included is None else frozenset(cells.included)
    return included, frozenset(cells.excluded), " ".join((cells.row_filter or "").split())


def _database(account: str, want: Database, have: Database) -> Iterator[Finding]:
    """Tables of one database; of one that has none in the program, what others make in it is their own."""

    def found(kind: str, what: str, text: str, *name: str) -> Finding:
        text = f"{text} in account {account}"
        return Finding(kind=kind, what=what, account=account, text=text, name=(want.name, *name))

    yield from _tags(found, want.name, dict(want.tags), dict(have.tags))
    for table in want.tables:
        shown = f"{want.name}.{table.name}"
        other = have.table(table.name)
        if other is None:
            yield found(MISSING, "table", shown, table.name)
            continue
        yield from _tags(found, shown, dict(table.tags), dict(other.tags), table.name)
        yield from _columns(found, shown, table, other)
    if want.tables:
        for table in have.tables:
            if want.table(table.name) is None:
                yield found(UNMANAGED, "table", f"{want.name}.{table.name}", table.name)


def _columns(found: Any, shown: str, want: Table, have: Table) -> Iterator[Finding]:
    for column in want.columns:
        other = have.column(column.name)
        if other is None:
            yield found(MISSING, "column", f"{shown}.{column.name}", want.name, column.name)
        else:
            where = f"{shown}.{column.name}"
            yield from _tags(found, where, dict(column.tags), dict(other.tags), want.name, column.name)
    for column in have.columns:
        if want.column(column.name) is None:
            yield found(UNMANAGED, "column", f"{shown}.{column.name}", want.name, column.name)


def _tags(
    found: Any, shown: str, want: Mapping[str, str], have: Mapping[str, str], *name: str
) -> Iterator[Finding]:
    for key in sorted({*want, *have}):
        if want.get(key) != have.get(key):
            kind = MISSING if key not in have else DIFFERENT if key in want else UNMANAGED
            text = f"{key} of {shown} is {have.get(key, 'not set')}, not {want.get(key, 'inherited')}"
            yield found(kind, "tags", text, *name)


def as_text(findings: Findings, program: Program) -> str:
    """One line per difference, and what can be done."""
    if not findings.any:
        tables = len(program.snapshot.table_ids)
        lines = [
            f"as intended: {findings.grants} grants and {tables} tables in {len(program.stacks)} accounts"
        ]
    else:
        lines = [str(each) for each in findings.found]
        kinds = {
            kind: sum(each.kind == kind for each in findings.found)
            for kind in (MISSING, UNMANAGED, DIFFERENT)
        }
        lines.append(", ".join(f"{count} {kind}" for kind, count in kinds.items() if count))
    if findings.elsewhere:
        lines.append(
            f"{findings.elsewhere} grants in these accounts are on nothing of the mesh and are left alone"
        )
    return "\n".join(lines)


def as_json(findings: Findings) -> dict[str, Any]:
    """Every difference, for programs."""
    return {
        "clean": not findings.any,
        "grants": findings.grants,
        "elsewhere": findings.elsewhere,
        "findings": [
            {"kind": each.kind, "what": each.what, "account": each.account, "text": each.text}
            for each in findings.found
        ],
    }
