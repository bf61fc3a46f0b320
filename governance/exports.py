"""The exports contract of each stack role: what who exports, who reads and the tests agree on.

Keys are camelCase because they are also what `pulumi stack output --json` shows to people and scripts.
Only what AWS makes, or what proves an order between stacks, is exported; facts known beforehand are configuration.
"""

from __future__ import annotations

from typing import TypedDict


class CentralExports(TypedDict):
    """Exports of the governance account's stack."""

    accountId: str
    region: str
    catalogKeyArn: str
    """Key that encrypts the Data Catalog; readers in member accounts need kms:Decrypt on it."""
    eventBusArn: str
    stewardRoleArns: dict[str, str]
    """LoB -> role in the central account through which that LoB registers and shares its products."""
    registrationRoleArns: dict[str, str]
    """LoB -> role Lake Formation reads and writes that LoB's buckets with."""
    databases: dict[str, str]
    """Product -> its database in the central catalog."""


class ProductExports(TypedDict):
    """One data product in a producer's exports."""

    database: str
    tables: list[str]
    contractVersion: str
    bucket: str
    keyArn: str
    curationJob: str
    curationRoleArn: str
    crawler: str
    resourceLink: str


class ProducerExports(TypedDict):
    """Exports of a LoB's stack."""

    lob: str
    accountId: str
    region: str
    products: dict[str, ProductExports]
    contracts: dict[str, str]
    """Product -> its contract as deployed (`contracts.record`), for the next run to compare with."""


class SubscribedProduct(TypedDict):
    """One product as a consumer account sees it."""

    lob: str
    catalogId: str
    database: str
    resourceLink: str
    tables: list[str]
    contractVersion: str


class FeatureGroupExports(TypedDict):
    """One feature group of a consumer account."""

    group: str
    """Its name in SageMaker."""
    product: str
    table: str
    """The product's table it is made of."""
    database: str
    offlineTable: str
    recordIdentifier: str
    eventTime: str
    ingestionTime: bool
    online: bool
    role: str
    """Role that ingests."""
    columns: dict[str, str]
    """Feature -> type of the product's column."""


class ConsumerExports(TypedDict):
    """Exports of a consumer account's stack."""

    accountId: str
    region: str
    roles: dict[str, str]
    """Role name -> ARN."""
    workgroups: dict[str, str]
    """Role name -> its Athena workgroup."""
    resultsBucket: str
    modelsBucket: str
    keyArn: str
    resourceLinks: dict[str, str]
    products: dict[str, SubscribedProduct]
    processingDatabase: str
    modelPackageGroup: str
    domainId: str
    featureGroups: dict[str, FeatureGroupExports]
    pipeline: dict[str, str]
    """`name` and `arn` of the training pipeline; empty without one."""


class ProductionExports(TypedDict):
    """Exports of a production account's stack; what is not there before a version was promoted is empty."""

    accountId: str
    region: str
    serving: str
    mode: str
    roleArn: str
    """Role the model runs as, and that transform jobs are started for."""
    keyArn: str
    bucket: str
    """Where transform jobs read and write and an endpoint keeps what it captures."""
    modelPackage: str
    """ARN of the version that is served."""
    model: str
    """Name of the SageMaker model made of it."""
    endpoint: str
    """Name of the endpoint; empty in batch mode."""
    callerRoleArn: str
    """Role that may ask the endpoint, or start transform jobs in batch mode."""
    transformJobs: str
    """What names of transform jobs begin with."""
    instanceType: str
    instanceCount: int
