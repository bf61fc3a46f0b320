"""SageMaker in a consumer account: the Studio domain inside the VPC, and the database of its Athena inputs.

Deliberately not here: who may use them (`consumer_documents`, `job_documents`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.lake import Granter
from governance.names import PROCESSING_DATABASE, Place


def processing_database(
    name: str,
    *,
    place: Place,
    principals: Mapping[str, pulumi.Output[str]],
    tags: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> aws.glue.CatalogDatabase:
    """SageMaker's Athena inputs make temporary tables here; a role owns the tables it makes and sees no other's."""
    database = aws.glue.CatalogDatabase(
        f"{name}-processing",
        name=PROCESSING_DATABASE,
        description="Temporary tables of SageMaker's Athena dataset inputs",
        tags=dict(tags),
        opts=opts,
    )
    for role, principal in principals.items():
        Granter(name=f"{name}-{role}", principal=principal, catalog=place, opts=opts).database(
            "processing", database.name, ["CREATE_TABLE", "DESCRIBE"]
        )
    return database


def studio(
    name: str,
    *,
    domain_name: str,
    role_arn: pulumi.Output[str],
    key_arn: pulumi.Output[str],
    vpc_id: str,
    subnet_ids: Sequence[str],
    security_group_ids: Sequence[str],
    users: Sequence[str],
    disposable: bool,
    tags: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> aws.sagemaker.Domain:
    """SageMaker domain inside the VPC only, and a profile per data scientist."""
    part = aws.sagemaker
    domain = part.Domain(
        f"{name}-domain",
        domain_name=domain_name,
        auth_mode="IAM",
        vpc_id=vpc_id,
        subnet_ids=list(subnet_ids),
        app_network_access_type="VpcOnly",
        kms_key_id=key_arn,
        default_user_settings=part.DomainDefaultUserSettingsArgs(
            execution_role=role_arn, security_groups=list(security_group_ids)
        ),
        retention_policy=part.DomainRetentionPolicyArgs(
            home_efs_file_system="Delete" if disposable else "Retain"
        ),
        tags=dict(tags),
        opts=opts,
    )
    for user in users:
        part.UserProfile(
            f"{name}-user-{user}",
            domain_id=domain.id,
            user_profile_name=user,
            user_settings=part.UserProfileUserSettingsArgs(execution_role=role_arn),
            tags=dict(tags),
            opts=opts,
        )
    return domain
