"""AWS Organizations as far as sharing asks: which accounts are in one.

Owns putting given accounts into one organization, which moto can do only for accounts it numbers itself.
Deliberately not here: organizational units and policies, which moto serves as they are.

An organization comes about in one of three ways: :func:`ensure_organization` in this process, the server's
option `--organization ACCOUNTS`, or with boto3 by `create_organization` in the first account and
`invite_account_to_organization` for each further one, which here joins at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from moto.organizations.models import FakeAccount, organizations_backends
from moto.organizations.responses import OrganizationsResponse

PARTITION = "aws"


def in_one_organization(first: str, second: str) -> bool:
    """Whether one organization lists both accounts."""
    return any({first, second} <= set(accounts) for _, accounts in organizations())


def organizations() -> list[tuple[str, tuple[str, ...]]]:
    """ARN and accounts of every organization."""
    found = []
    for account in list(organizations_backends):
        backend = organizations_backends[account][PARTITION]
        if backend.org is not None:
            found.append((str(backend.org.arn), tuple(member.id for member in backend.accounts)))
    return found


def ensure_organization(accounts: Sequence[str]) -> None:
    """Put accounts into one organization that the first of them manages; those in it already stay."""
    management = organizations_backends[accounts[0]][PARTITION]
    if management.org is None:
        management.create_organization(region="us-east-1")
    _join(management, accounts[1:])


def _join(management: Any, accounts: Iterable[str]) -> None:
    present = {member.id for member in management.accounts}
    for account in accounts:
        if account in present:
            continue
        member = FakeAccount(management.org, AccountName=account, Email=f"{account}@example.com")
        member.id = account
        management.accounts.append(member)
        organizations_backends.master_accounts[account] = (management.account_id, PARTITION)


def _invite_account_to_organization(self: Any) -> str:
    target = json.loads(self.body)["Target"]["Id"]
    backend = self.organizations_backend
    organization = backend.describe_organization()["Organization"]
    _join(backend, [target])
    handshake = {
        "Id": f"h-{target}",
        "Arn": f"{organization['Arn'].replace(':organization/', ':handshake/')}/invite/h-{target}",
        "State": "ACCEPTED",
        "Action": "INVITE",
        "Parties": [{"Id": target, "Type": "ACCOUNT"}, {"Id": organization["Id"], "Type": "ORGANIZATION"}],
    }
    return json.dumps({"Handshake": handshake})


def install() -> None:
    """Serve InviteAccountToOrganization."""
    OrganizationsResponse.invite_account_to_organization = _invite_account_to_organization
