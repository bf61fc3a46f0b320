"""The demo's data: three deliveries to the producer's bucket, the curation job's runs, and what the catalog says then.

The real data comes in two batches; broken rows (`faulty_batch`) and a batch of another layout are made from it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from mesh.aws import Acting
from mesh.demo.faulty_batch import expected_quarantine, make_faulty_batch

TABLE = "credit_card"
FIRST, SECOND, FOREIGN = "2026-10-applications.csv", "2026-11-applications.csv", "2026-12-other-layout.csv"
LATE_ROWS = 50
"""Rows of the real data that arrive with the second batch."""
OUTPUT_LOGS = "/aws-glue/python-jobs/output"
WAIT_SECONDS = 300.0
SEED = 7


def deliver(operator: Acting, product: Mapping[str, Any], folder: Path) -> list[str]:
    """Put two batches into the bucket's raw area as the source system would.

    Together they hold the real data, each row once; the second also holds made-up rows, every one of them broken, so
    that what is published is the true data and nothing else.
    """
    text = (folder / TABLE / f"{TABLE}.csv").read_text(encoding="utf-8")
    lines = text.splitlines()
    broken = make_faulty_batch(text, SEED, rows=expected_quarantine()).splitlines()[1:]
    _put(operator, product, FIRST, lines[:-LATE_ROWS])
    _put(operator, product, SECOND, [lines[0], *lines[-LATE_ROWS:], *broken])
    return [FIRST, SECOND]


def curate(operator: Acting, product: Mapping[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Run the curation job on what was delivered, then once more on a batch of another layout.

    Returns
    -------
    list of dict
        One entry per batch: batch, status, read, curated, quarantined, rules, and message when it was refused.
    """
    state, summary, message = _job(operator, product["curationJob"])
    if state != "SUCCEEDED":
        raise MeshError(f"failed: {message}", f"job {product['curationJob']}")
    batches = [{**batch, "status": "published", "rules": []} for batch in summary["batches"]]
    for batch in batches:
        if batch["quarantined"]:
            batch["rules"] = [
                {"rule": rule, "count": count} for rule, count in sorted(summary["rules"].items())
            ]
    _put(operator, product, FOREIGN, _without_last_column(folder))
    state, _, message = _job(operator, product["curationJob"])
    refused = {"batch": FOREIGN, "status": "refused" if state == "FAILED" else state, "message": message}
    _remove(operator, product, FOREIGN)
    return [*batches, {**refused, "read": 0, "curated": 0, "quarantined": 0, "rules": []}]


def quality(operator: Acting, product: Mapping[str, Any]) -> dict[str, str]:
    """Run the crawler, and read the table's quality figures from the catalog through the producer's link."""
    glue = operator.client("glue")
    glue.start_crawler(Name=product["crawler"])
    deadline = time.monotonic() + WAIT_SECONDS
    while (crawler := glue.get_crawler(Name=product["crawler"])["Crawler"])["State"] != "READY":
        if time.monotonic() > deadline:
            raise MeshError("does not finish", f"crawler {product['crawler']}")
        time.sleep(0.05)
    status = crawler.get("LastCrawl", {}).get("Status")
    if status != "SUCCEEDED":
        raise MeshError(
            f"ended as {status}: {crawler['LastCrawl'].get('ErrorMessage', '')}",
            f"crawler {product['crawler']}",
        )
    parameters = glue.get_table(DatabaseName=product["resourceLink"], Name=TABLE)["Table"]["Parameters"]
    return {
        key.removeprefix("quality_"): value for key, value in parameters.items() if key.startswith("quality_")
    }


def _put(operator: Acting, product: Mapping[str, Any], name: str, lines: list[str]) -> None:
    body = "".join(f"{line}\n" for line in lines).encode()
    operator.client("s3").put_object(Bucket=product["bucket"], Key=f"raw/{TABLE}/{name}", Body=body)


def _remove(operator: Acting, product: Mapping[str, Any], name: str) -> None:
    """Take a refused batch back, as its sender would, so that the next run is not refused again."""
    operator.client("s3").delete_object(Bucket=product["bucket"], Key=f"raw/{TABLE}/{name}")


def _without_last_column(folder: Path) -> list[str]:
    """A batch that lacks a column of the contract."""
    lines = (folder / TABLE / f"{TABLE}.csv").read_text(encoding="utf-8").splitlines()
    return [line.rsplit(",", 1)[0] for line in lines[:50]]


def _job(operator: Acting, name: str) -> tuple[str, dict[str, Any], str]:
    """Run the job and wait: its state, the summary it printed, and what it said when it failed."""
    glue = operator.client("glue")
    run_id = glue.start_job_run(JobName=name)["JobRunId"]
    deadline = time.monotonic() + WAIT_SECONDS
    while (run := glue.get_job_run(JobName=name, RunId=run_id)["JobRun"])["JobRunState"] in (
        "STARTING",
        "RUNNING",
        "WAITING",
    ):
        if time.monotonic() > deadline:
            raise MeshError(f"still runs after {WAIT_SECONDS:.0f} s", f"job {name}")
        time.sleep(0.05)
    events = operator.client("logs").get_log_events(
        logGroupName=OUTPUT_LOGS, logStreamName=run_id, startFromHead=True
    )
    lines = [event["message"].strip() for event in events["events"]]
    summaries = [json.loads(line) for line in lines if line.startswith("{")]
    return run["JobRunState"], summaries[-1] if summaries else {}, str(run.get("ErrorMessage", ""))
