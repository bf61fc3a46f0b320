"""Data capture of an endpoint: requests and answers as JSON lines in S3.

Owns the record and its key, as SageMaker documents them for capture (`captureData`, `eventMetadata`, below endpoint,
variant, day and hour). Each request is an object of its own here; SageMaker collects some before it writes.
"""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from local.cloud.sagemaker.place import Session
from local.cloud.sagemaker.transfer import split

Content = tuple[bytes, str]
_MODES = {"Input": "endpointInput", "Output": "endpointOutput"}


def keep(
    session: Session, config: dict[str, Any], endpoint: str, variant: str, asked: Content, answered: Content
) -> None:
    """Write one request with its answer, as the model's role.

    Raises
    ------
    ClientError
        The role may not write there.
    """
    now, event = datetime.now(UTC), str(uuid.uuid4())
    contents = {"Input": asked, "Output": answered}
    wanted = [option["CaptureMode"] for option in config.get("CaptureOptions") or []]
    record = {
        "captureData": {_MODES[mode]: _captured(mode, *contents[mode]) for mode in wanted if mode in _MODES},
        "eventMetadata": {
            "eventId": event,
            "inferenceTime": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        },
        "eventVersion": "0",
    }
    bucket, prefix = split(config["DestinationS3Uri"])
    key = f"{prefix.rstrip('/')}/{endpoint}/{variant}/{now:%Y/%m/%d/%H}/{now:%M-%S-%f}-{event}.jsonl".lstrip(
        "/"
    )
    encrypted = (
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": config["KmsKeyId"]}
        if config.get("KmsKeyId")
        else {}
    )
    session.client("s3").put_object(
        Bucket=bucket, Key=key, Body=f"{json.dumps(record)}\n".encode(), **encrypted
    )


def _captured(mode: str, content: bytes, kind: str) -> dict[str, str]:
    bare = kind.split(";")[0].strip().lower()
    known = {"text/csv": "CSV", "application/json": "JSON"}.get(bare)
    data = content.decode("utf-8", "replace") if known else base64.b64encode(content).decode()
    return {"observedContentType": kind, "mode": mode.upper(), "data": data, "encoding": known or "BASE64"}
