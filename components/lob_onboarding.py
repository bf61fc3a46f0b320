"""What the governance account holds for one LoB: where its data lies, its databases, and the role it acts through.

The steward role may register and share the LoB's approved products and nothing else; Lake Formation holds it to
the tag expressions granted here. Shares themselves are the LoB's own stack's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.documents import account_trust, service_trust
from components.lake import Granter
from components.role_documents import registration_policy, sharing_policy, steward_policy
from governance.errors import MeshError
from governance.levels import (
    DATA_PRODUCT,
    DOMAIN,
    SENSITIVITY,
    clearance_expression,
    owner_expression,
    product_expression,
)
from governance.names import Names, Place, database_name
from governance.settings import Lob


@dataclass(frozen=True, kw_only=True)
class LobOnboardingArgs:
    """Inputs of a LobOnboarding."""

    lob: Lob
    """The LoB, its account and approved products."""

    central: Place
    """The governance account."""

    names: Names
    """Physical names of the mesh."""

    levels: Sequence[str]
    """Sensitivity levels from open to closed."""

    catalog_key_arn: pulumi.Input[str]
    """Key of the catalog, which the steward needs to write in it."""

    external_id: str | None = None
    """External id that the steward role asks for."""

    after: Sequence[pulumi.Resource] = ()
    """What must stand before anything is made or granted here: settings, encryption, LF-tags."""

    def __post_init__(self) -> None:
        if not self.levels:
            raise MeshError("name at least one sensitivity level", "LobOnboardingArgs.levels")


class LobOnboarding(pulumi.ComponentResource):
    """Registration role and locations, steward role and its grants, one tagged database per approved product."""

    steward_role_arn: pulumi.Output[str]
    registration_role_arn: pulumi.Output[str]
    databases: dict[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: LobOnboardingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mesh:governance:LobOnboarding", name, None, opts)
        waits = list(args.after)
        child = pulumi.ResourceOptions(parent=self, depends_on=waits)
        producer = Place(account_id=args.lob.account_id, region=args.central.region)
        registration, ready = _registration_role(name, args, producer, child)
        locations = {
            product: aws.lakeformation.Resource(
                f"{name}-location-{product}",
                arn=args.names.registered_location(product, producer),
                role_arn=registration.arn,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[*waits, ready]),
            )
            for product in args.lob.products
        }
        steward = _steward_role(name, args, producer, child)
        databases = {
            product: _database(name, args, product, producer, child) for product in args.lob.products
        }
        grants = Granter(
            name=f"{name}-steward",
            principal=steward.arn,
            catalog=args.central,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[*databases.values(), *locations.values()] or waits
            ),
        )
        if args.lob.products:
            _grant_tags(grants, args)
        for product in args.lob.products:
            _grant_product(grants, args, product, locations[product])
        self.steward_role_arn = steward.arn
        self.registration_role_arn = registration.arn
        self.databases = {product: database.name for product, database in databases.items()}
        self.register_outputs(
            {
                "steward_role_arn": self.steward_role_arn,
                "registration_role_arn": self.registration_role_arn,
                "databases": self.databases,
            }
        )


def _registration_role(
    name: str, args: LobOnboardingArgs, producer: Place, opts: pulumi.ResourceOptions
) -> tuple[aws.iam.Role, pulumi.Resource]:
    """The role Lake Formation reads the LoB's buckets with; the service-linked role cannot cross accounts."""
    role = aws.iam.Role(
        f"{name}-registration",
        name=args.names.registration_role(args.lob.name),
        description=f"Lake Formation's access to the data of {args.lob.name}",
        assume_role_policy=json.dumps(service_trust("lakeformation.amazonaws.com")),
        opts=opts,
    )
    if not args.lob.products:
        return role, role
    buckets = [
        producer.bucket_arn(args.names.product_bucket(product, producer)) for product in args.lob.products
    ]
    policy = aws.iam.RolePolicy(
        f"{name}-registration-policy",
        role=role.name,
        policy=json.dumps(registration_policy(buckets, producer)),
        opts=opts,
    )
    return role, policy


def _steward_role(
    name: str, args: LobOnboardingArgs, producer: Place, opts: pulumi.ResourceOptions
) -> aws.iam.Role:
    """The LoB's hand in this account, assumable from the LoB's account only."""
    role = aws.iam.Role(
        f"{name}-steward",
        name=args.names.steward_role(args.lob.name),
        description=f"Registers and shares the data products of {args.lob.name}",
        assume_role_policy=json.dumps(account_trust(producer, args.lob.steward_callers, args.external_id)),
        opts=opts,
    )
    aws.iam.RolePolicy(
        f"{name}-steward-policy",
        role=role.name,
        policy=pulumi.Output.json_dumps(
            steward_policy(args.central, args.lob.products, args.catalog_key_arn)
        ),
        opts=opts,
    )
    aws.iam.RolePolicy(
        f"{name}-steward-sharing",
        role=role.name,
        policy=json.dumps(sharing_policy(args.central)),
        opts=opts,
    )
    return role


def _database(
    name: str, args: LobOnboardingArgs, product: str, producer: Place, opts: pulumi.ResourceOptions
) -> aws.glue.CatalogDatabase:
    """An approved product's database; whatever is not classified in it starts at the most closed level."""
    database = aws.glue.CatalogDatabase(
        f"{name}-database-{product}",
        name=database_name(product),
        catalog_id=args.central.account_id,
        description=f"Data product {product} of {args.lob.name}",
        location_uri=f"s3://{args.names.product_bucket(product, producer)}/curated",
        tags={"data-product": product, "lob": args.lob.name},
        opts=opts,
    )
    tags = {DOMAIN: args.lob.name, DATA_PRODUCT: product, SENSITIVITY: args.levels[-1]}
    aws.lakeformation.ResourceLfTags(
        f"{name}-database-{product}-tags",
        catalog_id=args.central.account_id,
        database=aws.lakeformation.ResourceLfTagsDatabaseArgs(
            name=database.name, catalog_id=args.central.account_id
        ),
        lf_tags=[
            aws.lakeformation.ResourceLfTagsLfTagArgs(
                key=key, value=value, catalog_id=args.central.account_id
            )
            for key, value in tags.items()
        ],
        opts=opts,
    )
    return database


def _grant_tags(grants: Granter, args: LobOnboardingArgs) -> None:
    """The steward classifies columns; which domain and product things belong to is decided here."""
    grants.tag(SENSITIVITY, args.levels, ["ASSOCIATE", "DESCRIBE"])
    grants.tag(DOMAIN, [args.lob.name], ["ASSOCIATE", "DESCRIBE"])
    grants.tag(DATA_PRODUCT, args.lob.products, ["ASSOCIATE", "DESCRIBE"])


def _grant_product(
    grants: Granter, args: LobOnboardingArgs, product: str, location: aws.lakeformation.Resource
) -> None:
    """What the steward holds is, to the letter of each expression, what it may pass on."""
    read = ["DESCRIBE", "SELECT"]
    grants.policy(
        f"{product}-database",
        "DATABASE",
        product_expression(product),
        ["CREATE_TABLE", "DESCRIBE"],
        ["DESCRIBE"],
    )
    for level in args.levels:
        grants.policy(
            f"{product}-{level}", "TABLE", clearance_expression(product, level, args.levels), read, read
        )
    own = [*read, "ALTER"]
    grants.policy(f"{product}-own", "TABLE", owner_expression(args.lob.name, product), own, own)
    grants.location(f"{product}-location", location.arn, grantable=True)
