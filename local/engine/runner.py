"""Runs a project's `__main__.py` in this process on Pulumi's mock-monitor seam, against a backend.

Owns the SDK's process-wide state (event loop, options, config) and the rule which error of many is the one to
show. Deliberately not here: what the program's requests become (monitor).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import logging
import runpy
import sys
import threading
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import CoroutineType

import pulumi
from pulumi.runtime.stack import massage, run_pulumi_func, wait_for_rpcs

from governance.errors import MeshError
from local.engine.light import AtOnce, light_sdk, never_collected
from local.engine.model import Plain
from local.engine.monitor import Backend, Monitor, NoMocks, Stopped
from local.engine.stackfile import StackFile

_ONE_RUN = threading.Lock()
_SAID = logging.getLogger(__name__)
_SAID.setLevel(logging.WARNING)  # a program is run several times over, and not for each to tell the same
_PATIENCE = 10.0  # seconds without any progress after a failure


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a finished program left behind besides its resources."""

    exports: Mapping[str, Plain]
    component_outputs: Mapping[str, Mapping[str, Plain]]


def run(project_dir: Path | str, stackfile: StackFile, backend: Backend, *, workers: int = 0) -> Outcome:
    """Run the program of a stack against a backend and wait for all it started.

    With no workers the backend is asked in the program's own thread; else by as many threads at a time.

    Raises
    ------
    MeshError
        Raised by the program or the backend, or a reference to an output that another stack does not export.
    """
    folder = Path(project_dir).resolve()
    main = folder / "__main__.py"
    if not main.is_file():
        raise MeshError(f"no program in {folder}", "__main__.py")
    with _ONE_RUN, _environment(folder):
        monitor = Monitor(backend, stackfile, folder)
        program_error: list[BaseException] = []
        made: list[pulumi.Resource] = []

        async def program() -> None:
            pulumi.runtime.reset_options(project=stackfile.project, stack=stackfile.stack)
            pulumi.runtime.set_all_config(dict(stackfile.config), secret_keys=[])
            pulumi.runtime.set_mocks(
                NoMocks(),
                project=stackfile.project,
                stack=stackfile.stack,
                preview=False,
                monitor=monitor,
                organization="organization",
                logger=_SAID,
            )
            pulumi.runtime.register_stack_transformation(lambda args: made.append(args.resource))

            async def body() -> None:
                try:
                    runpy.run_path(str(main), run_name="__main__")
                except BaseException as error:
                    program_error.append(error)
                    raise
                root = pulumi.runtime.get_root_resource()
                root.register_outputs(massage(root.outputs, []))  # type: ignore[union-attr]
                await _registered()

            await run_pulumi_func(body)

        cause: BaseException | None = None
        with _quiet(), light_sdk(), never_collected():
            with _loop(workers) as loop:
                try:
                    loop.run_until_complete(program())
                except BaseException as error:
                    failed = [monitor.failure] if monitor.failure else []
                    exported = {} if program_error else monitor.exported
                    cause = _cause([*program_error, *failed, error], exported)
            for resource in made:
                vars(resource).clear()  # a resource and its outputs hold each other; parted, they go at once
            made.clear()
            if cause is not None:
                program_error.clear()
                monitor.failure = None
                gc.collect()
                _close_unawaited()
        if cause is not None:
            raise cause from None
    return Outcome(exports=monitor.exports, component_outputs=monitor.component_outputs)


async def _registered() -> None:
    """Wait until everything the program asked for is registered, one request after the other.

    The SDK alone would at once wait for whichever output comes first, of all there are, again and again: its cost grows
    with the square of the program. Requests begin on the loop's next turn, so that turn is let pass first.
    """
    await asyncio.sleep(0)
    await wait_for_rpcs(await_all_outstanding_tasks=False)


@contextlib.contextmanager
def _loop(workers: int) -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop of its own that leaves no task, thread or SDK state behind."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # futures of dependents fail unseen after the first failure
    executor = ThreadPoolExecutor(workers, thread_name_prefix="mesh-engine") if workers else AtOnce(1)
    loop.set_default_executor(executor)
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        loop.run_until_complete(_settle())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.run_until_complete(loop.shutdown_asyncgens())
        pulumi.runtime.reset_options()
        loop.close()
        asyncio.set_event_loop(None)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The SDK drops coroutines of outputs that wait on a failed resource; Python would warn of each."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="coroutine '.*' was never awaited", category=RuntimeWarning)
        yield


def _close_unawaited() -> None:
    """Close what the SDK dropped and a collection did not find: a failed future's traceback can keep it for a while."""
    for found in gc.get_objects():
        ours = isinstance(found, CoroutineType) and found.__qualname__.startswith("Output.")
        if ours and inspect.getcoroutinestate(found) == inspect.CORO_CREATED:
            found.close()


async def _settle() -> None:
    """Let what began come to its end after a failure; only what waits for nothing is cancelled."""
    own = asyncio.current_task()
    while pending := asyncio.all_tasks() - {own}:
        done, _ = await asyncio.wait(pending, timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
            return
        for task in done:
            with contextlib.suppress(BaseException):
                task.result()


@contextlib.contextmanager
def _environment(folder: Path) -> Iterator[None]:
    """Working directory and import path as Pulumi's own host sets them."""
    path = list(sys.path)
    sys.path.insert(0, str(folder))
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        sys.path[:] = path


def _cause(errors: list[BaseException], exported: Mapping[str, Collection[str]]) -> BaseException:
    """The one error to show: the first MeshError in any chain, else the first that is no mere consequence."""
    for link in _links(errors):
        if isinstance(link, MeshError):
            link.__cause__ = link.__context__ = None
            return link.with_traceback(None)
    first = next((error for error in errors if not isinstance(error, Stopped)), errors[0])
    if isinstance(first, KeyError) and first.args:  # what `require_output` raises, with the key alone
        for stack, keys in sorted(exported.items()):
            if first.args[0] not in keys:
                return MeshError(
                    f"stack '{stack}' does not export '{first.args[0]}'; bring it up again",
                    f"stack reference {stack}",
                )
    return first


def _links(errors: Iterable[BaseException]) -> Iterator[BaseException]:
    """Each error, then what it came from. The SDK raises some errors from themselves, so causes may run in a circle."""
    seen: set[int] = set()
    waiting = list(errors)[::-1]
    while waiting:
        link = waiting.pop()
        if id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [origin for origin in (link.__context__, link.__cause__) if origin is not None]
