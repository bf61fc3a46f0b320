"""Objects of Amazon S3 as the query engine sees them: read by location, written as results.

Owns listing, reading and writing through moto's S3 backends, in whatever account the bucket is. The engine
reads a governed location with the registration role's
credentials, not the caller's, so no bucket policy is asked here. Deliberately not here: file formats
(storage).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from moto.s3.models import S3Backend, s3_backends

from local.cloud.athena.errors import QueryFailed


@dataclass(frozen=True)
class S3Object:
    """One object: its bucket, key and size in bytes."""

    bucket: str
    key: str
    size: int

    @property
    def path(self) -> str:
        """`bucket/key`, the form Arrow's file systems use."""
        return f"{self.bucket}/{self.key}"

    @property
    def uri(self) -> str:
        """`s3://bucket/key`."""
        return f"s3://{self.path}"


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of `s3://bucket/key`; ValueError for any other text."""
    parts = urlsplit(uri)
    if parts.scheme not in ("s3", "s3a", "s3n") or not parts.netloc:
        raise ValueError(f"'{uri}' is no Amazon S3 location")
    return parts.netloc, parts.path.lstrip("/")


def backend_of(bucket: str) -> S3Backend | None:
    """Return the S3 backend that holds a bucket, or None when nobody has it."""
    found = s3_backends.bucket_accounts.get(bucket)
    if found is None:
        return None
    partition, account = found
    backend: S3Backend = s3_backends[account][partition]
    return backend


def exists(bucket: str) -> bool:
    """Return whether a bucket of that name exists in any account."""
    return backend_of(bucket) is not None


def listing(location: str) -> list[S3Object]:
    """Return the objects below a location, sorted by key, without markers and hidden files.

    Names that start with `.` or `_` and empty objects are skipped as Hive does.
    """
    bucket, prefix = split_uri(location)
    backend = backend_of(bucket)
    if backend is None:
        raise QueryFailed(
            f"S3_BUCKET_NOT_FOUND: The specified bucket does not exist: {bucket}", "S3_BUCKET_NOT_FOUND"
        )
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    keys = list(backend.get_bucket(bucket).keys.items())
    found = [S3Object(bucket, name, int(key.size)) for name, key in keys if name.startswith(prefix)]
    return sorted(
        (each for each in found if each.size and not _hidden(each.key[len(prefix) :])), key=lambda o: o.key
    )


def _hidden(relative: str) -> bool:
    return any(part.startswith((".", "_")) for part in relative.split("/"))


def read(bucket: str, key: str) -> bytes:
    """Return the bytes of an object; FileNotFoundError when it is gone."""
    backend = backend_of(bucket)
    found = backend.get_object(bucket, key) if backend else None
    if found is None:
        raise FileNotFoundError(f"s3://{bucket}/{key}")
    body: bytes = found.value
    return body


def write(uri: str, body: bytes, account: str | None = None) -> None:
    """Write one object; QueryFailed with Athena's words when the bucket does not exist.

    With `account`, the writer uses its own credentials, and the bucket of another account refuses it.
    """
    bucket, key = split_uri(uri)
    backend = backend_of(bucket)
    if backend is None:
        raise QueryFailed(
            f"S3_BUCKET_NOT_FOUND: The specified bucket does not exist: {bucket}", "S3_BUCKET_NOT_FOUND"
        )
    if account is not None and backend.account_id != account:
        raise QueryFailed(
            f"Insufficient permissions to execute the query. Amazon S3 access denied on {uri}",
            "PERMISSION_DENIED",
        )
    backend.put_object(bucket, key, body)
