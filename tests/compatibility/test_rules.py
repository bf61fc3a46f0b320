"""Which rule keeps which other one's promise."""

from __future__ import annotations

from typing import Any

import pytest
from contract_versions import both_ways, column

from governance.compatibility.rules import implies
from governance.compatibility.types import widens
from governance.contracts import Rule
from governance.contracts.types import parse_glue_type


def rule(check: str, value: Any = None, *compare: tuple[str, Any], **more: Any) -> Rule:
    return Rule(name="r", check=check, columns=("x",), value=value, compare=compare, **more)


STRICTER = [
    (rule("minimum", "5"), rule("minimum", "3")),
    (rule("above", "3"), rule("minimum", "3")),
    (rule("minimum", "4"), rule("above", "3")),
    (rule("maximum", "3"), rule("maximum", "5")),
    (rule("below", "5"), rule("maximum", "5")),
    (rule("minimum", "2024-02-01"), rule("minimum", "2024-01-31")),
    (rule("min_length", 3), rule("min_length", 2)),
    (rule("max_items", 2), rule("max_items", 3)),
    (rule("multiple", 10), rule("multiple", 5)),
    (rule("invalid", {"values": ["a"]}), rule("invalid", {"values": ["a", "b"]})),
    (rule("invalid", {"values": ["a"], "pattern": "a"}), rule("invalid", {"pattern": "a"})),
    (rule("missing", ["", "n/a"]), rule("missing", ["n/a"])),
    (rule("missing", [], ("lt", 5)), rule("missing", [], ("lt", 6))),
    (rule("missing", [], ("lt", 5), percent=True), rule("missing", [], ("le", 5), percent=True)),
    (rule("missing", []), rule("missing", [], ("lt", 6), percent=True)),
    (rule("rows", None, ("gt", 10)), rule("rows", None, ("ge", 10))),
    (rule("rows", None, ("between", [5, 6])), rule("rows", None, ("between", [1, 9]))),
    (rule("rows", None, ("eq", 5)), rule("rows", None, ("ge", 5))),
    (rule("unique"), rule("unique", warning=True)),
]


@pytest.mark.parametrize("pair", STRICTER)
def test_a_stricter_rule_keeps_the_promise_and_not_the_other_way_round(pair: tuple[Rule, Rule]) -> None:
    strict, loose = pair
    assert implies(strict, loose), "what passes the strict rule passes the loose one"
    assert not implies(loose, strict), "what passes the loose rule may fail the strict one"
    assert implies(strict, strict), "a rule keeps itself"


INCOMPARABLE = [
    (rule("invalid", {"pattern": "a+"}), rule("invalid", {"pattern": "a*"})),
    (rule("sql", "SELECT 1", ("eq", 1)), rule("sql", "SELECT 2", ("eq", 1))),
    (rule("missing", [], ("lt", 5)), rule("missing", [], ("lt", 50), percent=True)),
    (rule("unique"), rule("minimum", "1")),
    (rule("minimum", "a"), rule("minimum", "b")),
    (rule("rows", None, ("ne", 5)), rule("rows", None, ("gt", 5))),
]


@pytest.mark.parametrize("pair", INCOMPARABLE)
def test_rules_that_cannot_be_compared_are_no_substitute(pair: tuple[Rule, Rule]) -> None:
    assert not implies(*pair), "the cautious answer"
    assert not implies(*reversed(pair)), "the cautious answer"


@pytest.mark.parametrize(
    ("old", "new", "compatible"),
    [
        ("tinyint", "bigint", True), ("bigint", "int", False), ("float", "double", True),
        ("double", "float", False), ("int", "double", False), ("varchar(5)", "varchar(9)", True),
        ("varchar(9)", "varchar(5)", False), ("string", "varchar(9)", False), ("char(2)", "char(3)", False),
        ("decimal(10,2)", "decimal(12,2)", True), ("decimal(10,2)", "decimal(12,4)", True),
        ("decimal(10,2)", "decimal(10,4)", False), ("date", "timestamp", False), ("int", "string", False),
    ],
)  # fmt: skip
def test_only_what_keeps_every_value_widens(old: str, new: str, compatible: bool) -> None:
    types = [parse_glue_type(text) for text in (old, new)]
    assert types[0] is not None, old
    assert types[1] is not None, new
    assert widens(types[0], types[1]) is compatible, f"{old} -> {new}"


def test_a_rule_that_was_only_a_warning_may_go() -> None:
    def warn(data: dict[str, Any]) -> None:
        column(data, "note")["quality"] = [
            {
                "metric": "missingValues",
                "mustBeLessThan": 5,
                "severity": "warning",
                "arguments": {"missingValues": [""]},
            }
        ]

    there, back = both_ways(warn)
    assert [change.kind for change in there] == ["rule-added"], "a warning is a rule"
    assert [(change.kind, change.breaking) for change in back] == [("rule-weakened", False)], (
        "nothing was promised"
    )


def test_an_explicit_rule_against_nulls_keeps_the_promise_that_required_made() -> None:
    def spell_out(data: dict[str, Any]) -> None:
        column(data, "amount").update(required=False, quality=[{"metric": "nullValues", "mustBe": 0}])

    assert both_ways(spell_out) == ((), ()), "the column is never null either way"


def test_rules_of_a_renamed_column_move_with_it() -> None:
    def rename(data: dict[str, Any]) -> None:
        column(data, "amount").update(
            name="total", customProperties=[{"property": "source", "value": "amount"}]
        )

    assert [change.kind for change in both_ways(rename)[0]] == ["column-renamed"], "its rules are still there"
