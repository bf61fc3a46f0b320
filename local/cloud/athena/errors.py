"""How a failed Athena statement says why: error names, texts and categories as Athena writes them.

Owns the wording. Deliberately not here: deciding that something is wrong (plan, catalog,
ddl).

Sources of the texts
--------------------
* `COLUMN_NOT_FOUND ... or requester is not authorized to access requested resources`: Athena engine version 3
  under Lake Formation, as users report it (aws-samples/aiml-genai-multimodal-agent issue 17). Athena does not
  tell a column that is missing from one that is forbidden.
* `TABLE_NOT_FOUND ... 'awsdatacatalog.db.t' does not exist`, `SCHEMA_NOT_FOUND ... Schema 'db' does not
  exist`: engine version 3; the catalog part is always `awsdatacatalog`, in lower case.
* `Insufficient permissions to execute the query. Insufficient Lake Formation permission(s): Required Describe
  on t`: what the Data Catalog answers, prefixed by Athena, when the role may not see a table or the resource
  link that leads to it (Lake Formation developer guide, "Troubleshooting"; Security Lake user guide,
  "Troubleshooting query").
* `SELECT * not allowed from relation that has no columns`: a role that may describe a table but read none of
  its columns (Security Lake user guide, "Troubleshooting query access").
* categories and types: Athena user guide, "Athena error catalog" (1 system, 2 user, 3 other).
"""

from __future__ import annotations

USER = 2

_TYPES = {
    "SYNTAX_ERROR": 1006,
    "COLUMN_NOT_FOUND": 1006,
    "TYPE_MISMATCH": 1006,
    "AMBIGUOUS_NAME": 1006,
    "CATALOG_NOT_FOUND": 1006,
    "TABLE_NOT_FOUND": 1301,
    "SCHEMA_NOT_FOUND": 1301,
    "FUNCTION_NOT_FOUND": 1303,
    "DIVISION_BY_ZERO": 1001,
    "INVALID_CAST_ARGUMENT": 1001,
    "HIVE_BAD_DATA": 1001,
    "HIVE_PATH_ALREADY_EXISTS": 1003,
    "TABLE_ALREADY_EXISTS": 1003,
    "NOT_SUPPORTED": 1200,
    "PERMISSION_DENIED": 1500,
}


class MalformedQuery(Exception):
    """Text that Athena refuses at StartQueryExecution (InvalidRequestException, MALFORMED_QUERY)."""


class QueryFailed(Exception):
    """A statement that ends FAILED.

    Parameters
    ----------
    reason
        The whole StateChangeReason.
    name
        Error name of the engine, or empty where Athena writes none.
    """

    def __init__(self, reason: str, name: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.name = name

    def as_dict(self) -> dict[str, object]:
        """Return the AthenaError structure of GetQueryExecution."""
        return {
            "ErrorCategory": USER,
            "ErrorType": _TYPES.get(self.name, 1000),
            "Retryable": False,
            "ErrorMessage": self.reason,
        }


class QueryCancelled(Exception):
    """A statement that ends CANCELLED, by the caller or by the workgroup's limit."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


Position = tuple[int, int]
"""Line and column of a token, both counted from 1."""


def named(name: str, text: str, at: Position | None = None) -> QueryFailed:
    """Return the failure `NAME: line L:C: text`; without a position `NAME: text`."""
    where = f"line {at[0]}:{at[1]}: " if at else ""
    return QueryFailed(f"{name}: {where}{text}", name)


def column_not_found(column: str, at: Position) -> QueryFailed:
    """Return the failure for a column that is unknown or that the role may not read."""
    return named(
        "COLUMN_NOT_FOUND",
        f"Column '{column}' cannot be resolved or requester is not authorized to access requested resources",
        at,
    )


def star_without_columns(at: Position) -> QueryFailed:
    """Return the failure for `SELECT *` of a table of which the role may read no column."""
    return named("COLUMN_NOT_FOUND", "SELECT * not allowed from relation that has no columns", at)


def table_not_found(database: str, table: str, at: Position) -> QueryFailed:
    """Return the failure for a table that is in no catalog."""
    return named("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{database}.{table}' does not exist", at)


def schema_not_found(database: str, at: Position) -> QueryFailed:
    """Return the failure for a database that is in no catalog."""
    return named("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", at)


def function_not_found(function: str, at: Position) -> QueryFailed:
    """Return the failure for a function that Athena does not have (or that is not served here)."""
    return named("FUNCTION_NOT_FOUND", f"Function '{function}' not registered", at)


def insufficient(permission: str, resource: str) -> QueryFailed:
    """Return the failure for a missing Lake Formation permission, e.g. `Describe` on a resource link."""
    return QueryFailed(
        "Insufficient permissions to execute the query. "
        f"Insufficient Lake Formation permission(s): Required {permission} on {resource}",
        "PERMISSION_DENIED",
    )
