"""Where and as whom something of SageMaker runs: account, Region, endpoint, and sessions of roles.

Owns the check that a role may be passed to SageMaker, the credentials of its session and clients that act
with them. Deliberately not here: what the role may do, which each service decides about the caller.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from moto.iam.models import iam_backends
from moto.sagemaker.models import sagemaker_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from local.cloud.jobs import api as jobs
from local.cloud.s3_policy import like
from local.cloud.sagemaker.errors import invalid

SERVICE = "sagemaker.amazonaws.com"
SESSION_NAME = "SageMaker"
_LIFE = 12 * 3600
_CONFIG = Config(
    retries={"max_attempts": 1}, s3={"addressing_style": "path"}, max_pool_connections=20, proxies={}
)
_boto = boto3.Session()
_making = threading.Lock()


@dataclass(frozen=True)
class Place:
    """An account and Region, and the address at which the cloud is called."""

    account: str
    region: str
    endpoint: str

    @property
    def partition(self) -> str:
        """Partition of the Region."""
        return str(get_partition(self.region))

    @property
    def backend(self) -> Any:
        """moto's SageMaker of the account and Region."""
        return sagemaker_backends[self.account][self.region]

    def arn(self, kind: str, name: str) -> str:
        """ARN of a SageMaker resource, whose name is in lower case there."""
        return f"arn:{self.partition}:sagemaker:{self.region}:{self.account}:{kind}/{name.lower()}"

    def demand_role(self, role: str, source: str) -> None:
        """Refuse a role that SageMaker cannot assume (ValidationException).

        Parameters
        ----------
        role
            ARN of the role.
        source
            ARN of the resource on whose behalf it is assumed (`aws:SourceArn` in the trust policy).
        """
        parts = role.split(":")
        if len(parts) > 5 and parts[4] and parts[4] != self.account:
            raise invalid("RoleArn: Cross-account pass role is not allowed.")
        context = {"aws:sourceaccount": self.account, "aws:sourcearn": source}
        if not any(_trusts(document, context) for document in self._trust(role)):
            raise invalid(
                f"Could not assume role {role}. Please ensure that the role exists and allows principal "
                f"'{SERVICE}' to assume the role."
            )

    def _trust(self, role: str) -> list[dict[str, Any]]:
        roles = iam_backends[self.account][self.partition].get_roles()
        found = next((each for each in roles if each.arn == role), None)
        if found is None:
            return []
        statements = json.loads(found.assume_role_policy_document or "{}").get("Statement") or []
        return [statements] if isinstance(statements, dict) else list(statements)

    def session(self, role: str) -> Session:
        """Return a session of a role."""
        made = sts_backends[self.account][self.partition].assume_role(
            region_name=self.region,
            role_session_name=SESSION_NAME,
            role_arn=role,
            policy=None,
            duration=_LIFE,
            external_id=None,
        )
        keys = (made.access_key_id, made.secret_access_key, made.session_token)
        return Session(self, role, *keys)


def of(response: Any) -> Place:
    """Return where a request is served."""
    return Place(response.current_account, response.region, jobs.endpoint())


@dataclass(frozen=True)
class Session:
    """Credentials of a role."""

    place: Place
    role: str
    key: str
    secret: str
    token: str
    _clients: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def client(self, service: str) -> Any:
        """Return a client of a service that acts as the role, at the cloud's own address."""
        with _making:
            if service not in self._clients:
                self._clients[service] = _boto.client(
                    service,
                    endpoint_url=self.place.endpoint,
                    region_name=self.place.region,
                    aws_access_key_id=self.key,
                    aws_secret_access_key=self.secret,
                    aws_session_token=self.token,
                    config=_CONFIG,
                )
            return self._clients[service]

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which a process calls the cloud as the role."""
        return {
            "AWS_ENDPOINT_URL": self.place.endpoint,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_SESSION_TOKEN": self.token,
        }


def _trusts(statement: dict[str, Any], context: dict[str, str]) -> bool:
    """Whether a statement of a trust policy lets SageMaker assume the role."""
    principal = statement.get("Principal")
    services = _listed(principal.get("Service")) if isinstance(principal, dict) else []
    actions = [action.lower() for action in _listed(statement.get("Action"))]
    return (
        statement.get("Effect") == "Allow"
        and SERVICE in services
        and any(like(action, "sts:assumerole") for action in actions)
        and all(
            _holds(operator, context.get(key.lower()), _listed(wanted))
            for operator, tests in (statement.get("Condition") or {}).items()
            for key, wanted in tests.items()
        )
    )


def _holds(operator: str, value: str | None, wanted: list[str]) -> bool:
    name = operator.removesuffix("IfExists")
    if value is None:
        return operator != name
    if name == "StringEquals":
        return value in wanted
    return name in ("StringLike", "ArnLike", "ArnEquals") and any(like(each, value) for each in wanted)


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(each) for each in value]
