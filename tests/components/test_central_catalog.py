"""CentralCatalog and LobOnboarding: one catalog, its tags, its key, and what each LoB's two roles may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import component_parts as parts
import pytest

from components.central_catalog import CentralCatalog
from governance.errors import MeshError
from local.engine import Recording

DATABASE = "aws:glue/catalogDatabase:CatalogDatabase"
LF_TAG = "aws:lakeformation/lfTag:LfTag"
LOCATION = "aws:lakeformation/resource:Resource"
STEWARD = {name: parts.CENTRAL.role_arn(f"mesh-steward-{name}") for name in ("retail", "cards")}


def held_by(recording: Recording, principal: str) -> list[Any]:
    """Grants of one principal."""
    found = [item for item in recording.of_type(parts.PERMISSIONS) if item.inputs["principal"] == principal]
    assert found, f"{principal} holds nothing"
    return found


def test_the_account_s_settings_are_shared_by_ram_and_retained(central: Recording) -> None:
    settings = central.get("aws:lakeformation/dataLakeSettings:DataLakeSettings", "catalog-lake")
    assert settings.inputs["parameters"] == {"CROSS_ACCOUNT_VERSION": "4"}
    assert settings.inputs["admins"] == [parts.CENTRAL.role_arn("MeshDeploy")]
    assert settings.retain_on_delete, "deleting them would remove every administrator"
    defaults = {"createDatabaseDefaultPermissions", "createTableDefaultPermissions"}
    assert not defaults & set(settings.inputs), "left out, new tables are not open to whoever IAM allows"


def test_tags_carry_all_values_from_configuration(central: Recording) -> None:
    tags = {item.inputs["key"]: item.inputs["values"] for item in central.of_type(LF_TAG)}
    assert tags == {
        "domain": ["cards", "retail"],
        "data-product": ["cards", "loans", "mortgages"],
        "sensitivity": sorted(parts.LEVELS),
    }


def test_a_database_is_tagged_closed_until_its_columns_are_classified(central: Recording) -> None:
    tags = central.of_type("aws:lakeformation/resourceLfTags:ResourceLfTags")
    found = {
        item.inputs["database"]["name"]: {t["key"]: t["value"] for t in item.inputs["lfTags"]}
        for item in tags
    }
    assert found == {
        name: {"domain": lob, "data-product": name, "sensitivity": "restricted"}
        for name, lob in (("cards", "cards"), ("loans", "retail"), ("mortgages", "retail"))
    }


def test_a_database_is_tagged_as_its_product_s(central: Recording) -> None:
    databases = central.of_type(DATABASE)
    assert len(databases) == 3, "one database per approved product"
    for database in databases:
        assert database.inputs["tags"]["data-product"] == database.inputs["name"]
        assert database.inputs["catalogId"] == parts.CENTRAL.account_id


def test_the_catalog_is_encrypted_with_the_key_that_members_use_through_glue_only(central: Recording) -> None:
    key = central.get("aws:kms/key:Key", "catalog-key")
    readers = parts.statement(key.inputs["policy"], "CatalogReaders")
    writers = parts.statement(key.inputs["policy"], "CatalogWriters")
    accounts = [
        f"arn:aws:iam::{account}:root" for account in ("222233334444", "333344445555", "444455556666")
    ]
    assert readers["Principal"]["AWS"] == accounts, "all members read the catalog's metadata"
    assert readers["Action"] == ["kms:Decrypt"]
    assert writers["Principal"]["AWS"] == [accounts[0], accounts[2]], (
        "consumers change nothing in the catalog"
    )
    for item in (readers, writers):
        assert item["Condition"] == {"StringEquals": {"kms:ViaService": "glue.eu-west-1.amazonaws.com"}}
    settings = central.of_type("aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings")
    assert len(settings) == 1
    assert (
        settings[0].inputs["dataCatalogEncryptionSettings"]["encryptionAtRest"]["sseAwsKmsKeyId"]
        == key.outputs["arn"]
    )


@pytest.mark.parametrize(("organization", "condition"), [(None, None), ("o-a1b2c3d4e5", "o-a1b2c3d4e5")])
def test_the_event_bus_takes_events_of_members_only(
    declare: Callable[..., Recording], organization: str | None, condition: str | None
) -> None:
    args = parts.central_args(organization_id=organization)
    recording = declare(lambda: CentralCatalog("catalog", args, opts=parts.within("c", parts.CENTRAL)))
    policy = recording.get("aws:cloudwatch/eventBusPolicy:EventBusPolicy", "catalog-events-policy")
    members = parts.statement(policy.inputs["policy"], "Members")
    assert members["Action"] == "events:PutEvents"
    assert members["Principal"]["AWS"] == [place.root_arn for place in (parts.PRODUCER, parts.CONSUMER)]
    found = members.get("Condition", {}).get("StringEquals", {}).get("aws:PrincipalOrgID")
    assert found == condition, "inside an Organization, who left it may put no more"


@pytest.mark.parametrize("statements", [(), ({"Sid": "Audit", "Effect": "Allow", "Action": "glue:GetTags"},)])
def test_a_catalog_policy_is_made_only_where_statements_are_configured(
    declare: Callable[..., Recording], statements: tuple[dict[str, Any], ...]
) -> None:
    args = parts.central_args(existing_catalog_policy=statements)
    recording = declare(lambda: CentralCatalog("catalog", args, opts=parts.within("c", parts.CENTRAL)))
    policies = recording.of_type("aws:glue/resourcePolicy:ResourcePolicy")
    assert len(policies) == len(statements), "an account without catalog policy needs none for RAM"
    for item in policies:
        assert item.inputs["enableHybrid"] == "TRUE", "with a catalog policy, RAM shares need hybrid"
        share = parts.statement(item.inputs["policy"], "LakeFormationShares")
        assert share["Principal"] == {"Service": "ram.amazonaws.com"}
        assert parts.statement(item.inputs["policy"], "Audit"), "the account's own statements stay"


def test_the_registration_role_reads_and_writes_its_lob_s_curated_data_only(central: Recording) -> None:
    name = "catalog-retail-registration"
    document = central.get(parts.ROLE_POLICY, f"{name}-policy").inputs["policy"]
    own = "arn:aws:s3:::mesh-loans-222233334444-eu-west-1"
    other = "arn:aws:s3:::mesh-cards-444455556666-eu-west-1"
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert parts.allows(document, action, f"{own}/curated/x"), f"{action} on the LoB's own data"
        assert not parts.allows(document, action, f"{other}/curated/x"), f"{action} on another LoB's data"
        for prefix in ("raw", "quarantine", "scripts"):
            assert not parts.allows(document, action, f"{own}/{prefix}/x"), "only curated data is governed"
    context = parts.statement(document, "Keys")["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"]
    assert {arn.split("/")[0] for arn in context} == {own, own.replace("loans", "mortgages")}
    trust = parts.statement(central.get(parts.ROLE, name).inputs["assumeRolePolicy"], "Service")
    assert trust["Principal"] == {"Service": "lakeformation.amazonaws.com"}


def test_a_lob_s_location_is_registered_with_its_own_role(central: Recording) -> None:
    found = {item.inputs["arn"]: item.inputs["roleArn"].rsplit("/")[-1] for item in central.of_type(LOCATION)}
    assert found == {
        "arn:aws:s3:::mesh-loans-222233334444-eu-west-1/curated": "mesh-registration-retail",
        "arn:aws:s3:::mesh-mortgages-222233334444-eu-west-1/curated": "mesh-registration-retail",
        "arn:aws:s3:::mesh-cards-444455556666-eu-west-1/curated": "mesh-registration-cards",
    }


def test_a_location_waits_until_the_role_may_read_it(central: Recording) -> None:
    policy = central.get(parts.ROLE_POLICY, "catalog-retail-registration-policy")
    location = central.get(LOCATION, "catalog-retail-location-loans")
    assert policy.urn in location.dependencies, "Lake Formation tries the role when it registers"


def test_a_steward_is_assumable_from_its_lob_s_account_only(central: Recording) -> None:
    for name, account in (("retail", "222233334444"), ("cards", "444455556666")):
        role = central.get(parts.ROLE, f"catalog-{name}-steward")
        trust = parts.policy(role.inputs["assumeRolePolicy"])
        assert [item["Principal"] for item in trust] == [{"AWS": f"arn:aws:iam::{account}:root"}]


def test_a_steward_s_trust_names_callers_and_the_external_id_where_configured(
    declare: Callable[..., Recording],
) -> None:
    import dataclasses

    lob = dataclasses.replace(parts.lob(), steward_callers=("Deploy", "Backup"))
    args = parts.central_args(lobs=[lob], external_id="shared-secret")
    recording = declare(lambda: CentralCatalog("catalog", args, opts=parts.within("c", parts.CENTRAL)))
    trust = parts.statement(
        recording.get(parts.ROLE, "catalog-retail-steward").inputs["assumeRolePolicy"], "Account"
    )
    assert trust["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": [parts.PRODUCER.role_arn(name) for name in ("Backup", "Deploy")]},
        "StringEquals": {"sts:ExternalId": "shared-secret"},
    }


def test_a_steward_holds_exactly_the_listed_expressions(central: Recording) -> None:
    grants = [item for item in held_by(central, STEWARD["retail"]) if "lfTagPolicy" in item.inputs]
    found: dict[Any, Any] = {}
    for item in grants:
        tags = tuple(sorted((key, tuple(values)) for key, values in parts.expression(item).items()))
        kind = item.inputs["lfTagPolicy"]["resourceType"]
        found[(kind, tags)] = (item.inputs["permissions"], item.inputs["permissionsWithGrantOptions"])
    read, own = ["DESCRIBE", "SELECT"], ["ALTER", "DESCRIBE", "SELECT"]
    expected: dict[Any, Any] = {}
    for product in ("loans", "mortgages"):
        key = ("data-product", (product,))
        expected[("DATABASE", (key,))] = (["CREATE_TABLE", "DESCRIBE"], ["DESCRIBE"])
        for index in range(len(parts.LEVELS)):
            cleared = tuple(sorted(parts.LEVELS[: index + 1]))
            expected[("TABLE", (key, ("sensitivity", cleared)))] = (read, read)
        expected[("TABLE", (key, ("domain", ("retail",))))] = (own, own)
    assert found == expected, "what a steward may pass on is, to the letter, what it holds"
    assert len(grants) == len(expected), "and no expression is granted twice"


def test_a_steward_tags_with_its_own_values_only(central: Recording) -> None:
    found = {
        item.inputs["lfTag"]["key"]: (item.inputs["lfTag"]["values"], item.inputs["permissions"])
        for item in held_by(central, STEWARD["retail"])
        if "lfTag" in item.inputs
    }
    tag = ["ASSOCIATE", "DESCRIBE"]
    assert found == {
        "domain": (["retail"], tag),
        "data-product": (["loans", "mortgages"], tag),
        "sensitivity": (sorted(parts.LEVELS), tag),
    }


def test_a_steward_s_policy_reaches_its_own_databases_only(central: Recording) -> None:
    document = central.get(parts.ROLE_POLICY, "catalog-retail-steward-policy").inputs["policy"]
    for action in ("glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable"):
        assert parts.allows(document, action, parts.CENTRAL.arn("glue", "table/loans/x"))
        assert not parts.allows(document, action, parts.CENTRAL.arn("glue", "table/cards/x")), "another LoB's"
    assert not parts.allows(document, "glue:CreateDatabase", parts.CENTRAL.arn("glue", "database/loans"))
    assert not parts.allows(document, "lakeformation:PutDataLakeSettings", "*"), (
        "a steward is no administrator"
    )
    key = parts.statement(document, "CatalogKey")
    assert key["Resource"] == central.get("aws:kms/key:Key", "catalog-key").outputs["arn"]
    assert "kms:Encrypt" in key["Action"], "Glue encrypts a new table's metadata as the caller"


def test_a_steward_manages_ram_only_through_lake_formation(central: Recording) -> None:
    document = central.get(parts.ROLE_POLICY, "catalog-retail-steward-sharing").inputs["policy"]
    changing = [item for item in parts.policy(document) if item["Sid"] != "Look"]
    assert len(changing) == 4
    for item in changing:
        called_via = item["Condition"]["ForAnyValue:StringEquals"]["aws:CalledVia"]
        assert called_via == ["lakeformation.amazonaws.com"], (
            f"{item['Sid']} would work outside Lake Formation"
        )


def test_a_lob_without_products_has_its_roles_and_no_grant(declare: Callable[..., Recording]) -> None:
    args = parts.central_args(lobs=[parts.lob(products=[])])
    recording = declare(lambda: CentralCatalog("catalog", args, opts=parts.within("c", parts.CENTRAL)))
    assert len(recording.of_type(parts.ROLE)) == 2, "the roles stand before the first product is approved"
    assert not recording.of_type(parts.PERMISSIONS)
    assert {item.inputs["key"] for item in recording.of_type(LF_TAG)} == {"domain", "sensitivity"}
    assert not recording.of_type(DATABASE)


@pytest.mark.parametrize(("disposable", "kept"), [(False, True), (True, False)])
def test_the_catalog_s_key_is_protected_unless_disposable(
    declare: Callable[..., Recording], disposable: bool, kept: bool
) -> None:
    args = parts.central_args(disposable=disposable)
    recording = declare(lambda: CentralCatalog("catalog", args, opts=parts.within("c", parts.CENTRAL)))
    assert recording.get("aws:kms/key:Key", "catalog-key").protect is kept, (
        "without it no metadata can be read"
    )


@pytest.mark.parametrize(
    ("wrong", "message"), [({"lobs": []}, "at least one LoB"), ({"admins": []}, "name the deploy role")]
)
def test_wrong_arguments_are_refused_before_anything_is_registered(
    wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(MeshError, match=message) as caught:
        parts.central_args(**wrong)
    assert str(caught.value).startswith("CentralCatalogArgs."), "the message names the argument"
