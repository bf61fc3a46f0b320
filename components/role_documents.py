"""What the central and producers' roles may do in IAM, as pure functions that return dicts.

IAM is one half of the answer to every read; Lake Formation grants are the other (they are in the components). Consumers'
roles are in `consumer_documents`.
"""

from __future__ import annotations

from collections.abc import Sequence

from components.documents import OPEN_PREFIX, Document, Statement, Value, allow, document
from governance.names import Place, database_name, link_name, partition

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
            [
                *READ_CATALOG,
                "glue:GetPartitionIndexes",  # the provider reads them with every table
                "glue:CreateTable",
                "glue:UpdateTable",
                "glue:DeleteTable",
                "glue:GetTags",
            ],
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
        job_logs(producer),
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
        job_logs(producer),
    )


def _both_catalogs(member: Place, central: Place, product: str) -> list[str]:
    """A link is checked in the member's catalog, what it leads to in the owner's."""
    return [*member.glue_arns(link_name(product)), *central.glue_arns(database_name(product))]


def job_logs(place: Place) -> Statement:
    """Write the logs of Glue's and SageMaker's jobs; Glue encrypts a log group of its own with the job's key."""
    groups = [place.arn("logs", f"log-group:/aws{kind}*") for kind in ("-glue/", "/sagemaker/")]
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:AssociateKmsKey"]
    return allow("Logs", actions, groups)
