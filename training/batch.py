"""Scoring a file by a transform job of what production serves, through SageMaker's ordinary API.

Owns turning the file into rows that may be cut anywhere (an object a line), bringing them, the job, and fetching the
answers. Deliberately not here: what a row may hold, which the model decides (`payload`), and the command (`cli`).
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training.endpoint import COMMON, ENVIRONMENT, caller, demand
from training.outputs import read_outputs
from training.payload import CSV_TYPE, LINES_TYPE
from training.session import assume, aws_errors

DONE, ENDED = "Completed", ("Completed", "Failed", "Stopped")


@dataclass(frozen=True, kw_only=True)
class Target:
    """A model as the production stack's outputs name it, where its jobs read and write, and who starts them."""

    serving: str
    region: str
    model: str
    model_package: str
    bucket: str
    key_arn: str
    jobs: str
    instance_type: str
    instance_count: int
    role_arn: str

    @cached_property
    def session(self) -> Any:
        """A boto3 session as the role."""
        return assume(self.role_arn, self.region, "mesh-batch")


def target(path: str | Path | None = None, role: str | None = None) -> Target:
    """What a production stack in batch mode serves; parameters and errors as of `endpoint.target`."""
    values, source = read_outputs(path, ENVIRONMENT, "production")
    demand(values, source, ("model", *COMMON, "bucket", "keyArn", "transformJobs", "instanceType"), "batch")
    count = values.get("instanceCount")
    # Pulumi gives whole numbers back as 1.0
    if isinstance(count, bool) or not isinstance(count, int | float) or count != int(count) or count < 1:
        raise MeshError("'instanceCount' is no number of instances; write the outputs anew", source)
    return Target(
        serving=values["serving"],
        region=values["region"],
        model=values["model"],
        model_package=values["modelPackage"],
        bucket=values["bucket"],
        key_arn=values["keyArn"],
        jobs=values["transformJobs"],
        instance_type=values["instanceType"],
        instance_count=int(count),
        role_arn=caller(values, role),
    )


def score_file(
    asked: Target,
    file: Path,
    kind: str,
    output: Path,
    accept: str,
    *,
    say: Callable[[str], None],
    interval: float,
) -> int:
    """Score a file's rows in a transform job and write the answers, in the order of the rows.

    Parameters
    ----------
    file, kind
        Rows and their content type; CSV needs a first line of names.
    output, accept
        File of the answers, which appears only whole, and their content type.
    say
        Told the number of rows and the job's name.
    interval
        Seconds between two looks at the job.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    MeshError
        The file cannot be read as its kind, the role may not, or the job failed, in the model's own words.
    """
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%d-%H%M%S")
    name = f"{asked.jobs}-{stamp}-{uuid.uuid4().hex[:6]}"
    with tempfile.TemporaryDirectory(prefix="batch-") as folder:
        rows = Path(folder) / "rows.jsonl"
        count = _written(_rows(file, kind), rows, file)
        with aws_errors(f"job {name} as {asked.role_arn}"):
            s3, sagemaker = asked.session.client("s3"), asked.session.client("sagemaker")
            _send(s3, rows, asked, f"input/{name}/{rows.name}")
            sagemaker.create_transform_job(**_request(asked, name, accept))
            say(f"{count:,} rows, job {name}")
            found = _followed(sagemaker, name, interval)
            if found["TransformJobStatus"] != DONE:
                reason = " ".join(str(found.get("FailureReason") or "it was stopped").split())
                raise MeshError(f"{found['TransformJobStatus'].lower()}: {reason}", f"job {name}")
            _fetch(s3, asked, f"output/{name}/{rows.name}.out", output)
    return count


def _send(s3: Any, rows: Path, asked: Target, key: str) -> None:
    from boto3.exceptions import S3UploadFailedError

    try:
        s3.upload_file(str(rows), asked.bucket, key)
    except S3UploadFailedError as error:
        raise MeshError(
            f"cannot bring the rows ({str(error).rpartition(': ')[2]})", f"s3://{asked.bucket}/{key}"
        ) from error


def _fetch(s3: Any, asked: Target, key: str, output: Path) -> None:
    """Download beside the file and put it in place when all of it is there, as boto3 does."""
    try:
        s3.download_file(asked.bucket, key, str(output))
    except OSError as error:
        raise MeshError(f"cannot be written ({error.strerror})", f"--output {output}") from error


def _request(asked: Target, name: str, accept: str) -> dict[str, Any]:
    return {
        "TransformJobName": name,
        "ModelName": asked.model,
        "BatchStrategy": "MultiRecord",
        "TransformInput": {
            "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{asked.bucket}/input/{name}/"}
            },
            "ContentType": LINES_TYPE,
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": f"s3://{asked.bucket}/output/{name}",
            "Accept": accept,
            "AssembleWith": "Line",
            "KmsKeyId": asked.key_arn,
        },
        "TransformResources": {
            "InstanceType": asked.instance_type,
            "InstanceCount": asked.instance_count,
            "VolumeKmsKeyId": asked.key_arn,
        },
    }


def _followed(sagemaker: Any, name: str, interval: float) -> Mapping[str, Any]:
    while True:
        found: dict[str, Any] = sagemaker.describe_transform_job(TransformJobName=name)
        if found["TransformJobStatus"] in ENDED:
            return found
        time.sleep(interval)


def _rows(file: Path, kind: str) -> Iterator[Mapping[str, Any]]:
    """The rows of a file as objects; cells of CSV stay texts, which the model reads as it reads CSV."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        if kind == CSV_TYPE:
            yield from _cells(lines, file)
        elif kind == LINES_TYPE:
            for at, line in enumerate(lines, 1):
                if line.strip():
                    yield _object(_loaded(line, f"{file}: line {at}"), f"{file}: line {at}")
        else:
            content = _loaded(lines.read(), str(file))
            if isinstance(content, dict):
                content = content.get("instances", [content])
            for at, row in enumerate(content if isinstance(content, list) else [content], 1):
                yield _object(row, f"{file}: row {at}")


def _cells(lines: Iterable[str], file: Path) -> Iterator[Mapping[str, Any]]:
    reader = csv.reader(lines)
    names = [name.strip() for name in next(reader, [])]
    if len(set(names)) < len(names) or not all(names):
        raise MeshError("must have a first line of names, each there once", str(file))
    for cells in reader:
        if cells and len(cells) != len(names):
            raise MeshError(
                f"has {len(cells)} values for {len(names)} names", f"{file}: line {reader.line_num}"
            )
        if cells:
            yield dict(zip(names, cells, strict=True))


def _loaded(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise MeshError(f"is no JSON ({error})", where) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are there once; of two values JSON's readers would silently take the last."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"'{name}' is there twice in one object")
        found[name] = value
    return found


def _object(row: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise MeshError("is no object of features", where)
    return row


def _written(rows: Iterator[Mapping[str, Any]], path: Path, file: Path) -> int:
    count = 0
    try:
        with path.open("w", encoding="utf-8") as out:
            for count, row in enumerate(rows, 1):  # noqa: B007 - the last one is the number of rows
                out.write(json.dumps(row) + "\n")
    except OSError as error:
        raise MeshError(f"cannot be read ({error.strerror})", str(file)) from error
    except UnicodeDecodeError as error:
        raise MeshError("is no UTF-8 text", str(file)) from error
    except csv.Error as error:
        raise MeshError(f"is no CSV ({error})", str(file)) from error
    if not count:
        raise MeshError("has no rows", str(file))
    return count
