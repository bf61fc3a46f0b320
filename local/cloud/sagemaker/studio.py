"""SageMaker Studio: domains as the provider reads them back, and user profiles, which moto lacks.

Deliberately not here: apps and spaces; a profile is a record with an execution role.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.responses import SageMakerResponse

Profiles = dict[tuple[str, str], dict[str, Any]]


def not_found(what: str) -> JsonRESTError:
    """SageMaker's error for something that is not there."""
    return JsonRESTError("ResourceNotFound", what)


def _profiles(self: Any) -> Profiles:
    backend = self.sagemaker_backend
    if not hasattr(backend, "user_profiles"):
        backend.user_profiles = {}
    kept: Profiles = backend.user_profiles
    return kept


def _profile(self: Any) -> dict[str, Any]:
    key = (self._get_param("DomainId"), self._get_param("UserProfileName"))
    try:
        return _profiles(self)[key]
    except KeyError:
        raise not_found(f"User Profile {key[1]} does not exist in domain {key[0]}.") from None


def _domain(self: Any) -> Any:
    name = self._get_param("DomainId")
    if name not in self.sagemaker_backend.domains:
        raise not_found(f"Domain {name} does not exist.")
    return self.sagemaker_backend.domains[name]


def create_domain(self: Any) -> Any:
    """Serve CreateDomain, whose answer names the new domain; its id is a random one as on AWS."""
    answer = _create_domain(self)
    backend = self.sagemaker_backend
    domain = next(each for each in backend.domains.values() if each.arn == answer.result["DomainArn"])
    del backend.domains[domain.id]
    domain.id = f"d-{uuid.uuid4().hex[:12]}"
    domain.arn = f"{domain.arn.rsplit('/', 1)[0]}/{domain.id}"
    domain.tags = domain.tags or []
    domain.tag_propagation = self._get_param("TagPropagation") or "DISABLED"
    backend.domains[domain.id] = domain
    return ActionResult({"DomainArn": domain.arn, "DomainId": domain.id, "Url": domain.url})


def describe_domain(self: Any) -> Any:
    """Serve DescribeDomain."""
    domain = _domain(self)
    described = {**domain.describe(), "TagPropagation": domain.tag_propagation}
    return ActionResult({key: value for key, value in described.items() if value is not None})


def update_domain(self: Any) -> Any:
    """Serve UpdateDomain."""
    domain = _domain(self)
    fields = {
        "DefaultUserSettings": "default_user_settings",
        "DomainSettingsForUpdate": "domain_settings",
        "DefaultSpaceSettings": "default_space_settings",
        "AppNetworkAccessType": "app_network_access_type",
        "SubnetIds": "subnet_ids",
        "TagPropagation": "tag_propagation",
    }
    for field, name in fields.items():
        if self._get_param(field) is not None:
            setattr(domain, name, self._get_param(field))
    return ActionResult({"DomainArn": domain.arn})


def delete_domain(self: Any) -> Any:
    """Serve DeleteDomain, which refuses while the domain has user profiles."""
    domain = _domain(self)
    if any(key[0] == domain.id for key in _profiles(self)):
        raise JsonRESTError(
            "ResourceInUse", f"Unable to delete Domain {domain.id} because UserProfile(s) are associated."
        )
    del self.sagemaker_backend.domains[domain.id]
    return EmptyResult()


def create_user_profile(self: Any) -> Any:
    """Serve CreateUserProfile."""
    domain, name = _domain(self), self._get_param("UserProfileName")
    if (domain.id, name) in _profiles(self):
        raise JsonRESTError("ResourceInUse", f"User Profile {name} already exists in domain {domain.id}.")
    arn = (
        f"arn:{self.partition}:sagemaker:{self.region}:{self.current_account}:user-profile/{domain.id}/{name}"
    )
    now = datetime.now(UTC)
    _profiles(self)[domain.id, name] = {
        "DomainId": domain.id,
        "UserProfileArn": arn,
        "UserProfileName": name,
        "HomeEfsFileSystemUid": str(200000 + len(_profiles(self))),
        "Status": "InService",
        "CreationTime": now,
        "LastModifiedTime": now,
        "UserSettings": self._get_param("UserSettings") or {},
        "Tags": self._get_param("Tags") or [],
    }
    return ActionResult({"UserProfileArn": arn})


def describe_user_profile(self: Any) -> Any:
    """Serve DescribeUserProfile."""
    return ActionResult({key: value for key, value in _profile(self).items() if key != "Tags"})


def update_user_profile(self: Any) -> Any:
    """Serve UpdateUserProfile."""
    profile = _profile(self)
    profile |= {"UserSettings": self._get_param("UserSettings") or {}, "LastModifiedTime": datetime.now(UTC)}
    return ActionResult({"UserProfileArn": profile["UserProfileArn"]})


def delete_user_profile(self: Any) -> Any:
    """Serve DeleteUserProfile."""
    profile = _profile(self)
    del _profiles(self)[profile["DomainId"], profile["UserProfileName"]]
    return EmptyResult()


def list_user_profiles(self: Any) -> Any:
    """Serve ListUserProfiles."""
    domain, part = self._get_param("DomainIdEquals"), self._get_param("UserProfileNameContains") or ""
    fields = ("DomainId", "UserProfileName", "Status", "CreationTime", "LastModifiedTime")
    found = [
        {field: profile[field] for field in fields}
        for (of, name), profile in _profiles(self).items()
        if (not domain or of == domain) and part in name
    ]
    return ActionResult({"UserProfiles": found})


_create_domain = SageMakerResponse.create_domain
CALLS = (
    create_domain,
    describe_domain,
    update_domain,
    delete_domain,
    create_user_profile,
    describe_user_profile,
    update_user_profile,
    delete_user_profile,
    list_user_profiles,
)


def install() -> None:
    """Add the calls to SageMaker."""
    for call in CALLS:
        setattr(SageMakerResponse, call.__name__, call)
