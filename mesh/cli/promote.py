"""`mesh promote`: production serves another approved version, by configuration alone.

Owns the options and the order of things: draft, say what it changes, write. Deliberately not here: each of those.
"""

from __future__ import annotations

import argparse

from mesh.project import Project


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `promote` to the command line."""
    parser = commands.add_parser(
        "promote",
        help="have production serve the newest approved version of a model, by a change of its stack file",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--version", type=int, metavar="N", help="this version instead of the newest approved one"
    )
    which.add_argument("--rollback", action="store_true", help="the version that was served before")
    parser.add_argument("--stack", help="production stack; default: the only one")
    parser.add_argument(
        "--live", action="store_true", help="ask AWS's registry, not the running embedded cloud's"
    )
    parser.add_argument("--dry-run", action="store_true", help="show it all and a diff, write nothing")
    parser.set_defaults(run=_promote)


def _promote(options: argparse.Namespace) -> None:
    from mesh.access import sources as access_sources
    from mesh.onboard.effect import diff_lines
    from mesh.onboard.write import write
    from mesh.promote import production_stack, promotion

    project = Project.find()
    stack = production_stack(project, options.stack)
    with access_sources.Sessions.opened(project, live=options.live) as sessions:
        client = sessions.client(project.stacks[stack].place.account_id, "sagemaker")
        found = promotion(project, client, stack, version=options.version, rollback=options.rollback)
    print("\n".join(found.lines()))
    if options.dry_run:
        print("\n".join(diff_lines(found.draft.changes)))
        print("dry run: nothing is written")
        return
    write(project.folder, found.draft.changes)
    print(f"written; bring it up with 'mesh up {stack}'")
