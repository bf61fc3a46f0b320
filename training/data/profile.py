"""A profile of a table: per column its type, nulls and what its values look like, and the target's rate.

Pure functions over Arrow tables. Deliberately not here: where the table comes from (`explore`).
"""

from __future__ import annotations

from typing import Any

from governance.errors import MeshError
from governance.text_table import aligned
from training.data.labels import canonical
from training.features import CATEGORY, as_category, as_number, kind_of

_TOP = 5
_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


def profile_column(name: str, column: Any) -> dict[str, Any]:
    """One column's profile: type, kind, nulls, distinct values, and top values or quantiles."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        kind = kind_of(name, column.type)
    except MeshError:
        return {
            "column": name,
            "type": str(column.type),
            "kind": "other",
            "nulls": column.null_count,
            "distinct": None,
        }
    result: dict[str, Any] = {
        "column": name,
        "type": str(column.type),
        "kind": kind,
        "nulls": column.null_count,
        "distinct": int(pc.count_distinct(column).as_py()),
    }
    if kind in (CATEGORY, "boolean"):
        counted = pc.value_counts(as_category(column).cast(pa.string()).drop_null()).to_pylist()
        counted.sort(key=lambda item: (-item["counts"], item["values"]))
        result["top"] = [{"value": item["values"], "rows": item["counts"]} for item in counted[:_TOP]]
    elif column.null_count < len(column):
        source = column if kind == "number" else _sortable(column)
        found = pc.quantile(as_number(source, "number") if kind == "number" else source, q=list(_QUANTILES))
        values = found.to_pylist()
        if kind != "number":
            values = [_date_text(value, kind) for value in values]
        names = ("min", "p25", "median", "p75", "max")
        result["quantiles"] = dict(zip(names, values, strict=True))
    return result


def profile_table(table: Any, target: str, positive: str) -> dict[str, Any]:
    """Profiles of all columns, number of rows, and the positive value's share where there is a target."""
    import pyarrow.compute as pc

    result: dict[str, Any] = {
        "rows": len(table),
        "columns": [profile_column(name, table.column(name)) for name in table.column_names],
        "target": None,
    }
    if target in table.column_names:
        counted = pc.value_counts(table.column(target)).to_pylist()
        rows = {canonical(item["values"]): item["counts"] for item in counted if item["values"] is not None}
        total = sum(rows.values())
        rate = rows.get(canonical(positive), 0) / total if total else None
        result["target"] = {"column": target, "positive": positive, "values": rows, "rate": rate}
    return result


def render(profile: dict[str, Any]) -> str:
    """The profile as an aligned table of text."""
    lines = [("column", "type", "nulls", "distinct", "values")]
    for entry in profile["columns"]:
        distinct = "" if entry["distinct"] is None else f"{entry['distinct']:,}"
        lines.append((entry["column"], entry["type"], f"{entry['nulls']:,}", distinct, _values(entry)))
    text = aligned(lines, right=(2, 3))
    target = profile["target"]
    if target and target["rate"] is not None:
        text.append(f"target {target['column']} = {target['positive']}: {target['rate']:.1%} of the rows")
    return "\n".join(text)


def _values(entry: dict[str, Any]) -> str:
    if "top" in entry:
        return ", ".join(f"{item['value']} ({item['rows']:,})" for item in entry["top"])
    quantiles = entry.get("quantiles")
    if not quantiles:
        return ""
    shown = {name: value if isinstance(value, str) else f"{value:g}" for name, value in quantiles.items()}
    return f"{shown['min']} to {shown['max']}, median {shown['median']}"


def _sortable(column: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
    return column.cast(pa.date32()).cast(pa.int32())


def _date_text(value: float, kind: str) -> str:
    import datetime

    start = datetime.datetime(1970, 1, 1)
    if kind == "date":
        return (start + datetime.timedelta(days=value)).date().isoformat()
    return (start + datetime.timedelta(seconds=value)).isoformat(" ", "seconds")
