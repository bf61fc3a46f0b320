"""The evaluation as one page that stands alone: no script, no style sheet, no picture from elsewhere.

Owns what the page says. Deliberately not here: the numbers (`evaluate`, `groups`) and the drawing
(`pictures`). Everything that comes from data is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from training.evaluation import pictures

_WORDS = {"auc": "AUC", "pr_auc": "PR-AUC", "ks": "KS", "gini": "Gini", "brier": "Brier"}
_RATES = (
    ("selection_rate", "Selection rate"),
    ("favourable_rate", "Favourable rate"),
    ("tpr", "TPR"),
    ("fpr", "FPR"),
    ("precision", "Precision"),
)
_DIFFERENCES = {
    "demographic_parity_difference": "demographic parity difference",
    "equal_opportunity_difference": "equal opportunity difference",
    "equalised_odds_difference": "equalised odds difference",
    "disparate_impact_ratio": "disparate impact ratio",
}
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1f2937;max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}figure{display:inline-block;margin:0 1rem 1rem 0}
figcaption{font-weight:600}svg{max-width:100%;height:auto}svg text{font-size:11px;fill:#1f2937}
table{border-collapse:collapse;margin:.5rem 0}th,td{padding:.25rem .7rem;text-align:right;
border-bottom:1px solid #e5e7eb}th:first-child,td:first-child{text-align:left}small{color:#6b7280}
code{overflow-wrap:anywhere}"""


def page(report: Mapping[str, Any]) -> str:
    """The page of an evaluation report, as ``evaluation.json`` holds it."""
    title = f"Evaluation of {report['model']}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        _facts(report),
        "<h2>Quality on the test rows</h2>",
        _metrics(report),
        _curves(report),
        "<h2>What decides</h2>",
        _figure(
            "Mean absolute contribution (SHAP, log odds)",
            pictures.bars(
                "Importance",
                [(row["feature"], row["mean_abs_contribution"]) for row in report["importance"][:15]],
            ),
        ),
        _figure(
            "SHAP summary: blue low, orange high, grey category",
            pictures.swarm("SHAP summary", report["shap"]),
        ),
        "<h2>Groups</h2>",
        _groups(report.get("groups")),
        "<h2>Lineage</h2>",
        _lineage(report["lineage"]),
    ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def _facts(report: Mapping[str, Any]) -> str:
    words = report["classes"]
    return (
        f"<p>{report['rows']:,} test rows, {report['base_rate']:.1%} {escape(words['positive'])}; the score is "
        f"the probability of <b>{escape(words['positive'])}</b> against {escape(words['negative'])}.</p>"
    )


def _metrics(report: Mapping[str, Any]) -> str:
    rows = [
        [escape(word), f"{entry['value']:.3f}", f"{entry['low']:.3f} to {entry['high']:.3f}"]
        for name, word in _WORDS.items()
        for entry in (report["metrics"][name],)
    ]
    rows.append(["Calibration error", f"{report['calibration_error']:.3f}", ""])
    found, words = report["confusion"], report["classes"]
    positive, negative = escape(words["positive"]), escape(words["negative"])
    matrix = _table(
        [f"At threshold {found['threshold']:.3f}", f"taken for {positive}", f"taken for {negative}"],
        [
            [f"was {positive}", str(found["true_positive"]), str(found["false_negative"])],
            [f"was {negative}", str(found["false_positive"]), str(found["true_negative"])],
        ],
    )
    return _table(["Measure", "Value", "95 % interval"], rows) + matrix


def _curves(report: Mapping[str, Any]) -> str:
    roc = [(point["fpr"], point["tpr"]) for point in report["roc"]]
    precision = [(point["recall"], point["precision"]) for point in report["pr"]]
    words = report["classes"]
    return "".join(
        [
            _figure(
                "ROC",
                pictures.curve("ROC curve", roc, "false positive rate", "true positive rate", diagonal=True),
            ),
            _figure(
                "Precision and recall",
                pictures.curve("Precision-recall curve", precision, "recall", "precision"),
            ),
            _figure("Calibration", pictures.calibration("Calibration", report["calibration"])),
            _figure(
                f"Scores: blue {words['negative']}, orange {words['positive']}",
                pictures.histogram(
                    "Score distribution", report["distribution"], report["confusion"]["threshold"]
                ),
            ),
        ]
    )


def _groups(groups: Mapping[str, Any] | None) -> str:
    if not groups:
        return "<p>Not measured: no protected attributes were read.</p>"
    parts = []
    if groups["unreadable"]:
        columns = escape(", ".join(groups["unreadable"]))
        parts.append(f"<p>Not measured: the role {escape(groups['role'])} cannot read {columns}.</p>")
    for attribute in groups["attributes"]:
        rows = [_group(row, groups["smallest"]) for row in attribute["groups"]]
        heads = ["Group", "Rows", *(word for _, word in _RATES), "Mean score", "Observed"]
        told = "; ".join(
            f"{word} {attribute['differences'][name]:.3f}"
            for name, word in _DIFFERENCES.items()
            if attribute["differences"][name] is not None
        )
        parts += [
            f"<h3>{escape(attribute['name'])}</h3>",
            _table(heads, rows),
            f"<p>{escape(told) or 'Fewer than two groups are large enough to compare.'}</p>",
        ]
    if groups["attributes"]:
        parts.append(
            f"<p><small>Read as {escape(groups['role'])}, decided at {groups['threshold']:.3f}; favourable is being "
            f"taken for {escape(groups['favourable'])}. Intervals are 95 % (Wilson).</small></p>"
        )
    return "".join(parts)


def _group(row: Mapping[str, Any], smallest: int) -> list[str]:
    first = [escape(row["group"]), str(row["rows"])]
    if row["small"]:
        return [*first, f"<small>fewer than {smallest} rows</small>", *[""] * (len(_RATES) + 1)]
    rates = [_rate(row[name]) for name, _ in _RATES]
    return [*first, *rates, f"{row['mean_score']:.1%}", _rate(row["observed"])]


def _rate(rate: Mapping[str, float] | None) -> str:
    if rate is None:
        return "-"
    return f"{rate['value']:.1%}<br><small>{rate['low']:.1%} to {rate['high']:.1%}</small>"


def _lineage(lineage: Mapping[str, Any]) -> str:
    facts = {
        "Data product": f"{lineage['product']}, table {lineage['table']}",
        "Contract version": lineage["contract_version"],
        "Athena queries": ", ".join(lineage["query_ids"]) or "none",
        "Columns": ", ".join(lineage["columns"]),
    }
    rows = [[escape(name), f"<code>{escape(str(value))}</code>"] for name, value in facts.items()]
    return _table(["What", ""], rows)


def _figure(caption: str, drawing: str) -> str:
    return f"<figure><figcaption>{escape(caption)}</figcaption>{drawing}</figure>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{text}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
