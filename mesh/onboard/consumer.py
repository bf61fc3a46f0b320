"""Onboarding a consumer: an entry in the central file, a stack of its own, and a share of each product it reads.

Deliberately not here: the account's network, which exists beforehand and is only named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from governance.errors import MeshError
from governance.levels import check_level
from governance.names import check_name
from mesh.onboard.draft import (
    Draft,
    Member,
    central_of,
    free_account,
    member_file,
    option_pairs,
    stack_file,
)
from mesh.onboard.existing import homes_of
from mesh.onboard.share import Narrowing, Opened
from mesh.project import Project
from mesh.stack_edit import Inline

BUILT_IN = ("data-scientist", "pipeline", "auditor")
"""Roles every consumer has."""

PLACEHOLDER = "placeholder; name what the account has before deploying to AWS"


@dataclass(frozen=True, kw_only=True)
class ConsumerRequest:
    """What `mesh onboard consumer` was asked."""

    member: Member
    clearance: str
    products: Sequence[str] = ()
    narrowing: Narrowing = field(default_factory=Narrowing)
    """`PRODUCT=...`, as typed."""
    vpc: str | None = None
    subnets: Sequence[str] = ()
    security_groups: Sequence[str] = ()
    roles: Sequence[str] = ()
    """`NAME=CLEARANCE`, as typed; the built-in roles not among them get the consumer's clearance."""


def consumer(project: Project, request: ConsumerRequest) -> Draft:
    """Draft the files that make `request.member` a consumer of the mesh.

    Raises
    ------
    MeshError
        Its name or account is taken or malformed, its stack file is there already, a product or level unknown.
    """
    member = request.member
    check_name(member.name, "consumer", "mesh onboard consumer")
    central_stack, central = central_of(project)
    if member.name in central.consumers:
        raise MeshError(
            f"consumer '{member.name}' is onboarded already, with account {central.consumers[member.name]}; "
            "choose another name",
            "mesh onboard consumer",
        )
    free_account(project, member.account)
    check_level(request.clearance, central.levels, "--clearance")
    roles = dict.fromkeys(BUILT_IN, request.clearance)
    named = option_pairs(
        request.roles, "--role", "NAME=CLEARANCE, such as auditor=restricted", central.levels
    )
    for role, clearance in named:
        check_name(role, "role", "--role")
        if central.levels.index(clearance) > central.levels.index(request.clearance):
            raise MeshError(
                f"'{clearance}' is above the consumer's clearance '{request.clearance}'; raise --clearance or lower it",
                f"--role {role}={clearance}",
            )
        roles[role] = clearance
    homes = homes_of(project, request.products, "--product")
    narrowed = request.narrowing.read(list(homes), "product", "--product")
    opened = {
        product: Opened.checked(
            member.name, member.account, request.clearance, home.contract, narrowed[product], central.levels
        )
        for product, home in homes.items()
    }

    draft = Draft(project)
    network, notes = _network(request)
    own: dict[str, Any] = {
        "consumer": member.name,
        "roles": {role: Inline(clearance=clearance) for role, clearance in roles.items()},
        "subscriptions": {
            product: opened[product].subscription(home.lob, home.stack) for product, home in homes.items()
        },
        **network,
    }
    comment = f"Consumer {member.name}'s account: it reads what LoBs share with it."
    stack = member_file(draft, member, "consumer", own, comment=comment, notes=notes)
    draft.edit(central_stack).add_entry(["mesh:consumers"], member.name, {"accountId": member.account})
    for product, home in homes.items():
        opened[product].add(draft, home.stack, product)
    if notes:
        draft.notes.append(
            f"the network in {stack_file(stack)} is a placeholder; name the account's VPC, subnets and security "
            "groups there before deploying to AWS"
        )
    draft.notes.append(
        f"account {member.account} needs its deploy role before a real deployment (README, On AWS)"
    )
    return draft


def _network(request: ConsumerRequest) -> tuple[dict[str, Any], dict[str, str]]:
    """Network keys and the comments beside them; ids that name nothing when none were given."""
    given = {
        "--vpc": bool(request.vpc),
        "--subnet": bool(request.subnets),
        "--security-group": bool(request.security_groups),
    }
    if any(given.values()) and not all(given.values()):
        missing = " and ".join(option for option, there in given.items() if not there)
        raise MeshError(f"is missing; a network is all of {', '.join(given)}", missing)
    if request.vpc:
        return {
            "vpcId": request.vpc,
            "subnetIds": list(request.subnets),
            "securityGroupIds": list(request.security_groups),
        }, {}
    zeros = "0" * 17
    keys = {
        "vpcId": f"vpc-{zeros}",
        "subnetIds": [f"subnet-{zeros}"],
        "securityGroupIds": [f"sg-{zeros}"],
    }
    return keys, dict.fromkeys(keys, PLACEHOLDER)
