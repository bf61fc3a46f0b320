"""The command ``batch``: score a file by a transform job of what production serves.

Owns flags and progress lines. Deliberately not here: the job and the files (`training.batch`).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training.cli.endpoint import add_asked
from training.payload import CSV_TYPE, JSON_TYPE, LINES_TYPE

_ROWS = {".csv": CSV_TYPE, ".json": JSON_TYPE, ".jsonl": LINES_TYPE, ".ndjson": LINES_TYPE}
_ANSWERS = {".csv": CSV_TYPE, ".jsonl": LINES_TYPE, ".ndjson": LINES_TYPE}
_INTERVAL, _LONGEST = 5.0, 3600
"""Seconds between two looks at a job, which takes minutes to start on AWS; and the most."""


def add(commands: Any) -> None:
    """Add the command to the command line."""
    told = "score a file of rows in a transform job"
    parser = commands.add_parser("batch", help=told, description=told.capitalize() + ".")
    parser.add_argument(
        "--file", type=Path, required=True, help="rows: .csv with a line of names, .json or .jsonl"
    )
    parser.add_argument(
        "--output", type=Path, required=True, help="answers: .csv or .jsonl, in the rows' order"
    )
    parser.add_argument(
        "--interval", type=_seconds, default=_INTERVAL, help="seconds between looks at the job"
    )
    add_asked(parser)


def run(flags: argparse.Namespace) -> int:
    """Carry out the command and return the exit code."""
    from training import batch

    kinds = [
        _kind(path, known, flag)
        for path, known, flag in ((flags.file, _ROWS, "--file"), (flags.output, _ANSWERS, "--output"))
    ]
    if not flags.output.parent.is_dir():
        raise MeshError("is in a folder that is not there", f"--output {flags.output}")
    asked = batch.target(flags.outputs, flags.role)
    count = batch.score_file(
        asked,
        flags.file,
        kinds[0],
        flags.output,
        kinds[1],
        say=lambda line: print(line, flush=True),
        interval=flags.interval,
    )
    print(f"{count:,} rows scored by {asked.model_package}: {flags.output}", flush=True)
    return 0


def _kind(path: Path, known: dict[str, str], flag: str) -> str:
    kind = known.get(path.suffix.lower())
    if not kind:
        raise MeshError(f"must end in one of {', '.join(known)}", f"{flag} {path}")
    return kind


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= _LONGEST:
        raise argparse.ArgumentTypeError(f"'{text}' must be above 0 and at most {_LONGEST}")
    return value
