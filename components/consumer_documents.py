"""What a consumer account's roles may do in IAM, as pure functions that return dicts.

IAM is one half of the answer to every read; the re-grants of `consumer_access` are the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from components.documents import Document, Statement, Value, allow, document
from components.job_documents import follow_jobs, follow_pipelines
from components.role_documents import READ_CATALOG, USE_KEY, get_data_access, job_logs
from governance.names import LINK_PREFIX, PROCESSING_DATABASE, Names, Place, database_name


def reader_policy(
    place: Place,
    central: Place,
    products: Sequence[str],
    *,
    workgroup_arn: Value,
    results_arn: str,
    role: str,
    key_arn: Value,
    catalog_key_arn: Value,
) -> Document:
    """Query subscribed products through the role's own Athena workgroup.

    Results are copies of governed data, so a role reaches its own prefix of the results bucket only: one that is
    cleared for less must not find there what another was allowed to see.
    """
    databases = [database_name(product) for product in products]
    # Links by their prefix, since a role's inline policies end at 10,240 characters; which links a role sees, and what
    # is behind them, are Lake Formation's grants.
    own = place.glue_arns(f"{LINK_PREFIX}*", PROCESSING_DATABASE, "default")
    return document(
        allow(
            "Athena",
            [
                "athena:GetWorkGroup",
                "athena:StartQueryExecution",
                "athena:StopQueryExecution",
                "athena:GetQueryExecution",
                "athena:BatchGetQueryExecution",
                "athena:ListQueryExecutions",
                "athena:GetQueryResults",
                "athena:GetQueryResultsStream",
            ],
            workgroup_arn,
        ),
        allow(
            "AthenaCatalog",
            [
                "athena:GetDataCatalog",
                "athena:GetDatabase",
                "athena:ListDatabases",
                "athena:GetTableMetadata",
                "athena:ListTableMetadata",
            ],
            place.arn("athena", "datacatalog/AwsDataCatalog"),
        ),
        allow("Catalog", list(READ_CATALOG), [*own, *central.glue_arns(*databases)]),
        get_data_access(),
        _objects("Results", f"{results_arn}/{role}/*"),
        allow("ListResults", ["s3:ListBucket"], results_arn, StringLike={"s3:prefix": [role, f"{role}/*"]}),
        allow("LocateResults", ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], results_arn),
        allow("OwnKey", USE_KEY, key_arn),
        allow("CatalogKey", ["kms:Decrypt"], catalog_key_arn),
        job_logs(place),
    )


def model_reader_policy(models_arn: str) -> Document:
    """Look at trained models, their training data and reports; for roles that judge them."""
    return document(
        allow("ReadModels", ["s3:GetObject"], f"{models_arn}/*"),
        allow("ListModels", ["s3:ListBucket", "s3:GetBucketLocation"], models_arn),
    )


def builder_policy(place: Place, names: Names, group: str, models_arn: str, role: str) -> Document:
    """Run processing and training jobs as oneself and register their models in one package group.

    A role passes itself only, and keeps models and their data under its own prefix: otherwise one that is cleared for
    less would read at another's clearance.
    """
    jobs = [place.arn("sagemaker", f"{kind}/*") for kind in ("processing-job", "training-job")]
    package_group = names.model_package_group(group)
    versions = place.arn("sagemaker", f"model-package/{package_group}/*")
    return document(
        allow(
            "Jobs",
            [
                "sagemaker:CreateProcessingJob",
                "sagemaker:StopProcessingJob",
                "sagemaker:CreateTrainingJob",
                "sagemaker:StopTrainingJob",
                "sagemaker:AddTags",
            ],
            jobs,  # job names are made when a job starts
        ),
        follow_jobs(place),
        follow_pipelines(place, "StartPipelineExecution", "StopPipelineExecution", "RetryPipelineExecution"),
        allow(
            "Registry",
            [
                "sagemaker:CreateModelPackage",
                "sagemaker:DescribeModelPackage",
                "sagemaker:DescribeModelPackageGroup",
                "sagemaker:ListModelPackages",
                "sagemaker:AddTags",
            ],
            [place.arn("sagemaker", f"model-package-group/{package_group}"), versions],
        ),
        {
            "Sid": "NoOwnApproval",
            "Effect": "Deny",
            "Action": ["sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"],
            "Resource": versions,
            "Condition": {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}},
        },
        allow(
            "RunAsMe",
            ["iam:PassRole"],
            place.role_arn(names.consumer_role(role)),
            StringEquals={"iam:PassedToService": "sagemaker.amazonaws.com"},
        ),
        _objects("Models", f"{models_arn}/{role}/*"),
        allow("ListModels", ["s3:ListBucket"], models_arn, StringLike={"s3:prefix": [role, f"{role}/*"]}),
        allow("LocateModels", ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], models_arn),
    )


def _objects(sid: str, resource: str) -> Statement:
    """Read, write and delete objects, large ones in parts."""
    actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    return allow(sid, [*actions, "s3:ListMultipartUploadParts"], resource)
