"""The steps as jobs: what bad input gets, whatever the types, and what evaluation leaves beside its report."""

from __future__ import annotations

import datetime
import json
import shutil
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.training.tables import loans, loans_config
from training import baselines, evaluate, evaluate_job, preprocess, serving_entry, train
from training.features import load_features
from training.register import pack
from training.session import Context

FLAGS = ["--target", "defaulted", "--positive", "yes", "--key", "loan", "--table", "loans"]


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The job's /opt/ml."""
    folder = tmp_path / "opt"
    (folder / "output").mkdir(parents=True)
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(folder))
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Splits and a model, made by the jobs."""
    place = tmp_path_factory.mktemp("trained")
    pq.write_table(loans(1500), place / "data")
    assert preprocess.main(["--data", str(place / "data"), "--output", str(place), *FLAGS]) == 0
    folders = [f"--{name}={place / name}" for name in ("train", "validation", "features")]
    assert train.main([*folders, "--model-dir", str(place / "model"), "--rounds", "30", "--eta", "0.2"]) == 0
    pack(place / "model", place / "model.tar.gz")
    return place


def split_of(table: pa.Table, place: Path, *flags: str) -> int:
    """Run the preprocess job on a table; a flag given twice counts as given last."""
    (place / "data").mkdir(exist_ok=True, parents=True)
    pq.write_table(table, place / "data" / "file")
    return preprocess.main(["--data", str(place / "data"), "--output", str(place / "out"), *FLAGS, *flags])


TABLE = loans()
PREPROCESS = {
    "a target of three values": (
        TABLE.set_column(8, "defaulted", pa.array([["a", "b", "yes"][i % 3] for i in range(600)])), (),
        "preprocess: target defaulted: is not binary: it has 3 or more values"),
    "a key with duplicates": (
        pa.concat_tables([TABLE, TABLE.slice(3, 2)]), (),
        "preprocess: key column loan: 2 values occur more than once, for example L000003"),
    "an empty split": (TABLE.slice(0, 20), ("--split", "0.98,0.01,0.01"), "preprocess: split "),
    "shares that do not add up": (TABLE, ("--split", "0.5,0.1,0.1"), "preprocess: split: fractions 0.5, 0.1, 0.1"),
    "a column the role cannot read": (
        TABLE, ("--target", "income_tax"), "preprocess: target: the query returns no column 'income_tax'; this role"),
    "a query that returns nothing": (TABLE.slice(0, 0), (), "preprocess: loans: there are no rows to split"),
    "a flag that does not exist": (TABLE, ("--colour", "red"), "preprocess: there is no --colour; see --help"),
}  # fmt: skip


@pytest.mark.parametrize("case", PREPROCESS)
def test_bad_rows_are_one_line_with_step_and_field_also_in_the_jobs_message(
    base: Path, tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table, flags, expected = PREPROCESS[case]
    assert split_of(table, tmp_path, *flags) == 2
    told = capsys.readouterr().err
    assert told.startswith(expected)
    assert told.count("\n") == 1
    assert (base / "output" / "message").read_text() == told.strip(), "what describes the job quotes it"
    assert not (tmp_path / "out" / "train").exists(), "nothing is half done"


@pytest.mark.parametrize(
    "damage", ["truncated", "no archive", "without model", "other bytes", "nothing there"]
)
def test_a_corrupt_artefact_is_not_evaluated(
    base: Path, trained: Path, tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "model.tar.gz"
    content = (trained / "model.tar.gz").read_bytes()
    expected = "is corrupt"
    if damage == "truncated":
        archive.write_bytes(content[: len(content) // 2])
    elif damage == "no archive":
        archive.write_bytes(b"model")
    elif damage == "nothing there":
        expected = "holds neither a model nor model.tar.gz; run the train step first"
    else:
        shutil.copytree(trained / "model", tmp_path / "model")
        model = tmp_path / "model" / "xgboost-model"
        model.write_bytes(model.read_bytes()[:-1] + b"?")
        pack(tmp_path / "model", archive)
        if damage == "without model":
            import tarfile

            with tarfile.open(archive, "w:gz") as tar:
                tar.add(tmp_path / "model" / "features.json", "features.json")
            expected = "lacks xgboost-model"
    given = ["--model", str(tmp_path), "--test", str(trained / "test"), "--output", str(tmp_path / "report")]
    if damage == "other bytes":
        shutil.rmtree(tmp_path / "model")
    assert evaluate_job.main(given) == 2
    told = capsys.readouterr().err
    assert told.startswith("evaluate: ")
    assert expected in told
    assert not (tmp_path / "report").exists(), (
        "a model that cannot be read gets no report, and is not registered"
    )


def scalar(values: list[object], kind: pa.DataType) -> pa.Array:
    return pa.array([values[i % len(values)] for i in range(600)], kind)


MOMENT = datetime.datetime(2024, 5, 6, 7, 8, 9)
SCALARS = {
    "string": scalar(["a", "b", None], pa.string()), "large string": scalar(["a", "b"], pa.large_string()),
    "boolean": scalar([True, False, None], pa.bool_()), "tinyint": scalar([1, 2], pa.int8()),
    "smallint": scalar([1, None], pa.int16()), "int": scalar([1, 2], pa.int32()),
    "bigint": scalar([1, 2**40], pa.int64()), "float": scalar([1.5, None], pa.float32()),
    "double": scalar([1.5, float("nan")], pa.float64()),
    "decimal": scalar([Decimal("1.25"), None], pa.decimal128(12, 2)),
    "date": scalar([MOMENT.date(), None], pa.date32()), "timestamp": scalar([MOMENT, None], pa.timestamp("ns")),
    "timestamp with zone": scalar([MOMENT], pa.timestamp("us", "UTC")), "all null": scalar([None], pa.string()),
}  # fmt: skip


def test_every_scalar_type_of_a_contract_trains_and_is_served(tmp_path: Path) -> None:
    table = TABLE
    for name, column in SCALARS.items():
        table = table.append_column(name.replace(" ", "_"), column)
    assert split_of(table, tmp_path) == 0
    out = tmp_path / "out"
    folders = [f"--{name}={out / name}" for name in ("train", "validation", "features")]
    assert train.main([*folders, "--model-dir", str(tmp_path / "model"), "--rounds", "5"]) == 0
    schema = load_features(tmp_path / "model" / "features.json")
    expected = {name.replace(" ", "_") for name in SCALARS} - {"all_null"}
    assert expected <= set(schema.names)
    assert "all_null" not in schema.names, "a text without any value has nothing to learn from"
    row = {name: table[name][0].as_py() for name in schema.names}
    body = json.dumps(row, default=str).replace("NaN", "null")
    model = serving_entry.model_fn(tmp_path / "model")
    text, _ = serving_entry.output_fn(serving_entry.predict_fn(serving_entry.input_fn(body), model))
    assert 0 < json.loads(text)["score"] < 1


@pytest.mark.parametrize(
    "values, positive",
    [
        (["good", "bad"], "bad"),
        ([True, False], "true"),
        ([1, 0], "0"),
        ([0.0, 1.0], "1"),
        ([datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)], "2021-01-01"),
    ],
)
def test_a_target_of_any_type_with_two_values_trains(
    tmp_path: Path, values: list[object], positive: str
) -> None:
    table = TABLE.set_column(8, "defaulted", pa.array([values[i % 3 == 0] for i in range(600)]))
    assert split_of(table, tmp_path, "--positive", positive) == 0
    rows = load_features(tmp_path / "out" / "features" / "features.json").rows
    assert sum(counts["positive"] for counts in rows.values()) in (200, 400)


def test_a_mistake_in_a_request_is_answered_with_status_400_and_the_line(trained: Path) -> None:
    model = serving_entry.model_fn(trained / "model")
    answer = serving_entry.output_fn(serving_entry.predict_fn(serving_entry.input_fn('{"colour": 1}'), model))
    assert answer.status_code == 400
    assert json.loads(answer.get_data())["error"].startswith("payload row 1: lacks grade, ")
    assert serving_entry.output_fn({"predictions": [], "single": False}, "image/png").status_code == 400


def test_evaluation_leaves_baselines_in_model_monitors_format(trained: Path, tmp_path: Path) -> None:
    given = [f"--{name}={trained / name}" for name in ("test", "train")]
    assert (
        evaluate_job.main(["--model", str(trained), *given, "--output", str(tmp_path), "--champion-auc", "1"])
        == 0
    )
    report = json.loads((tmp_path / "evaluation.json").read_text())
    assert report["champion"]["worse_by"] == pytest.approx(1 - report["metrics"]["auc"]["value"])
    assert report["groups_worst"] == {
        "selection_rate_ratio": 1.0,
        "tpr_gap": 0.0,
        "fpr_gap": 0.0,
        "selection_rate_ratio_proven": 1.0,
        "tpr_gap_proven": 0.0,
        "fpr_gap_proven": 0.0,
        "attributes": 0,
    }
    table = pq.read_table(trained / "train")
    statistics, constraints = (
        json.loads((tmp_path / f"{name}.json").read_text()) for name in ("statistics", "constraints")
    )
    assert statistics["dataset"]["item_count"] == len(table)
    found = {entry["name"]: entry for entry in statistics["features"]}
    values = table["months"].drop_null().to_numpy()
    months = found["months"]["numerical_statistics"]
    assert found["months"]["inferred_type"] == "Integral"
    assert months["common"] == {"num_present": len(values), "num_missing": len(table) - len(values)}
    assert months["mean"] == pytest.approx(values.mean())
    assert months["std_dev"] == pytest.approx(values.std())
    assert (months["min"], months["max"]) == (values.min(), values.max())
    buckets = months["distribution"]["kll"]["buckets"]
    assert sum(bucket["count"] for bucket in buckets) == len(values)
    grade = found["grade"]["string_statistics"]
    assert grade["distinct_count"] == 4
    assert found["score"]["inferred_type"] == "Fractional"
    limits = {entry["name"]: entry for entry in constraints["features"]}
    assert limits["grade"]["string_constraints"] == {"domains": ["A", "B", "C", "D"]}
    assert limits["months"]["num_constraints"] == {"is_non_negative": True}
    assert limits["score"]["num_constraints"] == {"is_non_negative": False}
    assert limits["months"]["completeness"] == pytest.approx(len(values) / len(table))


def test_a_sketch_is_small_exact_in_weight_and_close_in_rank() -> None:
    values = np.random.default_rng(5).normal(size=300_000)
    sketch = baselines.Sketch()
    for part in np.array_split(values, 7):
        sketch.add(part)
    held, weights = sketch.weighted()
    assert len(held) < 12 * baselines.K
    assert weights.sum() == len(values)
    for share in (0.01, 0.25, 0.5, 0.9, 0.999):
        rank = weights[held <= np.quantile(values, share)].sum() / len(values)
        assert abs(rank - share) < 0.005


def test_evaluating_without_clearance_keeps_what_the_auditor_measured(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "work")
    protected = tmp_path / "protected"
    protected.mkdir()
    table = loans(1500)
    pq.write_table(pa.table({"loan": table["loan"], "side": table["grade"]}), protected / "file")
    work = tmp_path / "work"
    groups = json.dumps([{"column": "side"}])
    given = [
        "--model",
        str(work),
        "--test",
        str(work / "test"),
        "--protected",
        str(protected),
        "--groups",
        groups,
    ]
    assert evaluate_job.main([*given, "--output", str(work / "evaluation"), "--seed", "7"]) == 0
    lines: list[str] = []
    config = loans_config(groups=["side"])
    report = evaluate.run(Context(config=config, work=work, say=lines.append)).report
    assert [entry["name"] for entry in report["groups"]["attributes"]] == ["side"]
    assert report["groups_worst"]["attributes"] == 1
    assert "group metrics: those that auditor measured for this model stay" in lines
    other = evaluate.run(Context(config=config, work=work), threshold=0.11).report
    assert other["groups"] is None, "another threshold is another decision"
