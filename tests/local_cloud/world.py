"""What the tests of the embedded cloud share: accounts, clients that act as a role, short forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config

CENTRAL, PRODUCER, CONSUMER = "111122223333", "222233334444", "333344445555"
REGION = "eu-west-1"
ADMIN = "MeshDeploy"
STEWARD = "mesh-steward"
ANALYST = "mesh-data-scientist"
CONFIG = Config(retries={"max_attempts": 1})
SESSION = boto3.Session()


def role(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def who(principal: str) -> dict[str, str]:
    return {"DataLakePrincipalIdentifier": principal}


def policy(kind: str, catalog: str = CENTRAL, **tags: list[str]) -> dict[str, Any]:
    """Resource of a tag policy."""
    expression = [{"TagKey": key, "TagValues": values} for key, values in tags.items()]
    return {"LFTagPolicy": {"CatalogId": catalog, "ResourceType": kind, "Expression": expression}}


def columns(*names: str) -> dict[str, Any]:
    return {"StorageDescriptor": {"Columns": [{"Name": name, "Type": "int"} for name in names]}}


@dataclass
class World:
    """The cloud as its accounts see it."""

    endpoint: str
    _keys: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    _clients: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def client(self, service: str, account: str = CENTRAL, name: str = ADMIN) -> Any:
        """A client that acts as a role of an account."""
        if (account, name) not in self._keys:
            sts = self._made("sts", aws_access_key_id="test", aws_secret_access_key="test")
            keys = sts.assume_role(RoleArn=role(account, name), RoleSessionName="test")["Credentials"]
            self._keys[account, name] = {
                "aws_access_key_id": keys["AccessKeyId"],
                "aws_secret_access_key": keys["SecretAccessKey"],
                "aws_session_token": keys["SessionToken"],
            }
        if (service, account, name) not in self._clients:
            self._clients[service, account, name] = self._made(service, **self._keys[account, name])
        return self._clients[service, account, name]

    def _made(self, service: str, **keys: str) -> Any:
        return SESSION.client(service, endpoint_url=self.endpoint, region_name=REGION, config=CONFIG, **keys)

    def govern(self, account: str, *admins: str) -> None:
        """Make roles administrators of an account whose defaults open nothing by IAM alone."""
        settings = {
            "DataLakeAdmins": [who(role(account, name)) for name in admins or (ADMIN,)],
            "Parameters": {"CROSS_ACCOUNT_VERSION": "4"},
        }
        self.client("lakeformation", account).put_data_lake_settings(DataLakeSettings=settings)

    def grant(
        self, principal: str, resource: dict[str, Any], *permissions: str, option: bool = False
    ) -> None:
        """Grant as the central administrator."""
        self.client("lakeformation").grant_permissions(
            Principal=who(principal),
            Resource=resource,
            Permissions=list(permissions),
            PermissionsWithGrantOption=list(permissions) if option else [],
        )

    def together(self, *accounts: str) -> None:
        """Put accounts into one organization."""
        organizations = self.client("organizations", accounts[0])
        organizations.create_organization(FeatureSet="ALL")
        for account in accounts[1:]:
            organizations.invite_account_to_organization(Target={"Id": account, "Type": "ACCOUNT"})


def tag(lake: Any, resource: dict[str, Any], **tags: str) -> list[dict[str, Any]]:
    """Put tags on a resource; returns the failures."""
    pairs = [{"TagKey": key, "TagValues": [value]} for key, value in tags.items()]
    failures: list[dict[str, Any]] = lake.add_lf_tags_to_resource(Resource=resource, LFTags=pairs)["Failures"]
    return failures


def code(caught: pytest.ExceptionInfo[Any]) -> str:
    """Error code of a refused call."""
    found: str = caught.value.response["Error"]["Code"]
    return found
