"""Evaluation and explanations of a model on rows it has not seen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from governance.errors import MeshError
from tests.training.tables import loans, loans_config
from training import evaluate, preprocess, train
from training.data.split import split_table
from training.evaluation.explain import importance, reason_codes
from training.evaluation.metrics import summary
from training.features import FeatureSchema, load_features
from training.model import booster as model
from training.session import Context


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    schema = split_table([loans(3000)], loans_config(), folder)
    preprocess.write_schema(schema, folder / "features")
    train.run(Context(config=loans_config(), work=folder))
    return folder


@pytest.fixture(scope="module")
def report(work: Path) -> dict:
    return evaluate.run(Context(config=loans_config(), work=work)).report


def held_out(work: Path) -> tuple[FeatureSchema, object, object, np.ndarray]:
    schema = load_features(work / "model" / "features.json")
    frame, labels = next(model.split_batches(work / "test", schema)())
    return schema, model.load_model(work / "model"), frame, labels


def test_measures_are_those_of_the_test_rows(work: Path, report: dict) -> None:
    schema, booster, frame, labels = held_out(work)
    expected = summary(model.score(booster, frame), labels)
    assert report["rows"] == schema.rows["test"]["rows"]
    for name, entry in report["metrics"].items():
        assert entry["value"] == pytest.approx(expected[name]), name
        assert entry["low"] <= entry["value"] <= entry["high"], name
    assert report["metrics"]["auc"]["value"] > 0.65


def test_the_report_is_plain_json_and_the_same_each_time(work: Path, report: dict) -> None:
    again = evaluate.evaluate(work / "model", work / "test", loans_config())
    assert json.dumps(again) == json.dumps(report)
    assert json.loads((work / "evaluation" / "evaluation.json").read_text()) == report
    assert {"roc", "pr", "calibration", "confusion", "importance", "reason_codes", "lineage"} <= set(report)


def test_the_threshold_is_the_trained_one_unless_another_is_given(work: Path, report: dict) -> None:
    trained = json.loads((work / "model" / "metrics.json").read_text())["threshold"]
    assert report["confusion"]["threshold"] == trained
    other = evaluate.evaluate(work / "model", work / "test", loans_config(), threshold=0.0)
    assert other["confusion"]["recall"] == 1
    with pytest.raises(MeshError, match=r"'1\.5' is no probability"):
        evaluate.evaluate(work / "model", work / "test", loans_config(), threshold=1.5)


def test_contributions_add_up_to_the_score(work: Path) -> None:
    _, booster, frame, _ = held_out(work)
    margin = model.contributions(booster, frame).sum(axis=1)
    assert 1 / (1 + np.exp(-margin)) == pytest.approx(model.score(booster, frame), abs=1e-5)


def test_importance_finds_the_columns_that_decide(work: Path) -> None:
    schema, booster, frame, _ = held_out(work)
    ranked = importance(booster, frame, schema)
    assert {entry["feature"] for entry in ranked[:2]} == {"grade", "income"}, "by these the table was made"
    assert sum(entry["share"] for entry in ranked) == pytest.approx(1)


def test_reasons_are_what_raised_the_score_most_first(work: Path, report: dict) -> None:
    schema, booster, frame, _ = held_out(work)
    for entry in reason_codes(booster, frame[:50], schema, top=3):
        values = [reason["contribution"] for reason in entry["reasons"]]
        assert len(values) <= 3
        assert min(values, default=1) > 0
        assert values == sorted(values, reverse=True)
    shown = report["reason_codes"]
    assert [entry["score"] for entry in shown] == sorted((entry["score"] for entry in shown), reverse=True)
    assert shown[0]["key"]["loan"].startswith("L"), "a sample row is named by its key"
    assert any(reason["value"] in "ABCD" for reason in shown[0]["reasons"] if reason["feature"] == "grade")


def test_model_and_schema_of_different_runs_are_refused(work: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(work / "model", tmp_path / "model")
    schema = json.loads((tmp_path / "model" / "features.json").read_text())
    schema["features"].pop()
    (tmp_path / "model" / "features.json").write_text(json.dumps(schema))
    with pytest.raises(MeshError, match=r"model and features\.json do not belong together"):
        evaluate.evaluate(tmp_path / "model", work / "test", loans_config())


@pytest.mark.parametrize(
    "missing, expected",
    [
        ("model/metrics.json", "metrics.json: no such file; run the train phase first"),
        ("model/xgboost-model", "xgboost-model: no such model; run the train phase first"),
        ("model/features.json", "features.json: no such feature schema"),
        ("test/part-00000.parquet", "test: holds no Parquet files; run the preprocess phase first"),
    ],
)
def test_what_is_missing_is_named(work: Path, tmp_path: Path, missing: str, expected: str) -> None:
    import shutil

    shutil.copytree(work, tmp_path, dirs_exist_ok=True)
    (tmp_path / missing).unlink()
    with pytest.raises(MeshError) as caught:
        evaluate.run(Context(config=loans_config(), work=tmp_path))
    assert expected in str(caught.value)
