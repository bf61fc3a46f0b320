"""Facts of runs to report: columns, access, queries, curves, and meshes of any size."""

from __future__ import annotations

import math
from typing import Any

LEVELS = ("public", "internal", "confidential", "restricted")
COLUMNS = {
    "customer_key": "internal",
    "status": "confidential",
    "duration": "internal",
    "credit_history": "confidential",
    "purpose": "internal",
    "amount": "confidential",
    "savings": "confidential",
    "employment_duration": "confidential",
    "installment_rate": "internal",
    "personal_status_sex": "restricted",
    "other_debtors": "confidential",
    "present_residence": "internal",
    "property": "internal",
    "age": "restricted",
    "other_installment_plans": "internal",
    "housing": "internal",
    "number_credits": "internal",
    "job": "internal",
    "people_liable": "internal",
    "telephone": "public",
    "foreign_worker": "restricted",
    "credit_risk": "confidential",
}
ROLES = {"data-scientist": "confidential", "pipeline": "confidential", "auditor": "restricted"}
CENTRAL, PRODUCER, CONSUMER = "111122223333", "222233334444", "333344445555"


def role_arn(role: str, account: str = CONSUMER) -> str:
    return f"arn:aws:iam::{account}:role/mesh-{role}"


def entry(product: str, table: str, role: str, clearance: str, account: str = CONSUMER) -> dict[str, Any]:
    cleared = LEVELS[: LEVELS.index(clearance) + 1]
    levels = ", ".join(cleared)
    return {
        "principal": role_arn(role, account),
        "role": role,
        "clearance": clearance,
        "product": product,
        "table": table,
        "columns": [{"name": n, "level": v, "readable": v in cleared} for n, v in COLUMNS.items()],
        "chain": [
            f"account {CENTRAL} grants SELECT where data-product={product}, sensitivity in ({levels}) "
            f"to account {account}, with grant option",
            f"account {account} re-grants SELECT on the same expression to mesh-{role}",
            f"account {account} grants DESCRIBE on the resource link rl_{product} to mesh-{role}",
        ],
        "missing": None,
    }


def refused(product: str, table: str, account: str = CONSUMER) -> dict[str, Any]:
    return {
        **entry(product, table, "data-scientist", "public", account),
        "principal": role_arn("visitor", account),
        "role": "visitor",
        "clearance": "",
        "columns": [{"name": n, "level": v, "readable": False} for n, v in COLUMNS.items()],
        "chain": [],
        "missing": "no grant to mesh-visitor: nothing on data-product="
        + product
        + " names it or its account's admins",
    }


def curves() -> dict[str, Any]:
    steps = [n / 60 for n in range(61)]
    roc = [[x, min(1.0, x**0.25 + 0.004 * math.sin(40 * x) * (1 - x))] for x in steps]
    pr = [[x, 1 - 0.3 * x**1.8 - 0.02 * (1 + math.sin(30 * x)) * (1 - x)] for x in steps]
    bins = [
        (0.14, 0.17, 6),
        (0.27, 0.22, 9),
        (0.36, 0.42, 12),
        (0.45, 0.44, 18),
        (0.55, 0.6, 25),
        (0.65, 0.62, 29),
    ]
    bins += [(0.75, 0.79, 38), (0.86, 0.83, 41), (0.94, 0.95, 24)]
    scores = [
        {
            "from": n / 10,
            "to": (n + 1) / 10,
            "negative": round(16 * math.exp(-(((n - 4) / 2.4) ** 2))),
            "positive": round(38 * math.exp(-(((n - 7.5) / 2) ** 2))),
        }
        for n in range(10)
    ]
    calibration = [{"mean_predicted": a, "observed": b, "count": c} for a, b, c in bins]
    return {"roc": roc, "pr": pr, "calibration": calibration, "scores": scores}


def product(name: str, lob: str, account: str, table: str) -> dict[str, Any]:
    return {
        "name": name,
        "lob": lob,
        "database": name,
        "tables": [table],
        "contract_version": "1.0.0",
        "bucket": f"mesh-{name}-{account}-eu-west-1",
        "job": f"mesh-curate-{name}",
        "owner": f"{lob}-data",
        "levels": {"internal": 11, "public": 1, "restricted": 3, "confidential": 7},
        "tags": {"domain": lob, "data-product": name, "sensitivity": "restricted"},
    }


def asked() -> dict[str, Any]:
    ids = [f"{n}c0b9a7e-51d2-4f3a-9d8e-0a6b7c8d9e0{n}" for n in range(1, 6)]
    table = 'AwsDataCatalog."rl_credit-card"."credit_card"'
    open_ = [name for name, level in COLUMNS.items() if level != "restricted"]
    queries = [
        {
            "principal": role_arn("data-scientist"),
            "sql": f"SELECT *\nFROM {table}\nLIMIT 10",
            "query_id": ids[0],
        },
        {"principal": role_arn("pipeline"), "sql": f"SELECT * FROM {table}", "query_id": ids[1]},
        {
            "principal": role_arn("auditor"),
            "sql": f"SELECT personal_status_sex, avg(credit_risk) AS good, count(*) AS n\nFROM {table}\n"
            "WHERE age < 30 AND amount > 1000\nGROUP BY personal_status_sex\nORDER BY good",
            "query_id": ids[2],
        },
    ]
    for query, columns, rows in zip(
        queries, (open_, open_, ["personal_status_sex", "good", "n"]), (10, 991, 4), strict=True
    ):
        query |= {"columns": columns, "rows": rows}
    denials = [
        {
            "principal": role_arn("data-scientist"),
            "sql": f"SELECT age, foreign_worker FROM {table}",
            "query_id": ids[3],
            "error": "COLUMN_NOT_FOUND: line 1:8: Column 'age' cannot be resolved or requester is not "
            "authorized to access requested resources",
        },
        {
            "principal": role_arn("visitor"),
            "sql": f"SELECT count(*) FROM {table}",
            "query_id": ids[4],
            "error": "Insufficient permissions to execute the query. Insufficient Lake Formation "
            "permission(s): Required Describe on rl_credit-card",
        },
    ]
    audit = [
        {
            "event": "GetDataAccess" if n < 4 else "StartQueryExecution",
            "principal": role_arn(item["principal"].rpartition("mesh-")[2]),
            "table": "credit-card.credit_card",
            "query_id": item["query_id"],
            "account": CENTRAL,
            "time": f"2025-11-23T18:39:0{n}Z",
        }
        for n, item in enumerate((*queries, *denials))
    ]
    audit.append(
        {**audit[0], "query_id": "9f0e1d2c-crawler", "principal": role_arn("crawler-credit-card", PRODUCER)}
    )
    return {"queries": queries, "denials": denials, "audit": audit}


def mesh_of(producers: int, per_producer: int, consumers: int, roles: int = 3) -> dict[str, Any]:
    """A mesh block with every product shared to every consumer, at clearances that differ."""
    lobs = ("consumer-banking", "mortgages-and-home-loans", "payments", "wealth", "insurance", "markets")[
        :producers
    ]
    kinds = (
        "accounts",
        "applications-history",
        "cards",
        "disputes",
        "limits",
        "merchants",
        "rates",
        "tickets",
    )
    products = [
        product(
            f"{lob.split('-')[0]}-{kinds[n]}",
            lob,
            f"2222{at:08d}",
            f"{lob.split('-')[0]}_{kinds[n]}".replace("-", "_"),
        )
        for at, lob in enumerate(lobs)
        for n in range(per_producer)
    ]
    names = ("ml-coe", "fraud-analytics", "regulatory-reporting", "marketing")[:consumers]
    accounts = [{"role": "central", "name": "central", "account_id": CENTRAL, "stack": "central"}]
    accounts += [
        {"role": "producer", "name": lob, "account_id": f"2222{at:08d}", "stack": f"producer-{lob}"}
        for at, lob in enumerate(lobs)
    ]
    accounts += [
        {"role": "consumer", "name": name, "account_id": f"3333{at:08d}", "stack": name}
        for at, name in enumerate(names)
    ]
    shares = [
        {"product": item["name"], "consumer": name, "clearance": LEVELS[1:][(n + at) % 3]}
        for at, name in enumerate(names)
        for n, item in enumerate(products)
        if (n + at) % 3 or per_producer < 2
    ]
    held = [
        {"consumer": name, "name": role, "clearance": clearance}
        for name in names
        for role, clearance in list(ROLES.items())[:roles]
    ]
    return {"accounts": accounts, "products": products, "shares": shares, "roles": held}
