"""The preprocess phase: all rows the role may read, split by key into Parquet, with the feature schema.

A thin shell over `query` (where rows come from) and `split` (what becomes of them). ``main`` does the same
from a folder of Parquet files, as a SageMaker processing job with an Athena dataset input finds them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance.errors import MeshError
from training import FEATURES_FILE, SPLITS, job
from training.config import TrainingConfig
from training.data.parquet import has_files
from training.data.split import split_part, split_table
from training.features import FeatureSchema, batches

if TYPE_CHECKING:
    from training.session import Context


@dataclass(frozen=True, kw_only=True)
class Preprocessed:
    """Result of the phase: the schema with its row counts, and the folder the splits are in."""

    schema: FeatureSchema
    folder: Path
    seconds: float

    @property
    def query_id(self) -> str:
        """Id of the Athena query the rows came from; empty when they came from files."""
        return self.schema.query_ids[0] if self.schema.query_ids else ""


def run(context: Context, *, unload: bool = False) -> Preprocessed:
    """Read the table through Athena as the context's role, and split it.

    Raises
    ------
    MeshError
        Athena refused the query, or the rows cannot be split (see `split_table`).
    """
    from training.data.query import run_query

    start = time.perf_counter()
    config = context.config
    query, tables = run_query(context, config.sql, "preprocess", unload=unload, others=config.exclude)
    context.say(f"query {query.query_id} on {query.database}: {len(query.columns) or 'all readable'} columns")
    origin = {
        "product": config.product,
        "table": config.table,
        "contract_version": context.outputs.contract_version(config.product),
        "query_ids": (query.query_id,),
    }
    schema = split_table(tables, config, context.work, origin=origin, say=context.say)
    write_schema(schema, context.folder("features"))
    context.say(describe(schema))
    return Preprocessed(schema=schema, folder=context.work, seconds=time.perf_counter() - start)


def write_schema(schema: FeatureSchema, folder: Path) -> Path:
    """Write ``features.json`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FEATURES_FILE
    path.write_text(schema.to_json(), encoding="utf-8")
    return path


def describe(schema: FeatureSchema) -> str:
    """One line on a split: rows and share of positives in each part."""
    parts = [
        f"{name} {counts['rows']:,} rows ({counts['positive'] / counts['rows']:.1%} {schema.positive_label})"
        for name, counts in ((name, schema.rows[name]) for name in SPLITS)
    ]
    lost = f"; {schema.unlabelled:,} rows without a target left out" if schema.unlabelled else ""
    return f"{len(schema.features)} features; " + ", ".join(parts) + lost


def main(argv: Sequence[str] | None = None) -> int:
    """Split a folder of Parquet files; the defaults are the paths of a SageMaker processing job.

    With several instances the input is sharded by S3 key; each host splits the files it was given.
    """
    return job.told("preprocess", job.MESSAGE, lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> None:
    parser = job.Parser(prog="preprocess", description=main.__doc__)
    base = job.base() / "processing"
    parser.add_argument(
        "--data", type=Path, default=base / "input" / "data", help="Parquet files, any number"
    )
    parser.add_argument("--output", type=Path, default=base / "output", help="gets the splits and features")
    parser.add_argument("--config", type=Path, help="training configuration as JSON; flags go first")
    texts = ("name", "product", "table", "query", "positive-label", "negative-label", "target", "positive")
    columns, numbers = ("key", "exclude", "categorical"), ("seed", "max-levels", "chunk-rows")
    for name in texts:
        parser.add_argument(f"--{name}")
    for name in columns:
        parser.add_argument(f"--{name}", action="append", metavar="COLUMN,...", help="may come several times")
    parser.add_argument("--split", metavar="TRAIN,VALIDATION,TEST", help="shares that add up to 1")
    for name in numbers:
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--contract-version", default="unknown")
    parser.add_argument("--query-id", default="", help="ids of the Athena queries the files come from")
    flags = job.parsed(parser, argv)
    for name in columns:
        if getattr(flags, name) is not None:
            setattr(flags, name, ",".join(getattr(flags, name)))
    names = [name.replace("-", "_") for name in (*texts, *columns, "split", *numbers)]
    config = job.configured(flags.config, flags, names)
    origin: dict[str, Any] = {
        "product": config.product,
        "table": config.table,
        "contract_version": flags.contract_version,
        "query_ids": job.words(flags.query_id),
    }
    hosts = job.hosts()
    _write_config(config, flags.output / "features")
    if len(hosts.names) > 1:
        part = split_part(
            _rows(flags.data, config),
            config, flags.output, host=hosts.current, hosts=len(hosts.names), origin=origin,
        )  # fmt: skip
        print(f"{part.total:,} rows split on {hosts.current}, one of {len(hosts.names)} hosts", flush=True)
        return
    schema = split_table(_rows(flags.data, config), config, flags.output, origin=origin)
    write_schema(schema, flags.output / "features")
    print(describe(schema), flush=True)


def _write_config(config: TrainingConfig, folder: Path) -> None:
    """What the train step is to know; the same from every host."""
    names = ("name", "chunk_rows", "cost_false_negative", "cost_false_positive")
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({name: getattr(config, name) for name in names}, indent=1) + "\n"
    (folder / job.CONFIG_FILE).write_text(text, encoding="utf-8")


def _rows(folder: Path, config: TrainingConfig) -> Any:
    """Batches of the input, which may have no file at all."""
    if not has_files(folder):
        if not (folder.exists() or folder.is_relative_to(job.base())):
            raise MeshError("no such folder; give the one with the Parquet files", f"--data {folder}")
        # what a query that returns nothing leaves, and what a host beyond the number of files gets
        return iter(())
    return batches(folder, rows=config.chunk_rows, plain=config.key)


if __name__ == "__main__":
    raise SystemExit(main())
