"""Acceptance of RAM shares where the accounts belong to no common Organization.

Lake Formation makes the shares itself, so they have no name to declare; this resource finds the invitations of one
owner account and accepts them. Inside an Organization with sharing switched on there are none and it is not used.
"""

from __future__ import annotations

import time
from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pulumi.dynamic import CreateResult, DiffResult, ResourceProvider, UpdateResult

from components.dynamic_resource import DynamicResource
from components.dynamic_session import Actor, patiently
from governance.errors import MeshError

ATTEMPTS = 12


class ShareAcceptanceProvider(ResourceProvider):
    """Accept whatever the owner account offers; accepting again finds nothing left and is fine."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        accept_shares(Actor.from_props(props).client("ram"), props["owner_account"])
        return CreateResult(f"shares-of-{props['owner_account']}", outs=props)

    def diff(self, _id: str, old: dict[str, Any], new: dict[str, Any]) -> DiffResult:
        moved = ["owner_account"] if old.get("owner_account") != new.get("owner_account") else []
        return DiffResult(changes=bool(moved) or old.get("expects") != new.get("expects"), replaces=moved)

    def update(self, _id: str, _old: dict[str, Any], new: dict[str, Any]) -> UpdateResult:
        accept_shares(Actor.from_props(new).client("ram"), new["owner_account"])
        return UpdateResult(outs=new)

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Nothing to undo: the owner's revoke ends the shares, and leaving them first would strand its grants."""


class ShareAcceptance(DynamicResource):
    """This account's consent to what one owner account shares with it."""

    def __init__(
        self,
        name: str,
        *,
        actor: Actor,
        owner_account: str,
        expects: pulumi.Input[Any],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Accept the shares of `owner_account`, again whenever `expects` (what is shared) changes."""
        props = {**actor.props(), "owner_account": owner_account, "expects": expects}
        super().__init__("ram:ShareAcceptance", ShareAcceptanceProvider, name, props, opts)


def accept_shares(client: Any, owner_account: str) -> int:
    """Accept the pending invitations of one account.

    Returns
    -------
    int
        Invitations accepted; 0 when all shares are already accepted.

    Raises
    ------
    MeshError
        When the account shares nothing at all, pending or accepted.
    """
    for attempt in range(ATTEMPTS):
        pages = client.get_paginator("get_resource_share_invitations").paginate()
        pending = [
            invitation
            for page in pages
            for invitation in page["resourceShareInvitations"]
            if invitation["senderAccountId"] == owner_account and invitation["status"] == "PENDING"
        ]
        for invitation in pending:
            _accept(client, invitation["resourceShareInvitationArn"])
        if pending or _shares(client, owner_account):
            return len(pending)
        time.sleep(min(10.0, 0.2 * 2**attempt))
    raise MeshError(
        "has offered this account no RAM share; bring the producer's stack up first, and again if its invitation expired "
        "(12 hours)",
        f"account {owner_account}",
    )


def _accept(client: Any, arn: str) -> None:
    """Accept one invitation; two products of one stack may try it at once, and the second finds it done."""
    try:
        patiently(lambda: client.accept_resource_share_invitation(resourceShareInvitationArn=arn))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceShareInvitationAlreadyAcceptedException":
            raise


def _shares(client: Any, owner_account: str) -> bool:
    pages = client.get_paginator("get_resource_shares").paginate(resourceOwner="OTHER-ACCOUNTS")
    return any(
        share["owningAccountId"] == owner_account and share["status"] == "ACTIVE"
        for page in pages
        for share in page["resourceShares"]
    )
