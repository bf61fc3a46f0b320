"""Table entries for SageMaker.

Property names are those of pulumi-aws 7. Deliberately not here: runs and jobs, which are no resources.
"""

from __future__ import annotations

from collections.abc import Mapping

from local.engine import hooks_services as hooks
from local.engine.api import ALL, Api

_DOMAIN = {"DomainId": "{id}"}
_PROFILE = {"DomainId": "{domainId}", "UserProfileName": "{userProfileName}"}
_RESOLVED = "offlineStoreConfig.s3StorageConfig.resolvedOutputS3Uri"
_GROUP = {"ModelPackageGroupName": "{modelPackageGroupName}"}
_ENDPOINT = {"EndpointName": "{name}"}

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
    "aws:sagemaker/model:Model": Api(
        service="sagemaker",
        create="create_model",
        delete="delete_model",
        name="name",
        rename={"name": "ModelName"},
        outputs={"arn": "arn:aws:sagemaker:{region}:{account}:model/{name}"},
        response={"arn": "ModelArn"},
        delete_keys={"ModelName": "{name}"},
        replace=ALL,
        tags="sagemaker",
    ),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": Api(
        service="sagemaker",
        create="create_endpoint_config",
        delete="delete_endpoint_config",
        name="name",
        rename={"name": "EndpointConfigName", "kmsKeyArn": "KmsKeyId"},
        outputs={"arn": "arn:aws:sagemaker:{region}:{account}:endpoint-config/{name}"},
        response={"arn": "EndpointConfigArn"},
        delete_keys={"EndpointConfigName": "{name}"},
        replace=ALL,
        tags="sagemaker",
    ),
    "aws:sagemaker/endpoint:Endpoint": Api(
        service="sagemaker",
        create="create_endpoint",
        update="update_endpoint",
        delete="delete_endpoint",
        name="name",
        rename={"name": "EndpointName"},
        update_rename={"name": "EndpointName"},
        outputs={"arn": "arn:aws:sagemaker:{region}:{account}:endpoint/{name}"},
        response={"arn": "EndpointArn"},
        delete_keys=_ENDPOINT,
        replace=frozenset({"name"}),
        tags="sagemaker",
        finish=hooks.endpoint_in_service,
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
        outputs={
            "arn": "arn:aws:sagemaker:{region}:{account}:feature-group/{featureGroupName}",
            _RESOLVED: "{offlineStoreConfig[s3StorageConfig][s3Uri]}/{account}/sagemaker/{region}/offline-store/"
            "{featureGroupName}/data",
        },
        response={"arn": "FeatureGroupArn", _RESOLVED: "Resolved"},
        finish=hooks.offline_location,
        delete_keys={"FeatureGroupName": "{featureGroupName}"},
        replace=ALL,
        tags="sagemaker",
    ),
}
