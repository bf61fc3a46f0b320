"""Every form of quality rule in the standard, as the curation job gets it."""

from __future__ import annotations

import pytest

from governance.contracts import Rule
from tests.contracts.texts import column, read


def rules(prop=None, quality=None) -> tuple[Rule, ...]:
    """Rules of a contract with one column `x`."""
    return read([prop or column()], {"quality": quality or []}).tables[0].all_rules


def only(prop=None, quality=None) -> Rule:
    found = rules(prop, quality)
    assert len(found) == 1, [rule.name for rule in found]
    return found[0]


def metric(name, **more):
    return column(quality=[{"metric": name, **more}])


ROW = [
    ({"mustBe": 0}, True),
    ({"mustBe": 0, "unit": "percent"}, True),
    ({"mustBeLessOrEqualTo": 0}, True),
    ({"mustBeLessThan": 1}, True),
    ({"mustBeBetween": [0, 0]}, True),
    ({"mustBeLessThan": 1, "unit": "percent"}, False),
    ({"mustBeLessThan": 2}, False),
    ({"mustBe": 3}, False),
    ({"mustBeBetween": [0, 5]}, False),
    ({"mustNotBe": 0}, False),
    ({"mustNotBeBetween": [1, 5]}, False),
    ({"mustBeGreaterThan": 1}, False),
    ({"mustBeGreaterOrEqualTo": 0}, False),
    ({"mustBeLessOrEqualTo": 10, "unit": "percent"}, False),
]


@pytest.mark.parametrize(("limit", "row"), ROW)
def test_a_limit_of_zero_judges_rows_and_any_other_the_batch(limit, row):
    rule = only(metric("nullValues", **limit))
    assert (rule.check, rule.compare == ()) == ("missing", row)
    assert rule.percent == (not row and limit.get("unit") == "percent")


OPERATORS = {
    "mustBe": ("eq", 7, "be 7"),
    "mustNotBe": ("ne", 7, "not be 7"),
    "mustBeGreaterThan": ("gt", 7, "be greater than 7"),
    "mustBeGreaterOrEqualTo": ("ge", 7, "be at least 7"),
    "mustBeLessThan": ("lt", 7, "be less than 7"),
    "mustBeLessOrEqualTo": ("le", 7, "be at most 7"),
    "mustBeBetween": ("between", [7, 9], "be between 7 and 9"),
    "mustNotBeBetween": ("not_between", [7, 9], "not be between 7 and 9"),
}


@pytest.mark.parametrize(("key", "expected"), OPERATORS.items())
def test_each_comparison_reaches_the_job_and_reads_as_a_sentence(key, expected):
    operator, value, words = expected
    rule = only(quality=[{"metric": "rowCount", key: value}])
    assert (rule.check, rule.compare) == ("rows", ((operator, value),))
    assert rule.name == f"orders: number of rows must {words}"


def test_several_comparisons_must_all_hold():
    rule = only(quality=[{"metric": "rowCount", "mustBeGreaterThan": 1, "mustBeLessThan": 9}])
    assert rule.compare == (("gt", 1), ("lt", 9))
    assert rule.name.endswith("must be greater than 1 and be less than 9")


def test_missing_values_are_null_or_what_the_contract_calls_missing():
    rule = only(metric("missingValues", mustBe=0, arguments={"missingValues": [None, "", "N/A"]}))
    assert (rule.check, rule.value) == ("missing", ["N/A"])
    assert rule.name == "x: must not be missing (null, N/A)"
    number = column(
        "integer",
        quality=[{"metric": "missingValues", "mustBe": 0, "arguments": {"missingValues": ["N/A", -1]}}],
    )
    assert only(number).value == ["-1"], "a column of numbers can never hold N/A"


def test_invalid_values_compare_with_a_list_a_pattern_or_both():
    rule = only(metric("invalidValues", mustBe=0, arguments={"validValues": ["a", "b"], "pattern": "^.$"}))
    assert (rule.check, rule.value) == ("invalid", {"values": ["a", "b"], "pattern": "^.$"})
    assert rule.name == "x: must be one of a, b and match ^.$"


def test_duplicates_are_of_a_column_or_of_several():
    assert only(metric("duplicateValues", mustBe=0)).columns == ("x",)
    two = [{"name": n, "logicalType": "string"} for n in ("A", "b")]
    quality = [
        {
            "metric": "duplicateValues",
            "mustBeLessThan": 3,
            "unit": "percent",
            "arguments": {"properties": ["A", "b"]},
        }
    ]
    rule = read(two, {"quality": quality}).tables[0].all_rules[0]
    assert (rule.check, rule.columns, rule.percent, rule.compare) == (
        "unique",
        ("a", "b"),
        True,
        (("lt", 3),),
    )
    assert rule.name == "a: rows with a repeated value must be less than 3%"


OLDER = {
    "duplicateCount": "unique",
    "nullCheck": "missing",
    "countCheck": "rows",
    "rowCount": "rows",
    "uniqueCheck": "unique",
    "duplicateValues": "unique",
}


@pytest.mark.parametrize(("name", "check"), OLDER.items())
def test_the_rule_names_of_version_3_0_mean_the_same(name, check):
    assert only(column(quality=[{"rule": name, "mustBeLessThan": 5}])).check == check


def test_an_older_rule_without_comparison_tolerates_nothing():
    rule = only(column(quality=[{"rule": "validValues", "arguments": {"validValues": ["a"]}}]))
    assert (rule.check, rule.compare) == ("invalid", ())


@pytest.mark.parametrize(
    "query", ["SELECT count({property}) FROM {object}", "select count(${column}) from ${ table };"]
)
def test_sql_gets_the_names_of_table_and_column(query):
    rule = only(column(quality=[{"type": "sql", "query": query, "mustBe": 1, "name": "filled"}]))
    assert rule.value.lower() == 'select count("x") from "orders"'
    assert (rule.check, rule.name) == ("sql", "orders: filled must be 1")


def test_sql_may_compare_with_text():
    rule = only(quality=[{"type": "sql", "query": "SELECT max(x) FROM ${object}", "mustBe": "z"}])
    assert rule.compare == (("eq", "z"),)


@pytest.mark.parametrize("severity", ["warning", "info", "Warn"])
def test_a_warning_is_marked_as_such(severity):
    assert only(metric("nullValues", mustBe=0, severity=severity)).warning
    assert not only(metric("nullValues", mustBe=0, severity="error")).warning


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "text", "description": "Looks right."},
        {"description": "Looks right."},
        {"type": "custom", "engine": "soda", "implementation": "checks: ..."},
    ],
)
def test_what_no_job_can_run_is_documentation(entry):
    table = read([column(quality=[entry])], {"quality": [entry]}).tables[0]
    assert table.all_rules == ()
    assert len(table.notes) == 2


def test_the_same_rule_said_twice_counts_once_and_rules_of_one_name_are_told_apart():
    twice = column(
        required=True, unique=True, primaryKey=True, quality=[{"metric": "nullValues", "mustBe": 0}]
    )
    assert [rule.name for rule in rules(twice)] == ["x: must not be null", "x: must be unique"]
    sql = [{"type": "sql", "name": "sum", "query": f"SELECT {n}", "mustBe": 1} for n in (1, 2)]
    assert [rule.name for rule in rules(quality=sql)] == [
        "orders: sum must be 1",
        "orders: sum must be 1 (2)",
    ]


def test_codes_become_text_of_the_columns_type():
    codes = [
        {"property": "codes", "value": {1: True, "J": False, "?": None}},
        {"property": "source", "value": "KZ"},
    ]
    found = read([column("boolean", customProperties=codes)]).tables[0].columns[0]
    assert found.codes == (("1", "true"), ("J", "false"), ("?", None))
    assert found.source == "KZ"


def test_a_limit_that_is_a_date_is_refused_in_one_line() -> None:
    import datetime as dt
    from types import SimpleNamespace
    from typing import Any

    import pytest

    from governance.contracts.rules import _OPERATORS, _comparisons
    from governance.errors import MeshError

    quality: Any = SimpleNamespace(**{**dict.fromkeys(_OPERATORS), "mustBe": dt.date(2000, 1, 1)})
    with pytest.raises(MeshError, match=r"quality\[0\]\.mustBe: '2000-01-01' is neither number nor text"):
        _comparisons(quality, "quality[0]")
