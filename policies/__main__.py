"""The guard rules as a CrossGuard policy pack: `pulumi up --policy-pack policies`.

Only adapters are here. `pulumi_policy` is imported when the pack runs: the rules are usable without it, and
making the pack starts a server and does not return.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
sys.path[:0] = [] if str(HERE) in sys.path else [str(HERE)]

from policies.model import ACCOUNT_KEYS, AWS_PROVIDER, ResourceRule, StackRule  # noqa: E402
from policies.rules import RESOURCE_RULES, STACK_RULES, description  # noqa: E402


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A resource as the pack is shown it. Whether it is retained is not among that."""

    urn: str
    type: str
    name: str
    provider: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    retain_on_delete: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Program:
    """A stack as the pack is shown it."""

    resources: Sequence[Seen]
    config: Mapping[str, str] = field(default_factory=dict)


def seen(item: Any) -> Seen:
    """A resource validation's arguments, or a stack validation's resource, as a rule wants it."""
    return Seen(
        urn=item.urn,
        type=item.resource_type,
        name=item.name,
        provider=item.provider.urn if item.provider else "",
        inputs=item.props,
        outputs=item.props,
    )


def program(items: Sequence[Any], config: Mapping[str, str]) -> Program:
    """All resources, and the providers that are only known through a resource that uses them."""
    resources = {item.urn: seen(item) for item in items}
    for item in items:
        if item.provider and item.provider.resource_type == AWS_PROVIDER:
            used = item.provider
            resources.setdefault(
                used.urn,
                Seen(
                    urn=used.urn,
                    type=AWS_PROVIDER,
                    name=used.name,
                    provider="",
                    inputs=used.props,
                    outputs=used.props,
                ),
            )
    return Program(resources=list(resources.values()), config=config)


def on_resource(rule: ResourceRule) -> Callable[[Any, Callable[..., None]], None]:
    """A resource rule as a validation."""

    def validate(args: Any, report_violation: Callable[..., None]) -> None:
        for message in rule(seen(args)):
            report_violation(message)

    return validate


def on_stack(
    rule: StackRule, config: Callable[[], Mapping[str, str]]
) -> Callable[[Any, Callable[..., None]], None]:
    """A stack rule as a validation."""

    def validate(args: Any, report_violation: Callable[..., None]) -> None:
        for message in rule(program(args.resources, config())):
            report_violation(message)

    return validate


def stack_config() -> dict[str, str]:
    """The stack's configuration, which the pack's server is given before it validates."""
    import pulumi

    config = pulumi.Config("mesh")
    return {f"mesh:{key}": value for key in ACCOUNT_KEYS if (value := config.get(key)) is not None}


def main() -> None:
    """Serve the pack."""
    from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy, StackValidationPolicy

    single = [
        ResourceValidationPolicy(name=name, description=description(rule), validate=on_resource(rule))
        for name, rule in RESOURCE_RULES.items()
    ]
    whole = [
        StackValidationPolicy(name=name, description=description(rule), validate=on_stack(rule, stack_config))
        for name, rule in STACK_RULES.items()
    ]
    PolicyPack(name="mesh", enforcement_level=EnforcementLevel.MANDATORY, policies=[*single, *whole])


if __name__ == "__main__":
    main()
