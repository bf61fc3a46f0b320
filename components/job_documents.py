"""What roles need for SageMaker's jobs, pipelines and Studio apps, as pure functions that return dicts.

A role's inline policies end at 10,240 characters together, so rights that all jobs need are stated once. Deliberately
not here: reading data and registering models (`consumer_documents`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.documents import Document, Statement, Value, allow, document
from governance.names import PROCESSING_DATABASE, Place, partition

EVALUATIONS = "runs"
"""Below the auditor's prefix of the models bucket: reports that the pipeline decides by."""
CODE = "code"
"""Prefix of the models bucket with the code that jobs run."""


def job_policy(
    place: Place, *, key_arn: Value, subnet_ids: Sequence[str], security_group_ids: Sequence[str]
) -> Document:
    """What SageMaker does as the role of a job inside the VPC: interfaces, volumes, metrics, image, Athena's tables.

    The actions are those of SageMaker's guide for execution roles (CreateProcessingJob, CreateTrainingJob), without
    its wildcards where EC2 and KMS support something narrower.
    """
    ec2 = f"arn:{partition(place.region)}:ec2:{place.region}:{place.account_id}"
    interfaces = f"{ec2}:network-interface/*"  # SageMaker makes them, with ids of their own
    network = [f"{ec2}:subnet/{item}" for item in subnet_ids]
    network += [f"{ec2}:security-group/{item}" for item in security_group_ids]
    changes = [
        "CreateNetworkInterfacePermission",
        "DeleteNetworkInterface",
        "DeleteNetworkInterfacePermission",
    ]
    looks = ["DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs"]
    return document(
        allow("Interfaces", ["ec2:CreateNetworkInterface"], [interfaces, *network]),
        allow("OwnInterfaces", [f"ec2:{change}" for change in changes], interfaces),
        allow("Network", [f"ec2:Describe{what}" for what in looks], "*"),  # EC2's reads support no resource
        # volumes of jobs are encrypted by a grant that SageMaker makes for EBS
        allow("VolumeKey", ["kms:CreateGrant"], key_arn, Bool={"kms:GrantIsForAWSResource": "true"}),
        allow(
            "Metrics",
            ["cloudwatch:PutMetricData"],
            "*",  # the action supports no resource; the namespace is its limit
            StringLike={"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/*"]},
        ),
        allow("ImageLogin", ["ecr:GetAuthorizationToken"], "*"),  # the action supports no resource
        allow(
            "Images",
            ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
            # SageMaker's containers lie in an AWS account that differs by region
            f"arn:{partition(place.region)}:ecr:{place.region}:*:repository/sagemaker-*",
        ),
        allow(
            "ProcessingTables",
            ["glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable", "glue:CreateDatabase"],
            place.glue_arns(PROCESSING_DATABASE),  # SageMaker asks for the database even where it exists
        ),
    )


def pipeline_policy(place: Place, *, auditor_arn: Value, auditor: str, models_arn: str) -> Document:
    """What the pipeline's own role does beyond building: hand the evaluation to the auditor's role and read its report.

    It reads that report, not what the auditor's queries returned.
    """
    return document(
        _pass("RunAsAuditor", auditor_arn),
        allow("Reports", ["s3:GetObject"], f"{models_arn}/{auditor}/{EVALUATIONS}/*"),
        allow("Code", ["s3:GetObject"], f"{models_arn}/{CODE}/*"),
        allow(
            "ListReports",
            ["s3:ListBucket"],
            models_arn,
            StringLike={"s3:prefix": [f"{CODE}/*", f"{auditor}/{EVALUATIONS}/*"]},
        ),
        allow(
            "Tuning",
            [f"sagemaker:{verb}HyperParameterTuningJob" for verb in ("Create", "Describe", "Stop")]
            + ["sagemaker:ListTrainingJobsForHyperParameterTuningJob", "sagemaker:AddTags"],
            place.arn("sagemaker", "hyper-parameter-tuning-job/*"),  # names are made when a job starts
        ),
    )


def evaluator_policy(place: Place, *, group: str, auditor: str, models_arn: str) -> Document:
    """Write evaluations as the role of a job, and decide on models: who approves is nobody who trains (ADR 0009)."""
    packages = [place.arn("sagemaker", f"{kind}/{group}") for kind in ("model-package-group",)]
    versions = place.arn("sagemaker", f"model-package/{group}/*")
    actions = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    return document(
        allow("Evaluations", actions, f"{models_arn}/{auditor}/*"),
        allow(
            "Decide",
            ["sagemaker:UpdateModelPackage", "sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"],
            [*packages, versions],
        ),
        allow("Group", ["sagemaker:DescribeModelPackageGroup"], packages),
        follow_pipelines(place),
        follow_jobs(place),
    )


def follow_pipelines(place: Place, *more: str) -> Statement:
    """Look at pipelines and their runs; `more` are actions besides."""
    looks = [
        "DescribePipeline", "DescribePipelineExecution", "DescribePipelineDefinitionForExecution",
        "ListPipelineExecutions", "ListPipelineExecutionSteps", "ListPipelineParametersForExecution",
    ]  # fmt: skip
    return allow(
        "Pipelines",
        [f"sagemaker:{action}" for action in (*looks, *more)],
        place.arn("sagemaker", "pipeline/*"),  # executions are below the pipeline, with ids of their own
    )


def follow_jobs(place: Place) -> Statement:
    """Look at the jobs behind a pipeline's steps: their measures, and why one failed."""
    kinds = {"ProcessingJob": "processing-job", "TrainingJob": "training-job"}
    kinds["HyperParameterTuningJob"] = "hyper-parameter-tuning-job"
    return allow(
        "LookAtJobs",
        [
            *(f"sagemaker:Describe{kind}" for kind in kinds),
            "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
        ],
        [place.arn("sagemaker", f"{kind}/*") for kind in kinds.values()],  # names are made when a job starts
    )


def studio_policy(place: Place) -> Document:
    """Open one's own apps and spaces in Studio, and see the domain.

    After AmazonSageMakerFullAccess: apps of a profile are made by who works as it, spaces belong to the profile that
    made them. Resources name any domain, since the domain is made with this role.
    """
    own = {
        "sagemaker:OwnerUserProfileArn": place.arn(
            "sagemaker", "user-profile/${sagemaker:DomainId}/${sagemaker:UserProfileName}"
        )
    }
    private: dict[str, Any] = {"ArnLike": own, "StringEquals": {"sagemaker:SpaceSharingType": ["Private"]}}
    apps, spaces = (place.arn("sagemaker", f"{kind}/*") for kind in ("app", "space"))
    kinds = ["domain", "user-profile", "space", "app"]
    return document(
        allow(
            "See",
            [f"sagemaker:Describe{kind}" for kind in ("Domain", "UserProfile", "Space", "App")],
            [place.arn("sagemaker", f"{kind}/*") for kind in kinds],
        ),
        allow(
            "List",
            [
                "sagemaker:ListApps",
                "sagemaker:ListSpaces",
                "sagemaker:ListUserProfiles",
                "sagemaker:ListDomains",
            ],
            "*",
        ),  # lists support no resource
        allow(
            "ProfileApps",
            ["sagemaker:CreateApp", "sagemaker:DeleteApp"],
            apps,
            Null={"sagemaker:OwnerUserProfileArn": "true"},
        ),
        allow("SpaceApps", ["sagemaker:CreateApp", "sagemaker:DeleteApp"], apps, **private),
        allow(
            "OwnSpaces",
            [f"sagemaker:{verb}Space" for verb in ("Create", "Update", "Delete")],
            spaces,
            **private,
        ),
    )


def _pass(sid: str, role_arn: Value) -> Statement:
    return allow(
        sid, ["iam:PassRole"], role_arn, StringEquals={"iam:PassedToService": "sagemaker.amazonaws.com"}
    )
