"""LF-tags over the wire: defining them, putting them on resources, finding by them.

Deliberately not here: keeping tags (tags) and what they open (governance).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.glue.models import glue_backends

from governance.access.tags import matches
from governance.snapshot.grants import CatalogRes, ColumnsRes, DatabaseRes, Resource, TableRes, TagRes
from local.cloud.lakeformation.authority import allowed, check_tag
from local.cloud.lakeformation.checks import check_exists
from local.cloud.lakeformation.errors import LakeError, insufficient, invalid
from local.cloud.lakeformation.grant_api import LakeCall, page
from local.cloud.lakeformation.shapes import parse
from local.cloud.lakeformation.state import glue_columns, glue_table, state
from local.cloud.lakeformation.tags import Target


class TagCalls(LakeCall):
    """The calls about LF-tags."""

    def create_lf_tag(self) -> str:
        """Serve CreateLFTag."""
        self._may_define()
        document = self.document
        tags = state(self.catalog, self.region).tags
        tags.define(document["TagKey"], document["TagValues"], self.caller.arn)
        return "{}"

    def get_lf_tag(self) -> str:
        """Serve GetLFTag."""
        key = self.document["TagKey"]
        values = state(self.catalog, self.region).tags.values(key)
        return json.dumps({"CatalogId": self.catalog, "TagKey": key.lower(), "TagValues": values})

    def list_lf_tags(self) -> str:
        """Serve ListLFTags."""
        defined = state(self.catalog, self.region).tags.defined
        tags = [
            {"CatalogId": self.catalog, "TagKey": key, "TagValues": values} for key, values in defined.items()
        ]
        return json.dumps(page(self.document, "LFTags", tags))

    def update_lf_tag(self) -> str:
        """Serve UpdateLFTag."""
        self._may_define(self.document["TagKey"])
        document = self.document
        state(self.catalog, self.region).tags.change(
            document["TagKey"], document.get("TagValuesToAdd") or (), document.get("TagValuesToDelete") or ()
        )
        return "{}"

    def delete_lf_tag(self) -> str:
        """Serve DeleteLFTag."""
        self._may_define(self.document["TagKey"])
        state(self.catalog, self.region).tags.drop(self.document["TagKey"])
        return "{}"

    def _may_define(self, key: str = "") -> None:
        """Administrators, holders of CREATE_LF_TAG, and for a tag that exists holders of ALTER on it."""
        tags = state(self.catalog, self.region).tags
        known = TagRes(key, tuple(tags.values(key))) if key else None
        resource, permission = (known, "ALTER") if known else (CatalogRes(), "CREATE_LF_TAG")
        if not allowed(self.caller, self.region, self.catalog, resource, permission):
            raise insufficient(f"{self.caller.arn} may not define LF-tags in catalog {self.catalog}")

    def add_lf_tags_to_resource(self) -> str:
        """Serve AddLFTagsToResource: a tag replaces the value under its key and leaves other keys alone."""
        return self._each_tag("assign")

    def remove_lf_tags_from_resource(self) -> str:
        """Serve RemoveLFTagsFromResource."""
        return self._each_tag("remove")

    def _each_tag(self, act: str) -> str:
        catalog, resource, targets = self._targets()
        tags, failures = state(catalog, self.region).tags, []
        for pair in self.document.get("LFTags") or []:
            try:
                if len(pair["TagValues"]) != 1:
                    raise invalid("A resource takes exactly one value of a tag.")
                key, value = pair["TagKey"], pair["TagValues"][0]
                tags.check(key, [value])
                check_tag(self.caller, self.region, catalog, resource, TagRes(key, (value,)))
                for target in targets:
                    if act == "assign":
                        tags.assign(target, key, value)
                    else:
                        tags.remove(target, key)
            except LakeError as problem:
                failures.append({"LFTag": {"CatalogId": catalog, **pair}, "Error": problem.failure()})
        return json.dumps({"Failures": failures})

    def _targets(self) -> tuple[str, Resource, list[Target]]:
        catalog, resource = parse(self.document["Resource"], self.catalog)
        check_exists(self.region, catalog, resource)
        return catalog, resource, _targets(self.region, catalog, resource)

    def get_resource_lf_tags(self) -> str:
        """Serve GetResourceLFTags, with what is inherited unless the assigned tags alone are asked for."""
        catalog, _, targets = self._targets()
        tags = state(catalog, self.region).tags
        read = tags.on if self.document.get("ShowAssignedLFTags") else tags.effective
        columns: list[Target] = [target for target in targets if len(target) == 3]
        answer: dict[str, Any] = {"LFTagOnDatabase": _pairs(catalog, tags.on(targets[0][:1]))}
        if len(targets[0]) > 1:
            table = targets[0][:2]
            answer["LFTagsOnTable"] = _pairs(catalog, read(table))
            if not columns:
                every = glue_columns(glue_table(catalog, self.region, table[0], table[1]))
                columns = [(*table, column["Name"].lower()) for column in every]
            answer["LFTagsOnColumns"] = [
                {"Name": column[2], "LFTags": _pairs(catalog, read(column))}
                for column in columns
                if read(column)
            ]
        return json.dumps(answer)

    def search_databases_by_lf_tags(self) -> str:
        """Serve SearchDatabasesByLFTags."""
        tags, expression = state(self.catalog, self.region).tags, self._expression()
        found = [
            {
                "Database": {"CatalogId": self.catalog, "Name": name},
                "LFTags": _pairs(self.catalog, tags.effective((name,))),
            }
            for name in list(glue_backends[self.catalog][self.region].databases)
            if matches(expression, tuple(tags.effective((name,)).items()))
        ]
        return json.dumps(page(self.document, "DatabaseList", found))

    def search_tables_by_lf_tags(self) -> str:
        """Serve SearchTablesByLFTags: tables of which the table itself or a column matches."""
        tags, expression, found = state(self.catalog, self.region).tags, self._expression(), []
        for database in list(glue_backends[self.catalog][self.region].databases.values()):
            for table in list(database.tables.values()):
                where = (database.name, table.name)
                columns = [(*where, column["Name"].lower()) for column in glue_columns(table)]
                if not any(
                    matches(expression, tuple(tags.effective(target).items())) for target in (where, *columns)
                ):
                    continue
                name = {"CatalogId": self.catalog, "DatabaseName": where[0], "Name": where[1]}
                found.append(
                    {
                        "Table": name,
                        "LFTagOnDatabase": _pairs(self.catalog, tags.on(where[:1])),
                        "LFTagsOnTable": _pairs(self.catalog, tags.effective(where)),
                        "LFTagsOnColumns": [
                            {"Name": column[2], "LFTags": _pairs(self.catalog, tags.effective(column))}
                            for column in columns
                        ],
                    }
                )
        return json.dumps(page(self.document, "TableList", found))

    def _expression(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        pairs = self.document["Expression"]
        return tuple(
            (pair["TagKey"].lower(), tuple(value.lower() for value in pair["TagValues"])) for pair in pairs
        )


def _targets(region: str, catalog: str, resource: Resource) -> list[Target]:
    match resource:
        case DatabaseRes(name):
            return [(name,)]
        case TableRes(database, str() as table):
            return [(database, table)]
        case ColumnsRes(database, table, included, excluded):
            every = [
                column["Name"].lower()
                for column in glue_columns(glue_table(catalog, region, database, table))
            ]
            chosen = included if included is not None else [name for name in every if name not in excluded]
            return [(database, table, name) for name in chosen]
        case _:
            raise invalid("LF-tags go on a database, a table or columns.")


def _pairs(catalog: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"CatalogId": catalog, "TagKey": key, "TagValues": [value]} for key, value in sorted(tags.items())
    ]
