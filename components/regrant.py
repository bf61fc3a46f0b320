"""A re-grant: what another account shares with this one, passed on to one of this account's roles.

The AWS provider cannot read such grants back when the tags belong to another account, so this one resource is made
with boto3: an idempotent create, a read that looks, and a delete that proves the grant is gone. Grants of the
owner account use the provider's own resource.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, ResourceProvider

from components.dynamic_resource import DynamicResource
from components.dynamic_session import Actor, patiently
from governance.errors import MeshError
from governance.levels import Expression

GONE = (
    "No permissions revoked",
    "Grantee has no permissions",
    "not found",
    "does not exist",
    "EntityNotFound",
)
"""What Lake Formation says when there is nothing to revoke; anything else is a failure."""

IDENTITY = ("role_arn", "region", "principal", "resource")


def tag_policy(catalog_id: str, kind: str, expression: Expression) -> dict[str, Any]:
    """API shape of the databases or tables that carry the expression's tags in another account's catalog."""
    tags = [{"TagKey": key, "TagValues": list(values)} for key, values in expression]
    return {"LFTagPolicy": {"CatalogId": catalog_id, "ResourceType": kind, "Expression": tags}}


def location(catalog_id: str, arn: str) -> dict[str, Any]:
    """API shape of a location that another account registered."""
    return {"DataLocation": {"CatalogId": catalog_id, "ResourceArn": arn}}


def cells(catalog_id: str, database: str, table: str, name: str) -> dict[str, Any]:
    """API shape of a data cells filter in another account's catalog."""
    where = {"TableCatalogId": catalog_id, "DatabaseName": database, "TableName": table, "Name": name}
    return {"DataCellsFilter": where}


class RegrantProvider(ResourceProvider):
    """Create, read, update and delete of one re-grant."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        _grant(Actor.from_props(props).client("lakeformation"), props, props["permissions"])
        return CreateResult(_identity(props), outs=props)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        held = _held(Actor.from_props(props).client("lakeformation"), props)
        return ReadResult(id_, {**props, "permissions": sorted(held)}) if held else ReadResult("", {})

    def diff(self, _id: str, old: dict[str, Any], new: dict[str, Any]) -> DiffResult:
        replaces = [key for key in IDENTITY if old.get(key) != new.get(key)]
        # How to act is kept with the grant as well: a later delete acts by what was stored last.
        way = any(old.get(key) != new.get(key) for key in ("external_id", "endpoint"))
        changed = bool(replaces) or way or sorted(old["permissions"]) != sorted(new["permissions"])
        return DiffResult(changes=changed, replaces=replaces, delete_before_replace=True)

    def update(self, _id: str, old: dict[str, Any], new: dict[str, Any]) -> Any:
        client = Actor.from_props(new).client("lakeformation")
        _grant(client, new, new["permissions"])
        if surplus := sorted(set(old["permissions"]) - set(new["permissions"])):
            _revoke(client, new, surplus)
        return pulumi.dynamic.UpdateResult(outs=new)

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        client = Actor.from_props(props).client("lakeformation")
        _revoke(client, props, props["permissions"])
        if left := _held(client, props) & set(props["permissions"]):
            raise MeshError(
                f"still holds {', '.join(sorted(left))} on {props['resource']} after the revoke",
                props["principal"],
            )


class Regrant(DynamicResource):
    """A permission of this account, passed on to a role in it."""

    def __init__(
        self,
        name: str,
        *,
        actor: Actor,
        principal: pulumi.Input[str],
        resource: dict[str, Any],
        permissions: Sequence[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        props = {
            **actor.props(),
            "principal": principal,
            "resource": json.dumps(resource, sort_keys=True),
            "permissions": sorted(permissions),
        }
        super().__init__("lakeformation:Regrant", RegrantProvider, name, props, opts)


def _identity(props: dict[str, Any]) -> str:
    digest = hashlib.sha256("|".join(str(props[key]) for key in IDENTITY).encode()).hexdigest()
    return f"regrant-{digest[:16]}"


def _arguments(props: dict[str, Any], permissions: Sequence[str]) -> dict[str, Any]:
    return {
        "Principal": {"DataLakePrincipalIdentifier": props["principal"]},
        "Resource": json.loads(props["resource"]),
        "Permissions": list(permissions),
    }


def _grant(client: Any, props: dict[str, Any], permissions: Sequence[str]) -> None:
    patiently(lambda: client.grant_permissions(**_arguments(props, permissions)))


def _revoke(client: Any, props: dict[str, Any], permissions: Sequence[str]) -> None:
    try:
        patiently(lambda: client.revoke_permissions(**_arguments(props, permissions)))
    except ClientError as error:
        if not any(text in str(error) for text in GONE):
            raise


def _held(client: Any, props: dict[str, Any]) -> set[str]:
    """Permissions of the re-grant as Lake Formation lists them.

    Listing by resource does not find tags of another account, so all of the account's grants are read and compared.
    """
    wanted = _canonical(json.loads(props["resource"]))
    held: set[str] = set()
    arguments: dict[str, Any] = {}
    while True:
        page = client.list_permissions(**arguments)
        for entry in page["PrincipalResourcePermissions"]:
            who = entry["Principal"]["DataLakePrincipalIdentifier"]
            if who == props["principal"] and _canonical(entry["Resource"]) == wanted:
                held |= set(entry["Permissions"])
        if not page.get("NextToken"):
            return held
        arguments["NextToken"] = page["NextToken"]


def _canonical(resource: dict[str, Any]) -> str:
    """A resource as text in which the order of tags and values does not matter."""
    policy = resource.get("LFTagPolicy")
    if policy:
        tags = sorted((tag["TagKey"], sorted(tag["TagValues"])) for tag in policy.get("Expression", []))
        return json.dumps(["LFTagPolicy", policy["CatalogId"], policy["ResourceType"], tags])
    return json.dumps(resource, sort_keys=True)
