"""Runs the providers of `pulumi.dynamic` resources in this process.

The provider comes serialized in the inputs, as in Pulumi's own dynamic provider plugin, and is kept in the
state, so that a resource gone from the program can still be deleted. Deliberately not here: state
(provisioner).
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from typing import Any

import dill  # type: ignore[import-untyped]
from pulumi.dynamic import Config, ConfigureRequest, ResourceProvider

from governance.errors import MeshError
from local.engine.model import Plain

PREFIX = "pulumi-python:dynamic"
PROVIDER_KEY = "__provider"


class DynamicProviders:
    """Deserialized and configured providers of one run; each is made once. Thread-safe."""

    def __init__(self, config: Mapping[str, str], project: str) -> None:
        self._config, self._project = dict(config), project
        self._lock = threading.Lock()
        self._providers: dict[str, ResourceProvider] = {}

    def check(self, olds: Mapping[str, Plain], news: Mapping[str, Plain]) -> dict[str, Plain]:
        """Inputs as the provider accepts them; MeshError listing what it refuses."""
        result = self._provider(news).check(dict(olds), dict(news))
        if result.failures:
            raise MeshError("; ".join(f"{item.property}: {item.reason}" for item in result.failures))
        return {**result.inputs, PROVIDER_KEY: news[PROVIDER_KEY]}

    def diff(
        self,
        identity: str,
        olds: Mapping[str, Plain],
        news: Mapping[str, Plain],
        old_inputs: Mapping[str, Plain],
    ) -> str:
        """What to do: `same`, `update` or `replace`. `olds` are the old outputs, as in Pulumi."""
        result = self._provider(news).diff(identity, dict(olds), dict(news))
        if result.replaces:
            return "replace"
        if result.changes is None:
            return "same" if _visible(old_inputs) == _visible(news) else "update"
        return "update" if result.changes else "same"

    def create(self, news: Mapping[str, Plain]) -> tuple[str, dict[str, Plain]]:
        """Id and outputs of a new resource."""
        result = self._provider(news).create(dict(news))
        return str(result.id), self._outputs(result.outs, news)

    def update(self, identity: str, olds: Mapping[str, Plain], news: Mapping[str, Plain]) -> dict[str, Plain]:
        """Outputs after a change in place."""
        return self._outputs(self._provider(news).update(identity, dict(olds), dict(news)).outs, news)

    def delete(self, identity: str, props: Mapping[str, Plain]) -> None:
        """Delete by the provider that made it."""
        self._provider(props).delete(identity, dict(props))

    def _outputs(self, outs: Mapping[str, Plain] | None, news: Mapping[str, Plain]) -> dict[str, Plain]:
        return {**(outs or {}), PROVIDER_KEY: news[PROVIDER_KEY]}

    def _provider(self, props: Mapping[str, Plain]) -> ResourceProvider:
        text = str(props[PROVIDER_KEY])
        with self._lock:
            if text not in self._providers:
                provider: Any = dill.loads(base64.b64decode(text))  # noqa: S301  written by this program
                provider.configure(
                    ConfigureRequest(config=Config(raw_config=self._config, project_name=self._project))
                )
                self._providers[text] = provider
            return self._providers[text]


def _visible(props: Mapping[str, Plain]) -> dict[str, Plain]:
    return {key: value for key, value in props.items() if not key.startswith("__")}
