"""Serving by SageMaker's contract, the page and the model card, on one trained model."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from governance.errors import MeshError
from tests.training.tables import ROOT, loans, loans_config
from training import evaluate, inference, preprocess, train
from training.data.split import split_table
from training.evaluation.page import page
from training.features import encode, load_features
from training.model import booster as model
from training.registry import model_card
from training.session import Context

ROW = {"grade": "C", "income": 21.5, "months": 12, "score": 0.3, "owner": True, "opened": "2020-05-01",
       "seen": "2021-01-02T03:04:05"}  # fmt: skip


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    schema = split_table([loans(2000)], loans_config(), folder)
    preprocess.write_schema(schema, folder / "features")
    context = Context(config=loans_config(), work=folder)
    train.run(context)
    evaluate.run(context)
    return folder


@pytest.fixture(scope="module")
def served(work: Path) -> inference.Model:
    return inference.model_fn(work / "model")


def ask(
    served: inference.Model, body: str, kind: str = "application/json", accept: str = "application/json"
) -> Any:
    text, _ = inference.output_fn(inference.predict_fn(inference.input_fn(body, kind), served), accept)
    return json.loads(text) if accept == "application/json" else text


def test_a_served_score_is_the_score_of_evaluation(work: Path, served: inference.Model) -> None:
    table = loans(2000).slice(0, 50)
    schema = load_features(work / "model" / "features.json")
    expected = model.score(served.booster, encode(table, schema))
    rows = [{name: row[name] for name in schema.names} for row in table.to_pylist()]
    answer = ask(served, json.dumps(rows, default=str))
    assert [row["score"] for row in answer["predictions"]] == pytest.approx([float(x) for x in expected])


def test_one_object_gets_one_answer_with_signed_reasons(served: inference.Model) -> None:
    answer = ask(served, json.dumps(ROW))
    assert 0 < answer["score"] < 1
    assert answer["decision"] == ("default" if answer["score"] >= served.threshold else "repaid")
    sizes = [abs(reason["contribution"]) for reason in answer["reasons"]]
    assert 1 <= len(sizes) <= inference.REASONS
    assert sizes == sorted(sizes, reverse=True)
    for reason in answer["reasons"]:
        assert reason["effect"] == ("raises" if reason["contribution"] > 0 else "lowers")


def test_json_and_csv_with_and_without_names_give_the_same_score(served: inference.Model) -> None:
    expected = ask(served, json.dumps(ROW))["score"]
    cells = ",".join(str(value) for value in ROW.values())
    turned = ",".join(reversed(ROW)) + "\n" + ",".join(str(value) for value in reversed(ROW.values()))
    named = ",".join(ROW) + "\n" + cells
    for body, kind in ((cells, "text/csv"), (named, "text/csv; header=present"), (named, "text/csv"),
                       (turned, "text/csv")):  # fmt: skip
        assert ask(served, body, kind)["predictions"][0]["score"] == pytest.approx(expected), (body, kind)
    assert ask(served, json.dumps({"instances": [ROW]}))["predictions"][0]["score"] == pytest.approx(expected)
    line = ask(served, cells + "\n" + cells, "text/csv", "text/csv").splitlines()
    assert len(line) == 2
    assert float(line[0].split(",")[0]) == pytest.approx(expected)
    assert re.match(r"[+-]\w+", line[0].split(",")[2])


def test_an_unseen_category_and_an_empty_cell_are_missing(served: inference.Model) -> None:
    scores = [ask(served, json.dumps(ROW | {"grade": value}))["score"] for value in ("Z", None, "")]
    assert len(set(scores)) == 1


@pytest.mark.parametrize(
    "body, kind, expected",
    [
        (json.dumps({"grade": "A", "x": 1} | {k: ROW[k] for k in ("income", "months", "score", "owner")}),
         "application/json",
         "payload row 1: lacks opened, seen and has the unknown x; send exactly the model's features"),
        ("grade,income,months,score,owner,x\nA,1,1,1,1,1", "text/csv",
         "payload header: lacks opened, seen and has the unknown x"),
        ("A,1,1", "text/csv", "payload row 1: has 3 values for the 7 features grade, income"),
        (json.dumps(ROW | {"income": "much"}), "application/json",
         "payload row 1, field income: 'much' cannot be read as number"),
        (json.dumps(ROW | {"owner": "maybe"}), "application/json",
         "field owner: 'maybe' cannot be read as boolean"),
        (json.dumps(ROW | {"opened": "soon"}), "application/json", "field opened: 'soon' cannot be read as date"),
        ("{", "application/json", "payload: is no JSON"),
        ("[" * 100_000, "application/json", "payload: is nested too deeply"),
        ("[]", "application/json", "payload: must be an object of features, or a list"),
        ("", "text/csv", "payload: has no rows"),
        ("x", "image/png", "content type: 'image/png' is not served; send text/csv or application/json"),
    ],
)  # fmt: skip
def test_each_mistake_in_a_payload_is_one_line_that_names_it(
    served: inference.Model, body: str, kind: str, expected: str
) -> None:
    with pytest.raises(inference.PayloadError) as caught:
        ask(served, body, kind)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.status_code == 400


def test_serving_needs_nothing_of_sagemaker_or_aws() -> None:
    code = "import sys, training.inference as i; i.input_fn('{}'); print(*{m.split('.')[0] for m in sys.modules})"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(out.stdout.split())
    assert "training" in loaded
    assert not loaded & {"sagemaker", "boto3", "awswrangler", "sagemaker_inference"}


def test_a_missing_or_corrupt_model_is_not_served(tmp_path: Path) -> None:
    with pytest.raises(MeshError, match="no such model"):
        inference.model_fn(tmp_path)
    (tmp_path / "xgboost-model").write_bytes(b"not a model")
    (tmp_path / "metrics.json").write_text("{}")
    with pytest.raises(MeshError, match="is corrupt"):
        inference.model_fn(tmp_path)


def test_the_page_stands_alone_and_escapes_what_comes_from_data(work: Path) -> None:
    report = json.loads((work / "evaluation" / "evaluation.json").read_text())
    report["importance"][0]["feature"] = "<script>alert(1)</script>"
    text = page(report)
    assert "<script" not in text
    assert not re.findall(r"(?:src|href)=|url\(|@import", text), "nothing is loaded from elsewhere"
    assert text.count("<svg") == 6, "ROC, PR, calibration, distribution, importance and SHAP summary"
    stack: list[str] = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            if tag not in ("meta", "br"):
                stack.append(tag)

        def handle_startendtag(self, tag: str, attrs: Any) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            assert stack.pop() == tag, f"{tag} closes what is open"

    Checker().feed(text)
    assert stack == []


def test_the_card_follows_the_schema_of_a_package_card(work: Path) -> None:
    from sagemaker.core.shapes.model_card_shapes import ModelCardContent

    report = json.loads((work / "evaluation" / "evaluation.json").read_text())
    card = model_card.content(
        loans_config(), load_features(work / "model" / "features.json"), model.training_metrics(work / "model"),
        report, artifact="s3://b/m.tar.gz", image="i:1", creator="arn:me", revision="abc",
    )  # fmt: skip
    ModelCardContent.model_validate(card)
    assert set(card) <= {"model_overview", "intended_uses", "business_details", "training_details",
                         "evaluation_details", "additional_information"}  # fmt: skip
    assert set(card["model_overview"]) <= {"model_creator", "model_artifact"}, "a package's card has no more"
    assert len(json.dumps(card)) < model_card.LIMIT
    quality = {
        entry["name"]: entry["value"]
        for entry in card["evaluation_details"][0]["metric_groups"][0]["metric_data"]
    }
    assert quality["AUC"] == report["metrics"]["auc"]["value"]
    assert card["training_details"]["training_job_details"]["user_provided_hyper_parameters"]


@pytest.mark.parametrize(
    "file, change, line",
    [
        ("features.json", lambda it: it["features"][0].update(levels=["Z", "Y"]), "features.json: is corrupt: it is not"),
        ("features.json", lambda it: it["features"][0].update(kind="text"), "'text' is no kind of feature"),
        ("features.json", lambda it: it["features"].pop(), "features.json: is corrupt"),
        ("metrics.json", lambda it: it.update(threshold="high"), "metrics.json: threshold is 'high', and must be"),
        ("metrics.json", lambda it: it.update(threshold=None), "threshold is 'null', and must be a number from 0 to 1"),
        ("metrics.json", lambda it: it.update(threshold=7), "threshold is '7'"),
        ("metrics.json", lambda it: it.update(model_sha256="0"), "xgboost-model: is corrupt"),
    ],
)  # fmt: skip
def test_an_artefact_whose_parts_were_changed_is_not_served(
    work: Path, tmp_path: Path, file: str, change: Any, line: str
) -> None:
    folder = Path(shutil.copytree(work / "model", tmp_path / "model"))
    content = json.loads((folder / file).read_text())
    change(content)
    (folder / file).write_text(json.dumps(content, indent=2) + "\n")
    with pytest.raises(MeshError) as caught:
        inference.model_fn(folder)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_artefact_from_before_its_features_had_a_digest_is_served(work: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(work / "model", tmp_path / "model"))
    facts = json.loads((folder / "metrics.json").read_text())
    del facts["features_sha256"]
    (folder / "metrics.json").write_text(json.dumps(facts))
    assert ask(inference.model_fn(folder), json.dumps(ROW))["score"] > 0


def test_a_category_that_training_did_not_know_is_named_beside_the_score(served: inference.Model) -> None:
    assert "unseen" not in ask(served, json.dumps(ROW))
    assert ask(served, json.dumps(ROW | {"grade": "Z"}))["unseen"] == ["grade"]
    rows = ask(served, json.dumps([ROW, ROW | {"grade": "Z"}, ROW | {"grade": None}]))["predictions"]
    assert [row.get("unseen") for row in rows] == [None, ["grade"], None]
