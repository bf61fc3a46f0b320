"""`mesh:features` in a stack file: sensible defaults, and one line for every mistake."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import claims
import pytest
import yaml
from features_case import FEATURES, _config, project

from governance.contracts import parse_contract
from governance.errors import MeshError
from governance.features import FeatureGroup, feature_kind, physical_name
from governance.features.agreement import check_features
from governance.levels import DEFAULT_LEVELS
from governance.names import Names
from governance.settings import ConsumerSettings, Share
from governance.settings.agreement import check_agreement
from governance.settings.load import load_settings
from mesh.project import Project

CONTRACT = "contracts/motor-claims.odcs.yaml"


def settings(
    folder: Path, features: Any, *, contract: dict[str, Any] | None = None, **more: Any
) -> ConsumerSettings:
    claims.write_contract(folder, **(contract or {}))
    shipped = {key[5:]: value for key, value in _config("consumer").items() if key.startswith("mesh:")}
    subscription = {"lob": claims.DOMAIN, "clearance": "restricted"}
    values = {
        **shipped,
        "subscriptions": {claims.PRODUCT: subscription},
        "features": features,
        **more,
    }
    for other in ("production", "pipeline"):
        values.pop(other, None)
    text = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in values.items()
        if value is not None
    }
    found = load_settings(text, "Pulumi.consumer.yaml", folder, dt.date(2026, 11, 1))
    assert isinstance(found, ConsumerSettings)
    return found


def group(folder: Path, entry: dict[str, Any], **more: Any) -> FeatureGroup:
    (made,) = settings(
        folder, {"claims": {"product": claims.PRODUCT, "contract": CONTRACT, **entry}}, **more
    ).features
    return made


def test_without_the_key_there_is_no_feature_group(tmp_path: Path) -> None:
    assert settings(tmp_path, None).features == ()


def test_a_contract_alone_is_enough(tmp_path: Path) -> None:
    (made,) = settings(tmp_path, {claims.PRODUCT: {"contract": CONTRACT}}).features
    assert (made.product, made.table, made.record_id) == (claims.PRODUCT, claims.TABLE, "claim_no")
    assert (made.role, made.clearance, made.online) == ("pipeline", "confidential", False)
    assert made.ingestion_time, "no event time was named"
    assert made.event_time == "event_time"
    assert {feature.name for feature in made.features} == {*claims.FEATURES, "event_time"}


def test_nothing_above_the_ingesting_roles_clearance_enters(tmp_path: Path) -> None:
    for role, clearance in (("pipeline", "confidential"), ("auditor", "restricted")):
        made = group(tmp_path, {"role": role})
        held = {feature.name for feature in made.features}
        assert (held >= claims.RESTRICTED) is (clearance == "restricted"), role
        assert made.level(DEFAULT_LEVELS) == clearance


def test_the_share_bounds_what_enters_as_well(tmp_path: Path) -> None:
    subscriptions = {claims.PRODUCT: {"lob": claims.DOMAIN, "clearance": "internal"}}
    made = group(tmp_path, {"role": "auditor"}, subscriptions=subscriptions)
    assert made.clearance == "internal", "the lower of the two"
    assert {"amount", "fraud", "postcode"}.isdisjoint(feature.name for feature in made.features)
    assert made.readable_online("public", DEFAULT_LEVELS) is False
    assert made.readable_online("internal", DEFAULT_LEVELS) is True


def test_named_columns_bring_record_identifier_and_event_time_along(tmp_path: Path) -> None:
    made = group(tmp_path, {"columns": ["vehicle"], "eventTime": "filed_at"})
    assert [feature.name for feature in made.features] == ["claim_no", "filed_at", "vehicle"]


def test_a_group_goes_with_its_subscription(tmp_path: Path) -> None:
    ended = {claims.PRODUCT: {"lob": claims.DOMAIN, "clearance": "restricted", "until": "2026-10-31"}}
    assert settings(tmp_path, FEATURES, subscriptions=ended).features == ()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"contract": "contracts/none.yaml"}, "contracts/none.yaml"),
    ({"table": "claim"}, "did you mean 'claims'?"),
    ({"recordIdentifier": "claim"}, "no column 'claim'"),
    ({"eventTime": "vehicle"}, "an event time is a date or timestamp"),
    ({"eventTime": "insured_since"}, "is not required"),
    ({"columns": ["vehicles"]}, "did you mean 'vehicle'?"),
    ({"columns": ["vehicle", "vehicle"]}, "twice"),
    ({"columns": ["postcode"]}, "'postcode' is restricted and role 'pipeline' reads up to confidential"),
    ({"recordIdentifier": "postcode"}, "'postcode' is restricted"),
    ({"columns": ["photos"]}, "which no feature can hold"),
    ({"role": "pipelin"}, "did you mean 'pipeline'?"),
    ({"online": "yes"}, "true or false"),
    ({"product": "motor-claim"}, "did you mean 'motor-claims'?"),
    ({"tables": "claims"}, "'tables' is not known here; did you mean 'table'?"),
    ({"contract": None}, "contract"),
]


@pytest.mark.parametrize(("entry", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_mistake_is_one_line_with_file_and_key(tmp_path: Path, entry: dict[str, Any], said: str) -> None:
    with pytest.raises(MeshError) as caught:
        group(tmp_path, entry)
    line = str(caught.value)
    assert said in line
    assert "\n" not in line
    assert "mesh:features.claims" in line or "none.yaml" in line


def test_a_key_of_several_columns_must_be_decided(tmp_path: Path) -> None:
    columns = [
        {**column, "primaryKey": column["name"] in ("claim_no", "vehicle"), "required": True}
        for column in claims.COLUMNS
    ]
    for position, column in enumerate((columns[0], columns[2]), 1):
        column["primaryKeyPosition"] = position
    schema = {"schema": [{"name": claims.TABLE, "logicalType": "object", "properties": columns}]}
    with pytest.raises(MeshError, match="key of 2 columns; name one column as recordIdentifier"):
        group(tmp_path, {}, contract=schema)


def test_a_column_called_like_the_made_event_time_must_be_decided(tmp_path: Path) -> None:
    columns = [
        {**column, "name": "event_time"} if column["name"] == "vehicle" else column
        for column in claims.COLUMNS
    ]
    schema = {"schema": [{"name": claims.TABLE, "logicalType": "object", "properties": columns}]}
    with pytest.raises(MeshError, match="has a column 'event_time'"):
        group(tmp_path, {}, contract=schema)


@pytest.mark.parametrize("name", ["write_time", "is_deleted", "_first", "last_", "x" * 65])
def test_a_column_whose_name_feature_store_refuses_stays_out(tmp_path: Path, name: str) -> None:
    columns = [
        {**column, "name": name} if column["name"] == "vehicle" else column for column in claims.COLUMNS
    ]
    schema = {"schema": [{"name": claims.TABLE, "logicalType": "object", "properties": columns}]}
    assert name not in {feature.name for feature in group(tmp_path, {}, contract=schema).features}
    with pytest.raises(MeshError, match="Feature Store refuses"):
        group(tmp_path, {"columns": [name]}, contract=schema)


def test_a_filtered_share_needs_its_columns_named(tmp_path: Path) -> None:
    subscriptions = {
        claims.PRODUCT: {"lob": claims.DOMAIN, "clearance": "restricted", "filteredTables": [claims.TABLE]}
    }
    with pytest.raises(MeshError, match="shared through filters"):
        group(tmp_path, {}, subscriptions=subscriptions)
    assert group(tmp_path, {"columns": ["vehicle"]}, subscriptions=subscriptions).features


@pytest.mark.parametrize(
    ("glue", "kind"),
    [("tinyint", "Integral"), ("bigint", "Integral"), ("boolean", "Integral"), ("float", "Fractional"),
     ("decimal(10,2)", "Fractional"), ("varchar(20)", "String"), ("date", "String"), ("timestamp", "String"),
     ("array<int>", None), ("struct<a:int>", None), ("map<string,int>", None), ("binary", None)],
)  # fmt: skip
def test_feature_types_follow_the_contracts(glue: str, kind: str | None) -> None:
    assert feature_kind(glue) == kind


def test_physical_names_fit_and_stay_apart() -> None:
    names = Names(namespace="mesh")
    long = [physical_name(names, "c" * 39, f"{'g' * 38}{end}") for end in "ab"]
    assert all(len(name) <= 64 for name in long), "SageMaker's limit"
    assert len(set(long)) == 2


SHARE = Share(consumer="ml-coe", account_id="333344445555", clearance="restricted")


def lob_contract(**more: Any) -> Any:
    return parse_contract(yaml.safe_dump(claims.contract(**more)), "contract.yaml")


def reclassified(name: str, level: str) -> dict[str, Any]:
    columns = [
        {**column, "classification": level} if column["name"] == name else column for column in claims.COLUMNS
    ]
    return {"schema": [{"name": claims.TABLE, "logicalType": "object", "properties": columns}]}


def test_groups_agree_with_the_contract_they_were_made_from(tmp_path: Path) -> None:
    check_features([group(tmp_path, {})], lob_contract(), SHARE, DEFAULT_LEVELS, "Pulumi.consumer.yaml")


@pytest.mark.parametrize(
    ("contract", "share", "said"),
    [
        ({"version": "1.5.0"}, SHARE, "made from contract 1.4.0, and the LoB publishes 1.5.0"),
        (reclassified("vehicle", "confidential"), SHARE, "'vehicle' is public here and confidential"),
        ({}, Share(consumer="ml-coe", account_id="333344445555", clearance="restricted",
                   columns=("claim_no", "fraud")), "is not shared"),
    ],
)  # fmt: skip
def test_a_group_more_open_than_its_source_is_refused(
    tmp_path: Path, contract: dict[str, Any], share: Share, said: str
) -> None:
    with pytest.raises(MeshError, match=r"mesh:features\.claims") as caught:
        check_features(
            [group(tmp_path, {})], lob_contract(**contract), share, DEFAULT_LEVELS, "Pulumi.consumer.yaml"
        )
    assert said in str(caught.value)


def test_the_stack_files_of_a_project_are_held_against_each_other(tmp_path: Path) -> None:
    folder = project(tmp_path / "mesh")
    check_agreement(Project(folder).stacks)
    other = {**claims.contract(version="9.0.0")}
    (folder / "contracts" / "copy.odcs.yaml").write_text(yaml.safe_dump(other), encoding="utf-8")
    path = folder / "Pulumi.consumer.yaml"
    path.write_text(path.read_text().replace(CONTRACT, "contracts/copy.odcs.yaml"), encoding="utf-8")
    with pytest.raises(MeshError, match=r"made from contract 9\.0\.0"):
        _ = Project(folder).stacks
