"""Rules on Lake Formation: settings, tags and grants in the shapes that neither flap nor open too much.

Whether grants add up to what a person may read is the access evaluator's question, not a rule's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.levels import DATA_PRODUCT
from governance.names import database_name
from policies.model import Resource, Stack, listed, named, of_type, pairs, plain, providers, setting

SETTINGS = "aws:lakeformation/dataLakeSettings:DataLakeSettings"
PERMISSIONS = "aws:lakeformation/permissions:Permissions"
TAG = "aws:lakeformation/lfTag:LfTag"
REGRANT = "pulumi-python:dynamic/lakeformation:Regrant"
KINDS = (
    "catalogResource", "database", "table", "tableWithColumns", "dataLocation", "dataCellsFilter", "lfTag",
    "lfTagPolicy",
)  # fmt: skip
"""Properties of a grant that say on what it is."""

LEAST_VERSION = 3
"""Below, tag-based shares to accounts do not go through RAM."""
MOST_TAG_VALUES = 1_000
MOST_EXPRESSION_VALUES = 50
MOST_TAG_LENGTH = 50


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One grant, of the provider's kind or a re-grant."""

    resource: Resource
    principal: str
    kind: str
    """One of KINDS."""
    on: Mapping[str, Any]
    permissions: tuple[str, ...]

    @property
    def reads(self) -> bool:
        return "SELECT" in self.permissions


def grants(stack: Stack) -> Iterator[Grant]:
    """All grants of a stack; a re-grant's API shape is read as the provider's."""
    for resource in of_type(stack, PERMISSIONS, REGRANT):
        inputs = resource.inputs
        on: Any
        if resource.type == PERMISSIONS:
            kind, on = next(pairs(inputs, *KINDS), ("", {}))
        else:
            kind, on = next(iter(json.loads(str(inputs.get("resource") or "{}")).items()), ("", {}))
            kind, on = (
                {"LFTagPolicy": "lfTagPolicy", "LFTag": "lfTag"}.get(kind, kind[:1].lower() + kind[1:]),
                _camel(on),
            )
        yield Grant(
            resource=resource,
            principal=str(inputs.get("principal")),
            kind=kind,
            on=on if isinstance(on, dict) else {},
            permissions=tuple(str(item) for item in listed(inputs.get("permissions"))),
        )


def _camel(node: Any) -> Any:
    """An API shape with the provider's property names."""
    renamed = {"Expression": "expressions", "TagKey": "key", "TagValues": "values", "ResourceArn": "arn"}
    if isinstance(node, dict):
        return {renamed.get(key, key[:1].lower() + key[1:]): _camel(value) for key, value in node.items()}
    return [_camel(item) for item in node] if isinstance(node, list) else node


def one_grant_per_principal_and_resource(stack: Stack) -> list[str]:
    """Two resources that hold the same grant take it from each other in every run."""
    seen = Counter((grant.principal, _canonical(grant)) for grant in grants(stack))
    return [
        f"{named(grant.resource)}: {grant.principal} has another grant on the same {grant.kind}; make it one"
        for grant in grants(stack)
        if seen[(grant.principal, _canonical(grant))] > 1
    ]


def _canonical(grant: Grant) -> str:
    def sort(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: sort(value) for key, value in sorted(node.items())}
        return sorted((sort(item) for item in node), key=str) if isinstance(node, list) else node

    return json.dumps([grant.kind, sort(dict(grant.on)), grant.resource.inputs.get("catalogId")])


def permissions_are_spelled_out(resource: Resource) -> list[str]:
    """`ALL` reads back as its parts and is never what a least-privileged principal needs."""
    if resource.type not in (PERMISSIONS, REGRANT):
        return []
    held = {str(item) for item in listed(resource.inputs.get("permissions"))}
    passed_on = {str(item) for item in listed(resource.inputs.get("permissionsWithGrantOptions"))}
    found = [f"grants {item}; name the permissions" for item in sorted((held | passed_on) & {"ALL", "SUPER"})]
    if not held:
        found.append("grants nothing")
    if extra := sorted(passed_on - held - {"ALL", "SUPER"}):
        found.append(f"may pass on {', '.join(extra)} without holding it")
    return found


def no_grant_to_administrators(stack: Stack) -> list[str]:
    """An administrator's implied permissions cannot be told from granted ones; such a grant never settles."""
    admins = {
        str(item) for settings in of_type(stack, SETTINGS) for item in listed(settings.inputs.get("admins"))
    }
    deployers = {role for provider in providers(stack).values() for role in provider.roles[-1:]}
    found = []
    for grant in grants(stack):
        if grant.principal in admins | deployers:
            who = "an administrator" if grant.principal in admins else "who deploys"
            found.append(f"{named(grant.resource)}: grants to {who}, {grant.principal}")
        if "IAM_ALLOWED_PRINCIPALS" in grant.principal.upper():
            found.append(f"{named(grant.resource)}: grants to everybody whom IAM allows")
    return found


def settings_have_one_owner(stack: Stack) -> list[str]:
    """The stack's account has one owner of its settings: the API replaces the whole object."""
    known = providers(stack)
    owners = Counter(
        known[item.provider].account if item.provider in known else "" for item in of_type(stack, SETTINGS)
    )
    found = [
        f"account {account}: has {count} owners of its Lake Formation settings"
        for account, count in sorted(owners.items())
        if count > 1
    ]
    own = setting(stack, "accountId")
    if own and own not in owners and any(of_type(stack, PERMISSIONS, TAG, REGRANT)):
        found.append(f"account {own}: nothing here owns its Lake Formation settings")
    return found


def settings_are_safe(resource: Resource) -> list[str]:
    """Settings name administrators, share by RAM, leave nothing to IAM alone and outlive the stack."""
    if resource.type != SETTINGS:
        return []
    inputs = resource.inputs
    found = []
    if not inputs.get("admins"):
        found.append("name no administrator; nobody could grant")
    version = str((inputs.get("parameters") or {}).get("CROSS_ACCOUNT_VERSION", "1"))
    if int(version) < LEAST_VERSION:
        found.append(f"have cross-account version {version}; at least {LEAST_VERSION} is needed")
    for key, _ in pairs(inputs, "createDatabaseDefaultPermissions", "createTableDefaultPermissions"):
        if any(item.get("permissions") for item in listed(inputs[key])):
            found.append(f"open new databases or tables to IAM by {key}")
    if resource.retain_on_delete is False:
        found.append("are not retained; deleting them takes every administrator away")
    return found


def filters_and_tags_do_not_meet(stack: Stack) -> list[str]:
    """Grants are a union: a tag grant on a table opens again what a data cells filter closes."""
    tags = [grant for grant in grants(stack) if grant.kind == "lfTagPolicy" and grant.reads]
    return [
        f"{named(grant.resource)}: {grant.principal} also reads table "
        f"'{grant.on.get('tableName')}' by the tags of '{other.resource.name}', past the filter"
        for grant in grants(stack)
        if grant.kind == "dataCellsFilter"
        for other in tags
        if other.principal == grant.principal
        and _one_catalog(grant, other)
        and _covers(other, str(grant.on.get("databaseName")))
    ]


def _one_catalog(cells: Grant, tags: Grant) -> bool:
    """Whether a filter and a tag grant are on the same account's catalog; an unnamed one may be."""
    catalogs = {str(one) for one in (cells.on.get("tableCatalogId"), tags.on.get("catalogId")) if one}
    return len(catalogs) < 2


def _covers(grant: Grant, database: str) -> bool:
    """Whether a tag grant may reach a product's database; without the product's tag it reaches every one."""
    products = [
        item.get("values") for item in listed(grant.on.get("expressions")) if item.get("key") == DATA_PRODUCT
    ]
    return not products or any(
        database_name(str(product)) == database for values in products for product in values
    )


def tags_fit(resource: Resource) -> list[str]:
    """LF-tags and expressions stay within Lake Formation's limits; values are stored in lower case."""
    pool: list[tuple[str, list[Any], int]] = []
    if resource.type == TAG:
        pool = [(str(resource.inputs.get("key")), listed(resource.inputs.get("values")), MOST_TAG_VALUES)]
    elif resource.type == PERMISSIONS:
        policy, tag = (
            plain(resource.inputs.get("lfTagPolicy")) or {},
            plain(resource.inputs.get("lfTag")) or {},
        )
        parts = [*listed(policy.get("expressions")), *([tag] if tag else [])]
        pool = [(str(part.get("key")), listed(part.get("values")), MOST_EXPRESSION_VALUES) for part in parts]
    found = []
    for key, values, most in pool:
        if not 1 <= len(values) <= most:
            found.append(f"tag '{key}' has {len(values)} values; 1 to {most} are possible")
        long = [
            str(word)
            for word in (key, *values)
            if len(str(word)) > MOST_TAG_LENGTH or str(word) != str(word).lower()
        ]
        if long:
            found.append(
                f"tag '{key}': '{long[0]}' is not in lower case and at most {MOST_TAG_LENGTH} characters"
            )
    return found
