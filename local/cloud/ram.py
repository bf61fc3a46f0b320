"""RAM served over moto: the shares of Lake Formation, their invitations and their acceptance.

Deliberately not here: when such a share comes about and what it opens (ram_shares). Shares that somebody
creates through RAM itself stay moto's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import moto.ram.urls
from moto.core.exceptions import JsonRESTError
from moto.ram.responses import ResourceAccessManagerResponse

from local.cloud.ram_shares import ACCEPTED, PENDING, REJECTED, LakeShare, incoming, shares_of, withdraw

CALLS = (
    "AcceptResourceShareInvitation",
    "DisassociateResourceShare",
    "GetResourceShareInvitations",
    "ListPendingInvitationResources",
    "ListPrincipals",
    "ListResources",
    "RejectResourceShareInvitation",
)


class RamResponse(ResourceAccessManagerResponse):  # type: ignore[misc]
    """Serves RAM."""

    def get_resource_share_invitations(self) -> str:
        """Serve GetResourceShareInvitations: what this account was invited to."""
        arns, shares = self._list("resourceShareInvitationArns"), self._list("resourceShareArns")
        found = [
            _invitation(share)
            for share in self._incoming()
            if share.invited
            and (not arns or share.invitation_arn in arns)
            and (not shares or share.arn in shares)
        ]
        return json.dumps({"resourceShareInvitations": found})

    def accept_resource_share_invitation(self) -> str:
        """Serve AcceptResourceShareInvitation."""
        return self._answer(ACCEPTED)

    def reject_resource_share_invitation(self) -> str:
        """Serve RejectResourceShareInvitation."""
        return self._answer(REJECTED)

    def _answer(self, status: str) -> str:
        arn = self._get_param("resourceShareInvitationArn")
        for share in self._incoming():
            if share.invitation_arn != arn or not share.invited:
                continue
            if share.status != PENDING:
                kind = f"ResourceShareInvitationAlready{share.status.title()}Exception"
                raise JsonRESTError(kind, f"Invitation {arn} is {share.status.lower()} already.")
            share.status = status
            return json.dumps({"resourceShareInvitation": _invitation(share)})
        raise JsonRESTError(
            "ResourceShareInvitationArnNotFoundException", f"Invitation {arn} could not be found."
        )

    def get_resource_shares(self) -> str:
        """Serve GetResourceShares, with the shares of Lake Formation on either side."""
        owner, arns = self._get_param("resourceOwner"), self._list("resourceShareArns")
        name, status = self._get_param("name"), self._get_param("resourceShareStatus")
        described: list[dict[str, Any]] = []
        if owner == "OTHER-ACCOUNTS":
            shares = [share for share in self._incoming() if share.status == ACCEPTED]
        else:
            described = self.ram_backend.get_resource_shares(owner)["resourceShares"]
            shares = list(shares_of(self.current_account, self.region).values())
        described += [_share(share) for share in shares]
        found = [
            each
            for each in described
            if (not arns or each["resourceShareArn"] in arns)
            and (not name or each["name"] == name)
            and (not status or each["status"] == status)
        ]
        return json.dumps({"resourceShares": found})

    def list_resources(self) -> str:
        """Serve ListResources."""
        return self._rows("resources", lambda share: sorted(share.resources), _resource)

    def list_pending_invitation_resources(self) -> str:
        """Serve ListPendingInvitationResources."""
        arn = self._get_param("resourceShareInvitationArn")
        found = [
            _resource(share, resource)
            for share in self._incoming()
            if share.invitation_arn == arn
            for resource in sorted(share.resources)
        ]
        return json.dumps({"resources": found})

    def list_principals(self) -> str:
        """Serve ListPrincipals."""
        other = self._get_param("resourceOwner") == "OTHER-ACCOUNTS"
        return self._rows("principals", lambda share: [share.owner if other else share.recipient], _principal)

    def _rows(
        self,
        key: str,
        parts: Callable[[LakeShare], list[str]],
        row: Callable[[LakeShare, str], dict[str, Any]],
    ) -> str:
        arns = self._list("resourceShareArns")
        if self._get_param("resourceOwner") == "OTHER-ACCOUNTS":
            shares = [share for share in self._incoming() if share.status == ACCEPTED]
        else:
            shares = list(shares_of(self.current_account, self.region).values())
        found = [
            row(share, part) for share in shares if not arns or share.arn in arns for part in parts(share)
        ]
        return json.dumps({key: found})

    def disassociate_resource_share(self) -> str:
        """Serve DisassociateResourceShare: the recipient leaves a share."""
        arn = self._get_param("resourceShareArn")
        for share in self._incoming():
            if share.arn == arn:
                withdraw(share.owner, share.recipient, self.region)
                return json.dumps({"resourceShareAssociations": []})
        raise JsonRESTError("UnknownResourceException", f"ResourceShare {arn} could not be found.")

    def _incoming(self) -> list[LakeShare]:
        return incoming(self.current_account, self.region)

    def _list(self, name: str) -> list[str]:
        return self._get_param(name) or []


def _invitation(share: LakeShare) -> dict[str, Any]:
    return {
        "resourceShareInvitationArn": share.invitation_arn,
        "resourceShareName": share.name,
        "resourceShareArn": share.arn,
        "senderAccountId": share.owner,
        "receiverAccountId": share.recipient,
        "invitationTimestamp": share.created.timestamp(),
        "status": share.status,
    }


def _share(share: LakeShare) -> dict[str, Any]:
    return {
        "resourceShareArn": share.arn,
        "name": share.name,
        "owningAccountId": share.owner,
        "allowExternalPrincipals": True,
        "status": "ACTIVE",
        "creationTime": share.created.timestamp(),
        "lastUpdatedTime": share.created.timestamp(),
        "featureSet": "STANDARD",
    }


def _resource(share: LakeShare, arn: str) -> dict[str, Any]:
    return {
        "arn": arn,
        "type": f"glue:{arn.split(':')[5].split('/')[0].title()}",
        "resourceShareArn": share.arn,
        "status": "AVAILABLE",
        "creationTime": share.created.timestamp(),
        "lastUpdatedTime": share.created.timestamp(),
    }


def _principal(share: LakeShare, account: str) -> dict[str, Any]:
    return {
        "id": account,
        "resourceShareArn": share.arn,
        "creationTime": share.created.timestamp(),
        "lastUpdatedTime": share.created.timestamp(),
        "external": share.invited,
    }


def install() -> None:
    """Put our calls in the place of moto's."""
    paths = moto.ram.urls.url_paths
    for path in list(paths):
        paths[path] = RamResponse.dispatch
    paths.update({f"{{0}}/{call.lower()}$": RamResponse.dispatch for call in CALLS})
