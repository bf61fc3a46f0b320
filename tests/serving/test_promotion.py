"""`mesh promote`: which version production serves, as a reviewable change of its stack file."""

from __future__ import annotations

import difflib
from collections.abc import Callable

import pytest
from world import CONSUMER, GROUP, PRODUCTION, STRANGER, Project, World

from governance.errors import MeshError
from mesh import cloud
from mesh.cli import commands as cli
from mesh.onboard.write import write
from mesh.project import Project as MeshProject
from mesh.promote import Promotion, production_stack, promotion
from training.registry import packages

FILE = "Pulumi.production.yaml"


def approved(world: World) -> list[int]:
    client = world.client(CONSUMER)
    return [package.version for package in packages.versions(client, GROUP, status=packages.APPROVED)]


@pytest.fixture
def promote(world: World, project: Project) -> Callable[..., Promotion]:
    """Draft and write a promotion in a copy of the project."""

    def made(*, keep: bool = True, **how: object) -> Promotion:
        found = promotion(
            MeshProject(project.folder),
            world.client(PRODUCTION),
            "production",
            **how,  # type: ignore[arg-type]
        )
        if keep:
            write(project.folder, found.draft.changes)
        return found

    return made


def changed(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[:1] in "+-"]


def test_the_first_promotion_adds_two_lines_and_leaves_the_rest(
    world: World, project: Project, promote: Callable[..., Promotion]
) -> None:
    before = project.text
    found = promote()
    newest = approved(world)[0]
    assert found.target.version == newest
    assert changed(before, project.text) == [
        "+   mesh:modelPackages:",
        f'+     current: "arn:aws:sagemaker:eu-west-1:333344445555:model-package/{GROUP}/{newest}"',
    ], "comments, order and spacing stay"
    told = "\n".join(found.lines())
    assert f"{FILE}: credit-risk goes from nothing to version {newest}" in told
    assert "the next up makes the endpoint" in told


def test_a_promotion_moves_the_former_version_to_previous(
    world: World, project: Project, promote: Callable[..., Promotion]
) -> None:
    promote(version=1)
    before = project.text.replace("mesh:mode: endpoint", "mesh:mode: endpoint  #  ours")
    (project.folder / FILE).write_text(before, encoding="utf-8")
    found = promote(version=2)
    config = project.config()["mesh:modelPackages"]
    assert config == {"current": world.packages[1], "previous": world.packages[0]}
    assert len(changed(before, project.text)) == 3, "one line changed, one added"
    told = "\n".join(found.lines())
    assert "goes from version 1 to version 2" in told
    assert "auc" in told
    assert "difference" in told, "measures side by side"
    assert "moves the endpoint to version 2 while version 1 answers" in told


def test_a_rollback_goes_back_and_can_be_taken_back(
    world: World, project: Project, promote: Callable[..., Promotion]
) -> None:
    promote(version=1)
    promote(version=2)
    served = project.text
    found = promote(rollback=True)
    assert project.config()["mesh:modelPackages"] == {
        "current": world.packages[0],
        "previous": world.packages[1],
    }
    assert "version 1 is older than version 2" in "\n".join(found.lines())
    promote(rollback=True)
    assert project.text == served, "back where it was, to the character"


def test_what_is_not_approved_or_not_there_is_not_promoted(
    world: World, project: Project, promote: Callable[..., Promotion]
) -> None:
    before = project.text
    for how, message in (
        (
            {"version": 3},
            f"{GROUP} version 3: is PendingManualApproval; only an approved version is promoted",
        ),
        ({"version": 99}, f"{GROUP}: has no version 99; it has "),
        (
            {"rollback": True},
            f"{FILE}: mesh:modelPackages: names no previous version; there is nothing to go back to",
        ),
    ):
        with pytest.raises(MeshError) as caught:
            promote(**how)
        assert str(caught.value).startswith(message)
        assert "\n" not in str(caught.value)
    assert project.text == before
    promote(version=1)
    with pytest.raises(MeshError, match=rf"{GROUP} version 1: is what {FILE} serves already"):
        promote(version=1)


def test_a_version_whose_approval_was_taken_back_is_not_rolled_back_to(
    world: World, promote: Callable[..., Promotion]
) -> None:
    arn = world.register({"code/inference.py": b""}, key="pipeline/doubtful/model.tar.gz")
    version = int(arn.rsplit("/", 1)[1])
    promote(version=version)
    promote(version=1)
    world.client(CONSUMER).update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Rejected", ApprovalDescription="unfair"
    )
    with pytest.raises(
        MeshError, match=rf"version {version}: is Rejected \(unfair\); only an approved version"
    ):
        promote(rollback=True)


def test_a_promotion_away_from_a_rejected_version_promises_no_rollback_to_it(
    world: World, promote: Callable[..., Promotion]
) -> None:
    arn = world.register({"code/inference.py": b""}, key="pipeline/unfair/model.tar.gz")
    promote(version=int(arn.rsplit("/", 1)[1]))
    world.client(CONSUMER).update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    told = "\n".join(promote(version=1).lines())
    assert "answers; that one is Rejected, so no rollback goes back to it" in told
    assert "ready for a rollback" not in told
    with pytest.raises(MeshError, match="is Rejected; only an approved version is promoted"):
        promote(rollback=True)


def test_the_registry_is_read_over_all_its_pages(world: World) -> None:
    group = "mesh-many"
    client = world.client(CONSUMER)
    client.create_model_package_group(ModelPackageGroupName=group)
    for number in range(12):
        status = "Approved" if number in (0, 9) else "Rejected"
        client.create_model_package(ModelPackageGroupName=group, ModelApprovalStatus=status)
    assert [each.version for each in packages.versions(client, group)] == list(range(12, 0, -1))
    assert packages.versions(client, group, status="Approved")[0].version == 10


def test_an_account_the_consumer_does_not_name_cannot_promote(world: World, project: Project) -> None:
    with pytest.raises(MeshError, match="AccessDeniedException") as caught:
        promotion(MeshProject(project.folder), world.client(STRANGER), "production")
    assert str(caught.value).startswith(f"mesh promote, reading {GROUP} as ")


def test_one_production_stack_is_found_and_of_several_one_is_named(project: Project) -> None:
    assert production_stack(MeshProject(project.folder), None) == "production"
    with pytest.raises(MeshError, match="--stack: 'consumer' is no production stack"):
        production_stack(MeshProject(project.folder), "consumer")
    config = project.config()
    other = {**config, "mesh:accountId": "888899990000", "mesh:serving": "other"}
    project.write(other, "production-two")
    accounts = {"credit-risk": {"accountId": "777788889999"}, "other": {"accountId": "888899990000"}}
    project.change("consumer", production=accounts)
    with pytest.raises(MeshError, match="several production stacks, production, production-two"):
        production_stack(MeshProject(project.folder), None)
    for stack in ("production", "production-two"):
        (project.folder / f"Pulumi.{stack}.yaml").unlink()
    project.change("consumer", production=None)
    with pytest.raises(MeshError, match="no stack file with the role production"):
        production_stack(MeshProject(project.folder), None)


def test_a_value_written_over_several_lines_is_left_to_its_author(
    project: Project, promote: Callable[..., Promotion], world: World
) -> None:
    text = project.text + f"  mesh:modelPackages:\n    current: >-\n      {world.packages[0]}\n"
    (project.folder / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(
        MeshError, match=r"mesh:modelPackages\.current: is no text on one line; write it by hand"
    ):
        promote(version=2)
    assert project.text == text


def test_the_command_shows_a_diff_and_writes_only_without_dry_run(
    world: World, project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project.folder)
    running = cloud.RunningCloud(endpoint=world.endpoint, pid=1, port=1)
    monkeypatch.setattr(cloud, "find", lambda home: running)
    before = project.text
    assert cli.main(["promote", "--version", "1", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert f'+    current: "{world.packages[0]}"' in said
    assert said.endswith("dry run: nothing is written\n")
    assert project.text == before
    assert cli.main(["promote", "--version", "1"]) == 0
    assert capsys.readouterr().out.endswith("written; bring it up with 'mesh up production'\n")
    assert project.config()["mesh:modelPackages"] == {"current": world.packages[0]}
    assert cli.main(["promote", "--version", "3"]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    monkeypatch.setattr(cloud, "find", lambda home: None)
    assert cli.main(["promote"]) == 2
    assert "is not running; start it with 'mesh cloud start'" in capsys.readouterr().err
