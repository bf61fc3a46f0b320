"""One SQL statement through Athena as one role, and its answer as a table.

The engine decides what the role may read; nothing here does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from governance.errors import MeshError
from governance.text_table import aligned
from mesh.aws import Acting

WAIT_SECONDS = 300.0
SHOWN_ROWS = 1000


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A finished query: its id, and rows or the reason it was refused."""

    principal: str
    sql: str
    query_id: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    error: str | None = None


def run(acting: Acting, sql: str, *, workgroup: str, database: str | None = None) -> Answer:
    """Run a statement and wait for it.

    Parameters
    ----------
    acting
        The role that asks.
    sql
        The statement; tables without a database are looked up in `database`.
    workgroup
        Athena workgroup of the role.
    database
        Resource link or own database.
    """
    athena = acting.client("athena")
    context = {"QueryExecutionContext": {"Database": database}} if database else {}
    try:
        query_id = athena.start_query_execution(QueryString=sql, WorkGroup=workgroup, **context)[
            "QueryExecutionId"
        ]
    except ParamValidationError:
        raise MeshError("is no SQL statement", f"'{sql}'") from None
    except ClientError as error:
        answer = error.response["Error"]
        return Answer(
            principal=acting.role_arn, sql=sql, query_id="", error=f"{answer['Code']}: {answer['Message']}"
        )
    status = _wait(athena, query_id)
    if status["State"] != "SUCCEEDED":
        reason = status.get("StateChangeReason", status["State"])
        return Answer(principal=acting.role_arn, sql=sql, query_id=query_id, error=reason)
    columns, rows = _results(athena, query_id)
    return Answer(principal=acting.role_arn, sql=sql, query_id=query_id, columns=columns, rows=rows)


def _wait(athena: Any, query_id: str) -> dict[str, Any]:
    deadline, pause = time.monotonic() + WAIT_SECONDS, 0.02
    while True:
        status: dict[str, Any] = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"][
            "Status"
        ]
        if status["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
            return status
        if time.monotonic() > deadline:
            raise MeshError(f"has not finished after {WAIT_SECONDS:.0f} s", f"query {query_id}")
        time.sleep(pause)
        pause = min(1.0, pause * 1.5)


def _results(athena: Any, query_id: str) -> tuple[tuple[str, ...], tuple[tuple[str | None, ...], ...]]:
    columns: tuple[str, ...] = ()
    rows: list[tuple[str | None, ...]] = []
    token: dict[str, str] = {}
    first = True
    while True:
        page = athena.get_query_results(QueryExecutionId=query_id, **token)
        columns = columns or tuple(
            item["Name"] for item in page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        )
        found = [tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in page["ResultSet"]["Rows"]]
        rows += found[1:] if first and found and found[0] == columns else found
        first = False
        if not page.get("NextToken") or len(rows) >= SHOWN_ROWS:
            return columns, tuple(rows[:SHOWN_ROWS])
        token = {"NextToken": page["NextToken"]}


def as_table(answer: Answer) -> str:
    """Rows under their column names, each column as wide as its longest cell."""
    cells = [answer.columns, *([cell if cell is not None else "" for cell in row] for row in answer.rows)]
    return "\n".join(aligned(cells, ruled=True))
