"""Rules on policy documents: who may, on what, from where, and how long the document may be.

Everything that carries a document is listed in `DOCUMENTS`; a type that is not there is not seen.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from policies.model import Resource, Stack, known_accounts, listed, named, of_type, plain, providers

ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
IDENTITY = (ROLE_POLICY, "aws:iam/policy:Policy")
DOCUMENTS: Mapping[str, str] = {
    ROLE: "assumeRolePolicy",
    ROLE_POLICY: "policy",
    "aws:iam/policy:Policy": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": "policy",
    "aws:glue/resourcePolicy:ResourcePolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": "resourcePolicy",
}
"""Resource type -> property with its policy document."""

LIMITS: Mapping[str, int] = {
    ROLE: 2_048,
    "aws:s3/bucketPolicy:BucketPolicy": 20 * 1024,
    "aws:kms/key:Key": 32 * 1024,
    "aws:iam/policy:Policy": 6_144,
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": 10_240,
    "aws:glue/resourcePolicy:ResourcePolicy": 10_240,
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": 20_480,
}
"""AWS's default quotas in characters; IAM does not count white space, and neither do we."""
INLINE_LIMIT = 10_240
"""Characters of all of a role's inline policies together."""

OPEN_ACTIONS: Mapping[str, str] = {
    "lakeformation:*": "Lake Formation actions support no resource; its grants decide",
    "ecr:GetAuthorizationToken": "the action supports no resource",
    "ecr:Batch*": "SageMaker's containers lie in AWS accounts that differ by region",
    "ecr:GetDownloadUrlForLayer": "as above",
    "ram:Get*": "reads of shares support no narrower resource",
    "ram:List*": "reads of shares support no narrower resource",
    "organizations:Describe*": "reads of the Organization support no narrower resource",
    "ec2:Describe*": "EC2's reads support no narrower resource",
    "sagemaker:List*": "SageMaker's lists support no resource",
    "cloudwatch:PutMetricData": "the action supports no resource; the condition limits the namespace",
}
"""Actions that an Allow may open on every resource -> why there is no narrower one."""
CALLED_VIA: Mapping[str, str] = {
    "ram:*ResourceShare": "Lake Formation's shares have generated names",
    "ram:AssociateResourceSharePermission": "as above; the permissions are RAM's own",
}
"""The same for actions that are open only while a service calls for the role (condition `aws:CalledVia`)."""


def statements(resource: Resource) -> list[dict[str, Any]]:
    """Statements of a resource's policy document."""
    key = DOCUMENTS.get(resource.type)
    document = plain(resource.inputs.get(key)) if key else None
    return [dict(item) for item in listed((document or {}).get("Statement"))]


def _allowed(resource: Resource) -> list[dict[str, Any]]:
    return [item for item in statements(resource) if item.get("Effect") == "Allow"]


def _principals(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(kind, principal) pairs; the bare `*` is an AWS principal."""
    principal = statement.get("Principal")
    for kind, values in (principal if isinstance(principal, dict) else {"AWS": principal}).items():
        yield from ((kind, str(value)) for value in listed(values))


def no_wildcard_principal(resource: Resource) -> list[str]:
    """No Allow is for everybody, or for everybody except some."""
    found = []
    for statement in _allowed(resource):
        sid = statement.get("Sid", "a statement")
        if "NotPrincipal" in statement:
            found.append(f"{sid} allows everybody but a few (NotPrincipal)")
        found += [f"{sid} allows the principal {who}" for _, who in _principals(statement) if "*" in who]
    return found


def no_wildcard_resource(resource: Resource) -> list[str]:
    """No role may do something to everything, but for the actions in OPEN_ACTIONS and CALLED_VIA.

    In the policy of a key, bucket or bus `*` means that one thing, so only roles' policies are looked at.
    """
    found = []
    for statement in _allowed(resource) if resource.type in IDENTITY else []:
        sid, actions = (
            statement.get("Sid", "a statement"),
            [str(item) for item in listed(statement.get("Action"))],
        )
        for inverse in ("NotAction", "NotResource"):
            if inverse in statement:
                found.append(f"{sid} allows everything but a few ({inverse})")
        found += [f"{sid} allows the action {item}" for item in actions if item == "*" or item.endswith(":*")]
        wide = [str(arn) for arn in listed(statement.get("Resource")) if _is_everything(str(arn))]
        called_via = "aws:CalledVia" in json.dumps(statement.get("Condition") or {})
        open_ = {**OPEN_ACTIONS, **(CALLED_VIA if called_via else {})}
        closed = [item for item in actions if not any(fnmatchcase(item, known) for known in open_)]
        if wide and closed:
            found.append(f"{sid} allows {', '.join(closed)} on {', '.join(wide)}")
    return found


def _is_everything(arn: str) -> bool:
    parts = arn.split(":", 5)
    return arn == "*" or len(parts) < 6 or parts[5] == "*" or "*" in parts[4] or "*" in parts[2]


def no_managed_administrator(resource: Resource) -> list[str]:
    """No role gets one of AWS's policies that open a whole service."""
    arns = [resource.inputs.get("policyArn")] if resource.type == ATTACHMENT else []
    if resource.type == ROLE:
        arns += listed(resource.inputs.get("managedPolicyArns"))
    wide = [
        str(arn)
        for arn in arns
        if str(arn).endswith(("FullAccess", "/AdministratorAccess", "/PowerUserAccess"))
    ]
    return [f"is given {arn}" for arn in wide]


def trust_is_bounded(stack: Stack) -> list[str]:
    """Who comes from another account is of an account in the configuration, or held by a condition."""
    known, owners = known_accounts(stack), providers(stack)
    found = []
    for resource in of_type(stack, *DOCUMENTS):
        own = owners[resource.provider].account if resource.provider in owners else ""
        for statement in _allowed(resource):
            if statement.get("Condition"):
                continue
            for kind, who in _principals(statement):
                if kind == "Federated" or (kind == "AWS" and _account(who) not in {own, *known}):
                    found.append(
                        f"{named(resource)}: {statement.get('Sid', 'a statement')} trusts {who}, "
                        "which is no account of the configuration, without condition"
                    )
    return found


def _account(principal: str) -> str:
    parts = principal.split(":")
    return parts[4] if len(parts) > 5 else principal


def documents_fit(stack: Stack) -> list[str]:
    """No document is longer than AWS takes, nor are a role's inline policies together."""
    found: list[str] = []
    inline: dict[tuple[str, str], int] = defaultdict(int)
    for resource in of_type(stack, *DOCUMENTS):
        size = _length(resource)
        if size > LIMITS.get(resource.type, size):
            found.append(
                f"{named(resource)}: its policy has {size:,} characters, AWS takes {LIMITS[resource.type]:,}"
            )
        if resource.type == ROLE_POLICY:
            inline[(resource.provider, str(resource.inputs.get("role")))] += size
    for (_, role), size in sorted(inline.items()):
        if size > INLINE_LIMIT:
            found.append(
                f"role '{role}': its inline policies have {size:,} characters, AWS takes {INLINE_LIMIT:,}"
            )
    return found


def _length(resource: Resource) -> int:
    document = plain(resource.inputs.get(DOCUMENTS[resource.type]))
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False)) if document else 0
