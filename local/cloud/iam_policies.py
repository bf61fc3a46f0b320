"""Policies that AWS itself provides, found when they are named.

moto can load all of them, for every account and partition, which takes seconds; or none, and then none can be
attached. Here a policy comes into an account when a call first names its ARN. Deliberately not here:
evaluating identity policies, which the embedded cloud does for data access only (governance.access.iam).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend

Method = Callable[..., Any]
CALLS = (
    *("attach_role_policy", "attach_user_policy", "attach_group_policy"),
    *("get_policy", "get_policy_version"),
)


@lru_cache(maxsize=1)
def _provided() -> dict[str, tuple[str, dict[str, Any]]]:
    """Name and description of each policy by the part of its ARN after `policy`."""
    read: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return {f"{data['Path']}{name}": (name, data) for name, data in read.items()}


def _provide(backend: Any, arn: str) -> None:
    owner, _, path = arn.partition(":policy")
    if owner != f"arn:{backend.partition}:iam::aws" or arn in backend.managed_policies:
        return
    if path in _provided():
        name, data = _provided()[path]
        made = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, data)
        backend.managed_policies[arn] = made
        backend.aws_managed_policies.append(made)


def _providing(call: Method) -> Method:
    def wrapped(self: Any, policy_arn: str, *args: Any, **kwargs: Any) -> Any:
        _provide(self, policy_arn)
        return call(self, policy_arn, *args, **kwargs)

    return wrapped


def install() -> None:
    """Have the calls that name a policy find those that AWS provides."""
    for name in CALLS:
        setattr(IAMBackend, name, _providing(getattr(IAMBackend, name)))
