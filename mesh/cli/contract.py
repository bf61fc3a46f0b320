"""`mesh contract` and `mesh quota`: what changes for whom, documents for portals, and how much the services hold.

Owns the arguments, what is printed and the exit codes: 0 fine, 1 breaking without a new major version or over a limit,
2 for a mistake. Deliberately not here: the answers (contract*, quota*).
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from governance.compatibility.deployed import read_export
from governance.compatibility.sunset import DEPRECATED, notices, sunset
from governance.contracts import Contract
from governance.contracts.difference import difference
from governance.contracts.odcs import NotDeployable
from governance.contracts.readers import readers_of
from governance.errors import MeshError
from mesh.project import Project

LIVE = "ask the consumers' registries on AWS for models, as the product's deploy role"


def register(commands: Any) -> None:
    """Add `contract` and `quota` to the command line's sub-parsers."""
    contract = commands.add_parser("contract", help="check, compare and export data contracts")
    actions = contract.add_subparsers(metavar="ACTION", required=True)

    check = actions.add_parser("check", help="is each a contract this mesh can deploy; exit 2 when not")
    check.add_argument("files", nargs="+", metavar="FILE")
    check.add_argument(
        "--against", metavar="WHAT",
        help="and does it keep what it promised: 'deployed', a git revision, or a file of 'pulumi stack export'",
    )  # fmt: skip
    check.add_argument("--live", action="store_true", help=LIVE)
    check.set_defaults(run=_check)

    diff = actions.add_parser(
        "diff", help="what changed, and whom it breaks; exit 1 without a new major version"
    )
    diff.add_argument("old", metavar="OLD", help="file, or REVISION:path as git has it")
    diff.add_argument("new", metavar="NEW", help="file, or REVISION:path as git has it")
    diff.add_argument("--live", action="store_true", help=LIVE)
    form = diff.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--markdown", action="store_true", help="as a pull-request comment")
    diff.set_defaults(run=_diff)

    export = actions.add_parser("export", help="the product's document for portals")
    export.add_argument(
        "--odps", required=True, metavar="FILE", help="contract to export as Bitol ODPS v1.0.0"
    )
    export.add_argument("--out", metavar="FILE", help="write there instead of printing")
    export.set_defaults(run=_export)

    quota = commands.add_parser("quota", help="what the mesh takes of the services' limits; exit 1 over one")
    quota.add_argument(
        "--against", metavar="WHAT", help="'deployed' (when the cloud runs, the default) or a git revision"
    )
    quota.add_argument("--all", action="store_true", help="every row, not only the fullest of each limit")
    quota.add_argument("--json", action="store_true", help="as JSON, every row")
    quota.set_defaults(run=_quota)


def _check(options: argparse.Namespace) -> int:
    from mesh.contract import files as contracts
    from mesh.contract.show import as_text

    project = Project.find()
    levels = contracts.levels_of(project)
    refused = wrong = 0
    for file in options.files:
        try:
            new = contracts.read_strictly(file, levels)
            sunset(new)
        except NotDeployable as error:
            print(f"{file}: a contract of the standard, of which nothing can be deployed")
            print(f"note: {error}")
            continue
        except MeshError as error:
            print(error, file=sys.stderr)
            wrong += 1
            continue
        columns = sum(len(table.columns) for table in new.tables)
        rules = sum(len(table.all_rules) for table in new.tables)
        print(
            f"{file}: {new.product} {new.version}, {len(new.tables)} tables, {columns} columns, {rules} rules"
        )
        for doubt in new.doubts:
            print(f"note: {doubt}")
        if not options.against and new.status.lower() != DEPRECATED:
            continue
        readers = readers_of(project.stacks, new.product)
        notes = notices(new, readers, dt.date.today())
        old = _before(options.against, project, file, new, levels) if options.against else None
        if old is None:
            print("\n".join([*notes, *(["not deployed before"] if options.against else [])]))
            continue
        models, unread = _models(project, new.product, options.live)
        found = difference(old, new, levels, readers, models)
        print(as_text(found, [*notes, *(unread if found.breaks else ())]))
        refused += found.refused
    return 2 if wrong else 1 if refused else 0


def _before(
    against: str, project: Project, file: str, new: Contract, levels: tuple[str, ...]
) -> Contract | None:
    """The version to compare with; None for a product that was not there."""
    from local import engine
    from mesh import cloud
    from mesh.contract import files as contract
    from mesh.contract import gate as contract_gate

    if against == "deployed":
        store = engine.S3StateStore(cloud.require(project.home).endpoint)
        return contract_gate.deployed(project, store).get(new.product)
    if Path(against).is_file():
        return read_export(Path(against).read_text(encoding="utf-8"), against).get(new.product)
    return contract.at_revision(against, file, levels)


def _models(project: Project, product: str, live: bool) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Models on AWS, or in the running cloud, and a line for what could not be asked."""
    from local import engine
    from mesh import cloud
    from mesh.contract.models import registered, registered_live

    if live:
        return registered_live(project, product)
    running = cloud.find(project.home)
    if not running:
        return (), ("registered models were not looked up: no cloud runs here, and --live asks AWS",)
    return registered(project, running.endpoint, engine.S3StateStore(running.endpoint)), ()


def _diff(options: argparse.Namespace) -> int:
    from mesh.contract import files as contracts
    from mesh.contract.show import as_json, as_markdown, as_text

    project = Project.find()
    levels = contracts.levels_of(project)
    old, new = (contracts.read(source, levels) for source in (options.old, options.new))
    readers = readers_of(project.stacks, new.product)
    models, unread = _models(project, new.product, options.live)
    found = difference(old, new, levels, readers, models)
    notes = [*notices(new, readers, dt.date.today()), *(unread if found.breaks else ())]
    if options.json:
        print(json.dumps(as_json(found, notes), indent=2, default=str))
    else:
        print((as_markdown if options.markdown else as_text)(found, notes))
    return 1 if found.refused else 0


def _export(options: argparse.Namespace) -> None:
    from governance.contracts.odps import product_document
    from mesh.contract import files as contracts

    found = contracts.read(options.odps, contracts.levels_of(Project.find()))
    text = (
        Path(options.odps).read_text(encoding="utf-8")
        if Path(options.odps).exists()
        else contracts.show(options.odps)
    )
    document = yaml.safe_dump(product_document(found, text), sort_keys=False, allow_unicode=True, width=110)
    if not options.out:
        print(document, end="")
        return
    try:
        Path(options.out).write_text(document, encoding="utf-8")
    except OSError as error:
        raise MeshError(f"cannot be written ({error.strerror})", options.out) from None
    print(f"{options.out}: {found.product} {found.version} as ODPS v1.0.0", file=sys.stderr)


def _quota(options: argparse.Namespace) -> int:
    from mesh import quota

    found = quota.report(Project.find(), options.against)
    if options.json:
        print(json.dumps(quota.as_json(found), indent=2))
    else:
        print(quota.as_text(found, every=options.all))
    return 1 if found.over else 0
