"""Serving the embedded cloud over HTTP on the loopback interface.

Owns the life of the server: installing the extensions into moto, binding, serving, stopping, and starting it
in a thread or a process of its own. Deliberately not here: any AWS behaviour. Every extension is a module
with an `install()` that patches moto once; their order does not matter.
"""

from __future__ import annotations

import importlib
import json
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from governance.errors import MeshError

HOST = "127.0.0.1"
EXTENSIONS = (
    *("lakeformation.service", "glue.quality", "glue.catalog", "ram", "organizations"),
    *("iam_policies", "s3_policy", "sagemaker.studio", "sagemaker.registry", "echo", "lake"),
    *("sagemaker.features.api", "sagemaker.features.records"),
    *("athena.api", "jobs.api", "sagemaker.api", "sagemaker.serving.api", "cloudtrail"),
)
"""Modules of this package whose `install()` is called, in this order."""

_installed = False


def install() -> None:
    """Patch moto with every extension, once per process."""
    global _installed
    if _installed:
        return
    for name in EXTENSIONS:
        importlib.import_module(f"{__package__}.{name}").install()
    _installed = True


class Cloud:
    """A served cloud; use as a context manager or call `stop`."""

    def __init__(self, endpoint: str, stop: Callable[[], None]) -> None:
        self.endpoint = endpoint
        self.port = int(endpoint.rsplit(":", 1)[1])
        self._stop = stop

    def stop(self) -> None:
        """Stop serving; everything in the cloud is forgotten when its process ends."""
        self._stop()

    def __enter__(self) -> Cloud:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def bind(port: int) -> socket.socket:
    """A listening socket on `port` (0: any free one); MeshError when the port is in use."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except (OSError, OverflowError) as problem:
        listener.close()
        why = problem.strerror if isinstance(problem, OSError) else str(problem)
        raise MeshError(
            f"cannot listen on {HOST}:{port} ({why}); stop what uses it or choose another port", "cloud"
        ) from None
    listener.listen(128)
    return listener


def start(port: int = 0) -> Cloud:
    """Serve in a thread of this process and return once requests are answered."""
    listener = bind(port)
    install()
    server = _server(listener)
    thread = threading.Thread(target=server.serve_forever, name="embedded-cloud", daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        listener.close()
        thread.join()

    return Cloud(f"http://{HOST}:{listener.getsockname()[1]}", stop)


def spawn(port: int = 0, arguments: Sequence[str] = ()) -> Cloud:
    """Serve in a process of its own and return once requests are answered.

    Raises
    ------
    MeshError
        What the process said on standard error when it did not come up.
    """
    command = [sys.executable, "-m", "local.cloud", "--port", str(port), *arguments]
    root = Path(__file__).parents[2]
    with ExitStack() as stack:
        said = stack.enter_context(tempfile.TemporaryFile("w+"))
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True, cwd=root)
        stack.callback(process.communicate)
        assert process.stdout is not None
        endpoint = process.stdout.readline().strip()
        if not endpoint:
            process.wait()
            said.seek(0)
            lines = said.read().strip().splitlines()
            raise MeshError(lines[-1] if lines else "cloud: did not start")
        stack.callback(process.terminate)
        running = stack.pop_all()
    return Cloud(endpoint, running.close)


def _server(listener: socket.socket) -> Any:
    from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    class Handler(MotoRequestHandler):  # type: ignore[misc]
        """Says nothing, and does not wait for the client between the head and the body of an answer."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log(self, type: str, message: str, *args: object) -> None:
            return None

    application = DomainDispatcherApplication(create_backend_app)

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            served: Iterable[bytes] = application(environ, start_response)
        except NotImplementedError as missing:
            return _refuse(
                start_response, "501 Not Implemented", f"not served by the embedded cloud: {missing}"
            )
        except Exception as fault:
            traceback.print_exc()
            return _refuse(start_response, "500 Internal Server Error", f"{type(fault).__name__}: {fault}")
        finally:
            for watch in watchers:
                watch(environ)
        return served

    port = listener.getsockname()[1]
    return make_server(HOST, port, serve, threaded=True, request_handler=Handler, fd=listener.fileno())


def _refuse(start_response: Callable[..., Any], status: str, message: str) -> list[bytes]:
    kind = "NotImplemented" if status.startswith("501") else "InternalFailure"
    body = json.dumps({"__type": kind, "message": message}).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("x-amzn-errortype", kind),
    ]
    start_response(status, headers)
    return [body]


watchers: list[Callable[[dict[str, Any]], None]] = []
"""Called with the WSGI environment after each request was served."""
