"""Grants of Lake Formation and the resources they name.

Owns the resource union, the permission names each resource takes, and what "ALL" stands for. Deliberately not
here: what a grant opens (access) and whether somebody may make it (access.grants).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from governance.errors import MeshError
from governance.levels import Expression

IAM_ALLOWED_PRINCIPALS = "IAM_ALLOWED_PRINCIPALS"
"""The group that stands for "whatever IAM allows" (LFDG access-control-underlying-data)."""

DATABASE = "DATABASE"
TABLE = "TABLE"


@dataclass(frozen=True)
class CatalogRes:
    """The account's Data Catalog as a whole."""


@dataclass(frozen=True)
class DatabaseRes:
    """A database or database link."""

    name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name.lower())


@dataclass(frozen=True)
class TableRes:
    """One table or table link, or with `name` None all tables of the database, present and future."""

    database: str
    name: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "database", self.database.lower())
        if self.name is not None:
            object.__setattr__(self, "name", self.name.lower())


@dataclass(frozen=True)
class ColumnsRes:
    """Columns of one table: those `included`, or with `included` None all but `excluded`."""

    database: str
    table: str
    included: tuple[str, ...] | None = None
    excluded: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "database", self.database.lower())
        object.__setattr__(self, "table", self.table.lower())
        object.__setattr__(self, "excluded", _names(self.excluded))
        if self.included is not None:
            object.__setattr__(self, "included", _names(self.included))
            if self.excluded:
                raise MeshError(
                    "name the columns to include or those to exclude, not both", f"table {self.table}"
                )


@dataclass(frozen=True)
class LocationRes:
    """A registered Amazon S3 location or a path below one."""

    arn: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "arn", self.arn.rstrip("*").rstrip("/"))


@dataclass(frozen=True)
class TagRes:
    """Values of one LF-tag."""

    key: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.key.lower())
        object.__setattr__(self, "values", _names(self.values))


@dataclass(frozen=True)
class TagPolicyRes:
    """All databases (`kind` DATABASE) or all tables and columns (TABLE) whose LF-tags match an expression."""

    kind: str
    expression: Expression

    def __post_init__(self) -> None:
        if self.kind not in (DATABASE, TABLE):
            raise MeshError(
                f"'{self.kind}' is no kind of tag policy; use {DATABASE} or {TABLE}", "tag policy"
            )
        if not self.expression:
            raise MeshError("an expression needs at least one tag", "tag policy")
        folded = tuple(sorted((key.lower(), _names(values)) for key, values in self.expression))
        object.__setattr__(self, "expression", folded)


@dataclass(frozen=True)
class FilterRes:
    """A data cells filter of one table."""

    database: str
    table: str
    name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "database", self.database.lower())
        object.__setattr__(self, "table", self.table.lower())


Resource = CatalogRes | DatabaseRes | TableRes | ColumnsRes | LocationRes | TagRes | TagPolicyRes | FilterRes

DATABASE_ACTIONS = frozenset({"ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"})
TABLE_ACTIONS = frozenset({"ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"})
CATALOG_ACTIONS = frozenset({"CREATE_DATABASE", "CREATE_LF_TAG"})
TAG_ACTIONS = frozenset({"ALTER", "ASSOCIATE", "DESCRIBE", "DROP", "GRANT_WITH_LF_TAG_EXPRESSION"})
LOCATION_ACTIONS = frozenset({"DATA_LOCATION_ACCESS"})
FILTER_ACTIONS = frozenset({"DESCRIBE", "DROP", "SELECT"})


def actions_of(resource: Resource) -> frozenset[str]:
    """Permissions a resource takes (LFDG lf-permissions-reference, "permissions per resource type")."""
    match resource:
        case CatalogRes():
            return CATALOG_ACTIONS
        case DatabaseRes() | TagPolicyRes(kind="DATABASE"):
            return DATABASE_ACTIONS
        case TableRes() | TagPolicyRes():
            return TABLE_ACTIONS
        case ColumnsRes():
            return frozenset({"SELECT"})
        case LocationRes():
            return LOCATION_ACTIONS
        case TagRes():
            return TAG_ACTIONS
        case FilterRes():
            return FILTER_ACTIONS


@dataclass(frozen=True)
class Grant:
    """One grant as Lake Formation keeps it.

    Attributes
    ----------
    account
        Account in which it was made: the owner's, or a recipient's for a re-grant.
    catalog
        Account that owns the resource.
    principal
        Role or user ARN in IAM form, 12-digit account, organization or unit ARN, or IAM_ALLOWED_PRINCIPALS.
    permissions, grantable
        Sorted. What may be granted on need not be among what is permitted.
    """

    account: str
    catalog: str
    principal: str
    resource: Resource
    permissions: tuple[str, ...] = ()
    grantable: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "permissions", tuple(sorted(set(self.permissions))))
        object.__setattr__(self, "grantable", tuple(sorted(set(self.grantable))))

    @property
    def permitted(self) -> frozenset[str]:
        """Permissions with ALL spelled out; what the resource does not take is left out."""
        return _spelled(self.permissions, self.resource)

    @property
    def may_grant(self) -> frozenset[str]:
        """Grantable permissions with ALL spelled out."""
        return _spelled(self.grantable, self.resource)

    def __str__(self) -> str:
        option = f" (grantable {', '.join(self.grantable)})" if self.grantable else ""
        of = "" if self.account == self.catalog else f" of {self.catalog}"
        return (
            f"{', '.join(self.permissions) or 'nothing'} on {describe(self.resource)}{of}"
            f" to {self.principal}, granted in {self.account}{option}"
        )


def describe(resource: Resource) -> str:
    """A resource in words."""
    match resource:
        case CatalogRes():
            return "catalog"
        case DatabaseRes(name):
            return f"database {name}"
        case TableRes(database, None):
            return f"all tables of {database}"
        case TableRes(database, name):
            return f"table {database}.{name}"
        case ColumnsRes(database, table, included, excluded):
            which = f"columns {', '.join(included)}" if included is not None else "all columns"
            return f"{which} of {database}.{table}" + (f" but {', '.join(excluded)}" if excluded else "")
        case LocationRes(arn):
            return f"location {arn}"
        case TagRes(key, values):
            return f"tag {key}={'|'.join(values)}"
        case TagPolicyRes(kind, expression):
            return f"{kind} policy [{words(expression)}]"
        case FilterRes(database, table, name):
            return f"filter {name} of {database}.{table}"


def words(expression: Expression) -> str:
    """An expression in words: `data-product=a AND sensitivity=internal|public`."""
    return " AND ".join(f"{key}={'|'.join(values)}" for key, values in expression)


def _spelled(permissions: Iterable[str], resource: Resource) -> frozenset[str]:
    """Permissions with ALL (the console's Super) replaced by what it stands for on that resource."""
    taken, given = actions_of(resource), frozenset(permissions)
    return taken if given & {"ALL", "SUPER"} else given & taken


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({name.lower() for name in names}))
