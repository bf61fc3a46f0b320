"""Starting, finding and stopping the embedded cloud as a background process of this project.

Deliberately not here: what the cloud serves (`local.cloud`).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

from governance.errors import MeshError

START_SECONDS = 60.0
STOP_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class RunningCloud:
    """An embedded cloud that answers."""

    endpoint: str
    pid: int
    port: int


def _record(home: Path) -> Path:
    return home / "cloud.json"


def find(home: Path) -> RunningCloud | None:
    """The cloud started from this home, if it still answers; a stale record is removed."""
    record = _record(home)
    try:
        cloud = RunningCloud(**json.loads(record.read_text(encoding="utf-8")))
        os.kill(cloud.pid, 0)
        with urllib.request.urlopen(f"{cloud.endpoint}/moto-api/", timeout=5):  # noqa: S310 - our own loopback address
            return cloud
    except (OSError, ValueError, TypeError):
        record.unlink(missing_ok=True)
        return None


def require(home: Path) -> RunningCloud:
    """The running cloud; MeshError when there is none."""
    cloud = find(home)
    if cloud is None:
        raise MeshError("is not running; start it with 'mesh cloud start'", "cloud")
    return cloud


def start(home: Path, *, port: int = 0, organization: list[str] | None = None) -> RunningCloud:
    """Start a cloud in the background and return once it answers.

    Parameters
    ----------
    home
        Folder for its record and log.
    port
        Port on the loopback interface; 0 takes a free one.
    organization
        Accounts that share an AWS Organization.

    Raises
    ------
    MeshError
        When one is already running, or what the process said when it did not come up.
    """
    if running := find(home):
        raise MeshError(f"is already running at {running.endpoint}; stop it with 'mesh cloud stop'", "cloud")
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "local.cloud", "--port", str(port)]
    if organization:
        command += ["--organization", ",".join(organization)]
    log = home / "cloud.log"
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        endpoint = process.stdout.readline().strip()
        process.stdout.close()
    if not endpoint:
        process.wait()
        said = log.read_text(encoding="utf-8").strip().splitlines()
        raise MeshError(said[-1] if said else "did not start", "")
    cloud = RunningCloud(endpoint=endpoint, pid=process.pid, port=int(endpoint.rsplit(":", 1)[1]))
    temporary = _record(home).with_suffix(".new")
    temporary.write_text(json.dumps(asdict(cloud)), encoding="utf-8")
    temporary.replace(_record(home))
    process.returncode = 0  # it is not waited for: the process outlives this one
    return cloud


def stop(home: Path) -> RunningCloud:
    """Stop the running cloud, with everything in it; MeshError when none is running."""
    cloud = require(home)
    os.kill(cloud.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _alive(cloud.pid):
        if time.monotonic() > deadline:
            os.kill(cloud.pid, signal.SIGKILL)
            break
        time.sleep(0.05)
    _record(home).unlink(missing_ok=True)
    return cloud


def _alive(pid: int) -> bool:
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    except ChildProcessError:
        pass  # started by another process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
