"""Which batches may be published."""

from __future__ import annotations

import pyarrow as pa
import pytest

from functions.curation_checks import Refused, check_batch
from tests.curation.specs import prop, table

BATCH_RULES = [
    ({"metric": "nullValues", "mustBeLessThan": 2}, "x: missing values must be less than 2 (found 2)"),
    (
        {"metric": "nullValues", "mustBeLessThan": 50, "unit": "percent"},
        "x: missing values must be less than 50% (found 50%)",
    ),
    ({"metric": "nullValues", "mustBeLessOrEqualTo": 2}, None),
    ({"metric": "nullValues", "mustBeBetween": [1, 2]}, None),
    (
        {"metric": "nullValues", "mustNotBeBetween": [1, 2]},
        "x: missing values must not be between 1 and 2 (found 2)",
    ),
    ({"metric": "nullValues", "mustNotBe": 3}, None),
    ({"metric": "nullValues", "mustBeGreaterThan": 2}, "x: missing values must be greater than 2 (found 2)"),
    (
        {"metric": "missingValues", "mustBe": 3, "arguments": {"missingValues": ["a"]}},
        "x: missing values must be 3 (found 4)",
    ),
    (
        {"metric": "invalidValues", "mustBe": 2, "arguments": {"pattern": "^a"}},
        "x: invalid values must be 2 (found 0)",
    ),
    (
        {"metric": "duplicateValues", "mustBeLessThan": 2},
        "x: rows with a repeated value must be less than 2 (found 2)",
    ),
    (
        {"metric": "rowCount", "mustBeGreaterOrEqualTo": 5},
        "orders: number of rows must be at least 5 (found 4)",
    ),
    ({"metric": "rowCount", "mustBe": 4}, None),
    (
        {"type": "sql", "name": "share", "query": "SELECT 1", "mustBeLessThan": 1},
        "orders: share must be less than 1 (found 1)",
    ),
    ({"type": "sql", "name": "text", "query": "SELECT 1", "mustBe": "1"}, None),
]


@pytest.mark.parametrize(("rule", "message"), BATCH_RULES)
def test_each_rule_on_the_batch_counts_what_would_be_published(rule, message):
    spec = table(prop("x", quality=[rule]))
    rows = pa.table({"x": ["a", None, "a", None]})

    def refused():
        return check_batch(spec, 4, rows.select, lambda sql: 1)

    if message is None:
        assert refused() == {}
    else:
        with pytest.raises(Refused) as caught:
            refused()
        assert (
            str(caught.value) == f"breaks {message}; mend the delivery, or the contract if it asks too much"
        )


def test_all_broken_rules_of_a_batch_are_named_at_once():
    quality = [
        {"metric": "rowCount", "mustBe": 5},
        {"type": "sql", "query": "SELECT 1", "mustBeGreaterThan": 1},
    ]
    with pytest.raises(
        Refused, match=r"number of rows must be 5 \(found 4\); orders: SELECT 1 must be greater than 1"
    ):
        check_batch(table(prop("x"), quality=quality), 4, lambda names: None, lambda sql: 1)


def test_a_query_without_a_value_proves_nothing():
    spec = table(
        prop("x"), quality=[{"type": "sql", "query": "SELECT max(x) FROM ${object}", "mustBeLessThan": 5}]
    )
    with pytest.raises(Refused, match=r"\(found None\)"):
        check_batch(spec, 0, lambda names: None, lambda sql: None)


def test_a_warning_on_the_batch_refuses_nothing():
    spec = table(prop("x"), quality=[{"metric": "rowCount", "mustBe": 5, "severity": "info"}])
    assert check_batch(spec, 4, lambda names: None, lambda sql: None) == {
        "orders: number of rows must be 5": 1
    }
