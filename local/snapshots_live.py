"""What a catalog holds, as a snapshot: read through boto3, from the embedded cloud and from AWS by the same code.

Owns the calls, their pages, and putting the accounts together. Deliberately not here: who is asked (the caller
hands in clients that act as each account's deploy role, a data lake administrator, who sees everything), and
what the state means (governance.access).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from governance.access.principals import role_arn
from governance.snapshot import Column, DataCellsFilter, LakeSettings, LinkTarget, Organization, Snapshot
from governance.snapshot.build import SnapshotBuilder
from governance.snapshot.grants import Resource
from local.snapshots_calls import calls_in, marked, or_none, pages
from local.snapshots_resources import from_api

Clients = Callable[[str, str], Any]
"""Account and service to a boto3 client that acts there."""


@dataclass(frozen=True, kw_only=True)
class _Listed:
    """One entry of ListPermissions."""

    account: str
    catalog: str
    principal: str
    resource: Resource
    permissions: tuple[str, ...]
    grantable: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str, Resource]:
        return (self.catalog, self.principal, self.resource)


@dataclass
class _Reading:
    clients: Clients
    build: SnapshotBuilder = field(default_factory=SnapshotBuilder)
    listed: list[_Listed] = field(default_factory=list)
    organizations: dict[str, list[str]] = field(default_factory=dict)


def read(clients: Clients, accounts: Sequence[str], roles: Iterable[str] = ()) -> Snapshot:
    """Read the lakes of some accounts.

    Parameters
    ----------
    clients
        Clients of an account by service; they act as a data lake administrator of it.
    accounts
        The accounts of the mesh.
    roles
        ARNs of roles whose policies are read beside those that hold grants; one that is gone is left out.

    Raises
    ------
    MeshError
        When a call is refused or nothing answers: which, in which account, what AWS said and what to allow.
    """
    reading = _Reading(clients)
    for account in accounts:
        with calls_in(account):
            _lake(reading, account)
            _shares(reading, account)
    _grants(reading)
    wanted = {arn for arn in roles if ":role/" in arn}
    wanted.update(each.principal for each in reading.listed if ":role/" in each.principal)
    for arn in sorted(wanted):
        account = arn.split(":")[4]
        if account in accounts:
            with calls_in(account):
                _role(reading, arn)
    if reading.organizations:
        arn, members = max(reading.organizations.items(), key=lambda item: len(item[1]))
        reading.build.organization = Organization(arn, tuple(members))
    return reading.build.build()


def _lake(reading: _Reading, account: str) -> None:
    lake, glue, build = (
        reading.clients(account, "lakeformation"),
        reading.clients(account, "glue"),
        reading.build,
    )
    build.account(account)
    given = lake.get_data_lake_settings()["DataLakeSettings"]
    build.settings(
        account,
        LakeSettings(
            admins=tuple(each["DataLakePrincipalIdentifier"] for each in given.get("DataLakeAdmins") or ()),
            cross_account_version=int((given.get("Parameters") or {}).get("CROSS_ACCOUNT_VERSION", 1)),
            database_defaults=_defaults(given.get("CreateDatabaseDefaultPermissions")),
            table_defaults=_defaults(given.get("CreateTableDefaultPermissions")),
        ),
    )
    for tag in pages(lake.list_lf_tags, "LFTags"):
        if tag.get("CatalogId", account) == account:
            build.tag(account, tag["TagKey"], tag["TagValues"])
    for each in pages(lake.list_resources, "ResourceInfoList"):
        hybrid = bool(each.get("HybridAccessEnabled"))
        build.location(account, each["ResourceArn"], each.get("RoleArn"), hybrid=hybrid)
    for database in pages(glue.get_databases, "DatabaseList"):
        _database(reading, account, database)
    for each in pages(lake.list_data_cells_filter, "DataCellsFilters"):
        if each["TableCatalogId"] == account:
            build.filter(account, _filter(each))
    for entry in pages(lake.list_permissions, "PrincipalResourcePermissions"):
        found = from_api(_spelled_out(lake, entry["Resource"]), account)
        if found is not None:
            reading.listed.append(
                _Listed(
                    account=account,
                    catalog=found[0],
                    principal=role_arn(entry["Principal"]["DataLakePrincipalIdentifier"]),
                    resource=found[1],
                    permissions=tuple(entry.get("Permissions") or ()),
                    grantable=tuple(entry.get("PermissionsWithGrantOption") or ()),
                )
            )


def _spelled_out(lake: Any, resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """A tag policy that names a saved expression, with what that expression says now."""
    policy = resource.get("LFTagPolicy") or {}
    name = policy.get("ExpressionName")
    if not name or policy.get("Expression"):
        return resource
    where = {"CatalogId": policy["CatalogId"]} if policy.get("CatalogId") else {}
    saved = or_none(lake.get_lf_tag_expression, Name=name, **where)
    found = (saved or {}).get("Expression")
    return {"LFTagPolicy": {**policy, "Expression": found}} if found else {}


def _defaults(entries: Iterable[Mapping[str, Any]] | None) -> tuple[str, ...]:
    return tuple(permission for entry in entries or () for permission in entry.get("Permissions") or ())


def _database(reading: _Reading, account: str, database: Mapping[str, Any]) -> None:
    """A database with its tables and tags; what a link leads to is read in the account that owns it."""
    name, target = database["Name"], database.get("TargetDatabase")
    link = LinkTarget(target["CatalogId"], target["DatabaseName"]) if target else None
    reading.build.database(account, name, location=database.get("LocationUri"), link=link)
    if link is not None:
        return
    lake, glue = reading.clients(account, "lakeformation"), reading.clients(account, "glue")
    answer = or_none(lake.get_resource_lf_tags, Resource={"Database": {"CatalogId": account, "Name": name}})
    reading.build.tag_database(account, name, _pairs((answer or {}).get("LFTagOnDatabase")))
    for table in pages(glue.get_tables, "TableList", DatabaseName=name, gone=True):
        target = table.get("TargetTable")
        storage = table.get("StorageDescriptor") or {}
        creator = str(table.get("CreatedBy") or "")
        reading.build.table(
            account,
            name,
            table["Name"],
            [
                Column(each["Name"], each.get("Type") or "string")
                for each in (*(storage.get("Columns") or ()), *(table.get("PartitionKeys") or ()))
            ],
            location=storage.get("Location"),
            creator=role_arn(creator) if creator.startswith("arn:") else None,
            link=LinkTarget(target["CatalogId"], target["DatabaseName"], target["Name"]) if target else None,
        )
        if not target:
            _table_tags(reading, account, name, table["Name"])


def _table_tags(reading: _Reading, account: str, database: str, table: str) -> None:
    """Tags put on a table and its columns themselves."""
    where = {"CatalogId": account, "DatabaseName": database, "Name": table}
    lake = reading.clients(account, "lakeformation")
    answer = or_none(lake.get_resource_lf_tags, Resource={"Table": where}, ShowAssignedLFTags=True)
    reading.build.tag_table(account, database, table, _pairs((answer or {}).get("LFTagsOnTable")))
    for column in (answer or {}).get("LFTagsOnColumns") or ():
        reading.build.tag_columns(account, database, table, [column["Name"]], _pairs(column.get("LFTags")))


def _pairs(found: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    return {tag["TagKey"].lower(): tag["TagValues"][0].lower() for tag in found or ()}


def _filter(each: Mapping[str, Any]) -> DataCellsFilter:
    wildcard, rows = each.get("ColumnWildcard"), each.get("RowFilter") or {}
    names = tuple(each.get("ColumnNames") or ())
    predicate = rows.get("FilterExpression")
    every = "AllRowsWildcard" in rows or (predicate or "true").strip().lower() == "true"
    return DataCellsFilter(
        each["DatabaseName"],
        each["TableName"],
        each["Name"],
        included=names if names else None,
        excluded=tuple((wildcard or {}).get("ExcludedColumnNames") or ()) if not names else (),
        row_filter=None if every else predicate,
    )


def _grants(reading: _Reading) -> None:
    """Grants by who made them.

    A recipient's list may repeat what the owner granted: to the account itself, or to one of its roles
    directly. Such an entry is the owner's grant, and not one made by the recipient.
    """
    owners = {each.key for each in reading.listed if each.account == each.catalog}
    for each in reading.listed:
        if each.account != each.catalog and (each.principal == each.account or each.key in owners):
            continue
        reading.build.grant(
            each.account,
            each.principal,
            each.resource,
            each.permissions,
            grantable=each.grantable,
            catalog=each.catalog,
        )


def _shares(reading: _Reading, account: str) -> None:
    """Shares that reach the account, and the Organization it is in."""
    for share in pages(reading.clients(account, "ram").get_resource_shares, "resourceShares",
                        "nextToken", resourceOwner="OTHER-ACCOUNTS"):  # fmt: skip
        if share["status"] == "ACTIVE":
            reading.build.accept(share["owningAccountId"], account)
    organizations = reading.clients(account, "organizations")
    try:
        arn = organizations.describe_organization()["Organization"]["Arn"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in (
            "AWSOrganizationsNotInUseException",
            "AccessDeniedException",
        ):
            raise
        return
    reading.organizations.setdefault(arn, []).append(account)


def _role(reading: _Reading, arn: str) -> None:
    """A role with its inline and attached policies."""
    iam, name = reading.clients(arn.split(":")[4], "iam"), arn.rsplit("/", 1)[-1]
    found = or_none(iam.get_role, RoleName=name)
    if found is None:
        return
    documents = []
    for policy in marked(iam.list_role_policies, "PolicyNames", RoleName=name):
        inline = or_none(iam.get_role_policy, RoleName=name, PolicyName=policy)
        documents += [inline["PolicyDocument"]] if inline else []
    for attached in marked(iam.list_attached_role_policies, "AttachedPolicies", RoleName=name):
        version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
        answer = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)
        documents.append(answer["PolicyVersion"]["Document"])
    texts = [each if isinstance(each, str) else json.dumps(each) for each in documents]
    boundary = (found["Role"].get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    reading.build.role(arn, texts, boundary)
