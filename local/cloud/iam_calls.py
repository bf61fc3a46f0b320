"""Whether a caller's own policies let it make a call, for the few calls where this cloud asks.

Owns the question and the refusal's words. It is asked where the mesh promises a denial that IAM alone can keep: who
approves a model, who calls an endpoint or starts a transform job, who reads a feature online. Deliberately not here: the
evaluation (`governance.access.iam`), resource policies, and every other call, which any caller of the account may make.
"""

from __future__ import annotations

from collections.abc import Mapping

from moto.core.exceptions import JsonRESTError

from governance.access.iam import Call, decide
from local.cloud import identity, lake

FORBIDDEN = 403


def refusal(
    action: str, arn: str, region: str, context: Mapping[str, str] | None = None, *, unknown: bool = True
) -> str | None:
    """Why the caller of the request being served may not, in the words of IAM; None when it may.

    Parameters
    ----------
    action, arn
        The call and the resource it is about, which is the caller's account's own.
    context
        Condition keys of the call.
    unknown
        What holds for a role that nobody made in this cloud. True: it is one that was there beforehand, as deploy
        roles are, and its policies are not known here; False: it has none.
    """
    caller = identity.current()
    account = arn.split(":")[4]
    if caller is None or (caller.root and caller.account == account):
        return None
    own = caller.account == account
    role = next((each for each in lake.snapshot(region).roles if each.arn == caller.arn), None)
    if own and (
        unknown if role is None else decide(role.policies, Call(action, arn), context, role.boundary).allowed
    ):
        return None
    return (
        f"User: {caller.arn} is not authorized to perform: {action} on resource: {arn} because no "
        f"{'identity' if own else 'resource'}-based policy allows the {action} action"
    )


def demand(
    action: str, arn: str, region: str, context: Mapping[str, str] | None = None, *, unknown: bool = True
) -> None:
    """Refuse the request being served (AccessDeniedException) unless the caller may.

    Raises
    ------
    JsonRESTError
        With status 403; parameters as in `refusal`.
    """
    text = refusal(action, arn, region, context, unknown=unknown)
    if text is not None:
        refused = JsonRESTError("AccessDeniedException", text)
        refused.code = FORBIDDEN
        raise refused
