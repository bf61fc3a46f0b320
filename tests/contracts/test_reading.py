"""Whatever the public model of the standard accepts becomes a contract."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard

from governance.contracts import (
    Contract,
    catalog_parameters,
    column_parameters,
    load_contract,
    parse_contract,
)
from governance.contracts.read import load_named
from governance.errors import MeshError
from tests.contracts.texts import FILE, FULL, column, read, text

LOGICAL = ("string", "integer", "number", "boolean", "date", "timestamp", "time", "object", "array", "map")
PHYSICAL = (
    "varchar(40)",
    "decimal(18,4)",
    "smallint",
    "float",
    "char(2)",
    "struct<a:int,b:array<string>>",
    "binary",
)
VERSIONS = ("v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0", "v3.2.0")


@pytest.fixture(scope="module")
def full() -> Contract:
    return parse_contract(FULL, FILE)


def test_the_full_contract_is_one_for_the_public_model_too():
    assert OpenDataContractStandard.from_string(FULL).dataProduct == "sellers"


def test_a_contract_with_everything_in_it_loads(full):
    assert (full.id, full.product, full.version, full.status, full.domain) == (
        "53581432-6c55-4ba2-a65f-72344a91553a",
        "sellers",
        "2.1.0",
        "deprecated",
        "sales",
    )
    assert full.database == "sellers"
    assert full.owner == "sellers-team"
    assert full.description == "Views built on top of the seller tables. Predict sales over time. No returns."
    assert full.tags == ("finance", "eu")
    assert [table.name for table in full.tables] == ["tbl_1", "receivers"]


def test_columns_carry_names_types_levels_and_sources(full):
    found = [
        (one.name, one.glue_type, one.classification, one.source, one.required)
        for one in full.tables[0].columns
    ]
    assert found == [
        ("transaction_reference_date", "date", "public", "txn_ref_dt", False),
        ("rcvr_id", "varchar(18)", "restricted", "Rcvr-Id", True),
        ("channel", "string", "restricted", "channel", False),
    ], "the physical name is the column's, measures are no columns, no classification means most restricted"


def test_a_key_follows_its_positions_and_is_unique_as_a_whole(full):
    table = full.tables[0]
    assert table.primary_key == ("rcvr_id", "transaction_reference_date")
    keys = [rule for rule in table.rules if rule.check == "unique"]
    assert [rule.columns for rule in keys] == [("rcvr_id", "transaction_reference_date")]
    assert keys[0].name == "rcvr_id: must be unique together with transaction_reference_date"


def test_words_and_other_engines_are_kept_as_notes(full):
    assert full.tables[0].notes == (
        "channel: The channel as the customer says",
        "tbl_1: no description (for greatExpectations, not checked here)",
    )


def test_how_the_delivery_is_written_comes_from_the_table(full):
    assert (full.tables[0].delimiter, full.tables[1].delimiter) == ("\t", ",")
    assert full.tables[0].columns[0].format == "%d.%m.%Y"


def test_what_is_not_there_is_reported_by_name(full):
    assert full.table("receivers").column("id").glue_type == "string"
    with pytest.raises(KeyError):
        full.table("sellers")
    with pytest.raises(KeyError):
        full.table("receivers").column("name")


def test_the_jobs_specification_is_plain_json_and_complete(full):
    spec = full.to_job_spec()
    assert json.loads(json.dumps(spec)) == spec
    assert spec["contract"] == {"id": full.id, "product": "sellers", "version": "2.1.0"}
    table = spec["tables"]["tbl_1"]
    assert table["key"] == ["rcvr_id", "transaction_reference_date"]
    assert table["columns"][0] == {
        "name": "transaction_reference_date",
        "source": "txn_ref_dt",
        "type": {"kind": "date"},
        "glue_type": "date",
        "required": True,
        "codes": None,
        "format": "%d.%m.%Y",
    }, "a column of the key is required"
    assert [rule["name"] for rule in table["rules"]] == [
        "transaction_reference_date: must not be null",
        "transaction_reference_date: must be at least 2000-01-01",
        "rcvr_id: must not be null",
        "rcvr_id: must have at most 18 characters",
        "channel: must be one of web, shop",
        'tbl_1: SELECT count(*) FROM "tbl_1" WHERE "channel" IS NULL must be less than 36',
        "rcvr_id: must be unique together with transaction_reference_date",
        "tbl_1: number of rows must be greater than 1000000",
        "tbl_1: number of rows must be greater than 5",
    ]


def test_the_catalog_says_who_owns_what_and_how_sensitive_it_is(full):
    parameters = catalog_parameters(full, full.tables[0])
    assert parameters == {
        "EXTERNAL": "TRUE",
        "classification": "parquet",
        "data_product": "sellers",
        "domain": "sales",
        "owner": "sellers-team",
        "contract_id": full.id,
        "contract_version": "2.1.0",
        "contract_status": "deprecated",
        "description": full.description,
        "primary_key": "rcvr_id,transaction_reference_date",
        "sensitivity_levels": "public 1, restricted 2",
        "quality_rules": "9",
    }
    assert column_parameters(full.tables[0].columns[1]) == {"source": "Rcvr-Id", "sensitivity": "restricted"}


def test_empty_facts_make_no_parameter():
    contract = read()
    parameters = catalog_parameters(contract, contract.tables[0])
    assert not {"owner", "domain", "description", "primary_key"} & set(parameters)


def test_a_long_description_fits_glues_comment():
    found = read([column(description="word " * 100)]).tables[0].columns[0]
    assert len(found.comment) == 255
    assert found.comment.endswith("…")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_three_of_the_standard_is_read(version):
    assert read(apiVersion=version).product == "orders"


MEMBER = {"username": "ann", "role": "Data Scientist"}
TEAMS = {
    "a team by name": ({"name": "order-desk", "members": [MEMBER]}, None, "order-desk"),
    "a list of members (3.0)": ([MEMBER, {"username": "bob", "role": "Data Owner"}], None, "bob"),
    "members without name": ({"members": [MEMBER]}, None, "ann"),
    "a member with a name only": ([{"name": "Ann"}], None, "Ann"),
    "an empty team": ({}, None, ""),
    "no team": (None, None, ""),
    "a custom property": (
        [MEMBER],
        [{"property": "owner", "value": "orders@example.com"}],
        "orders@example.com",
    ),
}


@pytest.mark.parametrize(("team", "custom", "owner"), TEAMS.values(), ids=TEAMS.keys())
def test_the_owner_is_found_in_every_form_of_team(team, custom, owner):
    assert read(team=team, customProperties=custom).owner == owner


def test_the_most_sensitive_field_of_a_nested_column_decides():
    def nested(level):
        leaf = {
            "name": "a",
            "logicalType": "array",
            "items": {"logicalType": "string", "classification": level},
        }
        return column("object", classification="internal", properties=[leaf])

    assert read([nested("confidential")]).tables[0].columns[0].classification == "confidential"
    assert read([nested("public")]).tables[0].columns[0].classification == "internal"


def test_forty_columns_of_any_type_load_and_go_to_the_job():
    properties = []
    for number in range(40):
        logical = LOGICAL[number % len(LOGICAL)]
        prop = {
            "name": f"Column_{number}",
            "logicalType": logical,
            "required": number % 3 == 0,
            "unique": number % 7 == 0,
        }
        if number % 4 == 1:
            prop["physicalType"] = PHYSICAL[number // 4 % len(PHYSICAL)]
        if logical == "object":
            prop["properties"] = [{"name": "Part", "logicalType": "object", "properties": [column("date")]}]
        if logical == "array":
            prop["items"] = {
                "logicalType": "object",
                "properties": [column("number"), {"name": "y", "logicalType": "time"}],
            }
        properties.append(prop)
    tables = [{"name": name, "properties": properties} for name in ("first", "second")]
    contract = parse_contract(text(schema=tables), FILE)
    assert [len(table.columns) for table in contract.tables] == [40, 40]
    assert len({one.glue_type for one in contract.tables[0].columns}) >= 12, "many types indeed"
    assert json.dumps(contract.to_job_spec())
    names = [rule.name for rule in contract.tables[0].all_rules]
    assert len(names) == len(set(names)), "counts are kept by the rules' names"


def test_keys_that_the_public_model_lets_pass_are_let_pass():
    assert OpenDataContractStandard.from_string(text([column(vendorKey=1)]))
    assert read([column(vendorKey=1)]).tables[0].columns


def test_what_the_public_model_writes_is_read_the_same(full):
    again = OpenDataContractStandard.from_string(FULL).to_yaml()
    assert yaml.safe_load(again)["id"] == full.id
    assert parse_contract(again, FILE) == full


def test_levels_of_another_mesh_are_read_where_only_words_count(tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(text([column("string", classification="Team-Only"), column("string", name="other")]))
    with pytest.raises(MeshError, match="is no sensitivity level"):
        load_contract(path)
    assert load_named(path).tables[0].columns[0].classification == "team-only"
    with pytest.raises(MeshError, match="no such contract file"):
        load_named(tmp_path / "none.yaml")
