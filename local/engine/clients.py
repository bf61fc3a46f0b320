"""boto3 clients of the embedded cloud, all of one session, so that a service's model is read once.

Deliberately not here: whose credentials (caller, state).
"""

from __future__ import annotations

import functools
import os
import threading
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

Credentials = tuple[str, str, str | None]
"""Access key, secret key and session token."""

START: Credentials = ("test", "test", None)
"""What every session in the embedded cloud begins with."""

_LOCK = threading.Lock()  # a session is not thread-safe while it makes a client
_CONFIG = Config(
    s3={"addressing_style": "path"},
    retries={"total_max_attempts": 1},
    max_pool_connections=16,
    connect_timeout=5,
    read_timeout=60,
    proxies={},
)


@functools.cache
def session() -> boto3.Session:
    """The one session. A profile or config file of the user's real AWS has no say here."""
    unset = (None, None, None, None)
    nothing = (None, None, os.devnull, None)
    core = botocore.session.Session(session_vars={"profile": unset, "config_file": nothing})
    return boto3.Session(botocore_session=core, region_name="us-east-1")


def make(service: str, endpoint: str, credentials: Credentials = START, region: str = "us-east-1") -> Any:
    """A new client of a service at the endpoint; the caller closes it."""
    access, secret, token = credentials
    with _LOCK:
        return session().client(
            service,
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=_CONFIG,
        )


def assume(sts: Any, role_arn: str) -> Credentials:
    """Credentials of an assumed role."""
    keys = sts.assume_role(RoleArn=role_arn, RoleSessionName="mesh-engine")["Credentials"]
    return keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]
