"""Files of a training job: channels, code and checkpoints in, model and output out.

Owns where each lies in the container and in S3. Deliberately not here: the job's states (training) and the
copies themselves (transfer, archives).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from local.cloud.sagemaker import archives, transfer
from local.cloud.sagemaker.container import Room
from local.cloud.sagemaker.job import Failed
from local.cloud.sagemaker.place import Session


def bring(request: dict[str, Any], session: Session, room: Room, channel: dict[str, Any]) -> None:
    """Bring a channel in."""
    name, source = channel["ChannelName"], channel["DataSource"].get("S3DataSource")
    mode = channel.get("InputMode") or request["AlgorithmSpecification"].get("TrainingInputMode")
    if source is None or mode == "Pipe":
        raise Failed(f"ClientError: channel '{name}': the embedded cloud reads S3 in the mode File only")
    found = transfer.objects(session, source["S3Uri"], source["S3DataType"])
    distribution = source.get("S3DataDistributionType") or "FullyReplicated"
    for number, host in enumerate(room.hosts):
        mine = transfer.share(found, distribution, number, len(room.hosts))
        folder = room.opt_ml(host) / "input/data" / name
        transfer.bring(session, mine, folder, unzip=channel.get("CompressionType") == "Gzip")


def checkpoints(request: dict[str, Any], session: Session, room: Room, *, back: bool) -> None:
    """Bring earlier checkpoints in, or take those of this run out."""
    config = request.get("CheckpointConfig")
    for host in room.hosts:
        folder = room.path(host, (config or {}).get("LocalPath") or "/opt/ml/checkpoints")
        folder.mkdir(parents=True, exist_ok=True)
        if config is None:
            continue
        if back:
            prefix = f"{config['S3Uri'].rstrip('/')}/"
            transfer.bring(session, transfer.objects(session, prefix, "S3Prefix", may_lack=True), folder)
        else:
            transfer.take(session, folder, config["S3Uri"], None)


def code(request: dict[str, Any], session: Session, room: Room, host: str, values: dict[str, Any]) -> Path:
    """Lay the user's code out and return its folder."""
    if request["AlgorithmSpecification"].get("ContainerEntrypoint"):
        return room.root(host)
    folder, program = room.opt_ml(host) / "code", values.get("sagemaker_program")
    if not program:
        raise Failed(
            "ClientError: the hyperparameter sagemaker_program is missing; the embedded cloud runs script "
            "mode, not built-in algorithms"
        )
    source = str(values.get("sagemaker_submit_directory") or "")
    if source.startswith("s3://"):
        if request.get("EnableNetworkIsolation"):
            raise Failed(
                f"AlgorithmError: {source} cannot be downloaded by the container under network isolation; "
                "pass the code as a channel and name its path as sagemaker_submit_directory"
            )
        archive = room.root(host) / "tmp" / "sourcedir.tar.gz"
        archive.write_bytes(transfer.read(session, source))
        archives.unpack(archive, folder)
    elif source and Path(source).is_file():
        archives.unpack(Path(source), folder)
    elif source and Path(source).is_dir():
        shutil.copytree(source, folder, dirs_exist_ok=True)
    elif source:
        raise Failed(f"AlgorithmError: sagemaker_submit_directory '{source}' does not exist")
    if not (folder / str(program)).is_file():
        raise Failed(f"AlgorithmError: the code has no '{program}' (sagemaker_program)")
    return folder


def take(request: dict[str, Any], session: Session, room: Room, output: str, *, model: bool) -> None:
    """Take what was written for the output, and the model, out as archives below `output`."""
    key = request["OutputDataConfig"].get("KmsKeyId")
    wanted = {"output/data": "output.tar.gz", **({"model": "model.tar.gz"} if model else {})}
    if request["OutputDataConfig"].get("CompressionType") == "NONE" and wanted.pop("model", None):
        for host in reversed(room.hosts):  # of files with one name the first host's stays
            transfer.take(session, room.opt_ml(host) / "model", f"{output}/model", key)
    for folder, name in wanted.items():
        archive = room.folder / name
        if archives.pack([room.opt_ml(host) / folder for host in room.hosts], archive):
            transfer.put(session, archive, f"{output}/{name}", key)
