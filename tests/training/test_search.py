"""Hyperparameter search by configuration: seeded, within its ranges, and blind to the test rows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from governance.errors import MeshError
from tests.training.tables import loans, loans_config
from training import preprocess, train
from training.data.split import split_table
from training.model.hyperparameters import Hyperparameters
from training.model.tuning import read_tuning
from training.session import Context

RANGES = {"max_depth": {"min": 2, "max": 4}, "eta": {"min": 0.02, "max": 0.5, "scale": "logarithmic"}}


def test_a_search_keeps_the_best_trial_without_the_test_rows(tmp_path: Path) -> None:
    config = loans_config(tuning={"ranges": RANGES, "trials": 5})
    preprocess.write_schema(split_table([loans()], config, tmp_path), tmp_path / "features")
    shutil.rmtree(tmp_path / "test")
    lines: list[str] = []
    made = train.run(Context(config=config, work=tmp_path, say=lines.append))
    found = json.loads((tmp_path / "model" / "metrics.json").read_text())["tuning"]
    values = [trial["value"] for trial in found["trials"]]
    assert len(values) == 5
    assert found["trials"][found["best"]]["value"] == max(values), "the largest area on the validation rows"
    assert made.metrics["validation"]["auc"] == pytest.approx(max(values)), "is the model's"
    assert made.metrics["hyperparameters"]["max_depth"] == found["trials"][found["best"]]["max_depth"]
    assert "trial 5 of 5: validation-auc 0." in "\n".join(lines)
    again = train.run(Context(config=config, work=tmp_path))
    assert again.metrics["tuning"] == found, "the seed decides"


def test_trials_are_spread_over_the_ranges_and_begin_with_the_configuration() -> None:
    tuning = read_tuning({"ranges": RANGES, "trials": 40})
    base = Hyperparameters(subsample=0.7)
    drawn = tuning.draw(base, 1)
    assert drawn[0] == base
    assert {trial.subsample for trial in drawn} == {0.7}, "what has no range stays"
    depths = [trial.max_depth for trial in drawn[1:]]
    assert {depth: 11 <= depths.count(depth) <= 15 for depth in (2, 3, 4)} == {2: True, 3: True, 4: True}
    etas = sorted(trial.eta for trial in drawn[1:])
    assert etas[0] >= 0.02
    assert etas[-1] <= 0.5
    assert 0.08 < etas[19] < 0.13, "the middle of a logarithmic range is its geometric mean, 0.1"
    assert tuning.draw(base, 1) == drawn
    assert tuning.draw(base, 2) != drawn


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"ranges": {"depth": {"min": 1, "max": 2}}}, "tuning.ranges.depth: no such hyperparameter"),
        ({"ranges": {"eta": {"min": 0.5, "max": 0.1}}}, "tuning.ranges.eta: min 0.5 must be below max 0.1"),
        ({"ranges": {"eta": {"min": 0, "max": 0.1}}}, "tuning.ranges.eta: '0' is outside what eta allows"),
        ({"ranges": {"max_depth": {"min": 1.5, "max": 2}}}, "'1.5' must be a whole number"),
        ({"ranges": {"gamma": {"min": 0, "max": 1, "scale": "logarithmic"}}}, "begins above 0"),
        (
            {"ranges": {"gamma": {"min": 0, "max": 1, "scale": "log"}}},
            "tuning.ranges.gamma.scale: 'log' is none",
        ),
        (
            {"ranges": RANGES, "objective": "test-auc"},
            "tuning.objective: 'test-auc' is none of validation-auc",
        ),
        ({"ranges": RANGES, "trials": 0}, "tuning.trials: '0' must be a whole number from 1 to 1000"),
        ({"ranges": RANGES, "trial": 3}, "tuning.trial: unknown key"),
        ({"ranges": {}}, "tuning.ranges: must map hyperparameters"),
        (3, "tuning: must be a mapping"),
    ],
)
def test_each_mistake_in_a_search_is_one_line_that_names_it(given: object, expected: str) -> None:
    with pytest.raises(MeshError) as caught:
        loans_config(tuning=given)
    assert expected in str(caught.value)
