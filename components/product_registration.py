"""A product's half in the central catalog: tables after the contract, sensitivity of each column, and the shares.

Made through the LoB's steward provider. Databases, and what the steward may grant at all, are the central stack's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.inputs import s3_url
from components.lake import Granter
from governance.contracts import Contract, Table, catalog_parameters
from governance.levels import (
    SENSITIVITY,
    clearance_expression,
    cleared_levels,
    owner_expression,
    product_expression,
)
from governance.names import Place, database_name, filter_name
from governance.settings import Share
from governance.sharing import filter_columns

FIGURES = ("completeness", "validity", "rows", "quarantined", "batch", "updated")
"""Quality figures that the curation job keeps in the tables' parameters as `quality_<figure>`."""

PARQUET_IN = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
PARQUET_OUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
PARQUET_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"


@dataclass(frozen=True, kw_only=True)
class ProductRegistrationArgs:
    """Inputs of a ProductRegistration."""

    contract: Contract
    """Tables, columns, types and classifications."""

    lob: str
    """Owner, as the `domain` tag names it."""

    bucket: pulumi.Input[str]
    """Bucket with the curated data."""

    producer_account: str
    """The LoB's account, whose job roles keep the tables up to date."""

    central: Place
    """The governance account."""

    location_arn: str
    """Registered location of the data."""

    levels: Sequence[str]
    """Sensitivity levels from open to closed."""

    shares: Sequence[Share]
    """Consumer accounts and their clearances."""


class ProductRegistration(pulumi.ComponentResource):
    """Tables, column tags and grants of one product in the central catalog."""

    tables: list[pulumi.Output[str]]
    shares: list[aws.lakeformation.Permissions]
    """Grants to accounts; what is passed on to roles there waits for them."""

    def __init__(
        self, name: str, args: ProductRegistrationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mesh:products:ProductRegistration", name, None, opts)
        tables: list[aws.glue.CatalogTable] = []
        classified: list[pulumi.Resource] = []
        for table in args.contract.tables:
            tables.append(_table(name, args, table, self))
            # A table's tags follow one another: whoever waits for the last one waits for the table and all its tags.
            classified.append(_classify(name, args, table, tables[-1], self)[-1])
        own = _share_with_producer(name, args, self, classified)
        after = pulumi.ResourceOptions(parent=self, depends_on=own[:1])
        self.shares = own
        for share in args.shares:
            self.shares += _share(name, args, share, after)
        self.tables = [table.name for table in tables]
        self.register_outputs({"tables": self.tables})


def _table(
    name: str, args: ProductRegistrationArgs, table: Table, parent: pulumi.Resource
) -> aws.glue.CatalogTable:
    """A contract's table. The quality figures start unmeasured and belong to the curation job from then on."""
    figures = {f"quality_{figure}": "unmeasured" for figure in FIGURES}
    columns = [
        aws.glue.CatalogTableStorageDescriptorColumnArgs(
            name=column.name, type=column.glue_type, comment=column.description[:255] or None
        )
        for column in table.columns
    ]
    return aws.glue.CatalogTable(
        f"{name}-table-{table.name}",
        name=table.name,
        catalog_id=args.central.account_id,
        database_name=database_name(args.contract.product),
        description=table.description[:2048] or None,
        owner=args.contract.owner or None,
        table_type="EXTERNAL_TABLE",
        parameters={
            "EXTERNAL": "TRUE",
            "classification": "parquet",
            **catalog_parameters(args.contract, table),
            **figures,
        },
        storage_descriptor=aws.glue.CatalogTableStorageDescriptorArgs(
            location=s3_url(args.bucket, f"curated/{table.name}/"),
            columns=columns,
            input_format=PARQUET_IN,
            output_format=PARQUET_OUT,
            ser_de_info=aws.glue.CatalogTableStorageDescriptorSerDeInfoArgs(
                name="parquet", serialization_library=PARQUET_SERDE, parameters={"serialization.format": "1"}
            ),
        ),
        opts=pulumi.ResourceOptions(
            parent=parent, ignore_changes=[f"parameters.{figure}" for figure in figures]
        ),
    )


def _classify(
    name: str,
    args: ProductRegistrationArgs,
    table: Table,
    made: aws.glue.CatalogTable,
    parent: pulumi.Resource,
) -> list[aws.lakeformation.ResourceLfTags]:
    """Tag every column with its classification, one resource per level; one after the other, since they change one table.

    Tags are set and never taken off: another level overwrites, and with a column or table its tags are gone. Taking off
    what a changed list of columns replaces would come after the new tags are set, and take those off too.
    """
    tags: list[aws.lakeformation.ResourceLfTags] = []
    for level in args.levels:
        columns = sorted(column.name for column in table.columns if column.classification == level)
        if not columns:
            continue
        tags.append(
            aws.lakeformation.ResourceLfTags(
                f"{name}-{table.name}-{level}",
                catalog_id=args.central.account_id,
                table_with_columns=aws.lakeformation.ResourceLfTagsTableWithColumnsArgs(
                    catalog_id=args.central.account_id,
                    database_name=database_name(args.contract.product),
                    name=made.name,
                    column_names=columns,
                ),
                lf_tags=[
                    aws.lakeformation.ResourceLfTagsLfTagArgs(
                        catalog_id=args.central.account_id, key=SENSITIVITY, value=level
                    )
                ],
                opts=pulumi.ResourceOptions(parent=parent, depends_on=tags[-1:], retain_on_delete=True),
            )
        )
    return tags


def _share_with_producer(
    name: str, args: ProductRegistrationArgs, parent: pulumi.Resource, classified: Sequence[pulumi.Resource]
) -> list[aws.lakeformation.Permissions]:
    """The LoB's own account keeps its tables up to date; its administrator passes this on to the job roles.

    The first grant waits until every table is classified, and all grants of the product wait for the first: so the
    program holds one list of all tables and not one per grant.
    """
    product = args.contract.product

    def granter(after: Sequence[pulumi.Resource]) -> Granter:
        return Granter(
            name=f"{name}-producer",
            principal=args.producer_account,
            catalog=args.central,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=list(after)),
        )

    first = granter(classified).policy(
        "database", "DATABASE", product_expression(product), ["DESCRIBE"], ["DESCRIBE"]
    )
    grants = granter([first])
    own = ["ALTER", "DESCRIBE", "SELECT"]
    return [
        first,
        grants.policy("own", "TABLE", owner_expression(args.lob, product), own, own),
        grants.location("location", args.location_arn, grantable=True),
    ]


def _share(
    name: str, args: ProductRegistrationArgs, share: Share, opts: pulumi.ResourceOptions
) -> list[aws.lakeformation.Permissions]:
    """One grant per level up to the share's clearance, so that a consumer's administrator can pass each on unchanged."""
    product = args.contract.product
    grants = Granter(
        name=f"{name}-share-{share.consumer}", principal=share.account_id, catalog=args.central, opts=opts
    )
    read = ["DESCRIBE", "SELECT"]
    made = [grants.policy("database", "DATABASE", product_expression(product), ["DESCRIBE"], ["DESCRIBE"])]
    for level in cleared_levels(share.clearance, args.levels):
        if share.filtered:
            made += _filters(f"{name}-share-{share.consumer}-{level}", args, share, level, grants)
        else:
            expression = clearance_expression(product, level, args.levels)
            made.append(grants.policy(level, "TABLE", expression, read, read))
    return made


def _filters(
    name: str, args: ProductRegistrationArgs, share: Share, level: str, grants: Granter
) -> list[aws.lakeformation.Permissions]:
    """A data cells filter per table instead of a tag grant: a tag grant beside it would undo it."""
    made = []
    database = database_name(args.contract.product)
    predicates = dict(share.rows)
    part = aws.lakeformation
    for table in args.contract.tables:
        columns = filter_columns(share, table, level, args.levels)
        if not columns:
            continue
        cells = part.DataCellsFilter(
            f"{name}-{table.name}",
            table_data=part.DataCellsFilterTableDataArgs(
                table_catalog_id=args.central.account_id,
                database_name=database,
                table_name=table.name,
                name=filter_name(share.consumer, level),
                column_names=list(columns),
                row_filter=_row_filter(predicates.get(table.name)),
            ),
            opts=grants.opts,
        )
        filter_of = cells.table_data.apply(lambda data: str(data.name) if data else "")
        made.append(grants.cells(f"{level}-{table.name}", database, table.name, filter_of))
    return made


def _row_filter(predicate: str | None) -> aws.lakeformation.DataCellsFilterTableDataRowFilterArgs:
    """The rows that meet the predicate, or all of them."""
    part = aws.lakeformation
    if predicate:
        return part.DataCellsFilterTableDataRowFilterArgs(filter_expression=predicate)
    every = part.DataCellsFilterTableDataRowFilterAllRowsWildcardArgs()  # type: ignore[no-untyped-call]
    return part.DataCellsFilterTableDataRowFilterArgs(all_rows_wildcard=every)
