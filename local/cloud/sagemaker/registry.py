"""The SageMaker model registry as the provider reads it back.

Owns resource policies of model package groups, the model cards of packages, and tags of resources that moto does not
find. Deliberately not here: the rest of model packages, which moto serves, pipelines and jobs (their own modules), and
feature groups (features).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.models import ModelPackage, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from local.cloud import iam_calls
from local.cloud.sagemaker import place as places
from local.cloud.sagemaker.studio import not_found

APPROVED = "Approved"


def _group(self: Any) -> Any:
    name = self._get_param("ModelPackageGroupName").rsplit("/", 1)[-1]
    groups = self.sagemaker_backend.model_package_groups
    if name not in groups:
        raise JsonRESTError("ValidationException", f"ModelPackageGroup {name} does not exist.")
    return groups[name]


def put_model_package_group_policy(self: Any) -> Any:
    """Serve PutModelPackageGroupPolicy."""
    group, policy = _group(self), self._get_param("ResourcePolicy")
    try:
        json.loads(policy)
    except ValueError:
        raise JsonRESTError("ValidationException", "The resource policy is no valid JSON.") from None
    group.resource_policy = policy
    return ActionResult({"ModelPackageGroupArn": group.arn})


def get_model_package_group_policy(self: Any) -> Any:
    """Serve GetModelPackageGroupPolicy."""
    policy = getattr(_group(self), "resource_policy", None)
    if policy is None:
        name = self._get_param("ModelPackageGroupName")
        raise JsonRESTError("ValidationException", f"Cannot find Model Package Group Policy: {name}")
    return ActionResult({"ResourcePolicy": policy})


def delete_model_package_group_policy(self: Any) -> Any:
    """Serve DeleteModelPackageGroupPolicy."""
    _group(self).resource_policy = None
    return EmptyResult()


def delete_model_package_group(self: Any) -> Any:
    """Serve DeleteModelPackageGroup, which refuses while the group has packages."""
    group, backend = _group(self), self.sagemaker_backend
    name = group.model_package_group_name
    if any(package.model_package_group_name == name for package in backend.model_packages.values()):
        raise JsonRESTError("ConflictException", f"Model Package Group {name} is not empty.")
    del backend.model_package_groups[name]
    return EmptyResult()


def create_model_package(self: Any) -> Any:
    """Serve CreateModelPackage, as approved only for whom IAM lets, and keep the model card, which moto passes over."""
    group, status = self._get_param("ModelPackageGroupName"), self._get_param("ModelApprovalStatus")
    if group and status == APPROVED:
        place, name = places.of(self), group.rsplit("/", 1)[-1]
        packages = place.backend.model_packages.values()
        version = 1 + sum(package.model_package_group_name == name for package in packages)
        arn = place.arn("model-package", f"{name}/{version}")
        iam_calls.demand("sagemaker:CreateModelPackage", arn, self.region, approval_of(self))
    card = self._get_param("ModelCard")
    if card:
        try:
            json.loads(card.get("ModelCardContent") or "")
        except ValueError as error:
            raise JsonRESTError("ValidationException", f"Invalid model card content: {error}") from None
    made = _create_package(self)
    self.sagemaker_backend.model_packages[made.result["ModelPackageArn"]].model_card = card
    return made


def approval_of(response: Any) -> dict[str, str]:
    """The condition key of a call that says what becomes of a package's approval."""
    status = response._get_param("ModelApprovalStatus")
    return {"sagemaker:ModelApprovalStatus": status} if status else {}


def described(package: Any) -> dict[str, Any]:
    """What DescribeModelPackage tells of a package."""
    found: dict[str, Any] = _describe_package(package)
    card = getattr(package, "model_card", None)
    return found | ({"ModelCard": card} if card else {})


class _Tagged:
    """Tags of a record that is a plain mapping."""

    def __init__(self, record: dict[str, Any]) -> None:
        self._record = record

    @property
    def tags(self) -> list[dict[str, str]]:
        """Tags of the record."""
        kept: list[dict[str, str]] = self._record.setdefault("Tags", [])
        return kept

    @tags.setter
    def tags(self, value: list[dict[str, str]]) -> None:
        self._record["Tags"] = value


def _find(self: Any, arn: str) -> Any:
    """Find a resource by ARN, also of the kinds that moto forgets."""
    kind, _, name = arn.split(":")[-1].partition("/")
    if kind == "feature-group" and arn in self.feature_groups:
        found = self.feature_groups[arn]
    elif kind == "user-profile":
        domain, _, profile = name.partition("/")
        record = getattr(self, "user_profiles", {}).get((domain, profile))
        return _Tagged(record) if record is not None else _missing(arn)
    elif kind == "feature-group" or "/" in name:
        return _missing(arn)
    else:
        found = _find_resource(self, arn)
    if found is None:
        return _missing(arn)
    found.tags = getattr(found, "tags", None) or []
    return found


def _missing(arn: str) -> Any:
    raise not_found(f"Could not find {arn}.")


_create_package: Callable[[Any], Any] = SageMakerResponse.create_model_package
_describe_package: Callable[[Any], dict[str, Any]] = ModelPackage.gen_response_object
_find_resource: Callable[[Any, str], Any] = SageMakerModelBackend._get_resource_from_arn
CALLS = (
    create_model_package,
    put_model_package_group_policy,
    get_model_package_group_policy,
    delete_model_package_group_policy,
    delete_model_package_group,
)


def install() -> None:
    """Add the calls to SageMaker."""
    for call in CALLS:
        setattr(SageMakerResponse, call.__name__, call)
    SageMakerModelBackend._get_resource_from_arn = _find
    ModelPackage.gen_response_object = described
