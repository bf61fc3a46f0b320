"""Curation, values: delivered text becomes values of the contract's types, or null where they cannot.

Whole columns at a time; a value that does not fit never spoils its neighbours. Runs on Python 3.9 in Glue and
needs pyarrow only. Deliberately not here: whether a value is allowed (`curation_checks`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

PLAIN = {
    "string": pa.string(),
    "varchar": pa.string(),
    "char": pa.string(),
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "binary": pa.binary(),
}
"""Arrow types of Glue's plain types; timestamps are in UTC."""

Convert = Callable[[Any], Any]
UNFIT = (pa.ArrowException, ValueError, TypeError, AttributeError, OverflowError)
"""What converting a value that does not fit may raise."""


SOURCE = b"source"
"""Metadata of a struct's field: its name in the delivery, in lower case, where the catalog has another."""


def arrow_type(node: dict[str, Any], sources: bool = False) -> Any:
    """Arrow type of a compiled contract type (a tree of `kind`, `sizes`, `fields`, `sources`).

    With `sources`, fields that the delivery names otherwise say so in their metadata.
    """
    named = node.get("sources", {}) if sources else {}
    parts = [
        pa.field(name, arrow_type(part, sources), metadata={SOURCE: named[name]} if name in named else None)
        for name, part in node.get("fields", ())
    ]
    if node["kind"] == "struct":
        return pa.struct(parts)
    if node["kind"] == "array":
        return pa.list_(pa.field("element", parts[0].type))
    if node["kind"] == "map":
        return pa.map_(parts[0].type, parts[1].type)
    if node["kind"] == "decimal":
        return pa.decimal128(*node["sizes"])
    return PLAIN[node["kind"]]


def arrow_schema(table: dict[str, Any]) -> Any:
    """Schema of a table's curated files: the contract's columns, their order, types and nullability."""
    return pa.schema(
        [
            pa.field(column["name"], arrow_type(column["type"]), nullable=not column["required"])
            for column in table["columns"]
        ]
    )


def decode(column: dict[str, Any], delivered: Any) -> tuple[Any, Any, Any]:
    """Decode and convert one delivered column.

    Parameters
    ----------
    column
        The column's part of the job's specification.
    delivered
        Arrow array of any type; text from CSV and JSON.

    Returns
    -------
    tuple
        Values of the contract's type; mask of values that are not of that type; mask of codes that are in no
        table.
    """
    target = arrow_type(column["type"])
    if pa.types.is_dictionary(delivered.type):
        delivered = delivered.dictionary_decode()
    given = delivered.is_valid()
    if column["codes"]:
        codes = pa.array(list(column["codes"]), pa.string())
        index = pc.index_in(as_text(delivered), value_set=codes)
        meanings = convert(pa.array(list(column["codes"].values()), pa.string()), target)
        return meanings.take(index), pc.and_not(given, given), pc.and_(given, index.is_null())
    shape = arrow_type(column["type"], sources=True)
    values = tolerant(converter(shape, column["format"]), delivered, target)
    bad = pc.and_(given, values.is_null())
    if pa.types.is_floating(target):  # NaN and infinity would slip through every comparison
        bad = pc.or_(bad, pc.invert(pc.fill_null(pc.is_finite(values), True)))
    return values, bad, pc.and_not(given, given)


def convert(values: Any, target: Any) -> Any:
    """Convert text to a type, for values that are known to fit (the contract's own)."""
    return converter(target, "")(values)


def tolerant(function: Convert, values: Any, target: Any) -> Any:
    """Convert all at once; only where that fails halve, until the values that do not fit are null."""
    try:
        return function(values)
    except UNFIT:
        if len(values) <= 1:
            return pa.nulls(len(values), target)
        half = len(values) // 2
        parts = [tolerant(function, part, target) for part in (values[:half], values[half:])]
        return pa.concat_arrays(parts)


def converter(target: Any, pattern: str) -> Convert:
    """Function from delivered values to values of type `target`; it raises if one of them does not fit.

    `pattern` is the strptime format of dates and timestamps, empty for ISO 8601.
    """
    if pa.types.is_nested(target):
        return lambda values: values if values.type == target else _nested(values, target)
    if pa.types.is_string(target):
        return as_text
    if pattern:
        return lambda values: _dated(values, target, pattern) if _is_text(values) else values.cast(target)
    if pa.types.is_timestamp(target):
        return lambda values: _timestamps(values, target) if _is_text(values) else values.cast(target)
    if pa.types.is_decimal(
        target
    ):  # a number of 64 bits may have more digits than the type, its value need not
        return lambda values: (as_text(values) if pa.types.is_integer(values.type) else values).cast(target)
    return lambda values: values.cast(target)


def as_text(values: Any) -> Any:
    """Values as text; nested ones as JSON, times of day without a fraction that is nought."""
    if pa.types.is_nested(values.type):
        found = (None if value is None else json_text(value) for value in values.to_pylist())
        return pa.array(found, pa.string())
    text = values.cast(pa.string())
    return pc.replace_substring_regex(text, r"\.0+$", "") if pa.types.is_time(values.type) else text


class Digits(str):
    """A number with a fraction as JSON has it: its digits, which a float would not keep."""


def json_text(value: Any) -> str:
    """A value as JSON; numbers read as `Digits` are numbers again, with every digit."""
    if isinstance(value, Digits):
        return str(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(str(key))}: {json_text(part)}' for key, part in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(json_text, value))}]"
    return json.dumps(value, default=str)


def _is_text(values: Any) -> bool:
    return bool(pa.types.is_string(values.type) or pa.types.is_large_string(values.type))


def _dated(values: Any, target: Any, pattern: str) -> Any:
    """Dates in the source's own format: each distinct text is parsed once."""
    distinct = values.dictionary_encode()
    moments = []
    for text in distinct.dictionary.to_pylist():
        moment = dt.datetime.strptime(text, pattern)
        utc = moment.astimezone(dt.timezone.utc) if moment.tzinfo else moment  # noqa: UP017 (Python 3.9)
        moments.append(utc.replace(tzinfo=None))
    return pa.array(moments, pa.timestamp("us")).cast(target).take(distinct.indices)


def _timestamps(values: Any, target: Any) -> Any:
    """ISO 8601 with or without zone; without one it is UTC. Digits beyond microseconds are cut off."""
    text = pc.replace_substring_regex(values, r"(\.\d{6})\d+", r"\1")
    zoned = pc.match_substring_regex(text, r":\d\d.*(Z|[+-]\d\d(:?\d\d)?)$")
    nothing = pa.scalar(None, pa.string())
    aware = pc.if_else(zoned, text, nothing).cast(pa.timestamp(target.unit, "UTC")).cast(target)
    return pc.coalesce(aware, pc.if_else(zoned, nothing, text).cast(target))


def _nested(values: Any, target: Any) -> Any:
    """Structs, arrays and maps, from JSON text or from another nested type; this alone goes row by row."""
    found = (
        json.loads(value, parse_float=Digits) if isinstance(value, str) else value
        for value in values.to_pylist()
    )
    return pa.array([_shape(value, target) for value in found], target)


def _shape(value: Any, target: Any) -> Any:
    """A JSON value as pyarrow takes it for a nested type; raises if it does not fit."""
    if value is None:
        return None
    if pa.types.is_struct(target):
        known = {key.lower(): part for key, part in value.items()}
        fields = [target.field(position) for position in range(target.num_fields)]
        return {field.name: _shape(_part(known, field), field.type) for field in fields}
    if pa.types.is_list(target):
        if not isinstance(value, list):
            raise TypeError("no list")
        return [_shape(part, target.value_type) for part in value]
    if pa.types.is_map(target):
        pairs = value.items() if isinstance(value, dict) else value
        return [(_shape(key, target.key_type), _shape(part, target.item_type)) for key, part in pairs]
    if pa.types.is_string(target):
        return str(value) if isinstance(value, str) else json_text(value)
    if isinstance(value, (dict, list)):
        raise TypeError("no plain value")
    plain = str(value) if isinstance(value, str) else value
    return convert(pa.array([plain]), target)[0].as_py()


def _part(known: dict[str, Any], field: Any) -> Any:
    """Value of a struct's field: under the contract's name for it, else under the catalog's."""
    source = (field.metadata or {}).get(SOURCE, b"").decode()
    return known[source] if source in known else known.get(field.name)
