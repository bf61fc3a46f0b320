"""The resource shares that Lake Formation makes when it grants to another account.

Owns a share's life: made with the first grant to an account, invited unless both accounts are in one
Organization, gone with the last grant. Deliberately not here: RAM's API (ram) and what the grants open
(lakeformation.authority). One share per owner and recipient; Lake Formation on AWS makes a few and reuses
them as well.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from moto.ram.models import ram_backends

from local.cloud.organizations import in_one_organization

_lock = threading.Lock()
PENDING, ACCEPTED, REJECTED = "PENDING", "ACCEPTED", "REJECTED"


@dataclass
class LakeShare:
    """A share from one account to another."""

    owner: str
    recipient: str
    region: str
    version: int
    resources: set[str] = field(default_factory=set)
    status: str = PENDING
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    invitation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    invited: bool = True

    @property
    def name(self) -> str:
        """Lake Formation's kind of name; the version is that of cross-account sharing."""
        return f"LakeFormation-V{self.version}-{self.id.split('-')[0].upper()}"

    @property
    def arn(self) -> str:
        """ARN of the share."""
        return f"arn:aws:ram:{self.region}:{self.owner}:resource-share/{self.id}"

    @property
    def invitation_arn(self) -> str:
        """ARN of the invitation."""
        return f"arn:aws:ram:{self.region}:{self.owner}:resource-share-invitation/{self.invitation_id}"


def shares_of(owner: str, region: str) -> dict[str, LakeShare]:
    """Shares an account has made, by recipient, kept in moto's backend so that its reset clears them."""
    backend = ram_backends[owner][region]
    if not hasattr(backend, "lake_shares"):
        backend.lake_shares = {}
    shares: dict[str, LakeShare] = backend.lake_shares
    return shares


def offer(owner: str, recipient: str, region: str, version: int, resource_arn: str) -> LakeShare:
    """Put a resource into the share with an account, making and inviting if there is none."""
    with _lock:
        shares = shares_of(owner, region)
        share = shares.get(recipient)
        if share is None or share.status == REJECTED:
            share = LakeShare(owner, recipient, region, version)
            if in_one_organization(owner, recipient):
                share.status, share.invited = ACCEPTED, False
            shares[recipient] = share
    share.resources.add(resource_arn)
    return share


def withdraw(owner: str, recipient: str, region: str) -> None:
    """Delete the share with an account."""
    shares_of(owner, region).pop(recipient, None)


def incoming(recipient: str, region: str) -> list[LakeShare]:
    """Shares made to an account, oldest first."""
    found = [
        share
        for owner in sorted(ram_backends)
        for share in list(shares_of(owner, region).values())
        if share.recipient == recipient
    ]
    return sorted(found, key=lambda share: share.created)


def accepted_pairs(region: str) -> set[tuple[str, str]]:
    """(owner, recipient) pairs of every share that was accepted."""
    return {
        (owner, share.recipient)
        for owner in sorted(ram_backends)
        for share in list(shares_of(owner, region).values())
        if share.status == ACCEPTED
    }
