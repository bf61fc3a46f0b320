"""Column types: from the logical and physical types of a data contract to the types of Glue and Athena.

A type is a small tree, so that the catalog gets its text (`struct<zip:varchar(5)>`) and the curation job,
which knows neither Hive nor this package, gets plain JSON. Deliberately not here: rules on values
(`rules`), and the contract's layout (`read`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from open_data_contract_standard.model import SchemaProperty

from governance.contracts import types_elsewhere
from governance.contracts.naming import catalog_name
from governance.errors import MeshError

LOGICAL_TYPES = (
    "string", "integer", "number", "boolean", "date", "timestamp", "time", "object", "array", "map", "vector",
)  # fmt: skip
"""Logical types of ODCS 3.0 to 3.2."""

_PLAIN = (
    "string", "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "date", "timestamp",
    "binary",
)  # fmt: skip
_SIZED = {"varchar": 65_535, "char": 255}
_ALIASES = {"integer": "int", "real": "float", "numeric": "decimal", "number": "decimal", "bool": "boolean"}
_FORMATS = {
    "i8": "tinyint", "i16": "smallint", "i32": "int", "i64": "bigint", "i128": "decimal(38,0)",
    "u8": "smallint", "u16": "int", "u32": "bigint", "u64": "decimal(20,0)", "u128": "decimal(38,0)",
    "f32": "float", "f64": "double",
}  # fmt: skip

_TOKEN = re.compile(r"[a-z_][a-z0-9_]*|\d+|[<>(),:]")
_OTHER = re.compile(r"[^a-z0-9_<>(),:\s]")
_FIELD = re.compile(r"^[a-z0-9_]{1,255}$")

NUMERIC = frozenset(("tinyint", "smallint", "int", "bigint", "float", "double", "decimal"))
INTEGRAL = frozenset(("tinyint", "smallint", "int", "bigint"))
TEXTUAL = frozenset(("string", "varchar", "char"))
TEMPORAL = frozenset(("date", "timestamp"))


@dataclass(frozen=True)
class GlueType:
    """One Glue type as a tree.

    Parameters
    ----------
    kind
        `string`, `int`, ..., `decimal`, `varchar`, `char`, `struct`, `array` or `map`.
    sizes
        Length of `varchar` and `char`; precision and scale of `decimal`; empty otherwise.
    fields
        Named parts: the fields of a `struct`, `element` of an `array`, `key` and `value` of a `map`.
    """

    kind: str
    sizes: tuple[int, ...] = ()
    fields: tuple[tuple[str, GlueType], ...] = ()
    sources: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """Fields of a `struct` that the delivery has under another name: field -> that name, in lower case."""

    def __str__(self) -> str:
        if self.kind == "struct":
            return f"struct<{','.join(f'{name}:{part}' for name, part in self.fields)}>"
        if self.fields:
            return f"{self.kind}<{','.join(str(part) for _, part in self.fields)}>"
        return f"{self.kind}({','.join(map(str, self.sizes))})" if self.sizes else self.kind

    @property
    def nested(self) -> bool:
        """True for struct, array and map."""
        return bool(self.fields)

    def to_json(self) -> dict[str, Any]:
        """The tree as plain JSON: `kind`, and if there are any `sizes`, `fields` ([name, tree], ...) and `sources`."""
        node: dict[str, Any] = {"kind": self.kind}
        if self.sizes:
            node["sizes"] = list(self.sizes)
        if self.fields:
            node["fields"] = [[name, part.to_json()] for name, part in self.fields]
        if self.sources:
            node["sources"] = dict(self.sources)
        return node


class _Parser:
    """Recursive descent over the text of one Glue type; ValueError says what is wrong."""

    def __init__(self, text: str) -> None:
        text = text.lower().replace("double precision", "double")
        if _OTHER.search(text):
            raise ValueError(text)
        self.tokens: list[str] = _TOKEN.findall(text)

    def take(self, expected: str = "") -> str:
        token = self.tokens.pop(0) if self.tokens else ""
        if not token or (expected and token != expected):
            raise ValueError(token)
        return token

    def sizes(self) -> tuple[int, ...]:
        found: list[int] = []
        if self.tokens[:1] == ["("]:
            self.take()
            found.append(int(self.take()))
            while self.tokens[:1] == [","]:
                self.take()
                found.append(int(self.take()))
            self.take(")")
        return tuple(found)

    def parse(self) -> GlueType:
        word = self.take()
        kind = _ALIASES.get(word, word)
        if kind in ("struct", "array", "map"):
            return self.nested(kind)
        sizes = self.sizes()
        if kind in _PLAIN and not sizes:
            return GlueType(kind)
        if kind in _SIZED and len(sizes) == 1 and 1 <= sizes[0] <= _SIZED[kind]:
            return GlueType(kind, sizes)
        if kind == "decimal" and 1 <= len(sizes) <= 2:
            precision, scale = sizes[0], (*sizes, 0)[1]
            if 1 <= precision <= 38 and scale <= precision:
                return GlueType(kind, (precision, scale))
        raise ValueError(word)

    def nested(self, kind: str) -> GlueType:
        self.take("<")
        parts: list[tuple[str, GlueType]] = []
        labels = {"array": ["element"], "map": ["key", "value"]}.get(kind, [])
        while not parts or self.tokens[:1] == [","]:
            if parts:
                self.take(",")
            if kind == "struct":
                label = self.take()
                self.take(":")
            else:
                label = labels[len(parts)] if len(parts) < len(labels) else ""
            parts.append((label, self.parse()))
        self.take(">")
        names = [name for name, _ in parts]
        if (labels and names != labels) or len(set(names)) != len(names) or not all(map(_FIELD.match, names)):
            raise ValueError(kind)
        return GlueType(kind, fields=tuple(parts))


def parse_glue_type(text: str) -> GlueType | None:
    """Parse a Glue/Hive type such as `decimal(12,2)` or `array<struct<a:int>>`; None if it is none."""
    try:
        parser = _Parser(text)
        parsed = parser.parse()
    except ValueError:
        return None
    return None if parser.tokens else parsed


def column_name(prop: SchemaProperty, where: str, doubts: list[str] | None = None) -> str:
    """Glue's name of a property: its physical name if that is usable, else its name; in lower case.

    Where neither is a column name in Glue and Athena (letters a-z, digits and underscores), it is made of the name, and
    `doubts` is told.

    Raises
    ------
    MeshError
        If nothing of the name is a letter or digit.
    """
    for name in (prop.physicalName, prop.name):
        if name and _FIELD.match(name.lower()):
            return name.lower()
    if not (prop.name or prop.physicalName):
        raise MeshError("has no name; give it one", where)
    if made := catalog_name(prop.name or prop.physicalName or "", f"{where}.name", doubts):
        return made
    raise MeshError(
        f"'{prop.name or prop.physicalName}' cannot be a column name in Athena; use only letters a-z, digits "
        "and underscores, or keep the name and add such a physicalName",
        f"{where}.name",
    )


def glue_type(prop: SchemaProperty, where: str, doubts: list[str] | None = None) -> GlueType:
    """Glue type of a contract's property.

    A `physicalType` that is a Glue type wins. Otherwise the logical type decides: `integer` without a format
    becomes `bigint` (wide enough for every sender, although ODCS' default format is i32), `time` becomes
    `string` since Glue has no such type, an `object` without properties becomes `string` holding JSON text.

    Parameters
    ----------
    prop
        The property.
    where
        Its place, for messages.
    doubts
        Receives a line for each physical type that is passed over although it may have been meant: the standard
        lets any system's name stand there, so it is no error.

    Raises
    ------
    MeshError
        For an unknown type, naming the key.
    """
    logical = prop.logicalType
    if logical is not None and logical not in LOGICAL_TYPES:
        raise MeshError(
            f"unknown type '{logical}'; use one of {', '.join(LOGICAL_TYPES)}", f"{where}.logicalType"
        )
    physical = (prop.physicalType or "").strip()
    if physical and (parsed := parse_glue_type(physical)):
        return parsed
    if logical is None:
        return _foreign_type(prop, physical, where, doubts)
    found = _logical_type(prop, logical, where, doubts)
    if doubts is not None and physical and (odd := types_elsewhere.doubt(physical)):
        doubts.append(
            f"{where}.physicalType: '{physical}' {odd}, so logicalType {logical} decides: {found}; write a Glue "
            "type to have another"
        )
    return found


def _logical_type(prop: SchemaProperty, logical: str, where: str, doubts: list[str] | None) -> GlueType:
    """Glue type of a logical type of the standard."""
    if logical == "object":
        return _struct(prop, where, doubts)
    if logical in ("array", "vector"):
        default = GlueType("float" if logical == "vector" else "string")
        item = glue_type(prop.items, f"{where}.items", doubts) if prop.items else default
        return GlueType("array", fields=(("element", item),))
    if logical == "map":
        key, value = (prop.map.key, prop.map.value) if prop.map else (None, None)
        return GlueType(
            "map",
            fields=(
                ("key", glue_type(key, f"{where}.map.key", doubts) if key else GlueType("string")),
                ("value", glue_type(value, f"{where}.map.value", doubts) if value else GlueType("string")),
            ),
        )
    if logical in ("integer", "number"):
        options = prop.logicalTypeOptions or {}
        default_kind = "bigint" if logical == "integer" else "double"
        return parse_glue_type(_FORMATS.get(str(options.get("format")), default_kind)) or GlueType(
            default_kind
        )
    return GlueType("string" if logical == "time" else logical)


def _struct(prop: SchemaProperty, where: str, doubts: list[str] | None) -> GlueType:
    """Struct of an object's properties; JSON text where the contract lists none."""
    if not prop.properties:
        return GlueType("string")
    fields: dict[str, GlueType] = {}
    sources: dict[str, str] = {}
    for index, part in enumerate(prop.properties):
        place = f"{where}.properties[{index}]"
        name = column_name(part, place, doubts)
        if name in fields:
            raise MeshError(f"field '{name}' appears twice; Glue does not tell upper from lower case", place)
        fields[name] = glue_type(part, place, doubts)
        told = [entry.value for entry in part.customProperties or () if entry.property == "source"]
        source = str(told[0] if told else part.name or name).lower()
        sources |= {name: source} if source != name else {}
    return GlueType("struct", fields=tuple(fields.items()), sources=tuple(sources.items()))


def _foreign_type(prop: SchemaProperty, physical: str, where: str, doubts: list[str] | None) -> GlueType:
    """Type of a property without logical type, from its parts or a type name that other systems use."""
    if prop.properties:
        return _struct(prop, where, doubts)
    if not physical:
        raise MeshError("has no type; give it a logicalType", where)
    known = types_elsewhere.MEANT.get(re.sub(r"\(.*\)$", "", physical).strip().lower())
    if known is None:
        raise MeshError(
            f"unknown type '{physical}'; give a logicalType, or a Glue type such as decimal(12,2)",
            f"{where}.physicalType",
        )
    return GlueType(known)
