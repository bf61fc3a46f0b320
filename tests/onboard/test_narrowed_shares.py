"""Shares of some columns, some rows, or until a day: written by onboarding as the settings read them."""

from __future__ import annotations

import datetime as dt

import pytest
from onboard_case import CONSUMER, LOB, Case, added
from unseen_contract import contract as unseen
from unseen_contract import write

from governance.settings import ConsumerSettings, ProducerSettings, Share, Subscription
from mesh.project import Project

PRODUCT = ("onboard", "product", "--contract")
CREDIT = (*CONSUMER, "--product", "credit-card")
UNTIL = dt.date(2199, 12, 31)


def share_of(case: Case, stack: str, product: str, consumer: str) -> Share:
    """A share as the program reads it from the files."""
    settings = Project(case.folder).stacks[stack]
    assert isinstance(settings, ProducerSettings)
    shares = next(each.shares for each in settings.products if each.name == product)
    return next(each for each in shares if each.consumer == consumer)


def subscription_of(case: Case, stack: str, product: str) -> Subscription:
    settings = Project(case.folder).stacks[stack]
    assert isinstance(settings, ConsumerSettings)
    return next(each for each in settings.subscriptions if each.product == product)


def test_a_consumer_gets_some_columns_some_rows_and_a_last_day(case: Case) -> None:
    before = case.files()
    printed = case.run(
        *CREDIT,
        *("--columns", "credit-card=application_id, amount,purpose"),
        *("--rows", "credit-card=purpose <> 'business' AND amount <= 5000"),
        *("--until", f"credit-card={UNTIL}"),
    )
    assert added(before["Pulumi.producer.yaml"].decode(), case.text("producer")) == [
        "        - consumer: risk-lab",
        "          clearance: confidential",
        "          columns: [application_id, amount, purpose]",
        "          rows: \"purpose <> 'business' AND amount <= 5000\"",
        "          until: 2199-12-31",
        "    risk-lab:",
        '      accountId: "555566667777"',
    ]
    share = share_of(case, "producer", "credit-card", "risk-lab")
    assert share.columns == ("application_id", "amount", "purpose")
    assert share.rows == (("credit_card", "purpose <> 'business' AND amount <= 5000"),)
    assert share.until == UNTIL
    subscription = subscription_of(case, "risk-lab", "credit-card")
    assert (subscription.filtered_tables, subscription.until) == (("credit_card",), UNTIL), (
        "it answers the share"
    )
    gain = next(line for line in printed.splitlines() if "gain credit-card.credit_card" in line)
    assert gain.endswith("3 of 22 columns: application_id, purpose, amount"), "only what is shared is gained"
    assert "risk-lab reads of credit-card.credit_card only rows where purpose <> 'business'" in printed
    assert "the share of credit-card to risk-lab ends after 2199-12-31" in printed
    assert "lakeformation.DataCellsFilter" in printed, "it travels as filters"


def test_a_share_that_only_ends_stays_a_share_of_tags(case: Case) -> None:
    printed = case.run(*CREDIT, "--until", f"credit-card={UNTIL}")
    assert not share_of(case, "producer", "credit-card", "risk-lab").filtered
    assert subscription_of(case, "risk-lab", "credit-card").filtered_tables == ()
    assert "DataCellsFilter" not in printed


def test_a_product_of_several_tables_is_narrowed_per_consumer_and_table(case: Case) -> None:
    case.run(*LOB)
    case.run(*CONSUMER)
    contract = write(case.folder / "contracts" / "ledger.yaml", schema=unseen()["schema"][:2])
    tables = [table.name for table in _contract(case).tables]
    first = tables[0]
    case.run(
        *PRODUCT, str(contract), "--share", "risk-lab=confidential", "--share", "ml-coe=public",
        "--rows", f"risk-lab:{first}=term_months < 12 OR currency = 'GBP'",
    )  # fmt: skip
    share = share_of(case, "retail-lending", "loan-ledger", "risk-lab")
    assert len(tables) == 2
    assert share.rows == ((first, "term_months < 12 OR currency = 'GBP'"),)
    assert subscription_of(case, "risk-lab", "loan-ledger").filtered_tables == tuple(sorted(tables)), (
        "all its tables"
    )
    assert not share_of(case, "retail-lending", "loan-ledger", "ml-coe").filtered, "the other share is whole"
    assert subscription_of(case, "consumer", "loan-ledger").filtered_tables == ()


def _contract(case: Case):  # type: ignore[no-untyped-def]
    from governance.contracts import load_contract

    levels = Project(case.folder).stacks["central"].levels
    return load_contract(case.folder / "contracts" / "ledger.yaml", levels=levels)


def test_whoever_has_no_file_here_is_told_what_to_write_there(case: Case) -> None:
    (case.folder / "Pulumi.consumer.yaml").unlink()
    path = write(case.folder / "contracts" / "l.yaml", domain="consumer-banking")
    printed = case.run(*PRODUCT, str(path), "--share", "ml-coe=public", "--until", f"ml-coe={UNTIL}")
    assert (
        "it subscribes to loan-ledger (lob consumer-banking, clearance public, stack producer, until 2199-12-31)"
        in (printed)
    )


@pytest.mark.parametrize(
    "more, said",
    [
        (("--columns", "credit-card=amont"), "--columns: 'amont' is no column of the contract; did you mean 'amount'"),
        (("--columns", "credit-card=amount,amount"), "--columns: names 'amount' twice"),
        (("--columns", "credit-card=age"), "no column of table 'credit_card' is both listed and cleared"),
        (("--columns", "amount"), "--columns: 'amount' must be PRODUCT=COLUMN,COLUMN"),
        (("--columns", "credit-cart=amount"), "--columns: product 'credit-cart' is not known; did you mean 'credit-card'"),
        (("--columns", "credit-card=amount", "--columns", "credit-card=purpose"), "--columns: names 'credit-card' twice"),
        (("--rows", "credit-card=1 = 1; DROP TABLE t"), "--rows: must be one predicate"),
        (("--rows", "credit-card=amont > 1"), "--rows: 'amont' is no column of credit_card; did you mean 'amount'"),
        (("--rows", "credit-card:card=amount > 1"), "--rows: 'card' is no table of the contract"),
        (("--rows", "credit-card:a=amount > 1", "--rows", "credit-card:a=amount > 2"), "twice; join the predicates"),
        (("--rows", "credit-card=amount > 1", "--rows", "credit-card:t=amount > 2"), "--rows: names 'credit-card' twice"),
        (("--rows", "credit-card"), "--rows: 'credit-card' must be PRODUCT=PREDICATE"),
        (("--until", "credit-card=2020-02-01"), "--until: 2020-02-01 is past; name a day from"),
        (("--until", "credit-card=2199-02-30"), "--until: '2199-02-30' is no date"),
    ],
)  # fmt: skip
def test_a_wrong_narrowing_names_its_option_and_writes_nothing(
    case: Case, more: tuple[str, ...], said: str
) -> None:
    assert said in case.refused(*CREDIT, *more)


def test_narrowing_needs_a_share(case: Case) -> None:
    assert "--until: narrows a share, and there is none; add --product" in case.refused(
        *CONSUMER, "--until", f"credit-card={UNTIL}"
    )
    path = write(case.folder / "contracts" / "l.yaml", domain="consumer-banking")
    assert "--rows: narrows a share, and there is none; add --share" in case.refused(
        *PRODUCT, str(path), "--rows", "ml-coe=term_months < 12"
    )


def test_a_role_that_would_read_nothing_is_refused(case: Case) -> None:
    line = case.refused(*CREDIT, "--columns", "credit-card=amount", "--role", "pipeline=internal")
    assert "opens no column of credit_card to role 'pipeline'" in line, "amount is confidential"
