"""Policies between a registry and other accounts, as pure functions that return dicts.

Owns both sides: what the consumer opens of its registry to a production account and to the LoBs whose products it reads,
and what the role that serves in production may do. After SageMaker's guide "Deploy a Model Version from a Different
Account" (model group, bucket, key), with less than its example gives: no `UpdateModelPackage`, so that production cannot
approve what it deploys, and no other objects than model artefacts, since training data lies in the same bucket.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.documents import Document, Statement, Value, allow, document
from components.role_documents import USE_KEY
from governance.names import Names, Place, partition

ARTEFACT = "model.tar.gz"
"""What SageMaker and the register phase name a model's archive; nothing else in the bucket is so named."""
CAPTURE, INPUT, OUTPUT = "capture", "input", "output"
"""Prefixes of the production bucket."""


def serving_places(place: Place, production: Mapping[str, str]) -> dict[str, Place]:
    """Serving -> its account, in the consumer's region."""
    return {
        name: Place(account_id=account, region=place.region) for name, account in sorted(production.items())
    }


def registry_policy(
    place: Place, group: str, servings: Mapping[str, Place], lobs: Sequence[str] = ()
) -> Document:
    """Resource policy of a model package group: who of other accounts may do what with its versions.

    Production looks at versions and makes models of them. LoBs only look, to see what was trained on their products
    before they break it: the actions and resources of SageMaker's guide "Set up discoverability", which reach no
    artefact and no key.

    Parameters
    ----------
    place
        The consumer's account and region.
    group
        Physical name of the group.
    servings
        Serving -> the account that deploys.
    lobs
        Account ids of the LoBs whose products are read here; each is named once, however many products it has.
    """
    packages = place.arn("sagemaker", f"model-package/{group}/*")
    group_arn = place.arn("sagemaker", f"model-package-group/{group}")
    looking = [
        "sagemaker:DescribeModelPackage",
        "sagemaker:DescribeModelPackageGroup",
        "sagemaker:ListModelPackages",
    ]
    production = [item.root_arn for item in servings.values()]
    owners = [Place(account_id=account, region=place.region).root_arn for account in sorted(set(lobs))]
    deploying = ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages", "sagemaker:CreateModel"]
    listing = ["sagemaker:DescribeModelPackageGroup", "sagemaker:ListModelPackages"]
    return document(
        _opened("ProductionLists", production, listing, group_arn),
        _opened("ProductionDeploys", production, deploying, packages),
        # which role deploys a LoB is not known here; that it is one is
        _opened(
            "LobsLook",
            owners,
            looking,
            [group_arn, packages],
            StringEquals={"aws:PrincipalType": "AssumedRole"},
        ),
    )


def _opened(
    sid: str, accounts: Sequence[str], actions: Sequence[str], resource: str | Sequence[str], **condition: Any
) -> Statement | None:
    """A statement for other accounts; none without any."""
    if not accounts:
        return None
    return {**allow(sid, actions, resource, **condition), "Principal": {"AWS": list(accounts)}}


def artefact_reads(bucket_arn: str, names: Names, servings: Mapping[str, Place]) -> Statement | None:
    """Statement of the models bucket's policy: the serving roles read model artefacts.

    The principal is the account and the condition names the role, which need not exist yet.
    """
    if not servings:
        return None
    return {
        "Sid": "ProductionReadsArtefacts",
        "Effect": "Allow",
        "Principal": {"AWS": [item.root_arn for item in servings.values()]},
        "Action": "s3:GetObject",
        "Resource": f"{bucket_arn}/*/{ARTEFACT}",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": _roles(names, servings)}},
    }


def artefact_decryption(
    place: Place, bucket_arn: str, names: Names, servings: Mapping[str, Place]
) -> Statement | None:
    """Statement of the consumer's key policy: the serving roles decrypt what S3 reads for them from that bucket."""
    if not servings:
        return None
    return {
        "Sid": "ProductionDecryptsArtefacts",
        "Effect": "Allow",
        "Principal": {"AWS": [item.root_arn for item in servings.values()]},
        "Action": ["kms:Decrypt", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": _roles(names, servings)},
            "StringEquals": {"kms:ViaService": f"s3.{place.region}.amazonaws.com"},
            # the bucket's ARN with bucket keys, the object's without
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket_arn, f"{bucket_arn}/*/{ARTEFACT}"]},
        },
    }


def serving_policy(
    place: Place,
    *,
    models_key_arn: Value,
    bucket_arn: str,
    key_arn: Value,
    artefacts: Value,
    subnet_ids: Sequence[str],
    security_group_ids: Sequence[str],
) -> Document:
    """What a model runs as: read its artefact, read and write the production bucket, live in the VPC, write logs.

    The actions are those of SageMaker's guide for execution roles (CreateModel and CreateTransformJob) without its
    wildcards.
    """
    ec2 = f"arn:{partition(place.region)}:ec2:{place.region}:{place.account_id}"
    interfaces = f"{ec2}:network-interface/*"  # SageMaker makes them, with ids of their own
    network = [
        *(f"{ec2}:subnet/{subnet}" for subnet in subnet_ids),
        *(f"{ec2}:security-group/{group}" for group in security_group_ids),
    ]
    return document(
        allow("Artefacts", ["s3:GetObject"], artefacts),
        allow(
            "ArtefactKey",
            ["kms:Decrypt", "kms:DescribeKey"],
            models_key_arn,
            StringEquals={"kms:ViaService": f"s3.{place.region}.amazonaws.com"},
        ),
        allow("Input", ["s3:GetObject"], f"{bucket_arn}/{INPUT}/*"),
        allow(
            "Output",
            ["s3:PutObject", "s3:AbortMultipartUpload"],
            [f"{bucket_arn}/{prefix}/*" for prefix in (OUTPUT, CAPTURE)],
        ),
        allow("List", ["s3:ListBucket", "s3:GetBucketLocation"], bucket_arn),
        allow("OwnKey", [*USE_KEY, "kms:CreateGrant"], key_arn),
        allow("ImageLogin", ["ecr:GetAuthorizationToken"], "*"),  # the action supports no resource
        allow(
            "Images",
            ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
            # SageMaker's containers lie in an AWS account that differs by region
            f"arn:{partition(place.region)}:ecr:{place.region}:*:repository/sagemaker-*",
        ),
        allow("Interfaces", ["ec2:CreateNetworkInterface"], [interfaces, *network]),
        allow(
            "OwnInterfaces",
            [
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ],
            interfaces,
        ),
        allow(
            "Network",
            [
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            "*",  # EC2's reads support no resource
        ),
        allow(
            "Metrics",
            ["cloudwatch:PutMetricData"],
            "*",  # the action supports no resource; the namespace is its limit
            StringLike={"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/*"]},
        ),
        allow(
            "Logs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            place.arn("logs", "log-group:/aws/sagemaker/*"),
        ),
    )


def batch_caller_policy(
    place: Place, *, jobs: str, models: Sequence[str], bucket_arn: str, key_arn: Value
) -> Document:
    """Bring rows, start transform jobs of these models alone, and fetch the answers.

    Parameters
    ----------
    jobs
        What names of jobs begin with.
    models
        Names of the models that were promoted.
    """
    own = place.arn("sagemaker", f"transform-job/{jobs}-*")
    promoted = [place.arn("sagemaker", f"model/{model}") for model in models]
    start = allow(
        "Start", ["sagemaker:CreateTransformJob"], own, StringEquals={"sagemaker:ModelArn": promoted}
    )
    return document(
        start if promoted else None,
        allow("Follow", ["sagemaker:DescribeTransformJob", "sagemaker:StopTransformJob"], own),
        allow("Rows", ["s3:PutObject", "s3:AbortMultipartUpload"], f"{bucket_arn}/{INPUT}/*"),
        allow("Answers", ["s3:GetObject"], f"{bucket_arn}/{OUTPUT}/*"),
        allow("Key", USE_KEY, key_arn, StringEquals={"kms:ViaService": f"s3.{place.region}.amazonaws.com"}),
    )


def caller_policy(place: Place, endpoint: str) -> Document:
    """Ask one endpoint, and see whether it is in service; nothing else of the account."""
    return document(
        allow(
            "Ask",
            ["sagemaker:InvokeEndpoint", "sagemaker:DescribeEndpoint"],
            place.arn("sagemaker", f"endpoint/{endpoint}"),
        )
    )


def _roles(names: Names, servings: Mapping[str, Place]) -> list[str]:
    return [item.role_arn(names.serving_role(name)) for name, item in servings.items()]
