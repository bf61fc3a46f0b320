"""AWS sessions against the running embedded cloud: as any role, from the credentials everybody starts with there."""

from __future__ import annotations

from typing import Any

import boto3

STARTING_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def environment(endpoint: str, region: str) -> dict[str, str]:
    """Environment in which every AWS SDK talks to the embedded cloud."""
    return {
        **STARTING_CREDENTIALS,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class Acting:
    """Clients that act as one role at one endpoint."""

    def __init__(self, endpoint: str, role_arn: str, region: str, session_name: str = "mesh") -> None:
        self.endpoint, self.region, self.role_arn = endpoint, region, role_arn
        sts = boto3.client(
            "sts",
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        found = sts.assume_role(RoleArn=role_arn, RoleSessionName=session_name)["Credentials"]
        self.session = boto3.Session(
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
            region_name=region,
        )

    def client(self, service: str) -> Any:
        """A boto3 client of the service."""
        return self.session.client(service, endpoint_url=self.endpoint)
