"""The crawler in the LoB's account that keeps partitions and statistics of a product's tables current.

It reads the data with Lake Formation's credentials and never changes a schema: the contract says what the columns
are, and a difference is only logged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.documents import service_trust
from components.inputs import document_text, s3_url
from components.role_documents import crawler_policy
from governance.contracts import Contract
from governance.names import Names, Place


@dataclass(frozen=True, kw_only=True)
class ProductCrawlerArgs:
    """Inputs of a ProductCrawler."""

    contract: Contract
    """Whose tables are crawled."""

    place: Place
    """The LoB's account and region."""

    central: Place
    """Account whose catalog holds the tables."""

    names: Names
    """Physical names of the mesh."""

    bucket: pulumi.Input[str]
    """Bucket with the curated data."""

    link: pulumi.Input[str]
    """Resource link through which the tables are reached."""

    key_arn: pulumi.Input[str]
    """Key of the crawler's logs."""

    catalog_key_arn: pulumi.Input[str]
    """Key of the central catalog, which the crawler needs to write there."""

    security_configuration: pulumi.Input[str]
    """Glue security configuration."""

    tags: Mapping[str, str]
    """Tags of everything here."""


class ProductCrawler(pulumi.ComponentResource):
    """Crawler and its role."""

    crawler: pulumi.Output[str]
    role_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ProductCrawlerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mesh:products:ProductCrawler", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        product = args.contract.product
        role = aws.iam.Role(
            f"{name}-role",
            name=args.names.crawler_role(product),
            description=f"Crawls the data product {product}",
            assume_role_policy=json.dumps(
                service_trust("glue.amazonaws.com", account_id=args.place.account_id)
            ),
            tags=dict(args.tags),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=document_text(
                crawler_policy(args.place, args.central, product, args.key_arn, args.catalog_key_arn)
            ),
            opts=child,
        )
        crawler = aws.glue.Crawler(
            f"{name}-crawler",
            name=args.names.crawler(product),
            role=role.arn,
            database_name=args.link,
            s3_targets=[
                aws.glue.CrawlerS3TargetArgs(path=s3_url(args.bucket, f"curated/{table.name}/"))
                for table in args.contract.tables
            ],
            lake_formation_configuration=aws.glue.CrawlerLakeFormationConfigurationArgs(
                account_id=args.central.account_id, use_lake_formation_credentials=True
            ),
            schema_change_policy=aws.glue.CrawlerSchemaChangePolicyArgs(
                update_behavior="LOG", delete_behavior="LOG"
            ),
            recrawl_policy=aws.glue.CrawlerRecrawlPolicyArgs(recrawl_behavior="CRAWL_EVERYTHING"),
            configuration=json.dumps(
                {
                    "Version": 1.0,
                    "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}},
                    "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"},
                }
            ),
            security_configuration=args.security_configuration,
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.crawler = crawler.name
        self.role_arn = role.arn
        self.register_outputs({"crawler": self.crawler, "role_arn": self.role_arn})
