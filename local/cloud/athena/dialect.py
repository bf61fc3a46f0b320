"""Functions of Athena's SQL (Trino) in DuckDB.

Owns which functions are served, DuckDB macros for those that DuckDB lacks or names otherwise, and row filters
as SQL. sqlglot translates the rest. Deliberately not here: operators (operators), and names of tables
and columns (plan).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from local.cloud.athena import unnest as athena_unnest
from local.cloud.athena.errors import QueryFailed, function_not_found, named
from local.cloud.athena.sql import parse_query, position

_PLAIN = """
    abs acos asin atan atan2 bit_count bitwise_and bitwise_not bitwise_or bitwise_xor cbrt ceiling cos cosh
    cot degrees e infinity is_finite is_infinite is_nan mod nan pi pow radians random sin sinh tan tanh
    truncate width_bucket bool_and covar_pop covar_samp every geometric_mean histogram kurtosis map_agg
    regr_intercept regr_slope skewness char_length codepoint concat_ws from_hex json_array_length
    levenshtein_distance lpad replace reverse rpad translate at_timezone day day_of_month day_of_week
    day_of_year dow doy hour last_day_of_month minute month now quarter second to_unixtime week year
    year_of_week yow all_match any_match array_average array_join array_max array_min array_position
    array_sort array_sum contains flatten map map_keys map_values none_match uuid
"""
PLAIN = frozenset(re.findall(r"\w+", _PLAIN))
"""Trino functions that sqlglot has no class for; DuckDB has one of that name, or MACROS makes one."""

_REFUSED = (exp.ReadCSV, exp.ReadParquet)

MACROS = (
    """CREATE MACRO width_bucket(x, bins) AS
         CASE WHEN x IS NULL THEN NULL ELSE len(list_filter(bins, lambda b: b <= x)) END,
       (x, low, high, n) AS
         CASE WHEN x IS NULL THEN NULL WHEN low < high AND x < low OR low > high AND x > low THEN 0
              WHEN low < high AND x >= high OR low > high AND x <= high THEN n + 1
              ELSE CAST(floor((x - low) * n / (high - low)) AS BIGINT) + 1 END""",
    "CREATE MACRO is_nan(x) AS isnan(x)",
    "CREATE MACRO is_finite(x) AS isfinite(x)",
    "CREATE MACRO is_infinite(x) AS isinf(x)",
    "CREATE MACRO nan() AS 'nan'::DOUBLE",
    "CREATE MACRO infinity() AS 'inf'::DOUBLE",
    "CREATE MACRO e() AS exp(1.0::DOUBLE)",
    "CREATE MACRO truncate(x) AS trunc(x), (x, n) AS trunc(x * 10 ** n) / 10 ** n",
    "CREATE MACRO geometric_mean(x) AS geomean(x)",
    "CREATE MACRO every(x) AS bool_and(x)",
    "CREATE MACRO array_average(x) AS list_avg(x)",
    "CREATE MACRO array_max(x) AS list_max(x)",
    "CREATE MACRO array_min(x) AS list_min(x)",
    "CREATE MACRO array_sum(x) AS list_sum(x)",
    "CREATE MACRO array_join(x, glue) AS array_to_string(x, glue)",
    "CREATE MACRO array_sort(x) AS list_sort(x)",
    "CREATE MACRO char_length(x) AS length(x)",
    "CREATE MACRO codepoint(x) AS unicode(x)",
    "CREATE MACRO bitwise_and(x, y) AS x & y",
    "CREATE MACRO bitwise_or(x, y) AS x | y",
    "CREATE MACRO bitwise_not(x) AS ~x",
    "CREATE MACRO bitwise_xor(x, y) AS xor(x, y)",
    "CREATE MACRO from_hex(x) AS unhex(x)",
    "CREATE MACRO last_day_of_month(x) AS last_day(x)",
    "CREATE MACRO levenshtein_distance(x, y) AS levenshtein(x, y)",
    "CREATE MACRO to_unixtime(x) AS epoch(x)",
    "CREATE MACRO day_of_month(x) AS day(x)",
    "CREATE MACRO day_of_week(x) AS isodow(x)",
    "CREATE MACRO dow(x) AS isodow(x)",
    "CREATE MACRO day_of_year(x) AS dayofyear(x)",
    "CREATE MACRO doy(x) AS dayofyear(x)",
    "CREATE MACRO year_of_week(x) AS isoyear(x)",
    "CREATE MACRO yow(x) AS isoyear(x)",
    "CREATE MACRO at_timezone(x, zone) AS timezone(zone, x)",
    "CREATE MACRO map_agg(k, v) AS map(list(k), list(v))",
    "CREATE MACRO athena_corr(x, y) AS CASE WHEN isfinite(corr(x, y)) THEN corr(x, y) END",
)


def unknown_function(function: exp.Expression, text: str) -> QueryFailed:
    """Return the failure for a function that is not served."""
    name = function.name.lower() if isinstance(function, exp.Anonymous) else ""
    if not name and isinstance(function, exp.Func):
        name = function.sql_name().lower()
    offset = text.lower().find(name)
    return function_not_found(name, position(text, max(offset, 0)))


def check_functions(query: exp.Query, text: str) -> None:
    """Refuse the first function that is neither Trino's nor known here."""
    for function in query.find_all(exp.Func):
        if isinstance(function, _REFUSED):
            raise unknown_function(function, text)
        if isinstance(function, exp.Anonymous) and function.name.lower() not in PLAIN:
            raise unknown_function(function, text)


def to_duckdb(query: exp.Expression) -> str:
    """Return a typed query (`athena_operators.typed`) as DuckDB's SQL."""
    sql: str = athena_unnest.lowered(query.copy()).transform(_rewrite).sql(dialect="duckdb")
    return sql


def _rewrite(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.RegexpExtract) and not node.meta.get("athena"):
        node.meta["athena"] = True
        return exp.Case(
            ifs=[exp.If(this=exp.RegexpLike(this=node.this, expression=node.expression), true=node)]
        )
    if isinstance(node, exp.Corr):
        return exp.Anonymous(this="athena_corr", expressions=[node.this, node.expression])
    if isinstance(node, exp.ApproxQuantile):
        return exp.Anonymous(this="approx_quantile", expressions=[node.this, node.args["quantile"]])
    if isinstance(node, exp.Reduce) and node.args.get("finish") is not None:
        folded = exp.Reduce(this=node.this, initial=node.args["initial"], merge=node.args["merge"])
        ended = exp.Anonymous(this="list_transform", expressions=[exp.array(folded), node.args["finish"]])
        return exp.Anonymous(this="list_extract", expressions=[ended, exp.Literal.number(1)])
    if isinstance(node, exp.Sign) and node.this.type is not None and not node.meta.get("athena"):
        node.meta["athena"] = True
        return exp.Cast(this=node, to=node.this.type.copy())
    if isinstance(node, exp.Anonymous) and node.name.lower() in _MATCHES and len(node.expressions) == 2:
        held = exp.ArraySize(this=exp.ArrayFilter(this=node.expressions[0], expression=node.expressions[1]))
        return _MATCHES[node.name.lower()](held, node.expressions[0])
    return node


_MATCHES: dict[str, Callable[[exp.Expression, exp.Expression], exp.Expression]] = {
    "any_match": lambda held, array: exp.GT(this=held, expression=exp.Literal.number(0)),
    "none_match": lambda held, array: exp.EQ(this=held, expression=exp.Literal.number(0)),
    "all_match": lambda held, array: exp.EQ(this=held, expression=exp.ArraySize(this=array.copy())),
}


def row_filter(text: str) -> str:
    """Return a row filter expression of Lake Formation as DuckDB's SQL over columns quoted in lower case."""
    sql: str = _filter(text).sql(dialect="duckdb")
    return sql


def filter_columns(text: str) -> set[str]:
    """Return the names of the columns that a row filter tests."""
    return {column.name for column in _filter(text).find_all(exp.Column)}


def _filter(text: str) -> exp.Expression:
    query = parse_query(f"SELECT 1 WHERE {text}")
    check_functions(query, text)
    condition: exp.Expression = query.args["where"].this
    if condition.find(exp.Query) is not None:
        raise named("NOT_SUPPORTED", "a row filter may not hold a query")
    for column in condition.find_all(exp.Column):
        column.set("table", None)
        column.set("this", exp.to_identifier(column.name.lower(), quoted=True))
    return condition


def partition_filters(query: exp.Query, keys: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Return what a query demands of partition keys, by view, as DuckDB's SQL over the keys.

    Only conditions of WHERE that must hold for every row and that test nothing but keys of one view count; a query
    with an outer join demands nothing, because a row without a partner is not tested.
    """
    found: dict[str, list[str]] = {}
    for scope in traverse_scope(query) if keys else []:
        where, joins = scope.expression.args.get("where"), scope.expression.args.get("joins") or []
        if where is None or any(join.side for join in joins):
            continue
        for condition in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
            columns = list(condition.find_all(exp.Column))
            source = scope.sources.get(columns[0].table) if columns else None
            view = source.name if isinstance(source, exp.Table) else ""
            alone = {each.table for each in columns} == {columns[0].table} if columns else False
            if (
                not alone
                or condition.find(exp.Query)
                or not {c.name for c in columns} <= keys.get(view, frozenset())
            ):
                continue
            bare = condition.copy()
            for column in bare.find_all(exp.Column):
                column.set("table", None)
            found.setdefault(view, []).append(f"({to_duckdb(bare)})")
    return {view: " AND ".join(conditions) for view, conditions in found.items()}
