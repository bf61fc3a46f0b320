"""`python -m local.cloud --port N`: serve until SIGTERM or SIGINT.

Prints the endpoint as one line on standard output when requests are answered and nothing else. Deliberately
not here: the record of a running cloud (`.mesh/cloud.json`), which the mesh command keeps.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from governance.errors import MeshError
from local.cloud import server


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the cloud; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.cloud", description="Serve the embedded cloud.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes any free one")
    parser.add_argument(
        "--organization",
        default="",
        metavar="ACCOUNTS",
        help="comma-separated accounts of one AWS Organization",
    )
    options = parser.parse_args(argv)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        cloud = server.start(options.port)
        accounts = [account.strip() for account in options.organization.split(",") if account.strip()]
        if accounts:
            from local.cloud.organizations import ensure_organization

            ensure_organization(accounts)
    except MeshError as problem:
        print(problem, file=sys.stderr)
        return 2
    with cloud:
        print(cloud.endpoint, flush=True)
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
