"""A second LoB, its product and a second consumer: three commands and `mesh up`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from onboard_case import CONSUMER, LOB
from story import Mesh
from unseen_contract import CONFIDENTIAL, INTERNAL, PUBLIC, RESTRICTED, TABLES, columns, rows, write

from mesh.cli import main
from mesh.query import Answer, run

CLEARED = {
    "pipeline": (PUBLIC, INTERNAL),
    "data-scientist": (PUBLIC, INTERNAL, CONFIDENTIAL),
    "branch-manager": (PUBLIC,),
}
LINK = "rl_loan-ledger"


@pytest.fixture(scope="module")
def onboarded(grown: Mesh, within: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory) -> Mesh:
    """All of it onboarded onto a mesh that is up already, brought up, and one row a table delivered."""
    within(grown.folder)
    contract = write(tmp_path_factory.mktemp("elsewhere") / "from-the-lob.yaml")
    for words in (
        LOB,
        (*CONSUMER, "--role", "pipeline=internal", "--role", "branch-manager=public"),
        ("onboard", "product", "--contract", str(contract), "--share", "risk-lab=confidential"),
    ):
        assert main(list(words)) == 0, f"mesh {' '.join(words)}"
    grown.results = grown.up()  # type: ignore[attr-defined]
    product = grown.outputs("retail-lending")["products"]["loan-ledger"]
    operator = grown.acting("retail-lending")
    for table in TABLES:
        operator.client("s3").put_object(
            Bucket=product["bucket"], Key=f"raw/{table}/day-1.jsonl", Body=rows(table)
        )
    assert curated(operator.client("glue"), product["curationJob"]) == "SUCCEEDED"
    return grown


def curated(glue: Any, job: str) -> str:
    run_id = glue.start_job_run(JobName=job)["JobRunId"]
    state = "STARTING"
    while state in ("STARTING", "RUNNING", "WAITING"):
        answer = glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
        state = answer["JobRunState"]
    assert "ErrorMessage" not in answer, answer["ErrorMessage"]
    return str(state)


def ask(mesh: Mesh, role: str, sql: str) -> Answer:
    workgroup = mesh.outputs("risk-lab")["workgroups"][role]
    return run(mesh.acting("risk-lab", f"mesh-{role}"), sql, workgroup=workgroup, database=LINK)


def test_what_was_up_before_is_hardly_touched(onboarded: Mesh) -> None:
    results = onboarded.results  # type: ignore[attr-defined]
    assert set(results) == {"central", "producer", "retail-lending", "consumer", "risk-lab"}
    assert results["consumer"].changed == 0, "the first consumer has nothing to do with it"
    assert results["producer"].changed == 0, "nor has the first LoB"
    assert results["central"].deleted == results["central"].replaced == 0
    assert onboarded.up()["risk-lab"].changed == 0, "a second up changes nothing"


@pytest.mark.parametrize("table", [name for name in TABLES if name != "closed_cases"])
@pytest.mark.parametrize("role", CLEARED)
def test_a_role_of_the_new_consumer_reads_the_columns_of_its_clearance(
    onboarded: Mesh, role: str, table: str
) -> None:
    expected = columns(table, *CLEARED[role])
    answer = ask(onboarded, role, f"SELECT * FROM {table}")
    if not expected:
        assert answer.error, "nothing of this table is open to the role"
        return
    assert answer.error is None, "the new consumer reads through its own link"
    assert list(answer.columns) == expected, "in the contract's order, no more and no fewer"
    assert len(answer.rows) == 1


def test_a_table_of_restricted_columns_is_closed_to_all_of_them(onboarded: Mesh) -> None:
    for role in ("auditor", *CLEARED):
        assert ask(onboarded, role, "SELECT case_id FROM closed_cases").error, f"{role} is not cleared"


def test_values_of_every_type_arrive(onboarded: Mesh) -> None:
    sql = """SELECT principal, n_u64, secured, opened, address.geo, instalments[1].amount, tags[2],
             limits['daily'], embedding[2], history[1].days, branch_closes, to_hex(blob) FROM loans"""
    answer = ask(onboarded, "data-scientist", sql)
    assert answer.error is None
    assert answer.rows[0][:4] == ("125000.50", "18446744073709551615", "true", "2026-03-01")
    assert answer.rows[0][4:11] == (
        "{lat=55.97, lon=-3.17}",
        "650.10",
        "first",
        "500",
        "0.25",
        "9",
        "17:30:00",
    )


def test_a_restricted_field_within_a_column_closes_the_column(onboarded: Mesh) -> None:
    answer = ask(onboarded, "data-scientist", "SELECT guarantor.relation FROM loans")
    assert answer.error is not None
    assert "COLUMN_NOT_FOUND" in answer.error or "permission" in answer.error.lower()
    assert RESTRICTED not in CLEARED["data-scientist"]


def test_the_first_consumer_gains_nothing(onboarded: Mesh) -> None:
    answer = onboarded.ask("auditor", 'SELECT * FROM "loan-ledger".loans')
    assert answer.error is not None, "nobody shared the product with it"
