"""What the mesh's roles may do in IAM, as pure functions that return dicts.

IAM is one half of the answer to every read; Lake Formation grants are the other (they are in the components).
"""

from __future__ import annotations

from collections.abc import Sequence

from components.documents import OPEN_PREFIX, Document, Statement, Value, allow, document
from governance.names import PROCESSING_DATABASE, Names, Place, database_name, link_name, partition

READ_CATALOG = (
    "glue:GetDatabase",
    "glue:GetDatabases",
    "glue:GetTable",
    "glue:GetTables",
    "glue:GetPartition",
    "glue:GetPartitions",
    "glue:BatchGetPartition",
)
USE_KEY = ("kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey")
WRITE_CATALOG_KEY = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
"""What Glue asks of a caller who changes an entry of an encrypted catalog; readers need the first only."""


def get_data_access() -> Statement:
    """Credentials for governed data; the action supports no resource, Lake Formation decides which data."""
    return allow("GovernedData", ["lakeformation:GetDataAccess"], "*")


def registration_policy(bucket_arns: Sequence[str], producer: Place) -> Document:
    """Read and write one LoB's curated data, and use its keys for those buckets only.

    The keys are made in the LoB's account later and their ids are AWS's, so the statement names the buckets through
    the encryption context that S3 sends: the bucket's ARN with bucket keys, the object's without.
    """
    context = [arn for bucket in bucket_arns for arn in (bucket, f"{bucket}/curated/*")]
    return document(
        allow(
            "Objects",
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            [f"{a}/curated/*" for a in bucket_arns],
        ),
        allow(
            "List", ["s3:ListBucket"], list(bucket_arns), StringLike={"s3:prefix": ["curated", "curated/*"]}
        ),
        allow(
            "Keys",
            USE_KEY,
            producer.arn(
                "kms", "key/*"
            ),  # any key of the LoB's account, held to its buckets by the conditions
            StringEquals={"kms:ViaService": f"s3.{producer.region}.amazonaws.com"},
            StringLike={"kms:EncryptionContext:aws:s3:arn": context},
        ),
    )


def steward_policy(central: Place, products: Sequence[str], catalog_key_arn: Value) -> Document:
    """Register and share a LoB's own products; Lake Formation holds the steward to them a second time."""
    databases = [database_name(product) for product in products]
    return document(
        allow(
            "Tables",
            [*READ_CATALOG, "glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable", "glue:GetTags"],
            central.glue_arns(*databases),
        ),
        allow(
            "Grants",
            [
                "lakeformation:GrantPermissions",
                "lakeformation:RevokePermissions",
                "lakeformation:BatchGrantPermissions",
                "lakeformation:BatchRevokePermissions",
                "lakeformation:ListPermissions",
                "lakeformation:GetLFTag",
                "lakeformation:ListLFTags",
                "lakeformation:GetResourceLFTags",
                "lakeformation:AddLFTagsToResource",
                "lakeformation:RemoveLFTagsFromResource",
                "lakeformation:CreateDataCellsFilter",
                "lakeformation:UpdateDataCellsFilter",
                "lakeformation:DeleteDataCellsFilter",
                "lakeformation:GetDataCellsFilter",
                "lakeformation:ListDataCellsFilter",
            ],
            "*",  # Lake Formation actions take no resource
        ),
        allow("CatalogKey", WRITE_CATALOG_KEY, catalog_key_arn),
    )


def sharing_policy(central: Place) -> Document:
    """What AWSLakeFormationCrossAccountManager allows, and only when Lake Formation makes the call for the role.

    Lake Formation manages its RAM shares and the catalog policy with the grantor's permissions. The managed policy
    would also let the role rewrite the account's catalog policy by itself.
    """
    via = {"ForAnyValue:StringEquals": {"aws:CalledVia": ["lakeformation.amazonaws.com"]}}
    types = {"ram:RequestedResourceType": ["glue:Table", "glue:Database", "glue:Catalog"]}
    manage = ["Update", "Delete", "Associate", "Disassociate"]
    catalog = [central.arn("glue", part) for part in ("catalog", "database/*", "table/*")]
    enabled = f"arn:{partition(central.region)}:ram::aws:permission/AWSRAMLFEnabled*"
    return document(
        allow(
            "Create", ["ram:CreateResourceShare"], "*", StringLikeIfExists=types, **via
        ),  # the share is made by this
        allow(
            "Manage",
            [*(f"ram:{verb}ResourceShare" for verb in manage), "ram:GetResourceShares"],
            "*",  # Lake Formation's shares have generated names
            StringLike={"ram:ResourceShareName": ["LakeFormation*"]},
            **via,
        ),
        allow(
            "Permissions",
            ["ram:AssociateResourceSharePermission"],
            "*",
            ArnLike={"ram:PermissionArn": [enabled]},
            **via,
        ),
        allow("CatalogPolicy", ["glue:PutResourcePolicy", "glue:DeleteResourcePolicy"], catalog, **via),
        allow(
            "Look",
            ["ram:Get*", "ram:List*", "organizations:DescribeOrganization", "organizations:DescribeAccount"],
            "*",  # reads of shares and of the Organization's accounts support no narrower resource
        ),
    )


def curation_policy(
    bucket_arn: str, key_arn: Value, producer: Place, central: Place, product: str, catalog_key_arn: Value
) -> Document:
    """From raw to curated, quarantine and reports in the product's bucket; figures into its tables."""
    writable = [f"{bucket_arn}/{prefix}/*" for prefix in ("curated", "quarantine", "reports")]
    readable = [f"{bucket_arn}/{prefix}/*" for prefix in ("raw", OPEN_PREFIX)]
    return document(
        allow("Read", ["s3:GetObject"], [*readable, *writable]),
        allow("Write", ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], writable),
        allow("List", ["s3:ListBucket", "s3:GetBucketLocation"], bucket_arn),
        allow("Key", USE_KEY, key_arn),
        allow("Figures", [*READ_CATALOG, "glue:UpdateTable"], _both_catalogs(producer, central, product)),
        allow("CatalogKey", WRITE_CATALOG_KEY, catalog_key_arn),
        get_data_access(),
        _job_logs(producer),
    )


def crawler_policy(
    producer: Place, central: Place, product: str, key_arn: Value, catalog_key_arn: Value
) -> Document:
    """Look at the curated data with Lake Formation's credentials, and at the tables on both sides of the link.

    `key_arn` encrypts the crawler's logs; the data's key is used by the registration role.
    """
    actions = [*READ_CATALOG, "glue:UpdateTable", "glue:CreatePartition", "glue:BatchCreatePartition"]
    return document(
        allow("Catalog", [*actions, "glue:UpdatePartition"], _both_catalogs(producer, central, product)),
        get_data_access(),
        allow("LogKey", USE_KEY, key_arn),
        allow("CatalogKey", WRITE_CATALOG_KEY, catalog_key_arn),
        _job_logs(producer),
    )


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
    own = place.glue_arns(*(link_name(product) for product in products), PROCESSING_DATABASE, "default")
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
        _job_logs(place),
    )


def model_reader_policy(models_arn: str) -> Document:
    """Look at trained models, their training data and reports; for roles that judge them."""
    return document(
        allow("ReadModels", ["s3:GetObject"], f"{models_arn}/*"),
        allow("ListModels", ["s3:ListBucket", "s3:GetBucketLocation"], models_arn),
    )


def builder_policy(place: Place, names: Names, group: str, models_arn: str, role: str) -> Document:
    """Run processing and training jobs as oneself and register their models in one package group.

    A role passes itself only: one that could pass another would read at the other's clearance.
    """
    jobs = [place.arn("sagemaker", f"{kind}/*") for kind in ("processing-job", "training-job", "pipeline")]
    package_group = names.model_package_group(group)
    return document(
        allow(
            "Jobs",
            [
                "sagemaker:CreateProcessingJob",
                "sagemaker:DescribeProcessingJob",
                "sagemaker:StopProcessingJob",
                "sagemaker:CreateTrainingJob",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:StopTrainingJob",
                "sagemaker:StartPipelineExecution",
                "sagemaker:DescribePipeline",
                "sagemaker:DescribePipelineExecution",
                "sagemaker:ListPipelineExecutionSteps",
                "sagemaker:AddTags",
            ],
            jobs,  # job names are made when a job starts
        ),
        allow(
            "Registry",
            [
                "sagemaker:CreateModelPackage",
                "sagemaker:DescribeModelPackage",
                "sagemaker:DescribeModelPackageGroup",
                "sagemaker:ListModelPackages",
                "sagemaker:AddTags",
            ],
            [
                place.arn("sagemaker", f"model-package-group/{package_group}"),
                place.arn("sagemaker", f"model-package/{package_group}/*"),
            ],
        ),
        allow(
            "RunAsMe",
            ["iam:PassRole"],
            place.role_arn(names.consumer_role(role)),
            StringEquals={"iam:PassedToService": "sagemaker.amazonaws.com"},
        ),
        allow("Images", ["ecr:GetAuthorizationToken"], "*"),  # the action supports no resource
        allow(
            "ProcessingTables",
            ["glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable", "glue:CreateDatabase"],
            place.glue_arns(PROCESSING_DATABASE),  # SageMaker asks for the database even where it exists
        ),
        _objects("Models", f"{models_arn}/*"),
        allow(
            "ModelBucket",
            ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
            models_arn,
        ),
    )


def _objects(sid: str, resource: str) -> Statement:
    """Read, write and delete objects, large ones in parts."""
    actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    return allow(sid, [*actions, "s3:ListMultipartUploadParts"], resource)


def _both_catalogs(member: Place, central: Place, product: str) -> list[str]:
    """A link is checked in the member's catalog, what it leads to in the owner's."""
    return [*member.glue_arns(link_name(product)), *central.glue_arns(database_name(product))]


def _job_logs(place: Place) -> Statement:
    groups = [place.arn("logs", f"log-group:/aws{kind}*") for kind in ("-glue/", "/sagemaker/")]
    return allow("Logs", ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], groups)
