"""All resource types the engine can make, as one table.

Adding a type is adding an entry; its properties are those of pulumi-aws, its operations those of boto3.
"""

from __future__ import annotations

from collections.abc import Mapping

from local.engine import table_catalog, table_learning, table_services, table_storage
from local.engine.api import Api

TABLE: Mapping[str, Api] = {
    **table_storage.TABLE,
    **table_catalog.TABLE,
    **table_services.TABLE,
    **table_learning.TABLE,
}
