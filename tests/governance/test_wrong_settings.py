"""Wrong configuration: one line that names the stack file and the key, and says what to do."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from governance.errors import MeshError
from governance.settings.load import load_settings
from governance.sharing import SHARE_KEYS

COMMON = {
    "accountId": "111122223333",
    "region": "eu-west-1",
    "deployRole": "MeshDeploy",
    "environment": "test",
    "owner": "team",
    "costCentre": "1",
}
STACKS: dict[str, dict[str, Any]] = {
    "central": {
        **COMMON,
        "lobs": {"retail": {"accountId": "222233334444", "products": ["loans"]}},
        "consumers": {"science": {"accountId": "333344445555"}},
    },
    "producer": {
        **COMMON,
        "accountId": "222233334444",
        "centralAccountId": "111122223333",
        "lob": "retail",
        "consumers": {"science": {"accountId": "333344445555"}},
        "products": {
            "loans": {"contract": "loans.yaml", "shares": [{"consumer": "science", "clearance": "internal"}]}
        },
    },
    "consumer": {
        **COMMON,
        "accountId": "333344445555",
        "centralAccountId": "111122223333",
        "consumer": "science",
        "roles": {name: {"clearance": "internal"} for name in ("data-scientist", "pipeline", "auditor")},
        "subscriptions": {"loans": {"lob": "retail", "clearance": "internal"}},
        "users": ["ana"],
        "vpcId": "vpc-1",
        "subnetIds": ["subnet-1"],
        "securityGroupIds": ["sg-1"],
    },
}
CONTRACT = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "1",
    "version": "1.0.0",
    "dataProduct": "loans",
    "domain": "retail",
    "schema": [{"name": "loans", "properties": [{"name": "id", "logicalType": "string"}]}],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where contracts are: a good one, that of another product and that of another LoB."""
    made = tmp_path_factory.mktemp("contracts")
    others = {"loans": {}, "cards": {"dataProduct": "cards"}, "wealth": {"domain": "wealth"}}
    for name, change in others.items():
        (made / f"{name}.yaml").write_text(yaml.safe_dump({**CONTRACT, **change}), encoding="utf-8")
    return made


def read(kind: str, folder: Path, **change: Any) -> Any:
    """Settings of a role's stack with some keys changed; None removes one."""
    values = {"role": kind, **STACKS[kind], **change}
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in values.items() if v is not None}
    return load_settings(texts, "Pulumi.x.yaml", folder)


def product(**change: Any) -> dict[str, Any]:
    return {"products": {"loans": {**STACKS["producer"]["products"]["loans"], **change}}}


def sharing(*shares: Any) -> dict[str, Any]:
    return product(shares=list(shares))


def subscribed(**change: Any) -> dict[str, Any]:
    entry = {**STACKS["consumer"]["subscriptions"]["loans"], **change}
    return {"subscriptions": {"loans": {key: value for key, value in entry.items() if value is not None}}}


def role(**change: Any) -> dict[str, Any]:
    return {"roles": {**STACKS["consumer"]["roles"], **{k.replace("_", "-"): v for k, v in change.items()}}}


RETAIL = {"accountId": "222233334444", "products": ["loans"]}
TO_SCIENCE = {"consumer": "science", "clearance": "internal"}
ARABIC = "\u0661" * 12
LEVELS = "use one of public, internal, confidential, restricted"
NAME = "must be 1 to 39 lower-case letters, digits and single hyphens, starting with a letter"
CASES: list[tuple[str, dict[str, Any], str]] = [
    *[(kind, {key: None}, f"mesh:{key}: is missing; add it to the stack's config")
      for kind in STACKS for key in COMMON],
    ("central", {"role": "boss"}, "mesh:role: 'boss' is no role; use one of central, producer, consumer, production"),
    ("central", {"regoin": "x"}, "mesh:regoin: is not known; did you mean 'region'?"),
    ("central", {"zzz": "x"}, "mesh:zzz: is not known"),
    ("central", {"owner": "  "}, "mesh:owner: is empty"),
    ("central", {"accountId": ARABIC}, f"mesh:accountId: '{ARABIC}' is no account id of 12 digits"),
    ("central", {"region": "Ireland"}, "mesh:region: 'Ireland' is no AWS region such as eu-west-1"),
    ("central", {"accountId": "1234"}, "mesh:accountId: '1234' is no account id of 12 digits"),
    ("central", {"namespace": "My Mesh"}, f"mesh:namespace: namespace 'My Mesh' {NAME}"),
    ("central", {"endpoint": "localhost"}, "mesh:endpoint: 'localhost' is no http address"),
    ("central", {"protect": "yes"}, "mesh:protect: must be true or false, not 'yes'"),
    ("central", {"sensitivityLevels": []}, "mesh:sensitivityLevels: names no level"),
    ("central", {"sensitivityLevels": ["a", "a"]}, "mesh:sensitivityLevels: names 'a' twice"),
    ("central", {"sensitivityLevels": ["A"]}, f"mesh:sensitivityLevels: level 'A' {NAME}"),
    ("central", {"sensitivityLevels": "public"}, "mesh:sensitivityLevels: must be a list or mapping, not plain text"),
    ("central", {"sensitivityLevels": [1]},
     "mesh:sensitivityLevels: must be a list of names, but holds the number 1"),
    ("central", {"sensitivityLevels": 3}, "mesh:sensitivityLevels: must be a list of names, not the number 3"),
    ("central", {"lobs": None}, "mesh:lobs: is missing; add it to the stack's config"),
    ("central", {"lobs": {}}, "mesh:lobs: names no LoB; add at least one"),
    ("central", {"lobs": ["retail"]}, "mesh:lobs: must be a mapping of names, not a list"),
    ("central", {"lobs": {"Retail": RETAIL}}, f"mesh:lobs.Retail: LoB 'Retail' {NAME}"),
    ("central", {"lobs": {"retail": {"products": []}}},
     "mesh:lobs.retail: has no accountId; every LoB and consumer has an account of its own"),
    ("central", {"lobs": {"retail": None}},
     "mesh:lobs.retail: has no accountId; every LoB and consumer has an account of its own"),
    ("central", {"lobs": {"retail": "222233334444"}},
     "mesh:lobs.retail: must be a mapping with accountId, products, stewardCallers, not the text '222233334444'"),
    ("central", {"lobs": {"retail": {**RETAIL, "product": []}}},
     "mesh:lobs.retail: 'product' is not known here; did you mean 'products'?"),
    ("central", {"lobs": {"retail": {**RETAIL, "accountId": 222233334444}}},
     "mesh:lobs.retail.accountId: must be an account id in quotes"),
    ("central", {"lobs": {"retail": {**RETAIL, "accountId": "111122223333"}}},
     "mesh:lobs.retail: account 111122223333 is already that of the central stack; use an account of its own"),
    ("central", {"lobs": {"retail": RETAIL, "wealth": {**RETAIL, "products": []}}},
     "mesh:lobs.wealth: account 222233334444 is already that of LoB retail; use an account of its own"),
    ("central", {"lobs": {"retail": RETAIL, "wealth": {"accountId": "444455556666", "products": ["loans"]}}},
     "mesh:lobs.wealth: product 'loans' is already LoB retail's; name it otherwise"),
    ("central", {"lobs": {"retail": {**RETAIL, "products": ["Loans"]}}},
     f"mesh:lobs.retail.products: product 'Loans' {NAME}"),
    ("central", {"lobs": {"retail": {**RETAIL, "products": "loans"}}},
     "mesh:lobs.retail.products: must be a list of names, not the text 'loans'"),
    ("central", {"lobs": {"retail": {**RETAIL, "products": ["a--b"]}}},
     f"mesh:lobs.retail.products: product 'a--b' {NAME}"),
    ("central", {"consumers": {"science": {"accountId": "222233334444"}}},
     "mesh:consumers.science: account 222233334444 is already that of LoB retail; use an account of its own"),
    ("central", {"consumers": {"science": {}}},
     "mesh:consumers.science: has no accountId; every LoB and consumer has an account of its own"),
    ("central", {"catalogPolicyStatements": {"Sid": "x"}},
     "mesh:catalogPolicyStatements: must be a list of policy statements"),
    ("central", {"products": {}}, "mesh:products: belongs to a producer stack, and this is a central stack"),
    ("producer", {"lobs": {}}, "mesh:lobs: belongs to a central stack, and this is a producer stack"),
    ("producer", {"users": []}, "mesh:users: belongs to a consumer stack, and this is a producer stack"),
    ("producer", {"lob": ["banking"]}, "mesh:lob: must be a text, not a list"),
    ("producer", {"lob": None}, "mesh:lob: is missing; add it to the stack's config"),
    ("producer", {"products": None}, "mesh:products: is missing; add it to the stack's config"),
    ("producer", {"consumers": {"science": {"accountId": "333344445555", "modelPackageGroup": "Risk_1"}}},
     f"mesh:consumers.science.modelPackageGroup: model package group 'Risk_1' {NAME}"),
    ("producer", {"consumers": {"science": {"accountId": "333344445555", "modelPackageGroups": "risk"}}},
     "mesh:consumers.science: 'modelPackageGroups' is not known here; did you mean 'modelPackageGroup'?"),
    ("central", {"consumers": {"science": {"accountId": "333344445555", "modelPackageGroup": "risk"}}},
     "mesh:consumers.science: 'modelPackageGroup' is not known here"),
    ("producer", {"centralAccountId": None}, "mesh:centralAccountId: is missing; add it to the stack's config"),
    ("producer", {"centralAccountId": "222233334444"},
     "mesh:centralAccountId: is this stack's own account; a member has an account of its own"),
    ("producer", product(contract=None), "mesh:products.loans: has no contract; add it"),
    ("producer", product(contract=5), "mesh:products.loans.contract: must be a text, not the number 5"),
    ("producer", product(contract="cards.yaml"),
     "mesh:products.loans: contract cards.yaml is that of product 'cards'"),
    ("producer", product(contract="wealth.yaml"),
     "mesh:products.loans: contract wealth.yaml belongs to domain 'wealth', not 'retail'"),
    ("producer", product(schedule="daily"),
     "mesh:products.loans.schedule: 'daily' is no schedule of six fields such as cron(0 3 * * ? *)"),
    ("producer", product(schedule="cron(0 3 * * *)"),
     "mesh:products.loans.schedule: 'cron(0 3 * * *)' is no schedule of six fields such as cron(0 3 * * ? *)"),
    ("producer", product(share=[]), "mesh:products.loans: 'share' is not known here; did you mean 'shares'?"),
    ("producer", product(shares=5), "mesh:products.loans.shares: must be a list of shares, not the number 5"),
    ("producer", product(shares=TO_SCIENCE), "mesh:products.loans.shares: must be a list of shares, not a mapping"),
    ("producer", sharing("science"),
     f"mesh:products.loans.shares[0]: must be a mapping with {', '.join(SHARE_KEYS)}, not the text 'science'"),
    ("producer", sharing({"clearance": "internal"}), "mesh:products.loans.shares[0]: has no consumer; add it"),
    ("producer", sharing({"consumer": "science"}), "mesh:products.loans.shares[0]: has no clearance; add it"),
    ("producer", sharing({**TO_SCIENCE, "consumer": "sience"}),
     "mesh:products.loans.shares[0]: consumer 'sience' has no account in mesh:consumers; did you mean 'science'?"),
    ("producer", sharing(TO_SCIENCE, TO_SCIENCE),
     "mesh:products.loans.shares[1]: consumer 'science' is shared to twice; keep one share"),
    ("producer", sharing({**TO_SCIENCE, "clearance": "secret"}),
     f"mesh:products.loans.shares[0].clearance: 'secret' is no sensitivity level; {LEVELS}"),
    ("producer", sharing({**TO_SCIENCE, "until": "soon"}),
     "mesh:products.loans.shares[0].until: 'soon' is no date such as 2027-03-31"),
    ("producer", sharing({**TO_SCIENCE, "columns": ["ide"]}),
     "mesh:products.loans.shares[0].columns: 'ide' is no column of the contract; did you mean 'id'?"),
    ("producer", sharing({**TO_SCIENCE, "rows": {"loan": "id = 'x'"}}),
     "mesh:products.loans.shares[0].rows: 'loan' is no table of the contract; did you mean 'loans'?"),
    ("producer", sharing({**TO_SCIENCE, "rows": "colour = 'x'"}),
     "mesh:products.loans.shares[0].rows: 'colour' is no column of loans"),
    ("producer", sharing({**TO_SCIENCE, "rows": {"accounts": "id = 'x'"}}),
     "mesh:products.loans.shares[0].rows: 'accounts' is no table of the contract; its tables are loans"),
    ("producer", sharing({**TO_SCIENCE, "rows": {"loans": None}}),
     "mesh:products.loans.shares[0].rows.loans: must be a predicate such as purpose <> 'business'"),
    ("producer", {"consumers": {"science": {"accountId": "222233334444"}}},
     "mesh:consumers.science: account 222233334444 is already that of this LoB; use an account of its own"),
    ("consumer", {"consumer": None}, "mesh:consumer: is missing; add it to the stack's config"),
    ("consumer", {"roles": None}, "mesh:roles: is missing; add it to the stack's config"),
    ("consumer", {"roles": {"pipeline": {"clearance": "public"}}},
     "mesh:roles: lacks 'data-scientist'; every consumer has data-scientist, pipeline and auditor"),
    ("consumer", role(auditor={}), "mesh:roles.auditor: has no clearance; add it"),
    ("consumer", role(auditor={"clearance": "secret"}),
     f"mesh:roles.auditor.clearance: 'secret' is no sensitivity level; {LEVELS}"),
    ("consumer", role(auditor={"clearence": "public"}),
     "mesh:roles.auditor: 'clearence' is not known here; did you mean 'clearance'?"),
    ("consumer", subscribed(lob=None), "mesh:subscriptions.loans: has no lob; add it"),
    ("consumer", subscribed(clearance=None), "mesh:subscriptions.loans: has no clearance; add it"),
    ("consumer", subscribed(clearance="x"), f"mesh:subscriptions.loans.clearance: 'x' is no sensitivity level; {LEVELS}"),
    ("consumer", subscribed(stack=7), "mesh:subscriptions.loans.stack: must be a text, not the number 7"),
    ("consumer", {"users": ["Ana B"]}, f"mesh:users: user 'Ana B' {NAME}"),
    ("consumer", {"subnetIds": None}, "mesh:subnetIds: is missing; the SageMaker domain runs inside your VPC only"),
    ("consumer", {"securityGroupIds": []},
     "mesh:securityGroupIds: is missing; the SageMaker domain runs inside your VPC only"),
    ("consumer", {"vpcId": None}, "mesh:vpcId: is missing; add it to the stack's config"),
    ("consumer", {"scanLimitBytes": "much"}, "mesh:scanLimitBytes: must be a whole number, not 'much'"),
    ("consumer", {"scanLimitBytes": "5"}, "mesh:scanLimitBytes: must be at least 10485760, not 5"),
    ("consumer", {"resultsExpireDays": "0"}, "mesh:resultsExpireDays: must be at least 1, not 0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "change", "message"), CASES, ids=[f"{n}-{c[0]}" for n, c in enumerate(CASES)]
)
def test_a_mistake_is_one_line_with_file_and_key(
    folder: Path, kind: str, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(MeshError) as caught:
        read(kind, folder, **change)
    assert str(caught.value) == f"Pulumi.x.yaml: {message}"
    assert "\n" not in str(caught.value), "an error is one line"


@pytest.mark.parametrize("kind", STACKS)
def test_what_the_mistakes_are_made_of_is_right(folder: Path, kind: str) -> None:
    assert read(kind, folder).role == kind, "a case must fail for its own reason"


@pytest.mark.parametrize(
    ("day", "shared"), [("2027-03-30", True), ("2027-03-31", True), ("2027-04-01", False)]
)
def test_a_share_lasts_until_the_end_of_its_last_day(folder: Path, day: str, shared: bool) -> None:
    texts = {"role": "producer", **STACKS["producer"], **sharing({**TO_SCIENCE, "until": "2027-03-31"})}
    values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in texts.items()}
    (product,) = load_settings(values, "Pulumi.x.yaml", folder, dt.date.fromisoformat(day)).products  # type: ignore[union-attr]
    assert bool(product.shares) is shared


@pytest.mark.parametrize("contract", ["absent.yaml", "."])
def test_a_contract_that_cannot_be_read_is_one_line(folder: Path, contract: str) -> None:
    with pytest.raises(MeshError) as caught:
        read("producer", folder, **product(contract=contract))
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value), "it names the file"


@pytest.mark.parametrize("kind", STACKS)
def test_no_wrong_type_of_any_key_ends_in_a_traceback(folder: Path, kind: str) -> None:
    said: list[str] = []
    for key in [*STACKS[kind], "sensitivityLevels"]:
        for value in ("nonsense", 5, [5], [[]], {"a": 5}, {"a": {"b": []}}, [{}], {}, [], "null", "true"):
            try:
                read(kind, folder, **{key: value})
            except MeshError as error:
                said.append(str(error))
    assert len(said) > 40, "most of that is nonsense"
    assert all(text.startswith("Pulumi.x.yaml: mesh:") and "\n" not in text for text in said)
