"""From a statement's text to what it asks for: queries, UNLOAD, CREATE TABLE AS, INSERT and served DDL.

Owns splitting and recognising statements; a pure function of the text. Every query inside a statement keeps
the positions of the whole text, so that errors name the true line and column. Deliberately not here: names
and columns (plan) and carrying out (run, ddl).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokens import Token, TokenType

from local.cloud.athena.errors import MalformedQuery, Position

DIALECT = "athena"


@dataclass(frozen=True)
class Name:
    """A table's name as written: parts in lower case, and where it stands."""

    parts: tuple[str, ...]
    at: Position = (1, 1)


@dataclass(frozen=True)
class Statement:
    """One statement.

    Attributes
    ----------
    kind
        What to do: SELECT, UNLOAD, CREATE_TABLE_AS_SELECT, INSERT, SHOW_TABLES, ... (Athena's
        SubstatementType).
    type
        DML, DDL or UTILITY (Athena's StatementType).
    query
        The query inside, if any.
    target
        The table or database it is about.
    options
        Properties of WITH (...), lower-case keys.
    location
        Destination of UNLOAD, LOCATION of CREATE EXTERNAL TABLE.
    pattern
        Of SHOW ... LIKE.
    quiet
        IF EXISTS or IF NOT EXISTS was said.
    columns
        Columns of CREATE EXTERNAL TABLE, or the column list of INSERT (types empty).
    """

    kind: str
    type: str
    query: exp.Query | None = None
    target: Name | None = None
    options: dict[str, str] = field(default_factory=dict)
    location: str = ""
    pattern: str = ""
    quiet: bool = False
    columns: tuple[tuple[str, str], ...] = ()
    partitions: tuple[tuple[str, str], ...] = ()


class _Tokenizer(Trino.Tokenizer):  # type: ignore[misc]
    """Trino's tokens with Hive's quotes as well; SHOW and the like are words, not the start of raw text."""

    IDENTIFIERS: ClassVar[list[str]] = ['"', "`"]
    COMMANDS: ClassVar[set[TokenType]] = set()


def position(text: str, offset: int) -> Position:
    """Return line and column, from 1, of a character of the text."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of a text; MalformedQuery for an unclosed quote or comment."""
    try:
        return list(_Tokenizer().tokenize(text))
    except TokenError:
        line, column = position(text, len(text))
        raise MalformedQuery(f"line {line}:{column}: mismatched input '<EOF>'") from None


def parse_query(text: str) -> exp.Query:
    """Return the query of a text that holds nothing else."""
    try:
        found = sqlglot.parse_one(text, read=DIALECT)
    except (ParseError, TokenError) as error:
        raise MalformedQuery(_mismatch(text, error)) from None
    if isinstance(found, exp.Values):
        found = exp.select("*").from_(exp.alias_(found, "values", table=True))
    if not isinstance(found, exp.Query) or found.find(
        exp.Command, exp.Insert, exp.Update, exp.Delete, exp.Into
    ):
        word = text.split()[0]
        at = position(text, text.index(word))
        raise MalformedQuery(f"line {at[0]}:{at[1]}: mismatched input '{word}'")
    return found


def blank(text: str, start: int, end: int) -> str:
    """Return the text with all but `[start, end)` blanked out, so that positions stay."""

    def empty(part: str) -> str:
        return re.sub(r"[^\n]", " ", part)

    return empty(text[:start]) + text[start:end] + empty(text[end:])


def _mismatch(text: str, error: ParseError | TokenError) -> str:
    details = getattr(error, "errors", None) or []
    if not details:
        return "line 1:1: mismatched input"
    word = str(details[0].get("highlight") or "")
    before = str(details[0].get("start_context") or "")
    offset = text.find(before + word)
    line, column = position(text, offset + len(before) if offset >= 0 else 0)
    return f"line {line}:{column}: mismatched input '{word or '<EOF>'}'"


def bind(query: exp.Query, parameters: list[str]) -> exp.Query:
    """Return the query with `?` replaced by the execution parameters, each a SQL literal as text."""
    marks = [node for node in query.find_all(exp.Placeholder, bfs=False) if not node.this]
    if len(marks) != len(parameters):
        raise MalformedQuery(
            f"Incorrect number of parameters: expected {len(marks)} but found {len(parameters)}"
        )
    for mark, literal in zip(marks, parameters, strict=True):
        try:
            value = sqlglot.parse_one(literal, read=DIALECT)
        except (ParseError, TokenError):
            value = exp.Literal.string(literal)
        if value.find(exp.Column):
            value = exp.Literal.string(literal)
        mark.replace(value)
    return query
