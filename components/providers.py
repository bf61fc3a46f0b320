"""AWS providers: one per account and role, explicit, never ambient.

Built by the program only; components receive them. Default providers are switched off in every stack file, so a
resource without one fails instead of landing in whatever account the caller happens to be in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.dynamic_session import Actor
from governance.names import Place

SERVICES = (
    "athena", "cloudtrail", "cloudwatch", "ec2", "eventbridge", "glue", "iam", "kms", "lakeformation", "lambda_", "logs", "ram",
    "s3", "sagemaker", "sns", "sqs", "sts",
)  # fmt: skip
"""Services whose calls go to the emulator when an endpoint is configured."""


def account_provider(
    name: str,
    *,
    place: Place,
    role_arn: pulumi.Input[str],
    external_id: str | None,
    tags: Mapping[str, str],
    endpoint: str | None,
) -> aws.Provider:
    """A provider that acts in one account as one role and refuses any other account.

    Parameters
    ----------
    place
        Account and region.
    role_arn
        Role assumed from the caller's own credentials.
    external_id
        External id of the role's trust, if any.
    tags
        Default tags of every taggable resource.
    endpoint
        Address of an emulator for all services; None for AWS.
    """
    emulator: dict[str, Any] = (
        {
            "endpoints": [aws.ProviderEndpointArgs(**dict.fromkeys(SERVICES, endpoint))],
            "access_key": "test",
            "secret_key": "test",
            "s3_use_path_style": True,
            "skip_metadata_api_check": True,
            "skip_credentials_validation": True,
        }
        if endpoint
        else {}
    )
    return aws.Provider(
        name,
        region=place.region,
        assume_roles=[
            aws.ProviderAssumeRoleArgs(role_arn=role_arn, session_name="mesh-pulumi", external_id=external_id)
        ],
        allowed_account_ids=[place.account_id],
        default_tags=aws.ProviderDefaultTagsArgs(tags=dict(tags)),
        **emulator,
    )


def deploy_actor(*, place: Place, role: str, external_id: str | None, endpoint: str | None) -> Actor:
    """The deploy role as the dynamic resources act."""
    return Actor(
        role_arn=place.role_arn(role), region=place.region, external_id=external_id, endpoint=endpoint
    )
