"""Calls the embedded cloud: sessions by assumed role, cached clients, retries, and the count of calls.

Owns credentials and the account check of a provider. Deliberately not here: what to call (provisioner,
hooks).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from governance.errors import MeshError
from local.engine import clients, errors
from local.engine.clients import Credentials
from local.engine.model import Provider

ATTEMPTS = 6
_FIRST_WAIT = 0.05
Roles = tuple[tuple[tuple[str, str], ...], ...]


class Caller:
    """All calls of one run. Safe to use from several threads.

    Parameters
    ----------
    endpoint
        Address that every service answers at.
    sleep
        Waits between attempts, in seconds; a test passes its own.
    """

    def __init__(self, endpoint: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.endpoint = endpoint
        self.calls = 0
        self._sleep = sleep
        self._lock = threading.RLock()
        self._clients: dict[tuple[Credentials, str, str], Any] = {}
        self._sessions: dict[tuple[Roles, tuple[str, ...]], Credentials] = {}

    def call(self, provider: Provider, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """Call an operation as the provider's role; transient errors are tried again a few times."""
        client = self._client(self._credentials(provider), service, provider.region)
        return self._attempt(getattr(client, operation), params)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _attempt(self, method: Callable[..., Any], params: dict[str, Any]) -> dict[str, Any]:
        for attempt in range(1, ATTEMPTS + 1):
            with self._lock:
                self.calls += 1
            try:
                answer = self._attempt_once(method, params)
            except ClientError as error:
                if attempt == ATTEMPTS or not errors.of(errors.TRANSIENT, error):
                    raise
                self._sleep(_FIRST_WAIT * 2 ** (attempt - 1))
            else:
                return answer
        raise AssertionError("unreachable")

    def _attempt_once(self, method: Callable[..., Any], params: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = method(**params)
        return answer

    def _client(self, credentials: Credentials, service: str, region: str) -> Any:
        key = (credentials, service, region)
        client = self._clients.get(key)
        if client is None:
            with self._lock:
                client = self._clients.get(key)
                if client is None:
                    client = clients.make(service, self.endpoint, credentials, region)
                    self._clients[key] = client
        return client

    def _credentials(self, provider: Provider) -> Credentials:
        key = (provider.roles, provider.allowed_accounts)
        with self._lock:
            if key not in self._sessions:
                self._sessions[key] = self._assume(provider)
            return self._sessions[key]

    def _assume(self, provider: Provider) -> Credentials:
        """Walk the chain of roles and hold the account reached against `allowedAccountIds`."""
        credentials: Credentials = clients.START
        account = ""
        for link in provider.roles:
            role = dict(link)
            request = {
                "RoleArn": role["roleArn"],
                "RoleSessionName": role.get("sessionName") or "mesh-engine",
            }
            if role.get("externalId"):
                request["ExternalId"] = role["externalId"]
            answer = self._attempt(self._client(credentials, "sts", provider.region).assume_role, request)
            given = answer["Credentials"]
            credentials = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
            account = str(answer["AssumedRoleUser"]["Arn"]).split(":")[4]
        if not provider.allowed_accounts:
            return credentials
        if not account:
            sts = self._client(credentials, "sts", provider.region)
            account = str(self._attempt(sts.get_caller_identity, {})["Account"])
        if account not in provider.allowed_accounts:
            allowed = ", ".join(provider.allowed_accounts)
            name = provider.urn.rsplit("::", 1)[-1]
            raise MeshError(
                f"credentials are of account {account}, not {allowed}; correct the role or the account id",
                f"provider '{name}'",
            )
        return credentials
