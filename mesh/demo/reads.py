"""The demo's reads: every role asks for everything, some ask for more than they may, and the audit trail is read back.

What is allowed is what the embedded cloud answers, not what the demo expects.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from governance.contracts import Table
from governance.levels import cleared_levels
from governance.settings import ConsumerSettings, ProducerSettings, Product
from mesh.aws import Acting
from mesh.project import Project
from mesh.query import Answer, run

VISITOR = "mesh-visitor"
"""A role of the consumer's account that nobody granted anything."""


def read_all(
    endpoint: str, project: Project, consumer_stack: str, exports: Mapping[str, Any]
) -> dict[str, Any]:
    """Ask as every role; the report's parts `queries`, `denials` and `access`."""
    settings = project.stacks[consumer_stack]
    assert isinstance(settings, ConsumerSettings)
    queries: list[dict[str, Any]] = []
    denials: list[dict[str, Any]] = []
    access: list[dict[str, Any]] = []
    for product, table in _tables(project, settings):
        link = exports["resourceLinks"][product.name]
        everything = f'SELECT * FROM "{link}"."{table.name}" LIMIT 5'
        for role in settings.roles:
            answer = _ask(endpoint, exports, exports["roles"][role.name], role.name, everything)
            _note(answer, queries, denials)
            access.append(_row(settings, product, table, role.name, role.clearance, answer))
            seen = set(answer.columns)
            hidden = [column.name for column in table.columns if column.name not in seen]
            if seen and hidden:
                forbidden = f'SELECT {hidden[0]}, count(*) FROM "{link}"."{table.name}" GROUP BY 1'
                _note(
                    _ask(endpoint, exports, exports["roles"][role.name], role.name, forbidden),
                    queries,
                    denials,
                )
        visitor = _ask(
            endpoint, exports, settings.place.role_arn(VISITOR), settings.roles[0].name, everything
        )
        _note(visitor, queries, denials)
        access.append(_row(settings, product, table, VISITOR, None, visitor))
    return {"queries": queries, "denials": denials, "access": access}


def _row(
    settings: ConsumerSettings,
    product: Product,
    table: Table,
    role: str,
    clearance: str | None,
    answer: Answer,
) -> dict[str, Any]:
    """One principal's line of the access matrix, as observed."""
    return {
        "principal": answer.principal,
        "role": role,
        "clearance": clearance,
        "product": product.name,
        "table": table.name,
        "columns": [
            {"name": column.name, "level": column.classification, "readable": column.name in answer.columns}
            for column in table.columns
        ],
        "chain": _chain(settings, product, clearance) if clearance and not answer.error else [],
        "missing": answer.error,
    }


def _tables(project: Project, settings: ConsumerSettings) -> list[tuple[Product, Table]]:
    wanted = {item.product: item.stack for item in settings.subscriptions}
    found = []
    for name, producer in project.stacks.items():
        if isinstance(producer, ProducerSettings):
            found += [
                (product, table)
                for product in producer.products
                if wanted.get(product.name) == name
                for table in product.contract.tables
            ]
    return found


def _ask(endpoint: str, exports: Mapping[str, Any], role_arn: str, workgroup_of: str, sql: str) -> Answer:
    acting = Acting(endpoint, role_arn, exports["region"], "demo")
    return run(acting, sql, workgroup=exports["workgroups"][workgroup_of])


def _note(answer: Answer, queries: list[dict[str, Any]], denials: list[dict[str, Any]]) -> None:
    entry = {"principal": answer.principal, "sql": answer.sql, "query_id": answer.query_id}
    if answer.error:
        denials.append({**entry, "error": answer.error})
    else:
        queries.append({**entry, "columns": list(answer.columns), "rows": len(answer.rows)})


def _chain(settings: ConsumerSettings, product: Product, clearance: str) -> list[str]:
    """The configured grants behind a read, in the order they were made."""
    share = next(item for item in settings.subscriptions if item.product == product.name)
    levels = ", ".join(
        cleared_levels(min(clearance, share.clearance, key=settings.levels.index), settings.levels)
    )
    return [
        f"{share.lob}'s steward shares data-product={product.name} up to {share.clearance} "
        f"with account {settings.place.account_id}",
        f"{settings.consumer}'s administrator passes on sensitivity in ({levels}) to the role",
        f"the role may describe the resource link rl_{product.name}",
    ]


def audit(
    endpoint: str, exports: Mapping[str, Any], role_arn: str, queries: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """CloudTrail's GetDataAccess records in the consumer's account, joined to the queries by their ids."""
    trail = Acting(endpoint, role_arn, exports["region"], "audit").client("cloudtrail")
    known = {query["query_id"] for query in queries if query["query_id"]}
    found = []
    lookup = [{"AttributeKey": "EventName", "AttributeValue": "GetDataAccess"}]
    for page in trail.get_paginator("lookup_events").paginate(LookupAttributes=lookup):
        for event in page["Events"]:
            record = json.loads(event["CloudTrailEvent"])
            query_id = next((item for item in known if item in event["CloudTrailEvent"]), None)
            if query_id:
                found.append(
                    {
                        "event": record["eventName"],
                        "principal": record["userIdentity"].get("arn", ""),
                        "table": record["requestParameters"].get("tableArn", ""),
                        "query_id": query_id,
                        "account": record["recipientAccountId"],
                        "time": record["eventTime"],
                    }
                )
    return found
