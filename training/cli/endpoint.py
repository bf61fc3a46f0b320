"""The command ``endpoint``: ask what production serves, or look at it.

Owns flags, reading the rows' file, and how an answer is shown. Deliberately not here: the calls (`training.endpoint`).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training.payload import CSV_TYPE, JSON_TYPE, LINES_TYPE

STDIN = "-"
_KINDS = {"json": JSON_TYPE, "jsonl": LINES_TYPE, "csv": CSV_TYPE}


def add(commands: Any) -> None:
    """Add the command to the command line."""
    told = "ask the production endpoint, or look at it"
    parser = commands.add_parser("endpoint", help=told, description=told.capitalize() + ".")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    ask = actions.add_parser(
        "invoke",
        help="score the rows of a file",
        description="Score the rows of a file: JSON (an object or a list), JSON Lines, or CSV.",
    )
    ask.add_argument("--file", required=True, metavar="FILE", help="rows to score; - reads standard input")
    ask.add_argument("--type", choices=list(_KINDS), help="what the file holds; default: by its suffix")
    ask.add_argument("--json", dest="shape", action="store_const", const="json", help="the answer as it came")
    ask.add_argument("--csv", dest="shape", action="store_const", const="csv", help="the answer as CSV")
    look = actions.add_parser(
        "status",
        help="state of the endpoint; exit 0 when it is in service",
        description="Show the state of the endpoint; exit 0 when it is in service, else 1.",
    )
    for command in (ask, look):
        add_asked(command)


def add_asked(command: argparse.ArgumentParser) -> None:
    """Add the flags that say what is asked, and as whom."""
    command.add_argument(
        "--outputs", type=Path, help="JSON of the production stack's outputs; default: MESH_PRODUCTION"
    )
    command.add_argument(
        "--as", dest="role", metavar="ROLE", help="role of that account; default: the one made for callers"
    )


def run(flags: argparse.Namespace) -> int:
    """Carry out the command and return the exit code."""
    from training import endpoint

    asked = endpoint.target(flags.outputs, flags.role)
    if flags.action == "status":
        found = endpoint.status(asked)
        print(endpoint.described(asked, found), flush=True)
        return 0 if found["EndpointStatus"] == endpoint.IN_SERVICE else 1
    kind = _kind(flags.file, flags.type)
    accept = CSV_TYPE if flags.shape == "csv" else JSON_TYPE
    body = endpoint.invoke(asked, _read(flags.file), kind, accept)
    text = body.decode("utf-8") if flags.shape else endpoint.table(body)
    print(text.removesuffix("\n"), flush=True)
    return 0


def _kind(file: str, given: str | None) -> str:
    from training.endpoint import SUFFIXES

    suffix = Path(file).suffix.lower()
    if given:
        return _KINDS[given]
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise MeshError(f"ends in none of {known}; say what it holds with --type", f"--file {file}")
    return SUFFIXES[suffix]


def _read(file: str) -> bytes:
    if file == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise MeshError(f"cannot be read ({error.strerror})", f"--file {file}") from error
