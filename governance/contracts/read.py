"""Reading a data contract: Open Data Contract Standard v3 YAML to a `Contract`, or one line saying why not.

The public ODCS model decides what a contract is; here it becomes what Glue, Lake Formation and the curation
job can hold. Keys of the standard that have no meaning for those (servers, roles, prices, service levels,
relationships) may be present and stay documentation. Deliberately not here: whether a new version breaks its
readers.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from open_data_contract_standard.model import (
    CustomProperty,
    OpenDataContractStandard,
    SchemaObject,
    SchemaProperty,
    Team,
)

from governance.contracts.literals import literal, plain_text, strptime_format
from governance.contracts.model import Column, Contract, Table
from governance.contracts.naming import catalog_name, product_name
from governance.contracts.odcs import NotDeployable, odcs_model
from governance.contracts.options import add_rules
from governance.contracts.rules import Subject, add_quality
from governance.contracts.types import TEMPORAL, column_name, glue_type
from governance.errors import MeshError
from governance.levels import DEFAULT_LEVELS, check_level
from governance.names import database_name

_TABLE = re.compile(r"^[a-z0-9_]{1,255}$")


def load_contract(path: str | Path, *, levels: Sequence[str] = DEFAULT_LEVELS) -> Contract:
    """Read a contract file.

    Parameters
    ----------
    path
        ODCS v3 YAML file.
    levels
        Sensitivity levels from open to closed; a column without classification gets the last.

    Raises
    ------
    MeshError
        One line with file and key for whatever is wrong.
    """
    return parse_contract(_text(path), str(path), levels=levels)


def load_named(path: str | Path) -> Contract:
    """Read a contract where the mesh's levels are not known: those that it names count, beside the default ones.

    For words and names only. The order of levels, and the level of a column that names none, are not to be relied on.

    Raises
    ------
    MeshError
        As `load_contract`.
    """

    def named(value: Any) -> Iterator[str]:
        for key, inner in value.items() if isinstance(value, dict) else ():
            if key == "classification" and isinstance(inner, str):
                yield inner.strip().lower()
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from named(inner)

    model = odcs_model(_text(path), str(path))
    levels = dict.fromkeys([*named(model.model_dump()), *DEFAULT_LEVELS])
    return _contract(model, str(path), tuple(levels))


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MeshError("no such contract file", str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise MeshError(f"cannot be read ({told})", str(path)) from None


def parse_contract(text: str, file: str, *, levels: Sequence[str] = DEFAULT_LEVELS) -> Contract:
    """Read a contract from text; `file` is only named in messages. See :func:`load_contract`."""
    return _contract(odcs_model(text, file), file, levels)


def _contract(model: OpenDataContractStandard, file: str, levels: Sequence[str]) -> Contract:
    doubts: list[str] = []
    product = product_name(model, file, doubts)
    if not model.schema_:
        raise NotDeployable("has no tables; describe at least one", f"{file}: schema")
    custom = _custom(model.customProperties)
    _distinct_ids(model.schema_, f"{file}: schema")
    tables: dict[str, Table] = {}
    for index, entry in enumerate(model.schema_):
        where = f"{file}: schema[{index}]"
        table = _table(entry, where, levels, doubts)
        if table.name in tables:
            raise MeshError(f"table '{table.name}' appears twice", where)
        tables[table.name] = table
    words = model.description
    parts = [words.purpose, words.usage, words.limitations] if words else []
    return Contract(
        id=model.id or "", product=product, version=model.version or "", status=model.status or "",
        domain=model.domain or "", owner=_owner(model, custom), file=file,
        description=" ".join(" ".join(part.split()) for part in parts if part),
        database=database_name(product), tables=tuple(tables.values()), tags=tuple(model.tags or ()),
        custom=custom, doubts=tuple(doubts),
    )  # fmt: skip


def _custom(properties: Sequence[CustomProperty] | None) -> dict[str, Any]:
    return {entry.property: entry.value for entry in properties or () if entry.property}


def _owner(model: OpenDataContractStandard, custom: dict[str, Any]) -> str:
    """Who answers for the product: custom property `owner`, the team, or its member in the role of owner."""
    if custom.get("owner"):
        return plain_text(custom["owner"])
    team = model.team
    if isinstance(team, Team) and team.name:
        return team.name
    members = (team.members if isinstance(team, Team) else team) or []
    owners = [member for member in members if "owner" in (member.role or "").lower()] or members
    return (owners[0].username or owners[0].name or "") if owners else ""


def _table(entry: SchemaObject, where: str, levels: Sequence[str], doubts: list[str]) -> Table:
    """One schema object."""
    candidates = [name.lower() for name in (entry.physicalName, entry.name) if name]
    usable = [name for name in candidates if _TABLE.match(name)]
    told = entry.name or entry.physicalName or ""
    name = usable[0] if usable else catalog_name(told, f"{where}.name", doubts)
    if not name:
        raise MeshError(
            f"'{(candidates or [''])[-1]}' cannot be a table name in Athena; use only letters a-z, "
            "digits and underscores, or add such a physicalName",
            f"{where}.name",
        )
    # a measure is an aggregate that the contract defines on the table, not a column of it
    physical = [
        (index, prop) for index, prop in enumerate(entry.properties or []) if prop.semanticType != "measure"
    ]
    if not physical:
        raise NotDeployable(f"table '{name}' has no columns; list its properties", f"{where}.properties")
    _distinct_ids(entry.properties or (), f"{where}.properties")
    known = [column_name(prop, f"{where}.properties[{index}]", doubts) for index, prop in physical]
    for (index, _), column in zip(physical, known, strict=True):
        first = physical[known.index(column)][0]
        if first != index:
            raise MeshError(
                f"column '{column}' is also properties[{first}]; Glue does not tell upper from lower case",
                f"{where}.properties[{index}].name",
            )
    notes: list[str] = []
    keys = [
        (prop.primaryKeyPosition or 0, known[place])
        for place, (_, prop) in enumerate(physical)
        if prop.primaryKey
    ]
    key = tuple(column for _, column in sorted(keys, key=lambda pair: pair[0]))
    columns = [
        _column(
            prop,
            Subject(name, (column,), known=known, notes=notes),
            f"{where}.properties[{index}]",
            levels,
            doubts,
        )
        for (index, prop), column in zip(physical, known, strict=True)
    ]
    whole = Subject(name, known=known, notes=notes)
    if key:
        nested = [column.name for column in columns if column.primary_key and column.type.nested]
        if nested:
            raise MeshError(f"nested column '{nested[0]}' cannot be a key", f"{where}.properties")
        together = f" together with {', '.join(key[1:])}" if key[1:] else ""
        Subject(name, key, rules=whole.rules).add("unique", f"must be unique{together}")
    for index, quality in enumerate(entry.quality or []):
        add_quality(whole, quality, f"{where}.quality[{index}]", doubts)
    custom = _custom(entry.customProperties)
    return Table(
        name=name, description=" ".join((entry.description or "").split()), columns=tuple(columns),
        primary_key=key, rules=tuple(whole.rules), notes=tuple(notes), custom=custom,
        delimiter=_delimiter(custom.get("delimiter", ","), where),
        encoding=_encoding(custom.get("encoding", "utf-8"), where), id=entry.id or "",
    )  # fmt: skip


def _distinct_ids(elements: Sequence[SchemaObject | SchemaProperty], where: str) -> None:
    """An id is unique in its list (ODCS 3.1): renames are found by it."""
    seen: dict[str, int] = {}
    for index, element in enumerate(elements):
        if element.id and element.id in seen:
            raise MeshError(
                f"'{element.id}' is also that of [{seen[element.id]}]; an id is given once",
                f"{where}[{index}].id",
            )
        if element.id:
            seen[element.id] = index


def _encoding(value: Any, where: str) -> str:
    """Encoding of the delivered text files (custom property `encoding` of the table)."""
    try:
        return codecs.lookup(str(value)).name
    except LookupError:
        raise MeshError(f"'{value}' is no encoding", f"{where}.customProperties encoding") from None


def _delimiter(value: Any, where: str) -> str:
    """Separator of the delivered CSV files (custom property `delimiter` of the table)."""
    named = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}.get(
        str(value).lower(), str(value)
    )
    if len(named) != 1:
        raise MeshError(f"'{value}' must be one character", f"{where}.customProperties delimiter")
    return named


def _column(
    prop: SchemaProperty, subject: Subject, where: str, levels: Sequence[str], doubts: list[str]
) -> Column:
    """One property of a schema object."""
    custom = _custom(prop.customProperties)
    tree = subject.type = glue_type(prop, where, doubts)
    add_rules(subject, prop, where, doubts)
    pattern = (prop.logicalTypeOptions or {}).get("format")
    place = f"{where}.logicalTypeOptions.format"
    codes = custom.get("codes") or {}
    if not isinstance(codes, dict) or (codes and tree.nested):
        raise MeshError(
            "must map source codes to values, on a column of plain values", f"{where}.customProperties codes"
        )
    meanings = {
        code: None
        if value is None
        else literal(value, tree, f"{where}.customProperties codes[{plain_text(code)}]")
        for code, value in codes.items()
    }
    return Column(
        name=subject.columns[0], logical_type=prop.logicalType or tree.kind, type=tree,
        classification=_classification(prop, where, levels),
        description=prop.description or prop.businessName or "",
        required=bool(prop.required), unique=bool(prop.unique), primary_key=bool(prop.primaryKey),
        source=plain_text(custom.get("source") or prop.name or subject.columns[0]),
        codes=tuple((plain_text(code), meaning) for code, meaning in meanings.items()),
        format=strptime_format(str(pattern), place) if pattern and tree.kind in TEMPORAL else "",
        tags=tuple(prop.tags or ()), rules=tuple(subject.rules), id=prop.id or "",
    )  # fmt: skip


def _classification(prop: SchemaProperty, where: str, levels: Sequence[str]) -> str:
    """Level of a column: what it says, raised to what anything nested in it says; closed if it says nothing.

    Lake Formation tags columns, not fields within them, so the most sensitive field decides.
    """
    found = _named_levels(prop, where, levels)
    return levels[-1] if prop.classification is None else max(found, key=list(levels).index)


def _named_levels(prop: SchemaProperty, where: str, levels: Sequence[str]) -> list[str]:
    """All levels that a property and what is nested in it name."""
    found = []
    if prop.classification is not None:
        found.append(check_level(prop.classification.strip().lower(), levels, f"{where}.classification"))
    for index, part in enumerate(prop.properties or []):
        found += _named_levels(part, f"{where}.properties[{index}]", levels)
    if prop.items:
        found += _named_levels(prop.items, f"{where}.items", levels)
    if prop.map:
        for key, inner in (("key", prop.map.key), ("value", prop.map.value)):
            found += _named_levels(inner, f"{where}.map.{key}", levels) if inner else []
    return found
