"""What a consumer's feature groups and the LoB's own contract must agree on.

The consumer's stack reads a contract file to know columns and their sensitivity; the LoB's stack decides both. Where the
project has both files, `agreement` holds one against the other here, so that no feature is more open than its source.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from governance.contracts import Contract
from governance.errors import MeshError
from governance.features.groups import FeatureGroup
from governance.settings import Share
from governance.sharing import filter_columns


def check_features(
    groups: Iterable[FeatureGroup], contract: Contract, share: Share, levels: Sequence[str], file: str
) -> None:
    """Raise MeshError for the first group that is not what the LoB publishes and shares.

    Parameters
    ----------
    groups
        Feature groups of the consumer, of any product.
    contract, share
        The LoB's contract of one product, and its share with the consumer.
    file
        The consumer's stack file, for messages.
    """
    for group in groups:
        if group.product != contract.product:
            continue
        where = f"{file}: mesh:features.{group.name}"
        if group.contract_version != contract.version:
            raise MeshError(
                f"is made from contract {group.contract_version}, and the LoB publishes {contract.version}",
                where,
            )
        tables = {table.name: table for table in contract.tables}
        if group.table not in tables:
            raise MeshError(f"the LoB's contract has no table '{group.table}'", where)
        table = tables[group.table]
        source = {column.name: column.classification for column in table.columns}
        shared = filter_columns(share, table, group.clearance, levels) if share.filtered else tuple(source)
        for feature in group.features:
            if group.ingestion_time and feature.name == group.event_time:
                continue
            if feature.name not in shared:
                raise MeshError(f"column '{feature.name}' is not shared; take it out of 'columns'", where)
            if feature.classification != source[feature.name]:
                raise MeshError(
                    f"column '{feature.name}' is {feature.classification} here and {source[feature.name]} in the LoB's "
                    "contract",
                    where,
                )
