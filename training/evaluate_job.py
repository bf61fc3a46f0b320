"""The evaluate step of a pipeline: a model archive, the test rows and, under the auditor's role, protected columns.

Owns flags, folders and unpacking. Deliberately not here: what is measured (`evaluate`, `groups`).
"""

from __future__ import annotations

import json
import tarfile
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training import FEATURES_FILE, METRICS_FILE, MODEL_FILE, job
from training.data.parquet import has_files
from training.evaluate import describe, evaluate, write_report
from training.evaluation.gate import gate_values
from training.evaluation.groups import measure_files, scored, worst
from training.features import load_features
from training.model import load_model


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate a trained model; the defaults are the paths of a SageMaker processing job."""
    return job.told("evaluate", job.MESSAGE, lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> None:
    parser = job.Parser(prog="evaluate", description=main.__doc__)
    inputs = job.base() / "processing" / "input"
    parser.add_argument(
        "--model", type=Path, default=inputs / "model", help="model.tar.gz, or a folder with it"
    )
    parser.add_argument("--test", type=Path, default=inputs / "test", help="Parquet files")
    parser.add_argument("--train", type=Path, help="for drift baselines; default: the input of that name")
    parser.add_argument("--protected", type=Path, help="Parquet files with key and protected columns")
    parser.add_argument("--output", type=Path, default=job.base() / "processing" / "output" / "evaluation")
    parser.add_argument("--threshold", type=float, help="default: chosen on the validation split")
    parser.add_argument("--config", type=Path, help="training configuration as JSON; flags go first")
    parser.add_argument(
        "--groups",
        action="append",
        help="protected attributes as in a configuration file, one or a list, in JSON",
    )
    for name in ("name", "favourable"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--role", default="auditor", help="whom the protected columns were read as")
    parser.add_argument("--query-id", default="", help="ids of the queries for the protected columns")
    parser.add_argument(
        "--champion-auc", type=float, default=0.0, help="of the approved model, 0 without one"
    )
    for name in ("seed", "chunk-rows"):
        parser.add_argument(f"--{name}", type=int)
    flags = job.parsed(parser, argv)
    flags.groups = _groups(flags.groups)
    with tempfile.TemporaryDirectory() as place:
        folder = unpacked(flags.model, Path(place))
        schema = load_features(folder / FEATURES_FILE)
        names = ("name", "favourable", "groups", "seed", "chunk_rows")
        config = job.configured(flags.config, flags, names, schema.facts)
        report = evaluate(folder, flags.test, config, threshold=flags.threshold)
        protected = _given(flags.protected, inputs / "protected")
        if flags.groups and not (protected and has_files(protected)):
            raise MeshError(
                "there are no rows with key and protected columns; does the query for them return any?",
                "protected columns",
            )
        if protected and config.groups:
            booster, threshold = load_model(folder), report["confusion"]["threshold"]
            rows = scored(booster, schema, flags.test, config.seed, config.chunk_rows)
            report["groups"] = measure_files(
                protected, config, rows, threshold,
                role=flags.role, query_ids=job.words(flags.query_id), say=print,
            )  # fmt: skip
            _check_measured(report["groups"])
            report["groups_worst"] = worst(report["groups"])
    made_of = dict.fromkeys([*schema.key, schema.target, *schema.names])
    report |= gate_values(report, list(made_of), flags.champion_auc)
    write_report(report, flags.output, _given(flags.train, inputs / "train"), schema, config.chunk_rows)
    print(describe(report), flush=True)


def _check_measured(groups: Mapping[str, Any]) -> None:
    """Refuse groups that are not all of them: a limit that was held against some rows only would mean nothing."""
    if groups["unreadable"]:
        raise MeshError("is not among the protected columns read", f"groups.{groups['unreadable'][0]}")
    if groups["unmatched"]:
        raise MeshError(
            f"{groups['unmatched']} test rows have none; the table has changed since it was split, or the query "
            "for them leaves rows out",
            "protected columns",
        )


def unpacked(path: Path, place: Path) -> Path:
    """A model folder: the one given, or what a model archive holds, unpacked into `place`.

    Raises
    ------
    MeshError
        There is neither, or the archive is damaged or lacks a file.
    """
    if (path / MODEL_FILE).is_file():
        return path
    archive = path if path.is_file() else path / "model.tar.gz"
    if not archive.is_file():
        raise MeshError("holds neither a model nor model.tar.gz; run the train step first", str(path))
    try:
        with tarfile.open(archive, "r:*") as tar:
            # to the end, so that a cut archive is noticed wherever it was cut
            held = {entry.name.removeprefix("./"): entry for entry in tar.getmembers() if entry.isfile()}
            for name in (MODEL_FILE, FEATURES_FILE, METRICS_FILE):
                # by name, one file after another: an archive cannot write anywhere else
                member = held.get(name)
                content = tar.extractfile(member) if member else None
                if content is None:
                    raise MeshError(f"lacks {name}; run the train step again", str(archive))
                (place / name).write_bytes(content.read())
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise MeshError(f"is corrupt ({error}); run the train step again", str(archive)) from error
    return place


def _given(flag: Path | None, default: Path) -> Path | None:
    return flag or (default if default.is_dir() else None)


def _groups(texts: Sequence[str] | None) -> Any:
    if texts is None:
        return None
    found: list[Any] = []
    for text in texts:
        try:
            value = json.loads(text)
        except ValueError as error:
            raise MeshError(f"is no JSON ({error})", "--groups") from error
        found += value if isinstance(value, list) else [value]
    return found
