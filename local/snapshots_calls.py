"""Calls that read a lake: all pages of an answer, how often a call is tried, and what is said when one is refused.

Owns the words for AWS's refusals. Deliberately not here: which calls are made (snapshots_live).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from governance.errors import MeshError

PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 10})
"""A catalog of thousands of tables is thousands of calls: throttled ones are tried again, each later than the last."""

GONE = ("EntityNotFoundException", "NoSuchEntity", "NoSuchEntityException")
DENIED = ("AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "UnauthorizedException")
EXPIRED = ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException")

_SERVICES = {
    "lakeformation": (
        "GetDataLakeSettings", "ListLFTags", "ListResources", "ListDataCellsFilter", "ListPermissions",
        "GetResourceLFTags", "GetLFTagExpression", "GrantPermissions", "RevokePermissions", "AddLFTagsToResource",
    ),
    "glue": ("GetDatabases", "GetTables"),
    "ram": ("GetResourceShares", "GetResourceShareInvitations", "AcceptResourceShareInvitation"),
    "iam": (
        "GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies", "GetPolicy", "GetPolicyVersion",
    ),
    "organizations": ("DescribeOrganization",),
    "sts": ("AssumeRole",),
}  # fmt: skip
_OF = {operation: service for service, operations in _SERVICES.items() for operation in operations}


def action(operation: str) -> str:
    """The IAM action that allows an API operation; the operation alone where its service is not known here."""
    service = _OF.get(operation)
    return f"{service}:{operation}" if service else operation


def refused(error: ClientError) -> str:
    """One line on a refused call: what is missing, and what AWS said."""
    said = error.response.get("Error") or {}
    code, words = str(said.get("Code") or "unknown error"), str(said.get("Message") or "no reason given")
    if code in DENIED:
        lake = _OF.get(error.operation_name) in ("lakeformation", "glue")
        also = " and make it a data lake administrator" if lake else ""
        return (
            f"the deploy role may not call {action(error.operation_name)}; allow it{also} ({code}: {words})"
        )
    if code in EXPIRED:
        return f"the credentials are not valid any more; sign in again ({code}: {words})"
    return f"{action(error.operation_name)} failed: {code}: {words}"


@contextlib.contextmanager
def calls_in(account: str) -> Iterator[None]:
    """Turn what goes wrong with calls in an account into one line.

    Raises
    ------
    MeshError
        A call was refused, or nothing answered it.
    """
    try:
        yield
    except ClientError as error:
        raise MeshError(refused(error), f"account {account}") from None
    except BotoCoreError as error:
        raise MeshError(f"a call failed: {error}", f"account {account}") from None


def or_none(call: Callable[..., Any], **arguments: Any) -> Any:
    """The answer, or None for what was deleted meanwhile."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in GONE:
            raise
        return None


def pages(
    call: Callable[..., Any],
    key: str,
    token: str = "NextToken",  # noqa: S107
    *,
    gone: bool = False,
    **arguments: Any,
) -> Iterator[Any]:
    """Items of all pages; several of these calls have no paginator in every version of boto3.

    A page may be empty and still not the last one. With `gone`, what was deleted meanwhile has no more items.
    """
    while True:
        answer = (or_none(call, **arguments) if gone else call(**arguments)) or {}
        yield from answer.get(key) or ()
        if not answer.get(token):
            return
        arguments[token] = answer[token]


def marked(call: Callable[..., Any], key: str, **arguments: Any) -> Iterator[Any]:
    """Items of all pages of an IAM list; a role that was deleted meanwhile has no more."""
    while True:
        answer = or_none(call, **arguments) or {}
        yield from answer.get(key) or ()
        if not answer.get("IsTruncated"):
            return
        arguments["Marker"] = answer["Marker"]
