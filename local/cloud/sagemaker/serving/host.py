"""A hosted model: the artefact unpacked into a private root, and its own inference code answering in a process.

Owns the life of that process, from the artefact in S3 (read as the model's role) to the answer of a request. Deliberately
not here: endpoints and transform jobs, which start and stop it.
"""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from local.cloud.sagemaker import archives, transfer
from local.cloud.sagemaker.container import Room, Run, image_refused
from local.cloud.sagemaker.place import Place
from local.cloud.sagemaker.serving.packages import Container
from local.cloud.sagemaker.transfer import TransferFailed

GUEST = Path(__file__).parent / "guest"
HOST = "algo-1"
START_SECONDS = 60.0
"""Until the model must answer `/ping`."""
ANSWER_SECONDS = 60.0
"""A request's time limit, as InvokeEndpoint has it."""
_FOREVER = 10.0 * 365 * 24 * 3600


class HostingFailed(Exception):
    """The model does not come into service; the text is a FailureReason."""


@dataclass(frozen=True)
class Answer:
    """What the model's server said: HTTP status, body and content type."""

    status: int
    body: bytes
    content_type: str

    @property
    def message(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


class Hosted:
    """One container in service.

    Parameters
    ----------
    group, stream
        Where its log goes.
    role
        Role the artefact is read as.
    isolated
        Whether the process is kept from the network.
    """

    def __init__(
        self, place: Place, container: Container, *, role: str, isolated: bool, group: str, stream: str
    ) -> None:
        self.place, self.container, self.role = place, container, role
        self._isolated, self._group, self._stream = isolated, group, stream
        self._ready, self._over = threading.Event(), threading.Event()
        self._failure, self._port = "", 0
        self._run: Run | None = None
        self._stopped = False
        threading.Thread(target=self._serve, name=f"hosting-{stream}"[:60], daemon=True).start()

    def wait(self) -> None:
        """Return when requests are answered.

        Raises
        ------
        HostingFailed
            The artefact cannot be read, or its code does not come up.
        """
        self._ready.wait()
        if self._failure:
            raise HostingFailed(self._failure)

    def stop(self) -> None:
        """End the process and remove its root."""
        self._stopped = True
        if self._run is not None:
            self._run.stop()

    def ask(self, body: bytes, content_type: str, accept: str, **headers: str) -> Answer:
        """Send one request to `/invocations`; a server that is gone or late answers 500."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_SECONDS)
        try:
            sent = {"Content-Type": content_type, "Accept": accept, **headers}
            connection.request(
                "POST",
                "/invocations",
                body=body,
                headers={key: value for key, value in sent.items() if value},
            )
            answer = connection.getresponse()
            kind = answer.getheader("Content-Type") or ""
            return Answer(answer.status, answer.read(), kind)
        except (OSError, http.client.HTTPException) as problem:
            return Answer(500, f"the model server does not answer ({problem})".encode(), "text/plain")
        finally:
            connection.close()

    def _serve(self) -> None:
        try:
            with Room(1) as room:
                self._prepare(room)
                port = room.root(HOST) / "tmp" / "port"
                self._run = Run(
                    place=self.place,
                    room=room,
                    job=self._stream,
                    group=self._group,
                    session=None if self._isolated else self.place.session(self.role),
                    commands={HOST: ["python3", str(GUEST / "serve.py"), str(port)]},
                    environments={HOST: {**self.container.environment, "PYTHONPATH": str(GUEST)}},
                    folders={HOST: room.root(HOST)},
                )
                threading.Thread(target=self._watch, args=(port,), daemon=True).start()
                if self._stopped:
                    self._run.stop()
                self._run.wait(_FOREVER)
        except (HostingFailed, TransferFailed) as problem:
            self._failure = str(problem)
        except Exception as problem:
            self._failure = f"InternalServerError: {type(problem).__name__}: {problem}"
        finally:
            self._over.set()
            if not self._ready.is_set():
                self._failure = self._failure or self._said()
                self._ready.set()

    def _prepare(self, room: Room) -> None:
        refused = image_refused(self.container.image)
        if refused:
            raise HostingFailed(refused)
        if not self.container.model_data:
            return
        archive = room.folder / "model.tar.gz"
        archive.write_bytes(transfer.read(self.place.session(self.role), self.container.model_data))
        archives.unpack(archive, room.opt_ml(HOST) / "model")

    def _watch(self, port: Path) -> None:
        """Say that the model is in service once its server has written its port."""
        until = time.monotonic() + START_SECONDS
        while not self._over.is_set() and not self._ready.is_set():
            if port.is_file():
                self._port = int(port.read_text(encoding="utf-8"))
                self._ready.set()
            elif time.monotonic() > until:
                self._failure = self._said()
                self.stop()
                self._ready.set()
            time.sleep(0.01)

    def _said(self) -> str:
        """Why it does not answer: SageMaker's words, and the last line of the container, which there is in the log only."""
        lines = self._run.lines[HOST] if self._run is not None else []
        last = next((line for line in reversed(lines) if line.strip()), "")
        return (
            "The primary container did not pass the ping health check. Please check CloudWatch logs for this endpoint."
            + (f" The container said: {last}" if last else "")
        )
