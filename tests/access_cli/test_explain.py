"""`mesh access explain`: yes or no, the chain, or the first missing link and the lines that would give it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml

from local.snapshots_program import Program
from mesh.access.explain import ask
from mesh.access.names import Names
from mesh.project import Project

TABLE = "credit-card.credit_card"
LOW = {name: {"clearance": "internal"} for name in ("data-scientist", "pipeline", "auditor")}


def test_yes_comes_with_every_grant_from_the_owner_to_the_link_and_exit_0(say: Any, shipped: Project) -> None:
    said = say(shipped.folder, "explain", "--principal", "auditor", "--table", TABLE, "--column", "age")
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0] == f"yes: auditor (ml-coe) may SELECT age of {TABLE}, through rl_credit-card"
    steps = [line for line in lines if re.match(r"  \d+\. ", line)]
    assert [step.rsplit("[stack ", 1)[1] for step in steps] == ["producer]", "consumer]", "consumer]"], (
        "share, re-grant, link; each with the stack that makes it"
    )
    assert "IAM: all" in lines[-1], "the other half of the question is answered too"


@pytest.mark.parametrize(
    "principal",
    [
        "auditor",
        "auditor@ml-coe",
        "mesh-auditor",
        "arn:aws:iam::333344445555:role/mesh-auditor",
        "arn:aws:sts::333344445555:assumed-role/mesh-auditor/ana",
    ],
)
def test_a_principal_goes_by_any_of_its_names(shipped: Project, intended: Program, principal: str) -> None:
    assert Names(shipped, intended.snapshot).principal(principal).endswith("333344445555:role/mesh-auditor")


def test_the_link_and_the_products_own_database_name_the_same_table(
    shipped: Project, intended: Program
) -> None:
    names = Names(shipped, intended.snapshot)
    by_link, by_product = (
        ask(
            names,
            intended,
            principal="auditor",
            table=f"{database}.credit_card",
            column=None,
            action="SELECT",
        )
        for database in ("rl_credit-card", "credit-card")
    )
    assert by_link == by_product
    assert len(by_link.columns) == by_link.of > 0


def test_no_names_the_missing_link_the_reason_and_the_exact_line_and_exit_1(
    say: Any, shipped: Project
) -> None:
    said = say(
        shipped.folder, "explain", "--principal", "data-scientist", "--table", TABLE, "--column", "age"
    )
    assert said.code == 1
    assert "sensitivity is restricted, not confidential|internal|public" in said.out
    fix = re.search(
        r"(Pulumi\.consumer\.yaml):(\d+): mesh:roles\.data-scientist\.clearance: restricted", said.out
    )
    assert fix, said.out
    line = (shipped.folder / fix[1]).read_text().splitlines()[int(fix[2]) - 1]
    assert line.strip().startswith("data-scientist:"), "the line named is the one to change"
    assert "also opens credit-card.credit_card.personal_status_sex" in said.out, (
        "what else the change would do"
    )


def test_json_says_all_of_it(say: Any, shipped: Project) -> None:
    said = say(
        shipped.folder, "explain", "--principal", "pipeline", "--table", TABLE, "--column", "age", "--json"
    )
    found = json.loads(said.out)
    assert (said.code, found["allowed"], found["missing"]["code"]) == (1, False, "column-not-granted")
    assert found["config"][0]["key"] == "mesh:roles.pipeline.clearance"
    assert found["config"][0]["now"] == "confidential"


def put(project: Any, fix: Any) -> None:
    """Do what a line of advice says."""
    stack = fix.file.split(".")[1]
    config = project.read(stack)
    parts = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", fix.key)]
    value, spot = yaml.safe_load(fix.value), config
    for part in parts[:-1]:
        spot = spot[part] if isinstance(spot, list) else spot.setdefault(part, {})
    last = parts[-1]
    if isinstance(value, list) and isinstance(spot.get(last) if isinstance(last, str) else None, list):
        spot[last] += value
    else:
        spot[last] = value
    project.write(stack, config)


@pytest.mark.parametrize("column", ["age", "amount", "duration", None])
@pytest.mark.parametrize("lacking", ["role", "share", "subscription", "clearance", "everything"])
def test_following_the_advice_gives_what_was_asked(
    shipped_project: Any, question: Callable[..., Any], lacking: str, column: str | None
) -> None:
    product = {**shipped_project.read("producer")["mesh:products"]["credit-card"]}
    if lacking in ("role", "everything"):
        shipped_project.change("consumer", roles=LOW)
    if lacking in ("share", "everything"):
        shipped_project.change("producer", products={"credit-card": {**product, "shares": []}}, consumers={})
    if lacking in ("share", "subscription", "everything"):
        shipped_project.change("consumer", subscriptions={})
    if lacking == "clearance":
        low = {"consumer": "ml-coe", "clearance": "public"}
        shipped_project.change("producer", products={"credit-card": {**product, "shares": [low]}})
        entry = {"lob": "consumer-banking", "clearance": "public", "stack": "producer"}
        shipped_project.change("consumer", subscriptions={"credit-card": entry})
    before = question(shipped_project.folder, "auditor", column)
    expected = lacking != "role" or column == "amount" or column == "age"
    assert before.allowed is not expected, "the mistake is one"
    assert bool(before.fixes) is expected
    for fix in before.fixes:
        put(shipped_project, fix)
    after = question(shipped_project.folder, "auditor", column)
    assert after.allowed, f"after {[str(fix) for fix in before.fixes]}: {after.missing}"


def test_an_expired_share_is_named_as_one(shipped_project: Any, question: Callable[..., Any]) -> None:
    product = shipped_project.read("producer")["mesh:products"]["credit-card"]
    share = {**product["shares"][0], "until": "2001-01-31"}
    shipped_project.change("producer", products={"credit-card": {**product, "shares": [share]}})
    entry = shipped_project.read("consumer")["mesh:subscriptions"]["credit-card"]
    shipped_project.change("consumer", subscriptions={"credit-card": {**entry, "until": "2001-01-31"}})
    answer = question(shipped_project.folder, "auditor", "age")
    assert not answer.allowed, "the last day has passed"
    assert [fix.key for fix in answer.fixes] == [
        "mesh:products.credit-card.shares[0].until",
        "mesh:subscriptions.credit-card.until",
    ]
    assert all("expired" in fix.note and fix.now == "2001-01-31" for fix in answer.fixes)
    for fix in answer.fixes:
        put(shipped_project, replace(fix, value="2999-12-31"))
    assert question(shipped_project.folder, "auditor", "age").allowed


def test_a_share_of_some_columns_is_widened_by_the_column_asked_for(
    shipped_project: Any, question: Callable[..., Any]
) -> None:
    product = shipped_project.read("producer")["mesh:products"]["credit-card"]
    share = {**product["shares"][0], "columns": ["amount", "duration"]}
    shipped_project.change("producer", products={"credit-card": {**product, "shares": [share]}})
    entry = shipped_project.read("consumer")["mesh:subscriptions"]["credit-card"]
    filtered = {**entry, "filteredTables": ["credit_card"]}
    shipped_project.change("consumer", subscriptions={"credit-card": filtered})
    assert question(shipped_project.folder, "auditor", "amount").allowed, "what is listed is readable"
    answer = question(shipped_project.folder, "auditor", "age")
    assert [(fix.key, fix.value) for fix in answer.fixes] == [
        ("mesh:products.credit-card.shares[0].columns", "[amount, duration, age]")
    ]
    config = shipped_project.read("producer")
    config["mesh:products"]["credit-card"]["shares"][0]["columns"] = yaml.safe_load(answer.fixes[0].value)
    shipped_project.write("producer", config)
    assert question(shipped_project.folder, "auditor", "age").allowed


def test_a_missing_iam_action_is_named(shipped: Project, intended: Program) -> None:
    def without(policy: str) -> str:
        return policy.replace('"lakeformation:GetDataAccess"', '"lakeformation:GetLFTag"')

    roles = tuple(
        replace(role, policies=tuple(without(policy) for policy in role.policies))
        for role in intended.snapshot.roles
    )
    assert roles != intended.snapshot.roles, "the action was there to be taken away"
    snapshot = replace(intended.snapshot, roles=roles)
    program = replace(intended, snapshot=snapshot)
    answer = ask(
        Names(shipped, snapshot), program, principal="auditor", table=TABLE, column="age", action="SELECT"
    )
    assert answer.missing is None, "Lake Formation alone would let it read"
    assert not answer.allowed
    assert answer.iam is not None
    assert [call.action for call, _ in answer.iam.missing] == ["lakeformation:GetDataAccess"]


def test_every_consumer_role_has_the_iam_half_of_a_read(shipped: Project, intended: Program) -> None:
    names = Names(shipped, intended.snapshot)
    assert names.roles, "there are roles to ask about"
    for role in names.roles.values():
        answer = ask(names, intended, principal=role.arn, table=TABLE, column=None, action="SELECT")
        assert answer.iam is not None
        assert answer.iam.calls > 20, "the whole list of calls was looked at"
        assert answer.iam.missing == (), role.name


@pytest.mark.parametrize(
    ("principal", "action", "allowed"),
    [
        ("mesh-curation-credit-card", "ALTER", True),
        ("mesh-curation-credit-card", "DROP", False),
        ("auditor", "ALTER", False),
        ("auditor", "DESCRIBE", True),
        ("auditor", "INSERT", False),
    ],
)
def test_other_actions_are_answered_too(
    shipped: Project, intended: Program, principal: str, action: str, allowed: bool
) -> None:
    names = Names(shipped, intended.snapshot)
    answer = ask(names, intended, principal=principal, table=TABLE, column=None, action=action.lower())
    assert answer.allowed is allowed
    assert bool(answer.chain) is allowed


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--principal", "auditr", "--table", TABLE], "auditr: is no role here; did you mean 'auditor'?"),
        (["--principal", "nobody", "--table", TABLE], "there are auditor, data-scientist, pipeline"),
        (
            ["--principal", "arn:aws:iam::333344445555:role/mesh-auditer", "--table", TABLE],
            "did you mean 'arn:",
        ),
        (["--principal", "MeshDeploy", "--table", TABLE], "more than one role; say which: arn:"),
        (["--principal", "auditor", "--table", "credit_card"], "must be DATABASE.TABLE"),
        (
            ["--principal", "auditor", "--table", "credit-card.credit_cards"],
            "did you mean 'credit-card.credit_card'?",
        ),
        (["--principal", "auditor", "--table", TABLE, "--column", "aeg"], "did you mean 'age'?"),
        (["--principal", "auditor", "--table", TABLE, "--action", "SELCT"], "did you mean 'SELECT'?"),
        (
            ["--principal", "auditor", "--table", TABLE, "--action", "DROP", "--column", "age"],
            "--column: goes with",
        ),
        (["--principal", "auditor", "--table", TABLE, "--deployed"], "cloud: is not running"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    say: Any, shipped: Project, arguments: list[str], expected: str
) -> None:
    said = say(shipped.folder, "explain", *arguments)
    assert (said.code, said.out) == (2, "")
    assert expected in said.err
    assert said.err.count("\n") == 1, "one line"
