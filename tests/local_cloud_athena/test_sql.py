"""Recognising statements: kinds, parts and positions, and what is no statement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cloud.athena.errors import MalformedQuery
from local.cloud.athena.sql import bind, blank
from local.cloud.athena.statements import parse


@pytest.mark.parametrize(
    "sql, kind, target",
    [
        ('SELECT * FROM "rl_credit-card"."credit_card" LIMIT 10;', "SELECT", None),
        ("WITH a AS (SELECT 1 x) SELECT * FROM a UNION ALL SELECT 2", "SELECT", None),
        ("VALUES (1, 'a'), (2, 'b')", "SELECT", None),
        ("-- a note\nSHOW TABLES IN `rl_credit-card` 'credit*'", "SHOW_TABLES", ("rl_credit-card",)),
        ("show databases like 'rl*'", "SHOW_DATABASES", None),
        ("DESCRIBE `rl_credit-card`.credit_card", "DESCRIBE_TABLE", ("rl_credit-card", "credit_card")),
        ("SHOW COLUMNS FROM t IN d", "SHOW_COLUMNS", ("d", "t")),
        ("DROP TABLE IF EXISTS `x-y`.`T`", "DROP_TABLE", ("x-y", "t")),
        ("CREATE DATABASE IF NOT EXISTS own", "CREATE_DATABASE", ("own",)),
        ("INSERT INTO t SELECT * FROM u", "INSERT", ("t",)),
        ("INSERT INTO t VALUES (1, 2)", "INSERT", ("t",)),
        ("MSCK REPAIR TABLE t", "MSCK_REPAIR", ("t",)),
    ],
)
def test_a_statement_is_recognised_by_its_words(sql: str, kind: str, target: tuple[str, ...] | None) -> None:
    found = parse(sql)
    assert found.kind == kind, "the kind follows the first words"
    assert (found.target.parts if found.target else None) == target, "names are in lower case, without quotes"


def test_unload_has_its_query_destination_and_options() -> None:
    found = parse(
        "UNLOAD (SELECT a FROM t WHERE (a > 1)) TO 's3://b/p/' "
        "WITH (format = 'PARQUET', partitioned_by=ARRAY['x','y'])"
    )
    assert found.query is not None, "the query is in the parentheses"
    assert found.query.sql() == "SELECT a FROM t WHERE (a > 1)", "whole, with its own parentheses"
    assert (found.location, found.options) == ("s3://b/p/", {"format": "PARQUET", "partitioned_by": "x,y"}), (
        "rest"
    )


def test_create_external_table_has_columns_keys_and_place() -> None:
    found = parse(
        "CREATE EXTERNAL TABLE IF NOT EXISTS d.t (a int COMMENT 'x', b struct<x:int,y:string>) "
        "PARTITIONED BY (dt string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' "
        "LOCATION 's3://b/t/' TBLPROPERTIES ('k'='v')"
    )
    assert [name for name, _ in found.columns] == ["a", "b"], "commas inside of types do not split"
    assert found.partitions == (("dt", "string"),), "partition keys stand apart"
    assert (found.location, found.options["k"], found.quiet) == ("s3://b/t/", "v", True), (
        "and the rest is read"
    )


@pytest.mark.parametrize(
    "sql, said",
    [
        ("", "Query string is empty"),
        ("SELECT 1; SELECT 2", "Only one sql statement is allowed. Got: SELECT 1; SELECT 2"),
        ("SELEKT 1", "line 1:1: mismatched input 'SELEKT'"),
        ("SELECT a FROM t x y", "line 1:19: mismatched input 'y'"),
        ("SELECT 'open", "line 1:13: mismatched input '<EOF>'"),
        ("UNLOAD SELECT 1 TO 's3://b/'", "line 1:8: mismatched input 'SELECT'"),
        ('SELECT * FROM "rl_credit-card"."credit_card""', "line 1:46: mismatched input '<EOF>'"),
        *(
            (f"{word} 'x'", "mismatched input")
            for word in ("COPY t TO", "ATTACH", "PRAGMA", "INSTALL", "SET x =")
        ),
        ("SELECT * FROM glob('/*')", "mismatched input"),
        ("DELETE FROM t", "line 1:1: mismatched input 'DELETE'"),
    ],
)
def test_what_is_no_statement_is_refused_with_its_place(sql: str, said: str) -> None:
    with pytest.raises(MalformedQuery) as refused:
        parse(sql)
    assert said in str(refused.value), "one line that names the place"


@given(st.text(alphabet="ab \n('", max_size=40), st.data())
def test_blanking_keeps_every_position(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = blank(text, start, end)
    assert len(found) == len(text), "no character moves"
    assert found[start:end] == text[start:end], "what is kept is kept"
    assert [i for i, c in enumerate(found) if c == "\n"] == [i for i, c in enumerate(text) if c == "\n"], (
        "nor a line"
    )


def test_parameters_take_the_places_of_question_marks_in_order() -> None:
    query = parse("SELECT * FROM t WHERE a = ? AND s = ?").query
    assert query is not None, "it is a query"
    assert bind(query, ["1", "'x'"]).sql() == "SELECT * FROM t WHERE a = 1 AND s = 'x'", "literals as given"


def test_a_parameter_is_a_value_and_never_sql() -> None:
    query = parse("SELECT * FROM t WHERE s = ?").query
    assert query is not None, "it is a query"
    assert bind(query, ["x OR 1 = 1"]).sql() == "SELECT * FROM t WHERE s = 'x OR 1 = 1'", "text stays text"


def test_a_wrong_number_of_parameters_is_refused() -> None:
    query = parse("SELECT ?").query
    assert query is not None, "it is a query"
    with pytest.raises(MalformedQuery, match="expected 1 but found 2"):
        bind(query, ["1", "2"])
