"""`python -m training features`: list feature groups, ingest a product, make the query of a training set.

Owns flags and what is printed: results to standard output, progress to standard error. Deliberately not here: what the
commands do (`feature_store.ingest`, `feature_store.dataset`).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from training.session import Context

_HELP = "list feature groups, ingest a product into one, or make the query of a training set"


def add_features(commands: Any, common: Callable[[argparse.ArgumentParser], None]) -> None:
    """Add the command; `common` adds the flags that all commands have."""
    actions = commands.add_parser(
        "features", help=_HELP, description=_HELP.capitalize() + "."
    ).add_subparsers(dest="action", required=True, metavar="ACTION")
    helps = {
        "list": "the stack's feature groups",
        "ingest": "read the product as the ingesting role and put its rows as records",
        "dataset": "print the query of a training set that knows no future, for `run --query` or the pipeline",
    }
    for action, text in helps.items():
        command = actions.add_parser(action, help=text, description=text.capitalize() + ".")
        if action != "list":
            command.add_argument("group", nargs="?", help="default: the only one")
        if action == "dataset":
            command.add_argument("--at", metavar="TIME", help="as of this time; default: the newest records")
            command.add_argument("--labels", metavar="SQL", help="query with labels; tables are qualified")
            command.add_argument("--label-time", metavar="COLUMN", help="its column with each label's time")
            command.add_argument("--written-by", metavar="TIME", help="only records that had arrived by then")
            command.add_argument("--columns", metavar="COLUMN,...", help="default: all the role may read")
            command.add_argument("--json", action="store_true", help="query and database as JSON")
            command.add_argument(
                "--save", type=Path, metavar="FILE", help="write the rows as Parquet as well"
            )
        common(command)
        if action == "ingest":
            command.set_defaults(role="")  # the group's own


def run_features(context: Context, flags: argparse.Namespace) -> str:
    """Run the command and return what it prints; ingestion takes the group's own role unless another is asked for."""
    from training.feature_store import dataset as feature_dataset
    from training.feature_store import group_from, pick
    from training.feature_store import ingest as feature_ingest

    groups = context.outputs.featureGroups
    if flags.action == "list":
        found = [group_from(name, entry) for name, entry in sorted(groups.items())]
        return feature_dataset.described(found) if found else "the stack has no feature group"
    group = pick(groups, flags.group)
    if flags.action == "ingest":
        done = feature_ingest.run(replace(context, role=context.role or group.role), group)
        return f"{done.written:,} records of query {done.query_id} written to {group.group}"
    columns = feature_dataset.label_columns(flags.columns) if flags.columns else None
    asked = feature_dataset.Asked(
        at=flags.at,
        labels=flags.labels,
        label_time=flags.label_time,
        written_by=flags.written_by,
        columns=columns,
    )
    made = feature_dataset.dataset(context, group, asked)
    if flags.save:
        rows = feature_dataset.save(context, group, made, flags.save)
        context.say(f"{rows:,} rows in {flags.save}")
    return json.dumps(asdict(made)) if flags.json else made.query
