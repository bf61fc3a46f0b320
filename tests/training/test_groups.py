"""Group metrics: groups of values, rates against counts by hand, and who may read what."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from governance.errors import MeshError
from tests.training.conftest import Cloud
from tests.training.tables import loans, loans_config
from training import evaluate, preprocess, train
from training.config import load_config
from training.data.protected import Protected, read_groups
from training.data.split import split_table
from training.evaluation.curves import wilson
from training.evaluation.group_measures import differences
from training.evaluation.groups import by_group
from training.session import Context

ENTRIES = ({"column": "age", "bands": [30, 50]}, {"column": "sex", "until": ":"})
_WORK: list[Path] = []


def attributes() -> pa.Table:
    """Age and sex of the rows of `loans`, which the model never sees."""
    table = loans(3000)
    rng = np.random.default_rng(3)
    age = pa.array([int(value) for value in rng.integers(20, 70, len(table))], pa.int32())
    sex = pa.array([("male: single", "female: single", "male: married")[i % 3] for i in range(len(table))])
    return pa.table({"loan": table["loan"], "age": age, "sex": sex})


@pytest.fixture
def context(cloud: Cloud, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Context:
    if not _WORK:
        folder = tmp_path_factory.mktemp("work")
        schema = split_table([loans(3000)], loans_config(), folder)
        preprocess.write_schema(schema, folder / "features")
        train.run(Context(config=loans_config(), work=folder))
        _WORK.append(folder)
    shutil.copytree(_WORK[0], tmp_path, dirs_exist_ok=True)
    config = replace(loans_config(), groups=read_groups(list(ENTRIES)))
    return Context(config=config, outputs_from=cloud.outputs, work=tmp_path, role="auditor")


def test_values_fall_into_bands_texts_end_at_the_mark_and_nulls_have_a_group_of_their_own() -> None:
    age, sex = read_groups(list(ENTRIES))
    assert [age.group_of(value) for value in (29, 30, 49.5, 50, None)] == [
        "below 30", "30 to below 50", "30 to below 50", "50 and above", "missing",
    ]  # fmt: skip
    assert sex.group_of("male: single") == "male"
    assert Protected(column="f", name="f").group_of(True) == "true"
    with pytest.raises(MeshError, match=r"groups\.age: 'old' is no number"):
        age.group_of("old")


@pytest.mark.parametrize(
    "value, expected",
    [
        ("age", "groups: must be a list of columns"),
        ([{"name": "x"}], "groups: each must be a column's name, or a mapping with 'column'"),
        ([{"column": "age", "band": [1]}], "groups.age.band: unknown key; known are column, name"),
        ([{"column": "age", "bands": [50, 30]}], "groups.age.bands: must rise"),
        ([{"column": "age", "bands": ["x"]}], "groups.age.bands: must be a list of numbers"),
        ([{"column": "age", "bands": [1], "until": ":"}], "groups.age.until: goes with texts"),
        (["age", "age"], "groups: 'age' is there twice"),
    ],
)
def test_each_mistake_in_groups_is_named(value: object, expected: str) -> None:
    with pytest.raises(MeshError) as caught:
        read_groups(value)
    assert expected in str(caught.value)


def test_groups_belong_to_the_files_table_and_go_with_another() -> None:
    assert [entry.name for entry in load_config().groups] == ["sex", "age band", "foreign worker"]
    assert load_config(table="other").groups == ()


def test_rates_are_those_counted_by_hand_and_small_groups_get_none() -> None:
    groups = ["a"] * 40 + ["b"] * 20 + ["c"] * 19
    labels = np.array(([1] * 10 + [0] * 30) + ([1] * 10 + [0] * 10) + [1] * 19)
    taken = np.array(([True] * 5 + [False] * 5 + [True] * 15 + [False] * 15) + [True] * 10 + [False] * 29)
    made = by_group(
        Protected(column="g", name="g"), groups, taken * 1.0, labels, taken, favourable="negative"
    )
    first, second, small = made["groups"]
    assert (first["selection_rate"]["value"], second["selection_rate"]["value"]) == (0.5, 0.5)
    assert (first["tpr"]["value"], second["tpr"]["value"]) == (0.5, 1.0)
    assert (first["fpr"]["value"], second["fpr"]["value"]) == (0.5, 0.0)
    assert (first["precision"]["value"], second["precision"]["value"]) == (0.25, 1.0)
    assert first["tpr"]["low"] == pytest.approx(0.2366, abs=1e-4), "Wilson's interval of 5 in 10"
    assert small == {"group": "c", "rows": 19, "small": True}
    plain = {
        name: value for name, value in made["differences"].items() if not name.endswith(("_low", "_high"))
    }
    assert plain == {
        "demographic_parity_difference": 0.0,
        "equal_opportunity_difference": 0.5,
        "false_positive_rate_difference": 0.5,
        "equalised_odds_difference": 0.5,
        "disparate_impact_ratio": 1.0,
    }


def test_a_cleared_role_measures_every_test_row_by_attributes_read_by_key(
    cloud: Cloud, context: Context
) -> None:
    cloud.answers["loans"] = attributes()
    report = evaluate.run(context).report
    groups = report["groups"]
    assert groups["unreadable"] == []
    assert groups["unmatched"] == 0
    assert len(groups["query_ids"]) == 2
    assert 'SELECT "loan", "age", "sex" FROM "loans" WHERE "loan" IN (' in cloud.queries[-1]
    for attribute in groups["attributes"]:
        assert sum(row["rows"] for row in attribute["groups"]) == report["rows"], attribute["name"]
    taken = report["confusion"]["true_positive"] + report["confusion"]["false_positive"]
    by_sex = groups["attributes"][1]["groups"]
    assert [row["group"] for row in by_sex] == ["female", "male"]
    counted = sum(row["selection_rate"]["value"] * row["rows"] for row in by_sex)
    assert counted == pytest.approx(taken), "groups add up to the whole"
    assert json.loads((context.work / "evaluation" / "evaluation.json").read_text()) == report
    page = (context.work / "evaluation" / "evaluation.html").read_text()
    assert "female" in page
    assert "disparate impact ratio" in page


def test_a_role_without_clearance_gets_one_line_that_says_so(cloud: Cloud, context: Context) -> None:
    cloud.answers["loans"] = loans(3000)
    lines: list[str] = []
    context.role, context.say = "data-scientist", lines.append
    report = evaluate.run(context).report
    told = [line for line in lines if "cannot read" in line]
    assert told == [
        "group metrics: data-scientist cannot read age, sex; "
        "evaluate as a role cleared for them, such as --as auditor"
    ]
    assert report["groups"]["unreadable"] == ["age", "sex"]
    assert report["groups"]["attributes"] == []
    assert len(cloud.queries) == 1, "the protected columns were not even asked for"


def test_without_outputs_the_rest_is_measured(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MESH_OUTPUTS", raising=False)
    context.outputs_from = None
    report = evaluate.run(context).report
    assert report["groups"] is None
    assert report["metrics"]["auc"]["value"] > 0.6


def test_a_limit_is_held_against_what_chance_does_not_explain() -> None:
    def table(rows: int) -> list[dict[str, Any]]:
        made = []
        for group, taken in (("a", 0.6), ("b", 0.3)):
            count = round(rows * taken)
            low, high = wilson(count, rows)
            rate = {"value": taken, "low": low, "high": high, "of": rows}
            made.append({"group": group, "favourable_rate": rate, "tpr": rate, "fpr": rate})
        return made

    few, many = differences(table(20)), differences(table(20_000))
    assert few["equal_opportunity_difference"] == many["equal_opportunity_difference"] == pytest.approx(0.3)
    assert few["equal_opportunity_difference_low"] == pytest.approx(0.0, abs=0.01), (
        "forty people prove nothing"
    )
    assert many["equal_opportunity_difference_low"] == pytest.approx(0.29, abs=0.005)
    assert few["disparate_impact_ratio_high"] > 0.95
    assert many["disparate_impact_ratio_high"] == pytest.approx(0.5, abs=0.02)
