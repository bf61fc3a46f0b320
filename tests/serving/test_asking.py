"""`python -m training endpoint`: asking what production serves, as the role that its outputs name."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from world import CONSUMER, NAMES, PRODUCTION, REGION, ROLE, ROW, SERVING, World, as_somebody, code

from components.documents import account_trust
from components.serving_documents import caller_policy
from training.cli import main

ENDPOINT = NAMES.endpoint(SERVING)
CALLER = NAMES.caller_role(SERVING)


@pytest.fixture(scope="module")
def served(world: World) -> dict[str, Any]:
    """Outputs of a production stack with a promoted version, whose endpoint is in service."""
    iam = world.client(PRODUCTION, "iam")
    trust = account_trust(PRODUCTION, (), None)
    iam.create_role(RoleName=CALLER, AssumeRolePolicyDocument=json.dumps(trust))
    policy = json.dumps(caller_policy(PRODUCTION, ENDPOINT))
    iam.put_role_policy(RoleName=CALLER, PolicyName="ask", PolicyDocument=policy)
    assert world.serve(ENDPOINT, world.packages[0])["EndpointStatus"] == "InService"
    return {
        "accountId": PRODUCTION.account_id, "region": REGION, "serving": SERVING, "mode": "endpoint",
        "roleArn": ROLE, "callerRoleArn": PRODUCTION.role_arn(CALLER), "modelPackage": world.packages[0],
        "endpoint": ENDPOINT, "model": ENDPOINT,
    }  # fmt: skip


@pytest.fixture
def ask(
    world: World,
    served: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Run the command in a folder of its own; its exit code, output and errors."""
    as_somebody(monkeypatch, world.endpoint)
    monkeypatch.delenv("MESH_PRODUCTION", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*words: str, outputs: dict[str, Any] | None = None) -> tuple[int, str, str]:
        monkeypatch.setenv("MESH_PRODUCTION", json.dumps(outputs or served))
        code = main(["endpoint", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def refused(found: tuple[int, str, str]) -> str:
    code, out, err = found
    assert (code, out) == (2, "")
    assert err.count("\n") == 1, "one line"
    return err


def test_one_row_and_many_are_scored_and_shown_with_their_reasons(ask: Any, tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps({**ROW, "grade": "Z"}))
    code, out, err = ask("invoke", "--file", "one.json")
    assert (code, err) == (0, "")
    head, line = out.splitlines()
    assert head.split() == ["row", "score", "decision", "reasons"]
    assert line.endswith("grade is not known to the model")
    (tmp_path / "rows.CSV").write_text(",".join(ROW) + "\n" + 2 * (",".join(map(str, ROW.values())) + "\n"))
    code, out, _ = ask("invoke", "--file", "rows.CSV", "--json")
    answers = json.loads(out)["predictions"]
    assert len(answers) == 2
    code, out, _ = ask("invoke", "--file", "rows.CSV", "--csv")
    assert [float(row.split(",")[0]) for row in out.splitlines()] == [row["score"] for row in answers]
    (tmp_path / "rows.jsonl").write_text(2 * (json.dumps(ROW) + "\n"))
    code, out, _ = ask("invoke", "--file", "rows.jsonl")
    assert [line.split()[0] for line in out.splitlines()] == ["row", "1", "2"]
    assert f"{answers[0]['score']:.4f}" in out


def test_a_reason_tells_a_date_as_it_was_sent(ask: Any, tmp_path: Path) -> None:
    seen = set()
    for day in ("2001-01-01", "2020-05-01"):
        (tmp_path / "one.json").write_text(json.dumps({**ROW, "opened": day, "seen": f"{day}T03:04:05"}))
        _, out, _ = ask("invoke", "--file", "one.json", "--json")
        found = {item["feature"]: item["value"] for item in json.loads(out)["reasons"]}
        seen |= {found[name] for name in ("opened", "seen") if name in found}
        for name, value in (("opened", day), ("seen", f"{day}T03:04:05")):
            assert found.get(name, value) == value
    assert seen, "dates are among the reasons"


def test_rows_come_from_standard_input_too(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    body = io.BytesIO(json.dumps(ROW).encode())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(body))
    code, out, _ = ask("invoke", "--file", "-", "--type", "json")
    assert (code, len(out.splitlines())) == (0, 2)
    assert "say what it holds with --type" in refused(ask("invoke", "--file", "-"))


def test_what_the_model_refuses_is_its_own_line(ask: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(json.dumps({**ROW, "income": "much"}))
    said = refused(ask("invoke", "--file", "bad.json"))
    assert said == (f"endpoint {ENDPOINT}: payload row 1, field income: 'much' cannot be read as number\n"), (
        "no more than that"
    )


def test_a_model_that_fails_is_told_with_the_place_of_its_log(
    world: World, served: dict[str, Any], ask: Any, tmp_path: Path
) -> None:
    files = code("x")
    files["code/inference.py"] += b"\ndef predict_fn(data, model): raise RuntimeError('out of order')\n"
    world.serve("failing", world.register(files, key="pipeline/failing/model.tar.gz"))
    (tmp_path / "one.json").write_text("{}")
    deploy_role = PRODUCTION.role_arn("MeshDeploy")
    said = refused(
        ask("invoke", "--file", "one.json", "--as", deploy_role, outputs={**served, "endpoint": "failing"})
    )
    assert "endpoint failing: the model answered with status 500; its log is arn:aws:logs:" in said


@pytest.mark.parametrize(
    "role, who",
    [
        ("mesh-serving-credit-risk", PRODUCTION.role_arn("mesh-serving-credit-risk")),
        (CONSUMER.role_arn("stranger"), CONSUMER.role_arn("stranger")),
    ],
)
def test_a_role_that_may_not_ask_is_refused(ask: Any, tmp_path: Path, role: str, who: str) -> None:
    (tmp_path / "one.json").write_text(json.dumps(ROW))
    said = refused(ask("invoke", "--file", "one.json", "--as", role))
    assert said.startswith(f"endpoint {ENDPOINT} as {who}: ")
    assert "AccessDeniedException" in said or "not found" in said


def test_the_caller_may_ask_this_endpoint_and_no_other(
    world: World, served: dict[str, Any], ask: Any, tmp_path: Path
) -> None:
    world.serve("another", world.packages[0])
    (tmp_path / "one.json").write_text(json.dumps(ROW))
    said = refused(ask("invoke", "--file", "one.json", outputs={**served, "endpoint": "another"}))
    assert "is not authorized to perform: sagemaker:InvokeEndpoint" in said


def test_status_tells_what_is_served_and_whether_it_answers(
    world: World, served: dict[str, Any], ask: Any
) -> None:
    code, out, err = ask("status")
    assert (code, err) == (0, "")
    facts = dict(line.split(None, 1) for line in out.splitlines())
    assert facts["status"] == "InService"
    assert facts["package"] == world.packages[0]
    assert facts["instances"] == "champion 1"
    assert served["callerRoleArn"] in facts["asked"]
    world.serve(
        "down",
        world.register({"code/inference.py": b"import nothing_here"}, key="pipeline/down/model.tar.gz"),
    )
    role = PRODUCTION.role_arn("MeshDeploy")
    code, out, _ = ask("status", "--as", role, outputs={**served, "endpoint": "down"})
    assert code == 1
    assert "nothing_here" in out
    said = refused(ask("status", outputs={**served, "endpoint": "nowhere"}))
    assert "Could not find endpoint" in said


@pytest.mark.parametrize(
    "change, line",
    [
        ({"endpoint": ""}, "credit-risk serves nothing yet; promote a version with 'mesh promote'"),
        (
            {"mode": "batch", "endpoint": "", "callerRoleArn": ""},
            "has the mode batch; ask with 'python -m training batch'",
        ),
        ({"callerRoleArn": None}, "has no 'callerRoleArn'; are these the outputs of the production stack?"),
    ],
)
def test_outputs_that_name_no_endpoint_say_what_to_do(
    served: dict[str, Any], ask: Any, change: dict[str, Any], line: str
) -> None:
    said = refused(ask("status", outputs={**served, **change}))
    assert said.startswith("MESH_PRODUCTION: ")
    assert line in said


def test_a_file_that_is_missing_too_large_or_of_an_unknown_kind_is_not_sent(ask: Any, tmp_path: Path) -> None:
    assert "--file none.csv: cannot be read" in refused(ask("invoke", "--file", "none.csv"))
    assert "--file rows.xlsx: ends in none of" in refused(ask("invoke", "--file", "rows.xlsx"))
    (tmp_path / "large.csv").write_bytes(b"1" * (6 * 1024 * 1024 + 1))
    said = refused(ask("invoke", "--file", "large.csv"))
    assert "has 6.0 MB, and a request may have 6; send fewer rows, or use a transform job" in said


def test_without_outputs_it_is_said_where_they_come_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MESH_PRODUCTION", raising=False)
    assert main(["endpoint", "status"]) == 2
    assert (
        "'mesh outputs production --json' and give it here or in MESH_PRODUCTION" in capsys.readouterr().err
    )
