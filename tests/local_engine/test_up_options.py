"""Resource options and provider settings that a run heeds: retain, protect, ignore, default tags, account."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from governance.errors import MeshError
from local.engine import MemoryStateStore, destroy, up

if TYPE_CHECKING:
    from .conftest import Project


def test_retain_on_delete_keeps_the_resource_in_the_cloud(
    project: Project, endpoint: str, store: MemoryStateStore, client: Callable
) -> None:
    project.program(
        """
        aws.s3.Bucket("bucket", bucket="kept",
                      opts=pulumi.ResourceOptions(provider=central, retain_on_delete=True))
        """
    )
    up(project.folder, "dev", endpoint=endpoint, store=store)
    result = destroy(project.folder, "dev", endpoint=endpoint, store=store)
    assert (result.deleted, result.api_calls) == (0, 0)
    assert [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]] == ["kept"]


def test_a_protected_resource_is_refused_before_anything_is_changed(
    project: Project, endpoint: str, store: MemoryStateStore
) -> None:
    bucket = """
        aws.s3.Bucket("bucket", bucket="{name}", opts=pulumi.ResourceOptions(provider=central, protect=True))
        for index in range({keys}):
            aws.kms.Key(f"key-{{index}}", opts=opts)
    """
    project.program(bucket.format(name="kept", keys=0))
    up(project.folder, "dev", endpoint=endpoint, store=store)
    before = store.load("dev")
    project.program(bucket.format(name="other", keys=2))
    with pytest.raises(MeshError, match=r"Bucket 'bucket': is protected and this change would replace it"):
        up(project.folder, "dev", endpoint=endpoint, store=store)
    project.program("aws.kms.Key('key', opts=opts)")
    with pytest.raises(MeshError, match="is protected but gone from the program"):
        up(project.folder, "dev", endpoint=endpoint, store=store)
    with pytest.raises(MeshError, match="is protected; remove protect"):
        destroy(project.folder, "dev", endpoint=endpoint, store=store)
    assert store.load("dev") == before, "nothing was made or deleted"


def test_ignored_changes_are_not_made(
    project: Project, endpoint: str, store: MemoryStateStore, client: Callable
) -> None:
    table = """
        database = aws.glue.CatalogDatabase("database", name="credit", description="{text}",
            parameters={{"quality": "{quality}", "owner": "{owner}"}},
            opts=pulumi.ResourceOptions(provider=central,
                ignore_changes=["description", "parameters.quality"]))
    """
    project.program(table.format(text="one", quality="0.9", owner="a"))
    up(project.folder, "dev", endpoint=endpoint, store=store)
    project.program(table.format(text="two", quality="0.1", owner="a"))
    assert up(project.folder, "dev", endpoint=endpoint, store=store).api_calls == 0
    project.program(table.format(text="two", quality="0.1", owner="b"))
    assert up(project.folder, "dev", endpoint=endpoint, store=store).updated == 1
    database = client("glue").get_database(Name="credit")["Database"]
    assert database["Description"] == "one"
    assert database["Parameters"] == {"quality": "0.9", "owner": "b"}


def test_default_tags_reach_taggable_resources_and_their_change_is_a_change(
    project: Project, endpoint: str, store: MemoryStateStore, client: Callable
) -> None:
    program = """
        tagged = make_provider("tagged", tags={{"owner": "{owner}"}})
        aws.cloudwatch.EventBus("bus", name="mesh", tags={{"own": "yes"}},
                                opts=pulumi.ResourceOptions(provider=tagged))
        aws.glue.CatalogTable("untaggable", name="t", database_name="d", table_type="x",
                              opts=pulumi.ResourceOptions(provider=tagged)) if False else None
    """
    project.program(program.format(owner="risk"))
    up(project.folder, "dev", endpoint=endpoint, store=store)
    project.program(program.format(owner="cards"))
    result = up(project.folder, "dev", endpoint=endpoint, store=store)
    assert (result.updated, result.replaced) == (1, 0)
    arn = "arn:aws:events:eu-west-1:111122223333:event-bus/mesh"
    tags = client("events").list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"own": "yes", "owner": "cards"}


def test_another_account_of_the_provider_replaces(
    project: Project, endpoint: str, store: MemoryStateStore, client: Callable
) -> None:
    project.program("aws.kms.Key('key', opts=opts)")
    up(project.folder, "dev", endpoint=endpoint, store=store)
    result = up(
        project.folder, "dev", endpoint=endpoint, store=store, config_overrides={"account": "222233334444"}
    )
    assert result.replaced == 1
    assert len(client("kms", account="222233334444").list_keys()["Keys"]) == 1
    gone = [
        client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"]
        for key in client("kms").list_keys()["Keys"]
    ]
    assert gone == ["PendingDeletion"], "the old key was deleted with the old account's role"
