"""The preprocess phase: all rows the role may read, split by key into Parquet, with the feature schema.

A thin shell over `query` (where rows come from) and `split` (what becomes of them). ``main`` does the same
from a folder of Parquet files, as a SageMaker processing job with an Athena dataset input finds them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from governance.errors import MeshError
from training import FEATURES_FILE
from training.config import SPLITS, load_config
from training.features import FeatureSchema, batches
from training.query import run_query
from training.session import Context
from training.split import split_table


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
    start = time.perf_counter()
    config = context.config
    query, tables = run_query(context, config.sql, "preprocess", unload=unload)
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
    """Split a folder of Parquet files; the defaults are the paths of a SageMaker processing job."""
    base = Path("/opt/ml/processing")
    parser = argparse.ArgumentParser(prog="training.preprocess", description=main.__doc__)
    parser.add_argument("--input", type=Path, default=base / "input")
    parser.add_argument("--output", type=Path, default=base, help="gets train, validation, test, features")
    parser.add_argument("--config")
    parser.add_argument("--contract-version", default="unknown")
    flags, _ = parser.parse_known_args(argv)
    try:
        config = load_config(flags.config)
        origin = {
            "product": config.product,
            "table": config.table,
            "contract_version": flags.contract_version,
        }
        rows = batches(flags.input, rows=config.chunk_rows, plain=config.key)
        schema = split_table(rows, config, flags.output, origin=origin)
    except MeshError as error:
        parser.exit(2, f"{error}\n")
    write_schema(schema, flags.output / "features")
    print(describe(schema), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
