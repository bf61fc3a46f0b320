"""The first data product: its contract and the true data beside it."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from open_data_contract_standard.model import OpenDataContractStandard

from governance.contracts import Contract, catalog_parameters, load_contract

ROOT = Path(__file__).parent.parent.parent
FILE = ROOT / "contracts" / "credit-card.odcs.yaml"
DATA = ROOT / "contracts" / "data" / "credit-card" / "credit_card"
FEATURES = (
    "status",
    "duration",
    "credit_history",
    "purpose",
    "amount",
    "savings",
    "employment_duration",
    "installment_rate",
    "personal_status_sex",
    "other_debtors",
    "present_residence",
    "property",
    "age",
    "other_installment_plans",
    "housing",
    "number_credits",
    "job",
    "people_liable",
    "telephone",
    "foreign_worker",
)


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(FILE)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (DATA / "credit_card.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_public_model_accepts_it_and_gives_it_back_unchanged():
    model = OpenDataContractStandard.from_file(str(FILE))
    assert OpenDataContractStandard.from_string(model.to_yaml()) == model


def test_it_describes_the_key_twenty_features_and_the_outcome(contract):
    assert (contract.product, contract.database, contract.domain) == (
        "credit-card",
        "credit-card",
        "consumer-banking",
    )
    table = contract.table("credit_card")
    assert [column.name for column in table.columns] == ["application_id", *FEATURES, "credit_risk"]
    assert table.primary_key == ("application_id",)
    assert table.column("credit_risk").glue_type == "int"


def test_protected_attributes_are_restricted_and_money_is_confidential(contract):
    levels = {column.name: column.classification for column in contract.tables[0].columns}
    assert {name for name, level in levels.items() if level == "restricted"} == {
        "personal_status_sex",
        "age",
        "foreign_worker",
    }
    assert {levels[name] for name in ("status", "savings", "amount", "credit_risk")} == {"confidential"}
    assert levels["application_id"] == "internal"


def test_it_says_who_answers_for_it_and_every_column_says_what_it_is(contract):
    assert contract.owner == "consumer-banking-data"
    parameters = catalog_parameters(contract, contract.tables[0])
    assert (parameters["owner"], parameters["contract_version"]) == (
        "consumer-banking-data",
        contract.version,
    )
    assert parameters["sensitivity_levels"] == "confidential 7, internal 12, restricted 3"
    assert all(column.description for column in contract.tables[0].columns)


def test_it_has_rules_on_rows_and_on_the_batch(contract):
    rules = contract.tables[0].all_rules
    assert {rule.check for rule in rules if rule.compare} == {"rows", "missing", "sql"}
    assert len([rule for rule in rules if not rule.compare]) > 30


def test_every_column_of_the_delivery_is_in_the_contract_in_the_same_order(contract, rows):
    assert list(rows[0]) == [column.source for column in contract.tables[0].columns]


def test_the_delivery_is_the_known_data_untouched(rows):
    assert len(rows) == 1000
    assert Counter(row["kredit"] for row in rows) == {"1": 700, "2": 300}
    assert Counter(row["laufkont"] for row in rows) == {"A11": 274, "A12": 269, "A13": 63, "A14": 394}
    assert sum(int(row["hoehe"]) for row in rows) == 3_271_258, "sum of the amounts known from the literature"
    assert list(rows[0].values())[:6] == ["A-000001", "A11", "6", "A34", "A43", "1169"]
    assert [row["antragsnr"] for row in rows] == [f"A-{number:06d}" for number in range(1, 1001)]


def test_the_codes_cover_all_that_is_delivered(contract, rows):
    coded = [column for column in contract.tables[0].columns if column.codes]
    assert len(coded) == 14
    for column in coded:
        assert {row[column.source] for row in rows} <= set(dict(column.codes)), column.name


def test_source_and_licence_stand_beside_the_data():
    text = (DATA / "README.md").read_text(encoding="utf-8")
    assert "10.24432/C5NC77" in text
    assert "CC BY 4.0" in text
    assert "application number of our own making" in text
