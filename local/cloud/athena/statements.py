"""Statements around a query, and Hive's DDL, recognised by their tokens.

Owns the grammar of what sqlglot does not parse for Athena: UNLOAD, SHOW, DESCRIBE, CREATE EXTERNAL TABLE,
MSCK, and the properties of CREATE TABLE AS. Deliberately not here: queries themselves (sql).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot.tokens import Token, TokenType

from local.cloud.athena.errors import MalformedQuery
from local.cloud.athena.sql import Name, Statement, blank, parse_query, position, tokens_of
from local.cloud.athena.types import split_top

_QUERY_WORDS = ("SELECT", "WITH", "VALUES", "(", "TABLE")


class Cursor:
    """A place in the tokens of one statement."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.index = 0

    @property
    def current(self) -> Token | None:
        """The next token, or None at the end."""
        return self.tokens[self.index] if self.index < len(self.tokens) else None

    def taken(self, *words: str) -> bool:
        """Step over the words if they come next, all of them."""
        left, index = list(words), self.index
        while left and index < len(self.tokens):
            said = self.tokens[index].text.upper().split()
            if not said or left[: len(said)] != said:
                return False
            left, index = left[len(said) :], index + 1
        if left:
            return False
        self.index = index
        return True

    def expect(self, *words: str) -> None:
        """Step over the words or refuse the statement."""
        for word in words:
            if not self.taken(word):
                self.refuse()

    def refuse(self) -> None:
        """Raise Athena's words for a token that does not belong here."""
        token = self.current
        line, column = position(self.text, token.start if token else len(self.text))
        raise MalformedQuery(f"line {line}:{column}: mismatched input '{self.text_of(token)}'")

    def text_of(self, token: Token | None) -> str:
        """Return a token as written."""
        return str(self.text[token.start : token.end + 1]) if token else "<EOF>"

    def step(self) -> Token:
        """Return the next token and pass it."""
        token = self.current
        if token is None:
            self.refuse()
        assert token is not None, "refuse() has raised"
        self.index += 1
        return token

    def name(self) -> Name:
        """Return a dotted name."""
        first = self.step()
        parts = [first.text.lower()]
        while self.current is not None and self.current.token_type == TokenType.DOT:
            self.index += 1
            parts.append(self.step().text.lower())
        return Name(tuple(parts), position(self.text, first.start))

    def string(self) -> str:
        """Return a quoted text."""
        token = self.step()
        if token.token_type != TokenType.STRING:
            self.index -= 1
            self.refuse()
        return str(token.text)

    def inside(self) -> tuple[int, int]:
        """Return start and end offset of what stands in the parentheses that come next, and pass them."""
        opening = self.step()
        if opening.token_type != TokenType.L_PAREN:
            self.index -= 1
            self.refuse()
        depth = 1
        while depth:
            token = self.step()
            depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        return opening.end + 1, token.start

    def done(self) -> None:
        """Refuse whatever is left."""
        if self.current is not None:
            self.refuse()

    def rest(self) -> tuple[int, int]:
        """Return the offsets of all that is left, and pass it."""
        start = self.current.start if self.current else len(self.text)
        self.index = len(self.tokens)
        return start, len(self.text)


def parse(text: str) -> Statement:
    """Return what one statement asks for.

    Raises
    ------
    MalformedQuery
        The text is no statement that Athena takes, or more than one.
    """
    tokens = tokens_of(text)
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise MalformedQuery("Query string is empty")
    inner = next((token for token in tokens if token.token_type == TokenType.SEMICOLON), None)
    if inner is not None:
        raise MalformedQuery(f"Only one sql statement is allowed. Got: {text.strip()}")
    text = text[: tokens[-1].end + 1]
    known = hive_statement(text, tokens)
    if known is None and tokens[0].text.upper() not in _QUERY_WORDS:
        line, column = position(text, tokens[0].start)
        raise MalformedQuery(f"line {line}:{column}: mismatched input '{tokens[0].text}'")
    return known or _query_statement(text)


def _query_statement(text: str) -> Statement:
    return Statement("SELECT", "DML", query=parse_query(text))


def hive_statement(text: str, tokens: Sequence[Token]) -> Statement | None:
    """Return the statement if its first words are of this module, else None."""
    cursor = Cursor(text, tokens)
    for words, rule in _RULES:
        if cursor.taken(*words):
            found = rule(cursor)
            cursor.done()
            return found
    return None


def _pattern(cursor: Cursor) -> str:
    if cursor.taken("LIKE"):
        return cursor.string()
    current = cursor.current
    return cursor.string() if current is not None and current.token_type == TokenType.STRING else ""


def _unload(cursor: Cursor) -> Statement:
    start, end = cursor.inside()
    query = parse_query(blank(cursor.text, start, end))
    cursor.expect("TO")
    location = cursor.string()
    options = _properties(cursor) if cursor.taken("WITH") else {}
    return Statement("UNLOAD", "DML", query=query, location=location, options=options)


def _properties(cursor: Cursor) -> dict[str, str]:
    """Return `(key = value, ...)`; a list value is its items joined by commas."""
    start, end = cursor.inside()
    body = cursor.text[start:end].replace("ARRAY[", "array[").replace("[", "(").replace("]", ")")
    found = {}
    for part in split_top(body):
        key, _, value = part.partition("=")
        value = value.strip()
        if value.lower().startswith("array("):
            value = ",".join(item.strip().strip("'") for item in value[6:-1].split(","))
        found[key.strip().strip("'").lower()] = value.strip("'")
    return found


def _create_table(cursor: Cursor) -> Statement:
    quiet = cursor.taken("IF", "NOT", "EXISTS")
    target = cursor.name()
    options = _properties(cursor) if cursor.taken("WITH") else {}
    cursor.expect("AS")
    start, end = cursor.rest()
    query = parse_query(blank(cursor.text, start, end))
    return Statement(
        "CREATE_TABLE_AS_SELECT", "DDL", query=query, target=target, options=options, quiet=quiet
    )


def _insert(cursor: Cursor) -> Statement:
    target = cursor.name()
    columns: tuple[tuple[str, str], ...] = ()
    current = cursor.current
    ahead = cursor.tokens[cursor.index + 1].text.upper() if cursor.index + 1 < len(cursor.tokens) else ""
    if (
        current is not None
        and current.token_type == TokenType.L_PAREN
        and ahead not in ("SELECT", "WITH", "VALUES")
    ):
        start, end = cursor.inside()
        columns = tuple((part.strip().strip('"').lower(), "") for part in cursor.text[start:end].split(","))
    start, end = cursor.rest()
    return Statement("INSERT", "DML", parse_query(blank(cursor.text, start, end)), target, columns=columns)


def _external(cursor: Cursor) -> Statement:
    def columns(start: int, end: int) -> tuple[tuple[str, str], ...]:
        parts = [part.split(None, 1) for part in split_top(cursor.text[start:end])]
        return tuple(
            (name.strip('`"').lower(), kind.split(" COMMENT ")[0].strip().lower()) for name, kind in parts
        )

    quiet = cursor.taken("IF", "NOT", "EXISTS")
    target = cursor.name()
    fields, partitions, location, options = columns(*cursor.inside()), (), "", {}
    while cursor.current is not None:
        if cursor.taken("PARTITIONED", "BY"):
            partitions = columns(*cursor.inside())  # type: ignore[assignment]
        elif cursor.taken("LOCATION"):
            location = cursor.string()
        elif cursor.taken("ROW", "FORMAT", "SERDE"):
            options["serde"] = cursor.string()
        elif cursor.taken("STORED", "AS"):
            options["format"] = cursor.step().text.upper()
        elif cursor.taken("WITH", "SERDEPROPERTIES") or cursor.taken("TBLPROPERTIES"):
            options.update(_properties(cursor))
        elif cursor.taken("COMMENT"):
            options["comment"] = cursor.string()
        else:
            cursor.refuse()
    return Statement(
        "CREATE_TABLE",
        "DDL",
        target=target,
        options=options,
        location=location,
        quiet=quiet,
        columns=fields,
        partitions=partitions,
    )


def _named(kind: str, type_: str = "DDL", guard: tuple[str, ...] = ()) -> Callable[[Cursor], Statement]:
    def rule(cursor: Cursor) -> Statement:
        quiet = bool(guard) and cursor.taken(*guard)
        return Statement(kind, type_, target=cursor.name(), quiet=quiet)

    return rule


def _shown(kind: str) -> Callable[[Cursor], Statement]:
    def rule(cursor: Cursor) -> Statement:
        target = cursor.name() if cursor.taken("IN") or cursor.taken("FROM") else None
        return Statement(kind, "DDL", target=target, pattern=_pattern(cursor))

    return rule


def _columns(cursor: Cursor) -> Statement:
    if not cursor.taken("IN") and not cursor.taken("FROM"):
        cursor.refuse()
    target = cursor.name()
    if cursor.taken("IN") or cursor.taken("FROM"):
        target = Name((*cursor.name().parts, *target.parts), target.at)
    return Statement("SHOW_COLUMNS", "DDL", target=target)


def _describe(cursor: Cursor) -> Statement:
    for word in ("TABLE", "EXTENDED", "FORMATTED"):
        cursor.taken(word)
    return Statement("DESCRIBE_TABLE", "DDL", target=cursor.name())


_RULES: tuple[tuple[tuple[str, ...], Callable[[Cursor], Statement]], ...] = (
    (("UNLOAD",), _unload),
    (("CREATE", "TABLE"), _create_table),
    (("CREATE", "EXTERNAL", "TABLE"), _external),
    (("CREATE", "DATABASE"), _named("CREATE_DATABASE", guard=("IF", "NOT", "EXISTS"))),
    (("CREATE", "SCHEMA"), _named("CREATE_DATABASE", guard=("IF", "NOT", "EXISTS"))),
    (("DROP", "TABLE"), _named("DROP_TABLE", guard=("IF", "EXISTS"))),
    (("DROP", "DATABASE"), _named("DROP_DATABASE", guard=("IF", "EXISTS"))),
    (("DROP", "SCHEMA"), _named("DROP_DATABASE", guard=("IF", "EXISTS"))),
    (("INSERT", "INTO"), _insert),
    (("SHOW", "TABLES"), _shown("SHOW_TABLES")),
    (("SHOW", "DATABASES"), _shown("SHOW_DATABASES")),
    (("SHOW", "SCHEMAS"), _shown("SHOW_DATABASES")),
    (("SHOW", "COLUMNS"), _columns),
    (("SHOW", "PARTITIONS"), _named("SHOW_PARTITIONS")),
    (("SHOW", "CREATE", "TABLE"), _named("SHOW_CREATE_TABLE")),
    (("MSCK", "REPAIR", "TABLE"), _named("MSCK_REPAIR")),
    (("DESCRIBE",), _describe),
    (("DESC",), _describe),
)
