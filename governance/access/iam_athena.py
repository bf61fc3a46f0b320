"""The calls that a query through Athena makes, as IAM sees them.

Deliberately not here: whether a role's policies allow them (iam), and Lake Formation's own
permissions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from governance.access.iam import Call
from governance.snapshot import LinkTarget

ATHENA = ("StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution", "GetWorkGroup")
GLUE = ("GetDatabase", "GetTable", "GetPartitions")
BUCKET = ("GetBucketLocation", "ListBucket")
OBJECTS = ("GetObject", "PutObject", "AbortMultipartUpload", "ListMultipartUploadParts")
KEY = ("Decrypt", "GenerateDataKey")


@dataclass(frozen=True, kw_only=True)
class AthenaUse:
    """Where a role queries.

    Attributes
    ----------
    links
        Link database in the role's own account, and what it points at.
    databases
        Databases of the role's own account that it reads without a link.
    results_key, catalog_keys
        KMS keys of the results bucket, and of the Data Catalogs that are read.
    """

    region: str
    account: str
    workgroup: str
    results_bucket: str
    results_key: str | None = None
    catalog_keys: tuple[str, ...] = ()
    links: tuple[tuple[str, LinkTarget], ...] = ()
    databases: tuple[str, ...] = ()
    partition: str = "aws"


def athena_calls(use: AthenaUse) -> tuple[Call, ...]:
    """Every call a query needs.

    LFDG resource-links-about and access-control-overview: Lake Formation permissions work together with
    coarse IAM permissions; through a link the Glue calls are made on the link and on its target. Athena
    User Guide, lf-athena-access and fine-grained-access-to-glue-resources: catalog, database and table are
    all to be named. Results are written with the role's own S3 and KMS permissions.
    """
    arn = f"arn:{use.partition}"
    group = f"{arn}:athena:{use.region}:{use.account}:workgroup/{use.workgroup}"
    calls = [Call(f"athena:{name}", group, "run queries in the workgroup") for name in ATHENA]
    calls.append(Call("lakeformation:GetDataAccess", "*", "get credentials for governed data"))
    for link, target in use.links:
        calls.extend(_glue(use, use.account, link, "follow the resource link"))
        calls.extend(_glue(use, target.catalog, target.database, "read the shared database behind the link"))
    for database in use.databases:
        calls.extend(_glue(use, use.account, database, "read the database"))
    bucket = f"{arn}:s3:::{use.results_bucket}"
    calls.extend(Call(f"s3:{name}", bucket, "find the results bucket") for name in BUCKET)
    calls.extend(Call(f"s3:{name}", f"{bucket}/*", "write and read query results") for name in OBJECTS)
    if use.results_key is not None:
        calls.extend(Call(f"kms:{name}", use.results_key, "encrypt query results") for name in KEY)
    calls.extend(Call("kms:Decrypt", key, "read the encrypted Data Catalog") for key in use.catalog_keys)
    return tuple(dict.fromkeys(calls))


def _glue(use: AthenaUse, account: str, database: str, purpose: str) -> Iterable[Call]:
    prefix = f"arn:{use.partition}:glue:{use.region}:{account}"
    yield Call("glue:GetDatabase", f"{prefix}:catalog", purpose)
    yield Call("glue:GetDatabase", f"{prefix}:database/{database}", purpose)
    for name in GLUE[1:]:
        for resource in ("catalog", f"database/{database}", f"table/{database}/*"):
            yield Call(f"glue:{name}", f"{prefix}:{resource}", purpose)
