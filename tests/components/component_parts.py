"""Arguments of components for the tests, a small contract, and a reader of policy documents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pulumi
import pulumi_aws as aws
import yaml

from components.central_catalog import CentralCatalogArgs
from components.data_product import DataProductArgs
from components.dynamic_session import Actor
from components.ml_consumer import MLConsumerArgs
from components.providers import account_provider
from governance.contracts import Contract, parse_contract
from governance.levels import DEFAULT_LEVELS
from governance.names import Names, Place
from governance.pipelines import PipelineFacts
from governance.settings import ConsumerRole, Lob, Share, Subscription
from local.engine import Recording, Resource

CENTRAL = Place(account_id="111122223333", region="eu-west-1")
PRODUCER = Place(account_id="222233334444", region="eu-west-1")
CONSUMER = Place(account_id="333344445555", region="eu-west-1")
NAMES = Names(namespace="mesh")
LEVELS = DEFAULT_LEVELS
CATALOG_KEY = "arn:aws:kms:eu-west-1:111122223333:key/catalog"
REGRANT = "pulumi-python:dynamic/lakeformation:Regrant"
ACCEPTANCE = "pulumi-python:dynamic/ram:ShareAcceptance"
PERMISSIONS = "aws:lakeformation/permissions:Permissions"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
LEVEL_COLUMNS = {"amount": "public", "purpose": "internal", "income": "confidential", "sex": "restricted"}


def provider(name: str, place: Place) -> aws.Provider:
    """An explicit provider of an account."""
    return account_provider(
        name,
        place=place,
        role_arn=place.role_arn("MeshDeploy"),
        external_id=None,
        tags={"owner": "test"},
        endpoint=None,
    )


def within(name: str, place: Place) -> pulumi.ResourceOptions:
    """Options of a top component in an account."""
    return pulumi.ResourceOptions(providers=[provider(name, place)])


def contract(product: str = "loans", columns: Mapping[str, str] = LEVEL_COLUMNS, tables: int = 1) -> Contract:
    """A product's contract: the same columns (name -> classification) in each table."""
    properties = [
        {"name": name, "logicalType": "string", "classification": level, "description": f"The {name}"}
        for name, level in columns.items()
    ]
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": product,
        "version": "2.1.0",
        "dataProduct": product,
        "schema": [{"name": f"table_{index}", "properties": properties} for index in range(tables)],
    }
    return parse_contract(yaml.safe_dump(document), "contract.yaml")


def lob(
    name: str = "retail", products: Sequence[str] = ("loans",), account: str = PRODUCER.account_id
) -> Lob:
    return Lob(name=name, account_id=account, products=tuple(products), steward_callers=())


def central_args(**more: Any) -> CentralCatalogArgs:
    values: dict[str, Any] = {
        "place": CENTRAL,
        "names": NAMES,
        "admins": [CENTRAL.role_arn("MeshDeploy")],
        "lobs": [lob()],
        "consumer_accounts": [CONSUMER.account_id],
        "levels": LEVELS,
    }
    return CentralCatalogArgs(**{**values, **more})


def actor(place: Place) -> Actor:
    return Actor(role_arn=place.role_arn("MeshDeploy"), region=place.region)


def share(clearance: str = "confidential", consumer: str = "science") -> Share:
    return Share(consumer=consumer, account_id=CONSUMER.account_id, clearance=clearance)


def product_args(steward: aws.Provider, **more: Any) -> DataProductArgs:
    values: dict[str, Any] = {
        "contract": contract(),
        "lob": "retail",
        "place": PRODUCER,
        "central": CENTRAL,
        "names": NAMES,
        "levels": LEVELS,
        "steward": steward,
        "admin": actor(PRODUCER),
        "catalog_key_arn": CATALOG_KEY,
        "shares": [share()],
    }
    return DataProductArgs(**{**values, **more})


def roles(**clearances: str) -> tuple[ConsumerRole, ...]:
    """Roles by clearance; underscores in names become hyphens."""
    found = {
        "data_scientist": "confidential",
        "pipeline": "confidential",
        "auditor": "restricted",
        **clearances,
    }
    return tuple(ConsumerRole(name=name.replace("_", "-"), clearance=item) for name, item in found.items())


def subscription(product: str = "loans", clearance: str = "restricted") -> Subscription:
    return Subscription(product=product, lob="retail", stack="producer", clearance=clearance)


def consumer_args(**more: Any) -> MLConsumerArgs:
    values: dict[str, Any] = {
        "consumer": "science",
        "place": CONSUMER,
        "central": CENTRAL,
        "names": NAMES,
        "levels": LEVELS,
        "admin": actor(CONSUMER),
        "roles": roles(),
        "subscriptions": [subscription()],
        "shared": {"loans": ["table_0"]},
        "catalog_key_arn": CATALOG_KEY,
        "users": ["ana"],
        "vpc_id": "vpc-1",
        "subnet_ids": ["subnet-1"],
        "security_group_ids": ["sg-1"],
        "model_package_group": "risk",
        "organization_id": "o-a1b2c3d4e5",
    }
    return MLConsumerArgs(**{**values, **more})


@dataclass(frozen=True)
class Code:
    """What a pipeline is made of, as short as can be."""

    product: str = "loans"
    revision: str = "0123456789abcdef"
    source: bytes = b"source"
    program: bytes = b"program"

    def definition(self, facts: PipelineFacts) -> str:
        return json.dumps({"Version": "2020-12-01", "Steps": [], "Metadata": {"role": facts.role_arn}})


def waits_for(recording: Recording, resource: Resource) -> set[str]:
    """URNs of all resources that stand before a resource is made: its dependencies, and theirs."""
    by_urn = {item.urn: item for item in recording}
    found: set[str] = set()
    todo = [*resource.dependencies]
    while todo:
        urn = todo.pop()
        if urn not in found:
            found.add(urn)
            todo += by_urn[urn].dependencies if urn in by_urn else ()
    return found


def policy(document: Any) -> list[dict[str, Any]]:
    """Statements of a policy document, given as text or mapping."""
    found = json.loads(document) if isinstance(document, str) else document
    assert found["Statement"], "a policy without statements holds nothing"
    return list(found["Statement"])


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list | tuple) else [value]


def allows(document: Any, action: str, resource: str) -> bool:
    """Whether a role's policy allows an action on a resource, conditions aside."""
    return any(
        any(fnmatchcase(action, pattern) for pattern in many(item["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in many(item["Resource"]))
        for item in policy(document)
        if item["Effect"] == "Allow"
    )


def statement(document: Any, sid: str) -> dict[str, Any]:
    """The statement with an id."""
    found = [item for item in policy(document) if item.get("Sid") == sid]
    assert len(found) == 1, f"{len(found)} statements are called {sid}"
    return found[0]


def expression(grant: Any) -> dict[str, list[str]]:
    """Tags of a tag-policy grant or re-grant: key -> values, sorted."""
    if grant.type == REGRANT:
        tags = json.loads(grant.inputs["resource"])["LFTagPolicy"]["Expression"]
        return {tag["TagKey"]: sorted(tag["TagValues"]) for tag in tags}
    return {tag["key"]: sorted(tag["values"]) for tag in grant.inputs["lfTagPolicy"]["expressions"]}
