"""One SQL statement through Athena as one role, and its answer as a table.

The engine decides what the role may read; nothing here does.
"""

from __future__ import annotations

import csv
import io
import json
import math
import time
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from governance.errors import MeshError
from governance.text_table import aligned
from mesh.aws import Acting

WAIT_SECONDS = 300.0
SHOWN_ROWS = 1000
_WHOLE = ("tinyint", "smallint", "integer", "int", "bigint")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A finished query: its id, and rows or the reason it was refused."""

    principal: str
    sql: str
    query_id: str
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    """Athena's name of each column's type."""
    rows: tuple[tuple[str | None, ...], ...] = ()
    more: bool = False
    """Whether there are rows beyond those asked for."""
    error: str | None = None


def run(
    acting: Acting, sql: str, *, workgroup: str, database: str | None = None, most: int | None = SHOWN_ROWS
) -> Answer:
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
    most
        Rows that are fetched; all of them when None.
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
    return _answer(athena, Answer(principal=acting.role_arn, sql=sql, query_id=query_id), most)


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


def _answer(athena: Any, asked: Answer, most: int | None) -> Answer:
    described: list[dict[str, Any]] = []
    columns: tuple[str, ...] = ()
    rows: list[tuple[str | None, ...]] = []
    token: dict[str, str] = {}
    while True:
        page = athena.get_query_results(QueryExecutionId=asked.query_id, **token)
        found = [tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in page["ResultSet"]["Rows"]]
        if not described:
            described = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            columns = tuple(item["Name"] for item in described)
            # a SELECT's first row holds the names
            found = found[1:] if found and found[0] == columns else found
        rows += found
        more = most is not None and (len(rows) > most or (len(rows) == most and bool(page.get("NextToken"))))
        if more or not page.get("NextToken"):
            types = tuple(item["Type"] for item in described)
            return replace(asked, columns=columns, types=types, rows=tuple(rows[:most]), more=more)
        token = {"NextToken": page["NextToken"]}


def as_table(answer: Answer) -> str:
    """Rows under their column names, each column as wide as its longest cell."""
    cells = [answer.columns, *([cell if cell is not None else "" for cell in row] for row in answer.rows)]
    return "\n".join(aligned(cells, ruled=True))


def as_csv(answer: Answer) -> str:
    """Rows under a line of names; missing is nothing between commas."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(answer.rows)
    return buffer.getvalue().removesuffix("\n")


def as_json(answer: Answer) -> str:
    """A list of objects, one a line; whole numbers, floating point numbers and booleans as such, all else as text."""
    rows = [
        json.dumps(
            {
                name: _plain(cell, kind)
                for name, cell, kind in zip(answer.columns, row, answer.types, strict=True)
            }
        )
        for row in answer.rows
    ]
    return "[\n" + ",\n".join(rows) + "\n]" if rows else "[]"


def _plain(cell: str | None, kind: str) -> Any:
    if cell is None:
        return None
    if kind in _WHOLE:
        return int(cell)
    if kind in ("float", "double", "real"):
        number = float(cell)
        return number if math.isfinite(number) else cell  # JSON has no NaN
    return cell == "true" if kind == "boolean" else cell
