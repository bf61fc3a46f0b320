"""The command ``pipeline``: start, status and definition of the deployed pipeline.

Owns flags, what is printed as a run goes on, and the exit code: 0 for a run that was followed to its success.
Deliberately not here: the calls (`pipelines.runs`, `pipelines.status`).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

from training.session import Context

_INTERVAL = 2.0
"""Seconds between two looks at a run."""

_LONGEST = 3600
"""Most seconds between them; what is longer is a slip of the pen."""

_WHAT = (
    "config", "product", "table", "target", "positive", "query", "contract", "key", "exclude", "categorical", "seed",
)  # fmt: skip
"""Flags of the phases that a run of the pipeline takes as parameters instead."""


def add(commands: Any, common: Callable[[argparse.ArgumentParser], None]) -> None:
    """Add the command; `common` adds the flags that say who calls. What is trained is the definition's business."""
    told = "start the deployed pipeline, look at its runs, or show its definition"
    parser = commands.add_parser("pipeline", help=told, description=told.capitalize() + ".")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    start = actions.add_parser("start", help="start a run", description="Start a run.")
    start.add_argument(
        "--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the pipeline; repeatable"
    )
    start.add_argument("--name", dest="display_name", help="shown beside the run")
    status = actions.add_parser("status", help="steps of a run", description="Show the steps of a run.")
    definition = actions.add_parser(
        "definition", help="the deployed definition", description="Print the definition as it is deployed."
    )
    for command in (status, definition):
        command.add_argument(
            "--run", metavar="ID", help="id or ARN of the run; status: the newest by default"
        )
    for command in (start, status):
        command.add_argument("--watch", action="store_true", help="follow to the end; exit 0 only on success")
        command.add_argument("--interval", type=_seconds, default=_INTERVAL, help="seconds between looks")
    for command in (start, status, definition):
        common(command)
        command.set_defaults(**dict.fromkeys(_WHAT))


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= _LONGEST:
        raise argparse.ArgumentTypeError(f"'{text}' must be from 0 to {_LONGEST}")
    return value


def run(context: Context, flags: argparse.Namespace) -> int:
    """Carry out the command and return the exit code."""
    from training.pipelines import runs as pipeline_runs
    from training.pipelines import status as pipeline_status

    if flags.action == "definition":
        arn = pipeline_runs.execution_arn(context, flags.run) if flags.run else None
        print(pipeline_runs.definition_text(context, arn), flush=True)
        return 0
    if flags.action == "start":
        arn = pipeline_runs.start(context, flags.parameter, display_name=flags.display_name)
        if not flags.watch:
            print(arn, flush=True)
            return 0
    else:
        arn = pipeline_runs.execution_arn(context, flags.run)
    found = _watched(context, arn, flags.interval) if flags.watch else pipeline_status.look(context, arn)
    print(pipeline_status.table(found), flush=True)
    return 0 if not flags.watch or found.status == pipeline_status.SUCCEEDED else 1


def _watched(context: Context, arn: str, interval: float) -> Any:
    """Follow a run to its end, telling each step as it begins and ends."""
    from training.pipelines import status as pipeline_status

    seen: dict[str, str] = {}
    while True:
        found = pipeline_status.look(context, arn)
        for step in found.steps:
            if seen.get(step.name) != step.status:
                seen[step.name] = step.status
                context.say(f"{step.name}: {step.status}" + (f" ({step.detail})" if step.detail else ""))
        if found.ended:
            return found
        time.sleep(interval)
