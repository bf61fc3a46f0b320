"""Policy documents as pure functions: what is in none of them, and what each says for itself."""

from __future__ import annotations

import json
from typing import Any

import component_parts as parts
import pytest

from components import consumer_documents as consumer_docs
from components import documents as docs
from components import role_documents as role_docs
from governance.names import Place

GOV = Place(account_id="111122223333", region="us-gov-west-1")
CN = Place(account_id="222233334444", region="cn-north-1")
B = "arn:aws:s3:::b"


def role_policies(central: Place, member: Place) -> dict[str, dict[str, Any]]:
    """Every role's policy, in two accounts."""
    return {
        "registration": role_docs.registration_policy([B], member),
        "steward": role_docs.steward_policy(central, ["loans"], "key"),
        "sharing": role_docs.sharing_policy(central),
        "curation": role_docs.curation_policy(B, "key", member, central, "loans", "catalog-key"),
        "crawler": role_docs.crawler_policy(member, central, "loans", "key", "catalog-key"),
        "reader": consumer_docs.reader_policy(
            member,
            central,
            ["loans"],
            workgroup_arn="wg",
            results_arn=B,
            role="r",
            key_arn="k",
            catalog_key_arn="c",
        ),
        "model-reader": consumer_docs.model_reader_policy(B),
        "builder": consumer_docs.builder_policy(member, parts.NAMES, "risk", B, "pipeline"),
    }


def resource_policies(central: Place, member: Place) -> dict[str, dict[str, Any]]:
    return {
        "product-bucket": docs.product_bucket_policy(B, "registration", "curation"),
        "log-bucket": docs.log_bucket_policy(f"{B}-logs", B, member.account_id),
        "bus": docs.event_bus_policy("bus", [member], None),
        "catalog": docs.catalog_policy(central, []),
        "key": docs.key_policy(member, docs.logs_key_use(member)),
        "steward-trust": docs.account_trust(member, [], None),
        "analyst-trust": docs.analyst_trust(member),
        "service-trust": docs.service_trust("glue.amazonaws.com", account_id="1"),
    }


ALL = {**role_policies(parts.CENTRAL, parts.PRODUCER), **resource_policies(parts.CENTRAL, parts.PRODUCER)}


@pytest.mark.parametrize("name", ALL)
def test_a_document_is_json_with_named_statements(name: str) -> None:
    document = json.loads(json.dumps(ALL[name]))
    assert document["Version"] == "2012-10-17"
    sids = [item.get("Sid") for item in parts.policy(document)]
    assert all(sid and sid.isalnum() for sid in sids), "a Sid is letters and digits"
    assert len(set(sids)) == len(sids), "AWS refuses a Sid twice in one document"


@pytest.mark.parametrize("name", ALL)
def test_no_allow_is_for_everybody(name: str) -> None:
    for item in parts.policy(ALL[name]):
        if item["Effect"] == "Allow":
            assert "*" not in json.dumps(item.get("Principal", {})), f"{item['Sid']} lets anybody in"
            assert not {"NotPrincipal", "NotAction", "NotResource"} & set(item)


@pytest.mark.parametrize("name", role_policies(parts.CENTRAL, parts.PRODUCER))
def test_no_role_may_do_everything_of_a_service(name: str) -> None:
    for item in parts.policy(ALL[name]):
        for action in item["Action"]:
            assert not action.endswith(":*"), f"{item['Sid']} allows {action}"


@pytest.mark.parametrize(("central", "member", "partition"), [(GOV, GOV, "aws-us-gov"), (CN, CN, "aws-cn")])
def test_arns_are_of_the_region_s_partition(central: Place, member: Place, partition: str) -> None:
    documents = {**role_policies(central, member), **resource_policies(central, member)}
    found = 0
    for name, document in documents.items():
        text = json.dumps(document).replace(B, "")
        assert "arn:aws:" not in text, f"{name} names something of the commercial partition"
        found += text.count(f"arn:{partition}:")
    assert found > 20, "the documents name things by ARN"


def test_a_trust_without_callers_leaves_it_to_the_account_and_with_them_names_them() -> None:
    (free,) = docs.account_trust(parts.PRODUCER, [], None)["Statement"]
    (held,) = docs.account_trust(parts.PRODUCER, ["B", "A"], "x")["Statement"]
    assert free["Principal"] == held["Principal"] == {"AWS": parts.PRODUCER.root_arn}
    assert "Condition" not in free
    assert held["Condition"]["ArnLike"]["aws:PrincipalArn"] == [
        parts.PRODUCER.role_arn(name) for name in "AB"
    ]
    assert held["Condition"]["StringEquals"] == {"sts:ExternalId": "x"}


def test_a_service_is_trusted_for_one_account_where_it_says_which() -> None:
    (bound,) = docs.service_trust("glue.amazonaws.com", account_id="1")["Statement"]
    assert bound["Condition"] == {"StringEquals": {"aws:SourceAccount": "1"}}


def test_a_statement_that_is_none_is_left_out() -> None:
    assert docs.document(None, docs.tls_only(B), None)["Statement"] == [docs.tls_only(B)]


def test_the_key_s_log_use_is_bound_to_its_account_s_log_groups() -> None:
    item = docs.logs_key_use(parts.PRODUCER)
    assert item["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    arn = item["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    assert arn == "arn:aws:logs:eu-west-1:222233334444:*"
