"""Evaluation as a job: corrupt artefacts, groups that cannot be measured, and what it leaves beside its report."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.training.tables import loans, loans_config
from training import evaluate, evaluate_job
from training.evaluation import baselines
from training.features import Feature, FeatureSchema
from training.registry.register import pack
from training.session import Context


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


GROUPS = [json.dumps({"column": "side"}), json.dumps({"column": "age", "bands": [30]})]
NO_GROUPS = {
    "no file": (
        None,
        "evaluate: protected columns: there are no rows with key and protected columns; does the query",
    ),
    "no row": (lambda table: table[:0], "evaluate: loans: none of the test rows is in the table any more"),
    "a column is lost": (
        lambda table: table.drop_columns("age"),
        "evaluate: groups.age: is not among the protected",
    ),
    "the key is lost": (
        lambda table: table.drop_columns("loan"),
        "evaluate: key column loan: is not among the prot",
    ),
    "some rows are lost": (
        lambda table: table[:1400],
        "test rows have none; the table has changed since it was split",
    ),
}


@pytest.mark.parametrize("case", NO_GROUPS)
def test_groups_that_cannot_be_measured_for_every_test_row_end_the_evaluation(
    base: Path, trained: Path, tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change, expected = NO_GROUPS[case]
    protected = tmp_path / "protected"
    protected.mkdir()
    table = loans(1500).select(["loan", "grade", "months"]).rename_columns(["loan", "side", "age"])
    if change:
        pq.write_table(change(table), protected / "file")
    given = ["--model", str(trained), "--test", str(trained / "test"), "--output", str(tmp_path / "report")]
    groups = [word for text in GROUPS for word in ("--groups", text)]
    assert evaluate_job.main([*given, "--protected", str(protected), *groups]) == 2
    told = capsys.readouterr().err
    assert expected in told
    assert told.count("\n") == 1
    assert not (tmp_path / "report").exists(), "no report, so that nothing is registered"


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


def test_counts_of_texts_are_bounded_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "_TRACKED", 100)
    texts = pa.array([f"t{i}" for i in range(900)] + ["often"] * 100 + [None] * 24)
    pq.write_table(pa.table({"c": texts}), tmp_path / "file")
    known = FeatureSchema(
        features=(Feature(name="c", kind="category", levels=("often",)),), key=("k",), target="t", positive="1",
        positive_label="bad", negative_label="good",
    )  # fmt: skip
    (entry,) = baselines.baselines(tmp_path, known, 128)[0]["features"]
    found = entry["string_statistics"]
    assert found["common"] == {"num_present": 1000, "num_missing": 24}, (
        "rows are counted, whatever is forgotten"
    )
    assert found["distinct_count"] >= 100
    buckets = found["distribution"]["categorical"]["buckets"]
    assert buckets[0] == {"value": "often", "count": 100}, "what is frequent stays"
    assert len(buckets) <= 100


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
