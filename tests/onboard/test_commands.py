"""What the three commands write and say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from onboard_case import CONSUMER, LOB, Case, added
from unseen_contract import write

from mesh.project import Project


def test_a_lob_is_three_lines_in_the_central_file_and_a_file_of_its_own(case: Case) -> None:
    before = case.files()
    printed = case.run(*LOB, "--owner", "lending-data", "--cost-centre", "0042", "--deploy-role", "Deployer")
    assert added(before["Pulumi.central.yaml"].decode(), case.text("central")) == [
        "    retail-lending:",
        '      accountId: "444455556666"',
        "      products: []",
    ]
    assert set(case.files()) - set(before) == {"Pulumi.retail-lending.yaml"}
    central, new = case.config("central"), case.config("retail-lending")
    for key in ("region", "environment", "organizationId", "protect", "pulumi:disable-default-providers"):
        assert new[key] == central[key], f"{key} is the whole mesh's"
    assert new["centralAccountId"] == central["accountId"]
    assert (new["owner"], new["costCentre"], new["deployRole"]) == ("lending-data", "0042", "Deployer")
    assert (new["role"], new["lob"], new["products"]) == ("producer", "retail-lending", {})
    assert "nobody gains" in printed
    assert "retail-lending: 1 resource: new stack" in printed
    assert "producer: " in printed
    assert "mesh up" in printed


def test_a_mesh_of_other_names_and_levels_hands_them_on(case: Case) -> None:
    for stack in ("central", "producer", "consumer"):
        path = case.folder / f"Pulumi.{stack}.yaml"
        extra = "  mesh:namespace: bank\n  mesh:sensitivityLevels: [public, internal, confidential, restricted, secret]\n"
        path.write_text(path.read_text() + extra)
    case.run(*LOB)
    assert case.config("retail-lending")["namespace"] == "bank"
    assert case.config("retail-lending")["sensitivityLevels"][-1] == "secret"


def test_an_encrypted_external_id_is_handed_on_with_what_decrypts_it(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESH_SECRET_EXTERNAL_ID", "hidden")
    for stack in ("central", "producer", "consumer"):
        path = case.folder / f"Pulumi.{stack}.yaml"
        secret = "  mesh:externalId:\n    secure: v1:abc=\n"
        path.write_text(f"encryptionsalt: v1:salt=\n{path.read_text()}{secret}")
    printed = case.run(*LOB)
    made = yaml.safe_load(case.text("retail-lending"))
    assert made["encryptionsalt"] == "v1:salt="
    assert made["config"]["mesh:externalId"] == {"secure": "v1:abc="}
    assert "hidden" not in printed + case.text("retail-lending")


def test_a_consumer_gets_a_stack_a_share_and_a_subscription(case: Case) -> None:
    before = case.files()
    network = ("--vpc", "vpc-1", "--subnet", "subnet-1", "--subnet", "subnet-2", "--security-group", "sg-1")
    roles = ("--role", "pipeline=internal", "--role", "reviewer=public")
    printed = case.run(*CONSUMER, "--product", "credit-card", *network, *roles)
    assert added(before["Pulumi.producer.yaml"].decode(), case.text("producer")) == [
        "        - consumer: risk-lab",
        "          clearance: confidential",
        "    risk-lab:",
        '      accountId: "555566667777"',
    ]
    assert added(before["Pulumi.central.yaml"].decode(), case.text("central")) == [
        "    risk-lab:",
        '      accountId: "555566667777"',
    ]
    assert case.files()["Pulumi.consumer.yaml"] == before["Pulumi.consumer.yaml"]
    new = case.config("risk-lab")
    assert new["roles"] == {
        "data-scientist": {"clearance": "confidential"},
        "pipeline": {"clearance": "internal"},
        "auditor": {"clearance": "confidential"},
        "reviewer": {"clearance": "public"},
    }
    assert new["subscriptions"] == {
        "credit-card": {"lob": "consumer-banking", "clearance": "confidential", "stack": "producer"}
    }
    assert (new["vpcId"], new["subnetIds"]) == ("vpc-1", ["subnet-1", "subnet-2"])
    gains = [line for line in printed.splitlines() if "gain" in line and "credit-card.credit_card" in line]
    scientist = next(line for line in gains if "data-scientist (risk-lab)" in line)
    pipeline = next(line for line in gains if "pipeline (risk-lab)" in line)
    assert "amount" in scientist, "confidential is open to it"
    assert "amount" not in pipeline, "its own clearance is internal"
    assert "duration" in pipeline
    assert " age" not in "".join(gains), "no restricted column is opened"
    assert "reviewer (risk-lab) reads nothing yet" in printed
    assert "ml-coe" not in "".join(gains), "nobody else gains"
    assert "placeholder" not in printed


def test_without_a_network_the_placeholders_are_named(case: Case) -> None:
    printed = case.run(*CONSUMER)
    assert "network in Pulumi.risk-lab.yaml is a placeholder" in printed
    assert case.text("risk-lab").count("# placeholder") == 3


def test_a_product_is_approved_declared_shared_and_subscribed_to(case: Case) -> None:
    case.run(*LOB)
    case.run(*CONSUMER)
    contract = write(case.folder / "contracts" / "ledger.yaml")
    before = case.files()
    share = ("--share", "risk-lab=internal", "--share", "ml-coe=public")
    printed = case.run(
        "onboard", "product", "--contract", str(contract), *share, "--schedule", "cron(0 3 * * ? *)"
    )
    changed = {name for name, content in case.files().items() if before.get(name) != content}
    assert changed == {
        f"Pulumi.{name}.yaml" for name in ("central", "retail-lending", "risk-lab", "consumer")
    }
    assert case.config("central")["lobs"]["retail-lending"]["products"] == ["loan-ledger"]
    assert case.config("retail-lending")["products"]["loan-ledger"] == {
        "contract": "contracts/ledger.yaml",
        "schedule": "cron(0 3 * * ? *)",
        "shares": [
            {"consumer": "risk-lab", "clearance": "internal"},
            {"consumer": "ml-coe", "clearance": "public"},
        ],
    }
    assert added(before["Pulumi.consumer.yaml"].decode(), case.text("consumer")) == [
        "    loan-ledger: { lob: retail-lending, clearance: public, stack: retail-lending }"
    ]
    assert "loan-ledger.loans, 24 of 35 columns" in printed
    assert (
        "loan-ledger.loans, 5 of 35 columns: product_code, branch, currency, secured, branch_closes"
        in printed
    )
    assert "3 glue.CatalogTable" in printed
    assert "1 -> 4 of" in printed, "what tables it takes of the limit is said"


def test_a_second_product_of_the_first_lob_stands_beside_its_first(case: Case) -> None:
    contract = write(case.folder / "contracts" / "l.yaml", domain="consumer-banking")
    before = case.files()
    case.run("onboard", "product", "--contract", str(contract))
    assert added(before["Pulumi.producer.yaml"].decode(), case.text("producer")) == [
        "    loan-ledger:",
        "      contract: contracts/l.yaml",
    ]
    assert "      products: [credit-card, loan-ledger]\n" in case.text("central")


def test_a_contract_without_domain_goes_to_the_named_stack(case: Case) -> None:
    contract = write(case.folder / "contracts" / "l.yaml", domain=None)
    case.run("onboard", "product", "--contract", str(contract), "--stack", "producer")
    assert "loan-ledger" in case.config("producer")["products"]


def test_a_contract_from_elsewhere_is_taken_into_the_project(case: Case, tmp_path: Path) -> None:
    contract = write(tmp_path / "mail" / "attachment.yaml", domain="consumer-banking")
    case.run("onboard", "product", "--contract", str(contract))
    kept = case.config("producer")["products"]["loan-ledger"]["contract"]
    assert (case.folder / kept).read_bytes() == contract.read_bytes()
    assert "attachment" not in kept, "it is named after its product"


def test_a_dry_run_says_the_same_with_a_diff_and_writes_nothing(case: Case, tmp_path: Path) -> None:
    contract = write(tmp_path / "c.yaml", domain="consumer-banking")
    words = ("onboard", "product", "--contract", str(contract), "--share", "ml-coe=internal")
    before = case.files()
    dry = case.run(*words, "--dry-run")
    assert case.files() == before, "nothing is written"
    wet = case.run(*words)
    said, _, rest = dry.partition("Differences\n")
    assert said == wet.removesuffix("written; bring it up with 'mesh up'\n"), "the same is promised"
    assert "+++ b/Pulumi.producer.yaml" in rest
    assert "+++ b/contracts/loan-ledger.odcs.yaml" in rest
    assert "-      products: [credit-card]\n+      products: [credit-card, loan-ledger]" in rest


def test_the_project_agrees_with_itself_after_all_three(case: Case) -> None:
    case.run(*LOB)
    case.run(*CONSUMER, "--product", "credit-card")
    case.run("onboard", "product", "--contract", str(write(case.folder / "contracts" / "l.yaml")))
    assert list(Project(case.folder).stacks) == [
        "central", "producer", "retail-lending", "consumer", "risk-lab",
    ]  # fmt: skip
