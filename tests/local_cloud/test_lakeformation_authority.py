"""Who may grant: administrators, and holders of the grant option for exactly what they hold."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.local_cloud.world import (
    ANALYST,
    CENTRAL,
    CONSUMER,
    PRODUCER,
    STEWARD,
    code,
    policy,
    role,
    who,
)

HELD = policy("TABLE", product=["sales"], sensitivity=["internal"])
WIDER = policy("TABLE", product=["sales"], sensitivity=["internal", "restricted"])
LOCATION = "arn:aws:s3:::lake/curated"


@pytest.fixture
def shared(governed):
    """The steward may pass the internal columns on; all accounts are in one organization."""
    governed.together(CENTRAL, PRODUCER, CONSUMER)
    governed.govern(CONSUMER)
    governed.grant(role(CENTRAL, STEWARD), HELD, "SELECT", "DESCRIBE", option=True)
    governed.grant(role(CENTRAL, STEWARD), WIDER, "SELECT")
    return governed


def give(lake, principal, resource, *permissions, option=False):
    lake.grant_permissions(
        Principal=who(principal),
        Resource=resource,
        Permissions=list(permissions),
        PermissionsWithGrantOption=list(permissions) if option else [],
    )


def refusal(call, *arguments, **named):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    return code(caught), caught.value.response["Error"]["Message"]


def test_a_holder_of_the_grant_option_passes_on_the_identical_expression(shared):
    steward = shared.client("lakeformation", name=STEWARD)
    give(steward, CONSUMER, HELD, "SELECT", "DESCRIBE", option=True)
    entries = steward.list_permissions(Principal=who(CONSUMER), Resource=HELD)["PrincipalResourcePermissions"]
    assert [entry["PermissionsWithGrantOption"] for entry in entries] == [["DESCRIBE", "SELECT"]], (
        "it is made"
    )


@pytest.mark.parametrize(
    ("resource", "permissions"),
    [
        (WIDER, ["SELECT"]),
        (policy("TABLE", sensitivity=["internal"]), ["SELECT"]),
        (policy("DATABASE", product=["sales"]), ["DESCRIBE"]),
        (HELD, ["SELECT", "ALTER"]),
        ({"LFTag": {"TagKey": "product", "TagValues": ["sales"]}}, ["DESCRIBE"]),
        ({"Database": {"Name": "sales"}}, ["DESCRIBE"]),
    ],
)
def test_anything_but_what_is_held_with_the_grant_option_is_refused(shared, resource, permissions):
    error, message = refusal(
        give, shared.client("lakeformation", name=STEWARD), CONSUMER, resource, *permissions, option=True
    )
    assert error == "AccessDeniedException", "what is not held with the grant option cannot be given"
    assert message.startswith("Insufficient Lake Formation permission(s)"), "in Lake Formation's words"


def test_a_stranger_may_grant_nothing_and_take_nothing_away(shared):
    stranger = shared.client("lakeformation", name="stranger")
    assert refusal(give, stranger, CONSUMER, HELD, "SELECT")[0] == "AccessDeniedException", "nothing to give"
    arguments = {"Principal": who(role(CENTRAL, STEWARD)), "Resource": HELD, "Permissions": ["SELECT"]}
    assert refusal(stranger.revoke_permissions, **arguments)[0] == "AccessDeniedException", "nor to take"


def test_a_recipients_administrator_re_grants_the_identical_expression_only(shared):
    give(shared.client("lakeformation", name=STEWARD), CONSUMER, HELD, "SELECT", "DESCRIBE", option=True)
    admin, analyst = shared.client("lakeformation", CONSUMER), role(CONSUMER, ANALYST)
    give(admin, analyst, HELD, "SELECT", "DESCRIBE")
    found = admin.list_permissions(Principal=who(analyst), Resource=HELD)["PrincipalResourcePermissions"]
    assert [entry["Permissions"] for entry in found] == [["DESCRIBE", "SELECT"]], "the re-grant stands"
    assert refusal(give, admin, analyst, WIDER, "SELECT")[0] == "AccessDeniedException", (
        "wider was not shared"
    )
    narrower = policy("TABLE", product=["sales"], sensitivity=["internal"])
    narrower["LFTagPolicy"]["Expression"].pop(0)
    assert refusal(give, admin, analyst, narrower, "SELECT")[0] == "AccessDeniedException", "nor is another"


def test_a_re_grant_needs_a_share_and_an_administrator(shared):
    admin, analyst = shared.client("lakeformation", CONSUMER), role(CONSUMER, ANALYST)
    assert refusal(give, admin, analyst, HELD, "SELECT")[0] == "AccessDeniedException", "nothing was shared"
    give(shared.client("lakeformation", name=STEWARD), CONSUMER, HELD, "SELECT", option=True)
    other = shared.client("lakeformation", CONSUMER, "other")
    assert refusal(give, other, analyst, HELD, "SELECT")[0] == "AccessDeniedException", "a role is no admin"


def test_what_was_shared_without_the_grant_option_cannot_be_re_granted(shared):
    give(shared.client("lakeformation", name=STEWARD), CONSUMER, HELD, "SELECT")
    admin = shared.client("lakeformation", CONSUMER)
    error, message = refusal(give, admin, role(CONSUMER, ANALYST), HELD, "SELECT")
    assert error == "AccessDeniedException", "an account passes on what it holds with the grant option"
    assert "grant option" in message, "and is told so"


def test_shares_are_not_passed_to_a_third_account(shared):
    give(shared.client("lakeformation", name=STEWARD), CONSUMER, HELD, "SELECT", option=True)
    admin = shared.client("lakeformation", CONSUMER)
    assert refusal(give, admin, PRODUCER, HELD, "SELECT")[0] == "AccessDeniedException", "not transitive"


def test_a_share_may_be_made_before_its_recipient_set_its_version(governed):
    governed.together(CENTRAL, CONSUMER)
    governed.grant(CONSUMER, HELD, "SELECT", option=True)
    found = governed.client("lakeformation").list_permissions(Principal=who(CONSUMER), Resource=HELD)
    assert found["PrincipalResourcePermissions"], "the recipient's stack comes last"


def test_an_owner_of_an_old_version_cannot_share_by_tags(governed):
    governed.client("lakeformation").put_data_lake_settings(
        DataLakeSettings={
            "DataLakeAdmins": [who(role(CENTRAL, "MeshDeploy"))],
            "Parameters": {"CROSS_ACCOUNT_VERSION": "1"},
        }
    )
    error, message = refusal(governed.grant, CONSUMER, HELD, "SELECT")
    assert (error, "version" in message) == ("AccessDeniedException", True), "tags travel from version 3 on"


def test_what_iam_alone_opens_cannot_be_shared(world):
    world.client("glue").create_database(DatabaseInput={"Name": "open"})
    world.govern(CENTRAL)
    error, message = refusal(world.grant, CONSUMER, {"Database": {"Name": "open"}}, "DESCRIBE")
    assert (error, "IAMAllowedPrincipals" in message) == ("AccessDeniedException", True), (
        "to be revoked first"
    )


def test_settings_alone_make_administrators(governed):
    lake = governed.client("lakeformation", name="other")
    table = {"Table": {"DatabaseName": "sales", "Name": "orders"}}
    assert refusal(give, lake, role(CENTRAL, "x"), table, "SELECT")[0] == "AccessDeniedException", "not yet"
    governed.govern(CENTRAL, "MeshDeploy", "other")
    give(lake, role(CENTRAL, "x"), table, "SELECT")
    found = lake.list_permissions(Principal=who(role(CENTRAL, "x")), Resource=table)
    assert found["PrincipalResourcePermissions"], "an administrator grants anything to anybody"


def test_a_location_is_passed_on_with_the_grant_option_and_needs_no_share(governed):
    governed.client("lakeformation").register_resource(ResourceArn=LOCATION, RoleArn=role(CENTRAL, "reg"))
    location = {"DataLocation": {"CatalogId": CENTRAL, "ResourceArn": LOCATION}}
    governed.govern(PRODUCER)
    admin, curator = governed.client("lakeformation", PRODUCER), role(PRODUCER, "curation")
    permission = "DATA_LOCATION_ACCESS"
    assert refusal(give, admin, curator, location, permission)[0] == "AccessDeniedException", "not given yet"
    governed.grant(PRODUCER, location, permission, option=True)
    give(admin, curator, location, permission)
    assert admin.list_permissions(Principal=who(curator), Resource=location)[
        "PrincipalResourcePermissions"
    ], "the owner's location is re-granted without any invitation"
    invitations = governed.client("ram", PRODUCER).get_resource_share_invitations()
    assert invitations["resourceShareInvitations"] == [], "locations do not travel by RAM"
