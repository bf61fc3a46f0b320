"""Reading folders of Parquet files, with memory bounded by a few batches.

Owns which files count and how their columns arrive. Deliberately not here: what the columns mean (`features`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    (keys, whose values hardly repeat) come as they are. Where files differ in the width of numbers, in the order of
    columns, or in that one holds nothing but nulls, all batches have the type that holds every file's values.

    Raises
    ------
    MeshError
        There is no Parquet file, one cannot be read or lacks a column, or a column is of types that do not go together.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    paths = parquet_files(folder)
    schemas = [_schema(path) for path in paths]
    schema = common_schema(dict(zip(paths, schemas, strict=True)))
    missing = [name for name in columns or () if name not in schema.names]
    if missing:
        raise MeshError("is missing from the Parquet files", f"{paths[0]}: column {missing[0]}")
    texts = [field.name for field in schema if field.name not in plain and _is_text(field.type)]
    wanted = pa.schema(
        [
            pa.field(
                name, pa.dictionary(pa.int32(), pa.string()) if name in texts else schema.field(name).type
            )
            for name in (schema.names if columns is None else columns)
        ]
    )
    for path, found in zip(paths, schemas, strict=True):
        # not a column of nothing but nulls
        own = [name for name in texts if _is_text(found.field(name).type)]
        try:
            with pq.ParquetFile(path, read_dictionary=own) as file:
                for batch in file.iter_batches(batch_size=rows, columns=columns):
                    yield batch if batch.schema.equals(wanted) else _as(batch, wanted)
        except pa.ArrowException as error:
            raise MeshError(f"cannot be read as Parquet: {error}", path) from error


def common_schema(schemas: Mapping[str, Any]) -> Any:
    """The columns of files, each of a type that holds the values of all.

    Parameters
    ----------
    schemas
        Arrow schema by path, in the order of the files; the first one gives the order of the columns.

    Raises
    ------
    MeshError
        A name occurs twice in a file, a file lacks a column that another one has, or types do not go together.
    """
    import pyarrow as pa

    start = next(iter(schemas))
    first = schemas[start]
    # files of one run are mostly alike, and only those that differ need a look at each column
    others = {path: found for path, found in schemas.items() if not found.equals(first)}
    for path, found in {start: first, **others}.items():
        twice = sorted({name for name in found.names if found.names.count(name) > 1})
        if twice:
            raise MeshError("is returned twice; select it once, or under two names", f"column {twice[0]}")
        for here, there, where in ((first, found, path), (found, first, start)):
            lost = [name for name in here.names if name not in there.names]
            if lost:
                other = start if where == path else path
                raise MeshError(f"is missing; {other} has it", f"{where}: column {lost[0]}")
    fields = []
    for name in first.names:
        kind = first.field(name).type
        for path, found in others.items():
            kind = _wider(kind, found.field(name).type, f"{path}: column {name}")
        fields.append(pa.field(name, kind))
    return pa.schema(fields)


def _wider(one: Any, other: Any, where: str) -> Any:
    import pyarrow as pa

    if one.equals(other):
        return one
    try:
        fields = [pa.schema([pa.field("x", kind)]) for kind in (one, other)]
        return pa.unify_schemas(fields, promote_options="permissive").field("x").type
    except pa.ArrowException as error:
        raise MeshError(f"is {other}, and {one} in the files before it", where) from error


def _schema(path: str) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            found = file.schema_arrow
    except (OSError, pa.ArrowException) as error:
        raise MeshError(f"cannot be read as Parquet: {error}", path) from error
    # how texts are packed is the reader's business, not a type of their own
    plain = [kind.value_type if pa.types.is_dictionary(kind) else kind for kind in found.types]
    return pa.schema([pa.field(name, kind) for name, kind in zip(found.names, plain, strict=True)])


def _as(batch: Any, schema: Any) -> Any:
    """A batch with the columns and types of a schema."""
    import pyarrow as pa

    columns = []
    for field in schema:
        column = batch.column(field.name)
        if not column.type.equals(field.type):
            plain = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
            column = column.cast(plain)
            column = column.dictionary_encode() if plain is not field.type else column
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _is_text(arrow_type: Any) -> bool:
    import pyarrow as pa

    types = pa.types
    return any(
        (types.is_string(arrow_type), types.is_large_string(arrow_type), types.is_string_view(arrow_type))
    )
