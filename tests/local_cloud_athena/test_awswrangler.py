"""awswrangler, unchanged, against the cloud."""

from __future__ import annotations

import datetime
from decimal import Decimal

import awswrangler as wr
import pandas as pd
import pytest
from lake_case import CONSUMER, RESULTS, ROWS, Lake

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")


@pytest.fixture(autouse=True)
def _endpoint(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", lake.endpoint)


@pytest.mark.parametrize(
    "more", [{"ctas_approach": False}, {"ctas_approach": False, "unload_approach": True}]
)
def test_a_frame_has_the_rows_and_types_of_the_table(lake: Lake, more: dict[str, bool]) -> None:
    frame = wr.athena.read_sql_query(
        "SELECT * FROM credit_card",
        database="rl_credit-card",
        s3_output=f"s3://{RESULTS}/wrangler/{len(more)}/",
        boto3_session=lake.session(CONSUMER, "scientist"),
        **more,
    )
    assert frame.shape == (ROWS, 7), "all rows, the columns that may be read"
    assert {name: str(kind) for name, kind in frame.dtypes.items() if name in ("id", "amount", "good")} == {
        "id": "Int32",
        "amount": "float64",
        "good": "boolean",
    }, "numbers and booleans, with nulls"
    first = frame.sort_values("id").iloc[0]
    assert pd.isna(first["amount"]), "a null is a null"
    assert first["purpose"] == 'a "b", c', "quotes and commas survive"
    assert (first["day"], first["rate"]) == (datetime.date(2020, 1, 31), Decimal("1.20")), (
        "dates and decimals"
    )
    assert first["seen"] == pd.Timestamp("2020-01-31 01:02:03.004"), "and times"


def test_a_scratch_table_is_made_and_dropped_in_a_database_of_one_s_own(lake: Lake) -> None:
    session = lake.session(CONSUMER, "scientist")
    frame = wr.athena.read_sql_query(
        'SELECT id FROM "rl_credit-card".credit_card WHERE id < 3',
        database="own",
        s3_output=f"s3://{RESULTS}/wrangler/ctas/",
        boto3_session=session,
    )
    assert sorted(frame["id"]) == [0, 1, 2], "by way of CREATE TABLE AS"
    listed = [row[0] for row in lake.rows("SHOW TABLES IN own")]
    assert not [name for name in listed if str(name).startswith("temp_table")], "and nothing is left"


def test_a_refusal_reaches_the_caller(lake: Lake) -> None:
    with pytest.raises(wr.exceptions.QueryFailed, match="COLUMN_NOT_FOUND: line 1:8: Column 'sex'"):
        wr.athena.read_sql_query(
            "SELECT sex FROM credit_card",
            database="rl_credit-card",
            ctas_approach=False,
            s3_output=f"s3://{RESULTS}/wrangler/none/",
            boto3_session=lake.session(CONSUMER, "scientist"),
        )
