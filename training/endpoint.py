"""Asking the production endpoint, and looking at it, through SageMaker's ordinary API.

Owns what of the production stack's outputs is needed, the call as the role that they name, and the line that a refusal
becomes. Deliberately not here: what a payload may hold, which the model decides (`payload`), and the command (`cli`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from governance.text_table import aligned
from training.outputs import read_outputs
from training.payload import CSV_TYPE, JSON_TYPE, LINES_TYPE
from training.session import assume, aws_errors

ENVIRONMENT = "MESH_PRODUCTION"
IN_SERVICE = "InService"
COMMON = ("serving", "region", "mode", "callerRoleArn", "roleArn", "modelPackage")
"""Outputs that whoever asks needs."""
BODY_LIMIT = 6 * 1024 * 1024
"""Bytes of a request (SageMaker Runtime API, InvokeEndpoint)."""
_READ_SECONDS = 70
"""A model may take 60; the API's page asks for some more."""
SUFFIXES = {".json": JSON_TYPE, ".jsonl": LINES_TYPE, ".ndjson": LINES_TYPE, ".csv": CSV_TYPE}


@dataclass(frozen=True, kw_only=True)
class Target:
    """An endpoint as the production stack's outputs name it, and who asks it."""

    serving: str
    region: str
    endpoint: str
    role_arn: str
    model_package: str

    @property
    def where(self) -> str:
        """The endpoint in an error."""
        return f"endpoint {self.endpoint}"

    @cached_property
    def session(self) -> Any:
        """A boto3 session as the role."""
        return assume(self.role_arn, self.region, "mesh-endpoint")


def target(path: str | Path | None = None, role: str | None = None) -> Target:
    """The endpoint of a production stack.

    Parameters
    ----------
    path
        JSON of the stack's outputs; what MESH_PRODUCTION names when None.
    role
        Name or ARN of a role of that account, instead of the one that the stack made for callers.

    Raises
    ------
    MeshError
        The outputs are missing, another stack's, of one without an endpoint, or from before the first promotion.
    """
    return target_of(*read_outputs(path, ENVIRONMENT, "production"), role)


def target_of(values: Any, source: str, role: str | None = None) -> Target:
    """The endpoint that already read outputs name; `source` is named in errors, which are those of `target`."""
    demand(values, source, ("endpoint", *COMMON), "endpoint")
    return Target(
        serving=values["serving"],
        region=values["region"],
        endpoint=values["endpoint"],
        role_arn=caller(values, role),
        model_package=values["modelPackage"],
    )


def demand(values: Any, source: str, needed: Sequence[str], mode: str) -> None:
    """Refuse outputs of another stack or mode, or from before a promotion; the first of `needed` is empty until then.

    Raises
    ------
    MeshError
        As `target`.
    """
    missing = [
        name for name in needed if not isinstance(values, Mapping) or not isinstance(values.get(name), str)
    ]
    if missing:
        raise MeshError(f"has no '{missing[0]}'; are these the outputs of the production stack?", source)
    if values["mode"] != mode:
        raise MeshError(
            f"{values['serving']} has the mode {values['mode']}; ask with 'python -m training {values['mode']}'",
            source,
        )
    if not values[needed[0]]:
        raise MeshError(
            f"{values['serving']} serves nothing yet; promote a version with 'mesh promote', bring the stack up, and "
            "write its outputs anew",
            source,
        )


def caller(values: Mapping[str, Any], role: str | None) -> str:
    """ARN of the role that asks: the one made for it, or another of that account by name or ARN."""
    if not role:
        return str(values["callerRoleArn"])
    return role if role.startswith("arn:") else f"{values['roleArn'].rpartition('/')[0]}/{role}"


def invoke(asked: Target, body: bytes, content_type: str, accept: str = JSON_TYPE) -> bytes:
    """Send one request and return the answer's body.

    Raises
    ------
    MeshError
        The request is larger than SageMaker takes, the role may not ask, the endpoint is not there, or the model
        refuses the request, in its own words.
    """
    from botocore.config import Config
    from botocore.exceptions import ClientError

    if len(body) > BODY_LIMIT:
        raise MeshError(
            f"has {len(body) / 2**20:.1f} MB, and a request may have {BODY_LIMIT // 2**20}; send fewer rows, or use a "
            "transform job",
            asked.where,
        )
    with aws_errors(f"{asked.where} as {asked.role_arn}"):
        client = asked.session.client("sagemaker-runtime", config=Config(read_timeout=_READ_SECONDS))
        try:
            answer = client.invoke_endpoint(
                EndpointName=asked.endpoint, Body=body, ContentType=content_type, Accept=accept
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ModelError":
                raise
            raise MeshError(_said(error.response), asked.where) from error
        found: bytes = answer["Body"].read()
    return found


def status(asked: Target) -> dict[str, Any]:
    """DescribeEndpoint's answer.

    Raises
    ------
    MeshError
        The role may not look, or there is no such endpoint.
    """
    with aws_errors(f"{asked.where} as {asked.role_arn}"):
        found: dict[str, Any] = asked.session.client("sagemaker").describe_endpoint(
            EndpointName=asked.endpoint
        )
    return found


def described(asked: Target, found: Mapping[str, Any]) -> str:
    """What an endpoint's status comes to, one fact a line."""
    capture = found.get("DataCaptureConfig") or {}
    facts = {
        "endpoint": str(found["EndpointArn"]),
        "status": str(found["EndpointStatus"]),
        "failure": str(found.get("FailureReason") or ""),
        "package": asked.model_package,
        "configuration": str(found.get("EndpointConfigName") or ""),
        "instances": ", ".join(
            f"{variant['VariantName']} {variant.get('CurrentInstanceCount', 0)}"
            for variant in found.get("ProductionVariants") or ()
        ),
        "capture": (
            f"{capture.get('CurrentSamplingPercentage')} % to {capture.get('DestinationS3Uri')}"
            if capture.get("EnableCapture")
            else "none"
        ),
        "changed": f"{found['LastModifiedTime']:%Y-%m-%d %H:%M}" if found.get("LastModifiedTime") else "",
        "asked as": asked.role_arn,
    }
    return "\n".join(aligned([[name, value] for name, value in facts.items() if value]))


def table(body: bytes) -> str:
    """An answer in JSON as a table: a line for each row, its reasons with their signs (``+`` raises the score)."""
    content = json.loads(body)
    rows = content["predictions"] if isinstance(content, dict) and "predictions" in content else [content]
    lines = [["row", "score", "decision", "reasons"]]
    for at, row in enumerate(rows, 1):
        reasons = [_reason(item) for item in row["reasons"]]
        unseen = [f"{name} is not known to the model" for name in row.get("unseen") or ()]
        lines.append([str(at), f"{row['score']:.4f}", str(row["decision"]), ", ".join(reasons + unseen)])
    return "\n".join(aligned(lines))


def _reason(item: Mapping[str, Any]) -> str:
    value = "missing" if item["value"] is None else item["value"]
    return f"{'+' if item['effect'] == 'raises' else '-'}{item['feature']} ({value})"


def _said(response: Mapping[str, Any]) -> str:
    """The model's own line; what a server of another model said, on one line."""
    said = str(response.get("OriginalMessage") or response["Error"].get("Message") or "")
    try:
        content = json.loads(said)
    except ValueError:
        content = None
    if isinstance(content, dict) and content.get("error"):
        return str(content["error"])
    code, log = response.get("OriginalStatusCode"), response.get("LogStreamArn")
    place = f"; its log is {log}" if log else ""
    return f"the model answered with status {code}{place}"
