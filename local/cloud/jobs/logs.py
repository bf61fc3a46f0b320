"""Lines of job output in CloudWatch Logs.

Owns writing a stream. Deliberately not here: what is written.
"""

from __future__ import annotations

import time

from moto.logs.models import logs_backends

OUTPUT = "/aws-glue/python-jobs/output"
ERROR = "/aws-glue/python-jobs/error"


def write(account: str, region: str, group: str, stream: str, lines: list[str]) -> None:
    """Append lines to a log stream, making group and stream as Glue does; blank lines are left out."""
    backend = logs_backends[account][region]
    if group not in backend.groups:
        backend.create_log_group(group, {})
    if stream not in backend.groups[group].streams:
        backend.create_log_stream(group, stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines if line.strip()]
    if events:
        backend.put_log_events(group, stream, events)
