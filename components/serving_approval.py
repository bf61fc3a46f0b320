"""The gate in front of production: only an approved version of a model package is deployed.

SageMaker leaves approval to its users: the status is a field, and the guide does not say that CreateModel looks at it.
So the program asks for it itself, with the rights that the registry's resource policy gives production, each time
another version is to be served. Deliberately not here: which version that is (configuration says).
"""

from __future__ import annotations

from typing import Any

import pulumi
from botocore.exceptions import ClientError
from pulumi.dynamic import CreateResult, DiffResult, ResourceProvider, UpdateResult

from components.dynamic_resource import DynamicResource
from components.dynamic_session import Actor
from governance.errors import MeshError

APPROVED = "Approved"


class ApprovedPackageProvider(ResourceProvider):
    """Ask the registry once per version; a version in service stays when its approval is taken back later."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        demand_approval(Actor.from_props(props).client("sagemaker"), props["package"])
        return CreateResult(props["package"], outs=props)

    def diff(self, _id: str, old: dict[str, Any], new: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=old.get("package") != new.get("package"))

    def update(self, _id: str, _old: dict[str, Any], new: dict[str, Any]) -> UpdateResult:
        demand_approval(Actor.from_props(new).client("sagemaker"), new["package"])
        return UpdateResult(outs=new)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Nothing to undo: asking left nothing behind."""


class ApprovedPackage(DynamicResource):
    """A model package that was approved when it was first deployed."""

    package: pulumi.Output[str]

    def __init__(self, name: str, *, actor: Actor, package: str, opts: pulumi.ResourceOptions) -> None:
        """Ask, as `actor`, for the approval of the model package with the ARN `package`."""
        props = {**actor.props(), "package": package}
        super().__init__("sagemaker:ApprovedPackage", ApprovedPackageProvider, name, props, opts)


def demand_approval(client: Any, package: str) -> None:
    """Refuse a model package that is not approved.

    Raises
    ------
    MeshError
        The package is not approved, not there, or this account may not look at it.
    """
    try:
        status = client.describe_model_package(ModelPackageName=package).get("ModelApprovalStatus")
    except ClientError as error:
        problem = error.response["Error"]
        if problem["Code"] == "ValidationException":
            raise MeshError(
                f"is not in the registry ({problem['Message']}); promote one that is with 'mesh promote'",
                package,
            ) from error
        raise MeshError(
            f"cannot be looked at ({problem['Code']}: {problem['Message']}); does the consumer's stack file name this "
            "account under mesh:production, and is it up?",
            package,
        ) from error
    if status != APPROVED:
        raise MeshError(
            f"is {status}, and only an approved version is deployed; approve it, or promote another with 'mesh promote'",
            package,
        )
