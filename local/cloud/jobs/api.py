"""Glue jobs and crawlers of the embedded cloud, really run: installation into moto's Glue.

Owns the operations StartJobRun, GetJobRun(s), BatchStopJobRun and StartCrawler as callers see them.
Deliberately not here: the process of a run (run), its log (logs) and what a crawler does
(crawler). Triggers and schedules stay moto's: they are kept, and start nothing.
"""

from __future__ import annotations

import os
from typing import Any

from flask import has_request_context, request
from moto.core.responses import ActionResult
from moto.glue.exceptions import ConcurrentRunsExceededException, JobRunNotFoundException
from moto.glue.models import FakeCrawler, FakeJob
from moto.glue.responses import GlueResponse

from local.cloud.jobs import crawler as jobs_crawler
from local.cloud.jobs.run import JobRun, Work

ACTIVE = ("STARTING", "RUNNING", "STOPPING")


def install() -> None:
    """Patch moto's Glue, once or many times."""
    FakeJob.start_job_run = start_job_run
    FakeJob.get_job_runs = get_job_runs
    GlueResponse.batch_stop_job_run = batch_stop_job_run
    FakeCrawler.start_crawler = jobs_crawler.start_crawler
    FakeCrawler.stop_crawler = jobs_crawler.stop_crawler
    if FakeCrawler.as_dict is not jobs_crawler.as_dict:
        jobs_crawler.described = FakeCrawler.as_dict
        FakeCrawler.as_dict = jobs_crawler.as_dict


def endpoint() -> str:
    """Return the address at which a job reaches the cloud: the one at which the cloud was just called."""
    if has_request_context():
        return str(request.host_url).rstrip("/")
    return os.environ.get("AWS_ENDPOINT_URL", "")


def start_job_run(self: Any, **given: Any) -> str:
    """Start a run of a job; ConcurrentRunsExceededException at the job's limit."""
    running = [run for run in self.job_runs if run.status in ACTIVE]
    if len(running) >= int(self.execution_property.get("MaxConcurrentRuns") or 1):
        raise ConcurrentRunsExceededException(f"Concurrent runs exceeded for {self.name}")
    arguments = {
        **self.default_arguments,
        **(given.get("arguments") or {}),
        **(self.non_overridable_arguments or {}),
    }
    command = self.command or {}
    run = JobRun(
        Work(
            job=self.name,
            role=self.role,
            account=self.backend.account_id,
            region=self.backend.region_name,
            command=str(command.get("Name") or ""),
            script=str(command.get("ScriptLocation") or ""),
            arguments={str(key): str(value) for key, value in arguments.items()},
            minutes=float(given.get("timeout") or self.timeout or 2880),
            endpoint=endpoint(),
        ),
        previous=given.get("previous_run_id"),
        capacity=given.get("max_capacity") or self.max_capacity,
        glue_version=self.glue_version,
    )
    self.job_runs.insert(0, run)
    run.start()
    started: str = run.job_run_id
    return started


def get_job_runs(self: Any) -> list[Any]:
    """Return the runs of a job, latest first."""
    return list(self.job_runs)


def batch_stop_job_run(self: Any) -> ActionResult:
    """Stop runs of a job."""
    name, stopped, errors = self._get_param("JobName"), [], []
    job = self.glue_backend.get_job(name)
    for wanted in self._get_param("JobRunIds") or []:
        try:
            run = job.get_job_run(wanted)
        except JobRunNotFoundException:
            code, message = "EntityNotFoundException", f"Job run {wanted} not found"
        else:
            if run.status in ACTIVE:
                run.stop()
                stopped.append({"JobName": name, "JobRunId": wanted})
                continue
            code, message = (
                "InvalidInputException",
                f"Job run {wanted} is {run.status} and can not be stopped",
            )
        detail = {"ErrorCode": code, "ErrorMessage": message}
        errors.append({"JobName": name, "JobRunId": wanted, "ErrorDetail": detail})
    return ActionResult({"SuccessfulSubmissions": stopped, "Errors": errors})
