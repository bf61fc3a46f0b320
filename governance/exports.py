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


class SubscribedProduct(TypedDict):
    """One product as a consumer account sees it."""

    lob: str
    catalogId: str
    database: str
    resourceLink: str
    tables: list[str]
    contractVersion: str


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
