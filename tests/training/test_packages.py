"""The registry from the command line, and the model card that a package is registered with."""

from __future__ import annotations

import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from moto.sagemaker.responses import SageMakerResponse

from components import registered_models
from governance.errors import MeshError
from tests.training.conftest import Cloud
from tests.training.tables import loans, loans_config
from training import evaluate, preprocess, train
from training.cli import main
from training.registry import packages, register
from training.session import Context


def made(cloud: Cloud, *, auc: float = 0.7, brier: float = 0.2, contract: str = "1.0.0") -> str:
    """A package in the group, as `register` makes them."""
    return str(
        cloud.client("sagemaker").create_model_package(
            ModelPackageGroupName="mesh-credit-risk",
            ModelApprovalStatus="PendingManualApproval",
            CustomerMetadataProperties={"auc": f"{auc}", "brier": f"{brier}", "contract-version": contract},
        )["ModelPackageArn"]
    )


@pytest.fixture
def context(cloud: Cloud, tmp_path: Path) -> Context:
    return Context(config=loans_config(), outputs_from=cloud.outputs, work=tmp_path)


def test_versions_are_listed_newest_first_beyond_nine_and_over_pages(cloud: Cloud, context: Context) -> None:
    for _ in range(12):
        made(cloud)
    assert [entry.version for entry in packages.packages(context)] == list(range(12, 0, -1))
    assert packages.table([]) == "no model packages"


def test_the_newest_approved_is_the_highest_approved_version(cloud: Cloud, context: Context) -> None:
    with pytest.raises(MeshError, match="mesh-credit-risk: has no approved package"):
        packages.newest_approved(context)
    for _ in range(3):
        made(cloud)
    packages.decide(context, 2, packages.APPROVED, "better")
    packages.decide(context, 1, packages.APPROVED, "the one before, approved later")
    assert packages.newest_approved(context).version == 2, "by version, not by the time of approval"


def test_a_decision_keeps_the_metrics_and_its_reason(cloud: Cloud, context: Context) -> None:
    made(cloud, auc=0.71)
    decided = packages.decide(context, 1, packages.REJECTED, "unfair to the young")
    assert (decided.status, decided.note) == ("Rejected", "unfair to the young")
    assert decided.measure("auc") == 0.71, "what the package was registered with is still there"
    for arguments, expected in (
        ((1, packages.REJECTED, "again"), "version 1: is Rejected already"),
        ((1, packages.APPROVED, "  "), "--reason: say why"),
        ((7, packages.APPROVED, "x"), "has no version 7; it has 1"),
    ):
        with pytest.raises(MeshError, match=expected):
            packages.decide(context, *arguments)


def test_comparison_says_which_way_is_better(cloud: Cloud, context: Context) -> None:
    made(cloud, auc=0.70, brier=0.20)
    made(cloud, auc=0.75, brier=0.25, contract="2.0.0")
    lines = packages.compare(packages.package(context, 1), packages.package(context, 2)).splitlines()
    told = {line.split()[0]: line for line in lines[1:]}
    assert told["auc"].endswith("+0.0500 better")
    assert told["brier"].endswith("+0.0500 worse"), "a lower Brier score is better"
    assert told["contract-version"].endswith("differs")
    assert told["ks"].endswith("-"), "unknown measures are no difference"


def test_comparison_leaves_out_what_neither_says_and_names_the_columns_that_differ() -> None:
    facts = {"columns-0": "key status age", "columns-1": "savings", "columns-2": "-", "columns-3": "-",
             "columns-hash": "abc"}  # fmt: skip
    first, second = (
        packages.Package(version=version, arn="a", status="Approved", created="now", metadata=metadata)
        for version, metadata in (
            (1, facts),
            (2, {**facts, "columns-0": "key status job", "code-revision": "f" * 64}),
        )
    )
    told = {line.split()[0]: line.split() for line in packages.compare(first, second).splitlines()[1:]}
    assert told["columns"] == ["columns", "4", "4", "-age", "+job"]
    assert told["code-revision"] == ["code-revision", "-", "f" * 20, "differs"]
    assert "query-id" not in told, "neither says"
    shown = dict(line.split(None, 1) for line in packages.describe(first).splitlines())
    assert shown["columns"] == "key status age savings", "in one piece"
    assert [name for name in shown if name.startswith("columns-")] == ["columns-hash"]


def test_the_commands_print_results_and_mistakes(
    cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps(cloud.outputs))
    made(cloud)
    made(cloud)
    common = ["--outputs", str(path)]
    assert main(["packages", "approve", "2", "--reason", "good", *common]) == 0
    assert "Approved (good)" in capsys.readouterr().out
    assert main(["packages", "list", "--status", "Approved", *common]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("2 ")
    for arguments in (["show", "1"], ["compare", "1", "2"], ["reject", "1", "--reason", "bad"]):
        assert main(["packages", *arguments, *common]) == 0, arguments
    capsys.readouterr()
    assert main(["packages", "show", "3", *common]) == 2
    assert capsys.readouterr().err == "mesh-credit-risk: has no version 3; it has 2, 1\n"


def test_a_package_is_registered_with_its_card_pending_review(
    cloud: Cloud, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    create = SageMakerResponse.create_model_package

    def kept(self: Any) -> Any:
        sent.append(self._get_param("ModelCard"))
        return create(self)

    monkeypatch.setattr(SageMakerResponse, "create_model_package", kept)
    cloud.answers["loans"] = loans()
    preprocess.run(context)
    train.run(context)
    evaluate.run(context)
    registered = register.run(context, image="i:1")
    assert sent[0]["ModelCardStatus"] == "PendingReview"
    card = json.loads(sent[0]["ModelCardContent"])
    assert card["model_overview"]["model_artifact"] == [registered.model_url]
    assert card["additional_information"]["custom_details"]["contract_version"] == "1.2.0"
    key = registered.card_url.removeprefix("s3://models/")
    stored = cloud.client("s3").get_object(Bucket="models", Key=key)
    assert json.loads(stored["Body"].read()) == card, "the same card lies beside the metrics"
    assert stored["SSEKMSKeyId"] == cloud.outputs["keyArn"]


def test_a_package_can_be_served_and_says_which_columns_it_is_made_of(cloud: Cloud, context: Context) -> None:
    cloud.answers["loans"] = loans()
    preprocess.run(context)
    train.run(context)
    evaluate.run(context)
    registered = register.run(context, image="i:1")
    client = cloud.client("sagemaker")
    found = client.describe_model_package(ModelPackageName=registered.package_arn)
    (container,) = found["InferenceSpecification"]["Containers"]
    assert container["Environment"]["SAGEMAKER_PROGRAM"] == "inference.py"
    assert container["Environment"]["SAGEMAKER_SUBMIT_DIRECTORY"] == "/opt/ml/model/code"
    body = cloud.client("s3").get_object(
        Bucket="models", Key=registered.model_url.removeprefix("s3://models/")
    )
    with tarfile.open(fileobj=io.BytesIO(body["Body"].read())) as archive:
        names = archive.getnames()
    assert {"xgboost-model", "features.json", "metrics.json", "code/inference.py"} <= set(names)
    assert not [name for name in names if "__pycache__" in name]
    metadata = found["CustomerMetadataProperties"]
    (model,) = registered_models.packages(client, cloud.client("s3"), "mesh-credit-risk", "ml-coe")
    assert model.columns == {*loans().column_names}, (
        "key, target and features, as the contract gate reads them"
    )
    allowed = re.compile(r"[\w\s.:/=+@-]{1,256}")
    assert [name for name, value in metadata.items() if not allowed.fullmatch(value)] == []
    baselines = found["DriftCheckBaselines"]["ModelDataQuality"]
    for part in ("Statistics", "Constraints"):
        key = baselines[part]["S3Uri"].removeprefix("s3://models/")
        assert json.loads(cloud.client("s3").get_object(Bucket="models", Key=key)["Body"].read()), part


def test_a_package_without_columns_in_its_metadata_names_none() -> None:
    assert registered_models.named_columns({"columns-0": "-", "columns-hash": "abc"}) is None
    assert registered_models.named_columns({"columns-0": "a b", "columns-1": "-"}) == {"a", "b"}
    assert registered_models.named_columns({"columns": "a,b"}) == {"a", "b"}
