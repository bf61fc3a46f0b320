"""Training: deterministic, stopping early for real, and running as SageMaker's script mode runs it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from governance.errors import MeshError
from tests.training.tables import loans, loans_config
from training import preprocess, train
from training.config import SPLITS, with_hyperparameters
from training.data.split import split_table
from training.evaluation.metrics import summary
from training.features import FeatureSchema, encode
from training.model import booster as model
from training.model import boosting
from training.model.crossval import schema_of
from training.model.hyperparameters import Hyperparameters

QUICK = Hyperparameters(rounds=200, eta=0.1, early_stopping_rounds=10)


def encoded(rows: int = 600) -> tuple[pa.Table, np.ndarray]:
    table = loans(rows)
    labels = np.array([value == "yes" for value in table["defaulted"].to_pylist()], dtype=np.int8)
    return encode(table, schema_of(table, loans_config())), labels


def fitted(params: Hyperparameters = QUICK, seed: int = 7, rows: int = 600) -> boosting.Fit:
    frame, labels = encoded(rows)
    cut = rows * 3 // 4
    return train.train(frame[:cut], labels[:cut], frame[cut:], labels[cut:], params, seed)


@pytest.fixture
def splits(tmp_path: Path) -> tuple[Path, FeatureSchema]:
    schema = split_table([loans()], loans_config(), tmp_path)
    preprocess.write_schema(schema, tmp_path / "features")
    return tmp_path, schema


def test_the_same_input_gives_the_same_model_byte_for_byte() -> None:
    first, second = (fitted().booster.save_raw("ubj") for _ in range(2))
    assert first == second
    assert fitted(seed=8).booster.save_raw("ubj") != first, "the seed is used"


def test_a_model_from_files_equals_the_model_from_rows_in_memory(splits: tuple[Path, FeatureSchema]) -> None:
    folder, schema = splits
    config = loans_config(chunk_rows=50)
    saved = train.train_folders(folder / "train", folder / "validation", schema, config, folder / "model")
    parts = []
    for name in ("train", "validation"):
        pairs = list(model.split_batches(folder / name, schema)())
        parts += [
            pa.concat_tables(table for table, _ in pairs).combine_chunks(),
            np.concatenate([labels for _, labels in pairs]),
        ]
    in_memory = train.train(*parts, config.hyperparameters, config.seed)
    assert in_memory.best_iteration == saved.fit.best_iteration, "batches of 50 rows or all at once"
    again = model.save_model(in_memory.booster, folder / "again")
    assert again.read_bytes() == (folder / "model" / "xgboost-model").read_bytes()


def test_early_stopping_stops_at_the_best_round_and_keeps_no_tree_after_it() -> None:
    fit = fitted(replace(QUICK, rounds=2000))
    assert fit.rounds_run < 2000, "it stopped"
    assert fit.rounds_run == fit.best_iteration + 1 + 10, "after ten rounds without improvement"
    assert fit.best_score == min(fit.history), "at the best log loss on the validation rows"
    assert fit.booster.num_boosted_rounds() == fit.best_iteration + 1, (
        "whoever loads the model scores with the best"
    )


def test_a_round_limit_that_is_reached_is_no_early_stop() -> None:
    fit = fitted(replace(QUICK, rounds=3))
    assert (fit.rounds_run, fit.best_iteration) == (3, 2)


def test_the_model_learns_and_scores_unknown_categories() -> None:
    fit = fitted(rows=2000)
    frame, labels = encoded(2000)
    held_out = summary(model.score(fit.booster, frame[1500:]), labels[1500:])
    assert held_out["auc"] > 0.65, "grade and income say something about the outcome"
    grades = frame.column("grade").chunk(0).dictionary
    missing = pa.DictionaryArray.from_arrays(pa.array([None, None], pa.int8()), grades)
    unknown = frame[:2].set_column(frame.column_names.index("grade"), "grade", missing)
    assert np.isfinite(model.score(fit.booster, unknown)).all()


def test_frames_for_an_xgboost_that_takes_no_categories_in_arrow_give_the_same_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = fitted()
    monkeypatch.setattr(model, "_CATEGORIES_IN_ARROW", (1000,))
    made = fitted()
    assert made.booster.save_raw("ubj") == expected.booster.save_raw("ubj")
    rows, _ = encoded(50)
    assert isinstance(model._taken(rows), pd.DataFrame)
    shown = model.contributions(made.booster, rows)
    monkeypatch.undo()
    assert isinstance(model._taken(rows), pa.Table)
    assert np.array_equal(shown, model.contributions(expected.booster, rows))


def test_a_saved_model_loads_with_plain_xgboost(tmp_path: Path) -> None:
    import xgboost

    fit = fitted()
    path = model.save_model(fit.booster, tmp_path)
    plain = xgboost.Booster()
    plain.load_model(bytearray(path.read_bytes()))
    frame, _ = encoded()
    matrix = xgboost.DMatrix(frame, enable_categorical=True)
    assert np.array_equal(plain.predict(matrix), model.score(fit.booster, frame))


def test_the_saved_intercept_is_one_number_as_older_containers_read_it(tmp_path: Path) -> None:
    fit = fitted()
    content = model.save_model(fit.booster, tmp_path).read_bytes()
    start = content.index(b"base_scoreSL") + len(b"base_scoreSL")
    length = int.from_bytes(content[start : start + 8], "big")
    _, labels = encoded()
    intercept = float(content[start + 8 : start + 8 + length])
    assert intercept == pytest.approx(labels[:450].mean(), abs=0.02), (
        "a list here reads as 0.5 before XGBoost 3.1"
    )


@pytest.mark.parametrize("damage", ["empty", "truncated", "one bit", "foreign"])
def test_a_corrupt_model_is_one_line_and_never_reaches_xgboost(
    splits: tuple[Path, FeatureSchema], damage: str
) -> None:
    folder, schema = splits
    train.train_folders(folder / "train", folder / "validation", schema, loans_config(), folder / "model")
    path = folder / "model" / "xgboost-model"
    content = bytearray(path.read_bytes())
    flipped = content.copy()
    flipped[len(content) // 2] ^= 1
    damaged = {"empty": b"", "truncated": content[:-9], "one bit": flipped, "foreign": b"{}"}
    path.write_bytes(damaged[damage])
    with pytest.raises(MeshError, match="xgboost-model: is corrupt: it is not the file that was trained"):
        model.load_model(folder / "model")


def test_a_model_without_its_metrics_or_that_is_none_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "xgboost-model"
    path.write_bytes(b"garbage")
    with pytest.raises(MeshError, match=r"metrics\.json: no such file"):
        model.load_model(tmp_path)
    for text, expected in (("{", "is no JSON"), ("[]", "must be a JSON object")):
        (tmp_path / "metrics.json").write_text(text)
        with pytest.raises(MeshError, match=expected):
            model.load_model(tmp_path)
    (tmp_path / "metrics.json").write_text(json.dumps({"model_sha256": model.sha256(path)}))
    with pytest.raises(MeshError, match="xgboost-model: is no XGBoost model"):
        model.load_model(tmp_path)


def test_the_phase_writes_model_schema_and_metrics(splits: tuple[Path, FeatureSchema]) -> None:
    folder, schema = splits
    made = train.train_folders(
        folder / "train", folder / "validation", schema, loans_config(), folder / "model"
    )
    metrics = json.loads((folder / "model" / "metrics.json").read_text())
    assert metrics["best_iteration"] == made.fit.best_iteration
    assert metrics["stopped_early"] is True
    assert metrics["validation"]["rows"] == schema.rows["validation"]["rows"]
    assert 0 < metrics["threshold"] < 1
    assert (folder / "model" / "features.json").read_text() == schema.to_json()


def test_script_mode_takes_folders_from_the_environment_and_hyperparameters_as_flags(
    splits: tuple[Path, FeatureSchema], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, _ = splits
    for channel in ("train", "validation", "features"):
        monkeypatch.setenv(f"SM_CHANNEL_{channel.upper()}", str(folder / channel))
    monkeypatch.setenv("SM_MODEL_DIR", str(tmp_path / "opt" / "model"))
    monkeypatch.setenv("SM_OUTPUT_DATA_DIR", str(tmp_path / "opt" / "output"))
    monkeypatch.setenv("SM_NUM_CPUS", "1")
    assert train.main(["--max_depth", "2", "--rounds", "5", "--eta", "0.3", "--sagemaker_region", "x"]) == 0
    metrics = json.loads((tmp_path / "opt" / "output" / "metrics.json").read_text())
    assert (metrics["rounds_run"], metrics["hyperparameters"]["max_depth"]) == (5, 2), (
        "flags as SageMaker passes them"
    )
    assert model.load_model(tmp_path / "opt" / "model").num_boosted_rounds() <= 5


@pytest.mark.parametrize(
    "flags, expected",
    [
        (["--eta", "2"], "train: hyperparameters.eta: '2' is out of range; give a number above 0 up to 1\n"),
        (
            ["--rounds", "many"],
            "train: hyperparameters.rounds: 'many' is out of range; give a whole number from 1 up to",
        ),
        (
            ["--max-depth", "2.5"],
            "train: hyperparameters.max_depth: '2.5' is out of range; give a whole number",
        ),
        (["--depth", "3"], "train: there is no --depth; see --help\n"),
        ([], "train: --validation: is needed; give it or run inside a SageMaker training job\n"),
        (
            ["--validation", "nowhere", "--features", "nowhere"],
            "train: nowhere/features.json: no such feature schema",
        ),
    ],
)
def test_script_mode_ends_with_one_line_and_code_2(
    flags: list[str],
    expected: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SM_CHANNEL_VALIDATION", raising=False)
    given = ["--train", "x", "--model-dir", str(tmp_path)]
    if "--eta" in flags or "--rounds" in flags or "--max-depth" in flags:
        given += ["--validation", "x", "--features", "x"]
    (tmp_path / "output").mkdir()
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    assert train.main([*given, *flags]) == 2
    assert (tmp_path / "output" / "failure").read_text().startswith(expected.strip()), (
        "the job's failure reason"
    )
    assert capsys.readouterr().err.startswith(expected)


def test_preprocessing_as_a_job_splits_a_folder_of_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import pyarrow.parquet as pq

    (tmp_path / "input").mkdir()
    table = loans()
    pq.write_table(table[:250], tmp_path / "input" / "20260102_unloaded_without_suffix")
    pq.write_table(table[250:], tmp_path / "input" / "b.parquet")
    (tmp_path / "input" / "x-manifest.csv").write_text("s3://a")
    where = ["--output", str(tmp_path), "--target", "defaulted", "--positive", "yes", "--key", "loan"]
    given = ["--data", str(tmp_path / "input"), *where, "--contract-version", "3.0.0", "--exclude", ""]
    assert preprocess.main(given) == 0
    schema = json.loads((tmp_path / "features" / "features.json").read_text())
    assert schema["contract_version"] == "3.0.0"
    assert sum(counts["rows"] for counts in schema["rows"].values()) == 600
    assert "7 features; train" in capsys.readouterr().out


def test_a_configuration_of_the_pipeline_reaches_every_job(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(loans(), tmp_path / "data.parquet")
    tuning = {"ranges": {"eta": {"min": 0.1, "max": 0.2}}}
    config = loans_config(cost_false_negative=5, positive_label="default", tuning=tuning)
    values = asdict(config) | {"split": dict(zip(SPLITS, config.fractions, strict=True))}
    del values["fractions"]
    (tmp_path / "training.json").write_text(json.dumps(values))
    given = ["--config", str(tmp_path / "training.json"), "--data", str(tmp_path / "data.parquet")]
    assert (
        preprocess.main([*given, "--output", str(tmp_path), "--categorical", "", "--split", "0.6,0.2,0.2"])
        == 0
    )
    folders = [f"--{name}={tmp_path / name}" for name in ("train", "validation", "features")]
    assert train.main([*folders, "--model-dir", str(tmp_path / "model"), "--rounds", "5"]) == 0
    schema = json.loads((tmp_path / "model" / "features.json").read_text())
    assert (schema["positive_label"], schema["product"]) == ("default", "lending")
    kept = json.loads((tmp_path / "features" / "training.json").read_text())
    assert kept["cost_false_negative"] == 5, "the threshold is chosen by the configuration's costs"


def test_threads_follow_the_work_and_sagemaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_NUM_CPUS", "3")
    assert model.threads(1000) == 1, "few rows: threads would wait for each other"
    assert model.threads(1_000_000) == 3
    monkeypatch.setenv("SM_NUM_CPUS", "")
    assert model.threads(1_000_000) >= 1


def test_hyperparameters_by_configuration_reach_the_booster() -> None:
    config = with_hyperparameters(loans_config(), max_depth=2, reg_alpha=0.5)
    params = config.hyperparameters.booster_params(3, 1)
    assert (params["max_depth"], params["reg_alpha"], params["seed"]) == (2, 0.5, 3)
    assert "early_stopping_rounds" not in params, "as a parameter XGBoost would ignore it"
