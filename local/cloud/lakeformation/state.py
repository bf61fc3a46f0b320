"""What Lake Formation keeps per account and Region.

Owns the state (settings, registered locations, tags, filters, grants) and how other modules reach it. It
lives in moto's own backend object, so that moto's reset clears it. Deliberately not here: rules of any kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import moto.lakeformation.urls
from moto.glue.models import glue_backends
from moto.lakeformation.models import LakeFormationBackend, lakeformation_backends

from governance.snapshot.grants import IAM_ALLOWED_PRINCIPALS
from local.cloud.lakeformation.errors import not_found
from local.cloud.lakeformation.grants import GrantBook
from local.cloud.lakeformation.tags import TagBook

FilterKey = tuple[str, str, str]
"""Database, table and name of a data cells filter."""


def fresh_settings() -> dict[str, Any]:
    """Settings of an account that nobody configured: IAM alone decides about new databases and tables."""
    return {
        "DataLakeAdmins": [],
        "ReadOnlyAdmins": [],
        "CreateDatabaseDefaultPermissions": _everybody(),
        "CreateTableDefaultPermissions": _everybody(),
        "Parameters": {"CROSS_ACCOUNT_VERSION": "1", "SET_CONTEXT": "TRUE"},
        "TrustedResourceOwners": [],
        "AllowExternalDataFiltering": False,
        "AllowFullTableExternalDataAccess": False,
        "ExternalDataFilteringAllowList": [],
        "AuthorizedSessionTagValueList": [],
    }


def _everybody() -> list[dict[str, Any]]:
    return [
        {"Principal": {"DataLakePrincipalIdentifier": IAM_ALLOWED_PRINCIPALS}, "Permissions": ["ALL"]},
    ]


@dataclass
class LakeState:
    """Everything but what Glue itself keeps."""

    account: str
    grants: GrantBook
    settings: dict[str, Any] = field(default_factory=fresh_settings)
    tags: TagBook = field(default_factory=TagBook)
    locations: dict[str, dict[str, Any]] = field(default_factory=dict)
    filters: dict[FilterKey, dict[str, Any]] = field(default_factory=dict)
    creators: dict[tuple[str, ...], str] = field(default_factory=dict)

    @property
    def admins(self) -> frozenset[str]:
        """Principals that administer this account's lake."""
        return frozenset(
            str(admin["DataLakePrincipalIdentifier"]) for admin in self.settings.get("DataLakeAdmins") or ()
        )

    @property
    def cross_account_version(self) -> int:
        """Version of cross-account sharing that this account's grants use."""
        return int((self.settings.get("Parameters") or {}).get("CROSS_ACCOUNT_VERSION") or 1)

    def forget_database(self, name: str) -> None:
        """Drop tags, filters and the creator of a database that is no more."""
        self.tags.forget((name,))
        for key in [key for key in list(self.filters) if key[0] == name]:
            del self.filters[key]
        for holder in [holder for holder in list(self.creators) if holder[0] == name]:
            del self.creators[holder]

    def forget_table(self, database: str, name: str) -> None:
        """Drop tags, filters and the creator of a table that is no more."""
        self.tags.forget((database, name))
        for key in [key for key in list(self.filters) if key[:2] == (database, name)]:
            del self.filters[key]
        self.creators.pop((database, name), None)


class GovernedLakeBackend(LakeFormationBackend):  # type: ignore[misc]
    """moto's backend with our state in it."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.lake = LakeState(account_id, GrantBook(account_id))

    @property
    def _url_module(self) -> Any:
        return moto.lakeformation.urls


def state(account: str, region: str) -> LakeState:
    """Lake Formation's state of an account and Region."""
    lake: LakeState = lakeformation_backends[account][region].lake
    return lake


def states(region: str) -> Iterator[LakeState]:
    """States of every account that was ever addressed in a Region."""
    for account in sorted(lakeformation_backends):
        if region in list(lakeformation_backends[account].keys()):
            yield state(account, region)


def glue_database(account: str, region: str, name: str) -> Any:
    """Glue's record of a database or link; EntityNotFoundException when it is not there."""
    database = glue_backends[account][region].databases.get(name)
    if database is None:
        raise not_found(f"Database not found: {name}")
    return database


def glue_table(account: str, region: str, database: str, name: str) -> Any:
    """Glue's record of a table; EntityNotFoundException when it is not there."""
    table = glue_database(account, region, database).tables.get(name)
    if table is None:
        raise not_found(f"Table not found: {database}.{name}")
    return table


def glue_columns(table: Any) -> list[dict[str, str]]:
    """Columns of a table's current version, partition keys last."""
    version = table.versions[str(table._current_version)]
    columns = (version.get("StorageDescriptor") or {}).get("Columns") or []
    return [*columns, *(version.get("PartitionKeys") or [])]


def location_of(table: Any) -> str | None:
    """S3 location of a table's current version."""
    version = table.versions[str(table._current_version)]
    location = (version.get("StorageDescriptor") or {}).get("Location")
    return str(location) if location else None


def s3_arn(location: str, partition: str = "aws") -> str:
    """ARN of an `s3://bucket/prefix` location, without a trailing slash."""
    return f"arn:{partition}:s3:::{location.split('://', 1)[-1].rstrip('/')}"


def covering_location(lake: LakeState, arn: str) -> str | None:
    """The registered location an S3 ARN lies in: the longest that is a prefix of it at a slash."""
    covering = [
        each for each in lake.locations if arn == each.rstrip("/*") or arn.startswith(each.rstrip("/*") + "/")
    ]
    return max(covering, key=len, default=None)
