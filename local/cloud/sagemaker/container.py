"""Containers as processes: one private root per host, a prepared environment, logs, and an end in any case.

Owns the step from "this command in this container" to processes of this machine: rewriting of `/opt/ml`,
environment, several hosts side by side, log streams, signals and time limits. Which images run at all is
decided by `image_refused`. Deliberately not here: what training and processing put into the root.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.cloud.jobs import logs as jobs_logs
from local.cloud.sagemaker.place import Place, Session

OPT_ML = "/opt/ml"
GUEST = Path(__file__).parent / "guest"
GRACE_SECONDS = 120.0
"""Between SIGTERM and SIGKILL, as for training and processing jobs on AWS."""

_IMAGE = re.compile(
    r"\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com(\.cn)?/"
    r"([\w./-]*(xgboost|scikit-learn|pytorch|tensorflow|huggingface|base-python|sagemaker-distribution)[\w./-]*)"
    r"([:@][\w.:-]+)?"
)
_PYTHON = re.compile(r"python(3(\.\d+)?)?$")
_POLL, _FLUSH = 0.02, 0.2
_writing = threading.Lock()
_alive: set[subprocess.Popen[str]] = set()
_roots: set[Path] = set()


@atexit.register
def end_all() -> None:
    """Leave no process and no folder behind when the cloud ends."""
    for process in list(_alive):
        _signal(process, signal.SIGKILL)
    for root in list(_roots):
        shutil.rmtree(root, ignore_errors=True)


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def image_refused(image: str) -> str | None:
    """Return why an image cannot run here, or None for SageMaker's Python framework images."""
    if _IMAGE.fullmatch(image):
        return None
    return (
        f"ClientError: the image '{image}' does not run in the embedded cloud, which has SageMaker's Python "
        "framework images only (xgboost, scikit-learn, pytorch, tensorflow, huggingface, base-python)"
    )


class Room:
    """The private roots of a job's hosts; removed on leaving."""

    def __init__(self, hosts: int) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="sagemaker-"))
        self.hosts = [f"algo-{number}" for number in range(1, hosts + 1)]

    def __enter__(self) -> Room:
        _roots.add(self._folder)
        for host in self.hosts:
            for part in ("input/config", "input/data", "output/data", "model", "code", "config"):
                (self.opt_ml(host) / part).mkdir(parents=True)
            (self.root(host) / "tmp").mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        _roots.discard(self._folder)

    @property
    def folder(self) -> Path:
        """Folder of all hosts, with room for what belongs to none."""
        return self._folder

    def root(self, host: str) -> Path:
        """What the host takes for its file system's root."""
        return self._folder / host

    def opt_ml(self, host: str) -> Path:
        """The host's `/opt/ml`."""
        return self.root(host) / OPT_ML.lstrip("/")

    def path(self, host: str, inside: str) -> Path:
        """Where a path of the container lies on this machine."""
        return self.root(host) / inside.lstrip("/")

    def moved(self, host: str, value: Any) -> Any:
        """Return texts that begin with `/opt/ml`, also after `=` in an argument, as paths of this machine."""
        if isinstance(value, str):
            head, sign, tail = value.partition(f"={OPT_ML}")
            if value == OPT_ML or value.startswith(f"{OPT_ML}/"):
                return f"{self.root(host)}{value}"
            if sign and head.startswith("-") and tail[:1] in ("", "/"):
                return f"{head}={self.root(host)}{OPT_ML}{tail}"
            return value
        if isinstance(value, dict):
            return {key: self.moved(host, each) for key, each in value.items()}
        return [self.moved(host, each) for each in value] if isinstance(value, list) else value


@dataclass
class Run:
    """One command per host, run side by side.

    Attributes
    ----------
    group
        Log group; each host has the stream `<job>/<host>-<epoch in ms>`.
    session
        Credentials that the processes get, or None under network isolation.
    """

    place: Place
    room: Room
    job: str
    group: str
    session: Session | None
    commands: dict[str, list[str]]
    environments: dict[str, dict[str, str]]
    folders: dict[str, Path]
    lines: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._began = int(time.time() * 1000)
        self._written: dict[str, int] = {}
        self.lines = {host: [] for host in self.commands}

    def stop(self) -> None:
        """End the processes at the caller's wish."""
        self._stopping.set()

    def wait(self, seconds: float) -> tuple[str, int]:
        """Run to the end; return how it ended (`exited`, `stopped`, `timeout`) and the worst exit code."""
        processes: dict[str, subprocess.Popen[str]] = {}
        readers = []
        try:
            for host in self.commands:
                processes[host] = process = self._start(host)
                _alive.add(process)
                reader = threading.Thread(target=self._read, args=(host, process), daemon=True)
                reader.start()
                readers.append(reader)
            ended, code = self._watch(processes, time.monotonic() + seconds)
        finally:
            for process in processes.values():
                _signal(process, signal.SIGKILL)
                process.wait()
                _alive.discard(process)
            for reader in readers:
                reader.join(timeout=5)
            self._flush()
        return ended, code

    def _watch(self, processes: dict[str, subprocess.Popen[str]], until: float) -> tuple[str, int]:
        """Return how the run ended and the exit code of the first host that failed; peers are not waited for."""
        ended, kill_at, flushed = "exited", float("inf"), time.monotonic()
        while True:
            codes = [process.poll() for process in processes.values()]
            failed = next((code if code > 0 else 128 - code for code in codes if code), 0)
            now = time.monotonic()
            if None not in codes or now > kill_at or (failed and ended == "exited"):
                return ended, failed
            if ended == "exited" and (self._stopping.is_set() or now > until):
                ended = "stopped" if self._stopping.is_set() else "timeout"
                kill_at = now + GRACE_SECONDS
                for process in processes.values():
                    _signal(process, signal.SIGTERM)
            if now - flushed > _FLUSH:
                self._flush()
                flushed = now
            time.sleep(_POLL)

    def _start(self, host: str) -> subprocess.Popen[str]:
        first, *rest = self.commands[host]
        program = sys.executable if _PYTHON.fullmatch(Path(first).name) else self.room.moved(host, first)
        return subprocess.Popen(
            [program, *self.room.moved(host, rest)],
            cwd=self.folders[host],
            env=self._environment(host),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def _environment(self, host: str) -> dict[str, str]:
        root = self.room.root(host)
        found = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(root),
            "TMPDIR": str(root / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_REGION": self.place.region,
            "AWS_DEFAULT_REGION": self.place.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CURRENT_HOST": host,
            "SAGEMAKER_BASE_DIR": str(self.room.opt_ml(host)),
            **(self.session.environment if self.session else {}),
            **self.room.moved(host, self.environments[host]),
            "LOCAL_CONTAINER_ROOT": str(root),
            "LOCAL_CONTAINER_HOST": host,
            "LOCAL_CONTAINER_HOSTS": ",".join(self.room.hosts),
        }
        if self.session is None:
            found["LOCAL_CONTAINER_ISOLATED_FROM"] = self.place.endpoint.rsplit(":", 1)[-1]
        own = found.get("PYTHONPATH", "")
        found["PYTHONPATH"] = f"{GUEST}{os.pathsep}{own}" if own else str(GUEST)
        return found

    def _read(self, host: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.lines[host].append(line.rstrip("\n"))

    def _flush(self) -> None:
        for host, lines in self.lines.items():
            done = self._written.get(host, 0)
            fresh = lines[done:]
            self._written[host] = done + len(fresh)
            stream = f"{self.job}/{host}-{self._began}"
            with _writing:
                jobs_logs.write(self.place.account, self.place.region, self.group, stream, fresh)
