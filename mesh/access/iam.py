"""The IAM half of a read: the calls that a role's query through Athena makes, held against its policies.

Owns gathering where a role queries from what its stack declares: workgroup, results, keys. Deliberately not
here: which calls those are and how policies are evaluated (governance.access.iam, iam_athena).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from governance.access import ViaLink
from governance.access.iam import Call, missing_actions
from governance.access.iam_athena import AthenaUse, athena_calls
from governance.access.principals import account_of
from governance.names import partition
from governance.snapshot import LinkTarget, Role, TableId
from local.snapshots_program import Program
from local.snapshots_record import Stack

WORKGROUP = "aws:athena/workgroup:Workgroup"


@dataclass(frozen=True, kw_only=True)
class IamHalf:
    """Calls that were looked at, and those not allowed with the reason; `note` says why none was looked at."""

    calls: int = 0
    missing: tuple[tuple[Call, str], ...] = ()
    note: str = ""

    @property
    def allowed(self) -> bool:
        """Whether nothing is known to be missing."""
        return not self.missing


def iam_half(program: Program, principal: str, where: TableId, via: ViaLink | None) -> IamHalf:
    """Whether a role's policies allow a query of a table through its workgroup."""
    role = next((each for each in program.snapshot.roles if each.arn == principal), None)
    if role is None:
        return IamHalf(note="its policies are not known here, so the IAM half is not looked at")
    use, prefix = _use(program, principal, where, via)
    if use is None:
        return IamHalf(note="it has no Athena workgroup here, so the IAM half is not looked at")
    calls = [_under(call, use, prefix) for call in athena_calls(use)]
    boundary = role.boundary if role.boundary and role.boundary.lstrip().startswith("{") else None
    missing = missing_actions(role.policies, calls, {"s3:prefix": prefix}, boundary)
    return IamHalf(calls=len(calls), missing=missing, note=_boundary_note(role, boundary))


def _boundary_note(role: Role, read: str | None) -> str:
    return f"its permissions boundary {role.boundary} is not looked at" if role.boundary and not read else ""


def _under(call: Call, use: AthenaUse, prefix: str) -> Call:
    """A role writes below its workgroup's output location, not anywhere in the results bucket."""
    bucket = f"arn:{use.partition}:s3:::{use.results_bucket}"
    return replace(call, resource=f"{bucket}/{prefix}*") if call.resource == f"{bucket}/*" else call


def _use(
    program: Program, principal: str, where: TableId, via: ViaLink | None
) -> tuple[AthenaUse | None, str]:
    stack = program.stack_of(account_of(principal))
    workgroup = _workgroup(stack, principal) if stack else None
    if stack is None or workgroup is None:
        return None, ""
    result = (workgroup.get("configuration") or {}).get("resultConfiguration") or {}
    bucket, _, prefix = str(result.get("outputLocation", "")).removeprefix("s3://").partition("/")
    region = str(stack.exports["region"])
    keys = {
        str(each.exports["catalogKeyArn"])
        for each in program.stacks
        if each.account == where.catalog and each.exports.get("catalogKeyArn")
    }
    own = where.catalog == stack.account
    use = AthenaUse(
        region=region,
        account=stack.account,
        workgroup=str(workgroup["name"]),
        results_bucket=bucket,
        results_key=(result.get("encryptionConfiguration") or {}).get("kmsKeyArn"),
        catalog_keys=tuple(sorted(keys)),
        links=((via[0], LinkTarget(where.catalog, where.database)),) if via and not own else (),
        databases=(where.database,) if own else (),
        partition=partition(region),
    )
    return use, prefix


def _workgroup(stack: Stack, principal: str) -> Mapping[str, Any] | None:
    """Inputs of the role's own workgroup."""
    names = {arn: name for name, arn in (stack.exports.get("roles") or {}).items()}
    wanted = (stack.exports.get("workgroups") or {}).get(names.get(principal, ""))
    return next(
        (each.inputs for each in stack.resources if each.type == WORKGROUP and each.inputs["name"] == wanted),
        None,
    )
