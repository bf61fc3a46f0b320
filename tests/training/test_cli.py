"""Configuration, outputs and the command line: what is read from where, and one line for each mistake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from governance.errors import MeshError
from tests.training.conftest import Cloud
from tests.training.tables import ROOT, loans
from training import PHASES
from training.cli import main
from training.config import load_config
from training.model.hyperparameters import Hyperparameters
from training.outputs import load_outputs

LOANS = [
    "--product",
    "lending",
    "--table",
    "loans",
    "--target",
    "defaulted",
    "--positive",
    "yes",
    "--key",
    "loan",
]
QUICK = ["--rounds", "30", "--eta", "0.2"]


def config_file(folder: Path, text: str) -> Path:
    path = folder / "model.yaml"
    path.write_text(text)
    return path


def test_importing_the_command_line_loads_no_heavy_library() -> None:
    code = "import sys, training, training.cli; print(sorted({m.split('.')[0] for m in sys.modules}))"
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    heavy = {
        "pandas",
        "pyarrow",
        "xgboost",
        "awswrangler",
        "boto3",
        "sagemaker",
        "numpy",
        "pulumi",
        "local",
        "mesh",
    }
    assert not heavy & set(json.loads(out.replace("'", '"'))), "a --help must not wait for them"


def test_every_phase_and_run_have_help(capsys: pytest.CaptureFixture[str]) -> None:
    for phase in (*PHASES, "run"):
        with pytest.raises(SystemExit) as ended:
            main([phase, "--help"])
        assert ended.value.code == 0
        assert "--as ROLE" in capsys.readouterr().out


def test_run_goes_through_all_phases_and_prints_the_package(
    cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.answers["loans"] = loans()
    monkeypatch.setenv("MESH_OUTPUTS", json.dumps(cloud.outputs))
    code = main(["run", "--work", str(tmp_path), "--image", "i:1", "--seed", "3", *LOANS, *QUICK])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    assert shown.out.strip().endswith(":model-package/mesh-credit-risk/1"), (
        "standard output is the package's ARN"
    )
    places = [shown.err.index(f"{phase}: ") for phase in PHASES]
    assert places == sorted(places), "phases are announced in their order"
    assert (tmp_path / "register" / "package.json").is_file()


def test_phases_one_by_one_find_each_others_files(cloud: Cloud, tmp_path: Path) -> None:
    cloud.answers["loans"] = loans()
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(cloud.outputs))
    common = ["--outputs", str(outputs), "--work", str(tmp_path / "work"), *LOANS]
    for phase in PHASES:
        extra = QUICK if phase == "train" else ["--image", "i:1"] if phase == "register" else []
        assert main([phase, *common, *extra]) == 0, phase


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["explore"], "--outputs: the consumer stack's outputs are needed"),
        (
            ["explore", "--outputs", "/nowhere.json"],
            "/nowhere.json: no such file with the consumer stack's outputs",
        ),
        (["explore", "--rows", "0"], "explore: --rows: '0' must be above 0"),
        (["train"], "train: "),
        (["train"], "features.json: no such feature schema; run the preprocess phase first"),
        (
            ["train", "--subsample", "0"],
            "hyperparameters.subsample: '0' is out of range; give a number above 0 up to 1",
        ),
        (["train", "--config", "/nowhere.yaml"], "/nowhere.yaml: no such training configuration"),
        (["train", "--exclude", "credit_risk"], "target: 'credit_risk' is excluded"),
        (["evaluate"], "no such file; run the train phase first"),
        (["register"], "features.json: no such feature schema"),
    ],
)
def test_mistakes_on_the_command_line_are_one_line_and_code_2(
    arguments: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.delenv("MESH_OUTPUTS", raising=False)
    assert main([*arguments, "--work", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1, "one line"


def test_the_module_runs_and_reports_by_exit_code(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "MESH_OUTPUTS"}
    command = [sys.executable, "-m", "training", "preprocess", "--work", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


def test_the_shipped_configuration_is_the_credit_risk_model() -> None:
    config = load_config()
    assert (config.product, config.table, config.target, config.positive) == (
        "credit-card",
        "credit_card",
        "credit_risk",
        "0",
    )
    assert config.key == ("application_id",)
    assert config.hyperparameters == Hyperparameters(), "defaults in code and file are the same"
    assert config.sql == 'SELECT * FROM "credit_card"'
    assert load_config(exclude="a, b", seed=3).exclude == ("a", "b"), "flags take the place of keys"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("[1]", "model.yaml: must be a mapping of keys to values"),
        ("name: [", "model.yaml: is no YAML"),
        ("name: x", "model.yaml: product: is missing; say what is to be trained"),
        ("BASE\ncolour: red", "model.yaml: colour: unknown key; known are categorical, chunk_rows"),
        (
            "BASE\nsplit: {train: 0.8, test: 0.2}",
            "model.yaml: split: must have the keys train, validation, test",
        ),
        (
            "BASE\nsplit: {train: 0.8, validation: 0.2, test: 0.2}",
            "model.yaml: split: fractions 0.8, 0.2, 0.2 must all",
        ),
        (
            "BASE\nsplit: {train: most, validation: 0.2, test: 0.2}",
            "model.yaml: split.train: 'most' is no number",
        ),
        ("BASE\nseed: high", "model.yaml: seed: 'high' is no number"),
        ("BASE\nexclude: 3", "model.yaml: exclude: must be a list of column names"),
        ("BASE\ntarget: [a]", "model.yaml: target: must be one value"),
        ("BASE\nchunk_rows: 0", "model.yaml: chunk_rows: '0' must be a number above 0"),
        ("BASE\ncost_false_positive: .nan", "cost_false_positive: 'nan' must be a number above 0"),
        ("BASE\nsplit: {train: .nan, validation: 0.2, test: 0.2}", "split: fractions nan, 0.2, 0.2 must all"),
        ("BASE\nseed: -1", "model.yaml: seed: '-1' must be a whole number from 0 to 2147483647"),
        ("BASE\nseed: 2147483648", "seed: '2147483648' must be a whole number from 0 to 2147483647"),
        ("BASE\nkey: t", "model.yaml: target: 't' cannot be key and target at once"),
        ("BASE\nhyperparameters: 3", "model.yaml: hyperparameters: must be a mapping"),
        (
            "BASE\nhyperparameters: {depth: 3}",
            "model.yaml: hyperparameters.depth: no such hyperparameter; use one of",
        ),
        ("BASE\nhyperparameters: {eta: true}", "model.yaml: hyperparameters.eta: 'True' is out of range"),
        (
            "BASE\nhyperparameters: {gamma: -1}",
            "hyperparameters.gamma: '-1' is out of range; give a number from 0",
        ),
    ],
)
def test_each_mistake_in_a_configuration_is_one_line_with_file_and_key(
    tmp_path: Path, text: str, expected: str
) -> None:
    base = {"name": "x", "product": "p", "table": "t1", "target": "t", "positive": "1", "key": "k"}
    lines = text.splitlines()
    if lines[0] == "BASE":
        own = {line.split(":")[0] for line in lines[1:]}
        lines[0] = "\n".join(f"{key}: {value}" for key, value in base.items() if key not in own)
    with pytest.raises(MeshError) as caught:
        load_config(config_file(tmp_path, "\n".join(lines)))
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_outputs_are_read_from_file_or_environment_and_checked(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps(cloud.outputs))
    monkeypatch.setenv("MESH_OUTPUTS", str(path))
    assert load_outputs() == load_outputs(path)
    assert load_outputs().workgroup("auditor") == "mesh-ml-coe-auditor"
    assert load_outputs().contract_version("lending") == "1.2.0"
    for change, expected in (
        ({"roles": None}, "outputs.json: 'roles' must be a mapping and not empty"),
        ({"region": ""}, "outputs.json: 'region' must be a text and not empty"),
    ):
        path.write_text(json.dumps(cloud.outputs | change))
        with pytest.raises(MeshError, match=expected):
            load_outputs(path)
    path.write_text(json.dumps({"accountId": "1"}))
    with pytest.raises(MeshError, match="has no 'region'; are these the outputs of the consumer stack"):
        load_outputs(path)
    path.write_text("{")
    with pytest.raises(MeshError, match="is no JSON"):
        load_outputs(path)
    path.write_text("[]")
    with pytest.raises(MeshError, match="must be a JSON object"):
        load_outputs(path)
