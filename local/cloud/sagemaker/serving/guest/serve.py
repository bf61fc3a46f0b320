"""The model server inside a hosting container, as a process: `/ping` and `/invocations` around the user's functions.

Does what SageMaker's XGBoost container does in script mode (its serving.py over sagemaker_containers' Transformer and
Flask): imports `SAGEMAKER_PROGRAM` from `SAGEMAKER_SUBMIT_DIRECTORY`, loads with `model_fn`, answers with `input_fn`,
`predict_fn` and `output_fn`, which gives a body with its content type or a Flask response. What they raise is logged, and
answered as Flask answers it, 500 without a word of why. Runs in the artefact's process: the standard library only, and
nothing of this project.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MODEL_DIR = "/opt/ml/model"
CODE_DIR = "/opt/ml/model/code"
JSON_TYPE = "application/json"
UTF8_TYPES = (JSON_TYPE, "text/csv")
NEEDED = ("model_fn", "input_fn", "predict_fn", "output_fn")
INTERNAL = (
    "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n<h1>Internal Server Error</h1>\n"
    "<p>The server encountered an internal error and was unable to complete your request. Either the server is overloaded "
    "or there is an error in the application.</p>\n"
)


class Served:
    """The user's module and the model it loaded."""

    def __init__(self) -> None:
        program = os.environ.get("SAGEMAKER_PROGRAM", "")
        if not program:
            raise SystemExit("SAGEMAKER_PROGRAM is not set; only script mode is served here")
        sys.path.insert(0, _below(os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY") or CODE_DIR))
        self.module = importlib.import_module(program.removesuffix(".py"))
        missing = [name for name in NEEDED if not hasattr(self.module, name)]
        if missing:
            raise SystemExit(f"{program} has no {', '.join(missing)}")
        self.model = self.module.model_fn(_below(MODEL_DIR))

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[int, bytes, str]:
        """Return status, body and content type for a request."""
        try:
            data = body.decode("utf-8", "replace") if content_type in UTF8_TYPES else body  # as Werkzeug does
            prediction = self.module.predict_fn(self.module.input_fn(data, content_type), self.model)
            result = self.module.output_fn(prediction, accept)
        except Exception:
            traceback.print_exc()
            return 500, INTERNAL.encode(), "text/html"
        if hasattr(result, "get_data"):
            return int(result.status_code), result.get_data(), str(result.mimetype)
        text, kind = result if isinstance(result, tuple) else (result, "text/html")
        return 200, text if isinstance(text, bytes) else str(text).encode(), kind


def _below(path: str) -> str:
    """A path of the container as it lies on this machine."""
    root = os.environ.get("LOCAL_CONTAINER_ROOT", "")
    return path if path.startswith(root) else root + path


def handler(served: Served) -> type[BaseHTTPRequestHandler]:
    """The request handler of a loaded model."""
    default = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON_TYPE)

    class Handler(BaseHTTPRequestHandler):
        """One connection."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Health check."""
            self._say(200 if self.path == "/ping" else 404, b"", JSON_TYPE)

        def do_POST(self) -> None:
            """Score."""
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path != "/invocations":
                self._say(404, b"", JSON_TYPE)
                return
            accept = self.headers.get("Accept") or ""
            kind = self.headers.get("Content-Type") or JSON_TYPE
            status, text, said = served.answer(body, kind, default if accept in ("", "*/*") else accept)
            if status != 200:
                print(f"{status} {text.decode('utf-8', 'replace').splitlines()[:1]}", flush=True)
            self._say(status, text, said)

        def _say(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Requests are not logged; refusals are, above."""

    return Handler


class Server(ThreadingHTTPServer):
    """Accepts bursts of requests."""

    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    """Load the model, serve, and write the port to the file that the first argument names."""
    server = Server(("127.0.0.1", 0), handler(Served()))
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    port = Path(sys.argv[1])
    port.with_suffix(".new").write_text(str(server.server_address[1]), encoding="utf-8")
    port.with_suffix(".new").replace(port)
    print("model server ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
