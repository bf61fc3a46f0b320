"""Model packages across accounts, and what a container of a model comes to.

Owns the resource policy of a model package group as it holds for other accounts, the rule that only approved packages
become models, and the check that a model's role can read its artefact (bucket policy and key policy of another account
included). Deliberately not here: identity policies, of which the embedded cloud enforces few (iam_calls).

That CreateModel refuses what is not approved is this cloud's own: SageMaker's guide asks for approval before
deployment and does not say that the call looks at it. `components.serving_approval` asks on AWS too.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.iam.access_control import PermissionResult
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sagemaker.responses import SageMakerResponse

from local.cloud import iam_calls, identity, s3_policy
from local.cloud.identity import Caller
from local.cloud.sagemaker import registry
from local.cloud.sagemaker.errors import invalid
from local.cloud.sagemaker.place import Place


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container of a model with everything known: image, artefact, environment."""

    image: str
    model_data: str
    environment: Mapping[str, str]


def containers(place: Place, given: list[dict[str, Any]]) -> list[Container]:
    """What the containers of a CreateModel request come to.

    Raises
    ------
    JsonRESTError
        A model package is not there, not approved, or not this account's to deploy.
    """
    return [each for container in given for each in _containers(place, container)]


def _containers(place: Place, given: dict[str, Any]) -> list[Container]:
    own = {str(key): str(value) for key, value in (given.get("Environment") or {}).items()}
    arn = given.get("ModelPackageName")
    if not arn:
        source = (given.get("ModelDataSource") or {}).get("S3DataSource") or {}
        data = given.get("ModelDataUrl") or source.get("S3Uri") or ""
        return [Container(image=given.get("Image") or "", model_data=data, environment=own)]
    if given.get("Image") or given.get("ModelDataUrl"):
        raise invalid(
            "Specify one of either Image and Model Data URL or ModelPackageName in container definition."
        )
    package = found(place, arn, "sagemaker:CreateModel")
    if package.model_approval_status != registry.APPROVED:
        raise invalid(f"Model package {arn} is {package.model_approval_status}, not {registry.APPROVED}.")
    specified = (package.inference_specification or {}).get("Containers") or []
    if not specified:
        raise invalid(f"Model package {arn} has no inference specification.")
    return [
        Container(
            image=each.get("Image") or "",
            model_data=each.get("ModelDataUrl") or "",
            environment={
                **{key: str(value) for key, value in (each.get("Environment") or {}).items()},
                **own,
            },
        )
        for each in specified
    ]


def found(place: Place, name: str, action: str) -> Any:
    """A model package by ARN (or an own one by name), if the account may do `action` with it."""
    owner = Place(_owner(name) or place.account, _region(name) or place.region, "")
    if owner.account != place.account:
        demand(owner, _group(name), name, action)
    return owner.backend.describe_model_package(name)


def demand(place: Place, group: str, arn: str, action: str) -> None:
    """Refuse a caller of another account whom the group's resource policy does not let (AccessDeniedException)."""
    caller = identity.current()
    known = place.backend.model_package_groups.get(group)
    policy = getattr(known, "resource_policy", None)
    if caller and policy:
        verdict = s3_policy.decide(json.loads(policy), caller, action, arn, _context(caller))
        if verdict == PermissionResult.PERMITTED:
            return
    who = caller.arn if caller else "an unknown caller"
    raise JsonRESTError(
        "AccessDeniedException",
        f"User: {who} is not authorized to perform: {action} on resource: {arn} because no resource-based policy "
        f"allows the {action} action",
    )


def demand_artefact(place: Place, role: str, uri: str) -> None:
    """Refuse a model whose role cannot read its artefact, in the words of CreateModel (ValidationException)."""
    bucket_name, _, key = uri.removeprefix("s3://").partition("/")
    backend = next((each for each in _s3_backends() if bucket_name in each.buckets), None)
    bucket = backend.buckets[bucket_name] if backend else None
    item = bucket.keys.get(key) if bucket is not None else None
    caller = Caller(place.account, role)
    if (
        bucket is None
        or item is None
        or not _opens(bucket, caller, key)
        or not _decrypts(item, bucket, caller, place)
    ):
        raise invalid(
            f'Could not access model data at {uri}. Please ensure that the role "{role}" exists and that its trust '
            'relationship policy allows the action "sts:AssumeRole" for the service principal '
            '"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the object '
            f"is located in {place.region}."
        )


def _s3_backends() -> list[Any]:
    return [backend for account in list(s3_backends) for backend in list(s3_backends[account].values())]


def _opens(bucket: Any, caller: Caller, key: str) -> bool:
    """Whether a bucket's policy lets the caller read; another account's must say so, the own account's not refuse."""
    own = str(bucket.account_id) == caller.account
    if bucket.policy is None:
        return own
    verdict = s3_policy.decide(
        json.loads(bucket.policy.decode()), caller, "s3:GetObject", f"arn:aws:s3:::{bucket.name}/{key}", _context(caller)
    )  # fmt: skip
    return bool(verdict == PermissionResult.PERMITTED or (own and verdict == PermissionResult.NEUTRAL))


def _decrypts(item: Any, bucket: Any, caller: Caller, place: Place) -> bool:
    """Whether the policy of the object's key lets another account's caller decrypt through S3."""
    arn = item.kms_key_id or ""
    parts = arn.split(":")
    if len(parts) < 6 or parts[4] == caller.account:
        return True
    backend = kms_backends[parts[4]][parts[3]]
    key = backend.keys.get(parts[5].partition("/")[2])
    if key is None:
        return False
    context = {
        **_context(caller),
        "kms:viaservice": f"s3.{place.region}.amazonaws.com",
        "kms:encryptioncontext:aws:s3:arn": f"arn:aws:s3:::{bucket.name}/{item.name}",
    }
    verdict = s3_policy.decide(json.loads(key.policy), caller, "kms:Decrypt", arn, context)
    return bool(verdict == PermissionResult.PERMITTED)


def _context(caller: Caller) -> dict[str, str]:
    return {
        "aws:securetransport": "true",
        "aws:principalarn": caller.arn,
        "aws:principalaccount": caller.account,
        **({"aws:principaltype": "AssumedRole"} if ":role/" in caller.arn else {}),
    }


def _owner(name: str) -> str:
    parts = name.split(":")
    return parts[4] if len(parts) > 5 else ""


def _group(arn: str) -> str:
    """Group in the ARN of a package (`model-package/<group>/<version>`) or of the group itself."""
    return arn.split("/")[1] if "/" in arn else ""


def _region(name: str) -> str:
    parts = name.split(":")
    return parts[3] if len(parts) > 5 else ""


def _elsewhere(self: Any, name: str, action: str) -> Any:
    """The response as the owner of a named package or group would make it; the same one within an account."""
    owner = _owner(name)
    if not owner or owner == self.current_account:
        return self
    place = Place(owner, _region(name), "")
    demand(place, _group(name), name, action)
    other = copy.copy(self)
    other.current_account, other.region = owner, place.region
    return other


def describe_model_package(self: Any) -> Any:
    """Serve DescribeModelPackage, of another account's package too."""
    return _describe_package(
        _elsewhere(self, self._get_param("ModelPackageName"), "sagemaker:DescribeModelPackage")
    )


def list_model_packages(self: Any) -> Any:
    """Serve ListModelPackages, of another account's group too if it is named by its ARN."""
    name = self._get_param("ModelPackageGroupName") or ""
    return _list_packages(_elsewhere(self, name, "sagemaker:ListModelPackages"))


def describe_model_package_group(self: Any) -> Any:
    """Serve DescribeModelPackageGroup, by name or ARN, of another account's group too."""
    name = self._get_param("ModelPackageGroupName")
    other = _elsewhere(self, name, "sagemaker:DescribeModelPackageGroup")
    return ActionResult(
        other.sagemaker_backend.describe_model_package_group(name.rsplit("/", 1)[-1]).gen_response_object()
    )


def update_model_package(self: Any) -> Any:
    """Serve UpdateModelPackage: for whom the group's policy (another account) or IAM (the own one) lets."""
    arn, action = self._get_param("ModelPackageArn"), "sagemaker:UpdateModelPackage"
    owner = _elsewhere(self, arn, action)
    if owner is self:
        iam_calls.demand(action, arn, self.region, registry.approval_of(self))
    return _update_package(owner)


_describe_package: Callable[[Any], Any] = SageMakerResponse.describe_model_package
_list_packages: Callable[[Any], Any] = SageMakerResponse.list_model_packages
_update_package: Callable[[Any], Any] = SageMakerResponse.update_model_package
CALLS = (describe_model_package, list_model_packages, describe_model_package_group, update_model_package)


def install() -> None:
    """Put the calls that reach into other accounts in the place of moto's."""
    for call in CALLS:
        setattr(SageMakerResponse, call.__name__, call)
