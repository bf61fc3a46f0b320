"""The state a program intends, as a snapshot: read from its recorded stacks, before anything is deployed.

Owns the meaning of each resource type for access, and who makes each grant. The same reading serves what the
engine keeps as a stack's state. Deliberately not here: recording (snapshots_record), and the rules of access
(governance.access).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from governance.errors import MeshError
from governance.snapshot import (
    Column,
    DataCellsFilter,
    LakeSettings,
    LinkTarget,
    Organization,
    Snapshot,
    TableId,
)
from governance.snapshot.build import SnapshotBuilder
from governance.snapshot.grants import Resource
from local.snapshots_record import DYNAMIC, Declared, Stack
from local.snapshots_resources import from_api, from_pulumi

LAKE = "aws:lakeformation/"
GrantKey = tuple[str, str, str, Resource]
"""Account, catalog, principal and resource of a grant."""


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Who makes a grant: the stack it is in, and the role the stack makes it as."""

    stack: str
    resource: str
    role: str


@dataclass(frozen=True, kw_only=True)
class Program:
    """Recorded stacks and the state they intend."""

    stacks: tuple[Stack, ...]
    snapshot: Snapshot
    makers: Mapping[GrantKey, Maker]

    def stack_of(self, account: str) -> Stack | None:
        """The stack that deploys to an account."""
        return next((stack for stack in self.stacks if stack.account == account), None)


def read(stacks: Iterable[Stack]) -> Program:
    """What the stacks intend; production stacks serve models and hold nothing of the lake, so they are left out.

    Raises
    ------
    MeshError
        When a resource names what no stack makes, such as tags on a table that is not there.
    """
    reading = _Reading(tuple(stack for stack in stacks if stack.role != PRODUCTION))
    for stack in reading.stacks:
        reading.build.account(stack.account)
        for resource in stack.resources:
            reading.take(stack, resource)
    reading.finish()
    return Program(stacks=reading.stacks, snapshot=reading.build.build(), makers=reading.makers)


PRODUCTION = "production"


@dataclass
class _Reading:
    stacks: tuple[Stack, ...]
    build: SnapshotBuilder = field(default_factory=SnapshotBuilder)
    makers: dict[GrantKey, Maker] = field(default_factory=dict)
    columns: dict[TableId, tuple[str, ...]] = field(default_factory=dict)
    roles: dict[tuple[str, str], str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    tagged: list[Declared] = field(default_factory=list)
    policies: list[Declared] = field(default_factory=list)

    def take(self, stack: Stack, resource: Declared) -> None:
        """Read one resource."""
        if resource.type.endswith(":Regrant") and resource.type.startswith(DYNAMIC):
            found = from_api(json.loads(resource.inputs["resource"]), resource.account)
            self._grant(stack, resource, found, resource.inputs["permissions"], ())
        elif resource.type.endswith(":ShareAcceptance"):
            self.build.accept(str(resource.inputs["owner_account"]), resource.account)
        elif resource.type == f"{LAKE}permissions:Permissions":
            found = from_pulumi(resource.inputs, resource.account)
            option = resource.inputs.get("permissionsWithGrantOptions") or ()
            self._grant(stack, resource, found, resource.inputs["permissions"], option)
        elif resource.type in (f"{LAKE}resourceLfTags:ResourceLfTags", f"{LAKE}resourceLfTag:ResourceLfTag"):
            self.tagged.append(resource)
        elif resource.type in _IAM_POLICIES:
            self.policies.append(resource)
        elif resource.type in _READERS:
            _READERS[resource.type](self, resource)

    def _grant(
        self,
        stack: Stack,
        made: Declared,
        found: tuple[str, Resource] | None,
        permissions: Iterable[str],
        option: Iterable[str],
    ) -> None:
        if found is None:
            raise MeshError(
                "grants on a kind of resource that is not known here", f"{made.type} '{made.name}'"
            )
        catalog, resource = found
        key = (made.account, catalog, str(made.inputs["principal"]), resource)
        self.makers[key] = Maker(stack=stack.name, resource=made.name, role=made.role)
        self.build.grant(
            made.account, key[2], resource, tuple(permissions), grantable=tuple(option), catalog=catalog
        )

    def finish(self) -> None:
        """What needs to know everything else: tags on all columns of a table, policies of roles."""
        for resource in self.tagged:
            self._tags(resource)
        for resource in self.policies:
            self._policy(resource)
        members: dict[str, list[str]] = {}
        for stack in self.stacks:
            if organization := stack.config.get("organizationId"):
                members.setdefault(organization, []).append(stack.account)
        if members:
            most = max(members.values(), key=lambda accounts: len(accounts))
            self.build.organization = Organization(accounts=tuple(most))

    def _tags(self, resource: Declared) -> None:
        given = resource.inputs
        account = str(given.get("catalogId") or resource.account)
        pairs = given.get("lfTags") or ([given["lfTag"]] if given.get("lfTag") else [])
        values = {str(tag["key"]): str(tag["value"]) for tag in pairs}
        if database := given.get("database"):
            self.build.tag_database(account, database["name"], values)
        elif table := given.get("table"):
            self.build.tag_table(account, table["databaseName"], table["name"], values)
        elif columns := given.get("tableWithColumns"):
            where = TableId(account, columns["databaseName"].lower(), columns["name"].lower())
            excluded = set(columns.get("excludedColumnNames") or ())
            names = columns.get("columnNames") or [
                name for name in self.columns.get(where, ()) if name not in excluded
            ]
            self.build.tag_columns(account, where.database, where.name, names, values)

    def _policy(self, resource: Declared) -> None:
        given = resource.inputs
        if resource.type == "aws:iam/policyAttachment:PolicyAttachment":
            attached = [*(given.get("roles") or ())]
        else:
            attached = [given["role"]]
        text = given.get("policy") or self.documents.get(str(given.get("policyArn")))
        for role in attached:
            name = str(role).rsplit("/", 1)[-1]
            arn = self.roles.get((resource.account, name))
            if arn and text:
                self.build.role(arn, [_text(text)])


def _settings(reading: _Reading, resource: Declared) -> None:
    given = resource.inputs
    version = (given.get("parameters") or {}).get("CROSS_ACCOUNT_VERSION", "1")
    reading.build.settings(
        str(given.get("catalogId") or resource.account),
        LakeSettings(
            admins=tuple(given.get("admins") or ()),
            cross_account_version=int(version),
            database_defaults=_defaults(given.get("createDatabaseDefaultPermissions")),
            table_defaults=_defaults(given.get("createTableDefaultPermissions")),
        ),
    )


def _defaults(entries: Iterable[Mapping[str, Any]] | None) -> tuple[str, ...]:
    return tuple(permission for entry in entries or () for permission in entry.get("permissions") or ())


def _database(reading: _Reading, resource: Declared) -> None:
    given = resource.inputs
    target = given.get("targetDatabase")
    reading.build.database(
        str(given.get("catalogId") or resource.account),
        given["name"],
        location=given.get("locationUri"),
        creator=resource.role or None,
        link=LinkTarget(target["catalogId"], target["databaseName"]) if target else None,
    )


def _table(reading: _Reading, resource: Declared) -> None:
    given = resource.inputs
    storage = given.get("storageDescriptor") or {}
    target = given.get("targetTable")
    columns = tuple(
        Column(column["name"], column.get("type") or "string")
        for column in (*(storage.get("columns") or ()), *(given.get("partitionKeys") or ()))
    )
    where = reading.build.table(
        str(given.get("catalogId") or resource.account),
        given["databaseName"],
        given["name"],
        columns,
        location=storage.get("location"),
        creator=resource.role or None,
        link=LinkTarget(target["catalogId"], target["databaseName"], target["name"]) if target else None,
    )
    reading.columns[where] = tuple(column.name for column in columns)


def _tag(reading: _Reading, resource: Declared) -> None:
    given = resource.inputs
    account = str(given.get("catalogId") or resource.account)
    reading.build.tag(account, given["key"], given["values"], resource.role or None)


def _location(reading: _Reading, resource: Declared) -> None:
    given = resource.inputs
    hybrid = bool(given.get("hybridAccessEnabled"))
    reading.build.location(resource.account, given["arn"], given.get("roleArn"), hybrid=hybrid)


def _filter(reading: _Reading, resource: Declared) -> None:
    data = resource.inputs["tableData"]
    wildcard, rows = data.get("columnWildcard"), data.get("rowFilter") or {}
    reading.build.filter(
        str(data.get("tableCatalogId") or resource.account),
        DataCellsFilter(
            data["databaseName"],
            data["tableName"],
            data["name"],
            included=None if wildcard is not None else tuple(data.get("columnNames") or ()),
            excluded=tuple((wildcard or {}).get("excludedColumnNames") or ()),
            row_filter=rows.get("filterExpression"),
        ),
    )


def _role(reading: _Reading, resource: Declared) -> None:
    arn = str(resource.outputs["arn"])
    inline = [
        _text(each["policy"]) for each in resource.inputs.get("inlinePolicies") or () if each.get("policy")
    ]
    reading.build.role(arn, inline, resource.inputs.get("permissionsBoundary"))
    reading.roles[resource.account, arn.rsplit("/", 1)[-1]] = arn


def _document(reading: _Reading, resource: Declared) -> None:
    reading.documents[str(resource.outputs["arn"])] = _text(resource.inputs["policy"])


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


_IAM_POLICIES = frozenset(
    {
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/policyAttachment:PolicyAttachment",
    }
)
_READERS: Mapping[str, Callable[[_Reading, Declared], None]] = {
    f"{LAKE}dataLakeSettings:DataLakeSettings": _settings,
    f"{LAKE}dataCellsFilter:DataCellsFilter": _filter,
    f"{LAKE}lfTag:LfTag": _tag,
    f"{LAKE}resource:Resource": _location,
    "aws:glue/catalogDatabase:CatalogDatabase": _database,
    "aws:glue/catalogTable:CatalogTable": _table,
    "aws:iam/role:Role": _role,
    "aws:iam/policy:Policy": _document,
}
