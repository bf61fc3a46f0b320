"""Rules that a type's options make, on columns and within nested ones."""

from __future__ import annotations

import pytest

from governance.contracts import Rule
from tests.contracts.texts import column, read


def rules(prop) -> tuple[Rule, ...]:
    """Rules of a contract with this one column."""
    return read([prop]).tables[0].all_rules


def only(prop) -> Rule:
    found = rules(prop)
    assert len(found) == 1, [rule.name for rule in found]
    return found[0]


OPTIONS = [
    ("integer", "minimum", 1, "minimum", "1", "must be at least 1"),
    ("integer", "maximum", 1.0, "maximum", "1", "must be at most 1"),
    ("integer", "minimum", 0.5, "minimum", "1", "must be at least 1"),
    ("integer", "maximum", 2.5, "maximum", "2", "must be at most 2"),
    ("integer", "exclusiveMinimum", 0.5, "above", "0", "must be greater than 0"),
    ("integer", "exclusiveMaximum", 2.5, "below", "3", "must be less than 3"),
    ("number", "exclusiveMinimum", 0.5, "above", "0.5", "must be greater than 0.5"),
    ("date", "minimum", "2020-01-01", "minimum", "2020-01-01", "must be at least 2020-01-01"),
    (
        "timestamp",
        "maximum",
        "2020-01-01T10:00:00Z",
        "maximum",
        "2020-01-01T10:00:00Z",
        "must be at most 2020-01-01T10:00:00Z",
    ),
    ("time", "maximum", "18:00:00", "maximum", "18:00:00", "must be at most 18:00:00"),
    ("string", "minLength", 2, "min_length", 2, "must have at least 2 characters"),
    ("string", "maxLength", 2, "max_length", 2, "must have at most 2 characters"),
    ("string", "pattern", "^a", "invalid", {"pattern": "^a"}, "must match ^a"),
    ("number", "multipleOf", 0.05, "multiple", 0.05, "must be a multiple of 0.05"),
    ("array", "minItems", 1, "min_items", 1, "must have at least 1 items"),
    ("array", "maxItems", 3, "max_items", 3, "must have at most 3 items"),
    ("array", "uniqueItems", True, "unique_items", None, "must not repeat an item"),
]


@pytest.mark.parametrize(("logical", "option", "given", "check", "value", "words"), OPTIONS)
def test_each_option_of_a_type_is_a_rule(logical, option, given, check, value, words):
    found = [
        rule
        for rule in rules(column(logical, logicalTypeOptions={option: given}))
        if "time of day" not in rule.name
    ]
    assert [(rule.check, rule.value, rule.name) for rule in found] == [(check, value, f"x: {words}")]


def test_a_time_of_day_is_checked_as_text_in_its_format():
    assert only(column("time")).value["pattern"].startswith("^([01][0-9]|2[0-3]):")
    rule = only(column("time", logicalTypeOptions={"format": "HH'h'mm"}))
    assert rule.value == {"pattern": "^([01][0-9]|2[0-3])h[0-5][0-9]$"}


FORMATS = {
    "yyyy-MM-dd": "",
    "dd/MM/yyyy": "%d/%m/%Y",
    "yyyyMMdd": "%Y%m%d",
    "yyyy-MM-dd'T'HH:mm:ss": "",
    "yyyy-MM-dd HH:mm:ss.SSS": "",
    "yyyy-MM-dd'T'HH:mm:ssXXX": "",
    "dd MMM yyyy HH:mm": "%d %b %Y %H:%M",
    "dd.MM.yyyy HH:mm:ss.SSS": "%d.%m.%Y %H:%M:%S.%f",
    "%d.%m.%y": "%d.%m.%y",
    "ISO8601": "",
    "MM/dd''yyyy": "%m/%d'%Y",
}


@pytest.mark.parametrize(("given", "expected"), FORMATS.items())
def test_a_date_format_is_given_to_the_job_as_python_knows_it(given, expected):
    found = read([column("timestamp", logicalTypeOptions={"format": given})]).tables[0].columns[0]
    assert found.format == expected


def test_options_that_only_describe_make_no_rule():
    options = {"format": "email"}
    assert rules(column(logicalTypeOptions=options)) == ()
    table = read(
        [column("timestamp", logicalTypeOptions={"timezone": True, "defaultTimezone": "Etc/UTC"})]
    ).tables[0]
    assert (table.all_rules, table.notes) == ((), ())


def test_options_nobody_knows_are_notes():
    table = read([column(logicalTypeOptions={"collation": "de"})]).tables[0]
    assert table.notes == ("x: collation de (not checked here)",)


def test_a_numeric_limit_on_text_is_a_note_since_text_orders_otherwise():
    prop = column("number", physicalType="varchar(9)", logicalTypeOptions={"minimum": 0})
    table = read([prop]).tables[0]
    assert [rule.check for rule in table.all_rules] == ["max_length"]
    assert table.notes == ("x: minimum 0 (not checked, the column holds text)",)


def test_rules_reach_into_nested_columns():
    prop = column(
        "object",
        logicalTypeOptions={"required": ["ZIP"]},
        properties=[
            {"name": "zip", "logicalType": "string", "physicalType": "char(5)"},
            {
                "name": "visits",
                "logicalType": "array",
                "logicalTypeOptions": {"minItems": 1},
                "items": {"logicalType": "integer", "logicalTypeOptions": {"minimum": 0}, "unique": True},
            },
        ],
    )
    table = read([prop]).tables[0]
    assert [(rule.name, rule.path) for rule in table.all_rules] == [
        ("x.zip: must not be null", ("zip",)),
        ("x.zip: must have at most 5 characters", ("zip",)),
        ("x.visits: must have at least 1 items", ("visits",)),
        ("x.visits[]: must be at least 0", ("visits", "[]")),
    ]
    assert table.notes == ("x.visits[]: unique (not checked within nested columns)",)


def test_a_nested_column_flattened_to_text_has_no_rules_within():
    prop = column(
        "object", physicalType="string", properties=[{"name": "a", "logicalType": "date", "required": True}]
    )
    assert rules(prop) == ()
