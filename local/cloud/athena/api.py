"""Athena of the embedded cloud: moto's Athena API, with the queries really run.

Owns the API operations that concern queries and table metadata, and their installation into moto. A short
query has ended when StartQueryExecution returns, so that nobody waits for a poll; a long one goes on in its
thread.

Deliberately not here: work groups, named queries and tags, which stay moto's own.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from moto.athena.models import AthenaBackend
from moto.athena.responses import AthenaResponse
from moto.core.exceptions import JsonRESTError

from local.cloud import cloudtrail
from local.cloud.athena import objects as athena_objects
from local.cloud.athena import sql as athena_sql
from local.cloud.athena import statements as athena_statements
from local.cloud.athena.caller import current
from local.cloud.athena.errors import MalformedQuery
from local.cloud.athena.execution import FINAL, Execution
from local.cloud.athena.metadata import (
    get_database,
    get_table_metadata,
    list_databases,
    list_table_metadata,
    page,
)
from local.cloud.athena.run import Session
from local.cloud.athena.sql import Statement

PATIENCE = 2.0
"""Seconds that StartQueryExecution waits for a query to end."""

_NO_OUTPUT = (
    "No output location provided. An output location is required either through the Workgroup result "
    "configuration setting or as an API input."
)


def install() -> None:
    """Patch moto's Athena, once or many times."""
    for name, operation in _OPERATIONS.items():
        setattr(AthenaResponse, name, operation)


def _refused(message: str, code: str = "") -> JsonRESTError:
    """Return InvalidRequestException, with the AthenaErrorCode for a text that is no statement."""
    error = JsonRESTError("InvalidRequestException", message)
    error.code = 400
    body: dict[str, str] = {"__type": "InvalidRequestException", "Message": message}
    if code:
        body["AthenaErrorCode"] = code
    error.description = json.dumps(body)
    return error


def _workgroup(backend: AthenaBackend, name: str) -> dict[str, Any]:
    found = backend.work_groups.get(name)
    if found is None:
        raise _refused(f"WorkGroup {name} is not found.")
    if found.state == "DISABLED":
        raise _refused(f"WorkGroup {name} is disabled.")
    configuration: dict[str, Any] = found.configuration
    return configuration


def _output(configuration: dict[str, Any], given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the location of results and the rest of the result configuration in force."""
    own = configuration.get("ResultConfiguration") or {}
    enforced = str(configuration.get("EnforceWorkGroupConfiguration", True)).lower() == "true"
    chosen = own if enforced and own.get("OutputLocation") else {**own, **given}
    location = str(chosen.get("OutputLocation") or "")
    if not location:
        raise _refused(_NO_OUTPUT)
    try:
        bucket, _ = athena_objects.split_uri(location)
    except ValueError:
        raise _refused(f"outputLocation is not a valid S3 path: {location}") from None
    if not athena_objects.exists(bucket):
        raise _refused(f"Unable to verify/create output bucket {bucket}")
    rest = {key: value for key, value in chosen.items() if key != "OutputLocation" and value}
    return location.rstrip("/") + "/", rest


def start_query_execution(self: AthenaResponse) -> str:
    """StartQueryExecution."""
    backend, text = self.athena_backend, self._get_param("QueryString") or ""
    token = self._get_param("ClientRequestToken") or ""
    for known in backend.executions.values():
        if token and isinstance(known, Execution) and known.token == token:
            if known.query != text:
                raise _refused("Idempotent parameters do not match")
            return json.dumps({"QueryExecutionId": known.id})
    workgroup = self._get_param("WorkGroup") or "primary"
    configuration = _workgroup(backend, workgroup)
    output, rest = _output(configuration, self._get_param("ResultConfiguration") or {})
    context = {key: value for key, value in (self._get_param("QueryExecutionContext") or {}).items() if value}
    parameters = self._get_param("ExecutionParameters")
    statement = _statement(backend, text, parameters)
    caller = current(self)
    limit = configuration.get("BytesScannedCutoffPerQuery")
    query_id = str(uuid.uuid4())
    database, read = context.get("Database", ""), cloudtrail.reader(caller, query_id)
    execution = Execution(
        id=query_id,
        statement=statement,
        query=text,
        session=Session(caller, database, read),
        context=context,
        workgroup=workgroup,
        output=output,
        result_configuration=rest,
        limit=int(limit) if limit else None,
        parameters=parameters,
        token=token,
    )
    backend.executions[execution.id] = execution
    execution.start(PATIENCE)
    return json.dumps({"QueryExecutionId": execution.id})


def _statement(backend: AthenaBackend, text: str, parameters: list[str] | None) -> Statement:
    try:
        statement = athena_statements.parse(text)
        if statement.query is not None:
            athena_sql.bind(statement.query, parameters or [])
    except MalformedQuery as problem:
        raise _refused(str(problem), "MALFORMED_QUERY") from None
    return statement


def _execution(self: AthenaResponse) -> Execution:
    wanted = self._get_param("QueryExecutionId") or ""
    found = self.athena_backend.executions.get(wanted)
    if not isinstance(found, Execution):
        raise _refused(f"QueryExecution {wanted} was not found")
    return found


def get_query_execution(self: AthenaResponse) -> str:
    """GetQueryExecution."""
    return json.dumps({"QueryExecution": _execution(self).as_dict()})


def batch_get_query_execution(self: AthenaResponse) -> str:
    """BatchGetQueryExecution."""
    known, found, lacking = self.athena_backend.executions, [], []
    for wanted in self._get_param("QueryExecutionIds") or []:
        execution = known.get(wanted)
        if isinstance(execution, Execution):
            found.append(execution.as_dict())
        else:
            message = f"QueryExecution {wanted} was not found"
            lacking.append(
                {"QueryExecutionId": wanted, "ErrorCode": "INVALID_INPUT", "ErrorMessage": message}
            )
    return json.dumps({"QueryExecutions": found, "UnprocessedQueryExecutionIds": lacking})


def get_query_results(self: AthenaResponse) -> str:
    """GetQueryResults."""
    execution = _execution(self)
    if execution.status not in FINAL:
        raise _refused(f"Query has not yet finished. Current state: {execution.status}")
    if execution.status != "SUCCEEDED":
        raise _refused(f"Query did not finish successfully. Final query state: {execution.status}")
    size = int(self._get_param("MaxResults") or 1000)
    return json.dumps(execution.results(int(self._get_param("NextToken") or 0), size))


def list_query_executions(self: AthenaResponse) -> str:
    """ListQueryExecutions, latest first."""
    workgroup = self._get_param("WorkGroup") or "primary"
    known = [each for each in self.athena_backend.executions.values() if isinstance(each, Execution)]
    ids = [each.id for each in reversed(known) if each.workgroup == workgroup]
    return json.dumps(page("QueryExecutionIds", ids, self, 50))


def stop_query_execution(self: AthenaResponse) -> str:
    """StopQueryExecution."""
    _execution(self).stop()
    return "{}"


_OPERATIONS: dict[str, Callable[[AthenaResponse], str]] = {
    "start_query_execution": start_query_execution,
    "get_query_execution": get_query_execution,
    "batch_get_query_execution": batch_get_query_execution,
    "get_query_results": get_query_results,
    "list_query_executions": list_query_executions,
    "stop_query_execution": stop_query_execution,
    "get_table_metadata": get_table_metadata,
    "list_table_metadata": list_table_metadata,
    "list_databases": list_databases,
    "get_database": get_database,
}
