"""Bucket policies, evaluated for the caller of a request.

Owns what a bucket's policy says about an object call: statements with principals, resources and conditions.
moto looks at neither principals nor conditions and takes every conditional statement for a refusal.
Deliberately not here: identity policies and the owner of a bucket (moto lets any account in), and
bucket-level calls, for which moto asks no policy. The cloud listens on the loopback interface only, so a
connection counts as secure (`aws:SecureTransport`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from flask import has_request_context, request
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from local.cloud import identity
from local.cloud.identity import Caller

ACTIONS = {"s3:HeadObject": "s3:GetObject", "s3:PostObject": "s3:PutObject", "s3:PatchObject": "s3:PutObject"}
"""What moto calls an action after the HTTP method, and what IAM calls it."""

LOG_DELIVERY = "logging.s3.amazonaws.com"


def decide(
    document: Mapping[str, Any], caller: Caller, action: str, resource: str, context: Mapping[str, str]
) -> Any:
    """DENIED, PERMITTED or NEUTRAL for a caller; a refusal wins over any permission."""
    action = ACTIONS.get(action, action)
    statements = document.get("Statement") or []
    effects = {
        statement.get("Effect")
        for statement in ([statements] if isinstance(statements, dict) else statements)
        if _applies(statement, caller, action, resource, context)
    }
    if "Deny" in effects:
        return PermissionResult.DENIED
    return PermissionResult.PERMITTED if "Allow" in effects else PermissionResult.NEUTRAL


def _applies(
    statement: Mapping[str, Any], caller: Caller, action: str, resource: str, context: Mapping[str, str]
) -> bool:
    return (
        _element(statement, "Action", lambda pattern: like(pattern.lower(), action.lower()))
        and _element(statement, "Resource", lambda pattern: like(pattern, resource))
        and _principal(statement, caller)
        and all(
            _condition(operator, key, wanted, context)
            for operator, tests in (statement.get("Condition") or {}).items()
            for key, wanted in tests.items()
        )
    )


def _element(statement: Mapping[str, Any], name: str, test: Callable[[str], bool]) -> bool:
    if f"Not{name}" in statement:
        return not any(test(pattern) for pattern in _listed(statement[f"Not{name}"]))
    return any(test(pattern) for pattern in _listed(statement.get(name)))


def _principal(statement: Mapping[str, Any], caller: Caller) -> bool:
    if "NotPrincipal" in statement:
        return not _names(statement["NotPrincipal"], caller)
    return _names(statement.get("Principal"), caller)


def _names(principal: Any, caller: Caller) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    whole = {caller.account, f"arn:aws:iam::{caller.account}:root", "*"}
    return any(name == caller.arn or name in whole for name in _listed(principal.get("AWS")))


def _condition(operator: str, key: str, wanted: Any, context: Mapping[str, str]) -> bool:
    """One test of a condition; a key that the request lacks fails it but for negated and IfExists tests."""
    name = operator.rsplit(":", 1)[-1]
    optional = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    value = context.get(key.lower())
    if name == "Null":
        return (value is None) == (_listed(wanted)[0].lower() == "true")
    negated = "Not" in name
    if value is None:
        return optional or negated
    test = _TESTS.get(name.replace("Not", ""))
    if test is None:
        return False
    found = any(test(str(pattern), value) for pattern in _listed(wanted))
    return found != negated


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "Bool": lambda wanted, value: wanted.lower() == value.lower(),
    "StringEquals": lambda wanted, value: wanted == value,
    "StringEqualsIgnoreCase": lambda wanted, value: wanted.lower() == value.lower(),
    "StringLike": lambda wanted, value: like(wanted, value),
    "ArnEquals": lambda wanted, value: like(wanted, value),
    "ArnLike": lambda wanted, value: like(wanted, value),
}


def like(pattern: str, value: str) -> bool:
    """Whether a value matches a pattern of `*` and `?`."""
    return _compiled(pattern).fullmatch(value) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, bool):
        return [str(value).lower()]
    return [value] if isinstance(value, str) else [str(each) for each in value]


def _context(caller: Caller) -> dict[str, str]:
    known = {
        "aws:securetransport": "true",
        "aws:principalarn": caller.arn,
        "aws:principalaccount": caller.account,
        "aws:principaltype": "Account" if caller.root else "AssumedRole",
        "aws:principalisawsservice": "false",
        "aws:viaawsservice": "false",
    }
    if has_request_context():
        known |= {
            f"s3:{name.lower()}": value
            for name, value in request.headers.items()
            if name.lower().startswith("x-amz-")
        }
    return known


def _get_permission(self: Any, action: str, resource: str) -> Any:
    """Take the place of moto's evaluation; code of ours inside the server is under no bucket policy."""
    caller = identity.current()
    if self.policy is None or caller is None:
        return PermissionResult.NEUTRAL
    return decide(json.loads(self.policy.decode()), caller, action, resource, _context(caller))


def _logs_arrive(target_bucket: Any, target_prefix: str | None) -> bool:
    """Whether a bucket's policy lets the log delivery service put objects under a prefix."""
    if not target_bucket.policy:
        return False
    statements = json.loads(target_bucket.policy.decode()).get("Statement") or []
    resource = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}log"
    return any(
        statement.get("Effect") == "Allow"
        and isinstance(statement.get("Principal"), dict)
        and LOG_DELIVERY in _listed(statement["Principal"].get("Service"))
        and _element(statement, "Action", lambda pattern: like(pattern.lower(), "s3:putobject"))
        and _element(statement, "Resource", lambda pattern: like(pattern, resource))
        for statement in ([statements] if isinstance(statements, dict) else statements)
    )


def install() -> None:
    """Put our evaluation in the place of moto's."""
    FakeBucket.get_permission = _get_permission
    FakeBucket._log_permissions_enabled_policy = staticmethod(_logs_arrive)
