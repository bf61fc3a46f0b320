"""A product that is there, shared with a consumer that is there: two files' lines, or one line that says why not."""

from __future__ import annotations

import datetime as dt

import pytest
from onboard_case import CONSUMER, LOB, Case, added
from unseen_contract import write

from governance.settings import ProducerSettings
from mesh.project import Project

SHARE = ("onboard", "share", "credit-card", "--to", "risk-lab=internal")
FIRST, LAST = "    # the first readers", "    # nothing below this line"


def commented(case: Case) -> None:
    """Comments in places that an edit could swallow."""
    path = case.folder / "Pulumi.producer.yaml"
    text = path.read_text().replace("      shares:\n", f"      shares:\n    {FIRST}\n")
    path.write_text(text.replace("  mesh:consumers:\n", f"{LAST}\n  mesh:consumers:\n"))


def test_it_is_a_share_at_the_lob_and_a_subscription_with_every_comment_kept(case: Case) -> None:
    case.run(*CONSUMER)
    commented(case)
    before = case.files()
    printed = case.run(*SHARE)
    changed = {name for name, content in case.files().items() if before[name] != content}
    assert changed == {"Pulumi.producer.yaml", "Pulumi.risk-lab.yaml"}
    assert added(before["Pulumi.producer.yaml"].decode(), case.text("producer")) == [
        "        - consumer: risk-lab",
        "          clearance: internal",
        "    risk-lab:",
        '      accountId: "555566667777"',
    ]
    assert FIRST in case.text("producer")
    assert LAST in case.text("producer")
    assert case.config("risk-lab")["subscriptions"] == {
        "credit-card": {"lob": "consumer-banking", "clearance": "internal", "stack": "producer"}
    }
    gains = [line for line in printed.splitlines() if "gain credit-card.credit_card" in line]
    assert any("data-scientist (risk-lab)" in line for line in gains)
    assert not any("ml-coe" in line or " amount" in line for line in gains), "nobody else, and nothing above"
    assert Project(case.folder).stacks, "the files agree with each other"


def test_a_dry_run_promises_the_same_and_writes_nothing(case: Case) -> None:
    case.run(*CONSUMER)
    before = case.files()
    dry = case.run(*SHARE, "--dry-run")
    assert case.files() == before
    said, _, rest = dry.partition("Differences\n")
    assert "+        - consumer: risk-lab" in rest
    assert said == case.run(*SHARE).removesuffix("written; bring it up with 'mesh up'\n")


def test_it_may_be_narrowed_like_any_other_share(case: Case) -> None:
    case.run(*CONSUMER)
    words = ("--columns", "risk-lab=application_id,purpose", "--rows", "risk-lab=purpose <> 'a:b'")
    case.run(*SHARE, *words, "--until", "risk-lab=2199-12-31")
    producer = Project(case.folder).stacks["producer"]
    assert isinstance(producer, ProducerSettings)
    share = next(each for each in producer.products[0].shares if each.consumer == "risk-lab")
    assert share.columns == ("application_id", "purpose")
    assert share.rows == (("credit_card", "purpose <> 'a:b'"),)
    assert share.until == dt.date(2199, 12, 31)
    assert case.config("risk-lab")["subscriptions"]["credit-card"]["filteredTables"] == ["credit_card"]


def test_several_consumers_get_a_product_that_nobody_had(case: Case) -> None:
    case.run(*LOB)
    case.run(*CONSUMER)
    case.run("onboard", "product", "--contract", str(write(case.folder / "contracts" / "l.yaml")))
    case.run("onboard", "share", "loan-ledger", "--to", "ml-coe=public", "--to", "risk-lab=confidential")
    assert case.config("retail-lending")["products"]["loan-ledger"]["shares"] == [
        {"consumer": "ml-coe", "clearance": "public"},
        {"consumer": "risk-lab", "clearance": "confidential"},
    ]
    for stack in ("consumer", "risk-lab"):
        assert case.config(stack)["subscriptions"]["loan-ledger"]["lob"] == "retail-lending"


def test_a_consumer_whose_file_is_elsewhere_is_told_what_to_write(case: Case) -> None:
    case.run(*CONSUMER)
    (case.folder / "Pulumi.risk-lab.yaml").unlink()
    printed = case.run(*SHARE)
    assert "subscribes to credit-card (lob consumer-banking, clearance internal, stack producer)" in printed


@pytest.mark.parametrize(
    "words, said",
    [
        (("credit-cart", "--to", "ml-coe=public"), "product 'credit-cart' is not known; did you mean 'credit-card'"),
        (("credit-card", "--to", "ml-co=public"), "--to: consumer 'ml-co' is not known; did you mean 'ml-coe'?"),
        (("credit-card", "--to", "risk-lab"), "--to: 'risk-lab' must be CONSUMER=CLEARANCE"),
        (("credit-card", "--to", "risk-lab=intern"), "--to risk-lab=intern: 'intern' is no sensitivity level"),
        (("credit-card", "--to", "risk-lab=public", "--to", "risk-lab=internal"), "--to: names 'risk-lab' twice"),
        (("credit-card", "--to", "ml-coe=internal"), "is shared with ml-coe already (clearance restricted)"),
        (("credit-card", "--to", "risk-lab=public", "--columns", "ml-coe=age"), "consumer 'ml-coe' is not known"),
        (("credit-card", "--to", "risk-lab=public", "--until", "risk-lab=2020-01-01"), "--until: 2020-01-01 is past"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_nothing_is_written(case: Case, words: tuple[str, ...], said: str) -> None:
    case.run(*CONSUMER)
    assert said in case.refused("onboard", "share", *words)


def test_a_share_that_has_ended_is_named_with_its_last_day(case: Case) -> None:
    path = case.folder / "Pulumi.producer.yaml"
    path.write_text(
        path.read_text().replace("clearance: restricted", "clearance: public\n          until: 2025-01-31")
    )
    (case.folder / "Pulumi.consumer.yaml").write_text(
        case.text("consumer").replace(
            "clearance: restricted, stack", "clearance: public, until: 2025-01-31, stack"
        )
    )
    said = case.refused("onboard", "share", "credit-card", "--to", "ml-coe=public")
    assert "(clearance public, ended 2025-01-31); edit the share there" in said
