"""Glue Data Quality rulesets, which moto lacks: kept and given back, not evaluated."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.glue.responses import GlueResponse


def _rulesets(self: Any) -> dict[str, dict[str, Any]]:
    backend = self.glue_backend
    if not hasattr(backend, "quality_rulesets"):
        backend.quality_rulesets = {}
    kept: dict[str, dict[str, Any]] = backend.quality_rulesets
    return kept


def _ruleset(self: Any) -> dict[str, Any]:
    name = self.parameters["Name"]
    try:
        return _rulesets(self)[name]
    except KeyError:
        raise JsonRESTError("EntityNotFoundException", f"Cannot find Data Quality Ruleset {name}") from None


def _now() -> float:
    return datetime.now(UTC).timestamp()


def create_data_quality_ruleset(self: Any) -> str:
    """Serve CreateDataQualityRuleset."""
    given = self.parameters
    name = given["Name"]
    if name in _rulesets(self):
        raise JsonRESTError("AlreadyExistsException", f"Another ruleset with the name {name} already exists")
    fields = ("Name", "Description", "Ruleset", "TargetTable", "DataQualitySecurityConfiguration")
    kept = {field: given[field] for field in fields if given.get(field) is not None}
    _rulesets(self)[name] = {**kept, "CreatedOn": _now(), "LastModifiedOn": _now()}
    arn = f"arn:{self.partition}:glue:{self.region}:{self.current_account}:dataQualityRuleset/{name}"
    self.glue_backend.tag_resource(arn, given.get("Tags"))
    return json.dumps({"Name": name})


def get_data_quality_ruleset(self: Any) -> str:
    """Serve GetDataQualityRuleset."""
    return json.dumps(_ruleset(self))


def update_data_quality_ruleset(self: Any) -> str:
    """Serve UpdateDataQualityRuleset."""
    given, kept = self.parameters, _ruleset(self)
    kept |= {field: given[field] for field in ("Description", "Ruleset") if given.get(field) is not None}
    kept["LastModifiedOn"] = _now()
    return json.dumps({field: kept[field] for field in ("Name", "Description", "Ruleset") if field in kept})


def delete_data_quality_ruleset(self: Any) -> str:
    """Serve DeleteDataQualityRuleset."""
    del _rulesets(self)[_ruleset(self)["Name"]]
    return "{}"


def list_data_quality_rulesets(self: Any) -> str:
    """Serve ListDataQualityRulesets."""
    listed = ("Name", "Description", "CreatedOn", "LastModifiedOn", "TargetTable")
    found = [{field: each[field] for field in listed if field in each} for each in _rulesets(self).values()]
    return json.dumps({"Rulesets": found})


CALLS = (
    create_data_quality_ruleset,
    get_data_quality_ruleset,
    update_data_quality_ruleset,
    delete_data_quality_ruleset,
    list_data_quality_rulesets,
)


def install() -> None:
    """Add the calls to Glue."""
    for call in CALLS:
        setattr(GlueResponse, call.__name__, call)
