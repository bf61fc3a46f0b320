"""What an AWS error means to the engine: gone already, worth another try, or the user's line.

Deliberately not here: the retry itself (caller).
"""

from __future__ import annotations

import re

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from governance.errors import MeshError

GONE = re.compile(
    r"NotFound|NoSuch|DoesNotExist|NonExistent|\b404\b|does not exist|could not find|not found|"
    r"No permissions revoked|no resource policy",
    re.IGNORECASE,
)
"""Errors of a delete that mean the thing is deleted."""

IN_USE = re.compile(r"ResourceInUse|DeleteConflict|in use|are associated", re.IGNORECASE)
"""Errors of a delete that mean something else must be deleted first."""

TRANSIENT = re.compile(
    r"ConcurrentModification|Throttl|TooManyRequests|RequestLimitExceeded|RequestTimeout|ServiceUnavailable|"
    r"InternalFailure|ConcurrentUpdate|Invalid principal|cannot be assumed|OperationAborted|"
    r"ResourceConflictException.*in progress",
    re.IGNORECASE,
)
"""Errors that eventual consistency or load makes and time mends."""


def matches(pattern: re.Pattern[str], code: str, message: str) -> bool:
    """Whether an error's code or message is of a kind."""
    return pattern.search(f"{code}: {message}") is not None


def of(pattern: re.Pattern[str], error: ClientError) -> bool:
    """Whether a client error is of a kind."""
    details = error.response.get("Error", {})
    return matches(pattern, str(details.get("Code")), str(details.get("Message")))


def mesh_error(error: Exception, type_: str, name: str, endpoint: str) -> MeshError:
    """The one line for a failed call: type, name, AWS error."""
    where = f"{type_} '{name}'"
    if isinstance(error, MeshError):
        return error if error.where == where else MeshError(str(error), where)
    if isinstance(error, EndpointConnectionError):
        return MeshError(f"nothing answers at {endpoint}; start the embedded cloud first", where)
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        message = str(details.get("Message"))
        if message.lstrip().startswith("<"):  # a web page: the server itself failed
            message = f"{endpoint} failed or does not serve this operation"
        return MeshError(f"{error.operation_name}: {details.get('Code')}: {message}", where)
    if isinstance(error, BotoCoreError):
        return MeshError(f"{type(error).__name__}: {error}", where)
    return MeshError(f"{type(error).__name__}: {error}", where)
