"""Whether what a request names exists.

Owns the refusals that come before authorisation matters: malformed principals, unknown databases, tables,
columns, tags and filters, S3 paths nobody registered. Deliberately not here: authorisation
(authority).
"""

from __future__ import annotations

import re

from governance.snapshot.grants import (
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    LocationRes,
    Resource,
    TableRes,
    TagPolicyRes,
    TagRes,
)
from local.cloud.lakeformation.errors import invalid, not_found
from local.cloud.lakeformation.state import covering_location, glue_columns, glue_database, glue_table, state

_PRINCIPAL = re.compile(
    r"^(\d{12}|arn:[\w-]+:(iam|organizations|sts|quicksight|identitystore):.+|IAM_ALLOWED_PRINCIPALS)$"
)


def check_principal(principal: str) -> None:
    """InvalidInputException for what cannot be a principal."""
    if not _PRINCIPAL.match(principal):
        raise invalid(f"Invalid principal: {principal}")


def check_exists(region: str, catalog: str, resource: Resource) -> None:
    """Refuse a grant on something that is not there."""
    lake = state(catalog, region)
    match resource:
        case DatabaseRes(name) | TableRes(name, None):
            glue_database(catalog, region, name)
        case TableRes(database, str() as table):
            glue_table(catalog, region, database, table)
        case ColumnsRes(database, table, included, excluded):
            known = {
                column["Name"].lower()
                for column in glue_columns(glue_table(catalog, region, database, table))
            }
            if unknown := set(included or excluded) - known:
                raise invalid(
                    f"cannot grant/revoke permission on non-existent column {', '.join(sorted(unknown))}"
                )
        case FilterRes(database, table, name):
            if (database, table, name) not in lake.filters:
                raise not_found(f"Cell Filter not found: {name}")
        case TagRes(key, values):
            lake.tags.check(key, values)
        case TagPolicyRes(_, expression):
            for key, values in expression:
                lake.tags.check(key, values)
        case LocationRes(arn):
            if covering_location(lake, arn) is None:
                raise invalid(
                    f"Resource {arn} is not registered: register the S3 path with Lake Formation first."
                )
        case _:
            pass
