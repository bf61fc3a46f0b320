"""What the engine made, per stack, and where that is kept.

State lives in the embedded cloud itself, so that a restarted cloud and its state can never disagree.
Deliberately not here: what is in the cloud beyond what this engine made; and no secrets handling, values
are plain.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from botocore.exceptions import ClientError, EndpointConnectionError

from governance.errors import MeshError
from local.engine import clients
from local.engine.model import NO_ACCOUNT, Plain

VERSION = 1
BUCKET = "mesh-state"
_ROLE = f"arn:aws:iam::{NO_ACCOUNT}:role/mesh-state"


@dataclass(kw_only=True)
class ResourceState:
    """One made resource. `inputs` are what was asked for, with defaults, name and tags filled in."""

    urn: str
    type: str
    name: str
    id: str
    sequence: int
    """Order of creation in the stack."""
    inputs: dict[str, Plain] = field(default_factory=dict)
    outputs: dict[str, Plain] = field(default_factory=dict)
    dependencies: list[str] = field(default_factory=list)
    account: str = ""
    region: str = ""
    roles: list[dict[str, str]] = field(default_factory=list)
    """Roles to assume for deleting it when the program no longer names its provider."""
    protect: bool = False
    retain_on_delete: bool = False
    tainted: bool = False
    """Created, but a follow-up call failed: the next run deletes and creates it."""


@dataclass(kw_only=True)
class StackState:
    """All resources of a stack by URN, and its exports."""

    stack: str
    resources: dict[str, ResourceState] = field(default_factory=dict)
    exports: dict[str, Plain] = field(default_factory=dict)
    complete: bool = False
    """Whether the last run came to its end; the exports are those of the last run that did."""

    def next_sequence(self) -> int:
        """One above every sequence number in use."""
        return 1 + max((resource.sequence for resource in self.resources.values()), default=0)

    def to_json(self) -> str:
        """The state as text."""
        content = {
            "version": VERSION,
            "stack": self.stack,
            "complete": self.complete,
            "exports": self.exports,
            "resources": [asdict(item) for item in sorted(self.resources.values(), key=lambda r: r.sequence)],
        }
        return json.dumps(content, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> StackState:
        """Read `to_json`'s text; MeshError when another version wrote it."""
        content: dict[str, Any] = json.loads(text)
        if content.get("version") != VERSION:
            raise MeshError(
                f"state has version {content.get('version')}, not {VERSION}; restart the embedded cloud"
            )
        resources = [ResourceState(**item) for item in content["resources"]]
        return cls(
            stack=content["stack"],
            complete=content["complete"],
            exports=content["exports"],
            resources={item.urn: item for item in resources},
        )


class StateStore(Protocol):
    """Keeps the state of each stack."""

    def load(self, stack: str) -> StackState | None:
        """State of a stack; None when nothing of it was ever made."""

    def save(self, state: StackState) -> None:
        """Keep a state, in place of the one before."""

    def delete(self, stack: str) -> None:
        """Forget a stack."""

    def stacks(self) -> tuple[str, ...]:
        """Stacks that have a state, sorted."""


class MemoryStateStore:
    """State in this process, for tests. Keeps text, so that a caller never shares an object with it."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def load(self, stack: str) -> StackState | None:
        return StackState.from_json(self._texts[stack]) if stack in self._texts else None

    def save(self, state: StackState) -> None:
        self._texts[state.stack] = state.to_json()

    def delete(self, stack: str) -> None:
        self._texts.pop(stack, None)

    def stacks(self) -> tuple[str, ...]:
        return tuple(sorted(self._texts))


class S3StateStore:
    """State as objects `<stack>.json` of a bucket in the embedded cloud.

    Parameters
    ----------
    endpoint
        Address of the embedded cloud.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._clients: list[Any] = []
        self._bucket_exists = False

    @property
    def _client(self) -> Any:
        """S3 client in the state's account, made at first use."""
        if not self._clients:
            sts = clients.make("sts", self._endpoint)
            try:
                credentials = clients.assume(sts, _ROLE)
            finally:
                sts.close()
            self._clients.append(clients.make("s3", self._endpoint, credentials))
        return self._clients[0]

    def load(self, stack: str) -> StackState | None:
        try:
            body = self._client.get_object(Bucket=BUCKET, Key=f"{stack}.json")["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket", "404"):
                return None
            raise MeshError(f"cannot read the state of stack {stack}: {error}") from None
        except EndpointConnectionError:
            raise self._silent() from None
        with body:
            return StackState.from_json(body.read().decode())

    def save(self, state: StackState) -> None:
        try:
            if not self._bucket_exists:
                self._client.create_bucket(Bucket=BUCKET)
                self._bucket_exists = True
            self._client.put_object(Bucket=BUCKET, Key=f"{state.stack}.json", Body=state.to_json().encode())
        except EndpointConnectionError:
            raise self._silent() from None

    def delete(self, stack: str) -> None:
        try:
            self._client.delete_object(Bucket=BUCKET, Key=f"{stack}.json")
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucket":
                raise
        except EndpointConnectionError:
            raise self._silent() from None

    def stacks(self) -> tuple[str, ...]:
        try:
            found = self._client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        except ClientError:
            return ()
        except EndpointConnectionError:
            raise self._silent() from None
        return tuple(sorted(item["Key"].removesuffix(".json") for item in found))

    def close(self) -> None:
        """Close the connections to the embedded cloud."""
        for client in self._clients:
            client.close()
        self._clients.clear()

    def _silent(self) -> MeshError:
        return MeshError(f"nothing answers at {self._endpoint}; start the embedded cloud first")


def deletion_order(resources: Iterable[ResourceState]) -> list[ResourceState]:
    """Dependents before what they depend on; among the independent, the youngest first."""
    left = {resource.urn: resource for resource in resources}
    needs = {urn: {item for item in resource.dependencies if item in left} for urn, resource in left.items()}
    dependents = dict.fromkeys(left, 0)
    for urns in needs.values():
        for urn in urns:
            dependents[urn] += 1
    free = [(-resource.sequence, urn) for urn, resource in left.items() if not dependents[urn]]
    heapq.heapify(free)
    order: list[ResourceState] = []
    while free:
        _, urn = heapq.heappop(free)
        order.append(left.pop(urn))
        for needed in needs[urn]:
            dependents[needed] -= 1
            if not dependents[needed]:
                heapq.heappush(free, (-left[needed].sequence, needed))
    return [*order, *sorted(left.values(), key=lambda resource: -resource.sequence)]
