"""What the shipped mesh takes, counted by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from governance.quotas import QUOTAS, Row, fullest, usage
from local.engine import Recording

CENTRAL, PRODUCER, CONSUMER = "111122223333", "222233334444", "333344445555"


@pytest.fixture(scope="module")
def rows(mesh: Mapping[str, Recording]) -> dict[tuple[str, str], int]:
    found = usage([item for recording in mesh.values() for item in recording if item.custom])
    assert found, "the shipped mesh takes something"
    return {(row.quota.key, row.where): row.used for row in found}


BY_HAND = {
    ("lake.tags", CENTRAL): 3,  # domain, data-product, sensitivity
    ("lake.tag-values", f"tag sensitivity in {CENTRAL}"): 4,
    ("lake.tag-values", f"tag domain in {CENTRAL}"): 1,
    ("lake.tag-length", f"tag domain in {CENTRAL}"): len("consumer-banking"),
    ("lake.admins", CONSUMER): 1,
    ("lake.locations", CENTRAL): 1,
    # the steward: one policy per level and the one of its own; the consumer account: one per level up to restricted
    ("lake.tag-policies", f"TABLE of mesh-steward-consumer-banking in {CENTRAL}, catalog {CENTRAL}"): 5,
    ("lake.tag-policies", f"DATABASE of mesh-steward-consumer-banking in {CENTRAL}, catalog {CENTRAL}"): 1,
    ("lake.tag-policies", f"TABLE of account {CONSUMER}, catalog {CENTRAL}"): 4,
    ("lake.tag-policies", f"TABLE of account {PRODUCER}, catalog {CENTRAL}"): 1,
    ("lake.tag-policies", f"TABLE of mesh-auditor in {CONSUMER}, catalog {CENTRAL}"): 1,
    ("ram.shares", CENTRAL): 2,  # with the producer and the consumer
    ("ram.resources", f"{CENTRAL} with {CONSUMER}"): 2,  # the database and its table
    ("glue.databases", CENTRAL): 1,
    ("glue.databases", CONSUMER): 2,  # the resource link and SageMaker's own
    ("glue.tables", CENTRAL): 1,
    ("glue.tables-in-database", f"credit-card in {CENTRAL}"): 1,
    ("glue.jobs", PRODUCER): 1,
    ("s3.buckets", PRODUCER): 2,  # data and access logs
    ("s3.buckets", CONSUMER): 2,  # results and models
    ("kms.keys", CONSUMER): 1,
    ("iam.roles", CENTRAL): 2,  # steward and registration
    ("iam.roles", CONSUMER): 3,
    ("athena.workgroups", CONSUMER): 3,
    ("events.buses", CENTRAL): 1,
    ("sagemaker.domains", CONSUMER): 1,
    ("sagemaker.profiles", CONSUMER): 2,
}


@pytest.mark.parametrize("place", BY_HAND)
def test_the_count_is_that_made_by_hand(place: tuple[str, str], rows: dict[tuple[str, str], int]) -> None:
    assert rows.get(place) == BY_HAND[place], (
        f"{place}; there are {sorted(w for k, w in rows if k == place[0])}"
    )


def test_policies_of_one_role_add_up_without_their_spaces(
    mesh: Mapping[str, Recording], rows: dict[tuple[str, str], int]
) -> None:
    steward = [
        item
        for item in mesh["central"].of_type("aws:iam/rolePolicy:RolePolicy")
        if "steward" in item.inputs["role"]
    ]
    assert len(steward) == 2, "registering and sharing are two policies"
    size = sum(len(re.sub(r"\s", "", item.inputs["policy"])) for item in steward)
    assert rows["iam.inline", f"role mesh-steward-consumer-banking in {CENTRAL}"] == size, (
        "IAM counts no white space"
    )


def test_documents_are_measured_as_they_are_sent(
    mesh: Mapping[str, Recording], rows: dict[tuple[str, str], int]
) -> None:
    policies = mesh["producer"].of_type("aws:s3/bucketPolicy:BucketPolicy")
    assert policies, "buckets have policies"
    sizes = {
        ("s3.policy", f"{item.inputs['bucket']} in {item.account}"): len(item.inputs["policy"].encode())
        for item in policies
    }
    assert {key: rows[key] for key in sizes} == sizes, "S3 counts every byte"


def test_every_row_is_of_a_known_limit_and_under_it(mesh: Mapping[str, Recording]) -> None:
    found = usage([item for recording in mesh.values() for item in recording if item.custom])
    assert not [row.sentence for row in found if row.over or row.near], (
        "the shipped mesh is far from every limit"
    )
    assert len(fullest(found)) == len({row.quota.key for row in found}), "one row per limit"


def test_every_limit_names_the_page_it_is_from() -> None:
    wrong = [
        quota.key for quota in QUOTAS.values() if not quota.source.startswith("https://docs.aws.amazon.com/")
    ]
    assert QUOTAS, "there are limits"
    assert not wrong, "a number without a source is a rumour"
    assert all(quota.limit > 0 for quota in QUOTAS.values()), "a limit is a number above 0"


def test_re_grants_made_by_the_dynamic_resource_are_counted_like_any_other() -> None:
    class Regrant:
        type, name, account = "pulumi-python:dynamic/lakeformation:Regrant", "r", "000000000000"
        inputs: Mapping[str, Any] = {
            "principal": f"arn:aws:iam::{CONSUMER}:role/x", "role_arn": f"arn:aws:iam::{CONSUMER}:role/MeshDeploy",
            "resource": json.dumps({
                "DataCellsFilter": {"TableCatalogId": CENTRAL, "DatabaseName": "d", "TableName": "t", "Name": "f"}
            }),
        }  # fmt: skip

    rows: list[Row] = list(usage([Regrant(), Regrant()]))
    assert [(row.quota.key, row.used) for row in rows] == [("lake.filters", 2)], (
        "two filters of one role on one table"
    )


def test_feature_groups_and_their_features_are_counted() -> None:
    class Group:
        type, account = "aws:sagemaker/featureGroup:FeatureGroup", CONSUMER

        def __init__(self, name: str, features: int) -> None:
            self.name = name
            self.inputs: Mapping[str, Any] = {
                "featureGroupName": name, "featureDefinitions": [{"featureName": f"f{n}"} for n in range(features)],
            }  # fmt: skip

    used = {(row.quota.key, row.where): row.used for row in usage([Group("a", 3), Group("b", 2)])}
    assert used == {
        ("sagemaker.feature-groups", CONSUMER): 2,
        ("sagemaker.features", f"a in {CONSUMER}"): 3,
        ("sagemaker.features", f"b in {CONSUMER}"): 2,
    }
