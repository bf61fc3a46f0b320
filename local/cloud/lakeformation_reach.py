"""What a permission on one resource gives on another.

Owns the reach of grants: a table grant reaches its columns, an expression the databases, tables and columns whose
tags match, a location everything below it. Deliberately not here: whose grants count (lakeformation_authority), and
reading data, which the access evaluator of `governance` answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from governance.levels import Expression
from governance.snapshot_grants import (
    ColumnsRes,
    DatabaseRes,
    FilterRes,
    LocationRes,
    Resource,
    TableRes,
    TagPolicyRes,
    TagRes,
    actions_of,
)
from local.cloud.lakeformation_state import glue_columns, glue_database, state
from local.cloud.lakeformation_tags import TagBook

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reach:
    """Tags and columns of one catalog, for telling what a grant reaches."""

    tags: TagBook
    catalog: str
    region: str

    def gives(self, names: frozenset[str], held_on: Resource, target: Resource) -> frozenset[str]:
        """Which of `names`, held on one resource, count on `target`."""
        taken = names & (actions_of(target) | {"ALL"})
        if held_on == target:
            return taken
        match held_on, target:
            case TableRes(database, None), (
                TableRes(of, str()) | ColumnsRes(of) | FilterRes(of)
            ) if database == of:
                return taken
            case TableRes(database, str() as table), (
                ColumnsRes(of, named) | FilterRes(of, named)
            ) if (database, table) == (of, named):
                return taken
            case ColumnsRes(database, table), ColumnsRes(of, named) if (database, table) == (of, named):
                return taken if self._names(target) <= self._names(held_on) else NOTHING
            case ColumnsRes(database, table), TableRes(of, named) if (database, table) == (of, named):
                return frozenset({"DESCRIBE"}) if names else NOTHING
            case FilterRes(database, table), TableRes(of, named) if (database, table) == (of, named):
                return frozenset({"DESCRIBE"}) if names else NOTHING
            case TagPolicyRes(kind="DATABASE"), DatabaseRes(name):
                return taken if matches(held_on.expression, self.tags.effective((name,))) else NOTHING
            case TagPolicyRes(kind="TABLE"), TableRes(database, str() as table):
                return self._by_tags(taken, held_on.expression, database, table)
            case TagPolicyRes(kind="TABLE"), ColumnsRes(database, table):
                return taken if self._names(target) <= self._tagged(held_on.expression, database, table) else NOTHING
            case TagRes(key, values), TagRes(of, wanted) if key == of:
                return taken if set(wanted) <= set(values) else NOTHING
            case LocationRes(arn), LocationRes(below) if below.startswith(arn + "/"):
                return taken
            case _:
                return NOTHING

    def _by_tags(self, names: frozenset[str], expression: Expression, database: str, table: str) -> frozenset[str]:
        """On a table of which only some columns match, an expression leaves DESCRIBE alone (LFDG TBAC-notes)."""
        matched, every = self._tagged(expression, database, table), self.columns(database, table)
        if every and matched == every or matches(expression, self.tags.effective((database, table))):
            return names if matched == every else names & {"DESCRIBE"}
        return frozenset({"DESCRIBE"}) if matched and names else NOTHING

    def _tagged(self, expression: Expression, database: str, table: str) -> frozenset[str]:
        return frozenset(
            column
            for column in self.columns(database, table)
            if matches(expression, self.tags.effective((database, table, column)))
        )

    def _names(self, resource: Resource) -> frozenset[str]:
        assert isinstance(resource, ColumnsRes)
        if resource.included is not None:
            return frozenset(resource.included)
        return self.columns(resource.database, resource.table) - frozenset(resource.excluded)

    def columns(self, database: str, table: str) -> frozenset[str]:
        """Columns of a table as Glue has it now; none for a table that is not there."""
        found = glue_database(self.catalog, self.region, database).tables.get(table)
        return frozenset(column["Name"].lower() for column in glue_columns(found)) if found else frozenset()


def reach(catalog: str, region: str) -> Reach:
    """The reach of grants on a catalog."""
    return Reach(state(catalog, region).tags, catalog, region)


def matches(expression: Expression, tags: Mapping[str, str]) -> bool:
    """Whether tags satisfy an expression: AND over its keys, OR over the values of one."""
    return all(tags.get(key) in values for key, values in expression)

