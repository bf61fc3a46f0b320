"""Pulumi's resource monitor, as this engine answers it: requests become registrations for a backend.

Owns true URNs, duplicate detection, and that nothing new begins after the first failure. Deliberately not
here: what a resource becomes; that is the backend's.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pulumi
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from governance.errors import MeshError
from local.engine import values
from local.engine.model import STACK_REFERENCE, Invoke, Plain, Registration
from local.engine.stackfile import StackFile

_STACK_TYPE = "pulumi:pulumi:Stack"


class Backend(Protocol):
    """Makes resources of registrations. Both methods are called from worker threads, several at once."""

    def register(self, registration: Registration) -> tuple[str, Mapping[str, Plain]]:
        """Make or read the resource; give its id and its outputs (camelCase)."""

    def invoke(self, call: Invoke) -> Mapping[str, Plain]:
        """Answer a data source call."""


class Stopped(Exception):
    """Raised in registrations that come after the first failure."""


class NoMocks(pulumi.runtime.Mocks):
    """Placeholder; the monitor answers everything itself."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise NotImplementedError

    def new_resource(self, args: mocks.MockResourceArgs) -> Any:
        raise NotImplementedError


class Monitor(mocks.MockMonitor):
    """Turns monitor requests into registrations for a backend."""

    def __init__(self, backend: Backend, stackfile: StackFile, folder: Path) -> None:
        super().__init__(NoMocks())
        self._backend, self._stackfile, self._folder = backend, stackfile, folder
        self._lock = threading.Lock()
        self._urns: set[str] = set()
        self.failure: BaseException | None = None
        self.exported: dict[str, frozenset[str]] = {}
        """Names that each referenced stack exports."""
        self.exports: dict[str, Plain] = {}
        self.component_outputs: dict[str, dict[str, Plain]] = {}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        chain = parent.split("::")[2] if parent else _STACK_TYPE
        qualified = type_ if chain == _STACK_TYPE else f"{chain}${type_}"
        return f"urn:pulumi:{self._stackfile.stack}::{self._stackfile.project}::{qualified}::{name}"

    def RegisterResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == _STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        with self._guard():
            self._claim(urn)
            registration = Registration(
                urn=urn,
                type=request.type,
                name=request.name,
                parent=self._parent(request.parent),
                provider=_provider_urn(request.provider),
                custom=request.custom,
                inputs=values.from_struct(request.object, self._folder),
                dependencies=tuple(sorted(request.dependencies)),
                property_dependencies={
                    key: tuple(sorted(item.urns)) for key, item in request.propertyDependencies.items()
                },
                protect=request.protect,
                retain_on_delete=request.retainOnDelete,
                ignore_changes=tuple(request.ignoreChanges),
                delete_before_replace=request.deleteBeforeReplace,
                read_id=request.importId,
            )
            identity, outputs = self._backend.register(registration)
            return resource_pb2.RegisterResourceResponse(
                urn=urn, id=identity, object=values.to_struct(outputs)
            )

    def ReadResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        with self._guard():
            self._claim(urn)
            registration = Registration(
                urn=urn,
                type=request.type,
                name=request.name,
                parent=self._parent(request.parent),
                provider=_provider_urn(request.provider),
                inputs=values.from_struct(request.properties, self._folder),
                dependencies=tuple(sorted(request.dependencies)),
                read_id=request.id,
            )
            _, outputs = self._backend.register(registration)
            if request.type == STACK_REFERENCE:
                stack = str(outputs.get("name")).rsplit("/", 1)[-1]
                self.exported[stack] = frozenset(outputs.get("outputs") or ())
            return resource_pb2.ReadResourceResponse(urn=urn, properties=values.to_struct(outputs))

    def Invoke(self, request: Any) -> Any:
        with self._guard():
            call = Invoke(
                token=request.tok,
                arguments=values.from_struct(request.args, self._folder),
                provider=_provider_urn(request.provider),
            )
            answer = values.to_struct(self._backend.invoke(call))
            return resource_pb2.ResourceInvokeResponse(**{"return": answer})

    def RegisterResourceOutputs(self, request: Any) -> Any:
        outputs = values.from_struct(request.outputs, self._folder)
        with self._lock:
            if f"::{_STACK_TYPE}::" in request.urn:
                self.exports = outputs
            else:
                self.component_outputs[request.urn] = outputs
        return empty_pb2.Empty()

    def _parent(self, urn: str) -> str:
        return "" if f"::{_STACK_TYPE}::" in urn else urn

    def _claim(self, urn: str) -> None:
        with self._lock:
            if urn in self._urns:
                kind, name = urn.split("::")[2].split("$")[-1], urn.split("::")[3]
                raise MeshError(
                    f"registered twice under the same parent; give one another name [{urn}]",
                    f"{kind} '{name}'",
                )
            self._urns.add(urn)

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        """Keep the first failure and let nothing new begin after it."""
        if self.failure is not None:
            raise Stopped
        try:
            yield
        except BaseException as error:
            with self._lock:
                self.failure = self.failure or error
            raise


def _provider_urn(reference: str) -> str:
    """URN of a provider reference, which Pulumi writes as `<urn>::<id>`."""
    return reference.rsplit("::", 1)[0] if reference else ""
