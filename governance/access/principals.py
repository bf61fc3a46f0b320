"""Who a principal is: account, role behind a session, and the groups Lake Formation knows.

Deliberately not here: what a principal holds (chain).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from governance.errors import MeshError

_SESSION = re.compile(r"arn:(aws[\w-]*):sts::(\d{12}):assumed-role/([^/]+)/.+")
_IAM = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):(?:role|user)/.+")
_ACCOUNT = re.compile(r"\d{12}")


def role_arn(principal: str, known: Iterable[str] = ()) -> str:
    """The IAM form of a principal: an assumed-role session becomes its role, anything else stays.

    A session's ARN lacks the role's path, so the role is looked for among `known` ARNs first (data.all
    issue 376: roles of IAM Identity Center have to keep their path).
    """
    session = _SESSION.fullmatch(principal)
    if session is None:
        return principal
    partition, account, name = session.groups()
    prefix = f"arn:{partition}:iam::{account}:role/"
    for arn in sorted(known):
        if arn.startswith(prefix) and arn.rsplit("/", 1)[-1] == name:
            return arn
    return prefix + name


def account_of(principal: str) -> str:
    """Account of a role or user.

    Raises
    ------
    MeshError
        When the principal is neither: a question about access is always about one that can sign a request.
    """
    found = _IAM.fullmatch(principal)
    if found is None:
        raise MeshError("this is no role or user ARN (arn:aws:iam::<account>:role/<name>)", principal)
    return found.group(1)


def is_account(principal: str) -> bool:
    """Whether a grantee is a whole AWS account."""
    return _ACCOUNT.fullmatch(principal) is not None


def grantee_account(principal: str, default: str) -> str:
    """Account a grantee belongs to; `default` for groups local to the catalog they are granted in."""
    if is_account(principal):
        return principal
    found = _IAM.fullmatch(principal)
    return found.group(1) if found else default


def everyone(account: str) -> str:
    """All roles and users of an account as one grantee (API reference, DataLakePrincipal: IAMPrincipals)."""
    return f"{account}:IAMPrincipals"


def is_organization(principal: str) -> bool:
    """Whether a grantee is an organization or an organizational unit."""
    return ":organizations::" in principal


def short(principal: str) -> str:
    """A principal as people say it: the role's or user's name with its account."""
    found = _IAM.fullmatch(principal)
    return f"{principal.rsplit('/', 1)[-1]} ({found.group(1)})" if found else principal
