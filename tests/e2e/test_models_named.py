"""A breaking contract in a preview of the producer: refused, naming the models that were trained on what goes."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from story import Mesh, copy_project, edit

from components.contract_gate import READ_OUTPUTS
from governance.contracts.difference import Refusal
from local.engine import record
from mesh.aws import Acting
from mesh.cli import main
from training.evaluation.gate import in_slots

FILE = "contracts/credit-card.odcs.yaml"
LOB, STRANGER = "222233334444", "888899990000"
TRAINED_ON = {"one": ["id", "housing", "duration", "risk"], "two": ["id", "duration", "risk"]}


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh of its own, without data, since a registered version stays in the registry."""
    mesh = Mesh(copy_project(tmp_path_factory.mktemp("registry")))
    try:
        mesh.up()
        yield mesh
    finally:
        mesh.stop()


@pytest.fixture(scope="module")
def group(mesh: Mesh) -> str:
    """The registry with three versions: approved on housing, waiting without housing, and rejected."""
    client = mesh.acting("consumer").client("sagemaker")
    name = mesh.outputs("consumer")["modelPackageGroup"]
    for columns, status in (
        (TRAINED_ON["one"], "Approved"),
        (TRAINED_ON["two"], "PendingManualApproval"),
        (TRAINED_ON["one"], "Rejected"),
    ):
        facts = {"data-product": "credit-card", "table": "credit_card", "contract-version": "1.0.0"}
        slots = {f"columns-{slot}": text for slot, text in enumerate(in_slots(columns))}
        client.create_model_package(
            ModelPackageGroupName=name,
            ModelApprovalStatus=status,
            CustomerMetadataProperties={**facts, **slots},
        )
    return str(name)


@pytest.fixture
def changed(mesh: Mesh, tmp_path: Path) -> Callable[..., Path]:
    """A copy of the project whose contract lost columns."""

    def make(*gone: str, **more: Any) -> Path:
        folder = tmp_path / "project"
        shutil.copytree(mesh.folder, folder)
        data = yaml.safe_load((folder / FILE).read_text(encoding="utf-8")) | more
        table = data["schema"][0]
        table["properties"] = [item for item in table["properties"] if item["name"] not in gone]
        (folder / FILE).write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        return folder

    return make


def preview(mesh: Mesh, folder: Path, endpoint: str = "") -> list[str]:
    """Lines that the producer's program is refused with, run as `pulumi preview` runs it."""
    with pytest.raises(Refusal) as refused:
        record(
            folder,
            "producer",
            references={"central": mesh.outputs("central")},
            config_overrides={"mesh:endpoint": endpoint or mesh.endpoint},
            answers={READ_OUTPUTS: {"outputs": mesh.outputs("producer")}},
        )
    return list(refused.value.lines)


def test_the_refusal_names_the_model_its_version_status_and_consumer(
    mesh: Mesh, group: str, changed: Callable[..., Path]
) -> None:
    lines = preview(mesh, changed("housing", "purpose"))
    housing, purpose = (
        next(line for line in lines if f"credit_card.{name} " in line) for name in ("housing", "purpose")
    )
    assert f"ml-coe/pipeline; model {group}/1 of ml-coe (Approved))" in housing, housing
    assert f"{group}/2" not in housing, "it was trained on other columns"
    assert f"{group}/3" not in housing, "and a rejected one on nothing that counts"
    assert "model " not in purpose, "nothing was trained on it"
    assert "could not be looked up" not in "\n".join(lines), "the LoB's deploy role may ask"


def test_models_that_wait_for_approval_are_named_as_such(
    mesh: Mesh, group: str, changed: Callable[..., Path]
) -> None:
    (line,) = (line for line in preview(mesh, changed("duration")) if "credit_card.duration" in line)
    assert f"model {group}/1 of ml-coe (Approved); model {group}/2 of ml-coe (PendingManualApproval))" in line


def test_a_registry_that_does_not_open_is_said_and_the_verdict_stands(
    mesh: Mesh, group: str, changed: Callable[..., Path]
) -> None:
    client = mesh.acting("consumer").client("sagemaker")
    policy = client.get_model_package_group_policy(ModelPackageGroupName=group)["ResourcePolicy"]
    folder = changed("housing")
    client.delete_model_package_group_policy(ModelPackageGroupName=group)
    try:
        *breaks, last = preview(mesh, folder)
    finally:
        client.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy=policy)
    assert any("credit_card.housing the column is gone" in line for line in breaks), breaks
    assert last.startswith("models of ml-coe could not be looked up: AccessDeniedException: "), last
    assert "when it is brought up" in last, "what to do"


def test_a_registry_that_cannot_be_reached_holds_nobody_up(mesh: Mesh, changed: Callable[..., Path]) -> None:
    begun = time.monotonic()
    *breaks, last = preview(mesh, changed("housing"), "http://127.0.0.1:9")
    assert time.monotonic() - begun < 20
    assert breaks, "it breaks all the same"
    assert last.startswith("models of ml-coe could not be looked up: Could not connect to the endpoint URL")


def test_who_shares_nothing_with_the_consumer_may_not_list_and_a_lob_may_not_deploy(
    mesh: Mesh, group: str
) -> None:
    arn = f"arn:aws:sagemaker:eu-west-1:333344445555:model-package-group/{group}"
    producer = mesh.acting("producer").client("sagemaker")
    (*_, newest) = producer.list_model_packages(ModelPackageGroupName=arn)["ModelPackageSummaryList"]
    assert producer.describe_model_package(ModelPackageName=newest["ModelPackageArn"])
    stranger = Acting(mesh.endpoint, f"arn:aws:iam::{STRANGER}:role/MeshDeploy", "eu-west-1").client(
        "sagemaker"
    )
    refused: dict[str, Callable[[], Any]] = {
        "ListModelPackages": lambda: stranger.list_model_packages(ModelPackageGroupName=arn),
        "CreateModel": lambda: producer.create_model(
            ModelName="taken",
            ExecutionRoleArn=f"arn:aws:iam::{LOB}:role/MeshDeploy",
            PrimaryContainer={"ModelPackageName": newest["ModelPackageArn"]},
        ),
        "UpdateModelPackage": lambda: producer.update_model_package(
            ModelPackageArn=newest["ModelPackageArn"], ModelApprovalStatus="Rejected"
        ),
    }
    for action, call in refused.items():
        with pytest.raises(ClientError) as caught:
            call()
        error = caught.value.response["Error"]
        assert (error["Code"], action in error["Message"]) == ("AccessDeniedException", True), error


def test_the_command_asks_the_same_way_when_told_to(
    mesh: Mesh, group: str, changed: Callable[..., Path], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    folder = changed("housing")
    edit(folder, "producer", endpoint=mesh.endpoint)
    monkeypatch.chdir(folder)
    old = str(mesh.folder / FILE)
    assert main(["contract", "diff", old, FILE, "--live"]) == 1
    out = capsys.readouterr().out
    assert f"model {group}/1 of ml-coe (Approved)]" in out, out
    root = {"type": "pulumi:pulumi:Stack", "outputs": mesh.outputs("producer")}
    Path("stack.json").write_text(json.dumps({"version": 3, "deployment": {"resources": [root]}}))
    assert main(["contract", "check", FILE, "--against", "stack.json", "--live"]) == 1
    assert f"model {group}/1 of ml-coe (Approved)]" in capsys.readouterr().out, (
        "as 'pulumi stack export' has it"
    )
    edit(folder, "producer", endpoint="http://127.0.0.1:9")
    assert main(["contract", "diff", old, FILE, "--live"]) == 1, "the verdict is the same"
    assert "models of ml-coe could not be looked up: Could not connect" in capsys.readouterr().out
