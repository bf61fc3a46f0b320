"""Table entries for SageMaker.

Property names are those of pulumi-aws 7. Deliberately not here: runs and jobs, which are no resources.
"""

from __future__ import annotations

from collections.abc import Mapping

from local.engine import hooks_services as hooks
from local.engine.api import ALL, Api

_DOMAIN = {"DomainId": "{id}"}
_PROFILE = {"DomainId": "{domainId}", "UserProfileName": "{userProfileName}"}
_GROUP = {"ModelPackageGroupName": "{modelPackageGroupName}"}

TABLE: Mapping[str, Api] = {
    "aws:sagemaker/domain:Domain": Api(
        service="sagemaker",
        create="create_domain",
        update="update_domain",
        delete="delete_domain",
        id="d-{hash}",
        outputs={
            "arn": "arn:aws:sagemaker:{region}:{account}:domain/{id}",
            "url": "https://{id}.studio.{region}.sagemaker.aws",
            "homeEfsFileSystemId": "fs-{hash}",
            "securityGroupIdForDomainBoundary": "sg-{hash}",
        },
        response={
            "arn": "DomainArn",
            "url": "Url",
            "id": "DomainId",
            "homeEfsFileSystemId": "HomeEfsFileSystemId",
        },
        ignore=frozenset({"retentionPolicy"}),
        update_rename={"domainSettings": "DomainSettingsForUpdate"},
        update_keys=_DOMAIN,
        delete_keys=_DOMAIN,
        replace=frozenset({"domainName", "authMode", "kmsKeyId", "vpcId"}),
        tags="sagemaker",
        finish=hooks.domain_id,
        on_delete=hooks.domain_retention,
    ),
    "aws:sagemaker/userProfile:UserProfile": Api(
        service="sagemaker",
        create="create_user_profile",
        update="update_user_profile",
        delete="delete_user_profile",
        id="arn:aws:sagemaker:{region}:{account}:user-profile/{domainId}/{userProfileName}",
        outputs={
            "arn": "arn:aws:sagemaker:{region}:{account}:user-profile/{domainId}/{userProfileName}",
            "homeEfsFileSystemUid": "200001",
        },
        response={"arn": "UserProfileArn", "id": "UserProfileArn"},
        delete_keys=_PROFILE,
        replace=frozenset(
            {"domainId", "userProfileName", "singleSignOnUserIdentifier", "singleSignOnUserValue"}
        ),
        tags="sagemaker",
    ),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": Api(
        service="sagemaker",
        create="create_model_package_group",
        delete="delete_model_package_group",
        id="{modelPackageGroupName}",
        outputs={"arn": "arn:aws:sagemaker:{region}:{account}:model-package-group/{modelPackageGroupName}"},
        response={"arn": "ModelPackageGroupArn"},
        delete_keys=_GROUP,
        replace=frozenset({"modelPackageGroupName", "modelPackageGroupDescription"}),
        tags="sagemaker",
    ),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": Api(
        service="sagemaker",
        create="put_model_package_group_policy",
        update="put_model_package_group_policy",
        delete="delete_model_package_group_policy",
        id="{modelPackageGroupName}",
        delete_keys=_GROUP,
        replace=frozenset({"modelPackageGroupName"}),
    ),
    "aws:sagemaker/pipeline:Pipeline": Api(
        service="sagemaker",
        create="create_pipeline",
        update="update_pipeline",
        delete="delete_pipeline",
        id="{pipelineName}",
        outputs={"arn": "arn:aws:sagemaker:{region}:{account}:pipeline/{pipelineName}"},
        response={"arn": "PipelineArn"},
        constants={"ClientRequestToken": "mesh-create-{uuid}"},
        delete_keys={"PipelineName": "{pipelineName}", "ClientRequestToken": "mesh-delete-{uuid}"},
        replace=frozenset({"pipelineName"}),
        tags="sagemaker",
    ),
    "aws:sagemaker/featureGroup:FeatureGroup": Api(
        service="sagemaker",
        create="create_feature_group",
        delete="delete_feature_group",
        id="{featureGroupName}",
        outputs={"arn": "arn:aws:sagemaker:{region}:{account}:feature-group/{featureGroupName}"},
        response={"arn": "FeatureGroupArn"},
        delete_keys={"FeatureGroupName": "{featureGroupName}"},
        replace=ALL,
        tags="sagemaker",
    ),
}
