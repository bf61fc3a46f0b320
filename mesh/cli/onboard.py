"""`mesh onboard`: a LoB, a product, a consumer or a share by configuration alone.

Owns the options and the order of things: draft, try out, say what it brings, write. Deliberately not here: each of those.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mesh.project import Project

if TYPE_CHECKING:
    from mesh.onboard import Draft, Member
    from mesh.onboard.share import Narrowing


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `onboard` to the command line."""
    parser = commands.add_parser(
        "onboard", help="add a LoB, a product, a consumer or a share to the configuration"
    )
    kinds = parser.add_subparsers(metavar="WHAT", required=True)

    lob = kinds.add_parser("lob", help="a line of business with an account of its own")
    _member(lob)
    lob.set_defaults(run=_lob)

    product = kinds.add_parser("product", help="a data product from its contract")
    product.add_argument("--contract", required=True, type=Path, metavar="FILE", help="ODCS v3 file")
    product.add_argument("--stack", help="producer stack; default: that of the contract's domain")
    product.add_argument(
        "--share", action="append", default=[], metavar="CONSUMER=CLEARANCE", help="share it; repeatable"
    )
    _narrowing(product, "CONSUMER", "ml-coe")
    product.add_argument(
        "--schedule", metavar="CRON", help="of the curation job, such as 'cron(0 3 * * ? *)'"
    )
    product.set_defaults(run=_product)

    consumer = kinds.add_parser("consumer", help="a consumer with an account of its own")
    _member(consumer)
    consumer.add_argument("--clearance", required=True, metavar="LEVEL", help="highest level it may read")
    consumer.add_argument(
        "--product", action="append", default=[], metavar="P", help="product to share with it; repeatable"
    )
    _narrowing(consumer, "PRODUCT", "credit-card")
    consumer.add_argument(
        "--role", action="append", default=[], metavar="NAME=CLEARANCE",
        help="a role's clearance; data-scientist, pipeline and auditor have the consumer's otherwise; repeatable",
    )  # fmt: skip
    consumer.add_argument("--vpc", metavar="ID", help="VPC of the SageMaker domain; default: a placeholder")
    consumer.add_argument("--subnet", action="append", default=[], metavar="ID", help="repeatable")
    consumer.add_argument("--security-group", action="append", default=[], metavar="ID", help="repeatable")
    consumer.set_defaults(run=_consumer)

    share = kinds.add_parser("share", help="a product that is there, shared with a consumer that is there")
    share.add_argument("product", metavar="PRODUCT", help="name of the product")
    share.add_argument(
        "--to", action="append", required=True, metavar="CONSUMER=CLEARANCE",
        help="with whom, and the highest level it may read; repeatable",
    )  # fmt: skip
    _narrowing(share, "CONSUMER", "ml-coe")
    share.set_defaults(run=_share)

    for kind in (lob, product, consumer, share):
        kind.add_argument("--dry-run", action="store_true", help="show it all and a diff, write nothing")


def _narrowing(parser: argparse.ArgumentParser, name: str, example: str) -> None:
    """Options that narrow a share; all repeatable, once per name."""
    for option, form, words in (
        ("--columns", f"{name}=COLUMN,...", "share these columns only"),
        ("--rows", f"{name}[:TABLE]=PREDICATE", f'share these rows only, such as "{example}=amount < 5000"'),
        ("--until", f"{name}=DATE", "last day of the share, such as 2027-03-31"),
    ):
        parser.add_argument(option, action="append", default=[], metavar=form, help=f"{words}; repeatable")


def _narrowed(options: argparse.Namespace) -> Narrowing:
    from mesh.onboard.share import Narrowing

    return Narrowing(columns=options.columns, rows=options.rows, until=options.until)


def _member(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="lower case, as it will be known in the mesh")
    parser.add_argument("--account", required=True, metavar="ID", help="12-digit id of its account")
    parser.add_argument("--stack", help="name of its stack; default: NAME")
    parser.add_argument("--deploy-role", metavar="ROLE", help="default: as in the central stack")
    parser.add_argument("--owner", metavar="TEAM", help="default tag; default: NAME")
    parser.add_argument("--cost-centre", metavar="TEXT", help="default tag; default: as in the central stack")


def _as_member(options: argparse.Namespace) -> Member:
    from mesh.onboard import Member

    return Member(
        name=options.name,
        account=options.account,
        stack=options.stack,
        deploy_role=options.deploy_role,
        owner=options.owner,
        cost_centre=options.cost_centre,
    )


def _lob(options: argparse.Namespace) -> None:
    from mesh.onboard.lob import lob

    project = Project.find()
    _onboard(lob(project, _as_member(options)), options.dry_run)


def _product(options: argparse.Namespace) -> None:
    from mesh.onboard.product import ProductRequest, product

    request = ProductRequest(
        contract=options.contract,
        stack=options.stack,
        shares=options.share,
        narrowing=_narrowed(options),
        schedule=options.schedule,
    )
    _onboard(product(Project.find(), request), options.dry_run)


def _consumer(options: argparse.Namespace) -> None:
    from mesh.onboard.consumer import ConsumerRequest, consumer

    request = ConsumerRequest(
        member=_as_member(options),
        clearance=options.clearance,
        products=options.product,
        narrowing=_narrowed(options),
        vpc=options.vpc,
        subnets=options.subnet,
        security_groups=options.security_group,
        roles=options.role,
    )
    _onboard(consumer(Project.find(), request), options.dry_run)


def _share(options: argparse.Namespace) -> None:
    from mesh.onboard.existing import ShareRequest, share

    request = ShareRequest(product=options.product, consumers=options.to, narrowing=_narrowed(options))
    _onboard(share(Project.find(), request), options.dry_run)


def _onboard(draft: Draft, dry_run: bool, say: Callable[[str], None] = print) -> None:
    """Try the draft out, say what it brings, and write it unless it is a dry run."""
    from mesh.onboard import effect
    from mesh.onboard.check import try_as_it_is, try_out
    from mesh.onboard.write import write

    before, after = try_as_it_is(draft.project), try_out(draft)
    quota = effect.quota_lines(before, after)
    _section(say, "Files", effect.file_lines(draft.changes))
    _section(say, "Resources", effect.resource_lines(before, after))
    access = [*effect.access_lines(before, after), *draft.terms]
    _section(say, "Access", access, "nobody gains or loses a column")
    _section(say, "Quota", quota, "nothing more or less is taken of any limit")
    _section(say, "To do", draft.notes)
    if dry_run:
        _section(say, "Differences", effect.diff_lines(draft.changes))
        say("dry run: nothing is written")
        return
    write(draft.project.folder, draft.changes)
    say("written; bring it up with 'mesh up'")


def _section(say: Callable[[str], None], title: str, lines: Iterable[str], none: str = "") -> None:
    listed = list(lines) or ([none] if none else [])
    if listed:
        indent = "" if title == "Differences" else "  "
        say("\n".join((title, *(f"{indent}{line}" for line in listed), "")))
