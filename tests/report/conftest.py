"""Whole reports to render: the shipped mesh (three accounts, one product) and a large one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.report.facts import (
    CENTRAL,
    COLUMNS,
    CONSUMER,
    PRODUCER,
    ROLES,
    asked,
    curves,
    entry,
    mesh_of,
    product,
    refused,
)


@pytest.fixture
def small() -> dict[str, Any]:
    """The shipped mesh, all keys given."""
    names = (
        "Set up",
        "Cloud",
        "Central",
        "Producer",
        "Curate",
        "Consumer",
        "Access",
        "Explore",
        "Preprocess",
    )
    times = (0.04, 1.2, 2.9, 3.4, 1.6, 3.1, 0.4, 0.7, 0.9, 2.6, 1.3, 0.8)
    phases = [
        {"name": name, "seconds": time}
        for name, time in zip((*names, "Train", "Evaluate", "Register"), times, strict=True)
    ]
    unseen = [name for name, level in COLUMNS.items() if level == "restricted"]
    features = [name for name in COLUMNS if name not in (*unseen, "credit_risk", "customer_key")]
    query_id = asked()["queries"][1]["query_id"]
    group = f"arn:aws:sagemaker:eu-west-1:{CONSUMER}:model-package/mesh-credit-risk"
    return {
        "phases": phases,
        "resources": {"central": 38, "producer": 47, "consumer": 52},
        "rows": {"curated": 991, "quarantined": 9},
        **asked(),
        "model": {
            "auc": 0.7934,
            "auc_ci": [0.726, 0.853],
            "pr_auc": 0.8861,
            "pr_auc_ci": [0.832, 0.929],
            "ks": 0.4752,
            "ks_ci": [0.381, 0.588],
            "package_arn": f"{group}/1",
            "contract_version": "1.0.0",
            "features": features,
            "unseen": unseen,
            "training_rows": 793,
            "query_id": query_id,
        },
        "access": [
            *(entry("credit-card", "credit_card", role, clearance) for role, clearance in ROLES.items()),
            refused("credit-card", "credit_card"),
        ],
        "mesh": {
            "accounts": [
                {"role": "central", "name": "central", "account_id": CENTRAL, "stack": "central"},
                {"role": "producer", "name": "consumer-banking", "account_id": PRODUCER, "stack": "producer"},
                {"role": "consumer", "name": "ml-coe", "account_id": CONSUMER, "stack": "consumer"},
            ],
            "products": [product("credit-card", "consumer-banking", PRODUCER, "credit_card")],
            "shares": [{"product": "credit-card", "consumer": "ml-coe", "clearance": "restricted"}],
            "roles": [
                {"consumer": "ml-coe", "name": role, "clearance": level} for role, level in ROLES.items()
            ],
        },
        "quality": [
            {
                "batch": "2025-11-01",
                "read": 1000,
                "curated": 991,
                "quarantined": 9,
                "completeness": 0.9996,
                "validity": 0.991,
                "rules": [{"rule": "age between 18 and 100", "count": 2}, {"rule": "amount > 0", "count": 6}],
                "status": "published",
            },
            {
                "batch": "2025-12-01",
                "read": 400,
                "curated": 0,
                "quarantined": 0,
                "completeness": None,
                "validity": None,
                "rules": [],
                "status": "refused",
                "message": "column 'laufzeit' of the contract is missing; nothing was published",
            },
        ],
        "curves": curves(),
        "generated": "2025-11-23T18:39:05+00:00",
        "seconds": 20.4,
    }


@pytest.fixture
def large(small: dict[str, Any]) -> dict[str, Any]:
    """Three LoBs, eight products, four consumers."""
    mesh = mesh_of(3, 3, 4)
    gone = mesh["products"].pop()["name"]
    mesh["shares"] = [share for share in mesh["shares"] if share["product"] != gone]
    accounts = {account["name"]: account["account_id"] for account in mesh["accounts"]}
    tables = {item["name"]: item["tables"][0] for item in mesh["products"]}
    access = [
        entry(share["product"], tables[share["product"]], role, clearance, accounts[share["consumer"]])
        for item in mesh["products"]
        for share in mesh["shares"]
        if share["product"] == item["name"]
        for role, clearance in ROLES.items()
    ]
    return {**small, "mesh": mesh, "access": access, "resources": {a["name"]: 40 for a in mesh["accounts"]}}
