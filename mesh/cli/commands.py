"""The `mesh` command. A user's mistake is one line on standard error and exit code 2; never a traceback."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from governance.errors import MeshError
from mesh.cli import access as cli_access
from mesh.cli import contract as cli_contract
from mesh.cli import onboard as cli_onboard
from mesh.cli import promote as cli_promote
from mesh.project import Project


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    options = _parser().parse_args(argv)
    try:
        return int(options.run(options) or 0)
    except MeshError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mesh", description="The data mesh, on a laptop or against AWS.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    cloud = commands.add_parser("cloud", help="start, stop or show the embedded cloud")
    actions = cloud.add_subparsers(metavar="ACTION", required=True)
    start = actions.add_parser("start", help="start it in the background")
    start.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    start.set_defaults(run=_cloud_start)
    actions.add_parser("stop", help="stop it; everything in it is forgotten").set_defaults(run=_cloud_stop)
    status = actions.add_parser("status", help="say whether it runs, and where")
    status.add_argument("--json", action="store_true", help="as JSON")
    status.set_defaults(run=_cloud_status)

    actions.add_parser("env", help="print the environment that points AWS SDKs at it").set_defaults(
        run=_cloud_env
    )

    up = commands.add_parser("up", help="bring stacks up in the embedded cloud, in their order")
    up.add_argument("stacks", nargs="*", metavar="STACK", help="default: all")
    up.set_defaults(run=_up)
    down = commands.add_parser("down", help="take stacks down, in reverse order")
    down.add_argument("stacks", nargs="*", metavar="STACK", help="default: all")
    down.set_defaults(run=_down)
    outputs = commands.add_parser("outputs", help="show what a stack exports")
    outputs.add_argument("stack", metavar="STACK")
    outputs.add_argument("--json", action="store_true", help="as JSON")
    outputs.set_defaults(run=_outputs)

    query = commands.add_parser("query", help="run SQL through Athena as a role of a consumer")
    query.add_argument(
        "--as", dest="role", required=True, metavar="ROLE", help="role name, such as data-scientist, or ARN"
    )
    query.add_argument("--stack", help="consumer stack; default: the one that has the role")
    query.add_argument("--database", help="default: the consumer's resource link when it has one product")
    shape = query.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="all rows, as a list of objects")
    shape.add_argument("--csv", action="store_true", help="all rows, under a line of names")
    query.add_argument("sql", metavar="SQL")
    query.set_defaults(run=_query)

    cli_access.register(commands)

    demo = commands.add_parser("demo", help="the whole story on a cloud of its own, with a report")
    demo.add_argument(
        "--keep", action="store_true", help="leave the cloud running for 'mesh query' and the like"
    )
    demo.set_defaults(run=_demo)
    cli_contract.register(commands)
    cli_onboard.register(commands)
    cli_promote.register(commands)
    return parser


def _cloud_start(options: argparse.Namespace) -> None:
    from mesh import cloud

    project = Project.find()
    running = cloud.start(project.home, port=options.port, organization=project.organization())
    print(f"cloud at {running.endpoint} (process {running.pid})")


def _cloud_stop(_: argparse.Namespace) -> None:
    from mesh import cloud

    print(f"stopped the cloud at {cloud.stop(Project.find().home).endpoint}")


def _cloud_status(options: argparse.Namespace) -> int:
    from mesh import cloud

    running = cloud.find(Project.find().home)
    if options.json:
        print(json.dumps({"running": running is not None, **(vars(running) if running else {})}))
    else:
        print(f"running at {running.endpoint} (process {running.pid})" if running else "not running")
    return 0 if running else 1


def _cloud_env(_: argparse.Namespace) -> None:
    from mesh import cloud
    from mesh.aws import environment

    project = Project.find()
    region = next(iter(project.stacks.values())).place.region
    for name, value in environment(cloud.require(project.home).endpoint, region).items():
        print(f"export {name}={value}")


def _up(options: argparse.Namespace) -> None:
    from mesh import deploy

    deploy.up(Project.find(), options.stacks)


def _down(options: argparse.Namespace) -> None:
    from mesh import deploy

    deploy.down(Project.find(), options.stacks)


def _outputs(options: argparse.Namespace) -> None:
    from mesh import deploy

    exports = deploy.outputs(Project.find(), options.stack)
    if options.json:
        print(json.dumps(exports, indent=2, sort_keys=True))
        return
    for key, value in sorted(exports.items()):
        print(f"{key}: {value if isinstance(value, str) else json.dumps(value, sort_keys=True)}")


def _query(options: argparse.Namespace) -> None:
    from mesh import deploy
    from mesh.query import SHOWN_ROWS, as_csv, as_json, as_table, run

    acting, workgroup, database = deploy.reader(Project.find(), options.role, options.stack)
    most = None if options.json or options.csv else SHOWN_ROWS
    answer = run(acting, options.sql, workgroup=workgroup, database=options.database or database, most=most)
    if answer.error:
        raise MeshError(
            answer.error,
            f"query {answer.query_id} as {options.role}" if answer.query_id else f"query as {options.role}",
        )
    print((as_json if options.json else as_csv if options.csv else as_table)(answer))
    count = (
        f"first {len(answer.rows)} rows, all with --csv or --json"
        if answer.more
        else f"{len(answer.rows)} rows"
    )
    print(f"{count}; query {answer.query_id}", file=sys.stderr)


def _demo(options: argparse.Namespace) -> None:
    from mesh.demo import run

    run(Project.find(), keep=options.keep)
