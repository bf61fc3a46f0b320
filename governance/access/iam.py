"""The IAM half of access: whether a role's own policies allow the calls that a query makes.

Owns a small evaluator of identity policies and permissions boundaries, and the list of calls a query
through Athena needs. Deliberately not here: resource policies, service control policies and session
policies, which can only narrow what is said here (or, within one account, widen it), and Lake Formation
(access).

IAM User Guide, reference_policies_evaluation-logic: a matching Deny wins, else a matching Allow is needed. A
condition operator that is not known here never lets an Allow match and always lets a Deny match.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from governance.access.iam_conditions import Context, holds, like
from governance.errors import MeshError

Policy = str | Mapping[str, Any]

SECURE: Context = {"aws:SecureTransport": "true"}
"""What is true of every call made by an AWS SDK."""


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """One API action on one resource ARN, and what it is needed for."""

    action: str
    resource: str
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call is allowed, by or for want of what."""

    allowed: bool
    reason: str


def decide(
    policies: Iterable[Policy], call: Call, context: Context | None = None, boundary: Policy | None = None
) -> Verdict:
    """Whether identity policies (and a permissions boundary, if there is one) allow a call.

    Parameters
    ----------
    policies
        JSON texts or parsed documents.
    context
        Condition keys and their values; TLS is assumed.
    """
    known = {**SECURE, **(context or {})}
    verdict = _decide([_statements(policy) for policy in policies], call, known, "policy")
    if not verdict.allowed or boundary is None:
        return verdict
    within = _decide([_statements(boundary)], call, known, "permissions boundary")
    return verdict if within.allowed else within


def missing_actions(
    policies: Iterable[Policy],
    needed: Iterable[Call],
    context: Context | None = None,
    boundary: Policy | None = None,
) -> tuple[tuple[Call, str], ...]:
    """Calls that are not allowed, each with the reason, in the order asked."""
    documents = tuple(policies)
    verdicts = ((call, decide(documents, call, context, boundary)) for call in needed)
    return tuple((call, verdict.reason) for call, verdict in verdicts if not verdict.allowed)


def _decide(
    documents: Sequence[Sequence[Mapping[str, Any]]], call: Call, context: Context, what: str
) -> Verdict:
    allowed: str | None = None
    note = ""
    for statement in (each for document in documents for each in document):
        if not _names(statement, call, context):
            continue
        matched, unknown = holds(statement.get("Condition", {}), context)
        name = statement.get("Sid") or "a statement without Sid"
        if statement["Effect"] == "Deny":
            if matched or unknown:
                why = f", whose condition operator {unknown} is not known here" if unknown else ""
                return Verdict(False, f"{name} of a {what} denies {call.action} on {call.resource}{why}")
        elif unknown:
            note = f"; {name} may, but its condition operator {unknown} is not known here"
        elif matched and allowed is None:
            allowed = f"{name} of a {what} allows {call.action} on {call.resource}"
    if allowed is not None:
        return Verdict(True, allowed)
    return Verdict(False, f"no {what} allows {call.action} on {call.resource}{note}")


def _names(statement: Mapping[str, Any], call: Call, context: Context) -> bool:
    """Whether a statement is about the action and the resource.

    IAM User Guide, reference_policies_elements (Action, NotAction, Resource, NotResource): actions are
    compared without case, resources with it.
    """
    denies = statement["Effect"] == "Deny"
    if "Action" in statement:
        about = any(like(each.lower(), call.action.lower()) for each in many(statement["Action"]))
    else:
        about = not any(like(each.lower(), call.action.lower()) for each in many(statement["NotAction"]))
    if not about:
        return False
    if "NotResource" in statement:
        return not any(
            _resource(each, call, context, denies=not denies) for each in many(statement["NotResource"])
        )
    return any(_resource(each, call, context, denies=denies) for each in many(statement["Resource"]))


def _resource(pattern: str, call: Call, context: Context, *, denies: bool) -> bool:
    """Compare a resource; a policy variable without a value matches nothing in an Allow, all in a Deny."""
    for variable in re.findall(r"\$\{([^}]+)\}", pattern):
        value = context.get(variable)
        if not isinstance(value, str):
            if not denies:
                return False
            value = "*"
        pattern = pattern.replace("${" + variable + "}", value)
    return like(pattern, call.resource)


def many(value: Any) -> tuple[str, ...]:
    """One value or a list of them as a tuple."""
    return (value,) if isinstance(value, str) else tuple(value)


def _statements(policy: Policy) -> Sequence[Mapping[str, Any]]:
    """Statements of a document.

    Raises
    ------
    MeshError
        When it is no policy document.
    """
    if isinstance(policy, str):
        return _parsed(policy)
    return _checked(policy)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> tuple[Mapping[str, Any], ...]:
    try:
        return _checked(json.loads(text))
    except json.JSONDecodeError as error:
        raise MeshError(f"this is no JSON ({error.msg})", "policy document") from error


def _checked(document: Any) -> tuple[Mapping[str, Any], ...]:
    found = document.get("Statement", ()) if isinstance(document, Mapping) else None
    statements = (found,) if isinstance(found, Mapping) else tuple(found or ())
    for each in statements:
        effect = each.get("Effect") if isinstance(each, Mapping) else None
        named = effect in ("Allow", "Deny") and ("Action" in each or "NotAction" in each)
        if not named or not ("Resource" in each or "NotResource" in each):
            raise MeshError("a statement needs Effect, Action and Resource", "policy document")
    if found is None:
        raise MeshError("this is no policy document", "policy document")
    return statements
