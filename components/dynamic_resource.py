"""Base of the resources made with boto3 instead of the AWS provider.

Like `pulumi.dynamic.Resource`, with one difference: a provider class without state is serialized once per program, not
once per resource. The SDK's serializer leaves its patch of the pickler behind at every call, one inside the other, so
a program with some nine hundred dynamic resources would end in a RecursionError.
"""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable
from typing import Any

import pulumi
from pulumi.dynamic import ResourceProvider
from pulumi.dynamic.dynamic import serialize_provider

PROVIDER_KEY = "__provider"


@functools.cache
def serialized(provider: Callable[[], ResourceProvider]) -> str:
    """A provider class as Pulumi's dynamic plugin reads it; the pickler is left as it was."""
    pickler: Any = pickle._Pickler
    before = pickler._batch_setitems
    try:
        return str(serialize_provider(provider()))
    finally:
        pickler._batch_setitems = before


class DynamicResource(pulumi.CustomResource):
    """A resource whose create, read, update and delete are a `ResourceProvider` of this project."""

    def __init__(
        self,
        kind: str,
        provider: Callable[[], ResourceProvider],
        name: str,
        props: dict[str, Any],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Register under the type token `pulumi-python:dynamic/<kind>`, such as `lakeformation:Regrant`."""
        super().__init__(
            f"pulumi-python:dynamic/{kind}", name, {**props, PROVIDER_KEY: serialized(provider)}, opts
        )
