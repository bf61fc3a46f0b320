"""Planning: which tables and columns a query needs, and what it is told when they are not there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cloud.athena.errors import QueryFailed, table_not_found
from local.cloud.athena.plan import Plan, Relation, plan
from local.cloud.athena.sql import Name
from local.cloud.athena.statements import parse

ALL = {"id": "integer", "amount": "double", "purpose": "varchar", "sex": "varchar", "items": "array(integer)"}


KEYS = frozenset({"purpose", "id"})


def planned(sql: str, columns: dict[str, str] | None = None) -> Plan:
    """The plan of a query over `t` and `u`, whose readable columns are given."""

    def resolve(name: Name) -> Relation:
        if name.parts[-1] not in ("t", "u"):
            raise table_not_found(name.parts[0], name.parts[-1], name.at)
        return Relation(ALL if columns is None else columns, name.parts, KEYS)

    query = parse(sql).query
    assert query is not None, "these tests plan queries"
    return plan(query, sql, resolve)


def refusal(sql: str, columns: dict[str, str] | None = None) -> str:
    """Why a query cannot be planned."""
    with pytest.raises(QueryFailed) as failed:
        planned(sql, columns)
    return failed.value.reason


@pytest.mark.parametrize(
    "sql, scans",
    [
        ("SELECT count(*) FROM t", [()]),
        ("SELECT id FROM t WHERE amount > 1 ORDER BY purpose", [("id", "amount", "purpose")]),
        ("SELECT a.id FROM t a JOIN u b ON a.id = b.id AND b.amount > 1", [("id",), ("id", "amount")]),
        ("WITH t AS (SELECT id FROM u) SELECT * FROM t", [("id",)]),
        ("SELECT id FROM t UNION ALL SELECT amount FROM u", [("id",), ("amount",)]),
        ("SELECT x FROM t CROSS JOIN UNNEST(items) AS n(x)", [("items",)]),
        (
            "SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.amount)",
            [("id", "amount"), ("id",)],
        ),
        ("SELECT T.ID FROM d.T", [("id",)]),
    ],
)
def test_only_the_columns_that_a_query_needs_are_read(sql: str, scans: list[tuple[str, ...]]) -> None:
    found = {scan.relation.handle[-1]: scan.columns for scan in planned(sql).scans}
    assert sorted(found.values()) == sorted(scans), "nothing else is scanned"


@pytest.mark.parametrize(
    "sql, labels",
    [
        ("SELECT 1, id, amount + 1, sum(id) OVER () AS Total FROM t", ("_col0", "id", "_col2", "Total")),
        ("SELECT *, 1 FROM t", (*ALL, "_col5")),
        ("SELECT count(*) FROM t UNION ALL SELECT id FROM t", ("_col0",)),
        ("SELECT id, id FROM t", ("id", "id")),
    ],
)
def test_columns_are_labelled_as_athena_labels_them(sql: str, labels: tuple[str, ...]) -> None:
    assert planned(sql).labels == labels, "unnamed ones are _col and their place; aliases stay as written"


@given(
    st.sets(st.sampled_from(sorted(ALL)), min_size=1),
    st.text(alphabet=" \n\t", max_size=5),
    st.sampled_from(sorted(ALL)),
)
def test_a_star_is_what_may_be_read_and_anything_else_is_unknown(
    open_: set[str], space: str, column: str
) -> None:
    columns = {name: kind for name, kind in ALL.items() if name in open_}
    assert planned("SELECT * FROM t", columns).labels == tuple(columns), "in the table's order"
    sql = f"SELECT {space}{column} FROM t"
    if column in open_:
        assert planned(sql, columns).labels == (column,), "a readable column is found"
        return
    line = 1 + space.count("\n")
    at = len(sql[: sql.index(column)].rsplit("\n", 1)[-1]) + 1
    assert refusal(sql, columns).startswith(
        f"COLUMN_NOT_FOUND: line {line}:{at}: Column '{column}' cannot"
    ), "where"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_parquet('x')",
        "SELECT * FROM duckdb_settings()",
        "SELECT getenv('HOME')",
        "SELECT current_setting('home_directory')",
        "SELECT read_text('/etc/passwd')",
        "SELECT * FROM t WHERE id IN (SELECT id FROM sniff_csv('/etc/passwd'))",
    ],
)
def test_functions_of_the_engine_are_not_registered(sql: str) -> None:
    assert refusal(sql).startswith("FUNCTION_NOT_FOUND: line 1:"), (
        "only the catalog's tables and Trino's functions"
    )


@pytest.mark.parametrize(
    "table", ['"/etc/passwd"', '"x.parquet"', "information_schema.tables", "pg_catalog.pg_class", "t0"]
)
def test_names_that_are_no_catalog_table_reach_no_file_and_no_system_table(table: str) -> None:
    assert refusal(f"SELECT * FROM {table}").startswith("TABLE_NOT_FOUND: line 1:15:"), (
        "the resolver alone decides"
    )


def test_a_table_of_which_nothing_may_be_read_has_no_columns() -> None:
    assert refusal("SELECT * FROM t", {}) == (
        "COLUMN_NOT_FOUND: line 1:8: SELECT * not allowed from relation that has no columns"
    ), "as Athena says it"
    assert "Column 'id' cannot be resolved" in refusal("SELECT id FROM t", {}), "and each column is unknown"


def test_the_filter_is_looked_at_before_the_select_list() -> None:
    assert "'second'" in refusal("SELECT first FROM t WHERE second = 1"), "Athena resolves WHERE first"


@pytest.mark.parametrize(
    "sql, said",
    [
        ("SELECT id FROM t WHERE purpose = 1", "line 1:32: Cannot apply operator: varchar = integer"),
        ("SELECT id FROM t WHERE id IN ('1')", "IN value and list items must be the same type"),
        ("SELECT id FROM t WHERE id BETWEEN '1' AND '2'", "Cannot check if integer is BETWEEN"),
    ],
)
def test_text_is_never_compared_with_a_number(sql: str, said: str) -> None:
    reason = refusal(sql)
    assert reason.startswith("TYPE_MISMATCH: "), "Trino does not convert"
    assert said in reason, "and names the types"


@pytest.mark.parametrize(
    "sql, conditions",
    [
        ("SELECT amount FROM t WHERE purpose = 'car' AND amount > 1", ["(\"purpose\" = 'car')"]),
        (
            "SELECT amount FROM t x WHERE x.id > 3 AND x.purpose LIKE 'c%'",
            ['("id" > 3) AND ("purpose" LIKE \'c%\')'],
        ),
        ("SELECT 1 FROM t JOIN u ON t.id = u.id WHERE u.purpose = 'a'", ["", "(\"purpose\" = 'a')"]),
        ("SELECT 1 FROM t LEFT JOIN u ON t.id = u.id WHERE u.id IS NULL", ["", ""]),
        ("SELECT 1 FROM t WHERE purpose = 'a' OR amount > 1", [""]),
        ("SELECT 1 FROM t WHERE id IN (SELECT id FROM u)", ["", ""]),
        ("SELECT 1 FROM t JOIN u ON t.id = u.id WHERE t.id > u.id", ["", ""]),
    ],
)
def test_partitions_are_pruned_by_what_every_row_must_meet(sql: str, conditions: list[str]) -> None:
    assert sorted(scan.partitions for scan in planned(sql).scans) == sorted(conditions), "and by nothing else"
