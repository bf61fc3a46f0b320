"""The demo's last acts on a mesh that is up: approved by who may, promoted, asked; and no file of the user's changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from story import SOURCE, Mesh, copy_project, edit
from test_training_pipeline import LENIENT, run

from mesh import deploy
from mesh.aws import environment
from mesh.demo import production
from mesh.demo.picture import account
from mesh.demo.story import Story
from mesh.project import Project
from training.features import load_features

FILE = "Pulumi.production.yaml"
ABSENT = "arn:aws:sagemaker:eu-west-1:333344445555:model-package/mesh-credit-risk/999"


@pytest.fixture
def story(mesh: Mesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """A trained model, and a production stack whose file names a version of another registry."""
    for name, value in environment(mesh.endpoint, "eu-west-1").items():
        monkeypatch.setenv(name, value)
    folder = copy_project(tmp_path / "project")
    shutil.copy(SOURCE / FILE, folder / FILE)
    edit(folder, "production", modelPackages={"current": ABSENT})
    project = Project(folder)
    found, steps = run(mesh, **LENIENT)
    assert found["PipelineExecutionStatus"] == "Succeeded", steps
    arn = steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    sagemaker = mesh.acting("consumer").client("sagemaker")
    facts = sagemaker.describe_model_package(ModelPackageName=arn)["CustomerMetadataProperties"]
    bucket, _, key = facts["features-file"].removeprefix("s3://").partition("/")
    mesh.acting("consumer").client("s3").download_file(bucket, key, str(tmp_path / "features.json"))
    features = list(load_features(tmp_path / "features.json").names)
    told = Story(project, endpoint=mesh.endpoint)
    told.report["model"] = {"package_arn": arn, "features": features}
    nothing = production.NOTHING
    deploy.up(project, ["production"], endpoint=mesh.endpoint, say=lambda _: None, config=nothing)
    yield told
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="PendingManualApproval")
    deploy.down(project, ["production"], endpoint=mesh.endpoint, say=lambda _: None)


def test_a_model_is_approved_promoted_and_asked_without_a_change_of_the_stack_files(
    mesh: Mesh, story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    path = story.project.folder / FILE
    before = path.read_bytes()
    production.serve(story, "production", mesh.outputs("consumer"), key="application_id", keep=True)
    told: dict[str, Any] = story.report["production"]
    assert path.read_bytes() == before, "the user's file"
    assert "AccessDeniedException" in told["refused"]["error"], "who trained asked first"
    assert told["refused"]["principal"].endswith("role/mesh-data-scientist")
    assert told["approved_by"].endswith("role/mesh-auditor")
    assert told["package_arn"] == story.report["model"]["package_arn"]
    assert told["application"] == "A-001000"
    assert 0 < told["score"] < 1
    assert told["decision"] in ("default", "repaid")
    assert 1 <= len(told["reasons"]) <= 4
    assert {item["feature"] for item in told["reasons"]} <= set(story.report["model"]["features"])
    kept = deploy.outputs(story.project, "production", endpoint=mesh.endpoint)
    assert (kept["endpoint"], kept["modelPackage"]) == ("", ""), (
        "a cloud that is kept is as the stack files say"
    )

    said = capsys.readouterr().out
    assert "refused as data-scientist" in said
    report = {
        **story.report, "resources": {}, "rows": {"curated": 1, "quarantined": 0}, "quality": [], "queries": [],
        "denials": [], "seconds": 1.0,
        "model": {"auc": 0.7, "auc_ci": [0.6, 0.8], "ks": 0.4, "contract_version": "1.0.0", "unseen": ["age"],
                  "package_arn": told["package_arn"]},
    }  # fmt: skip
    lines = account(report, Path("report.html"), kept=False)
    assert "Refused     mesh-data-scientist: to approve version" in lines
    assert f"Served      mesh-credit-risk: application A-001000 scores {told['score']:.3f}" in lines
    assert "endpoint is gone" not in lines
    assert "'mesh promote' writes them" in account(report, Path("report.html"), kept=True)
