"""How much of each limit a set of resources takes: counts and sizes, by the account, role, key or tag they stand at.

A resource is anything with type, name, account and inputs: a recorded program's, a deployed stack's. Only what the mesh
declares is counted; what else lives in the accounts is not known here, and comes on top.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

Measured = tuple[str, str, int]
"""Key of the limit, where, how much of it is taken."""

COUNTED = {
    "aws:lakeformation/lfTag:LfTag": "lake.tags",
    "aws:lakeformation/resource:Resource": "lake.locations",
    "aws:glue/catalogDatabase:CatalogDatabase": "glue.databases",
    "aws:glue/catalogTable:CatalogTable": "glue.tables",
    "aws:glue/job:Job": "glue.jobs",
    "aws:glue/trigger:Trigger": "glue.triggers",
    "aws:glue/crawler:Crawler": "glue.crawlers",
    "aws:glue/securityConfiguration:SecurityConfiguration": "glue.security",
    "aws:iam/role:Role": "iam.roles",
    "aws:s3/bucket:Bucket": "s3.buckets",
    "aws:kms/key:Key": "kms.keys",
    "aws:cloudwatch/eventBus:EventBus": "events.buses",
    "aws:athena/workgroup:Workgroup": "athena.workgroups",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": "sagemaker.groups",
    "aws:sagemaker/pipeline:Pipeline": "sagemaker.pipelines",
    "aws:sagemaker/featureGroup:FeatureGroup": "sagemaker.feature-groups",
    "aws:sagemaker/domain:Domain": "sagemaker.domains",
    "aws:sagemaker/userProfile:UserProfile": "sagemaker.profiles",
}
"""Types that a limit of their account counts."""

SIZED = {
    "aws:s3/bucketPolicy:BucketPolicy": ("s3.policy", "policy", "bucket"),
    "aws:kms/key:Key": ("kms.policy", "policy", ""),
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": ("events.policy", "policy", "eventBusName"),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": (
        "sagemaker.policy",
        "resourcePolicy",
        "modelPackageGroupName",
    ),
}
"""Types with a document: its limit, the document's property, the property that names what it is on."""

PERMISSIONS = "aws:lakeformation/permissions:Permissions"
LF_TAGS = "aws:lakeformation/resourceLfTags:ResourceLfTags"
TABLE = "aws:glue/catalogTable:CatalogTable"
FEATURE_GROUP = "aws:sagemaker/featureGroup:FeatureGroup"


class Declared(Protocol):
    """A resource of a program or of a stack's state; inputs in camelCase."""

    @property
    def type(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def account(self) -> str: ...

    @property
    def inputs(self) -> Mapping[str, Any]: ...


def measure(resources: Iterable[Declared]) -> Iterator[Measured]:
    """Every limit that the resources take something of, once per place."""
    known = list(resources)
    counts: Counter[tuple[str, str]] = Counter()
    for item in known:
        if item.type in COUNTED:
            counts[COUNTED[item.type], item.account] += 1
        if item.type == TABLE:
            counts["glue.tables-in-database", f"{item.inputs.get('databaseName')} in {_owner(item)}"] += 1
        if item.type == FEATURE_GROUP:
            where = f"{item.inputs.get('featureGroupName')} in {item.account}"
            counts["sagemaker.features", where] += len(item.inputs.get("featureDefinitions") or ())
        if item.type == "aws:cloudwatch/eventRule:EventRule":
            counts["events.rules", f"{item.inputs.get('eventBusName') or 'default'} in {item.account}"] += 1
        if item.type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment":
            counts["iam.managed", _role(item)] += 1
        if item.type == "aws:iam/rolePolicy:RolePolicy":
            counts["iam.inline", _role(item)] += _unspaced(item.inputs.get("policy"))
    for (key, where), used in counts.items():
        yield key, where, used
    for item in known:
        yield from _sizes(item)
    yield from _grants(known)


def _sizes(item: Declared) -> Iterator[Measured]:
    inputs = item.inputs
    if item.type in SIZED:
        key, document, named = SIZED[item.type]
        text = inputs.get(document) or ""
        yield key, f"{inputs.get(named) or item.name} in {item.account}", len(_text(text).encode())
    elif item.type == "aws:iam/role:Role":
        where = f"role {inputs.get('name') or item.name} in {item.account}"
        yield "iam.trust", where, _unspaced(inputs.get("assumeRolePolicy"))
        if attached := inputs.get("managedPolicyArns"):
            yield "iam.managed", where, len(attached)
    elif item.type == "aws:lakeformation/lfTag:LfTag":
        where = f"tag {inputs.get('key')} in {_owner(item)}"
        values = [str(value) for value in inputs.get("values") or ()]
        yield "lake.tag-values", where, len(values)
        yield "lake.tag-length", where, max(map(len, [str(inputs.get("key")), *values]))
    elif item.type == LF_TAGS:
        yield "lake.tags-on-resource", f"{item.name} in {_owner(item)}", len(inputs.get("lfTags") or ())
    elif item.type == "aws:lakeformation/dataLakeSettings:DataLakeSettings":
        yield "lake.admins", item.account, len(inputs.get("admins") or ())
    elif item.type == "aws:lakeformation/resource:Resource":
        yield "lake.location-length", f"{inputs.get('arn')} in {item.account}", len(str(inputs.get("arn")))


def _grants(known: list[Declared]) -> Iterator[Measured]:
    """Grants by principal, and what they share with other accounts.

    From cross-account version 3 on, Lake Formation puts what it shares with an account into RAM shares, several grants
    to one (developer guide, "Updating cross-account data sharing version settings"); one per account is the least.
    """
    policies: Counter[str] = Counter()
    filters: Counter[str] = Counter()
    shared: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    catalog = _Catalog(known)
    for item in known:
        for grant in _granted(item):
            principal, owner = str(grant["principal"]), str(grant["catalog"])
            if policy := grant.get("policy"):
                policies[f"{policy['type']} of {_short(principal)}, catalog {owner}"] += 1
            if cells := grant.get("filter"):
                filters[f"{cells} of {_short(principal)}, catalog {owner}"] += 1
            account = principal.split(":")[4] if principal.startswith("arn:") else principal
            if account != owner and item.type == PERMISSIONS:
                shared[owner, account] |= catalog.reached(owner, grant)
    for key, counts in (("lake.tag-policies", policies), ("lake.filters", filters)):
        for where, used in counts.items():
            yield key, where, used
    for (owner, account), names in shared.items():
        if names:
            yield "ram.resources", f"{owner} with {account}", len(names)
    for owner, count in Counter(owner for (owner, _), names in shared.items() if names).items():
        yield "ram.shares", owner, count


def _granted(item: Declared) -> Iterator[dict[str, Any]]:
    """One grant in plain words, from either way of making it: the provider's resource or a re-grant."""
    inputs = item.inputs
    if item.type == PERMISSIONS:
        resource: Mapping[str, Any] = {
            "LFTagPolicy": _upper(inputs.get("lfTagPolicy")), "DataCellsFilter": _upper(inputs.get("dataCellsFilter")),
            "Database": _upper(inputs.get("database")), "Table": _upper(inputs.get("table")),
        }  # fmt: skip
        owner = inputs.get("catalogId") or item.account
    elif item.type.startswith("pulumi-python:dynamic") and "resource" in inputs and "principal" in inputs:
        resource = json.loads(_text(inputs["resource"]))
        owner = str(inputs.get("role_arn") or ":" * 5).split(":")[4]
    else:
        return
    grant: dict[str, Any] = {"principal": inputs.get("principal"), "catalog": owner}
    if policy := resource.get("LFTagPolicy"):
        expression = policy.get("Expression") or _expressions(policy.get("Expressions"))
        grant["policy"] = {
            "type": policy.get("ResourceType"),
            "tags": {part["TagKey"]: set(part["TagValues"]) for part in expression},
        }
        grant["catalog"] = policy.get("CatalogId") or owner
    if cells := resource.get("DataCellsFilter"):
        grant["filter"] = grant["table"] = f"{cells.get('DatabaseName')}.{cells.get('TableName')}"
        grant["catalog"] = cells.get("TableCatalogId") or owner
    if table := resource.get("Table"):
        grant["table"] = f"{table.get('DatabaseName')}.{table.get('Name') or '*'}"
        grant["catalog"] = table.get("CatalogId") or owner
    if database := resource.get("Database"):
        grant["database"] = str(database.get("Name"))
        grant["catalog"] = database.get("CatalogId") or owner
    yield grant


class _Catalog:
    """Databases and tables with their LF-tags, to know what a tag expression reaches."""

    def __init__(self, known: list[Declared]) -> None:
        self.tags: dict[tuple[str, str], dict[str, str]] = {}
        self.tables: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self.columns: defaultdict[tuple[str, str, str], set[tuple[str, str]]] = defaultdict(set)
        for item in known:
            inputs, owner = item.inputs, _owner(item)
            if item.type == TABLE:
                self.tables[owner, str(inputs.get("databaseName"))].add(str(inputs.get("name")))
            tags = (
                {str(tag["key"]): str(tag["value"]) for tag in inputs.get("lfTags") or ()}
                if item.type == LF_TAGS
                else {}
            )
            if tags and (database := inputs.get("database")):
                self.tags.setdefault((owner, str(database["name"])), {}).update(tags)
            if tags and (part := inputs.get("tableWithColumns")):
                self.columns[owner, str(part["databaseName"]), str(part["name"])] |= set(tags.items())

    def reached(self, owner: str, grant: Mapping[str, Any]) -> set[str]:
        """What of the owner's catalog a grant names or its expression matches."""
        found = {str(grant[key]) for key in ("database", "table") if grant.get(key)}
        wanted: dict[str, set[str]] = (grant.get("policy") or {}).get("tags") or {}
        for (account, database), tags in self.tags.items() if wanted else ():
            if account != owner:
                continue
            if grant["policy"]["type"] == "DATABASE" and all(
                tags.get(key) in values for key, values in wanted.items()
            ):
                found.add(database)
            for table in self.tables[owner, database] if grant["policy"]["type"] == "TABLE" else ():
                own = self.columns[owner, database, table]
                if all(tags.get(key) in values or any((key, value) in own for value in values)
                       for key, values in wanted.items()):  # fmt: skip
                    found.add(f"{database}.{table}")
        return found


def _expressions(expressions: Any) -> list[dict[str, Any]]:
    return [{"TagKey": part["key"], "TagValues": part["values"]} for part in expressions or ()]


def _upper(block: Any) -> Any:
    """Names of a block's properties as the API writes them."""
    return (
        {key[:1].upper() + key[1:]: value for key, value in block.items()}
        if isinstance(block, Mapping)
        else None
    )


def _owner(item: Declared) -> str:
    return str(item.inputs.get("catalogId") or item.account)


def _role(item: Declared) -> str:
    return f"role {str(item.inputs.get('role')).rsplit('/', 1)[-1]} in {item.account}"


def _short(principal: str) -> str:
    """A role by name and account."""
    if not principal.startswith("arn:"):
        return f"account {principal}"
    return f"{principal.rsplit('/', 1)[-1]} in {principal.split(':')[4]}"


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document or {})


def _unspaced(document: Any) -> int:
    """Characters of a document without white space, as IAM counts them."""
    return len(re.sub(r"\s", "", _text(document)))
