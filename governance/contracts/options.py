"""Rules that a column carries by itself, at any depth: required, unique, enumeration, `logicalTypeOptions`.

Deliberately not here: the rules of `quality` blocks (`rules`).
"""

from __future__ import annotations

from typing import Any

from open_data_contract_standard.model import SchemaProperty

from governance.contracts.literals import bound, check_pattern, literals, time_pattern
from governance.contracts.rules import Subject, add_quality
from governance.contracts.types import NUMERIC, TEMPORAL, TEXTUAL, GlueType, column_name
from governance.errors import MeshError

_RANGE = {
    "minimum": ("minimum", "must be at least"),
    "maximum": ("maximum", "must be at most"),
    "exclusiveMinimum": ("above", "must be greater than"),
    "exclusiveMaximum": ("below", "must be less than"),
}
_SIZES = {
    "minLength": ("min_length", "must have at least {} characters"),
    "maxLength": ("max_length", "must have at most {} characters"),
    "minItems": ("min_items", "must have at least {} items"),
    "maxItems": ("max_items", "must have at most {} items"),
}
_KNOWN_ELSEWHERE = ("format", "timezone", "defaultTimezone", "minProperties", "maxProperties", "dimensions")


def add_rules(subject: Subject, prop: SchemaProperty, where: str, doubts: list[str] | None = None) -> None:
    """Add all rules of a property and of what is nested in it to `subject`; `doubts` hears what is passed over.

    Raises
    ------
    MeshError
        For an option that does not fit the type, a value the column cannot hold, an unsupported quality rule.
    """
    glue_type = subject.type
    if glue_type is None:
        raise ValueError(f"{where}: a property has a type")
    if prop.required or prop.primaryKey:
        subject.add("missing", "must not be null", [])
    if prop.unique:
        if subject.path or glue_type.nested:
            subject.notes.append(f"{subject.label}: unique (not checked within nested columns)")
        else:
            subject.add("unique", "must be unique")
    if glue_type.sizes and glue_type.kind in TEXTUAL:
        subject.add("max_length", f"must have at most {glue_type.sizes[0]} characters", glue_type.sizes[0])
    if prop.enum:
        if glue_type.nested:
            raise MeshError("an enumeration needs a column of plain values", f"{where}.enum")
        named = [entry.value for entry in prop.enum if entry.value is not None]
        values = literals(named, glue_type, f"{where}.enum")
        subject.add("invalid", f"must be one of {', '.join(values)}", {"values": values})
    options = prop.logicalTypeOptions or {}
    if prop.logicalType == "time" and glue_type.kind in TEXTUAL:
        pattern = time_pattern(str(options.get("format") or ""), f"{where}.logicalTypeOptions.format")
        subject.add("invalid", "must be a time of day", {"pattern": pattern})
    for option, value in options.items():
        if value is not None:
            place = f"{where}.logicalTypeOptions.{option}"
            _add_option(subject, glue_type, *_of_flag(options, option, value), place, doubts)
    for index, quality in enumerate(prop.quality or []):
        add_quality(subject, quality, f"{where}.quality[{index}]", doubts)
    _add_nested(subject, prop, glue_type, where, doubts)


def _of_flag(options: dict[str, Any], option: str, value: Any) -> tuple[str, Any]:
    """Option and value, with ODCS 3.0's flag `exclusiveMinimum: true` beside a `minimum` made the limit itself."""
    limit, flag = option, f"exclusive{option[:1].upper()}{option[1:]}"
    if option in ("minimum", "maximum") and options.get(flag) is True:
        limit = flag
    return limit, value


def _add_option(
    subject: Subject, glue_type: GlueType, option: str, value: Any, where: str, doubts: list[str] | None
) -> None:
    """Add the rule of one entry of `logicalTypeOptions`."""
    kind = glue_type.kind
    if option in _RANGE:
        check, text = _RANGE[option]
        if isinstance(value, bool) and option.startswith(
            "exclusive"
        ):  # as in ODCS 3.0, a flag beside the limit
            return
        if kind not in NUMERIC | TEMPORAL | TEXTUAL:
            raise MeshError(f"a {glue_type} has no order", where)
        if kind in TEXTUAL and not isinstance(value, str):
            subject.notes.append(f"{subject.label}: {option} {value} (not checked, the column holds text)")
            return
        limit = bound(value, glue_type, check, where)
        subject.add(check, f"{text} {limit}", limit)
    elif option in _SIZES:
        check, text = _SIZES[option]
        wanted = "array" if check.endswith("items") else "string"
        if (kind == "array") != (wanted == "array") or (wanted == "string" and kind not in TEXTUAL):
            raise MeshError(f"is for a column of type {wanted}, not {glue_type}", where)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise MeshError(f"'{value}' is no length", where)
        subject.add(check, text.format(value), value)
    elif option == "pattern":
        subject.add("invalid", f"must match {value}", {"pattern": check_pattern(value, glue_type, where)})
    elif option == "multipleOf":
        if kind not in NUMERIC or isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise MeshError(f"'{value}' must be a number above 0, on a column of numbers", where)
        subject.add("multiple", f"must be a multiple of {value}", value)
    elif option == "uniqueItems":
        if kind != "array" or glue_type.fields[0][1].nested:
            subject.notes.append(f"{subject.label}: uniqueItems (not checked on nested elements)")
        elif value:
            subject.add("unique_items", "must not repeat an item")
    elif option == "required" and isinstance(value, list):
        names = {name for name, _ in glue_type.fields}
        for name in (str(entry).lower() for entry in value):
            if kind != "struct" or name not in names:
                if doubts is not None:
                    doubts.append(f"{where}: '{name}' is no field of it, so it is not asked for")
                continue
            _within(subject, name, glue_type).add("missing", "must not be null", [])
    elif option not in _KNOWN_ELSEWHERE:
        subject.notes.append(f"{subject.label}: {option} {value} (not checked here)")


def _within(subject: Subject, step: str, glue_type: GlueType) -> Subject:
    """The place one step further into a nested column, collecting into the same lists."""
    label = "element" if step == "[]" else step
    return Subject(
        subject.table, subject.columns, dict(glue_type.fields)[label], (*subject.path, step), subject.known,
        subject.rules, subject.notes,
    )  # fmt: skip


def _add_nested(
    subject: Subject, prop: SchemaProperty, glue_type: GlueType, where: str, doubts: list[str] | None
) -> None:
    """Descend where the contract's nesting is the type's; a physical type may have flattened it to text."""
    if glue_type.kind == "struct":
        names = {name for name, _ in glue_type.fields}
        for index, part in enumerate(prop.properties or []):
            place = f"{where}.properties[{index}]"
            if (name := column_name(part, place)) in names:
                add_rules(_within(subject, name, glue_type), part, place, doubts)
    elif glue_type.kind == "array" and prop.items:
        add_rules(_within(subject, "[]", glue_type), prop.items, f"{where}.items", doubts)
