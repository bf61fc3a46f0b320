"""Reading folders of Parquet files, with memory bounded by a few batches.

Owns which files count and how their columns arrive. Deliberately not here: what the columns mean (`features`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from governance.errors import MeshError


def parquet_files(folder: str | Path) -> list[str]:
    """Parquet files of a folder (or the one file given), in a fixed order.

    What Athena unloads has names without a suffix, so that any file counts but hidden and empty ones and the
    manifests that Athena leaves beside its results.

    Raises
    ------
    MeshError
        There is none.
    """
    path = Path(folder)
    found = [path] if path.is_file() else sorted(file for file in path.rglob("*") if _counts(file))
    if not found:
        raise MeshError("holds no Parquet files; run the preprocess phase first", str(folder))
    return [str(file) for file in found]


def _counts(file: Path) -> bool:
    hidden = file.name.startswith((".", "_")) or file.name.endswith(("-manifest.csv", ".metadata"))
    return file.is_file() and not hidden and file.stat().st_size > 0


def has_files(folder: str | Path) -> bool:
    """Whether a folder holds any file that counts; True for a file."""
    path = Path(folder)
    return path.is_file() or any(_counts(file) for file in path.rglob("*"))


def count_rows(folder: str | Path) -> int:
    """Rows of all Parquet files of a folder, from their footers alone; 0 if it has no file.

    Raises
    ------
    MeshError
        A file cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not has_files(folder):
        return 0
    total = 0
    for file in parquet_files(folder):
        try:
            total += pq.read_metadata(file).num_rows
        except (OSError, pa.ArrowException) as error:
            raise MeshError(f"cannot be read as Parquet: {error}", file) from error
    return total


def batches(
    folder: str | Path, columns: Sequence[str] | None = None, rows: int = 65_536, plain: Sequence[str] = ()
) -> Iterator[Any]:
    """Record batches of all Parquet files of a folder, with memory bounded by a few batches.

    Text comes dictionary encoded, which is how categories are short and quick; columns named in `plain`
    (keys, whose values hardly repeat) come as they are.

    Raises
    ------
    MeshError
        There is no Parquet file, or one cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema: Any = None
    for path in parquet_files(folder):
        try:
            with pq.ParquetFile(path) as file:
                found = file.schema_arrow
            if schema is not None and not found.equals(schema):
                raise MeshError("has other columns or types than the files before it", path)
            schema = found
            missing = [name for name in columns or () if name not in found.names]
            if missing:
                raise MeshError("is missing from the Parquet files", f"{path}: column {missing[0]}")
            texts = [f.name for f in found if f.name not in plain and _is_text(f.type)]
            with pq.ParquetFile(path, read_dictionary=texts) as file:
                yield from file.iter_batches(batch_size=rows, columns=columns)
        except pa.ArrowException as error:
            raise MeshError(f"cannot be read as Parquet: {error}", path) from error


def _is_text(arrow_type: Any) -> bool:
    import pyarrow as pa

    types = pa.types
    return any(
        (types.is_string(arrow_type), types.is_large_string(arrow_type), types.is_string_view(arrow_type))
    )
