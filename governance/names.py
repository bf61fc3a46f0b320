"""Physical names and ARNs that another account must know before they exist.

Everything here follows from configuration alone, so that no two stacks need each other's outputs. Names that only
one account ever uses are left to Pulumi's auto-naming. Not here: anything AWS generates (key ids, domain ids).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from governance.errors import MeshError

NAME_PATTERN = re.compile(r"^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,38}\Z")
"""LoBs, products, consumers and roles: they become LF-tag values (at most 50, lower case), bucket and role names."""

S3_BUCKET_MAX = 63
IAM_ROLE_MAX = 64
LINK_PREFIX = "rl_"
PROCESSING_DATABASE = "sagemaker_processing"
"""Database in which SageMaker's Athena dataset inputs make their temporary tables."""


def check_name(name: str, what: str, where: str) -> str:
    """Return `name` if it can serve as tag value, bucket and role name part; raise MeshError otherwise."""
    if not isinstance(name, str) or not NAME_PATTERN.match(name):
        raise MeshError(
            f"{what} '{name}' must be 1 to 39 lower-case letters, digits and single hyphens, starting with a letter",
            where,
        )
    return name


def fit(name: str, limit: int) -> str:
    """Shorten a name to a service's limit; a hash of the whole name keeps shortened names apart."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-')}-{digest}"


def partition(region: str) -> str:
    """AWS partition of a region (`aws`, `aws-cn` or `aws-us-gov`)."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


@dataclass(frozen=True, kw_only=True)
class Place:
    """An account in a region; makes the ARNs of things with known names there."""

    account_id: str
    region: str

    def role_arn(self, name: str) -> str:
        return f"arn:{partition(self.region)}:iam::{self.account_id}:role/{name}"

    @property
    def root_arn(self) -> str:
        """The account as a principal: whoever that account's own IAM policies allow."""
        return f"arn:{partition(self.region)}:iam::{self.account_id}:root"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{partition(self.region)}:{service}:{self.region}:{self.account_id}:{resource}"

    def glue_arns(self, *databases: str) -> list[str]:
        """Catalog, databases and their tables, the three kinds every Glue read is checked against."""
        arns = [self.arn("glue", "catalog")]
        for database in databases:
            arns += [self.arn("glue", f"database/{database}"), self.arn("glue", f"table/{database}/*")]
        return arns

    def bucket_arn(self, bucket: str) -> str:
        return f"arn:{partition(self.region)}:s3:::{bucket}"


@dataclass(frozen=True, kw_only=True)
class Names:
    """Name builder of one mesh; `namespace` keeps meshes in several regions of the same accounts apart."""

    namespace: str

    def product_bucket(self, product: str, place: Place) -> str:
        return fit(f"{self.namespace}-{product}-{place.account_id}-{place.region}", S3_BUCKET_MAX)

    def log_bucket(self, product: str, place: Place) -> str:
        """The suffix comes last, where no product bucket has one: product `cards-logs` keeps its own bucket."""
        return fit(f"{self.namespace}-{product}-{place.account_id}-{place.region}-logs", S3_BUCKET_MAX)

    def registered_location(self, product: str, place: Place) -> str:
        """ARN of the prefix that Lake Formation governs; raw and quarantined objects lie outside it."""
        return f"{place.bucket_arn(self.product_bucket(product, place))}/curated"

    def consumer_bucket(self, consumer: str, purpose: str, place: Place) -> str:
        return fit(f"{self.namespace}-{consumer}-{purpose}-{place.account_id}-{place.region}", S3_BUCKET_MAX)

    def steward_role(self, lob: str) -> str:
        return fit(f"{self.namespace}-steward-{lob}", IAM_ROLE_MAX)

    def registration_role(self, lob: str) -> str:
        return fit(f"{self.namespace}-registration-{lob}", IAM_ROLE_MAX)

    def feature_role(self, consumer: str, purpose: str) -> str:
        """Role that writes a consumer's offline feature store, or that Lake Formation reads it with."""
        return fit(f"{self.namespace}-{consumer}-features-{purpose}", IAM_ROLE_MAX)

    def curation_role(self, product: str) -> str:
        return fit(f"{self.namespace}-curation-{product}", IAM_ROLE_MAX)

    def crawler_role(self, product: str) -> str:
        return fit(f"{self.namespace}-crawler-{product}", IAM_ROLE_MAX)

    def consumer_role(self, role: str) -> str:
        return fit(f"{self.namespace}-{role}", IAM_ROLE_MAX)

    def curation_job(self, product: str) -> str:
        return f"{self.namespace}-curate-{product}"

    def crawler(self, product: str) -> str:
        return f"{self.namespace}-{product}"

    def serving_role(self, serving: str) -> str:
        """Role a model runs as in production; the consumer opens model artefacts to it by this name."""
        return fit(f"{self.namespace}-serving-{serving}", IAM_ROLE_MAX)

    def caller_role(self, serving: str) -> str:
        """Role that applications ask a production endpoint as."""
        return fit(f"{self.namespace}-caller-{serving}", IAM_ROLE_MAX)

    def serving_bucket(self, serving: str, place: Place) -> str:
        return fit(f"{self.namespace}-{serving}-serving-{place.account_id}-{place.region}", S3_BUCKET_MAX)

    def transform_jobs(self, serving: str) -> str:
        """What the names of a serving's transform jobs begin with."""
        return fit(f"{self.namespace}-{serving}", 40)

    def endpoint(self, serving: str) -> str:
        return fit(f"{self.namespace}-{serving}", 63)

    def pipeline(self, group: str) -> str:
        """A group's models are made by one pipeline, which has its name."""
        return self.model_package_group(group)

    def workgroup(self, consumer: str, role: str) -> str:
        return fit(f"{self.namespace}-{consumer}-{role}", 128)

    def domain(self, consumer: str) -> str:
        return fit(f"{self.namespace}-{consumer}", 63)

    def event_bus(self) -> str:
        return f"{self.namespace}-events"

    def model_package_group(self, group: str) -> str:
        return fit(f"{self.namespace}-{group}", 63)


def filter_name(consumer: str, level: str) -> str:
    """Data cells filter of a table for one consumer at one level; both accounts know it beforehand."""
    return f"{consumer}-{level}"


def database_name(product: str) -> str:
    """A product's database in the central catalog carries the product's name."""
    return product


def link_name(product: str) -> str:
    """Resource link in a member account, as the article names it: `rl_<database>`."""
    return f"{LINK_PREFIX}{database_name(product)}"
