"""Columns of registered models, from wherever the registry has them."""

from __future__ import annotations

import io
import json
from typing import Any

from botocore.exceptions import ClientError

from mesh.contract.models import packages

GROUP = "arn:aws:sagemaker:eu-west-1:333344445555:model-package/mesh-credit-risk"
ABOUT = {
    "data-product": "credit-card",
    "table": "credit_card",
    "contract-version": "1.0.0",
    "columns-hash": "abc",
}


class SageMaker:
    """A registry of packages by version."""

    def __init__(self, found: dict[str, dict[str, Any]]) -> None:
        self.found = {f"{GROUP}/{version}": package for version, package in found.items()}

    def get_paginator(self, _: str) -> SageMaker:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"ModelPackageSummaryList": [{"ModelPackageArn": arn} for arn in self.found]}]

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:
        return self.found[ModelPackageName]


class S3:
    """One evaluation."""

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if (Bucket, Key) != ("models", "run/evaluation.json"):
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": ""}}, "GetObject")
        return {"Body": io.BytesIO(json.dumps({"lineage": {"columns": ["age", "amount"]}}).encode())}


def quality(uri: str) -> dict[str, Any]:
    return {"ModelQuality": {"Statistics": {"S3Uri": uri}}}


def columns(package: dict[str, Any]) -> Any:
    found = list(packages(SageMaker({"1": package}), S3(), "mesh-credit-risk", "ml-coe"))
    assert len(found) == 1, "one package is registered"
    return found[0].columns


def test_metadata_names_the_columns_in_one_value_or_several() -> None:
    assert columns({"CustomerMetadataProperties": {**ABOUT, "columns": "age, amount"}}) == {
        "age",
        "amount",
    }, "one"
    several = {**ABOUT, "columns-0": "age,amount", "columns-1": "purpose"}
    assert columns({"CustomerMetadataProperties": several}) == {"age", "amount", "purpose"}, "two"


def test_otherwise_the_evaluations_lineage_does() -> None:
    package = {
        "CustomerMetadataProperties": ABOUT,
        "ModelMetrics": quality("s3://models/run/evaluation.json"),
    }
    assert columns(package) == {"age", "amount"}, "what the evaluation says"


def test_a_package_that_says_nothing_is_kept_with_its_columns_unknown() -> None:
    assert columns({"CustomerMetadataProperties": ABOUT}) is None, "no metrics"
    gone = {"CustomerMetadataProperties": ABOUT, "ModelMetrics": quality("s3://models/gone.json")}
    assert columns(gone) is None, "the evaluation cannot be read"


def test_rejected_packages_and_those_of_others_are_left_out() -> None:
    registry = SageMaker(
        {
            "1": {"CustomerMetadataProperties": ABOUT, "ModelApprovalStatus": "Rejected"},
            "2": {"CustomerMetadataProperties": {"team": "other"}},
            "3": {"CustomerMetadataProperties": ABOUT, "ModelApprovalStatus": "Approved"},
        }
    )
    found = list(packages(registry, S3(), "mesh-credit-risk", "ml-coe"))
    assert [model.package for model in found] == ["mesh-credit-risk/3"], "only one relies on the product"
    assert (found[0].product, found[0].table) == ("credit-card", "credit_card"), "as the metadata says"
