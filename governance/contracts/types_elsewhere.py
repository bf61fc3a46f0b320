"""Names that other systems give their types, as contracts carry them in `physicalType`.

The standard leaves `physicalType` to the data source: any system's name may stand there, and `logicalType` says what
it means. So a name known from another system needs no word; one known from none may be a slip, and is pointed out.
Deliberately not here: the types of Glue (`types`).
"""

from __future__ import annotations

import difflib
import re

MEANT = {
    "text": "string", "varchar": "string", "nvarchar": "string", "varchar2": "string", "char": "string",
    "uuid": "string", "json": "string", "time": "string", "long": "bigint", "int64": "bigint", "int32": "int",
    "float64": "double", "float32": "float", "datetime": "timestamp", "timestamptz": "timestamp",
    "bytes": "binary",
}  # fmt: skip
"""Used only where a contract says no logical type: what a name most likely means in Glue."""

GLUE = (
    "string", "boolean", "tinyint", "smallint", "int", "integer", "bigint", "float", "real", "double", "decimal",
    "numeric", "number", "date", "timestamp", "binary", "varchar", "char", "struct", "array", "map",
)  # fmt: skip

_NAMES = """
    text tinytext mediumtext longtext citext clob nclob ntext nchar nvarchar nvarchar2 varchar2 bpchar name
    character varying string fixedstring lowcardinality enum enum8 enum16 set xml
    json jsonb hstore variant object super document uuid uniqueidentifier guid objectid rowid urowid ulid
    bool bit varbit bytes bytea blob tinyblob mediumblob longblob varbinary raw image fixed
    int1 int2 int4 int8 int16 int32 int64 int128 int256 uint8 uint16 uint32 uint64 uint128 uint256 mediumint
    long short byte byteint serial smallserial bigserial identity counter unsigned signed
    float4 float8 float16 float32 float64 bfloat16 half binary_float binary_double number numeric dec decimal
    bignumeric bigdecimal decfloat decimal32 decimal64 decimal128 decimal256 money smallmoney
    date32 date64 datetime datetime2 datetime64 smalldatetime datetimeoffset time timetz year interval duration
    timestamp_ntz timestamp_ltz timestamp_tz timestampntz timestampltz timestamptz timestamp_millis timestamp_micros
    timestamp_nanos timestamp_s timestamp_ms timestamp_ns instant localdate localdatetime
    record row tuple nested list repeated vector tensor embedding sparsevector hllsketch void null any unknown
    geography geometry geo_point point line lseg box path polygon circle linestring
    inet cidr macaddr macaddr8 ipv4 ipv6 ip oid tsvector tsquery keyword nullable range int4range int8range numrange
    tsrange tstzrange daterange message group
"""
KNOWN = frozenset((*re.findall(r"\w+", _NAMES), *GLUE))
_HEAD = re.compile(r"[a-z_][a-z0-9_]*")


def doubt(physical: str) -> str:
    """What is odd about a physical type that Glue has not; empty for a name some system has.

    A decimal is pointed out too, since nothing else in Glue holds its digits exactly.
    """
    heads = _HEAD.findall(physical.lower())
    head = heads[0] if heads else ""
    if head in ("decimal", "numeric", "number", "dec") and "(" in physical:
        return "does not fit a decimal of Glue, which has at most 38 digits"
    if head in KNOWN:
        return ""
    close = difflib.get_close_matches(head, sorted(KNOWN), n=1, cutoff=0.75)
    return f"is the name of no type known here{f' (did you mean {close[0]}?)' if close else ''}"
