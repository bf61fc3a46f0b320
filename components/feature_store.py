"""A consumer's feature store: feature groups made from contracts, their offline tables governed by Lake Formation.

The offline store is a copy of governed data in the consumer's own account, so it gets what the source has: a registered
location, LF-tags per column, and grants up to each role's clearance. Rows are brought by `training.feature_store.ingest`.
Why the tables are made here and not by Feature Store: docs/adr/0010-feature-store-tables.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.documents import Document, service_trust
from components.feature_documents import (
    PREFIX,
    feature_role_policy,
    features_bucket_policy,
    offline_reader_policy,
    offline_writer_policy,
)
from components.feature_table import FeatureTableArgs, feature_group, feature_table
from components.lake import Granter
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from governance.errors import MeshError
from governance.features import FeatureGroup, features_database, physical_name
from governance.levels import DATA_PRODUCT, SENSITIVITY, clearance_expression, lowest
from governance.names import Names, Place
from governance.settings import ConsumerRole


@dataclass(frozen=True, kw_only=True)
class FeatureStoreArgs:
    """Inputs of a FeatureStore."""

    consumer: str
    """Name of the consumer in the mesh."""

    place: Place
    """Its account and region."""

    names: Names
    """Physical names of the mesh."""

    levels: Sequence[str]
    """Sensitivity levels from open to closed."""

    roles: Sequence[ConsumerRole]
    """Roles and their clearances."""

    role_arns: Mapping[str, pulumi.Output[str]]
    """Role name -> ARN."""

    groups: Sequence[FeatureGroup]
    """Feature groups; at least one."""

    key_arn: pulumi.Input[str]
    """The consumer's key; encrypts both stores."""

    published: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Product -> version of the contract that its LoB has published."""

    after: Sequence[pulumi.Resource] = ()
    """What must stand first: the account's Lake Formation settings."""

    disposable: bool = False
    """Whether destroying the stack may delete the offline store."""

    tags: Mapping[str, str] = field(default_factory=dict)
    """Added to the provider's default tags."""

    def __post_init__(self) -> None:
        if not self.groups:
            raise MeshError("name at least one feature group", "FeatureStoreArgs.groups")


class FeatureStore(pulumi.ComponentResource):
    """Bucket, registered location, database, LF-tags, feature groups with their tables, and the roles' rights."""

    database: pulumi.Output[str]
    bucket: pulumi.Output[str]
    groups: dict[str, pulumi.Output[str]]
    """Group -> its name in SageMaker, known once its table stands and is tagged."""

    def __init__(self, name: str, args: FeatureStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mesh:ml:FeatureStore", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket_name = args.names.consumer_bucket(args.consumer, "features", args.place)
        arn = args.place.bucket_arn(bucket_name)
        reader, may_read = _role(
            name,
            args,
            "reader",
            "lakeformation.amazonaws.com",
            offline_reader_policy(arn, args.key_arn),
            child,
        )
        writer, may_write = _role(
            name, args, "writer", "sagemaker.amazonaws.com", offline_writer_policy(arn, args.key_arn), child
        )
        self.bucket = PrivateBucket(
            f"{name}-features",
            PrivateBucketArgs(
                bucket=bucket_name,
                policy=features_bucket_policy(arn, reader.arn, writer.arn),
                key_arn=args.key_arn,
                disposable=args.disposable,
                tags=args.tags,
            ),
            opts=child,
        ).name
        location = aws.lakeformation.Resource(
            f"{name}-location",
            arn=self.bucket.apply(lambda made: f"{args.place.bucket_arn(made)}/{PREFIX}"),
            role_arn=reader.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*args.after, may_read]),
        )
        tags = _lf_tags(name, args, self)
        database = aws.glue.CatalogDatabase(
            f"{name}-database",
            name=features_database(args.names),
            description=f"Offline feature stores of {args.consumer}",
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*args.after, *tags, location]),
        )
        self.groups = {}
        made_groups: list[pulumi.Resource] = []
        for group in args.groups:
            table = FeatureTableArgs(
                group=group,
                consumer=args.consumer,
                place=args.place,
                names=args.names,
                levels=args.levels,
                location=pulumi.Output.concat("s3://", self.bucket, f"/{PREFIX}/{group.name}"),
                writer_arn=writer.arn,
                key_arn=args.key_arn,
                database=database.name,
                published=args.published.get(group.product),
                tags=args.tags,
            )
            # SageMaker makes at most four feature groups of an account at a time.
            made = feature_group(
                f"{name}-{group.name}",
                table,
                pulumi.ResourceOptions(parent=self, depends_on=[may_write, *made_groups[-4:-3]]),
            )
            made_groups.append(made)
            parts = feature_table(
                f"{name}-{group.name}",
                table,
                made,
                pulumi.ResourceOptions(parent=self, depends_on=[location]),
            )
            self.groups[group.name] = pulumi.Output.all(
                made.feature_group_name, *(part.urn for part in parts)
            ).apply(lambda values: str(values[0]))
        for role in args.roles:
            _open(f"{name}-{role.name}", args, role, database, tags, self)
        self.database = database.name
        self.register_outputs({"database": self.database, "bucket": self.bucket, "groups": self.groups})


def _role(
    name: str,
    args: FeatureStoreArgs,
    purpose: str,
    service: str,
    policy: Document,
    opts: pulumi.ResourceOptions,
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    """A role for a service of this account.

    No aws:SourceAccount in its trust: AWS documents neither Feature Store nor Lake Formation to send it, and a condition
    that is never met would close the store.
    """
    role = aws.iam.Role(
        f"{name}-{purpose}",
        name=args.names.feature_role(args.consumer, purpose),
        description=f"The one {purpose} of {args.consumer}'s offline feature store",
        assume_role_policy=json.dumps(service_trust(service)),
        tags=dict(args.tags),
        opts=opts,
    )
    made = aws.iam.RolePolicy(
        f"{name}-{purpose}-policy", role=role.name, policy=pulumi.Output.json_dumps(policy), opts=opts
    )
    return role, made


def _lf_tags(name: str, args: FeatureStoreArgs, parent: pulumi.Resource) -> list[aws.lakeformation.LfTag]:
    """This account's own tags, in the words of the central catalog's: an account can only tag with its own."""
    values = {
        DATA_PRODUCT: sorted({group.product for group in args.groups}),
        SENSITIVITY: sorted(args.levels),
    }
    return [
        aws.lakeformation.LfTag(
            f"{name}-tag-{key}",
            catalog_id=args.place.account_id,
            key=key,
            values=found,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=list(args.after)),
        )
        for key, found in values.items()
    ]


def _open(
    name: str,
    args: FeatureStoreArgs,
    role: ConsumerRole,
    database: aws.glue.CatalogDatabase,
    tags: Sequence[pulumi.Resource],
    parent: pulumi.Resource,
) -> None:
    """What a role reads of each product here is what it reads of it at the source, and IAM lets it ask."""
    arn = args.role_arns[role.name]
    grants = Granter(
        name=name,
        principal=arn,
        catalog=args.place,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*args.after, *tags]),
    )
    grants.database("database", database.name, ["DESCRIBE"])
    shared = {group.product: group.shared for group in args.groups}
    for product, clearance in sorted(shared.items()):
        level = lowest(role.clearance, clearance, args.levels)
        # A dot, which names have none of: no role and product together are called as others are.
        grants.policy(
            f"reads.{product}",
            "TABLE",
            clearance_expression(product, level, args.levels),
            ["DESCRIBE", "SELECT"],
        )

    def physical(groups: Sequence[FeatureGroup]) -> list[str]:
        return [physical_name(args.names, args.consumer, group.name) for group in groups]

    policy = feature_role_policy(
        args.place,
        features_database(args.names),
        physical(args.groups),
        physical([group for group in args.groups if group.role == role.name]),
        physical(
            [
                group
                for group in args.groups
                if group.online and group.readable_online(role.clearance, args.levels)
            ]
        ),
    )
    aws.iam.RolePolicy(
        f"{name}-policy",
        role=arn.apply(lambda _: args.names.consumer_role(role.name)),  # once the role is there
        policy=json.dumps(policy),
        opts=pulumi.ResourceOptions(parent=parent),
    )
