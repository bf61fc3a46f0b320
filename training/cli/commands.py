"""The command line of the training package: one command per phase, ``run`` for all in order, and those beside them.

Owns flags, progress lines and exit codes: 0, or 2 with one line that says what is wrong. Deliberately not
here: anything a phase does.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training import PHASES
from training.cli import batch as cli_batch
from training.cli import endpoint as cli_endpoint
from training.cli import pipeline as cli_pipeline
from training.cli.features import add_features
from training.config import load_config
from training.model.hyperparameters import add_flags, from_flags
from training.session import DEFAULT_ROLE, DEFAULT_WORK, Context

APPROVER = "auditor"
"""Role that decides on packages unless another is named: who trains does not approve."""

_HELP = {
    "explore": "profile what the role sees of the product",
    "preprocess": "read all rows through Athena and split them by the hash of their key",
    "train": "fit the model on the train split, stopping early by the validation split",
    "evaluate": "measure the model on the test split",
    "register": "create a model package, pending approval",
    "run": "all phases, one after another",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a phase (or all) and return the exit code."""
    flags = _parser().parse_args(argv)
    try:
        if flags.phase == "endpoint":
            return cli_endpoint.run(flags)
        if flags.phase == "batch":
            return cli_batch.run(flags)
        context = _context(flags)
        if flags.phase == "features":
            from training.cli.features import run_features

            print(run_features(context, flags), flush=True)
            return 0
        if flags.phase == "packages":
            print(_packages(context, flags), flush=True)
            return 0
        if flags.phase == "pipeline":
            return cli_pipeline.run(context, flags)
        for phase in PHASES if flags.phase == "run" else (flags.phase,):
            _announced(context, phase)
            with _named(phase):
                _runner(phase, context, flags)()
    except MeshError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


@contextlib.contextmanager
def _named(phase: str) -> Iterator[None]:
    """Mistakes inside begin with the phase, as those of a job do with its step."""
    try:
        yield
    except MeshError as error:
        if str(error).startswith((f"{phase}:", f"{phase} ")):
            raise
        raise MeshError(str(error), phase) from error


def _runner(phase: str, context: Context, flags: argparse.Namespace) -> Callable[[], object]:
    # imported here, and only the phase wanted: xgboost alone takes most of a second
    if phase == "explore":
        from training import explore

        return lambda: explore.run(context, rows=flags.rows)
    if phase == "preprocess":
        from training import preprocess

        return lambda: preprocess.run(context, unload=flags.unload)
    if phase == "train":
        from training import train

        return lambda: train.run(context)
    if phase == "evaluate":
        from training import evaluate

        return lambda: evaluate.run(context, threshold=flags.threshold)
    from training.registry import register

    return lambda: print(register.run(context, image=flags.image).package_arn, flush=True)


def _packages(context: Context, flags: argparse.Namespace) -> str:
    from training.registry import packages

    if flags.action == "list":
        return packages.table(packages.packages(context, status=flags.status))
    if flags.action == "show":
        return packages.describe(packages.package(context, flags.version))
    if flags.action == "compare":
        first, second = (packages.package(context, version) for version in (flags.version, flags.other))
        return packages.compare(first, second)
    status = packages.APPROVED if flags.action == "approve" else packages.REJECTED
    return packages.describe(packages.decide(context, flags.version, status, flags.reason))


def _context(flags: argparse.Namespace) -> Context:
    config = load_config(
        flags.config,
        product=flags.product,
        table=flags.table,
        target=flags.target,
        positive=flags.positive,
        key=flags.key,
        exclude=flags.exclude,
        categorical=flags.categorical,
        query=flags.query,
        contract=flags.contract,
        seed=flags.seed,
    )
    params = from_flags(flags, asdict(config.hyperparameters))
    return Context(
        config=replace(config, hyperparameters=params),
        outputs_from=flags.outputs,
        work=flags.work,
        role=flags.role,
        say=_Progress(flags.phase == "run"),
    )


class _Progress:
    """Prints progress lines to standard error, so that standard output holds results only."""

    def __init__(self, indent: bool) -> None:
        self.prefix = "  " if indent else ""

    def __call__(self, line: str) -> None:
        text = "\n".join(self.prefix + part for part in line.splitlines())
        print(text, file=sys.stderr, flush=True)


def _announced(context: Context, phase: str) -> None:
    if isinstance(context.say, _Progress) and context.say.prefix:
        print(f"{phase}: {_HELP[phase]}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description="Train on governed data.")
    commands = parser.add_subparsers(dest="phase", required=True, metavar="PHASE")
    for phase in (*PHASES, "run"):
        command = commands.add_parser(phase, help=_HELP[phase], description=_HELP[phase].capitalize() + ".")
        _common(command)
        if phase in ("explore", "run"):
            command.add_argument("--rows", type=int, default=10_000, help="rows to profile at most")
        if phase in ("preprocess", "run"):
            command.add_argument(
                "--unload", action="store_true", help="let Athena write Parquet: for large tables"
            )
        if phase in ("evaluate", "run"):
            command.add_argument("--threshold", type=float, help="default: chosen on the validation split")
        if phase in ("register", "run"):
            command.add_argument("--image", help="serving container; default: SageMaker's XGBoost container")
        add_flags(command)
    _add_packages(commands)
    add_features(commands, _common_of_actions)
    cli_pipeline.add(commands, _who)
    cli_endpoint.add(commands)
    cli_batch.add(commands)
    return parser


def _common_of_actions(command: argparse.ArgumentParser) -> None:
    _common(command)
    add_flags(command)


def _add_packages(commands: Any) -> None:
    told = "list, show, approve, reject or compare model packages"
    actions = commands.add_parser("packages", help=told, description=told.capitalize() + ".").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    helps = {
        "list": "all versions, newest first",
        "show": "what one version was registered with",
        "approve": "approve a version",
        "reject": "reject a version",
        "compare": "measures and origin of two versions side by side",
    }
    for action, text in helps.items():
        command = actions.add_parser(action, help=text, description=text.capitalize() + ".")
        if action == "list":
            states = ("Approved", "Rejected", "PendingManualApproval")
            command.add_argument("--status", choices=states, help="only these")
        else:
            command.add_argument("version", type=int)
        if action == "compare":
            command.add_argument("other", type=int)
        if action in ("approve", "reject"):
            command.add_argument("--reason", required=True, help="stays with the package")
        _common(command)
        if action in ("approve", "reject"):
            command.set_defaults(role=APPROVER)
        add_flags(command)


def _who(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--outputs", type=Path, help="JSON of the consumer stack's outputs; default: MESH_OUTPUTS"
    )
    command.add_argument("--as", dest="role", default=DEFAULT_ROLE, metavar="ROLE", help="role to act as")
    command.add_argument("--work", type=Path, default=DEFAULT_WORK, help="work folder (default: %(default)s)")


def _common(command: argparse.ArgumentParser) -> None:
    _who(command)
    command.add_argument(
        "--config", type=Path, help="training configuration; default: the credit-risk model's"
    )
    group = command.add_argument_group("what is trained (default: from the configuration)")
    for name in ("product", "table", "target", "positive", "query", "contract"):
        group.add_argument(f"--{name}")
    for name in ("key", "exclude", "categorical"):
        group.add_argument(f"--{name}", metavar="COLUMN,...")
    group.add_argument("--seed", type=int)
