"""The lake is asked inside the cloud's process, whose patches of moto must not reach other tests: a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_lake_as_a_snapshot_holds_in_a_process_of_its_own() -> None:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "pytest", "-q", "tests/local_cloud/lake_checks.py"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    assert " passed" in run.stdout, "the checks were found and run"
