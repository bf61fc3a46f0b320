"""One feature group and the table of its offline store, column by column as sensitive as at the source.

Owns the two resources, the column tags and their order. Deliberately not here: the store they are in (`feature_store`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.product_registration import PARQUET_IN, PARQUET_OUT, PARQUET_SERDE
from governance.errors import MeshError
from governance.features import SYSTEM_COLUMNS, FeatureGroup, by_level, physical_name
from governance.levels import DATA_PRODUCT, SENSITIVITY
from governance.names import Names, Place


@dataclass(frozen=True, kw_only=True)
class FeatureTableArgs:
    """What a group and its table need to know."""

    group: FeatureGroup
    consumer: str
    place: Place
    names: Names
    levels: Sequence[str]
    location: pulumi.Input[str]
    """`s3://` address below which Feature Store writes."""
    writer_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    database: pulumi.Input[str]
    published: pulumi.Input[str] | None
    """Version of the contract that the LoB has published."""
    tags: Mapping[str, str]


def feature_group(
    name: str, args: FeatureTableArgs, opts: pulumi.ResourceOptions
) -> aws.sagemaker.FeatureGroup:
    """The group; Feature Store is told of the table and does not make it."""
    part, group = aws.sagemaker, args.group
    online = (
        part.FeatureGroupOnlineStoreConfigArgs(
            enable_online_store=True,
            security_config=part.FeatureGroupOnlineStoreConfigSecurityConfigArgs(kms_key_id=args.key_arn),
        )
        if group.online
        else None
    )
    return part.FeatureGroup(
        f"{name}-group",
        feature_group_name=physical_name(args.names, args.consumer, group.name),
        description=f"{group.table} of {group.product}, contract {group.contract_version}"[:128],
        record_identifier_feature_name=group.record_id,
        event_time_feature_name=group.event_time,
        feature_definitions=[
            part.FeatureGroupFeatureDefinitionArgs(feature_name=feature.name, feature_type=feature.kind)
            for feature in group.features
        ],
        online_store_config=online,
        offline_store_config=part.FeatureGroupOfflineStoreConfigArgs(
            disable_glue_table_creation=True,
            data_catalog_config=part.FeatureGroupOfflineStoreConfigDataCatalogConfigArgs(
                catalog="AwsDataCatalog", database=args.database, table_name=group.offline_table
            ),
            s3_storage_config=part.FeatureGroupOfflineStoreConfigS3StorageConfigArgs(
                s3_uri=args.location, kms_key_id=args.key_arn
            ),
        ),
        role_arn=args.writer_arn,
        tags={**args.tags, "data-product": group.product},
        opts=opts,
    )


def feature_table(
    name: str, args: FeatureTableArgs, made: aws.sagemaker.FeatureGroup, opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """The table over the group's Parquet files with its tags; the last of the list stands when all do."""
    group = args.group
    comments = {feature.name: feature.comment for feature in group.features}
    columns = {feature.name: feature.stored_type for feature in group.features} | SYSTEM_COLUMNS
    table = aws.glue.CatalogTable(
        f"{name}-table",
        name=group.offline_table,
        catalog_id=args.place.account_id,
        database_name=args.database,
        description=f"Offline store of feature group {group.name}: {group.table} of {group.product}",
        table_type="EXTERNAL_TABLE",
        parameters={
            "EXTERNAL": "TRUE",
            "classification": "parquet",
            "data_product": group.product,
            "contract_version": _same_version(args),
            "record_identifier": group.record_id,
            "event_time": group.event_time,
        },
        storage_descriptor=aws.glue.CatalogTableStorageDescriptorArgs(
            location=made.offline_store_config.apply(_data),
            columns=[
                aws.glue.CatalogTableStorageDescriptorColumnArgs(
                    name=column, type=kind, comment=comments.get(column, "")[:255] or None
                )
                for column, kind in columns.items()
            ],
            input_format=PARQUET_IN,
            output_format=PARQUET_OUT,
            ser_de_info=aws.glue.CatalogTableStorageDescriptorSerDeInfoArgs(
                name="parquet", serialization_library=PARQUET_SERDE, parameters={"serialization.format": "1"}
            ),
        ),
        opts=opts,
    )
    return [table, *_tags(name, args, table, opts.parent)]


def _same_version(args: FeatureTableArgs) -> pulumi.Input[str]:
    """The contract's version, if it is the one that is published: another one may classify columns otherwise."""
    group = args.group
    if args.published is None:
        return group.contract_version

    def checked(version: Any) -> str:
        if str(version) != group.contract_version:
            raise MeshError(
                f"is made from contract {group.contract_version} and the LoB has published {version}; take that "
                "contract, or bring the LoB's stack up first",
                f"mesh:features.{group.name}",
            )
        return group.contract_version

    return pulumi.Output.from_input(args.published).apply(checked)


def _data(config: Any) -> str:
    """Where the group's files go: a folder that Feature Store names at creation, or else the address it lies below."""
    storage = config.s3_storage_config
    return str(storage.resolved_output_s3_uri or storage.s3_uri)


def _tags(
    name: str, args: FeatureTableArgs, table: aws.glue.CatalogTable, parent: pulumi.Resource | None
) -> list[pulumi.Resource]:
    """Product on the table, sensitivity on each column; one after the other, since they change one table."""
    part, account = aws.lakeformation, args.place.account_id
    made: list[pulumi.Resource] = [
        part.ResourceLfTags(
            f"{name}.{DATA_PRODUCT}",
            catalog_id=account,
            table=part.ResourceLfTagsTableArgs(
                catalog_id=account, database_name=table.database_name, name=table.name
            ),
            lf_tags=[
                part.ResourceLfTagsLfTagArgs(catalog_id=account, key=DATA_PRODUCT, value=args.group.product)
            ],
            opts=pulumi.ResourceOptions(parent=parent),
        )
    ]
    for level, columns in by_level(args.group, args.levels).items():
        made.append(
            part.ResourceLfTags(
                f"{name}.{SENSITIVITY}.{level}",
                catalog_id=account,
                table_with_columns=part.ResourceLfTagsTableWithColumnsArgs(
                    catalog_id=account,
                    database_name=table.database_name,
                    name=table.name,
                    column_names=list(columns),
                ),
                lf_tags=[part.ResourceLfTagsLfTagArgs(catalog_id=account, key=SENSITIVITY, value=level)],
                opts=pulumi.ResourceOptions(parent=parent, depends_on=made[-1:]),
            )
        )
    return made
