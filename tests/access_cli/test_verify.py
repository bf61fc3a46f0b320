"""`mesh access verify`: intended against held, and putting it right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.snapshots_program import Program
from mesh.access import repair as access_repair
from mesh.access import sources as access_sources
from mesh.access import verify as access_verify
from mesh.access.verify import MISSING, UNMANAGED, Findings
from mesh.project import Project

CENTRAL, PRODUCER, CONSUMER = "111122223333", "222233334444", "333344445555"
AUDITOR = f"arn:aws:iam::{CONSUMER}:role/mesh-auditor"
VISITOR = f"arn:aws:iam::{CONSUMER}:role/mesh-visitor"


def policy(*levels: str) -> dict[str, Any]:
    """The tables of credit-card up to some levels."""
    tags = [
        {"TagKey": "data-product", "TagValues": ["credit-card"]},
        {"TagKey": "sensitivity", "TagValues": sorted(levels)},
    ]
    return {"LFTagPolicy": {"CatalogId": CENTRAL, "ResourceType": "TABLE", "Expression": tags}}


ALL = policy("public", "internal", "confidential", "restricted")
LINK = {"Database": {"CatalogId": CONSUMER, "Name": "rl_credit-card"}}


def to(principal: str) -> dict[str, str]:
    return {"DataLakePrincipalIdentifier": principal}


def found(cloud: Any, intended: Program) -> Findings:
    sessions = cloud.sessions
    try:
        return access_verify.compare(
            cloud.project, intended, access_sources.held(cloud.project, intended, sessions).snapshot
        )
    finally:
        sessions.close()


@pytest.fixture
def cloud(cloud: Any, intended: Program) -> Iterator[Any]:
    """The shared cloud, as intended before and after each test."""
    assert not found(cloud, intended).any
    yield cloud
    assert not found(cloud, intended).any, "the test put right what it broke"


def test_a_mesh_that_is_up_is_as_intended_and_exit_0(cloud: Any, intended: Program, say: Any) -> None:
    grants = len(intended.snapshot.grants)
    assert grants > 30
    said = say(cloud.project.folder, "verify", home=cloud.home)
    assert said.code == 0, said.err
    assert said.out == f"as intended: {grants} grants and 1 tables in 3 accounts\n"


def test_a_grant_revoked_by_hand_is_named_and_granted_again(cloud: Any, say: Any) -> None:
    cloud.lake(CONSUMER).revoke_permissions(Principal=to(AUDITOR), Resource=ALL, Permissions=["SELECT"])
    said = say(cloud.project.folder, "verify", "--json", home=cloud.home)
    assert said.code == 1
    findings = json.loads(said.out)["findings"]
    assert [(each["kind"], each["what"]) for each in findings] == [("missing", "grant")]
    assert findings[0]["text"].startswith("SELECT on TABLE policy"), "DESCRIBE is still there"
    assert "auditor (ml-coe)" in findings[0]["text"]
    repaired = say(cloud.project.folder, "verify", "--repair", home=cloud.home)
    assert repaired.code == 0, repaired.out
    assert repaired.out.startswith("granted SELECT on TABLE policy")


def test_an_owners_grant_and_its_grant_option_come_back_before_what_hangs_on_them(
    cloud: Any, intended: Program
) -> None:
    level = policy("public", "internal", "confidential")
    both = ["DESCRIBE", "SELECT"]
    cloud.lake(CENTRAL).revoke_permissions(
        Principal=to(CONSUMER), Resource=level, Permissions=both, PermissionsWithGrantOption=both
    )
    for role in ("pipeline", "data-scientist"):
        principal = to(f"arn:aws:iam::{CONSUMER}:role/mesh-{role}")
        try:
            cloud.lake(CONSUMER).revoke_permissions(Principal=principal, Resource=level, Permissions=both)
        except cloud.lake(CONSUMER).exceptions.InvalidInputException:
            pass  # went with the share
    lost = found(cloud, intended)
    assert len(lost.of(MISSING, "grant")) == 3
    sessions = cloud.sessions
    done = access_repair.repair(cloud.project, intended, lost, sessions)
    sessions.close()
    assert [line.split(" on ")[0] for line in done] == ["granted DESCRIBE, SELECT"] * 3, done
    assert f"to account ml-coe ({CONSUMER})" in done[0] or f"to {CONSUMER}" in done[0], "the owner's first"


def test_an_unmanaged_grant_is_named_and_revoked_only_when_told_to(cloud: Any, say: Any) -> None:
    cloud.lake(CONSUMER).grant_permissions(Principal=to(VISITOR), Resource=ALL, Permissions=["SELECT"])
    cloud.lake(CENTRAL).grant_permissions(
        Principal=to("IAM_ALLOWED_PRINCIPALS"),
        Resource={"Table": {"DatabaseName": "credit-card", "Name": "credit_card"}},
        Permissions=["ALL"],
    )
    said = say(cloud.project.folder, "verify", "--repair", home=cloud.home)
    assert said.code == 1, "it is still there"
    lines = [line for line in said.out.splitlines() if line.startswith("unmanaged grant: ")]
    assert len(lines) == 2
    assert any("mesh-visitor" in line for line in lines)
    assert any("IAM_ALLOWED_PRINCIPALS" in line for line in lines)
    repaired = say(cloud.project.folder, "verify", "--repair", "--revoke-unmanaged", home=cloud.home)
    assert repaired.code == 0, repaired.out
    assert repaired.out.count("revoked ") == 2


def test_an_administrator_nobody_intends_is_named(cloud: Any, intended: Program) -> None:
    lake = cloud.lake(CONSUMER)
    settings = lake.get_data_lake_settings()["DataLakeSettings"]
    more = {**settings, "DataLakeAdmins": [*settings["DataLakeAdmins"], to(VISITOR)]}
    lake.put_data_lake_settings(DataLakeSettings=more)
    try:
        assert [each.name for each in found(cloud, intended).of(UNMANAGED, "administrator")] == [(VISITOR,)]
    finally:
        lake.put_data_lake_settings(DataLakeSettings=settings)


def test_a_grant_on_what_is_not_the_meshs_is_counted_and_left_alone(cloud: Any, intended: Program) -> None:
    glue, lake = cloud.acting(CENTRAL).client("glue"), cloud.lake(CENTRAL)
    glue.create_database(DatabaseInput={"Name": "payroll"})
    try:
        lake.grant_permissions(
            Principal=to(f"arn:aws:iam::{CENTRAL}:role/payroll-reader"),
            Resource={"Database": {"Name": "payroll"}},
            Permissions=["DESCRIBE"],
        )
        findings = found(cloud, intended)
        assert not findings.any
        assert findings.elsewhere == 1
        assert "1 grants in these accounts are on nothing of the mesh" in access_verify.as_text(
            findings, intended
        )
    finally:
        glue.delete_database(Name="payroll")


def test_a_table_deleted_by_hand_is_found_and_comes_back(cloud: Any, say: Any) -> None:
    steward = cloud.acting(CENTRAL, "mesh-steward-consumer-banking")
    steward.client("glue").delete_table(DatabaseName="credit-card", Name="credit_card")
    said = say(cloud.project.folder, "verify", home=cloud.home)
    assert said.code == 1
    assert f"missing table: credit-card.credit_card in account {CENTRAL}" in said.out
    repaired = say(cloud.project.folder, "verify", "--repair", home=cloud.home)
    assert repaired.code == 1, "the program makes tables, not this command"
    assert "run 'mesh up producer'" in repaired.out
    cloud.up()
    assert say(cloud.project.folder, "verify", home=cloud.home).code == 0, "table, column tags and all"


def test_a_link_deleted_by_hand_is_found_with_its_grants_and_comes_back(cloud: Any, say: Any) -> None:
    cloud.acting(CONSUMER).client("glue").delete_database(Name="rl_credit-card")
    said = say(cloud.project.folder, "verify", "--repair", home=cloud.home)
    assert said.code == 1
    assert f"missing link: rl_credit-card in account {CONSUMER}" in said.out
    assert "not granted DESCRIBE on database rl_credit-card" in said.out, "what cannot be granted yet is said"
    cloud.up()
    assert say(cloud.project.folder, "verify", "--repair", home=cloud.home).code == 0


def test_a_column_tagged_otherwise_by_hand_is_found_and_tagged_again(cloud: Any, say: Any) -> None:
    column = {"DatabaseName": "credit-card", "Name": "credit_card", "ColumnNames": ["age"]}
    cloud.lake(CENTRAL).add_lf_tags_to_resource(
        Resource={"TableWithColumns": {"CatalogId": CENTRAL, **column}},
        LFTags=[{"CatalogId": CENTRAL, "TagKey": "sensitivity", "TagValues": ["public"]}],
    )
    said = say(cloud.project.folder, "verify", home=cloud.home)
    assert said.code == 1
    assert "different tags: sensitivity of credit-card.credit_card.age is public, not restricted" in said.out
    repaired = say(cloud.project.folder, "verify", "--repair", home=cloud.home)
    assert repaired.code == 0, repaired.out


def test_a_role_deleted_by_hand_is_named(cloud: Any, intended: Program, say: Any) -> None:
    iam = cloud.acting(CONSUMER).client("iam")
    for name in iam.list_role_policies(RoleName="mesh-auditor")["PolicyNames"]:
        iam.delete_role_policy(RoleName="mesh-auditor", PolicyName=name)
    for policy in iam.list_attached_role_policies(RoleName="mesh-auditor")["AttachedPolicies"]:
        iam.detach_role_policy(RoleName="mesh-auditor", PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName="mesh-auditor")
    said = say(cloud.project.folder, "verify", "--repair", home=cloud.home)
    assert "missing role: auditor (ml-coe)" in said.out
    cloud.up()
    assert not found(cloud, intended).any


def test_nothing_up_is_everything_missing(intended: Program, shipped: Project) -> None:
    from governance.snapshot import Snapshot

    findings = access_verify.compare(shipped, intended, Snapshot())
    assert len(findings.of(MISSING, "grant")) == len(intended.snapshot.grants)
    assert len(findings.of(MISSING, "role")) == len(intended.snapshot.roles)
    assert findings.of(MISSING, "link"), "links are missing too"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "embedded cloud: is not running; start it with 'mesh cloud start', or ask AWS with --live"),
        (["--revoke-unmanaged"], "--revoke-unmanaged: goes with --repair"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    say: Any, shipped: Project, arguments: list[str], expected: str
) -> None:
    said = say(shipped.folder, "verify", *arguments)
    assert (said.code, said.out) == (2, "")
    assert expected in said.err
    assert said.err.count("\n") == 1


def test_asking_aws_without_credentials_is_one_line(
    say: Any, shipped: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    said = say(shipped.folder, "verify", "--live")
    assert said.code == 2
    assert "role/MeshDeploy: cannot be assumed: Unable to locate credentials" in said.err
