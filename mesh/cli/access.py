"""`mesh access`: who reads what and why, what a change would do to that, and whether a catalog is as intended.

Owns the sub-command's arguments, what it prints and its exit codes: 0 yes or clean, 1 no or different, 2 for
a mistake. Deliberately not here: the answers (access.explain, access.matrix, access.diff, access.verify).
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance.errors import MeshError
from mesh.project import Project

if TYPE_CHECKING:
    from local.snapshots_program import Program
    from mesh.access.explain import Explanation
    from mesh.access.names import Names


def register(commands: Any) -> None:
    """Add `access` and its actions to the command line's sub-parsers."""
    access = commands.add_parser("access", help="who can read what, and why")
    actions = access.add_subparsers(metavar="ACTION", required=True)

    explain = actions.add_parser(
        "explain", help="may a principal do this, and by which grants; exit 1 when not"
    )
    explain.add_argument(
        "--principal", required=True, metavar="P", help="role of a consumer, ROLE@CONSUMER, or an ARN"
    )
    explain.add_argument(
        "--table", required=True, metavar="DB.TABLE", help="database or resource link, and table"
    )
    explain.add_argument("--column", metavar="C", help="default: any column of the table")
    explain.add_argument("--action", default="SELECT", help="permission on the table (default: SELECT)")
    _common(explain)
    explain.set_defaults(run=_explain)

    matrix = actions.add_parser("matrix", help="every principal, table and column")
    matrix.add_argument(
        "--product", action="append", default=[], metavar="P", help="only this product; repeatable"
    )
    matrix.add_argument("--html", type=Path, metavar="FILE", help="write a page to look at")
    _common(matrix)
    matrix.set_defaults(run=_matrix)

    diff = actions.add_parser(
        "diff", help="what the working tree would add and take away; exit 0, or 1 on changes with --exit-code"
    )
    diff.add_argument(
        "--against", default="HEAD", metavar="REV", help="git revision, or 'deployed' for the running cloud"
    )
    diff.add_argument("--markdown", action="store_true", help="as a pull-request comment")
    diff.add_argument("--exit-code", action="store_true", help="exit 1 when anything changes")
    diff.add_argument("--json", action="store_true", help="as JSON")
    diff.set_defaults(run=_diff)

    verify = actions.add_parser("verify", help="intended against held, grant by grant; exit 1 on differences")
    verify.add_argument("--live", action="store_true", help="ask AWS, not the running embedded cloud")
    verify.add_argument("--repair", action="store_true", help="grant again what is missing")
    verify.add_argument(
        "--revoke-unmanaged",
        action="store_true",
        help="with --repair: revoke what the program does not grant",
    )
    verify.add_argument("--json", action="store_true", help="as JSON")
    verify.set_defaults(run=_verify)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--deployed",
        action="store_true",
        help="ask the running embedded cloud, not the working tree's program",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")


def _asked(options: argparse.Namespace) -> tuple[Names, Program, str]:
    """The state a question is about."""
    from mesh.access import sources as access_sources
    from mesh.access.names import Names

    project = Project.find()
    if options.deployed:
        program, source = access_sources.deployed(project), "As the running embedded cloud holds it."
    else:
        program, source = access_sources.intended(project), "As the program says it, before any deploy."
    return Names(project, program.snapshot), program, source


def _explain(options: argparse.Namespace) -> int:
    from mesh.access.explain import ask

    names, program, _ = _asked(options)
    answer = ask(
        names,
        program,
        principal=options.principal,
        table=options.table,
        column=options.column,
        action=options.action,
    )
    print(_dump(answer.to_json()) if options.json else told(answer, deployed=options.deployed))
    return 0 if answer.allowed else 1


def told(answer: Explanation, *, deployed: bool) -> str:
    """An explanation for a person at a terminal."""
    table = f"{answer.table.database}.{answer.table.name}"
    what = f"{answer.column} of {table}" if answer.column else table
    link = f", through {answer.via[0]}" if answer.via else ""
    if answer.allowed:
        lines = [f"yes: {answer.name} may {answer.action} {what}{link}"]
    else:
        lines = [f"no: {answer.name} may not {answer.action} {what}"]
    if answer.columns:
        many = len(answer.columns) == answer.of
        shown = "all columns" if many else ", ".join(answer.columns)
        lines.append(f"  reads {len(answer.columns)} of {answer.of} columns: {shown}")
    lines += [f"  only rows where {row}" for row in answer.rows]
    lines += [f"  {number}. {step}" for number, step in enumerate(answer.chain, 1)]
    if answer.missing:
        lines.append(f"  missing: {answer.missing.text}")
    lines += [f"  because: {reason}" for reason in answer.reasons]
    if answer.fixes:
        lines.append("  what would give it:")
        lines += [f"    {fix}" for fix in answer.fixes]
    elif answer.missing and deployed:
        lines.append("  if the program gives it, 'mesh access verify' names what the cloud lacks")
    if answer.iam is not None:
        half = answer.iam
        if half.missing:
            lines.append(f"  IAM: {len(half.missing)} of {half.calls} calls of a query are not allowed")
            lines += [f"    {call.action}, to {call.purpose}: {why}" for call, why in half.missing]
        elif half.calls:
            lines.append(f"  IAM: all {half.calls} calls of a query are allowed")
        lines += [f"  IAM: {half.note}"] if half.note else []
    return "\n".join(lines)


def _matrix(options: argparse.Namespace) -> None:
    from governance.reader import nearest
    from mesh.access import matrix as access_matrix
    from mesh.access.names import product_of
    from mesh.files import write_whole

    names, program, source = _asked(options)
    snapshot = program.snapshot
    known = sorted({product_of(snapshot, where) for where in snapshot.table_ids})
    for product in options.product:
        if product not in known:
            raise MeshError(f"is no product with tables here{nearest(product, known)}", product)
    found = access_matrix.cells(snapshot, names, options.product)
    if options.html:
        write_whole(options.html, access_matrix.as_page(snapshot, names, found, source))
        print(f"wrote {options.html}", file=sys.stderr)
    if options.json:
        print(_dump(access_matrix.as_json(snapshot, names, found)))
    elif not options.html:
        print(access_matrix.as_text(snapshot, names, found))


def _diff(options: argparse.Namespace) -> int:
    from mesh.access import diff as access_diff
    from mesh.access import sources as access_sources
    from mesh.access.names import Names

    project = Project.find()
    if options.against == "deployed":
        before, label = access_sources.deployed(project), "the running embedded cloud"
    else:
        before, commit = access_sources.revision(project, options.against)
        label = f"{options.against} ({commit})"
    after = access_sources.intended(project)
    found = access_diff.compare(
        Names(project, before.snapshot), Names(project, after.snapshot), before.snapshot, after.snapshot
    )
    soon = access_diff.expiring(project, dt.datetime.now(dt.UTC).date())
    found = dataclasses.replace(found, expiring=soon)
    if options.json:
        print(_dump(access_diff.as_json(found, label)))
    elif options.markdown:
        print(access_diff.as_markdown(found, label))
    else:
        print(access_diff.as_text(found, label))
    return 1 if options.exit_code and found.any else 0


def _verify(options: argparse.Namespace) -> int:
    from mesh.access import repair as access_repair
    from mesh.access import sources as access_sources
    from mesh.access import verify as access_verify

    if options.revoke_unmanaged and not options.repair:
        raise MeshError("goes with --repair, which is what changes the catalog", "--revoke-unmanaged")
    project = Project.find()
    with access_sources.Sessions.opened(project, live=options.live) as sessions:
        program = access_sources.intended(project)
        now = access_sources.held(project, program, sessions)
        found = access_verify.compare(project, program, now.snapshot)
        done: list[str] = []
        if options.repair and found.any:
            done = access_repair.repair(
                project, program, found, sessions, revoke_unmanaged=options.revoke_unmanaged
            )
            now = access_sources.held(project, program, sessions)
            found = access_verify.compare(project, program, now.snapshot)
    if options.json:
        print(_dump({**access_verify.as_json(found), "done": done}))
    else:
        print("\n".join([*done, access_verify.as_text(found, program)]))
    return 1 if found.any else 0


def _dump(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
