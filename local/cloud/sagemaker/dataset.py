"""Query results as inputs of a processing job: `DatasetDefinition` with Amazon Athena.

Owns running the definition's query as the job's role in the named workgroup, catalog and database, and where
its result lies. The result is written by UNLOAD into a folder of the job below `OutputS3Uri`, which UNLOAD
wants empty. Deliberately not here: who may read what, which Athena decides about the role, and the download
(transfer). Redshift is not served.
"""

from __future__ import annotations

import threading
from typing import Any

from botocore.exceptions import ClientError

from local.cloud.sagemaker.place import Session
from local.cloud.sagemaker.transfer import TransferFailed

_POLL = 0.05
_COMPRESSION = {"ORC": "ZLIB", "PARQUET": "SNAPPY"}


def unload(
    session: Session, name: str, definition: dict[str, Any], job: str, stopping: threading.Event
) -> str:
    """Run the query of an input and return the URI of the folder with its result.

    Raises
    ------
    TransferFailed
        Athena or Lake Formation refused the query; the text has their reason.
    """
    if "AthenaDatasetDefinition" not in definition:
        raise TransferFailed(
            f"ClientError: input '{name}': the embedded cloud serves AthenaDatasetDefinition only"
        )
    athena = definition["AthenaDatasetDefinition"]
    target = f"{athena['OutputS3Uri'].rstrip('/')}/{job}/{name}/"
    client = session.client("athena")
    try:
        query = client.start_query_execution(
            QueryString=_statement(athena, target),
            QueryExecutionContext={"Catalog": athena["Catalog"], "Database": athena["Database"]},
            WorkGroup=athena.get("WorkGroup") or "primary",
        )["QueryExecutionId"]
        while True:
            found = client.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
            if found["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                break
            if stopping.wait(_POLL):
                client.stop_query_execution(QueryExecutionId=query)
    except ClientError as refused:
        error = refused.response["Error"]
        raise _failed(name, f"{error['Code']}: {error['Message']}") from None
    if found["State"] != "SUCCEEDED":
        raise _failed(name, f"{found.get('StateChangeReason') or found['State']} (query {query})")
    return target


def _failed(name: str, why: str) -> TransferFailed:
    return TransferFailed(f"ClientError: Data download failed: Athena query of input '{name}' failed: {why}")


def _statement(athena: dict[str, Any], target: str) -> str:
    form = athena["OutputFormat"]
    compression = athena.get("OutputCompression") or _COMPRESSION.get(form, "GZIP")
    query = athena["QueryString"].strip().rstrip(";")
    return f"UNLOAD ({query}) TO '{target}' WITH (format = '{form}', compression = '{compression}')"
