"""Column types: Hive names of the catalog, Trino names of queries, Arrow types of files, text of values.

Owns every translation between those four. Deliberately not here: reading files (storage) and writing
result objects (results).
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa

_SIMPLE: dict[str, tuple[str, Callable[[], Any]]] = {
    "tinyint": ("tinyint", pa.int8),
    "smallint": ("smallint", pa.int16),
    "int": ("integer", pa.int32),
    "integer": ("integer", pa.int32),
    "bigint": ("bigint", pa.int64),
    "float": ("real", pa.float32),
    "real": ("real", pa.float32),
    "double": ("double", pa.float64),
    "boolean": ("boolean", pa.bool_),
    "string": ("varchar", pa.string),
    "date": ("date", pa.date32),
    "timestamp": ("timestamp", lambda: pa.timestamp("us")),
    "binary": ("varbinary", pa.binary),
}

_BITS = {8: "tinyint", 16: "smallint", 32: "int", 64: "bigint"}

# Precision, scale and case sensitivity of ColumnInfo by type, as GetQueryResults reports them.
_INFO: dict[str, tuple[int, int, bool]] = {
    "varchar": (2147483647, 0, True),
    "varbinary": (1073741824, 0, False),
    "tinyint": (3, 0, False),
    "smallint": (5, 0, False),
    "integer": (10, 0, False),
    "bigint": (19, 0, False),
    "float": (17, 0, False),
    "double": (17, 0, False),
    "timestamp": (3, 0, False),
    "timestamp with time zone": (3, 0, False),
}


def split_top(text: str) -> list[str]:
    """Split at commas outside of `<>` and `()`: "a:int,b:array<x,y>" gives two parts."""
    parts, depth, start = [], 0, 0
    for index, char in enumerate(text):
        depth += char in "<("
        depth -= char in ">)"
        if char == "," and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


def _inside(hive: str) -> str:
    return hive[hive.index("<") + 1 : hive.rindex(">")]


def arrow_type(hive: str) -> Any:
    """Return the Arrow type of a Hive type name; ValueError for a name nobody knows."""
    hive = hive.strip().lower()
    if hive in _SIMPLE:
        return _SIMPLE[hive][1]()
    head = hive.split("<")[0].split("(")[0]
    if head in ("varchar", "char"):
        return pa.string()
    if head == "decimal":
        return pa.decimal128(*_decimal(hive))
    if head == "array":
        return pa.list_(arrow_type(_inside(hive)))
    if head == "map":
        key, value = split_top(_inside(hive))
        return pa.map_(arrow_type(key), arrow_type(value))
    if head == "struct":
        fields = [part.split(":", 1) for part in split_top(_inside(hive))]
        return pa.struct([(name.strip(), arrow_type(of)) for name, of in fields])
    raise ValueError(f"unknown type '{hive}'")


def lowered(kind: Any) -> Any:
    """Return an Arrow type with the fields of its structs in lower case, as Athena compares names."""
    if pa.types.is_struct(kind):
        return pa.struct([(field.name.lower(), lowered(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(lowered(kind.key_type), lowered(kind.item_type))
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(lowered(kind.value_type)))
    return kind


def trino_type(hive: str) -> str:
    """Return the Trino name of a Hive type: `int` is `integer`, `struct<a:int>` is `row(a integer)`."""
    hive = hive.strip().lower()
    if hive in _SIMPLE:
        return _SIMPLE[hive][0]
    head = hive.split("<")[0].split("(")[0]
    if head == "decimal":
        return "decimal({}, {})".format(*_decimal(hive))
    if head == "array":
        return f"array({trino_type(_inside(hive))})"
    if head == "map":
        key, value = split_top(_inside(hive))
        return f"map({trino_type(key)}, {trino_type(value)})"
    if head == "struct":
        fields = [part.split(":", 1) for part in split_top(_inside(hive))]
        return "row({})".format(", ".join(f"{name.strip()} {trino_type(of)}" for name, of in fields))
    return hive


def _decimal(hive: str) -> tuple[int, int]:
    if "(" not in hive:
        return 10, 0
    numbers = [int(part) for part in hive[hive.index("(") + 1 : hive.rindex(")")].split(",")]
    return numbers[0], numbers[1] if len(numbers) > 1 else 0


def hive_type(arrow: Any) -> str:
    """Return the Hive name of an Arrow type, as CREATE TABLE AS and a crawler write it to the catalog."""
    if pa.types.is_dictionary(arrow):
        return hive_type(arrow.value_type)
    if pa.types.is_integer(arrow):
        return _BITS[arrow.bit_width]
    if pa.types.is_decimal(arrow):
        return f"decimal({arrow.precision},{arrow.scale})"
    if pa.types.is_timestamp(arrow):
        return "timestamp"
    if pa.types.is_list(arrow) or pa.types.is_large_list(arrow):
        return f"array<{hive_type(arrow.value_type)}>"
    if pa.types.is_map(arrow):
        return f"map<{hive_type(arrow.key_type)},{hive_type(arrow.item_type)}>"
    if pa.types.is_struct(arrow):
        return "struct<{}>".format(",".join(f"{field.name}:{hive_type(field.type)}" for field in arrow))
    for test, name in (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_float32, "float"),
        (pa.types.is_floating, "double"),
        (pa.types.is_date, "date"),
        (pa.types.is_binary, "binary"),
        (pa.types.is_large_binary, "binary"),
    ):
        if test(arrow):
            return name
    return "string"


def column_type(arrow: Any) -> str:
    """Return the type name that GetQueryResults reports (`varchar`, `bigint`, `float` for a Trino real)."""
    if pa.types.is_timestamp(arrow):
        return "timestamp with time zone" if arrow.tz else "timestamp"
    if pa.types.is_time(arrow):
        return "time"
    hive = hive_type(arrow).split("<")[0].split("(")[0]
    return {"int": "integer", "string": "varchar", "binary": "varbinary", "struct": "row"}.get(hive, hive)


def column_info(name: str, arrow: Any) -> dict[str, Any]:
    """Return the ColumnInfo of one result column."""
    kind = column_type(arrow)
    precision, scale, sensitive = _INFO.get(kind, (0, 0, False))
    if kind == "decimal":
        precision, scale = arrow.precision, arrow.scale
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": sensitive,
    }


def text_of(value: Any) -> str | None:
    """Return a value as Athena writes it in a result row; None stays None (an empty cell)."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _java_double(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime.datetime):
        text = value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}"
        return text if value.tzinfo is None else f"{text} UTC"
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_nested(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list) and value and all(isinstance(item, tuple) for item in value):
        return "{" + ", ".join(f"{_nested(key)}={_nested(item)}" for key, item in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_nested(item) for item in value) + "]"
    return str(value)


def _nested(value: Any) -> str:
    text = text_of(value)
    return "null" if text is None else text


def _java_double(value: float) -> str:
    """Return a double as Java's Double.toString does, which is what Athena prints: 1.0E10, 0.001, 1.0E-4."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return (
            f"{Decimal(repr(value)):f}"
            if "." in f"{Decimal(repr(value)):f}"
            else f"{Decimal(repr(value)):f}.0"
        )
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int), "infinities are handled above"
    head, tail = digits[0], "".join(map(str, digits[1:])) or "0"
    return f"{'-' if sign else ''}{head}.{tail}E{exponent + len(digits) - 1}"
