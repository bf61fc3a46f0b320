"""AWS sessions for the dynamic resources, which run outside Pulumi's AWS provider.

They get no provider from Pulumi, so each carries the role it acts as and, for an emulator, the endpoint. All calls
of one kind share the same patience with eventual consistency.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from governance.errors import MeshError

T = TypeVar("T")

TRANSIENT = ("ConcurrentModificationException", "ThrottlingException", "OperationTimeoutException")
TRANSIENT_TEXT = ("Invalid principal", "Insufficient Glue permissions to access", "RAM")
"""A role that IAM has not spread yet; a share that RAM has not delivered yet."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who makes the calls, and where.

    Parameters
    ----------
    role_arn
        Role to assume from the caller's own credentials.
    region
        Region of the calls.
    external_id
        External id of the role's trust, if it asks for one.
    endpoint
        Address of an emulator; None for AWS.
    """

    role_arn: str
    region: str
    external_id: str | None = None
    endpoint: str | None = None

    def props(self) -> dict[str, Any]:
        """The actor as inputs of a dynamic resource."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    @classmethod
    def from_props(cls, props: dict[str, Any]) -> Actor:
        return cls(
            **{key: props[key] for key in ("role_arn", "region", "external_id", "endpoint") if props.get(key)}
        )

    def client(self, service: str, config: Config | None = None) -> Any:
        """A boto3 client that acts as the role, with its own patience if a `config` is given."""
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"} if self.endpoint else {}
        options = {
            "region_name": self.region,
            "endpoint_url": self.endpoint,
            "config": config or Config(retries={"mode": "standard"}),
        }
        extra = {"ExternalId": self.external_id} if self.external_id else {}
        sts = boto3.Session(**keys).client("sts", **options)
        try:
            found = sts.assume_role(RoleArn=self.role_arn, RoleSessionName="mesh-regrant", **extra)[
                "Credentials"
            ]
        except ClientError as error:
            raise MeshError(f"cannot be assumed: {error}", self.role_arn) from error
        session = boto3.Session(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
        return session.client(service, **options)


def patiently(call: Callable[[], T], *, attempts: int = 8, pause: Callable[[float], None] = time.sleep) -> T:
    """Call until it works, waiting 0.5, 1, 2, ... at most 15 seconds between tries while the reason is passing.

    Raises
    ------
    ClientError
        The last reason when it does not pass within `attempts` tries, or any other reason at once.
    """
    for attempt in range(attempts):
        try:
            return call()
        except ClientError as error:
            passing = error.response["Error"]["Code"] in TRANSIENT or any(
                text in str(error) for text in TRANSIENT_TEXT
            )
            if not passing or attempt == attempts - 1:
                raise
            pause(min(15.0, 0.5 * 2**attempt))
    raise AssertionError("unreachable: the last attempt returns or raises")
