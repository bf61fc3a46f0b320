"""Over, near, raised: what a row means and what refuses a deployment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from governance.errors import MeshError
from governance.quotas import QUOTAS, Row, check_limits, read_limits, usage
from mesh import deploy, quota
from mesh.cli import main
from mesh.project import Project


def row(key: str, used: int) -> Row:
    return Row(quota=QUOTAS[key], where="somewhere", used=used, limit=QUOTAS[key].limit)


@pytest.mark.parametrize(
    ("used", "near", "over"), [(40, False, False), (41, True, False), (50, True, False), (51, False, True)]
)
def test_four_fifths_warn_and_more_than_all_refuses(used: int, near: bool, over: bool) -> None:
    assert (row("lake.tag-policies", used).near, row("lake.tag-policies", used).over) == (near, over), (
        f"{used} of 50"
    )


def test_a_limit_that_aws_sets_per_account_only_warns() -> None:
    assert not row("sagemaker.profiles", 3).over, "nobody knows the account's own number from here"
    assert row("sagemaker.profiles", 3).near, "but it is worth a word"
    assert not row("sagemaker.profiles", 2).near, "what the default allows is not"


def test_the_refusal_is_one_line_with_the_way_out() -> None:
    with pytest.raises(MeshError) as refused:
        check_limits([row("iam.trust", 4096), row("lake.tag-policies", 51)])
    line = str(refused.value)
    for part in ("somewhere", "4,096 of at most 2,048", "L-C07B4B0D", "iam.trust: NUMBER", "1 more"):
        assert part in line, f"{part} is missing in: {line}"
    assert "\n" not in line, "one line"


def test_a_fixed_limit_offers_no_request() -> None:
    with pytest.raises(MeshError) as refused:
        check_limits([row("iam.inline", 10_241)])
    assert "quotas.yaml" not in str(refused.value), "AWS does not raise it"


def test_warnings_name_what_is_nearly_used_up() -> None:
    assert check_limits([row("iam.inline", 9_000), row("iam.trust", 10)]) == [
        "quota 88%: somewhere: 9,000 of 10,240 characters of a role's inline policies"
    ], "only what is near"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([1], "must be a mapping"),
        ({"lake.tag": 5_000}, "did you mean 'lake.tags'"),
        ({"iam.inline": 20_000}, "cannot be raised"),
        ({"lake.tags": 5}, "from 1,000 up"),
        ({"lake.tags": "many"}, "from 1,000 up"),
    ],
)
def test_a_wrong_limits_file_is_one_line(content: Any, said: str) -> None:
    with pytest.raises(MeshError, match=said):
        read_limits(content, "quotas.yaml")


SMALL = [{"name": "t", "properties": [{"name": "id", "logicalType": "string", "classification": "public"}]}]


@pytest.fixture(scope="module")
def crowded(make_project: Callable[[], Any]) -> Any:
    """The shipped mesh with 49 more products of the same LoB, all shared with the consumer."""
    project = make_project()
    names = ["credit-card", *(f"product-{index}" for index in range(49))]
    central, producer, consumer = (project.read(stack) for stack in ("central", "producer", "consumer"))
    central["mesh:lobs"]["consumer-banking"]["products"] = names
    shares = producer["mesh:products"]["credit-card"]["shares"]
    for name in names[1:]:
        contract = project.contract(name, name, "consumer-banking", schema=SMALL)
        producer["mesh:products"][name] = {"contract": contract, "shares": shares}
        consumer["mesh:subscriptions"][name] = {
            "lob": "consumer-banking", "clearance": "restricted", "stack": "producer",
        }  # fmt: skip
    for stack, config in (("central", central), ("producer", producer), ("consumer", consumer)):
        project.write(stack, config)
    return project


@pytest.fixture(scope="module")
def taken(crowded: Any) -> Any:
    """The crowded mesh, recorded."""
    return quota.quota_record.record_all(crowded.folder)


@pytest.fixture
def recorded(taken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recording it again gives the same at once."""
    monkeypatch.setattr(quota.quota_record, "record_all", lambda folder: taken)


@pytest.mark.usefixtures("recorded")
def test_fifty_products_cross_a_limit_before_anything_is_changed(
    crowded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def must_not_run(*_: Any, **__: Any) -> None:
        raise AssertionError("something was changed")

    monkeypatch.setattr(deploy, "join_organization", must_not_run)
    monkeypatch.setattr(deploy.engine, "up", must_not_run)
    monkeypatch.setattr(deploy.contract_gate, "gate", lambda *_, **__: [])
    with pytest.raises(MeshError) as refused:
        deploy.up(Project(crowded.folder), [], endpoint="http://none")
    line = str(refused.value)
    assert "250 of at most 50 LF-tag policies of a principal per resource type" in line, line
    assert line.startswith("TABLE of mesh-steward-consumer-banking"), (
        "five policies for each of fifty products"
    )


@pytest.mark.usefixtures("recorded")
def test_the_command_shows_what_is_over_and_exits_with_1(
    crowded: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(crowded.folder)
    monkeypatch.setenv("MESH_HOME", str(crowded.folder / ".mesh"))
    assert main(["quota", "--json"]) == 1, "over a limit"
    found = json.loads(capsys.readouterr().out)
    over = {item["quota"] for item in found["rows"] if item["over"]}
    assert "lake.tag-policies" in over, over
    assert all(item["source"] for item in found["rows"]), "each number has its page"


def test_a_raised_limit_lets_the_same_mesh_through(crowded: Any, taken: Any) -> None:
    needed = {item.quota.key for item in usage(taken) if item.over}
    assert "lake.tag-policies" in needed, "something is over"
    path = Path(crowded.folder) / "quotas.yaml"
    path.write_text("lake.tag-policies: 500\n", encoding="utf-8")
    try:
        raised = usage(taken, quota.limits_of(Project(crowded.folder)))
    finally:
        path.unlink()
    left = {item.quota.key for item in raised if item.over}
    assert left == needed - {"lake.tag-policies"}, "only that limit was raised"


def test_now_and_after_are_told_apart(
    shipped_project: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(quota, "deployed", lambda project, endpoint: ())
    monkeypatch.setattr(quota.cloud, "require", lambda home: type("Cloud", (), {"endpoint": "http://none"}))
    found = quota.report(Project(shipped_project.folder), "deployed")
    text = quota.as_text(found)
    buckets = next(line for line in text.splitlines() if line.startswith("buckets"))
    assert buckets.split()[-4:-1] == ["0", "2", "10,000"], f"none now, two after: {buckets}"
    assert text.endswith("now is deployed"), "what 'now' is of"


def test_a_revision_that_git_does_not_know_is_one_line(
    shipped_project: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shipped_project.folder)
    assert main(["quota", "--against", "nowhere"]) == 2, "no repository, no revision"
    assert main(["quota", "--against=-x"]) == 2, "no option slips through to git"
    assert len(capsys.readouterr().err.splitlines()) == 2, "one line each"
