"""The services' limits that a mesh can run into, each with the page it is from.

Numbers are AWS's defaults. One that AWS raises on request is `adjustable`: a project that was given more says so in its
`quotas.yaml`. One that AWS sets per account (`firm` is false) only warns, since nobody can know it from here. Codes such
as L-9F3EFFAB are those of Service Quotas, where an account's own value stands. Limits on calls per second are left out:
they slow a deployment, they do not break it.
"""

from __future__ import annotations

from dataclasses import dataclass

LF = "https://docs.aws.amazon.com/general/latest/gr/lake-formation.html"
LF_TAGS = "https://docs.aws.amazon.com/lake-formation/latest/dg/TBAC-notes.html"
LF_FILTERS = "https://docs.aws.amazon.com/lake-formation/latest/dg/data-filtering-notes.html"
RAM = "https://docs.aws.amazon.com/ram/latest/userguide/service-quotas.html"
GLUE = "https://docs.aws.amazon.com/general/latest/gr/glue.html"
IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/BucketRestrictions.html"
S3_POLICY = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-iam-policies.html"
KMS = "https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"
KMS_POLICY = "https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html"
EVENTS = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"
ATHENA = "https://docs.aws.amazon.com/athena/latest/ug/service-limits.html"
FEATURES = "https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-quotas.html"
REGISTRY = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_PutModelPackageGroupPolicy.html"
SAGEMAKER = "https://docs.aws.amazon.com/general/latest/gr/sagemaker.html"


@dataclass(frozen=True, kw_only=True)
class Quota:
    """One limit of a service."""

    key: str
    name: str
    limit: int
    source: str
    """The AWS page the number is from."""

    code: str = ""
    """Its code in Service Quotas, where it has one."""

    adjustable: bool = False
    firm: bool = True
    """Whether crossing it refuses; otherwise it warns, as AWS sets another number for each account."""


_TABLE: tuple[tuple[str, str, int, str, str, bool], ...] = (
    ("lake.tags", "LF-tags of an account", 1_000, LF_TAGS, "L-F165AF61", True),
    ("lake.tag-values", "values of an LF-tag", 1_000, LF_TAGS, "L-47097528", True),
    ("lake.tags-on-resource", "LF-tags on a resource", 50, LF_TAGS, "", False),
    ("lake.tag-length", "characters of an LF-tag's key or value", 50, LF_TAGS, "", False),
    ("lake.tag-policies", "LF-tag policies of a principal per resource type", 50, LF, "L-9F3EFFAB", True),
    ("lake.filters", "data filters of a principal on a table", 100, LF_FILTERS, "", False),
    ("lake.admins", "data lake administrators", 30, LF, "L-3E3798DF", True),
    ("lake.locations", "registered locations", 10_000, LF, "L-B0A837CA", True),
    ("lake.location-length", "characters of a registered location", 700, LF, "L-3D55E97C", True),
    ("ram.shares", "RAM shares, one per account shared with", 25_000, RAM, "L-595828F9", True),
    ("ram.resources", "databases and tables shared with an account", 5_000, RAM, "L-1F7F8A25", True),
    ("glue.databases", "Glue databases and resource links", 10_000, GLUE, "L-F953935E", True),
    ("glue.tables", "Glue tables of an account", 1_000_000, GLUE, "L-94D025B7", True),
    ("glue.tables-in-database", "Glue tables of a database", 200_000, GLUE, "L-B8497671", True),
    ("glue.jobs", "Glue jobs", 2_000, GLUE, "L-611FDDE4", True),
    ("glue.triggers", "Glue triggers", 1_000, GLUE, "L-F1653A6D", True),
    ("glue.crawlers", "Glue crawlers", 1_000, GLUE, "L-11FA2C1A", True),
    ("glue.security", "Glue security configurations", 250, GLUE, "L-83192DBF", True),
    ("iam.roles", "IAM roles", 1_000, IAM, "L-FE177D64", True),
    ("iam.trust", "characters of a role's trust policy", 2_048, IAM, "L-C07B4B0D", True),
    ("iam.inline", "characters of a role's inline policies", 10_240, IAM, "", False),
    ("iam.managed", "managed policies of a role", 10, IAM, "L-0DA4ABF3", True),
    ("s3.buckets", "buckets", 10_000, S3, "L-DC2B2D3D", True),
    ("s3.policy", "bytes of a bucket policy", 20_480, S3_POLICY, "", False),
    ("kms.keys", "KMS keys", 100_000, KMS, "L-C2F1777E", True),
    ("kms.policy", "bytes of a key policy", 32_768, KMS_POLICY, "", False),
    ("events.buses", "event buses", 100, EVENTS, "L-658A4FD9", True),
    ("events.policy", "characters of an event bus policy", 10_240, EVENTS, "L-FC354966", True),
    ("events.rules", "rules of an event bus", 300, EVENTS, "", True),
    ("athena.workgroups", "Athena workgroups", 1_000, ATHENA, "", False),
    ("sagemaker.groups", "model package groups", 250, SAGEMAKER, "L-BC8DC54C", True),
    ("sagemaker.policy", "characters of a model package group's policy", 20_480, REGISTRY, "", False),
    ("sagemaker.pipelines", "SageMaker pipelines", 500, SAGEMAKER, "L-E8EADE50", True),
    ("sagemaker.feature-groups", "feature groups", 100, FEATURES, "", True),
    ("sagemaker.features", "features of a feature group", 2_500, FEATURES, "", False),
)

QUOTAS: dict[str, Quota] = {
    key: Quota(key=key, name=name, limit=limit, source=source, code=code, adjustable=adjustable)
    for key, name, limit, source, code, adjustable in _TABLE
}
"""All limits by key, in the order they are shown."""

for _key, _name, _code in (
    ("sagemaker.domains", "SageMaker domains", "L-B683BCB0"),
    ("sagemaker.profiles", "SageMaker user profiles", "L-AC46C40F"),
):
    QUOTAS[_key] = Quota(
        key=_key, name=_name, limit=2, source=SAGEMAKER, code=_code, adjustable=True, firm=False
    )
