"""Curation, checks: which rows break which rules of the contract, and whether a batch may be published.

Rules come compiled (`governance.contracts.model.Rule`). A mask is a boolean array, true where a row breaks
the rule. Deliberately not here: files and AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from functions.curation_values import arrow_schema, convert, decode

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda found, limit: found == limit,
    "ne": lambda found, limit: found != limit,
    "gt": lambda found, limit: found > limit,
    "ge": lambda found, limit: found >= limit,
    "lt": lambda found, limit: found < limit,
    "le": lambda found, limit: found <= limit,
    "between": lambda found, limit: limit[0] <= found <= limit[1],
    "not_between": lambda found, limit: not limit[0] <= found <= limit[1],
}
_RANGE = {"minimum": pc.less, "above": pc.less_equal, "maximum": pc.greater, "below": pc.greater_equal}


class Refused(Exception):
    """A batch breaks the contract as a whole, so nothing of it is published; the text says what to do."""


@dataclass(frozen=True)
class Checked:
    """A chunk of rows after decoding and checking."""

    values: Any
    """Table in the contract's schema, all rows; only rows outside `bad` are fit to publish."""

    broken: tuple[tuple[str, Any], ...]
    """Rules that rows break, with the mask of those rows; rules that nobody breaks are absent."""

    warned: dict[str, int]
    """Rules of severity warning or info, with how many rows break them."""

    bad: Any
    """Mask of the rows that break at least one rule."""

    def reasons(self) -> Any:
        """All the rules that each bad row breaks, as one text per bad row."""
        nothing = pa.scalar(None, pa.string())
        texts = [pc.if_else(mask.filter(self.bad), name, nothing) for name, mask in self.broken]
        return pc.binary_join_element_wise(*texts, "; ", null_handling="skip")


def row_rules(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Rules that judge rows one by one."""
    return [rule for rule in table["rules"] if not rule["compare"]]


def batch_rules(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Rules that judge what would be published as a whole."""
    return [rule for rule in table["rules"] if rule["compare"]]


def check_rows(table: dict[str, Any], delivered: Any, repeated: dict[str, Any] | None = None) -> Checked:
    """Decode a chunk of delivered rows and check every row rule.

    Parameters
    ----------
    table
        The table's part of the job's specification.
    delivered
        Record batch or table with a column per source name.
    repeated
        Masks of the rules on uniqueness, which take the whole batch to know: rule name -> mask for this
        chunk. Without it the chunk is taken for the batch.
    """
    values: dict[str, Any] = {}
    unfit: dict[str, Any] = {}
    found: list[tuple[str, Any]] = []
    for column in table["columns"]:
        name = column["name"]
        values[name], no_value, no_code = decode(column, _flat(delivered.column(column["source"])))
        unfit[name] = pc.or_(no_value, no_code)
        found.append((f"{name}: must be of type {column['glue_type']}", no_value))
        found.append((f"{name}: must be a known code", no_code))
    warned: dict[str, int] = {}
    for rule in row_rules(table):
        if rule["check"] == "unique":
            mask = repeated[rule["name"]] if repeated is not None else repeats(rule, values)
        else:
            column_name = rule["columns"][0]
            mask = offenders(rule, values[column_name], rule["path"])
            if rule["check"] == "missing" and not rule["path"]:  # what cannot be read is not missing
                mask = pc.and_not(mask, unfit[column_name])
        if not rule["warning"]:
            found.append((rule["name"], mask))
        elif count := pc.sum(mask).as_py():
            warned[rule["name"]] = count
    broken = tuple((name, mask) for name, mask in found if pc.any(mask).as_py())
    bad = pa.nulls(delivered.num_rows).is_valid()
    for _, mask in broken:
        bad = pc.or_(bad, mask)
    schema = arrow_schema(table)
    loose = pa.schema([field.with_nullable(True) for field in schema])
    checked = pa.Table.from_arrays([values[field.name] for field in schema], schema=loose)
    return Checked(values=checked, broken=broken, warned=warned, bad=bad)


def offenders(rule: dict[str, Any], values: Any, path: Sequence[str] = ()) -> Any:
    """Mask of the values that break a rule; at the end of `path`, any part that breaks it counts."""
    if not path:
        return pc.fill_null(_breaks(rule, values), False)
    if path[0] != "[]":
        within = offenders(rule, pc.struct_field(values, path[0]), path[1:])
        return pc.and_(within, values.is_valid())
    within = offenders(rule, pc.list_flatten(values), path[1:])
    owners = pc.list_parent_indices(values).filter(within)
    return pc.is_in(_positions(len(values)), value_set=owners.cast(pa.int64()))


def repeats(rule: dict[str, Any], values: dict[str, Any]) -> Any:
    """Mask of all rows whose key occurs more than once; which of them is right, nobody can tell. Nulls never
    repeat."""
    return repeated_keys(key_of(rule, values))


def key_of(rule: dict[str, Any], values: dict[str, Any]) -> Any:
    """Key that a rule on uniqueness compares: the column itself, or several as one text."""
    parts = [values[name] for name in rule["columns"]]
    if len(parts) == 1:
        return parts[0]
    return pc.binary_join_element_wise(*(part.cast(pa.string()) for part in parts), "\x1f")


def repeated_keys(keys: Any) -> Any:
    """Mask of the keys that occur more than once; keys may be chunked, the mask is not."""
    counts = pc.value_counts(keys)
    several = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    mask = pc.and_(pc.is_in(keys, value_set=several.drop_null()), pc.is_valid(keys))
    return _flat(mask)


def check_batch(
    table: dict[str, Any], rows: int, read: Callable[[list[str]], Any], query: Callable[[str], Any]
) -> dict[str, int]:
    """Check the rules on the batch over the rows that would be published.

    Parameters
    ----------
    rows
        Number of rows to publish.
    read
        Gives the named columns of those rows as a table.
    query
        Runs SQL over those rows and gives its one value.

    Returns
    -------
    dict
        Broken rules of severity warning or info.

    Raises
    ------
    Refused
        Naming all broken rules and what was found.
    """
    broken: list[str] = []
    warned: dict[str, int] = {}
    for rule in batch_rules(table):
        if rule["check"] == "rows":
            found: Any = rows
        elif rule["check"] == "sql":
            found = query(rule["value"])
        else:
            columns = read(rule["columns"])
            values = {name: _flat(columns.column(name)) for name in rule["columns"]}
            unique = rule["check"] == "unique"
            mask = (
                repeats(rule, values) if unique else offenders(rule, values[rule["columns"][0]], rule["path"])
            )
            found = pc.sum(mask).as_py() or 0
            if rule["percent"]:
                found = 100.0 * found / rows if rows else 0.0
        if not all(_holds(operator, found, limit) for operator, limit in rule["compare"]):
            if rule["warning"]:
                warned[rule["name"]] = 1
            else:
                broken.append(f"{rule['name']} (found {f'{found:g}%' if rule['percent'] else found})")
    if broken:
        raise Refused(f"breaks {'; '.join(broken)}; mend the delivery, or the contract if it asks too much")
    return warned


def _holds(operator: str, found: Any, limit: Any) -> bool:
    """Whether a comparison holds; what is not comparable (no value, text with number) does not."""
    try:
        if isinstance(limit, str) or isinstance(found, str):
            found, limit = str(found), str(limit)
        return bool(COMPARE[operator](found, limit))
    except TypeError:
        return False


def _breaks(rule: dict[str, Any], values: Any) -> Any:
    """Mask of plain values that break a rule; null where there is no value to judge."""
    check, wanted, kind = rule["check"], rule["value"], values.type
    if check == "missing":
        return pc.or_(values.is_null(), _in(values, wanted)) if wanted else values.is_null()
    if check == "invalid":
        mask = pc.invert(_in(values, wanted["values"])) if "values" in wanted else values.is_null()
        if "pattern" in wanted:
            matches = pc.match_substring_regex(values.cast(pa.string()), wanted["pattern"])
            mask = pc.or_(mask, pc.invert(matches))
        return pc.and_(mask, values.is_valid())
    if check in _RANGE:
        return _RANGE[check](*_comparable(values, wanted))
    if check in ("min_length", "max_length"):
        length = pc.utf8_length(values)
        return pc.less(length, wanted) if check == "min_length" else pc.greater(length, wanted)
    if check in ("min_items", "max_items"):
        length = pc.list_value_length(values)
        return pc.less(length, wanted) if check == "min_items" else pc.greater(length, wanted)
    if check == "unique_items":
        items = pa.table({"owner": pc.list_parent_indices(values), "item": pc.list_flatten(values)})
        counts = items.group_by(["owner", "item"]).aggregate([([], "count_all")])
        owners = counts.filter(pc.greater(counts["count_all"], 1))["owner"].combine_chunks()
        return pc.is_in(_positions(len(values)), value_set=owners.cast(pa.int64()))
    if check == "multiple":
        if pa.types.is_integer(kind) and float(wanted).is_integer():
            whole = values.cast(pa.int64())
            return pc.not_equal(pc.multiply(pc.divide(whole, int(wanted)), int(wanted)), whole)
        ratio = pc.divide(values.cast(pa.float64()), float(wanted))
        apart = pc.abs(pc.subtract(ratio, pc.round(ratio)))
        return pc.greater(apart, pc.multiply(1e-9, pc.max_element_wise(1.0, pc.abs(ratio))))
    raise ValueError(
        f"rule {rule['name']}: unknown check {check}; the job's specification is newer than its script"
    )


def _comparable(values: Any, limit: str) -> tuple[Any, Any]:
    """Values and a limit in a type that holds both, whatever the precision of the column."""
    wide = values.type
    if pa.types.is_integer(wide):
        wide = pa.int64()
        limit = str(max(-(2**63), min(2**63 - 1, int(limit))))
    elif pa.types.is_decimal(wide):
        wide = pa.decimal256(76, 38)
    return values.cast(wide), convert(pa.array([limit], pa.string()), wide)[0]


def _in(values: Any, texts: list[str]) -> Any:
    return pc.is_in(values, value_set=convert(pa.array(texts, pa.string()), values.type))


def _positions(length: int) -> Any:
    return pa.array(range(length), pa.int64())


def _flat(column: Any) -> Any:
    """A column as one array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
