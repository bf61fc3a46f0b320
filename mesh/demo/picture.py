"""The demo's result in words and as a picture: the mesh as configured, and a short account of what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from governance.levels import DATA_PRODUCT, DOMAIN, SENSITIVITY
from governance.settings import ConsumerSettings, ProducerSettings, ProductionSettings
from mesh.project import Project


def picture(project: Project) -> dict[str, Any]:
    """Accounts, products, shares and roles of the project, as the report draws them."""
    accounts, products, shares, roles = [], [], [], []
    for stack, item in project.stacks.items():
        name = {"central": "governance"}.get(item.role, "")
        if isinstance(item, ProducerSettings):
            name = item.lob
            for product in item.products:
                contract = product.contract
                levels = Counter(
                    column.classification for table in contract.tables for column in table.columns
                )
                products.append(
                    {
                        "name": product.name,
                        "lob": item.lob,
                        "database": product.name,
                        "tables": [table.name for table in contract.tables],
                        "contract_version": contract.version,
                        "bucket": item.names.product_bucket(product.name, item.place),
                        "owner": contract.owner,
                        "job": item.names.curation_job(product.name),
                        "tags": {DOMAIN: item.lob, DATA_PRODUCT: product.name, SENSITIVITY: item.levels[-1]},
                        "levels": {level: levels[level] for level in item.levels if levels[level]},
                    }
                )
                shares += [
                    {"product": product.name, "consumer": share.consumer, "clearance": share.clearance}
                    for share in product.shares
                ]
        elif isinstance(item, ConsumerSettings):
            name = item.consumer
            roles += [
                {"consumer": item.consumer, "name": role.name, "clearance": role.clearance}
                for role in item.roles
            ]
        elif isinstance(item, ProductionSettings):
            name = item.serving
        accounts.append(
            {"role": item.role, "name": name, "account_id": item.place.account_id, "stack": stack}
        )
    return {"accounts": accounts, "products": products, "shares": shares, "roles": roles}


def account(report: Mapping[str, Any], page: Path, kept: bool) -> str:
    """A short account of the demo for a person at a terminal."""
    resources = ", ".join(f"{stack} {count}" for stack, count in report["resources"].items())
    model, rows = report["model"], report["rows"]
    lines = [
        "",
        f"Resources   {resources}",
        f"Rows        {rows['curated']} curated, {rows['quarantined']} quarantined",
    ]
    for batch in report["quality"]:
        if batch["status"] == "refused":
            lines.append(f"            batch {batch['batch']} refused: {batch['message']}")
    lines += [f"Allowed     {_name(item)} read {len(item['columns'])} columns" for item in report["queries"]]
    for item in report["denials"]:
        lines.append(f"Refused     {_name(item)}: {item['sql']}")
        lines.append(f"            {item['error']}")
    low, high = model["auc_ci"]
    lines += [
        f"Model       AUC {model['auc']:.3f} (95 % between {low:.3f} and {high:.3f}), KS {model['ks']:.3f}, "
        f"contract {model['contract_version']}",
        f"            never saw {', '.join(model['unseen'])}",
        f"            {model['package_arn']}",
        *_served(report.get("production")),
        f"Report      {page} ({report['seconds']:.1f} s in all)",
    ]
    if kept:
        if report.get("production"):
            lines.append(
                "The endpoint is gone again, as the stack files do not name it; 'mesh promote' writes them, 'mesh up' makes it"
            )
        lines.append('The cloud goes on; try: mesh query --as auditor "SELECT age FROM credit_card LIMIT 3"')
    return "\n".join(lines)


def _served(found: Mapping[str, Any] | None) -> list[str]:
    """What became of the model: who may not approve it, who did, and what its endpoint said of one application."""
    if not found:
        return []
    reasons = ", ".join(
        f"{'+' if item['effect'] == 'raises' else '-'}{item['feature']} ({item['value']})"
        for item in found["reasons"]
    )
    return [
        f"Refused     {_name(found['refused'])}: to approve version {found['version']}, which it trained",
        f"Approved    {_name({'principal': found['approved_by']})}: version {found['version']}, {found['reason']}",
        f"Served      {found['endpoint']}: application {found['application']} scores {found['score']:.3f}, "
        f"{found['decision']}",
        f"            because of {reasons}",
    ]


def _name(item: Mapping[str, Any]) -> str:
    return str(item["principal"]).rsplit("/", 1)[-1]
