"""What a run would do to one resource: compares the program's properties with the state's.

Pure; used before anything is changed (to refuse) and while changing. Deliberately not here: the change
itself.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Mapping

from local.engine.api import Api
from local.engine.model import Plain, Provider, Registration
from local.engine.state import ResourceState

ENGINE_ONLY = frozenset(
    {
        "forceDestroy",
        "skipDestroy",
        "forceDetachPolicies",
        "timeouts",
        "retentionPolicy",
        "deletionWindowInDays",
        "useResourceTimeoutForPropagation",
        "replaceSecurityGroupsOnDestroy",
        "replacementSecurityGroupIds",
        "bypassPolicyLockoutSafetyCheck",
    }
)
"""Properties that only say how a resource is deleted or waited for: kept, never sent."""

_STEP = re.compile(r'\["([^"]+)"\]|\[(\d+)\]|([^.\[\]]+)')


def ignoring(new: Mapping[str, Plain], old: Mapping[str, Plain], paths: Collection[str]) -> dict[str, Plain]:
    """The new properties with the old values at the `ignore_changes` paths (`a`, `a.b`, `a["b"]`, `*`)."""
    if "*" in paths:
        return dict(old)
    result: dict[str, Plain] = copy.deepcopy(dict(new))
    for path in paths:
        steps = [next(filter(None, groups)) for groups in _STEP.findall(path)]
        _restore(result, old, steps)
    return result


def _restore(target: Plain, source: Plain, steps: list[str]) -> None:
    if not steps or not isinstance(target, dict | list):
        return
    head, rest = steps[0], steps[1:]
    if isinstance(target, list):
        index = int(head) if head.isdigit() else -1
        if 0 <= index < len(target) and isinstance(source, list) and index < len(source):
            if rest:
                _restore(target[index], source[index], rest)
            else:
                target[index] = copy.deepcopy(source[index])
        return
    before = source.get(head) if isinstance(source, Mapping) else None
    if rest:
        if before is not None and head not in target:
            target[head] = {}
        _restore(target.get(head), before, rest)
        if target.get(head) == {} and before is None:
            target.pop(head)
    elif before is None:
        target.pop(head, None)
    else:
        target[head] = copy.deepcopy(before)


def changed(new: Mapping[str, Plain], old: Mapping[str, Plain]) -> set[str]:
    """Top-level properties that differ."""
    return {key for key in {*new, *old} if new.get(key) != old.get(key)}


def decide(
    api: Api,
    registration: Registration,
    provider: Provider,
    new: Mapping[str, Plain],
    old: ResourceState | None,
    replaced: Collection[str] = (),
) -> tuple[str, set[str]]:
    """`create`, `same`, `update` or `replace`, and the properties that differ.

    `replaced` are URNs replaced in this run: a property made of one of them counts as changed, since what it
    named is another thing now, even when its value is the same.
    """
    if old is None:
        return "create", set(new)
    differs = changed(new, old.inputs)
    renewed = {
        key
        for key, urns in registration.property_dependencies.items()
        if any(urn in replaced for urn in urns) and api.replaces({key})
    }
    if old.tainted or renewed or (provider.account, provider.region) != (old.account, old.region):
        return "replace", differs | renewed
    if not differs:
        return "same", differs
    in_place = bool(api.update or api.on_update)
    sent = differs - ENGINE_ONLY
    if not sent or (sent == {"tags"} and api.tags):
        return "update", differs
    if api.replaces(sent):
        return "replace", differs
    return ("update" if in_place else "replace"), differs
