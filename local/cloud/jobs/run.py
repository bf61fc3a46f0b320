"""One run of a Glue Python shell job: a process with the job's arguments and the credentials of its role.

Owns the run's directory, environment, output, time limit and states. The process sees the cloud's endpoint
and its role's credentials and nothing else of this machine's settings. Deliberately not here: limits across
runs (jobs).
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.core.utils import utcnow
from moto.glue.models import FakeJobRun
from moto.sts.models import sts_backends

from local.cloud.athena import objects as athena_objects
from local.cloud.jobs import logs as jobs_logs

SECONDS_PER_MINUTE = 60.0
_SECRETS_LIFE = 12 * 3600


@dataclass(frozen=True)
class Work:
    """What a run does, for whom and where; `minutes` is the time limit."""

    job: str
    role: str
    account: str
    region: str
    command: str
    script: str
    arguments: dict[str, str]
    minutes: float
    endpoint: str

    @property
    def role_arn(self) -> str:
        """The job's role as ARN; a job may name it by name or path alone."""
        return self.role if self.role.startswith("arn:") else f"arn:aws:iam::{self.account}:role/{self.role}"

    @property
    def argv(self) -> list[str]:
        """Arguments as Glue gives them: `--key value`."""
        found = []
        for key, value in self.arguments.items():
            found += [key if key.startswith("--") else f"--{key}", value]
        return found


_running: set[subprocess.Popen[str]] = set()


@atexit.register
def end_all() -> None:
    """Leave no process behind when the cloud ends."""
    for process in list(_running):
        _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


class JobRun(FakeJobRun):  # type: ignore[misc]
    """A run in moto's place, with its process."""

    def __init__(self, work: Work, previous: str | None, capacity: Any, glue_version: str | None) -> None:
        super().__init__(
            job_name=work.job, job_run_id=previous, arguments=work.arguments, max_capacity=capacity
        )
        self.work = work
        self.timeout = int(work.minutes)
        self.state = "STARTING"
        self.error = ""
        self.glue_version = glue_version or "3.0"
        self.completed_on = None
        self.done = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    @property
    def status(self) -> str:
        """The run's state."""
        return self.state

    def advance(self) -> None:
        """Leave the state to the process; moto's runs advance by being looked at."""

    def start(self) -> None:
        """Run in a thread."""
        threading.Thread(target=self._run, name=f"job-{self.job_run_id[:8]}", daemon=True).start()

    def stop(self) -> None:
        """End the process at the caller's wish."""
        with self._lock:
            if self.completed_on is None:
                self.state = "STOPPING"
                if self._process is not None:
                    _kill(self._process)

    def _run(self) -> None:
        try:
            state, error = self._outcome()
        except Exception as problem:  # a run must always end
            state, error = "FAILED", f"{type(problem).__name__}: {problem}"
        with self._lock:
            self.error, self.completed_on = error, utcnow()
            self.modified_on = self.completed_on
            self.state = "STOPPED" if self.state == "STOPPING" else state
        self.done.set()

    def _outcome(self) -> tuple[str, str]:
        """Return the state in which the run ends, and its error."""
        work = self.work
        if work.command != "pythonshell":
            return "FAILED", f"Command '{work.command}' is not run here; only pythonshell is"
        bucket, key = athena_objects.split_uri(work.script)
        try:
            script = athena_objects.read(bucket, key)
        except FileNotFoundError:
            return (
                "FAILED",
                f"Error downloading from S3 for bucket: {bucket}, key: {key}. Not Found (Status Code: 404)",
            )
        with tempfile.TemporaryDirectory(prefix="glue-python-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / (Path(key).name or "script.py")
            path.write_bytes(script)
            return self._supervise(path, Path(folder))

    def _supervise(self, path: Path, folder: Path) -> tuple[str, str]:
        work = self.work
        with self._lock:
            if self.state == "STOPPING":
                return "STOPPED", ""
            self._process = subprocess.Popen(
                [sys.executable, str(path), *work.argv],
                cwd=folder,
                env=environment(work, folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self.state = "RUNNING"
        _running.add(self._process)
        timed_out = False
        try:
            out, err = self._process.communicate(timeout=work.minutes * SECONDS_PER_MINUTE)
        except subprocess.TimeoutExpired:
            timed_out = True
            _kill(self._process)
            out, err = self._process.communicate()
        finally:
            _running.discard(self._process)
        for group, text in ((jobs_logs.OUTPUT, out), (jobs_logs.ERROR, err)):
            jobs_logs.write(work.account, work.region, group, self.job_run_id, text.splitlines())
        if timed_out:
            return "TIMEOUT", f"Job run timed out after {self.timeout} minutes."
        if self._process.returncode == 0:
            return "SUCCEEDED", ""
        last = [line for line in err.splitlines() if line.strip()]
        return "FAILED", last[-1].strip() if last else f"Process exited with code {self._process.returncode}"

    def as_dict(self) -> dict[str, Any]:
        """Return the JobRun structure."""
        found = super().as_dict()
        end = self.completed_on or utcnow()
        found.update(
            JobRunState=self.state,
            ExecutionTime=int((end - self.started_on).total_seconds()),
            LogGroupName="/aws-glue/python-jobs",
            GlueVersion=self.glue_version,
            Timeout=self.timeout,
        )
        for key in ("WorkerType", "NumberOfWorkers", "AllocatedCapacity"):
            found.pop(key, None)  # a Python shell has none
        if self.completed_on is None:
            found.pop("CompletedOn", None)
        if self.error:
            found["ErrorMessage"] = self.error
        return {key: value for key, value in found.items() if value is not None}


def environment(work: Work, folder: Path) -> dict[str, str]:
    """Return the environment of a run: the endpoint, the Region and the session of the job's role."""
    role = sts_backends[work.account]["aws"].assume_role(
        region_name=work.region,
        role_session_name="GlueJobRunnerSession",
        role_arn=work.role_arn,
        policy=None,
        duration=_SECRETS_LIFE,
        external_id=None,
    )
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_ENDPOINT_URL": work.endpoint,
        "AWS_DEFAULT_REGION": work.region,
        "AWS_REGION": work.region,
        "AWS_ACCESS_KEY_ID": role.access_key_id,
        "AWS_SECRET_ACCESS_KEY": role.secret_access_key,
        "AWS_SESSION_TOKEN": role.session_token,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
