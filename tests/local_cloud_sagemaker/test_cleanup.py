"""Nothing of a job outlives the cloud."""

from __future__ import annotations

import os
import time
import urllib.request
from pathlib import Path

from sagemaker_bench import Bench, wait_for

from local.cloud import server

SCRIPT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, os.environ["SAGEMAKER_BASE_DIR"])
time.sleep(600)
"""


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or stat.read_text().split(") ")[1][0] != "Z"


def running(bench: Bench) -> tuple[int, int, str]:
    """A job that runs: its process, a child of it, and its folder."""
    request = bench.processing(SCRIPT)
    bench.sagemaker.create_processing_job(**request)
    name = request["ProcessingJobName"]

    def said() -> list[str]:
        groups = bench.client("logs").describe_log_groups()["logGroups"]
        return bench.log("ProcessingJobs", name).get("algo-1", []) if groups else []

    parent, child, folder = wait_for(said, bool)[0].split(" ")
    return int(parent), int(child), folder


def gone(*processes: int) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until and any(alive(each) for each in processes):
        time.sleep(0.05)
    return not any(alive(each) for each in processes)


def test_processes_and_folders_are_gone_with_the_cloud() -> None:
    with server.spawn() as cloud:
        bench = Bench(cloud.endpoint)
        bench.deploy()
        parent, child, folder = running(bench)
        assert alive(parent), "the job runs"
        assert alive(child), "with a child of its own"
        assert Path(folder).is_dir(), "in a folder"
    assert gone(parent, child), "the job is gone, and its child"
    assert not Path(folder).exists(), "and its folder"


def test_a_cloud_that_forgets_everything_stops_what_runs() -> None:
    with server.spawn() as cloud:
        bench = Bench(cloud.endpoint)
        bench.deploy()
        parent, child, _ = running(bench)
        with urllib.request.urlopen(f"{cloud.endpoint}/moto-api/reset", data=b"") as answer:
            assert answer.status == 200, "it forgets"
        assert gone(parent, child), "the job is gone, and its child"
        assert bench.sagemaker.list_processing_jobs()["ProcessingJobSummaries"] == [], "and nothing is listed"
