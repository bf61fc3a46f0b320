"""What a data contract is to the mesh: frozen tables, columns and rules, without ODCS' many spellings.

Deliberately not here: how a contract is read (`read`) and what its rules mean (`rules`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from governance.contracts.types import GlueType


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One check on the data.

    A rule without `compare` is a *row rule*: each row that breaks it is quarantined. One with `compare` is a
    *batch rule*: the rows of a batch that break it are counted, and the batch is refused if the count fails
    the comparison.
    """

    name: str
    """What the rule asks for, readable: `amount: must be at least 250`."""

    check: str
    """`missing`, `invalid`, `minimum`, `maximum`, `above`, `below`, `min_length`, `max_length`, `min_items`,
    `max_items`, `unique_items`, `multiple`, `unique`, `rows` or `sql`."""

    columns: tuple[str, ...] = ()
    """Columns it looks at; several only for `unique`, none for `rows` and `sql`."""

    path: tuple[str, ...] = ()
    """Where in a nested column: field names, `[]` for each element of an array."""

    value: Any = None
    """What the check compares with, in plain JSON; literals of a column's type as text."""

    compare: tuple[tuple[str, Any], ...] = ()
    """Comparisons that must all hold, as (operator, value): `eq ne gt ge lt le between not_between`."""

    percent: bool = False
    """Whether the comparison is with the percentage of rows instead of their number."""

    warning: bool = False
    """Whether a breach is only reported (the contract's severity is info or warning)."""

    def to_json(self) -> dict[str, Any]:
        """The rule as the curation job reads it."""
        return {
            "name": self.name, "check": self.check, "columns": list(self.columns), "path": list(self.path),
            "value": self.value, "compare": [list(pair) for pair in self.compare], "percent": self.percent,
            "warning": self.warning,
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table, under the name it has in Glue."""

    name: str
    """Lower case, as Glue and Athena know it."""

    logical_type: str
    """ODCS logical type; the Glue type's name where the contract gives none."""

    type: GlueType
    """The type as a tree; `glue_type` is its text."""

    classification: str
    """Sensitivity level: the contract's, raised to that of nested fields; most restricted if it has none."""

    description: str = ""
    required: bool = False
    unique: bool = False
    primary_key: bool = False

    source: str
    """Name of the column in what the source system delivers (custom property `source`)."""

    codes: tuple[tuple[str, Any], ...] = ()
    """Source code -> value (custom property `codes`); empty where the source delivers values."""

    format: str = ""
    """strptime format of delivered dates and timestamps; empty for ISO 8601."""

    id: str = field(default="", compare=False)
    """ODCS id of the element, which stays when its name changes; empty where the contract gives none."""

    tags: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def glue_type(self) -> str:
        """Type in the Glue catalog, such as `decimal(12,2)`."""
        return str(self.type)

    @property
    def comment(self) -> str:
        """Column comment in the catalog: one line of at most 255 characters, Glue's limit."""
        text = " ".join(self.description.split())
        return text if len(text) <= 255 else f"{text[:254]}…"


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of a data product."""

    name: str
    description: str = ""
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    """Names of the key columns, by their position in the key."""

    rules: tuple[Rule, ...] = ()
    """Rules on the table as a whole: row counts, keys over several columns, SQL."""

    notes: tuple[str, ...] = ()
    """What the contract says about quality in words or for other engines: kept, not checked."""

    custom: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """Custom properties of the schema object."""

    delimiter: str = ","
    encoding: str = "utf-8"

    id: str = field(default="", compare=False)
    """ODCS id of the schema object; empty where the contract gives none."""

    @property
    def all_rules(self) -> tuple[Rule, ...]:
        """Rules of the columns, then those of the table, each once and under a name of its own."""
        named: dict[str, Rule] = {}
        for rule in (*(rule for column in self.columns for rule in column.rules), *self.rules):
            name, count = rule.name, 1
            while name in named and replace(named[name], name="") != replace(rule, name=""):
                count += 1
                name = f"{rule.name} ({count})"
            named.setdefault(name, replace(rule, name=name))
        return tuple(named.values())

    def column(self, name: str) -> Column:
        """Column by name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True, kw_only=True)
class Contract:
    """One version of a data product's contract."""

    id: str
    product: str
    version: str
    status: str = ""
    domain: str = ""
    owner: str = ""
    description: str = ""
    database: str
    """Glue database of the product."""

    tables: tuple[Table, ...]
    tags: tuple[str, ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """Custom properties of the contract."""

    file: str = field(default="", compare=False)
    """File it was read from, for messages."""

    doubts: tuple[str, ...] = field(default=(), compare=False)
    """What was read otherwise than it may have been meant: one line each, with file and key."""

    def table(self, name: str) -> Table:
        """Table by name; KeyError if there is none."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)

    def to_job_spec(self) -> dict[str, Any]:
        """All that the curation job needs to know, in plain JSON: no YAML, and none of our packages there.

        Returns
        -------
        dict
            `contract` (id, product, version) and `tables`: name -> name, delimiter, encoding, key, columns
            (name, source, type tree, glue_type, required, codes or null, format) and rules (see
            :class:`Rule`).
        """
        return {
            "contract": {"id": self.id, "product": self.product, "version": self.version},
            "tables": {table.name: _table_spec(table) for table in self.tables},
        }


def _table_spec(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "delimiter": table.delimiter,
        "encoding": table.encoding,
        "key": list(table.primary_key),
        "columns": [
            {
                "name": column.name,
                "source": column.source,
                "type": column.type.to_json(),
                "glue_type": column.glue_type,
                "required": column.required or column.primary_key,
                "codes": dict(column.codes) or None,
                "format": column.format,
            }
            for column in table.columns
        ],
        "rules": [rule.to_json() for rule in table.all_rules],
    }
