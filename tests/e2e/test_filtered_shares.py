"""Shares that narrow columns and rows: data cells filters, enforced."""

from __future__ import annotations

from typing import Any

import pytest
from story import SOURCE, Mesh, edit

from governance.errors import MeshError
from mesh.demo.data import curate, deliver


def narrow(mesh: Mesh, **share: Any) -> None:
    """Share credit-card with the consumer as `share` says."""
    product = {"contract": "contracts/credit-card.odcs.yaml"}
    shares = [{"consumer": "ml-coe", "clearance": "restricted", **share}]
    edit(mesh.folder, "producer", products={"credit-card": {**product, "shares": shares}})
    subscription: dict[str, Any] = {"lob": "consumer-banking", "clearance": "restricted"}
    if "columns" in share or "rows" in share:
        subscription["filteredTables"] = ["credit_card"]
    if "until" in share:
        subscription["until"] = share["until"]
    edit(mesh.folder, "consumer", subscriptions={"credit-card": subscription})


def test_a_row_filter_and_a_column_list_hold_for_every_role(fresh: Mesh) -> None:
    narrow(
        fresh,
        rows="purpose <> 'business' AND amount < 5000",
        columns=["application_id", "purpose", "amount", "age"],
    )
    fresh.up()
    data = SOURCE / "contracts" / "data" / "credit-card"
    product = fresh.outputs("producer")["products"]["credit-card"]
    deliver(fresh.acting("producer"), product, data)
    curate(fresh.acting("producer"), product, data)

    seen = fresh.ask("data-scientist", "SELECT * FROM credit_card")
    assert set(seen.columns) == {"application_id", "purpose", "amount"}, "listed and cleared"
    assert 0 < len(seen.rows) < 1000, "some rows are filtered away"
    assert all(int(row[seen.columns.index("amount")] or 0) < 5000 for row in seen.rows)
    assert "business" not in {row[seen.columns.index("purpose")] for row in seen.rows}
    counted = fresh.ask("auditor", "SELECT count(*), max(age) FROM credit_card")
    assert counted.rows[0][0] == str(len(seen.rows)), "the same rows at another clearance"
    assert fresh.ask("auditor", "SELECT status FROM credit_card").error, (
        "a column that is not listed stays closed"
    )


def test_lifting_the_filter_leaves_no_filter_and_narrowing_again_no_tag_grant(fresh: Mesh) -> None:
    narrow(fresh, columns=["application_id", "amount"])
    fresh.up()
    lake = fresh.acting("central").client("lakeformation")
    assert lake.list_data_cells_filter()["DataCellsFilters"], "the share is filtered"
    narrow(fresh)
    fresh.up()
    assert lake.list_data_cells_filter()["DataCellsFilters"] == []
    assert len(fresh.ask("auditor", "SELECT * FROM credit_card").columns) == 22
    narrow(fresh, columns=["application_id", "amount"])
    fresh.up()
    assert set(fresh.ask("auditor", "SELECT * FROM credit_card").columns) == {"application_id", "amount"}


def test_an_expired_share_is_gone_after_the_next_up(fresh: Mesh) -> None:
    narrow(fresh, until="2999-12-31")
    fresh.up()
    assert fresh.ask("auditor", "SELECT * FROM credit_card").error is None
    narrow(fresh, until="2020-01-01")
    fresh.up()
    assert fresh.ask("auditor", 'SELECT * FROM "rl_credit-card".credit_card', None).error, (
        "its last day is over"
    )


@pytest.mark.parametrize(
    "rows",
    [
        "1=1; DROP TABLE t",
        "amount > (SELECT max(amount) FROM credit_card)",
        "amount",
        "salary > 3",
        "amount > 1 --",
        "upper(purpose) = 'X'",
    ],
)
def test_a_row_filter_that_is_not_one_predicate_on_contract_columns_is_refused(
    fresh: Mesh, rows: str
) -> None:
    narrow(fresh, rows=rows)
    with pytest.raises(
        MeshError, match=r"Pulumi\.producer\.yaml: mesh:products\.credit-card\.shares\[0\]\.rows"
    ):
        fresh.up()
