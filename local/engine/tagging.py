"""How each service changes the tags of a resource that exists already.

Tags at creation go with the create call; this is only for a change in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.engine.api import Action


@dataclass(frozen=True, kw_only=True)
class Style:
    """Tag and untag methods of a service; `target` is (member, template) of the tagged resource."""

    target: tuple[str, str]
    tag: str = "tag_resource"
    tags: str = "Tags"
    untag: str = "untag_resource"
    keys: str = "TagKeys"
    pair: tuple[str, str] | None = ("Key", "Value")
    """Members of one tag; None when the service takes a mapping."""


STYLES: Mapping[str, Style] = {
    "kms": Style(target=("KeyId", "{id}"), pair=("TagKey", "TagValue")),
    "iam-role": Style(target=("RoleName", "{name}"), tag="tag_role", untag="untag_role"),
    "iam-policy": Style(target=("PolicyArn", "{arn}"), tag="tag_policy", untag="untag_policy"),
    "glue": Style(target=("ResourceArn", "{arn}"), tags="TagsToAdd", keys="TagsToRemove", pair=None),
    "events": Style(target=("ResourceARN", "{arn}")),
    "logs": Style(target=("resourceArn", "{arn}"), tags="tags", keys="tagKeys", pair=None),
    "athena": Style(target=("ResourceARN", "{arn}")),
    "sagemaker": Style(target=("ResourceArn", "{arn}"), tag="add_tags", untag="delete_tags"),
    "sqs": Style(target=("QueueUrl", "{id}"), tag="tag_queue", untag="untag_queue", pair=None),
    "sns": Style(target=("ResourceArn", "{arn}")),
    "lambda": Style(target=("Resource", "{arn}"), pair=None),
    "cloudwatch": Style(target=("ResourceARN", "{arn}")),
    "budgets": Style(target=("ResourceARN", "{arn}"), tags="ResourceTags", keys="ResourceTagKeys"),
}


def pairs(tags: Mapping[str, Any], names: tuple[str, str] = ("Key", "Value")) -> list[dict[str, str]]:
    """Tags as a list of key and value structures."""
    return [{names[0]: key, names[1]: str(value)} for key, value in sorted(tags.items())]


def retag(action: Action, style: Style) -> None:
    """Bring the tags of a resource from the state's to the program's."""
    new, old = dict(action.inputs.get("tags") or {}), dict(action.old_inputs.get("tags") or {})
    member, template = style.target
    target = {member: action.fill(template)}
    gone = sorted(set(old) - set(new))
    if gone:
        action.call(style.untag, **target, **{style.keys: gone})
    if new:
        value = pairs(new, style.pair) if style.pair else {key: str(item) for key, item in new.items()}
        action.call(style.tag, **target, **{style.tags: value})
