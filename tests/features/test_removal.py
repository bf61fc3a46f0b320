"""A feature group, and then the whole store, taken out of the configuration: the next run takes them away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from features_case import FEATURES, World


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("removal") / "mesh")
    try:
        made.up()
        yield made
    finally:
        made.stop()


def configure(world: World, features: dict[str, Any] | None) -> dict[str, Any]:
    """Write the key, or leave it out, and bring the mesh up with it."""
    path = world.folder / "Pulumi.consumer.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["config"].pop("mesh:features", None)
    if features is not None:
        content["config"]["mesh:features"] = features
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    world.__dict__.pop("project", None)
    return world.up()


def held(world: World) -> dict[str, set[str]]:
    """What the consumer's account has of a feature store."""
    admin = world.acting()
    groups = admin.client("sagemaker").list_feature_groups()["FeatureGroupSummaries"]
    glue = admin.client("glue")
    databases = {item["Name"] for item in glue.get_databases()["DatabaseList"]}
    tables = (
        glue.get_tables(DatabaseName="mesh_features")["TableList"] if "mesh_features" in databases else []
    )
    lake = admin.client("lakeformation")
    grants = str(lake.list_permissions()["PrincipalResourcePermissions"])
    locations = lake.list_resources()["ResourceInfoList"]
    roles = {role["RoleName"] for role in admin.client("iam").list_roles(MaxItems=1000)["Roles"]}
    return {
        "groups": {group["FeatureGroupName"] for group in groups},
        "tables": {table["Name"] for table in tables},
        "grants": {word for word in ("mesh_features", "claims_audit") if word in grants},
        "locations": {item["ResourceArn"] for item in locations if "features" in item["ResourceArn"]},
        "roles": {role for role in roles if "feature" in role},
    }


def test_what_leaves_the_configuration_leaves_the_account(own: World) -> None:
    before = held(own)
    assert len(before["groups"]) == len(before["tables"]) == 2
    assert all(before.values()), "there is something of each kind to take away"

    configure(own, {"claims": FEATURES["claims"]})
    one = held(own)
    assert before["groups"] - one["groups"] == {"mesh-ml-coe-claims-audit"}
    assert before["tables"] - one["tables"] == {"claims_audit"}
    assert "claims_audit" not in one["grants"]

    configure(own, None)
    assert not any(held(own).values()), held(own)

    configure(own, FEATURES)
    assert held(own) == before, "the store comes back as it was"
    again = configure(own, FEATURES)
    assert again["consumer"].changed == 0
