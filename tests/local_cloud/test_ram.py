"""Shares between accounts: invited outside an Organization, there at once inside one."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.local_cloud.world import ANALYST, CENTRAL, CONSUMER, code, policy, role, who

SHARED = policy("TABLE", product=["sales"])


@pytest.fixture
def offered(governed):
    """Central has shared with a consumer of no common organization."""
    governed.govern(CONSUMER)
    governed.grant(CONSUMER, SHARED, "SELECT", "DESCRIBE", option=True)
    return governed


def invitations(world):
    return world.client("ram", CONSUMER).get_resource_share_invitations()["resourceShareInvitations"]


def re_grant(world):
    world.client("lakeformation", CONSUMER).grant_permissions(
        Principal=who(role(CONSUMER, ANALYST)), Resource=SHARED, Permissions=["SELECT", "DESCRIBE"]
    )


def table_of(world):
    glue = world.client("glue", CONSUMER, ANALYST)
    return glue.get_table(CatalogId=CENTRAL, DatabaseName="sales", Name="orders")["Table"]


def test_the_first_grant_to_an_account_invites_it_once(offered):
    offered.grant(CONSUMER, policy("DATABASE", product=["sales"]), "DESCRIBE", option=True)
    found = invitations(offered)
    assert len(found) == 1, "all that central grants goes by one share"
    expected = (CENTRAL, CONSUMER, "PENDING")
    only = found[0]
    assert (only["senderAccountId"], only["receiverAccountId"], only["status"]) == expected, (
        "waiting for an answer"
    )
    assert only["resourceShareName"].startswith("LakeFormation-V4-"), (
        "named by Lake Formation and its version"
    )
    assert (
        offered.client("ram", "999988887777").get_resource_share_invitations()["resourceShareInvitations"]
        == []
    ), "nobody else is invited"


def test_nothing_arrives_before_the_invitation_is_accepted(offered):
    with pytest.raises(ClientError) as caught:
        re_grant(offered)
    assert code(caught) == "AccessDeniedException", "what has not arrived cannot be passed on"
    ram = offered.client("ram", CONSUMER)
    assert ram.get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"] == [], "no share yet"
    ram.accept_resource_share_invitation(
        resourceShareInvitationArn=invitations(offered)[0]["resourceShareInvitationArn"]
    )
    shares = ram.get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"]
    assert [(share["owningAccountId"], share["status"]) for share in shares] == [(CENTRAL, "ACTIVE")], (
        "it is here"
    )
    resources = ram.list_resources(resourceOwner="OTHER-ACCOUNTS")["resources"]
    assert [resource["resourceShareArn"] for resource in resources] == [shares[0]["resourceShareArn"]], (
        "with it"
    )
    re_grant(offered)
    assert table_of(offered)["Name"] == "orders", "and what is passed on works"


def test_an_invitation_is_answered_once_and_can_be_rejected(offered):
    ram = offered.client("ram", CONSUMER)
    arn = {"resourceShareInvitationArn": invitations(offered)[0]["resourceShareInvitationArn"]}
    ram.reject_resource_share_invitation(**arn)
    with pytest.raises(ClientError) as caught:
        ram.accept_resource_share_invitation(**arn)
    assert code(caught) == "ResourceShareInvitationAlreadyRejectedException", "the answer stands"
    with pytest.raises(ClientError):
        re_grant(offered)
    with pytest.raises(ClientError) as caught:
        ram.accept_resource_share_invitation(
            resourceShareInvitationArn=f"{arn['resourceShareInvitationArn']}x"
        )
    assert code(caught) == "ResourceShareInvitationArnNotFoundException", "an invitation nobody made"


def test_inside_an_organization_there_is_nothing_to_accept(governed):
    governed.together(CENTRAL, CONSUMER)
    governed.govern(CONSUMER)
    governed.grant(CONSUMER, SHARED, "SELECT", "DESCRIBE", option=True)
    assert invitations(governed) == [], "nobody is invited"
    shares = governed.client("ram", CONSUMER).get_resource_shares(resourceOwner="OTHER-ACCOUNTS")
    assert len(shares["resourceShares"]) == 1, "the share is there"
    re_grant(governed)
    assert table_of(governed)["Name"] == "orders", "and works at once"


def test_the_share_ends_with_the_last_grant_and_what_was_passed_on_with_it(governed):
    governed.together(CENTRAL, CONSUMER)
    governed.govern(CONSUMER)
    governed.grant(CONSUMER, SHARED, "SELECT", "DESCRIBE", option=True)
    re_grant(governed)
    governed.client("lakeformation").revoke_permissions(
        Principal=who(CONSUMER),
        Resource=SHARED,
        Permissions=["SELECT", "DESCRIBE"],
        PermissionsWithGrantOption=["SELECT", "DESCRIBE"],
    )
    ram = governed.client("ram", CONSUMER)
    assert ram.get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"] == [], "no share is left"
    with pytest.raises(ClientError) as caught:
        table_of(governed)
    assert code(caught) == "AccessDeniedException", "a re-grant lasts no longer than the share"
    governed.client("lakeformation", CONSUMER).revoke_permissions(
        Principal=who(role(CONSUMER, ANALYST)), Resource=SHARED, Permissions=["SELECT", "DESCRIBE"]
    )
    left = governed.client("lakeformation", CONSUMER).list_permissions()["PrincipalResourcePermissions"]
    assert left == [], "the recipient can still clear it away"
