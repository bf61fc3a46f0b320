"""The exploration notebook, executed by a real kernel of this environment against a mesh that is not the sample."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import claims
import nbformat
import pytest
import yaml
from features_case import World

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "explore.ipynb"
Execute = Callable[..., tuple[Any, str]]


def output(notebook: Any, heading: str) -> str:
    """What the code cells under a heading printed or showed as text."""
    found, under = [], False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            under = heading in cell.source
        elif under:
            for each in cell.outputs:
                found.append(each.get("text") or each.get("data", {}).get("text/plain") or "")
    assert found, f"nothing is under '{heading}'"
    return "\n".join(found)


@pytest.fixture(scope="module")
def seen(execute: Execute) -> Any:
    """The notebook as the data scientist has it."""
    notebook, failure = execute("data-scientist")
    assert failure == ""
    return notebook


def test_no_output_is_stored_with_the_notebook() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) > 8
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code), (
        "data stay where they belong"
    )


def test_the_notebook_names_no_column_of_the_sample() -> None:
    contract = yaml.safe_load((ROOT / "contracts" / "credit-card.odcs.yaml").read_text(encoding="utf-8"))
    names = {column["name"] for table in contract["schema"] for column in table["properties"]}
    code = "\n".join(
        cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"
    )
    assert len(names) > 15
    assert [name for name in names if f'"{name}"' in code or f"'{name}'" in code] == []


def test_all_cells_run_on_a_product_that_is_not_the_sample(seen: Any) -> None:
    outputs = [each for cell in seen.cells if cell.cell_type == "code" for each in cell.outputs]
    assert [each.ename for each in outputs if each.output_type == "error"] == []
    assert "motor-claims" in output(seen, "A first look")
    assert "assumed-role/mesh-data-scientist" in output(seen, "A first look"), "it acts as the role"


def test_columns_come_with_the_contracts_descriptions(seen: Any) -> None:
    text = output(seen, "What the columns mean")
    assert "Kilometres driven." in text
    assert "Kind of vehicle." in text
    assert "postcode" not in text.split("of the product")[0], "the catalog does not show what is hidden"


def test_hidden_columns_are_explained_by_the_grants(seen: Any) -> None:
    text = output(seen, "What stays hidden")
    assert "postcode" in text
    assert "may not SELECT postcode" in text
    assert "sensitivity is restricted" in text, "which tag closes it"
    assert "mesh:roles.data-scientist.clearance" in text, "and what would open it"


def test_no_hidden_value_is_anywhere_in_the_notebook(seen: Any) -> None:
    text = json.dumps(seen)
    postcodes = [row["postcode"] for row in claims.rows()]
    assert "postcode" in text
    assert not [value for value in postcodes if f'"{value}"' in text or f" {value}\\n" in text]


def test_quality_figures_and_profile_are_the_products(seen: Any) -> None:
    assert f"{claims.ROWS}" in output(seen, "How good the data are")
    sample = output(seen, "A sample")
    assert f"{claims.ROWS} rows" in sample
    assert "motorcycle" in sample, "values of the categories"


def test_pictures_are_drawn(seen: Any) -> None:
    pictures = [
        each for cell in seen.cells if cell.cell_type == "code" for each in cell.outputs
        if "image/png" in each.get("data", {})
    ]  # fmt: skip
    assert len(pictures) == 4, "target and gaps, numbers, categories, correlation"
    assert all(len(each["data"]["image/png"]) > 5_000 for each in pictures), "with something on them"


def test_the_baseline_finds_what_is_in_the_data(seen: Any) -> None:
    text = output(seen, "How far does a first model get?")
    assert "mileage alone" in text, "the one column that says something"
    area = float(text.split("gradient boosting, five folds")[1].split()[0])
    assert 0.65 < area < 1, "better than guessing, and no leak"


def test_who_is_cleared_sees_everything(execute: Execute) -> None:
    notebook, failure = execute("auditor")
    assert failure == ""
    assert "sees every column" in output(notebook, "What stays hidden")
    assert "Where the holder lives." in output(notebook, "What the columns mean")


def test_a_role_that_was_granted_nothing_gets_no_further_than_a_refusal(
    world: World, execute: Execute
) -> None:
    outputs = world.outputs()
    outputs["roles"]["visitor"] = outputs["roles"]["auditor"].replace("auditor", "visitor")
    outputs["workgroups"]["visitor"] = outputs["workgroups"]["auditor"]
    notebook, failure = execute("visitor", MESH_OUTPUTS=json.dumps(outputs))
    assert "AccessDenied" in failure or "permission" in failure
    assert not any("motorcycle" in json.dumps(cell) for cell in notebook.cells), "no value was shown"
