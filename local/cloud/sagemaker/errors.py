"""Refusals of the SageMaker API.

Owns the codes and the wording that several calls share. Deliberately not here: why a job that was accepted
failed, which is a text in its description.
"""

from __future__ import annotations

from moto.core.exceptions import JsonRESTError


def invalid(message: str) -> JsonRESTError:
    """A request that the service refuses (ValidationException)."""
    return JsonRESTError("ValidationException", message)


def missing(message: str) -> JsonRESTError:
    """Something that is not there, in the calls that say so by ResourceNotFound."""
    return JsonRESTError("ResourceNotFound", message)


def in_use(message: str) -> JsonRESTError:
    """A name that is taken."""
    return JsonRESTError("ResourceInUse", message)


def limit(quota: str, allowed: int, used: int, wanted: int) -> JsonRESTError:
    """A quota of the account that a request goes beyond."""
    return JsonRESTError(
        "ResourceLimitExceeded",
        f"The account-level service limit '{quota}' is {allowed} Instances, with current utilization of {used} "
        f"Instances and a request delta of {wanted} Instances. Please use AWS Service Quotas to request an "
        "increase for this quota.",
    )
