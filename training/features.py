"""The feature schema: which columns a model sees, of which kind and with which categories.

Shared by training, evaluation and scoring, so that all three encode alike. Deliberately not here: how the
schema is found (`split`, from the training rows alone) and how rows get into a split.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from governance.errors import MeshError
from training.data.arrays import arrow_of, numpy_of, scalar_of, texts
from training.data.parquet import batches, count_rows, parquet_files

__all__ = [
    "CATEGORY", "LABEL", "Feature", "FeatureSchema", "as_category", "as_number", "batches", "check_name", "check_once",
    "count_rows", "encode", "kind_of", "load_features", "parquet_files",
]  # fmt: skip

LABEL = "__label__"
"""Column of the splits that holds 1 for the positive class and 0 for the other."""

CATEGORY = "category"
KINDS = {CATEGORY, "number", "boolean", "date", "timestamp"}

LARGEST = 1e38
"""Greatest number a model sees; XGBoost's bins go to twice the greatest value, which 32 bits must still hold."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One column the model sees; `kind` is number, boolean, date, timestamp or category."""

    name: str
    kind: str
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FeatureSchema:
    """What ``features.json`` holds: the features, and where the rows they were fitted on came from."""

    features: tuple[Feature, ...]
    key: tuple[str, ...]
    target: str
    positive: str
    positive_label: str
    negative_label: str
    product: str = ""
    table: str = ""
    contract_version: str = "unknown"
    query_ids: tuple[str, ...] = ()
    columns_seen: tuple[str, ...] = ()
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unlabelled: int = 0
    seed: int = 0
    format: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features in the model's order."""
        return tuple(feature.name for feature in self.features)

    @property
    def facts(self) -> dict[str, Any]:
        """What the schema knows of its training configuration."""
        names = ("target", "positive", "positive_label", "negative_label", "key", "seed", "product", "table")
        return {name: getattr(self, name) for name in names}

    @property
    def columns_hash(self) -> str:
        """Short digest of names and kinds; two models with the same digest take the same rows."""
        text = json.dumps([(feature.name, feature.kind) for feature in self.features])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """The text of ``features.json``."""
        return json.dumps(asdict(self), indent=2) + "\n"


def load_features(path: str | Path) -> FeatureSchema:
    """Read ``features.json``.

    Raises
    ------
    MeshError
        The file is missing, no JSON, or lacks what a schema must have.
    """
    source = Path(path)
    try:
        values = json.loads(source.read_text(encoding="utf-8"))
        values["features"] = tuple(
            Feature(name=item["name"], kind=item["kind"], levels=tuple(item["levels"]))
            for item in values["features"]
        )
        unknown = sorted({feature.kind for feature in values["features"]} - KINDS)
        if unknown:
            raise ValueError(f"'{unknown[0]}' is no kind of feature")
        for name in ("key", "query_ids", "columns_seen"):
            values[name] = tuple(values[name])
        return FeatureSchema(**values)
    except OSError as error:
        raise MeshError("no such feature schema; run the preprocess phase first", str(source)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise MeshError(
            f"is no feature schema ({error}); run the preprocess phase again", str(source)
        ) from error


def kind_of(name: str, arrow_type: Any, *, categorical: bool = False) -> str:
    """The kind of feature an Arrow column becomes.

    Raises
    ------
    MeshError
        The type has no place in a table of features (a list, a structure, raw bytes).
    """
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(arrow_type):
        arrow_type = arrow_type.value_type
    text = (
        types.is_string(arrow_type) or types.is_large_string(arrow_type) or types.is_string_view(arrow_type)
    )
    if text or types.is_null(arrow_type):
        return CATEGORY
    checks = {
        "boolean": types.is_boolean,
        "number": lambda kind: types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind),
        "date": types.is_date,
        "timestamp": types.is_timestamp,
    }
    for kind, check in checks.items():
        if check(arrow_type):
            return CATEGORY if categorical else kind
    raise MeshError(
        f"has the type {arrow_type}, which is no feature; name it under 'exclude'", f"column {name}"
    )


def check_name(name: str, names: Sequence[str]) -> None:
    """Refuse a feature that is there twice, whose name splits use themselves, or whose name XGBoost does not take."""
    check_once(name, names)
    if name == LABEL:
        raise MeshError("has the name that splits give the outcome; exclude or rename it", f"column {name}")
    if any(sign in name for sign in "[]<"):
        raise MeshError(
            "has one of [, ] and < in its name; select it under another with AS", f"column {name}"
        )


def check_once(name: str, names: Sequence[str]) -> None:
    """Refuse a name that is among the names more than once."""
    if names.count(name) > 1:
        raise MeshError("is returned twice; select it once, or under two names", f"column {name}")


def as_number(column: Any, kind: str) -> Any:
    """A number-like column as Arrow float32: dates and timestamps in days since 1970, booleans as 0 and 1.

    What is infinite, or too large for 32 bits, becomes `LARGEST` with its sign: trees look at the order of values
    only, and XGBoost refuses infinities.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.type == pa.float32():
        return _bounded(column)
    if kind == "date" and pa.types.is_date(column.type):
        column = column.cast(pa.date32()).cast(pa.int32())
    elif pa.types.is_timestamp(column.type):
        since = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64()).cast(pa.float64())
        column = pc.divide(since, scalar_of(86400e6))
    elif pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    elif pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    return _bounded(column.cast(pa.float32(), safe=False))


def _bounded(column: Any) -> Any:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        # the buffer as it lies there: a fifth of the time of Arrow's own minimum and maximum
        buffer = chunk.buffers()[1]
        values = np.frombuffer(buffer, np.float32)[chunk.offset :][: len(chunk)] if buffer else np.empty(0)
        if (np.abs(values) > LARGEST).any():
            break
    else:
        return column
    largest = scalar_of(LARGEST, "float32")
    column = pc.if_else(pc.greater(column, largest), largest, column)
    return pc.if_else(pc.less(column, pc.negate(largest)), pc.negate(largest), column)


def as_category(column: Any) -> Any:
    """A column as Arrow dictionary of texts; numbers that are codes become their text."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        if column.type == pa.dictionary(pa.int32(), pa.string()):
            return column
        column = column.cast(column.type.value_type)
    return column.cast(pa.string()).dictionary_encode()


def encode(table: Any, schema: FeatureSchema) -> Any:
    """Encode rows for the model.

    Parameters
    ----------
    table
        Arrow table or record batch with at least the schema's columns; others are ignored.
    schema
        Features in the model's order.

    Returns
    -------
    pyarrow.Table
        float32 columns, missing as not a number, and dictionaries of text with the schema's levels, missing as
        null; each in one chunk. Null, and a category that training did not know, is missing, never an error.

    Raises
    ------
    MeshError
        A column is missing, or cannot be read as its kind.
    """
    import pyarrow as pa

    present = set(table.schema.names)
    columns: dict[str, Any] = {}
    for feature in schema.features:
        if feature.name not in present:
            raise MeshError("is missing from the rows to be scored", f"column {feature.name}")
        column = table.column(feature.name)
        try:
            if feature.kind == CATEGORY:
                columns[feature.name] = _levels(as_category(column), feature.levels)
            else:
                values = numpy_of(as_number(column, feature.kind), math.nan)
                columns[feature.name] = arrow_of(values)
        except pa.ArrowException as error:
            raise MeshError(f"cannot be read as {feature.kind}: {error}", f"column {feature.name}") from error
    return pa.table(columns)


def codes(column: Any) -> Any:
    """A category column of `encode` as the numbers of its levels, -1 for missing."""
    return numpy_of(column.combine_chunks().indices, -1)


def matrix(table: Any) -> Any:
    """Encoded rows as numpy float32, rows by features: categories by the number of their level, missing as not a number."""
    import numpy as np
    import pyarrow as pa

    rows = np.empty(table.shape, np.float32)
    for place, column in enumerate(table.columns):
        if pa.types.is_dictionary(column.type):
            found = codes(column)
            rows[:, place] = np.where(found < 0, np.nan, found)
        else:
            rows[:, place] = numpy_of(column)
    return rows


def _levels(column: Any, levels: tuple[str, ...]) -> Any:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    value_set = texts(levels)
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    found = np.full(len(column), -1, dtype=np.min_scalar_type(-len(levels) - 1))
    start = 0
    for chunk in chunks:
        # one look-up per distinct value, then a gather; the last entry stands for null
        known = np.append(numpy_of(pc.index_in(chunk.dictionary, value_set=value_set), -1), -1)
        found[start : start + len(chunk)] = known[numpy_of(chunk.indices, -1)]
        start += len(chunk)
    return pa.DictionaryArray.from_arrays(arrow_of(found, found < 0), value_set)
