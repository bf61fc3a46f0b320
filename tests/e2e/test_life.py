"""A mesh's life: up, up again, changed, a product removed, down."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from story import Mesh, edit

from governance.errors import MeshError
from mesh import deploy


def grants(mesh: Mesh, stack: str) -> list[dict[str, Any]]:
    lake = mesh.acting(stack).client("lakeformation")
    found, page = [], lake.list_permissions()
    found += page["PrincipalResourcePermissions"]
    while page.get("NextToken"):
        page = lake.list_permissions(NextToken=page["NextToken"])
        found += page["PrincipalResourcePermissions"]
    return found


def test_rows_are_curated_and_the_broken_ones_set_aside_with_their_rule(mesh: Mesh) -> None:
    first, second, refused = mesh.batches  # type: ignore[attr-defined]
    assert (first["curated"], first["quarantined"]) == (950, 0), "the true data is all valid"
    assert (second["curated"], second["quarantined"]) == (50, 10), (
        "its true rows are published, the made-up ones not"
    )
    assert sum(rule["count"] for rule in second["rules"]) >= 10, "each with the rule it broke"
    assert refused["status"] == "refused"
    assert "kredit" in refused["message"], "a missing column is named"


def test_only_good_rows_are_queried_and_the_catalog_says_how_good_they_are(mesh: Mesh) -> None:
    answer = mesh.ask(
        "auditor", "SELECT count(*), count(distinct application_id), avg(credit_risk) FROM credit_card"
    )
    assert answer.rows[0][:2] == ("1000", "1000")
    assert float(answer.rows[0][2] or 0) == pytest.approx(0.7), "700 of the 1,000 loans went well"
    table = (
        mesh.acting("producer")
        .client("glue")
        .get_table(DatabaseName="rl_credit-card", Name="credit_card")["Table"]
    )
    assert table["Parameters"]["quality_rows"] == "1000"
    assert float(table["Parameters"]["quality_validity"]) == pytest.approx(1000 / 1010, abs=1e-3)


def test_a_second_up_makes_no_call(mesh: Mesh) -> None:
    results = mesh.up()
    assert set(results) == {"central", "producer", "consumer"}
    for stack, result in results.items():
        assert (result.changed, result.api_calls) == (0, 0), f"{stack} is as its program says"


def test_a_removed_product_leaves_no_grant_link_or_tag_behind(fresh: Mesh) -> None:
    fresh.up()
    assert "credit-card" in str(grants(fresh, "central")), "the product is granted before it is removed"
    edit(fresh.folder, "consumer", subscriptions={}, pipeline=None)
    edit(fresh.folder, "producer", products={})
    edit(fresh.folder, "central", lobs={"consumer-banking": {"accountId": "222233334444", "products": []}})
    fresh.up()
    for stack in ("central", "producer", "consumer"):
        left = [item for item in grants(fresh, stack) if "credit-card" in str(item)]
        assert left == [], f"{stack} still grants on the product"
        names = [item["Name"] for item in fresh.acting(stack).client("glue").get_databases()["DatabaseList"]]
        assert not [name for name in names if "credit-card" in name], (
            f"{stack} still has the database or a link"
        )
    tags = fresh.acting("central").client("lakeformation").list_lf_tags()["LFTags"]
    assert "credit-card" not in str(tags), "no tag names the product"
    locations = fresh.acting("central").client("lakeformation").list_resources()["ResourceInfoList"]
    assert locations == [], "no location is registered"


def test_a_new_major_version_drops_and_reclassifies_columns_and_the_others_keep_their_tags(
    fresh: Mesh,
) -> None:
    fresh.up()
    path = fresh.folder / "contracts" / "credit-card.odcs.yaml"
    contract = yaml.safe_load(path.read_text())
    contract["version"] = "2.0.0"
    properties = contract["schema"][0]["properties"]
    kept = [column for column in properties if column["name"] != "housing"]
    assert len(kept) == len(properties) - 1, "there is such a column"
    next(column for column in kept if column["name"] == "purpose")["classification"] = "restricted"
    contract["schema"][0]["properties"] = kept
    path.write_text(yaml.safe_dump(contract))
    fresh.up()
    names = {column["name"] for column in kept}
    assert set(fresh.ask("auditor", "SELECT * FROM credit_card").columns) == names, "the column is gone"
    hidden = {column["name"] for column in kept if column["classification"] == "restricted"}
    assert "purpose" in hidden, "raised to what a data scientist is not cleared for"
    assert set(fresh.ask("data-scientist", "SELECT * FROM credit_card").columns) == names - hidden
    assert fresh.up()["producer"].changed == 0


def test_a_lowered_clearance_takes_the_columns_away(fresh: Mesh) -> None:
    fresh.up()
    roles = {"data-scientist": "internal", "pipeline": "confidential", "auditor": "restricted"}
    edit(
        fresh.folder, "consumer", roles={name: {"clearance": clearance} for name, clearance in roles.items()}
    )
    result = fresh.up()["consumer"]
    assert result.replaced + result.updated > 0
    answer = fresh.ask("data-scientist", "SELECT amount FROM credit_card")
    assert answer.error, "amount is confidential"
    assert fresh.ask("pipeline", "SELECT amount FROM credit_card").error is None, "nobody else loses it"


def test_without_an_organization_shares_are_accepted_and_reads_work(fresh: Mesh) -> None:
    for stack in ("central", "producer", "consumer"):
        edit(fresh.folder, stack, organizationId=None)
    fresh.up("central", "producer")
    ram = fresh.acting("consumer").client("ram")
    before = {item["status"] for item in ram.get_resource_share_invitations()["resourceShareInvitations"]}
    assert before == {"PENDING"}, "nothing is accepted before the consumer comes up"
    fresh.up("consumer")
    assert fresh.ask("auditor", "SELECT * FROM credit_card").error is None
    statuses = {item["status"] for item in ram.get_resource_share_invitations()["resourceShareInvitations"]}
    assert statuses == {"ACCEPTED"}


def test_a_member_cannot_come_up_before_the_central_stack(fresh: Mesh) -> None:
    with pytest.raises(MeshError, match="central"):
        fresh.up("producer")


def test_down_takes_everything_away_and_up_works_again(fresh: Mesh) -> None:
    fresh.up()
    deploy.down(fresh.project, [], endpoint=fresh.endpoint, say=fresh.lines.append)
    for stack in ("central", "producer", "consumer"):
        assert fresh.acting(stack).client("glue").get_databases()["DatabaseList"] == []
        assert fresh.acting(stack).client("s3").list_buckets()["Buckets"] == [], f"{stack} has no bucket"
        assert grants(fresh, stack) == [], f"{stack} grants nothing"
    assert fresh.up()["central"].created > 0


def test_replacing_what_others_stand_on_makes_those_again(fresh: Mesh) -> None:
    fresh.up()
    edit(fresh.folder, "consumer", vpcId="vpc-0123456789abcdef0")
    result = fresh.up("consumer")["consumer"]
    assert result.replaced >= 1, "a domain cannot move to another VPC"
    domain = fresh.outputs("consumer")["domainId"]
    sagemaker = fresh.acting("consumer").client("sagemaker")
    profiles = sagemaker.list_user_profiles(DomainIdEquals=domain)["UserProfiles"]
    assert {item["UserProfileName"] for item in profiles} == {"ana", "ben"}, "the profiles are there again"
    assert len(sagemaker.list_domains()["Domains"]) == 1
    assert fresh.up("consumer")["consumer"].changed == 0
