"""A contract may call things as it likes: the catalog's names are made of them, and a note says so."""

from __future__ import annotations

import pytest

from governance.contracts import parse_contract
from governance.errors import MeshError
from tests.contracts.texts import FILE, read, text


@pytest.mark.parametrize(
    ("names", "product"),
    [
        ({"dataProduct": "orders"}, "orders"),
        ({"dataProduct": "my_quantum"}, "my-quantum"),
        ({"dataProduct": "Orders & Returns"}, "orders-returns"),
        ({"dataProduct": None, "name": "Größe der Aufträge"}, "grosse-der-auftrage"),
        ({"dataProduct": None, "name": "2026 Sales"}, "p-2026-sales"),
        ({"dataProduct": "訂單", "name": "Orders"}, "orders"),
        ({"dataProduct": None, "id": "urn:datacontract:shop:orders-latest"}, "orders-latest"),
        ({"dataProduct": None, "id": "53581432-6c55-4ba2-a65f-72344a91553a"}, "p-53581432-6c55-4ba2-a65f-72344a91553a"),
        ({"dataProduct": "o" * 60}, "o" * 39),
        ({"dataProduct": "o" * 38 + "-x"}, "o" * 38),
    ],
)  # fmt: skip
def test_any_name_of_the_standard_becomes_a_product_name(names, product):
    contract = read(**names)
    assert contract.product == product
    told = [doubt for doubt in contract.doubts if f"'{product}'" in doubt and doubt.startswith(FILE)]
    assert len(told) == (0 if names.get("dataProduct") == product else 1), "a made name is told"


def test_tables_columns_and_fields_with_other_signs_get_names_that_athena_takes():
    inner = {"name": "Post-Code", "logicalType": "string"}
    columns = [
        {"name": "Order Date", "logicalType": "date"},
        {"name": "order-id", "physicalName": "[ORDER ID]", "logicalType": "string"},
        {"name": "Größe (cm)", "logicalType": "number"},
        {"name": "ship.to", "logicalType": "object", "properties": [inner]},
    ]
    contract = read(columns, {"name": "Web Orders"})
    (table,) = contract.tables
    assert table.name == "web_orders"
    assert [column.name for column in table.columns] == ["order_date", "order_id", "grosse_cm", "ship_to"]
    assert [column.source for column in table.columns] == ["Order Date", "order-id", "Größe (cm)", "ship.to"]
    assert table.columns[3].glue_type == "struct<post_code:string>"
    assert len(contract.doubts) == 6, contract.doubts
    assert (
        f"{FILE}: schema[0].properties[3].properties[0].name: 'Post-Code' is called post_code"
        in contract.doubts[-1]
    )


def test_a_physical_name_that_fits_is_taken_without_a_word():
    contract = read([{"name": "Order Date", "physicalName": "ORD_DT", "logicalType": "date"}])
    assert contract.tables[0].columns[0].name == "ord_dt"
    assert not contract.doubts


def test_two_names_that_become_one_are_refused():
    columns = [{"name": name, "logicalType": "date"} for name in ("order date", "order_date")]
    with pytest.raises(MeshError, match=r"schema\[0\]\.properties\[1\]\.name: column 'order_date' is also"):
        parse_contract(text(columns), FILE)


def test_fields_of_a_struct_know_what_the_delivery_calls_them():
    fields = [
        {"name": "Post Code", "physicalName": "PLZ", "logicalType": "string"},
        {"name": "City", "logicalType": "string"},
        {
            "name": "no",
            "logicalType": "integer",
            "customProperties": [{"property": "source", "value": "HausNr"}],
        },
    ]
    contract = read([{"name": "a", "logicalType": "object", "properties": fields}])
    tree = contract.to_job_spec()["tables"]["orders"]["columns"][0]["type"]
    assert tree["sources"] == {"plz": "post code", "no": "hausnr"}, "city is found in any case"


OLDER = [
    ({"rule": "between", "mustBeBetween": [1, 5]}, False),
    ({"rule": "minCheck"}, False),
    ({"rule": "countCheck"}, False),
    ({"rule": "countCheck", "mustBeGreaterThan": 1}, True),
]


@pytest.mark.parametrize(("quality", "checked"), OLDER)
def test_a_rule_of_the_older_standard_that_is_unknown_here_stays_a_note(quality, checked):
    contract = read(None, {"quality": [quality]}, apiVersion="v3.0.2")
    table = contract.tables[0]
    assert bool(table.rules) == checked
    assert bool(table.notes) == bool(contract.doubts) != checked, "it is told what is not checked"


@pytest.mark.parametrize(
    ("options", "check"),
    [
        ({"maximum": 9, "exclusiveMaximum": True}, "below"),
        ({"maximum": 9, "exclusiveMaximum": False}, "maximum"),
        ({"minimum": 9, "exclusiveMinimum": True}, "above"),
        ({"exclusiveMinimum": 9}, "above"),
    ],
)
def test_a_limit_is_exclusive_by_flag_as_in_the_older_standard_or_by_itself(options, check):
    column = {"name": "x", "logicalType": "integer", "logicalTypeOptions": options}
    (rule,) = read([column], apiVersion="v3.0.2").tables[0].columns[0].rules
    assert (rule.check, rule.value) == (check, "9")


def test_a_field_asked_for_that_is_not_listed_is_passed_over_with_a_note():
    column = {
        "name": "x", "logicalType": "object", "properties": [{"name": "a", "logicalType": "date"}],
        "logicalTypeOptions": {"required": ["a", "b"]},
    }  # fmt: skip
    contract = read([column])
    assert [rule.path for rule in contract.tables[0].columns[0].rules] == [("a",)]
    assert "'b' is no field of it" in contract.doubts[0]
