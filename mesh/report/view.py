"""A report's facts arranged as the page shows them.

Owns grouping, ordering and matching: who was answered, which audit record belongs to which query, lineage.
Deliberately not here: the access matrix (access), drawings, and markup (templates).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesh.report.charts import draw, interval
from mesh.report.format import Levels, decimal, known, percent, plural, seconds, short, slug, whole

METRICS = (("AUC", "auc"), ("PR-AUC", "pr_auc"), ("KS", "ks"))


def headline(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Figures on top of the page: label, the number, and a line or two below it."""
    resources, rows, model = (report.get(key) or {} for key in ("resources", "rows", "model"))
    queries, denials = report.get("queries") or (), report.get("denials") or ()
    tiles: list[dict[str, Any]] = []
    if resources:
        each = [f"{name} {whole(count)}" for name, count in resources.items()]
        notes = each if len(each) <= 3 else [", ".join(each)]
        tiles.append({"label": "Resources", "value": whole(sum(resources.values())), "notes": notes})
    if rows:
        kept, out = rows.get("curated") or 0, rows.get("quarantined") or 0
        notes = [f"{whole(out)} quarantined", f"{percent(kept / (kept + out))} kept" if kept + out else ""]
        tiles.append({"label": "Rows curated", "value": whole(kept), "notes": notes})
    if queries or denials:
        notes = ["answered", f"{whole(len(denials))} refused"]
        value = f"{len(queries)} of {len(queries) + len(denials)}"
        tiles.append({"label": "Queries", "value": value, "notes": notes})
    if model:
        notes = [f"KS {decimal(model.get('ks'))}", short(model.get("package_arn") or "no package")]
        tiles.append({"label": "Model AUC", "value": decimal(model.get("auc")), "notes": notes})
    if known(total(report)):
        phases = report.get("phases") or ()
        slowest = max(phases, key=lambda phase: phase["seconds"], default=None)
        notes = [f"{plural(len(phases), 'phase')}", f"longest: {slowest['name']}" if slowest else ""]
        tiles.append({"label": "Total time", "value": seconds(total(report)), "notes": notes})
    return tiles


def total(report: Mapping[str, Any]) -> Any:
    """Seconds of the whole run; the sum of the phases if the report does not say."""
    if known(report.get("seconds")):
        return report["seconds"]
    phases = report.get("phases") or ()
    return sum(phase["seconds"] for phase in phases) if phases else None


def phases(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Phases one after another: where each starts and how long it is, in percent of the run."""
    found = report.get("phases") or ()
    whole_time = max(total(report) or 0, sum(phase["seconds"] for phase in found)) or 1
    rows, start = [], 0.0
    for phase in found:
        share = phase["seconds"] / whole_time * 100
        rows.append(
            {**phase, "left": f"{start:.2f}", "width": f"{share:.2f}", "shown": seconds(phase["seconds"])}
        )
        start += share
    return rows


def asked(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Queries and denials in one list, each with the audit records of its query id."""
    audit = report.get("audit")
    by_id: dict[str, list[Mapping[str, Any]]] = {}
    for record in audit or ():
        by_id.setdefault(str(record.get("query_id")), []).append(record)
    found: list[dict[str, Any]] = []
    for kind in ("queries", "denials"):
        for item in report.get(kind) or ():
            identity = item.get("query_id")
            records = by_id.get(str(identity), []) if identity else []
            refused = kind == "denials"
            found.append(
                {
                    **item,
                    "refused": refused,
                    "outcome": _outcome(item, refused),
                    "records": records,
                    "audited": audit is not None,
                    "anchor": f"q-{len(found) + 1}",
                }
            )
    return found


def _outcome(item: Mapping[str, Any], refused: bool) -> str:
    if refused:
        return " ".join(str(item.get("error", "")).split())
    columns = plural(len(item.get("columns") or ()), "column")
    return f"{columns}, {plural(item['rows'], 'row')}" if known(item.get("rows")) else columns


def other_records(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Audit records of queries the report does not show."""
    shown = {str(item.get("query_id")) for kind in ("queries", "denials") for item in report.get(kind) or ()}
    return [record for record in report.get("audit") or () if str(record.get("query_id")) not in shown]


def batches(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Quality per batch; rules worst first, with the share of their bar."""
    found: list[dict[str, Any]] = []
    for batch in report.get("quality") or ():
        rules = sorted(batch.get("rules") or (), key=lambda rule: -rule["count"])
        most = max((rule["count"] for rule in rules), default=0) or 1
        status = str(batch.get("status") or "")
        found.append(
            {
                **batch,
                "rules": [{**rule, "width": f"{rule['count'] / most * 100:.1f}"} for rule in rules],
                "status": status,
                "bad": status.lower() in {"failed", "refused", "rejected", "error", "broken"},
            }
        )
    return found


def model(report: Mapping[str, Any], levels: Levels) -> dict[str, Any]:
    """The model's metrics, charts, columns and lineage."""
    found = report.get("model") or {}
    metrics = []
    for name, key in METRICS:
        if known(found.get(key)):
            bounds = found.get(f"{key}_ci")
            between = f"{decimal(bounds[0])} to {decimal(bounds[1])}" if bounds and len(bounds) == 2 else ""
            drawn = interval(found[key], bounds, name)
            metrics.append({"name": name, "value": decimal(found[key]), "between": between, "drawn": drawn})
    return {
        **found,
        "metrics": metrics,
        "charts": draw(report.get("curves") or {}, found),
        "used": _with_level(found.get("features") or (), report),
        "never": _with_level(found.get("unseen") or (), report),
        "lineage": _lineage(found, report),
    }


def _with_level(names: Sequence[Any], report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Column names with the level the access block knows them at, empty where it does not."""
    known_levels = {
        str(column["name"]): str(column["level"])
        for entry in report.get("access") or ()
        for column in entry.get("columns") or ()
    }
    return [(str(name), known_levels.get(str(name), "")) for name in names]


def _lineage(found: Mapping[str, Any], report: Mapping[str, Any]) -> list[dict[str, str]]:
    """From the data product to the model package; only the steps the report knows."""
    steps: list[dict[str, str]] = []
    product = found.get("product") or _only_product(report)
    version = found.get("contract_version")
    if product or version:
        note = f"contract {version}" if version else ""
        steps.append({"what": "Data product", "name": str(product or "unnamed"), "note": note})
    if found.get("query_id"):
        who = _asker(str(found["query_id"]).split(", "), report)
        note = f"as {short(who)}" if who else ""
        steps.append({"what": "Query", "name": str(found["query_id"]), "note": note})
    if known(found.get("training_rows")):
        features = found.get("features")
        note = plural(len(features), "feature") if features else ""
        steps.append({"what": "Training rows", "name": whole(found["training_rows"]), "note": note})
    if found.get("package_arn"):
        arn = str(found["package_arn"])
        steps.append({"what": "Model package", "name": short(arn), "note": arn})
    return steps


def _asker(identities: Sequence[str], report: Mapping[str, Any]) -> str:
    """Who made a query, as far as the queries or the audit records tell."""
    for item in (*(report.get("queries") or ()), *(report.get("audit") or ())):
        if item.get("query_id") in identities and item.get("principal"):
            return str(item["principal"])
    return ""


def _only_product(report: Mapping[str, Any]) -> str:
    names = {str(product["name"]) for product in (report.get("mesh") or {}).get("products") or ()}
    return names.pop() if len(names) == 1 else ""


def shared_with(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Products with their shares: the drawing of the mesh as table rows."""
    mesh = report.get("mesh") or {}
    return [
        {
            **product,
            "shares": [share for share in mesh.get("shares") or () if share["product"] == product["name"]],
        }
        for product in mesh.get("products") or ()
    ]


def anchor(*parts: Any) -> str:
    """An element id made of names."""
    return slug(*parts)
