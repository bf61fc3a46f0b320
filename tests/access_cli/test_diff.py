"""`mesh access diff`: who gains and who loses what by a change of config or contract."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from governance.snapshot.grants import IAM_ALLOWED_PRINCIPALS, TableRes
from local.snapshots_program import Program
from mesh.access import diff as access_diff
from mesh.access import sources as access_sources
from mesh.access.diff import Difference
from mesh.access.names import Names
from mesh.project import Project

TABLE = "credit-card.credit_card"
CONFIDENTIAL = {
    "amount",
    "credit_history",
    "credit_risk",
    "installment_rate",
    "property",
    "savings",
    "status",
}
RESTRICTED = {"age", "foreign_worker", "personal_status_sex"}
CLEARANCES = {"data-scientist": "confidential", "pipeline": "confidential", "auditor": "restricted"}


@pytest.fixture
def change(intended: Program, shipped: Project) -> Callable[[Any], Difference]:
    """What a changed copy differs in from the shipped project."""

    def run(project: Any) -> Difference:
        changed = Project(project.folder)
        after = access_sources.intended(changed).snapshot
        before = intended.snapshot
        return access_diff.compare(Names(shipped, before), Names(changed, after), before, after)

    return run


def roles(**clearances: str) -> dict[str, Any]:
    return {name: {"clearance": clearance} for name, clearance in {**CLEARANCES, **clearances}.items()}


def changed(found: Difference) -> dict[str, tuple[set[str], set[str]]]:
    """Principal -> what it gains and loses."""
    return {change.name: (set(change.gains), set(change.loses)) for change in found.changes}


def test_a_lowered_clearance_takes_its_levels_from_that_role_alone(
    shipped_project: Any, change: Callable[[Any], Difference]
) -> None:
    shipped_project.change("consumer", roles=roles(pipeline="internal"))
    found = change(shipped_project)
    assert changed(found) == {"pipeline (ml-coe)": (set(), CONFIDENTIAL)}
    assert (len(found.added), len(found.removed)) == (1, 1), "one re-grant takes the place of another"


def test_a_removed_share_takes_everything_from_the_account_and_its_roles(
    shipped_project: Any, change: Callable[[Any], Difference]
) -> None:
    product = shipped_project.read("producer")["mesh:products"]["credit-card"]
    shipped_project.change("producer", products={"credit-card": {**product, "shares": []}})
    shipped_project.change("consumer", subscriptions={})
    found = changed(change(shipped_project))
    assert set(found) == {
        "auditor (ml-coe)",
        "data-scientist (ml-coe)",
        "pipeline (ml-coe)",
        "MeshDeploy (ml-coe)",
        "account ml-coe (333344445555) may pass on",
    }
    assert all(not gains and loses for gains, loses in found.values()), "nobody gains"
    assert len(found["auditor (ml-coe)"][1]) == 22


def test_a_share_that_nobody_subscribes_to_shows_as_what_the_account_may_pass_on(
    shipped_project: Any, change: Callable[[Any], Difference]
) -> None:
    product = shipped_project.read("producer")["mesh:products"]["credit-card"]
    shares = [*product["shares"], {"consumer": "fraud", "clearance": "internal"}]
    consumers = {**shipped_project.read("producer")["mesh:consumers"], "fraud": {"accountId": "444455556666"}}
    shipped_project.change(
        "producer", products={"credit-card": {**product, "shares": shares}}, consumers=consumers
    )
    shipped_project.change("central", consumers=consumers)
    found = change(shipped_project)
    assert len(found.added) >= 2, "the grants to the account are made"
    assert "444455556666" in " ".join(found.added)


def test_a_column_that_is_classified_higher_is_lost_by_the_roles_below(
    shipped_project: Any, change: Callable[[Any], Difference]
) -> None:
    reclassify(shipped_project.folder, "amount", "restricted")
    found = change(shipped_project)
    assert found.levels == ((f"{TABLE}.amount", "confidential", "restricted"),)
    assert changed(found) == {
        "data-scientist (ml-coe)": (set(), {"amount"}),
        "pipeline (ml-coe)": (set(), {"amount"}),
    }
    assert (found.added, found.removed) == ((), ()), "no grant changes, the column's tag does"


def reclassify(folder: Path, column: str, level: str) -> None:
    path = folder / "contracts" / "credit-card.odcs.yaml"
    contract = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = [each for each in contract["schema"][0]["properties"] if each["name"] == column]
    assert len(found) == 1
    found[0]["classification"] = level
    path.write_text(yaml.safe_dump(contract, sort_keys=False), encoding="utf-8")


def test_a_new_role_gains_up_to_its_clearance(
    shipped_project: Any, change: Callable[[Any], Difference]
) -> None:
    shipped_project.change("consumer", roles={**roles(), "intern": {"clearance": "internal"}})
    gains, loses = changed(change(shipped_project))["intern (ml-coe)"]
    assert (len(gains), loses) == (12, set())
    assert not gains & (CONFIDENTIAL | RESTRICTED)


def test_a_row_filter_shows_as_other_rows(shipped_project: Any, change: Callable[[Any], Difference]) -> None:
    product = shipped_project.read("producer")["mesh:products"]["credit-card"]
    share = {**product["shares"][0], "rows": "amount < 1000 or purpose = 'a|b'"}
    shipped_project.change("producer", products={"credit-card": {**product, "shares": [share]}})
    entry = shipped_project.read("consumer")["mesh:subscriptions"]["credit-card"]
    shipped_project.change(
        "consumer", subscriptions={"credit-card": {**entry, "filteredTables": ["credit_card"]}}
    )
    found = change(shipped_project)
    auditor = next(each for each in found.changes if each.name == "auditor (ml-coe)")
    assert (auditor.gains, auditor.loses) == ((), ())
    assert ("age", "all rows", "amount < 1000 or purpose = 'a|b'") in auditor.rows
    rows = [
        line
        for line in access_diff.as_markdown(found, "HEAD").splitlines()
        if line.startswith("| other rows")
    ]
    assert rows, "the comment says so too"
    assert all(line.replace("\\|", "").count("|") == 5 for line in rows), "a pipe in a filter breaks no table"


def test_opening_a_table_to_everybody_is_a_change_of_grants(shipped: Project, intended: Program) -> None:
    opened = replace(
        intended.snapshot.grants[0],
        account="111122223333",
        catalog="111122223333",
        principal=IAM_ALLOWED_PRINCIPALS,
        resource=TableRes("credit-card", "credit_card"),
        permissions=("ALL",),
        grantable=(),
    )
    after = replace(intended.snapshot, grants=(*intended.snapshot.grants, opened))
    names = Names(shipped, after)
    found = access_diff.compare(names, names, intended.snapshot, after)
    assert found.any
    assert "MeshDeploy (central)" in changed(found), "whoever IAM lets reads it now"


def test_against_a_revision_the_comment_says_who_loses_what(
    shipped_project: Any, committed: Any, say: Any
) -> None:
    committed(shipped_project.folder)
    shipped_project.change("consumer", roles=roles(pipeline="internal"))
    said = say(shipped_project.folder, "diff", "--markdown")
    assert said.code == 0, "a change is no failure unless asked for"
    assert said.out.startswith("### Access\n\nAgainst HEAD (")
    assert "1 loses; 1 grants made, 1 revoked" in said.out
    row = next(line for line in said.out.splitlines() if line.startswith("| **loses**"))
    assert row.startswith(f"| **loses** | pipeline (ml-coe) | `{TABLE}` | ")
    assert "`amount`" in row
    assert row.endswith("(confidential) |")
    assert "```diff" in said.out, "the grants are folded away below"
    found = say(shipped_project.folder, "diff", "--json", "--exit-code")
    assert found.code == 1
    assert set(json.loads(found.out)["changes"][0]["loses"]) == CONFIDENTIAL


def test_nothing_changed_says_so_and_is_exit_0_either_way(
    shipped_project: Any, committed: Any, say: Any
) -> None:
    committed(shipped_project.folder)
    said = say(shipped_project.folder, "diff", "--exit-code", "--against", "HEAD")
    assert said.code == 0
    assert "nobody gains or loses anything" in said.out


def test_a_revision_runs_with_the_packages_it_has(
    shipped_project: Any, committed: Any, say: Any, root: Path
) -> None:
    for package in ("governance", "components", "functions", "local", "training"):
        shutil.copytree(
            root / package,
            shipped_project.folder / package,
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )
    access = shipped_project.folder / "components" / "consumer_access.py"
    text = access.read_text(encoding="utf-8")
    old = text.replace("lowest(role.clearance, subscription.clearance, args.levels)", "args.levels[1]")
    assert old != text, "the revision's program opens less than today's"
    access.write_text(old, encoding="utf-8")
    committed(shipped_project.folder)
    found = json.loads(say(shipped_project.folder, "diff", "--json").out)
    gains = {each["name"]: set(each["gains"]) for each in found["changes"]}
    assert gains == {
        "auditor (ml-coe)": CONFIDENTIAL | RESTRICTED,
        "data-scientist (ml-coe)": CONFIDENTIAL,
        "pipeline (ml-coe)": CONFIDENTIAL,
    }


def test_against_the_deployed_state_a_change_not_yet_up_is_shown(
    cloud: Any, shipped_project: Any, say: Any
) -> None:
    shipped_project.change("consumer", roles=roles(pipeline="internal"))
    said = say(shipped_project.folder, "diff", "--against", "deployed", home=cloud.home)
    assert said.code == 0, said.err
    assert said.out.startswith("against the running embedded cloud: 1 loses")
    assert f"- pipeline (ml-coe): {TABLE}" in said.out
    assert "auditor" not in said.out


def test_a_share_that_ends_within_two_weeks_is_listed(shipped_project: Any) -> None:
    import datetime as dt

    product = shipped_project.read("producer")["mesh:products"]["credit-card"]
    share = {**product["shares"][0], "until": "2999-12-31"}
    shipped_project.change("producer", products={"credit-card": {**product, "shares": [share]}})
    entry = shipped_project.read("consumer")["mesh:subscriptions"]["credit-card"]
    shipped_project.change("consumer", subscriptions={"credit-card": {**entry, "until": "2999-12-31"}})
    project = Project(shipped_project.folder)
    expected = ("credit-card to ml-coe ends after 2999-12-31",)
    assert access_diff.expiring(project, dt.date(2999, 12, 17)) == expected
    assert access_diff.expiring(project, dt.date(2999, 12, 16)) == ()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--against", "nowhere"], "revision 'nowhere': is no revision of this repository; there is trunk"),
        (
            ["--against", "tronk"],
            "revision 'tronk': is no revision of this repository; did you mean 'trunk'?",
        ),
        (["--against=--output=x"], "is no revision of this repository"),
        (["--against", "deployed"], "cloud: is not running"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    shipped_project: Any, committed: Any, say: Any, arguments: list[str], expected: str
) -> None:
    committed(shipped_project.folder)
    said = say(shipped_project.folder, "diff", *arguments)
    assert (said.code, said.out) == (2, "")
    assert expected in said.err
    assert said.err.count("\n") == 1


def test_outside_of_git_and_with_a_broken_revision_it_says_so(
    shipped_project: Any, committed: Any, say: Any
) -> None:
    said = say(shipped_project.folder, "diff")
    assert (said.code, said.err) == (2, "revision 'HEAD': the project is in no git repository\n")
    good = shipped_project.read("consumer")
    shipped_project.change("consumer", accountId="12")
    committed(shipped_project.folder)
    shipped_project.write("consumer", good)
    said = say(shipped_project.folder, "diff")
    assert said.code == 2
    assert said.err.startswith("revision 'HEAD': Pulumi.consumer.yaml: mesh:accountId")
