"""Who reads a product, as stack files have it: roles of subscribed consumers, and accounts that nothing more is known of.

Owns finding the consumers' stack files beside a producer's, for a program that is run for one stack only. Deliberately
not here: whom a change breaks (`compatibility.who`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from governance.compatibility.who import Reader
from governance.errors import MeshError
from governance.levels import lowest
from governance.settings import ConsumerSettings, ProducerSettings, Settings
from governance.settings.load import load_settings

_PREFIX = "mesh:"


def readers_of(stacks: Mapping[str, Settings], product: str) -> tuple[Reader, ...]:
    """Who reads a product, as the stack files have it: roles of subscribed consumers, accounts without a stack file."""
    shares = {
        share.consumer: share
        for settings in stacks.values()
        if isinstance(settings, ProducerSettings)
        for item in settings.products
        if item.name == product
        for share in item.shares
    }
    readers: list[Reader] = []
    here = [settings for settings in stacks.values() if isinstance(settings, ConsumerSettings)]
    for settings in here:
        share = shares.get(settings.consumer)
        columns = frozenset(share.columns) if share and share.columns else None
        for item in settings.subscriptions:
            if item.product == product:
                readers += [
                    Reader(
                        consumer=settings.consumer, role=role.name, columns=columns,
                        clearance=lowest(role.clearance, item.clearance, settings.levels),
                    )
                    for role in settings.roles
                ]  # fmt: skip
    known = {settings.consumer for settings in here}
    for name, share in shares.items():
        if name not in known:
            columns = frozenset(share.columns) if share.columns else None
            readers.append(Reader(consumer=name, role="", clearance=share.clearance, columns=columns))
    return tuple(readers)


def consumers_beside(
    folder: Path, levels: Sequence[str]
) -> tuple[dict[str, ConsumerSettings], tuple[str, ...]]:
    """Consumers whose stack files lie in a folder.

    A consumer's file with a mistake stops its own run, not this one; the consumer then counts as an account that the
    share alone is known of.

    Parameters
    ----------
    folder
        The project's folder, with its `Pulumi.<stack>.yaml` files.
    levels
        Sensitivity levels of the mesh, for files that leave them to the project's default.

    Returns
    -------
    dict, tuple of str
        Stack -> settings, and a line for each consumer's file that has a mistake.
    """
    found: dict[str, ConsumerSettings] = {}
    wrong: list[str] = []
    for path in sorted(folder.glob("Pulumi.*.yaml")):
        values = _values(path)
        if values.get("role") != "consumer":
            continue
        values.setdefault("sensitivityLevels", json.dumps(list(levels)))
        try:
            settings = load_settings(values, path.name, folder)
        except MeshError as error:
            wrong.append(
                f"{error}; until then this consumer's roles count as one account at its share's clearance"
            )
            continue
        if isinstance(settings, ConsumerSettings):
            found[path.name.removeprefix("Pulumi.").removesuffix(".yaml")] = settings
    return found, tuple(wrong)


def _values(path: Path) -> dict[str, str]:
    """Configuration under `mesh:` as text, structured values as JSON; empty for what is no stack file."""
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    config = content.get("config") if isinstance(content, dict) else None
    if not isinstance(config, dict):
        return {}
    return {
        key.removeprefix(_PREFIX): value if isinstance(value, str) else json.dumps(value, default=str)
        for key, value in config.items()
        if isinstance(key, str) and key.startswith(_PREFIX) and value is not None
    }
