"""What a consumer's program declares for its feature store: rights, order, and nothing where none is asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import claims
import pytest
import yaml
from features_case import FEATURES, project

from components.feature_documents import features_bucket_policy
from governance.errors import MeshError
from local.engine import Recording, record
from policies.rules import violations

sys.path.insert(0, str(Path(__file__).parents[1] / "components"))
from component_parts import allows, many, policy, waits_for

GROUP = "aws:sagemaker/featureGroup:FeatureGroup"
PERMISSIONS = "aws:lakeformation/permissions:Permissions"
ACCOUNT = "333344445555"
ARN = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:feature-group/mesh-ml-coe-"

Recorded = Callable[..., Recording]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Record the three stacks with a consumer's features; gives the consumer's."""

    def run(features: Any = FEATURES, **changes: Any) -> Recording:
        folder = project(tmp_path_factory.mktemp("program") / "mesh", features=features, **changes)
        recordings: dict[str, Recording] = {}
        for stack in ("central", "producer", "consumer"):
            references = {name: each.exports for name, each in recordings.items()}
            recordings[stack] = record(folder, stack, references=references)
        return recordings["consumer"]

    return run


@pytest.fixture(scope="module")
def consumer(recorded: Recorded) -> Recording:
    return recorded()


def test_the_guard_rules_hold(consumer: Recording) -> None:
    assert len(consumer.of_type(GROUP)) == 2
    assert violations(consumer) == {}


def test_they_hold_beside_a_filtered_share(tmp_path: Path) -> None:
    folder = project(tmp_path / "mesh")
    share = {"consumer": "ml-coe", "clearance": "restricted", "columns": ["claim_no", "vehicle", "filed_at"]}
    changes: dict[str, dict[str, Any]] = {
        "producer": {"products": {claims.PRODUCT: {"contract": "contracts/motor-claims.odcs.yaml", "shares": [share]}}},
        "consumer": {
            "subscriptions": {claims.PRODUCT: {"lob": claims.DOMAIN, "clearance": "restricted", "stack": "producer",
                                               "filteredTables": [claims.TABLE]}},
            "features": {"claims": {**FEATURES["claims"], "columns": ["vehicle"]}},
        },
    }  # fmt: skip
    for stack, keys in changes.items():
        path = folder / f"Pulumi.{stack}.yaml"
        config = yaml.safe_load(path.read_text())["config"] | {
            f"mesh:{key}": value for key, value in keys.items()
        }
        path.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    recordings: dict[str, Recording] = {}
    for stack in ("central", "producer", "consumer"):
        references = {name: each.exports for name, each in recordings.items()}
        recordings[stack] = record(folder, stack, references=references)
    found = recordings["consumer"]
    assert len(found.of_type(GROUP)) == 1
    assert violations(found) == {}, "a tag grant on our own tables opens nothing of the owner's filtered one"


def test_without_features_there_is_no_store(recorded: Recorded) -> None:
    found = recorded(None)
    assert found.exports["featureGroups"] == {}
    assert not found.of_type(GROUP)
    assert not [item for item in found if "-store-" in item.name or "features" in json.dumps(item.inputs)]


def test_the_exports_say_what_training_needs(consumer: Recording) -> None:
    exported = consumer.exports["featureGroups"]["claims"]
    assert exported["group"] == "mesh-ml-coe-claims"
    assert (exported["database"], exported["offlineTable"]) == ("mesh_features", "claims")
    assert exported["columns"]["amount"] == "decimal(10,2)", "the product's type, to cast back to"
    assert set(consumer.exports["featureGroups"]["claims-audit"]["columns"]) == {
        "claim_no", "event_time", "postcode", "vehicle",
    }  # fmt: skip


def test_columns_carry_the_sensitivity_of_their_source(consumer: Recording) -> None:
    tagged: dict[str, str] = {}
    for item in consumer.of_type("aws:lakeformation/resourceLfTags:ResourceLfTags"):
        columns = item.inputs.get("tableWithColumns")
        if columns and columns["name"] in ("claims", "claims_audit"):
            (tag,) = item.inputs["lfTags"]
            assert tag["key"] == "sensitivity"
            tagged |= {f"{columns['name']}.{name}": tag["value"] for name in columns["columnNames"]}
    source = {column["name"]: column["classification"] for column in claims.COLUMNS}
    assert tagged["claims.amount"] == source["amount"] == "confidential"
    assert tagged["claims_audit.postcode"] == source["postcode"] == "restricted"
    assert tagged["claims.is_deleted"] == "public", "Feature Store's own columns say nothing"
    names = {"claims": {*claims.FEATURES}, "claims_audit": {"claim_no", "event_time", "postcode", "vehicle"}}
    system = {"write_time", "api_invocation_time", "is_deleted"}
    assert set(tagged) == {f"{table}.{name}" for table, own in names.items() for name in own | system}


@pytest.mark.parametrize(
    ("role", "levels"),
    [("data-scientist", ["confidential", "internal", "public"]),
     ("auditor", ["confidential", "internal", "public", "restricted"])],
)  # fmt: skip
def test_a_role_is_granted_its_own_levels_in_this_accounts_catalog(
    consumer: Recording, role: str, levels: list[str]
) -> None:
    grant = consumer.get(PERMISSIONS, f"ml-coe-store-{role}-reads.{claims.PRODUCT}")
    assert sorted(grant.inputs["permissions"]) == ["DESCRIBE", "SELECT"]
    policy_ = grant.inputs["lfTagPolicy"]
    assert policy_["catalogId"] == ACCOUNT, "the consumer's tags, not the owner's"
    found = {each["key"]: sorted(each["values"]) for each in policy_["expressions"]}
    assert found == {"data-product": [claims.PRODUCT], "sensitivity": levels}


def role_policy(consumer: Recording, role: str) -> Any:
    return consumer.get("aws:iam/rolePolicy:RolePolicy", f"ml-coe-store-{role}-policy").inputs["policy"]


@pytest.mark.parametrize(
    ("role", "group", "reads", "writes"),
    [("pipeline", "claims", True, True), ("data-scientist", "claims", True, False), ("auditor", "claims", True, False),
     ("pipeline", "claims-audit", False, False), ("data-scientist", "claims-audit", False, False),
     ("auditor", "claims-audit", True, True)],
)  # fmt: skip
def test_iam_opens_the_online_store_group_by_group(
    consumer: Recording, role: str, group: str, reads: bool, writes: bool
) -> None:
    document = role_policy(consumer, role)
    for action in ("sagemaker:GetRecord", "sagemaker:BatchGetRecord"):
        assert allows(document, action, f"{ARN}{group}") is reads, action
    for action in ("sagemaker:PutRecord", "sagemaker:BatchWriteRecord", "sagemaker:DeleteRecord"):
        assert allows(document, action, f"{ARN}{group}") is writes, action
    assert allows(document, "glue:GetTable", f"arn:aws:glue:eu-west-1:{ACCOUNT}:table/mesh_features/claims")
    assert not allows(
        document, "glue:DeleteTable", f"arn:aws:glue:eu-west-1:{ACCOUNT}:table/mesh_features/claims"
    )


def test_a_group_without_an_online_store_is_read_online_by_nobody(recorded: Recorded) -> None:
    found = recorded({"claims": {**FEATURES["claims"], "online": False}})
    (group,) = found.of_type(GROUP)
    assert "onlineStoreConfig" not in group.inputs
    for role in ("pipeline", "auditor"):
        assert not allows(role_policy(found, role), "sagemaker:GetRecord", f"{ARN}claims")


def test_the_bucket_is_read_by_one_role_and_written_by_another() -> None:
    bucket = "arn:aws:s3:::b"
    document = features_bucket_policy(bucket, "arn:reader", "arn:writer")
    denied = {
        action: item["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]
        for item in policy(document)
        if item["Effect"] == "Deny" and "ArnNotEquals" in item["Condition"]
        for action in many(item["Action"])
    }
    assert denied["s3:GetObject"] == "arn:reader"
    assert denied["s3:GetObjectVersion"] == "arn:reader"
    assert denied["s3:PutObject"] == "arn:writer"


def test_the_two_roles_can_do_no_more_than_their_part(consumer: Recording) -> None:
    bucket = f"arn:aws:s3:::mesh-ml-coe-features-{ACCOUNT}-eu-west-1"
    object_ = f"{bucket}/offline/claims/x.parquet"
    reader, writer = (
        consumer.get("aws:iam/rolePolicy:RolePolicy", f"ml-coe-store-{who}-policy").inputs["policy"]
        for who in ("reader", "writer")
    )
    assert allows(reader, "s3:GetObject", object_)
    assert not allows(reader, "s3:PutObject", object_)
    assert allows(writer, "s3:PutObject", object_)
    assert allows(writer, "s3:GetBucketAcl", bucket), "CreateFeatureGroup looks at it"
    assert not allows(writer, "s3:GetObject", object_)
    assert not allows(writer, "glue:CreateTable", "*")


def test_the_location_is_registered_before_its_tables_stand(consumer: Recording) -> None:
    location = consumer.get("aws:lakeformation/resource:Resource", "ml-coe-store-location")
    assert location.inputs["arn"] == f"arn:aws:s3:::mesh-ml-coe-features-{ACCOUNT}-eu-west-1/offline"
    assert location.inputs["roleArn"].endswith("role/mesh-ml-coe-features-reader")
    for group in ("claims", "claims-audit"):
        table = consumer.get("aws:glue/catalogTable:CatalogTable", f"ml-coe-store-{group}-table")
        assert location.urn in waits_for(consumer, table), "else everybody's IAM would read it for a while"


def test_no_more_than_four_groups_are_made_at_a_time(recorded: Recorded) -> None:
    many_ = {f"g{index}": {**FEATURES["claims"], "online": False} for index in range(6)}
    found = recorded(many_)
    groups = {item.name: item for item in found.of_type(GROUP)}
    assert len(groups) == 6
    for index in range(6):
        before = waits_for(found, groups[f"ml-coe-store-g{index}-group"])
        earlier = {name for name, item in groups.items() if item.urn in before}
        if index >= 4:
            assert f"ml-coe-store-g{index - 4}-group" in earlier, (
                "SageMaker's limit on creations side by side"
            )


def test_another_version_than_the_published_one_is_refused(tmp_path: Path) -> None:
    folder = project(tmp_path / "mesh")
    recordings: dict[str, Recording] = {}
    for stack in ("central", "producer"):
        references = {name: each.exports for name, each in recordings.items()}
        recordings[stack] = record(folder, stack, references=references)
    claims.write_contract(folder, version="2.0.0")
    with pytest.raises(MeshError, match=r"made from contract 2\.0\.0 and the LoB has published 1\.4\.0"):
        record(folder, "consumer", references={name: each.exports for name, each in recordings.items()})
