"""Files of a job in Amazon S3: brought in before it runs, taken out after it.

Every call goes through the cloud's own S3 as the job's role, so bucket policies hold for jobs as for any
caller. Owns which objects an input names, how they are shared out among hosts, where they lie on disk, and
uploads under a key. Deliberately not here: queries as inputs (dataset) and archives (archives).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from local.cloud.sagemaker.place import Session

SHARDED = "ShardedByS3Key"
_SINGLE = TransferConfig(use_threads=False)


class TransferFailed(Exception):
    """An input could not be brought in or an output not be taken out; the text is for FailureReason."""


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key of an S3 URI; TransferFailed for any other text."""
    parts = urlsplit(uri)
    if parts.scheme != "s3" or not parts.netloc:
        raise TransferFailed(f"ClientError: '{uri}' is no Amazon S3 URI")
    return parts.netloc, parts.path.lstrip("/")


def objects(session: Session, uri: str, kind: str, *, may_lack: bool = False) -> list[tuple[str, str, str]]:
    """Return bucket, key and path below the input's folder of each object that an input names, by key.

    Parameters
    ----------
    kind
        `S3Prefix`: all objects whose keys begin with the URI's; `ManifestFile`: those that the manifest
        lists after its `prefix` (JSON, as the S3DataSource reference describes it).
    """
    if kind == "ManifestFile":
        found = list(_listed(session, uri))
    elif kind != "S3Prefix":
        raise TransferFailed(f"ClientError: Data download failed: the embedded cloud reads no {kind}")
    else:
        bucket, prefix = split(uri)
        keys = _keys(session, bucket, prefix, uri)
        found = [(bucket, key, _relative(key, prefix)) for key in keys]
    if not found and not may_lack:
        bucket = split(uri)[0]
        raise TransferFailed(
            f'ClientError: Data download failed: No S3 objects found under S3 URL "{uri}" given in input data '
            f"source. Please ensure that the bucket exists in the selected region ({session.place.region}), "
            f'that objects exist under that S3 prefix, and that the role "{session.role}" has "s3:ListBucket" '
            f'permissions on bucket "{bucket}".'
        )
    return sorted(found)


def _listed(session: Session, uri: str) -> Iterator[tuple[str, str, str]]:
    try:
        first, *names = json.loads(read(session, uri))
        start = first["prefix"]
    except (ValueError, KeyError, TypeError):
        raise TransferFailed(f"ClientError: Data download failed: {uri} is no manifest file") from None
    for name in names:
        bucket, key = split(f"{start}{name}")
        yield bucket, key, str(name)


def _keys(session: Session, bucket: str, prefix: str, uri: str) -> list[str]:
    try:
        pages = session.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", ()) if each["Key"][-1] != "/"]
    except ClientError as refused:
        raise failed("download", uri, refused) from None


def failed(direction: str, uri: str, problem: ClientError) -> TransferFailed:
    """Return the reason for a job's failure of a refused call."""
    error = problem.response["Error"]
    said = f"{error['Code']}: {error.get('Message', '')}"
    return TransferFailed(f"ClientError: Data {direction} failed: {uri}: {said}")


def _relative(key: str, prefix: str) -> str:
    if key == prefix or not prefix:
        return key.rsplit("/", 1)[-1] if prefix else key
    folder = prefix if prefix.endswith("/") else f"{prefix}/"
    if key.startswith(folder):
        return key[len(folder) :]
    return key[prefix.rfind("/") + 1 :]


def share(found: list[Any], distribution: str, host: int, hosts: int) -> list[Any]:
    """Return what one of several hosts gets: everything, or every n-th object when sharded by key."""
    return found[host::hosts] if distribution == SHARDED else found


def bring(
    session: Session, found: list[tuple[str, str, str]], folder: Path, *, unzip: bool = False
) -> list[Path]:
    """Download objects into a folder; `unzip` undoes gzip, as `CompressionType` Gzip asks for."""
    client, made = session.client("s3"), []
    folder.mkdir(parents=True, exist_ok=True)
    for bucket, key, relative in found:
        target = folder / relative
        if not target.resolve().is_relative_to(folder.resolve()):
            raise TransferFailed(f"ClientError: Data download failed: s3://{bucket}/{key} leaves its folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            client.download_file(bucket, key, str(target), Config=_SINGLE)
        except ClientError as refused:
            raise failed("download", f"s3://{bucket}/{key}", refused) from None
        if unzip and target.suffix == ".gz":
            target.with_suffix("").write_bytes(gzip.decompress(target.read_bytes()))
            target.unlink()
        made.append(target)
    return made


def read(session: Session, uri: str) -> bytes:
    """Return the bytes of one object."""
    bucket, key = split(uri)
    try:
        body: bytes = session.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as refused:
        raise failed("download", uri, refused) from None
    return body


def take(session: Session, folder: Path, uri: str, kms_key: str | None) -> list[str]:
    """Upload what lies in a folder under a prefix; return the URIs."""
    uris = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.is_file():
            target = f"{uri.rstrip('/')}/{path.relative_to(folder).as_posix()}"
            put(session, path, target, kms_key)
            uris.append(target)
    return uris


def put(session: Session, path: Path, uri: str, kms_key: str | None) -> None:
    """Upload one file, encrypted under a key of KMS if one is named."""
    bucket, key = split(uri)
    extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
    try:
        session.client("s3").upload_file(str(path), bucket, key, ExtraArgs=extra, Config=_SINGLE)
    except (ClientError, Boto3Error) as refused:
        raise TransferFailed(f"ClientError: Data upload failed: {uri}: {refused}") from None
