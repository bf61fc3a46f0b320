"""Who is calling: the account and principal behind an access key.

Owns the step from the credentials of a request to a caller. Deliberately not here: what the caller may do. As
in plain moto, signatures are not verified and any role can be assumed; the account and the role follow from
the access key that STS gave out. A key nobody gave out (such as `test`) is the root user of moto's default
account, or of the account that the header `x-moto-account-id` names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import has_request_context, request
from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import get_account_id_from, iam_backends
from moto.utilities.utils import PARTITION_NAMES

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)|AWSAccessKeyId=([^&]+)|X-Amz-Credential=([^%/&]+)")
_ASSUMED = re.compile(r"^arn:([\w-]+):sts::(\d{12}):assumed-role/([^/]+)/.+$")


@dataclass(frozen=True)
class Caller:
    """The principal of a request.

    Attributes
    ----------
    account
        12-digit account id.
    arn
        Role or user in IAM form (`arn:aws:iam::<account>:role/<path><name>`), or the account's root.
    """

    account: str
    arn: str

    @property
    def root(self) -> bool:
        """Whether this is the account itself, which may do everything in it."""
        return self.arn.endswith(":root")


def root_of(account: str) -> Caller:
    """The account's root user."""
    return Caller(account, f"arn:aws:iam::{account}:root")


def of_access_key(key: str) -> Caller:
    """The caller whom STS or IAM gave an access key; the default account's root for any other key."""
    account = get_account_id_from(key)
    for partition in PARTITION_NAMES:
        issued = iam_backends[account][partition].access_keys.get(key)
        if issued is None:
            continue
        if issued.role_arn:
            return Caller(account, iam_form(issued.role_arn))
        if issued.user_name:
            return Caller(account, iam_backends[account][partition].get_user(issued.user_name).arn)
    return root_of(DEFAULT_ACCOUNT_ID)


def iam_form(arn: str) -> str:
    """Role ARN of an assumed-role ARN, which lacks the role's path; other ARNs as they are."""
    match = _ASSUMED.match(arn)
    if match is None:
        return arn
    partition, account, name = match.groups()
    role = iam_backends[account][partition].get_roles()
    known = next((each.arn for each in role if each.name == name), None)
    return known or f"arn:{partition}:iam::{account}:role/{name}"


def current() -> Caller | None:
    """The caller of the request being served, or None outside a request (code of ours inside the server)."""
    if not has_request_context():
        return None
    match = _CREDENTIAL.search(request.headers.get("Authorization", "")) or _CREDENTIAL.search(request.url)
    key = next((group for group in match.groups() if group), "") if match else ""
    caller = of_access_key(key)
    chosen = request.headers.get("x-moto-account-id")
    return root_of(chosen) if chosen and caller.root else caller


def account_of(principal: str) -> str | None:
    """Account of an ARN, or an account id itself; None for a group such as IAM_ALLOWED_PRINCIPALS."""
    if re.fullmatch(r"\d{12}", principal):
        return principal
    parts = principal.split(":")
    return parts[4] if len(parts) > 5 and parts[4] else None
