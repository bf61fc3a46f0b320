"""A data product: its data and curation in the LoB's account, its tables, tags and shares in the central catalog.

The data never leaves the LoB's bucket. What goes to the central account goes through the LoB's steward provider, so
Lake Formation, not trust, keeps a LoB to its own products. Storage and processing are `product_storage`, the
central half is `product_registration`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.dynamic_session import Actor
from components.lake import Granter
from components.product_crawler import ProductCrawler, ProductCrawlerArgs
from components.product_registration import ProductRegistration, ProductRegistrationArgs
from components.product_storage import ProductStorage, ProductStorageArgs
from components.regrant import Regrant, location, tag_policy
from components.share_acceptance import ShareAcceptance
from governance.contracts import Contract
from governance.errors import MeshError
from governance.levels import owner_expression, product_expression
from governance.names import Names, Place, database_name, link_name
from governance.settings import Share


@dataclass(frozen=True, kw_only=True)
class DataProductArgs:
    """Inputs of a DataProduct."""

    contract: Contract
    """What the product promises: tables, columns, classifications, quality."""

    lob: str
    """Line of business that owns it; the central account knows it by this name."""

    place: Place
    """The LoB's account and region."""

    central: Place
    """The governance account and region."""

    names: Names
    """Physical names of the mesh."""

    levels: Sequence[str]
    """Sensitivity levels from open to closed."""

    steward: aws.Provider
    """Provider of the central account through the LoB's steward role."""

    admin: Actor
    """The deploy role, Lake Formation administrator of the LoB's account; passes grants on to the job roles."""

    catalog_key_arn: pulumi.Input[str]
    """Key of the central catalog."""

    shares: Sequence[Share] = ()
    """Consumer accounts the product is opened to."""

    organization_id: str | None = None
    """With an Organization, what the central account shares back needs no acceptance."""

    schedule: str | None = None
    """Glue cron expression of the curation job; None leaves it to be started."""

    disposable: bool = False
    """Whether destroying the stack may delete data."""

    tags: Mapping[str, str] = field(default_factory=dict)
    """Added to the provider's default tags."""

    after: Sequence[pulumi.Resource] = ()
    """What must stand first in the LoB's account: its Lake Formation settings."""

    def __post_init__(self) -> None:
        consumers = [share.consumer for share in self.shares]
        for consumer in consumers:
            if consumers.count(consumer) > 1:
                raise MeshError(f"'{consumer}' twice; keep one share", "DataProductArgs.shares")
        for share in self.shares:
            if share.clearance not in self.levels:
                raise MeshError(f"clearance '{share.clearance}' is no level", "DataProductArgs.shares")


class DataProduct(pulumi.ComponentResource):
    """One governed product of a LoB."""

    bucket: pulumi.Output[str]
    key_arn: pulumi.Output[str]
    curation_job: pulumi.Output[str]
    curation_role_arn: pulumi.Output[str]
    crawler: pulumi.Output[str]
    resource_link: pulumi.Output[str]
    tables: list[pulumi.Output[str]]

    def __init__(self, name: str, args: DataProductArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mesh:products:DataProduct", name, None, opts)
        product = args.contract.product
        child = pulumi.ResourceOptions(parent=self)
        tags = {**args.tags, "data-product": product}
        storage = ProductStorage(
            f"{name}-storage",
            ProductStorageArgs(
                contract=args.contract,
                place=args.place,
                central=args.central,
                names=args.names,
                registration_role_arn=args.central.role_arn(args.names.registration_role(args.lob)),
                catalog_key_arn=args.catalog_key_arn,
                schedule=args.schedule,
                disposable=args.disposable,
                tags=tags,
            ),
            opts=child,
        )
        registration = ProductRegistration(
            f"{name}-catalog",
            ProductRegistrationArgs(
                contract=args.contract,
                lob=args.lob,
                bucket=storage.bucket,
                producer_account=args.place.account_id,
                central=args.central,
                location_arn=args.names.registered_location(product, args.place),
                levels=args.levels,
                shares=args.shares,
            ),
            opts=pulumi.ResourceOptions(parent=self, providers=[args.steward]),
        )
        shared: list[pulumi.Resource] = [*registration.shares]
        if args.organization_id is None:
            shared.append(
                ShareAcceptance(
                    f"{name}-shares",
                    actor=args.admin,
                    owner_account=args.central.account_id,
                    expects=registration.tables,
                    opts=pulumi.ResourceOptions(parent=self, depends_on=registration.shares),
                )
            )
        link = aws.glue.CatalogDatabase(
            f"{name}-link",
            name=link_name(product),
            target_database=aws.glue.CatalogDatabaseTargetDatabaseArgs(
                catalog_id=args.central.account_id, database_name=database_name(product)
            ),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*args.after, *shared]),
        )
        crawler = ProductCrawler(
            f"{name}-crawler",
            ProductCrawlerArgs(
                contract=args.contract,
                place=args.place,
                central=args.central,
                names=args.names,
                bucket=args.names.product_bucket(product, args.place),  # the link stands behind it
                link=link.name,
                key_arn=storage.key_arn,
                catalog_key_arn=args.catalog_key_arn,
                security_configuration=storage.security_configuration,
                tags=tags,
            ),
            opts=child,
        )
        for role, role_arn in (("curation", storage.curation_role_arn), ("crawler", crawler.role_arn)):
            _open_own_product(f"{name}-{role}", args, role_arn, link, child)
        self.bucket = storage.bucket
        self.key_arn = storage.key_arn
        self.curation_job = storage.curation_job
        self.curation_role_arn = storage.curation_role_arn
        self.crawler = crawler.crawler
        self.resource_link = link.name
        self.tables = registration.tables
        self.register_outputs(
            {
                "bucket": self.bucket,
                "key_arn": self.key_arn,
                "curation_job": self.curation_job,
                "curation_role_arn": self.curation_role_arn,
                "crawler": self.crawler,
                "resource_link": self.resource_link,
                "tables": self.tables,
            }
        )


def _open_own_product(
    name: str,
    args: DataProductArgs,
    role_arn: pulumi.Output[str],
    link: aws.glue.CatalogDatabase,
    child: pulumi.ResourceOptions,
) -> None:
    """Let one of the product's own job roles see the link and keep the tables behind it up to date."""
    product = args.contract.product
    after = pulumi.ResourceOptions(parent=child.parent, depends_on=[link])
    Granter(name=name, principal=role_arn, catalog=args.place, opts=child).database(
        "link", link.name, ["DESCRIBE"]
    )
    central = args.central.account_id
    passed_on = {
        "database": (tag_policy(central, "DATABASE", product_expression(product)), ["DESCRIBE"]),
        "tables": (
            tag_policy(central, "TABLE", owner_expression(args.lob, product)),
            ["ALTER", "DESCRIBE", "SELECT"],
        ),
        "location": (
            location(central, args.names.registered_location(product, args.place)),
            ["DATA_LOCATION_ACCESS"],
        ),
    }
    for what, (resource, permissions) in passed_on.items():
        Regrant(
            f"{name}-{what}",
            actor=args.admin,
            principal=role_arn,
            resource=resource,
            permissions=permissions,
            opts=after,
        )
