"""The model card of a pipeline's package: a whole one once the run's numbers are put in."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pipeline_parts as parts
import pyarrow.parquet as pq
import pytest
from sagemaker.core.shapes.model_card_shapes import ModelCardContent

from governance.errors import MeshError
from tests.training.tables import loans
from training import evaluate_job, preprocess, train
from training.config import load_config
from training.pipeline import definition
from training.pipelines.card import Text, merged, written
from training.registry.model_card import told_by_contract

TOLD = ('Know "who" pays', "Train.\nOnly that.", "Old \\ few", "data-owner")


def joined(found: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The card with 0.5 for each number of the evaluation, and the paths of those."""
    card = parts.steps(found)["Register"]["Arguments"]["ModelCard"]
    assert card["ModelCardStatus"] == "PendingReview", "whoever approves the package reviews it"
    values, paths = [], []
    for value in card["ModelCardContent"]["Std:Join"]["Values"]:
        path = value.get("Std:JsonGet", {}).get("Path") if isinstance(value, dict) else None
        paths += [path] if path else []
        values.append(value if isinstance(value, str) else "0.5" if path else "told")
    made: dict[str, Any] = json.loads("".join(values))
    return made, paths


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """An evaluation as the evaluate step leaves it."""
    place = tmp_path_factory.mktemp("evaluated")
    flags = ["--target", "defaulted", "--positive", "yes", "--key", "loan", "--table", "loans"]
    pq.write_table(loans(1500), place / "data")
    assert preprocess.main(["--data", str(place / "data"), "--output", str(place), *flags]) == 0
    folders = [f"--{name}={place / name}" for name in ("train", "validation", "features")]
    assert train.main([*folders, "--model-dir", str(place / "model"), "--rounds", "5"]) == 0
    given = [
        "--model",
        str(place / "model"),
        "--test",
        str(place / "test"),
        "--output",
        str(place / "evaluation"),
    ]
    assert evaluate_job.main(given) == 0
    found: dict[str, Any] = json.loads((place / "evaluation" / "evaluation.json").read_text())
    return found


@pytest.mark.parametrize("kind", ["plain", "searching"])
def test_the_card_is_one_as_soon_as_the_run_has_its_numbers(
    kind: str, request: pytest.FixtureRequest
) -> None:
    card, paths = joined(request.getfixturevalue(kind))
    ModelCardContent.model_validate(card)
    numbers = {
        entry["name"]: entry["value"]
        for part in card["evaluation_details"]
        for group in part["metric_groups"]
        for entry in group["metric_data"]
    }
    assert {"AUC", "PR-AUC", "KS", "Gini", "Brier score", "Gap of true positive rates"} <= set(numbers)
    assert set(numbers.values()) == {0.5}, "numbers, not texts"
    assert {"metrics.auc.low", "confusion.threshold", "lineage.training_rows", "columns.0"} <= set(paths)
    tuned = [
        entry["name"]
        for entry in card["training_details"]["training_job_details"]["user_provided_hyper_parameters"]
    ]
    assert ("eta" in tuned) == (kind == "plain"), "what a search chooses is not known beforehand"
    assert "max_bin" in tuned


def test_every_number_of_the_card_is_in_an_evaluation(plain: dict[str, Any], report: dict[str, Any]) -> None:
    for path in joined(plain)[1]:
        found: Any = report
        for name in path.split("."):
            assert name in found, path
            found = found[name]


def test_words_of_the_contract_stand_on_the_card_whatever_signs_they_have() -> None:
    card, _ = joined(parts.made(parts.settings(told=TOLD)))
    assert card["business_details"] == {"business_problem": TOLD[0], "business_stakeholders": TOLD[3]}
    assert card["intended_uses"]["intended_uses"] == TOLD[1]
    assert card["intended_uses"]["factors_affecting_model_efficiency"] == TOLD[2]
    without, _ = joined(parts.made(parts.settings()))
    assert without["business_details"] == {"business_problem": "Telling default from repaid."}


def test_a_model_without_protected_attributes_says_so() -> None:
    given = parts.settings()
    card, paths = joined(parts.made(replace(given, config=replace(given.config, groups=()))))
    assert card["additional_information"]["ethical_considerations"].startswith("No protected attributes")
    assert len(card["evaluation_details"]) == 1
    assert not any(path.startswith("groups_worst") for path in paths)


def test_the_contract_of_the_configuration_is_read_from_the_projects_folder(root: Any, tmp_path: Any) -> None:
    purpose, _, limits, owner = told_by_contract(load_config(), root)
    assert "credit" in purpose
    assert "1973" in limits
    assert owner
    assert told_by_contract(load_config(), tmp_path) == ("", "", "", ""), (
        "none is no error: the texts are general then"
    )


def test_a_card_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    given = parts.settings(told=("x" * 5000, "y" * 5000, "z" * 5000, "o" * 5000))
    assert definition(given), "each text is cut to what its field takes"
    monkeypatch.setattr("training.pipelines.card.LIMIT", 6_000)
    with pytest.raises(
        MeshError, match=r"card: has [\d,]+ characters, SageMaker takes 1,000; shorten the contract"
    ):
        definition(given)


def test_json_in_pieces_is_json() -> None:
    value = {"a": [1, Text('say "', 7, '"'), {}], "b": None, "c": [], "d": 'x"y', "e": 2.5}
    pieces = merged(written(value))
    assert json.loads("".join(str(piece) for piece in pieces)) == {**value, "a": [1, 'say "7"', {}]}
    assert len(pieces) == 3, "texts that follow one another are one"
