"""Each guard rule on programs with one seeded mistake: it sees the mistake, and names the resource."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from seeded import edited, with_copy, with_provider, with_statement, without

from local.engine import Recording
from policies.rules import RESOURCE_RULES, STACK_RULES, description, violations

S3, IAM, LF = "aws:s3/", "aws:iam/", "aws:lakeformation/"
KEY, ROLE, ROLE_POLICY = "aws:kms/key:Key", f"{IAM}role:Role", f"{IAM}rolePolicy:RolePolicy"
BUCKET, BUCKET_POLICY = f"{S3}bucket:Bucket", f"{S3}bucketPolicy:BucketPolicy"
BLOCK = f"{S3}bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION = f"{S3}bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
OWNERSHIP = f"{S3}bucketOwnershipControls:BucketOwnershipControls"
VERSIONING = f"{S3}bucketVersioning:BucketVersioning"
SETTINGS, PERMISSIONS = f"{LF}dataLakeSettings:DataLakeSettings", f"{LF}permissions:Permissions"
LF_TAG = f"{LF}lfTag:LfTag"
CATALOG = "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings"
WORKGROUP = "aws:athena/workgroup:Workgroup"
REGRANT = "pulumi-python:dynamic/lakeformation:Regrant"
ADMIN = "arn:aws:iam::111122223333:role/MeshDeploy"
S3_KEYS = [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
AWS_KEY = [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]


def change(index: int = 0, **keys: Any) -> Callable[[list[dict[str, Any]]], None]:
    return lambda statements: statements[index].update(keys)


def add(**statement: Any) -> Callable[[list[dict[str, Any]]], None]:
    return lambda statements: statements.append({"Sid": "Seeded", "Effect": "Allow", **statement})


def trust(principal: Any, **more: Any) -> Callable[[list[dict[str, Any]]], None]:
    return add(Principal=principal, Action="sts:AssumeRole", **more)


def filtered(recording: Recording) -> Recording:
    """A data cells filter for the account that reads the same table by tags."""
    cells = {
        "tableCatalogId": "111122223333",
        "databaseName": "credit-card",
        "tableName": "credit_card",
        "name": "f",
    }
    return with_copy(
        recording, PERMISSIONS, "ml-coe-public", inputs={"lfTagPolicy": {}, "dataCellsFilter": cells}
    )


def filtered_regrant(recording: Recording) -> Recording:
    """The same for a role that reads by a re-grant."""
    shape = {
        "DatabaseName": "credit-card",
        "TableName": "credit_card",
        "Name": "f",
        "TableCatalogId": "111122223333",
    }
    inputs = {"resource": json.dumps({"DataCellsFilter": shape})}
    return with_copy(recording, REGRANT, "auditor-tables", inputs=inputs)


Seed = Callable[[dict[str, Recording]], Recording]
SEEDS: list[tuple[str, str, Seed]] = [
    ("public-access-blocked", "data-bucket", lambda m: without(m["producer"], BLOCK, "data-public-access")),
    ("public-access-blocked", "lacks ignorePublicAcls",
     lambda m: edited(m["consumer"], BLOCK, "results-public-access", ignorePublicAcls=False)),
    ("public-access-blocked", "BucketOwnerEnforced",
     lambda m: edited(m["producer"], OWNERSHIP, "logs-ownership", rule={"objectOwnership": "ObjectWriter"})),
    ("bucket-versioned", "models-bucket", lambda m: without(m["consumer"], VERSIONING, "models-versioning")),
    ("bucket-versioned", "data-bucket", lambda m: edited(
        m["producer"], VERSIONING, "data-versioning", versioningConfiguration={"status": "Suspended"})),
    ("bucket-customer-key", "no default encryption", lambda m: without(m["producer"], ENCRYPTION, "data-encryption")),
    ("bucket-customer-key", "customer-managed", lambda m: edited(
        m["producer"], ENCRYPTION, "data-encryption", rules=S3_KEYS)),
    ("bucket-customer-key", "customer-managed", lambda m: edited(
        m["consumer"], ENCRYPTION, "results-encryption", rules=AWS_KEY)),
    ("bucket-tls-only", "data-bucket", lambda m: without(m["producer"], BUCKET_POLICY, "data-policy")),
    ("bucket-tls-only", "data-bucket", lambda m: with_statement(
        m["producer"], BUCKET_POLICY, "data-policy", change(Condition={"Bool": {"aws:SecureTransport": "true"}}))),
    ("bucket-tls-only", "data-bucket", lambda m: with_statement(
        m["producer"], BUCKET_POLICY, "data-policy", change(Principal={"AWS": "arn:aws:iam::1:root"}))),
    ("bucket-tls-only", "data-bucket", lambda m: with_statement(
        m["producer"], BUCKET_POLICY, "data-policy", change(Resource=["arn:aws:s3:::other", "arn:aws:s3:::other/*"]))),
    ("key-rotates", "catalog-key", lambda m: edited(m["central"], KEY, "", enableKeyRotation=False)),
    ("catalog-encrypted", "catalog with", lambda m: edited(m["central"], CATALOG, "", dataCatalogEncryptionSettings={
        "encryptionAtRest": {"catalogEncryptionMode": "DISABLED"},
        "connectionPasswordEncryption": {"returnConnectionPasswordEncrypted": True, "awsKmsKeyId": "k"}})),
    ("catalog-encrypted", "passwords", lambda m: edited(m["central"], CATALOG, "", dataCatalogEncryptionSettings={
        "encryptionAtRest": {"catalogEncryptionMode": "SSE-KMS", "sseAwsKmsKeyId": "k"}})),
    ("workgroup-enforced", "override", lambda m: edited(
        m["consumer"], WORKGROUP, "", configuration={"enforceWorkgroupConfiguration": False})),
    ("workgroup-enforced", "no limit", lambda m: edited(m["consumer"], WORKGROUP, "", configuration={})),
    ("no-wildcard-principal", "principal *", lambda m: with_statement(
        m["producer"], BUCKET_POLICY, "data-policy", add(Principal="*", Action="s3:PutObject", Resource="*"))),
    ("no-wildcard-principal", "principal *", lambda m: with_statement(
        m["central"], KEY, "", add(Principal={"AWS": ["*"]}, Action="kms:Decrypt", Resource="*"))),
    ("no-wildcard-principal", "NotPrincipal", lambda m: with_statement(
        m["producer"], BUCKET_POLICY, "logs-policy", add(NotPrincipal={"AWS": "arn:aws:iam::1:root"}, Action="s3:*"))),
    ("no-wildcard-resource", "s3:GetObject on *", lambda m: with_statement(
        m["producer"], ROLE_POLICY, "curation-policy", add(Action="s3:GetObject", Resource="*"))),
    ("no-wildcard-resource", "arn:aws:s3:::*", lambda m: with_statement(
        m["producer"], ROLE_POLICY, "curation-policy", add(Action=["s3:GetObject"], Resource=["arn:aws:s3:::*"]))),
    ("no-wildcard-resource", "iam::*:role", lambda m: with_statement(
        m["consumer"], ROLE_POLICY, "", add(Action="sts:AssumeRole", Resource="arn:aws:iam::*:role/x"))),
    ("no-wildcard-resource", "the action glue:*", lambda m: with_statement(
        m["central"], ROLE_POLICY, "steward-policy", add(Action="glue:*", Resource="arn:aws:glue:r:1:catalog"))),
    ("no-wildcard-resource", "NotResource", lambda m: with_statement(
        m["central"], ROLE_POLICY, "steward-policy", add(Action="glue:GetTable", NotResource="x"))),
    ("no-wildcard-resource", "ram:CreateResourceShare on *", lambda m: with_statement(
        m["central"], ROLE_POLICY, "steward-sharing", add(Action="ram:CreateResourceShare", Resource="*"))),
    ("no-managed-administrator", "AdministratorAccess", lambda m: edited(
        m["consumer"], ROLE, "auditor", managedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"])),
    ("trust-bounded", "999999999999", lambda m: with_statement(
        m["central"], ROLE, "steward", trust({"AWS": "arn:aws:iam::999999999999:root"}), "assumeRolePolicy")),
    ("trust-bounded", "oidc", lambda m: with_statement(
        m["central"], ROLE, "steward", trust({"Federated": "arn:aws:iam::111122223333:oidc"}), "assumeRolePolicy")),
    ("trust-bounded", "999999999999", lambda m: with_statement(
        m["producer"], KEY, "", add(Principal={"AWS": "999999999999"}, Action="kms:Decrypt", Resource="*"))),
    ("documents-fit", "2,048", lambda m: with_statement(
        m["central"], ROLE, "steward", trust({"AWS": ["arn:aws:iam::222233334444:root"] * 70}), "assumeRolePolicy")),
    ("documents-fit", "20,480", lambda m: with_statement(
        m["producer"], BUCKET_POLICY, "data-policy", add(Action=["s3:x"] * 4000))),
    ("documents-fit", "10,240", lambda m: with_statement(
        m["consumer"], ROLE_POLICY, "auditor-read", add(Action=["glue:GetTable"] * 700, Resource="arn:aws:glue:r:1:t"))),
    ("one-grant-each", "another grant", lambda m: with_copy(m["producer"], PERMISSIONS, "ml-coe-public")),
    ("one-grant-each", "another grant", lambda m: with_copy(m["consumer"], REGRANT, "auditor-tables")),
    ("permissions-spelled-out", "grants ALL", lambda m: edited(
        m["producer"], PERMISSIONS, "producer-own", permissions=["ALL"], permissionsWithGrantOptions=[])),
    ("permissions-spelled-out", "grants nothing", lambda m: edited(
        m["producer"], PERMISSIONS, "ml-coe-public", permissions=[], permissionsWithGrantOptions=[])),
    ("permissions-spelled-out", "pass on SELECT", lambda m: edited(
        m["producer"], PERMISSIONS, "ml-coe-public", permissions=["DESCRIBE"], permissionsWithGrantOptions=["SELECT"])),
    ("no-grant-to-administrator", "administrator", lambda m: edited(
        m["central"], PERMISSIONS, "steward-tag-domain", principal=ADMIN)),
    ("no-grant-to-administrator", "who deploys", lambda m: edited(
        m["producer"], PERMISSIONS, "ml-coe-public",
        principal="arn:aws:iam::111122223333:role/mesh-steward-consumer-banking")),
    ("no-grant-to-administrator", "IAM allows", lambda m: edited(
        m["producer"], PERMISSIONS, "ml-coe-public", principal="IAM_ALLOWED_PRINCIPALS")),
    ("no-grant-to-administrator", "administrator", lambda m: edited(
        m["consumer"], REGRANT, "auditor-tables", principal="arn:aws:iam::333344445555:role/MeshDeploy")),
    ("lake-settings-one-owner", "2 owners", lambda m: with_copy(m["central"], SETTINGS)),
    ("lake-settings-one-owner", "nothing here owns", lambda m: without(m["consumer"], SETTINGS)),
    ("lake-settings-safe", "no administrator", lambda m: edited(m["central"], SETTINGS, "", admins=[])),
    ("lake-settings-safe", "version 2", lambda m: edited(
        m["producer"], SETTINGS, "", parameters={"CROSS_ACCOUNT_VERSION": "2"})),
    ("lake-settings-safe", "version 1", lambda m: edited(m["producer"], SETTINGS, "", parameters=None)),
    ("lake-settings-safe", "to IAM", lambda m: edited(m["central"], SETTINGS, "", createTableDefaultPermissions=[
        {"principal": "IAM_ALLOWED_PRINCIPALS", "permissions": ["ALL"]}])),
    ("no-filter-with-tag-grant", "past the filter", lambda m: filtered(m["producer"])),
    ("no-filter-with-tag-grant", "past the filter", lambda m: filtered_regrant(m["consumer"])),
    ("tags-fit", "1001 values", lambda m: edited(
        m["central"], LF_TAG, "data-product", values=[f"p{n}" for n in range(1001)])),
    ("tags-fit", "lower case", lambda m: edited(m["central"], LF_TAG, "domain", values=["Retail"])),
    ("tags-fit", "lower case and at most", lambda m: edited(m["central"], LF_TAG, "domain", values=["x" * 51])),
    ("tags-fit", "51 values", lambda m: edited(m["central"], PERMISSIONS, "steward-tag-data-product", lfTag={
        "key": "data-product", "values": [f"p{n}" for n in range(51)]})),
    ("right-account", "in account 111122223333", lambda m: with_copy(
        m["producer"], KEY, "", provider=m["producer"].get("pulumi:providers:aws", "steward").urn)),
    ("right-account", "catalog of 999999999999", lambda m: edited(
        m["producer"], PERMISSIONS, "ml-coe-public", catalogId="999999999999")),
    ("explicit-provider", "no explicit", lambda m: with_copy(m["central"], KEY, "", provider="")),
    ("provider-one-account", "0 accounts", lambda m: with_provider(m["central"], "central", allowedAccountIds=None)),
    ("provider-one-account", "2 accounts", lambda m: with_provider(
        m["central"], "central", allowedAccountIds=["111122223333", "222233334444"])),
    ("provider-one-account", "assumes no role", lambda m: with_provider(m["producer"], "steward", assumeRoles=None)),
    ("provider-one-account", "assumes no role", lambda m: with_provider(
        m["producer"], "steward", assumeRoles=[{"role_arn": ADMIN}])),
    ("provider-one-account", "is no role of 222233334444", lambda m: with_provider(
        m["producer"], "producer", assumeRoles=[{"roleArn": ADMIN}])),
    ("required-tags", "lack cost-centre", lambda m: with_provider(m["central"], "central", defaultTags={
        "tags": {"owner": "a", "lob": "b", "data-product": "c", "environment": "d", "cost-centre": ""}})),
    ("has-provider", "no AWS provider", lambda m: without(m["central"], "pulumi:providers:aws")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "says", "seed"), SEEDS, ids=[f"{n}-{seed[0]}" for n, seed in enumerate(SEEDS)]
)
def test_a_rule_sees_the_mistake_it_is_there_for(
    mesh: dict[str, Recording], rule: str, says: str, seed: Seed
) -> None:
    found = violations(seed(mesh))
    assert rule in found, f"not seen; broken rules: {sorted(found)}"
    assert any(says in message for message in found[rule]), f"says instead: {found[rule]}"
    assert all("'" in message or "account" in message or "program" in message for message in found[rule])


def test_every_rule_has_a_mistake_it_is_tried_on() -> None:
    assert {rule for rule, _, _ in SEEDS} == {*RESOURCE_RULES, *STACK_RULES}


def test_rules_have_names_and_descriptions_of_their_own() -> None:
    assert not set(RESOURCE_RULES) & set(STACK_RULES), "a pack refuses a name twice"
    descriptions = [description(rule) for rule in [*RESOURCE_RULES.values(), *STACK_RULES.values()]]
    assert len(set(descriptions)) == len(descriptions)
    assert all(text.endswith(".") for text in descriptions)


def test_a_retained_flag_that_is_unknown_is_no_violation(mesh: dict[str, Recording]) -> None:
    import dataclasses

    settings = mesh["central"].of_type(SETTINGS)[0]
    assert RESOURCE_RULES["lake-settings-safe"](settings) == []
    lost = dataclasses.replace(settings, retain_on_delete=False)
    assert "not retained" in RESOURCE_RULES["lake-settings-safe"](lost)[0]
    unknown = dataclasses.replace(settings, retain_on_delete=None)  # type: ignore[arg-type]
    assert RESOURCE_RULES["lake-settings-safe"](unknown) == [], "a policy pack is not told"


def test_a_trust_with_a_condition_may_name_another_account(mesh: dict[str, Recording]) -> None:
    held = trust(
        {"AWS": "arn:aws:iam::999999999999:root"}, Condition={"StringEquals": {"sts:ExternalId": "x"}}
    )
    assert violations(with_statement(mesh["central"], ROLE, "steward", held, "assumeRolePolicy")) == {}


def test_a_filter_for_somebody_else_or_another_product_is_fine(mesh: dict[str, Recording]) -> None:
    import dataclasses

    recording = filtered(mesh["producer"])
    copy = recording.resources[-1]
    for inputs in (
        {"principal": "444455556666"},
        {"dataCellsFilter": {"databaseName": "cards", "name": "f"}},
    ):
        other = dataclasses.replace(copy, inputs={**copy.inputs, **inputs})
        program = dataclasses.replace(recording, resources=(*recording.resources[:-1], other))
        assert "no-filter-with-tag-grant" not in violations(program)


def test_a_log_bucket_is_spared_the_customer_key_only_while_it_takes_logs(mesh: dict[str, Recording]) -> None:
    found = violations(without(mesh["producer"], f"{S3}bucketLogging:BucketLogging"))
    assert list(found) == ["bucket-customer-key"]
    assert "logs-bucket" in found["bucket-customer-key"][0]
